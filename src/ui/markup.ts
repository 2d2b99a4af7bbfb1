import { term, termLines } from './term.js';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** One line of outside text inside HTML, between tags or in a quoted attribute; what would not be seen is spelled out. */
export function html(text: string): string {
  return term(text).replaceAll(/[&<>"']/g, (char) => entities[char] ?? char);
}

/** Several lines of outside text inside HTML. */
export function htmlLines(text: string): string {
  return termLines(text).split('\n').map(html).join('<br>');
}

/** One line of outside text inside a line or a table's cell of Markdown: nothing in it is a mark, a tag or a link. */
export function markdown(text: string): string {
  return term(text)
    .replaceAll(/[\\`*_[\]|~]|:(?=\/\/)|(?<=\bwww)\./gi, String.raw`\$&`)
    .replaceAll(/[&<>]/g, (char) => entities[char] ?? char);
}

/** Several lines of the same. */
export function markdownLines(text: string): string {
  return termLines(text).split('\n').map(markdown).join('<br>');
}

/** Code inside a line or a table's cell of Markdown, whatever it holds. */
export function markdownCode(text: string): string {
  const safe = html(text).replaceAll(/[\\`*_[\]|~]|:(?=\/\/)|(?<=\bwww)\./gi, (char) => `&#${char.charCodeAt(0)};`);
  return `<code>${safe}</code>`;
}

import { hostileCharacters, spellOutside } from '../domain/outside-text.js';

/**
 * The one sanitiser. Text from outside (Redis, servers, files, arguments) may hold terminal escapes, direction marks or
 * invisible characters; a person sees them spelled out instead: every control, direction and invisible character of a line.
 */
export function term(text: string): string {
  return spellOutside(text);
}

/** Several lines of outside text: line feeds stay, everything else is as in `term`. */
export function termLines(text: string): string {
  return text.split('\n').map(term).join('\n');
}

/** JSON text in which the same characters stand as `\u` escapes, so that a terminal shows and a parser reads them exactly. */
export function escapeJson(json: string): string {
  return json.replaceAll(hostileCharacters, (char) => (char === '\n' ? char : [...utf16(char)].join('')));
}

function* utf16(char: string): Generator<string> {
  for (let index = 0; index < char.length; index += 1) {
    yield `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
}

/** The last net over text for people: of all escapes only colours and styles (SGR) that rlctl itself sets pass. */
export function onlyColours(text: string): string {
  return text.replaceAll(/\u001b(?!\[[0-9;]*m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g, spellOutside);
}

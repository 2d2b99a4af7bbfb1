import stringWidth from 'string-width';
import wrap from 'wrap-ansi';

/** Lines wider than `width` broken between words, what follows indented a little deeper than the line itself. */
export function wrapProse(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => (stringWidth(line) <= width ? line : wrapLine(line, width)))
    .join('\n');
}

function wrapLine(line: string, width: number): string {
  const indent = `${/^ */.exec(line)?.[0] ?? ''}  `;
  const [first = '', ...rest] = wrap(line, width, { hard: true, trim: false }).split('\n');
  if (rest.length === 0) return first;
  const tail = wrap(rest.join('\n').replaceAll('\n', '').trimStart(), width - indent.length, { hard: true });
  return [first.trimEnd(), ...tail.split('\n').map((each) => indent + each)].join('\n');
}

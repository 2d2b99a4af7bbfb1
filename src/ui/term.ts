/**
 * The one sanitiser. Text from outside (Redis, servers, files, arguments) may hold terminal escapes, direction marks or
 * invisible characters; a person sees them spelled out instead.
 */
const hostileRanges = [
  '\\u0000-\\u001f\\u007f-\\u009f', // C0, DEL, C1: terminal escapes
  '\\u00ad\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u3164\\uffa0', // fillers and marks without a width
  '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f', // zero-width, line separators, direction
  '\\ufe00-\\ufe0f\\ufeff\\ufff0-\\ufffb\\ud800-\\udfff', // variation selectors, BOM, specials, half surrogates
  '\\u{e0000}-\\u{e0fff}', // tags
];
const hostile = new RegExp(`[${hostileRanges.join('')}]`, 'gu');

const spell = (char: string): string => {
  const code = char.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
};

/** One line of outside text, safe for a terminal: every control, direction and invisible character is spelled out. */
export function term(text: string): string {
  return text.replaceAll(hostile, spell);
}

/** Several lines of outside text: line feeds stay, everything else is as in `term`. */
export function termLines(text: string): string {
  return text.split('\n').map(term).join('\n');
}

/** JSON text in which the same characters stand as `\u` escapes, so that a terminal shows and a parser reads them exactly. */
export function escapeJson(json: string): string {
  return json.replaceAll(hostile, (char) => (char === '\n' ? char : [...utf16(char)].join('')));
}

function* utf16(char: string): Generator<string> {
  for (let index = 0; index < char.length; index += 1) {
    yield `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
}

/** The last net over text for people: of all escapes only colours and styles (SGR) that rlctl itself sets pass. */
export function onlyColours(text: string): string {
  return text.replaceAll(/\u001b(?!\[[0-9;]*m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g, spell);
}

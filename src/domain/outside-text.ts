const hostileRanges = [
  '\\u0000-\\u001f\\u007f-\\u009f', // C0, DEL, C1: terminal escapes
  '\\u00ad\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u3164\\uffa0', // fillers and marks without a width
  '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f', // zero-width, line separators, direction
  '\\ufe00-\\ufe0f\\ufeff\\ufff0-\\ufffb\\ud800-\\udfff', // variation selectors, BOM, specials, half surrogates
  '\\u{e0000}-\\u{e0fff}', // tags
];
/** Every character of outside text that must not reach a terminal as it is; the one list of them. */
export const hostileCharacters = new RegExp(`[${hostileRanges.join('')}]`, 'gu');

/**
 * Text from outside (a server's error, a header), fit to stand inside a message: controls become spaces, runs of white
 * space become one, and it is cut to `maxLength` characters with an ellipsis. Empty where nothing is left.
 */
export function quoteOutside(text: string, maxLength = 80): string {
  const clean = text.replaceAll(hostileCharacters, ' ').replace(/\s+/g, ' ').trim();
  if (clean.length <= maxLength) return clean;
  // Half of a surrogate pair must not stay behind at the cut.
  return `${clean.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * Text from outside with every hostile character spelled out (`\u001b`), nothing else changed: for where the exact text
 * counts and no escape may come through.
 */
export function spellOutside(text: string): string {
  return printable.test(text) ? text : text.replaceAll(hostileCharacters, spelled);
}

/** Most text by far; looking through it for every hostile character takes several times as long. */
const printable = /^[ -~]*$/;

function spelled(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

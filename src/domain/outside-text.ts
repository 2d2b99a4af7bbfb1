// C0 and C1 controls, DEL, zero-width and bidirectional marks, line separators, BOM: none may reach a terminal.
const unsafe = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g;

/**
 * Text from outside (a server's error, a header), fit to stand inside a message: controls become spaces, runs of white
 * space become one, and it is cut to `maxLength` characters with an ellipsis. Empty where nothing is left.
 */
export function quoteOutside(text: string, maxLength = 80): string {
  const clean = text.replace(unsafe, ' ').replace(/\s+/g, ' ').trim();
  if (clean.length <= maxLength) return clean;
  // Half of a surrogate pair must not stay behind at the cut.
  return `${clean.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

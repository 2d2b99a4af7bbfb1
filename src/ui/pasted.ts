// A character that no text holds here: what comes from outside has it spelled out.
const mark = '\u0091';

/** A line that is meant for pasting: no terminal is narrow enough to have it broken. Only for views, which `render` reads. */
export function pasted(line: string): string {
  return `${mark}${line}`;
}

export function isPasted(line: string): boolean {
  return line.startsWith(mark);
}

/** The text as it is shown. */
export function withoutPasteMarks(text: string): string {
  return text.replaceAll(mark, '');
}

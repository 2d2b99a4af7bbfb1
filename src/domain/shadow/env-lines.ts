/** One line of an env file. */
export interface EnvLine {
  /** From 1. */
  readonly number: number;
  /** Where it starts in the text. */
  readonly start: number;
  /** Without its ending. */
  readonly text: string;
  /** `\n`, `\r\n`, or nothing at the end of the text. */
  readonly ending: string;
  /** Why some readers take it for the rest of an earlier line; `null`: none does. */
  readonly doubt: string | null;
}

/** An assignment's parts: `lead + raw + tail` is the whole line. */
export interface LineParts {
  readonly name: string;
  readonly lead: string;
  readonly raw: string;
  readonly tail: string;
}

/** What a line leaves open for the next one. */
interface Open {
  readonly quote: string;
  readonly isContinued: boolean;
}

const closed: Open = { quote: '', isContinued: false };

/** The lines of a text; joined again with their endings they are the text. */
export function envLines(text: string): readonly EnvLine[] {
  const lines: EnvLine[] = [];
  let open = closed;
  for (const { 0: whole, index: start } of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    const ending = /\r?\n$/.exec(whole)?.[0] ?? '';
    const line = whole.slice(0, whole.length - ending.length);
    const doubt = inWords(open);
    lines.push({ number: lines.length + 1, start, text: line, ending, doubt });
    open = openBehind(open, line);
  }
  return lines;
}

/** What the last line leaves open, in words; `null`: nothing. */
export function openAfter(lines: readonly EnvLine[]): string | null {
  if (lines.at(-1)?.text.endsWith('\r') && lines.at(-1)?.ending === '') return 'half of a line ending stands there';
  return inWords(lines.reduce((open, { text }) => openBehind(open, text), closed));
}

function inWords({ quote, isContinued }: Open): string | null {
  if (quote !== '') return 'a quote is open there';
  return isContinued ? 'a backslash continues it' : null;
}

function openBehind({ quote, isContinued }: Open, line: string): Open {
  if (quote !== '') return { quote: closes(line, quote) ? '' : quote, isContinued: false };
  if (!isContinued && /^[ \t]*#/.test(line)) return closed;
  const raw = isContinued ? line : (partsOf(line)?.raw ?? '');
  const first = /^["']/.exec(raw)?.[0] ?? '';
  if (first !== '' && !closes(raw.slice(1), first)) return { quote: first, isContinued: false };
  return { quote: '', isContinued: /(?:^|[^\\])(?:\\\\)*\\$/.test(line) };
}

function closes(text: string, quote: string): boolean {
  return (quote === '"' ? text.replaceAll(/\\./g, '') : text).includes(quote);
}

// The mark as decoded, and as UTF-8 bytes read one by one. White space is spelled out, because \s would take bytes of
// other characters for it.
const assignment = /^((?:\u00ef\u00bb\u00bf|\ufeff)?[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=)([ \t]*)([^\n]*)$/;

/** The parts of a line that assigns a variable; `null`: it does not. */
export function partsOf(line: string): LineParts | null {
  const [, head = '', name, gap = '', rest = ''] = assignment.exec(line) ?? [];
  if (name === undefined) return null;
  if (rest === '' || (gap !== '' && rest.startsWith('#'))) return { name, lead: head, raw: '', tail: gap + rest };
  const [, raw = '', tail = ''] = quotedValue.exec(rest) ?? bareValue.exec(rest) ?? [];
  return { name, lead: head + gap, raw, tail };
}

const quotedValue = /^("(?:[^"\\]|\\[^])*"|'[^']*')([ \t]*(?:[ \t]#[^]*)?)$/;
const bareValue = /^([^]*?)([ \t]*|[ \t]+#[^]*)$/;

import { RlctlError } from '../errors.js';
import { envLines, openAfter, partsOf, type EnvLine } from './env-lines.js';

/** A variable's last assignment in an env file: the one that counts. */
export interface Assignment {
  /** The value's exact text, quotes included, a comment behind it not. */
  readonly raw: string;
  /** The value as a reader takes it. */
  readonly value: string;
  /** Line number, from 1. */
  readonly line: number;
  /** True where a comment stands behind the value, which not every reader takes for one. */
  readonly hasInlineComment: boolean;
  /** How often the variable is assigned. */
  readonly count: number;
}

/** What is to stand there: a value in the quotes that are there, an exact text, or no assignment at all. */
export type Wanted =
  | { readonly kind: 'value'; readonly value: 'true' | 'false' }
  | { readonly kind: 'raw'; readonly raw: string }
  | { readonly kind: 'absent' };

/** One line before and after, without its ending; `null`: it is not there. */
export interface LineChange {
  /** Line number in the text that has the line, from 1. */
  readonly line: number;
  readonly before: string | null;
  readonly after: string | null;
}

export interface EnvEdit {
  readonly next: string;
  /** `null`: it already is as wanted. */
  readonly change: LineChange | null;
  /** The value's exact text afterwards; `null`: absent. */
  readonly raw: string | null;
}

interface Found extends Assignment {
  readonly at: EnvLine;
  /** What stands before the value, and behind it. */
  readonly lead: string;
  readonly tail: string;
}

/** The last assignment of a variable; `null`: there is none. Throws a guard where readers disagree whether it is one. */
export function findAssignment(text: string, variable: string): Assignment | null {
  return find(envLines(text), variable);
}

/** A value's exact text as a reader takes it: without the quotes around it. */
export function unquoted(raw: string): string {
  return raw.replace(/^(["'])(.*)\1$/, '$2');
}

/** Whether a value's exact text says that a flag is on: only the text `true` is true. `null`: there is none. */
export function holdsTrue(raw: string | null): boolean {
  return raw !== null && unquoted(raw) === 'true';
}

function find(lines: readonly EnvLine[], variable: string): Found | null {
  const found = lines.filter((line) => partsOf(line.text)?.name === variable);
  const at = found.at(-1);
  const parts = at && partsOf(at.text);
  if (at === undefined || !parts) return null;
  const doubtful = found.find(({ doubt }) => doubt !== null);
  if (doubtful !== undefined) throw ambiguous(`line ${doubtful.number}`, doubtful.doubt ?? '');
  const { lead, raw, tail } = parts;
  return {
    raw,
    value: unquoted(raw),
    line: at.number,
    hasInlineComment: tail.trimStart().startsWith('#'),
    count: found.length,
    at,
    lead,
    tail,
  };
}

/**
 * Puts a value into the variable's last assignment, keeping every other byte: comments, order, quotes, line endings. Where
 * there is none, one is appended with the endings that the text has. `text` may be bytes decoded one by one (latin1).
 * Throws a guard where the readers of such files disagree about the place.
 */
export function editEnvFile(text: string, variable: string, wanted: Wanted): EnvEdit {
  const lines = envLines(text);
  const found = find(lines, variable);
  if (found === null) {
    if (wanted.kind === 'absent') return { next: text, change: null, raw: null };
    return append(text, lines, variable, wanted.kind === 'raw' ? wanted.raw : wanted.value);
  }
  if (wanted.kind === 'absent') return removeLine(text, lines, found, variable);
  const raw = wanted.kind === 'raw' ? wanted.raw : inQuotesOf(found.raw, wanted.value);
  if (raw === found.raw) return { next: text, change: null, raw };
  const { start, text: before } = found.at;
  const after = `${found.lead}${raw}${found.tail}`;
  const next = text.slice(0, start) + after + text.slice(start + before.length);
  return { next, change: { line: found.line, before, after }, raw };
}

function inQuotesOf(raw: string, value: string): string {
  const quote = /^(["']).*\1$/.exec(raw)?.[1] ?? '';
  return `${quote}${value}${quote}`;
}

function append(text: string, lines: readonly EnvLine[], variable: string, raw: string): EnvEdit {
  const open = openAfter(lines);
  if (open !== null) throw ambiguous('its end', open);
  const after = `${variable}=${raw}`;
  const ending = mostCommonEnding(lines);
  const isEnded = lines.at(-1)?.ending !== '';
  const next = isEnded ? `${text}${after}${ending}` : `${text}${ending}${after}`;
  return { next, change: { line: lines.length + 1, before: null, after }, raw };
}

function mostCommonEnding(lines: readonly EnvLine[]): string {
  const ended = lines.filter(({ ending }) => ending !== '');
  return ended.filter(({ ending }) => ending === '\r\n').length * 2 > ended.length ? '\r\n' : '\n';
}

function removeLine(text: string, lines: readonly EnvLine[], found: Found, variable: string): EnvEdit {
  const { start, text: before, ending } = found.at;
  // A last line without an ending takes that of the line before along, so that nothing but the line goes.
  const from = ending === '' ? start - (lines[found.line - 2]?.ending.length ?? 0) : start;
  const next = text.slice(0, from) + text.slice(start + before.length + ending.length);
  const left = findAssignment(next, variable);
  return { next, change: { line: found.line, before, after: null }, raw: left?.raw ?? null };
}

function ambiguous(where: string, why: string): RlctlError {
  return new RlctlError(
    'guard',
    `the env file cannot be edited safely: ${where} may belong to an earlier line (${why})`,
    {
      code: 'ENV_FILE_AMBIGUOUS',
      hint: 'Close the quote or remove the backslash there, or set the variable by hand; then run the command again.',
    },
  );
}

import type { BashLine } from '../domain/completion/bash-line.js';
import type { Candidate } from '../domain/completion/candidates.js';
import type { Shell } from '../domain/completion/shells.js';
import { term } from './term.js';

/**
 * What the hidden command answers a shell's script: the words for the cursor, or that the shell is to complete a path itself.
 *
 * - bash: records ended by NUL. `file`; or `plain` and values for `printf %q`, each behind `=` (or behind `~`: it holds
 *   invisible characters, which must be spelled out); or `open` and texts that fit the quote which stands open.
 * - zsh, fish: records ended by NUL. `file`; or `word`, then value and text to show in turns (zsh), or value, TAB and
 *   description (fish).
 * - powershell: one ASCII JSON object `{kind, candidates: [{value, description}]}`.
 * - no shell named: one candidate per line, a TAB before its description.
 */
export type Answer = { readonly kind: 'file' } | { readonly kind: 'word'; readonly candidates: readonly Candidate[] };

const isSpelledOut = ({ value }: Candidate): boolean => term(value) !== value;
const records = (texts: readonly string[]): string => texts.map((text) => `${text}\0`).join('');

/** The answer in the form that a shell's script reads; bash's needs the line as it was taken apart. */
export function encodeAnswer(answer: Answer, shell: Exclude<Shell, 'bash'> | null): string {
  const candidates = answer.kind === 'file' ? [] : answer.candidates;
  switch (shell) {
    case 'zsh':
      return records([answer.kind, ...candidates.flatMap((each) => [each.value, ...shownInZsh(each, candidates)])]);
    case 'fish':
      // fish takes a TAB for the end of the word and a tilde in front for a home: such a name would come out as another one.
      return records([
        answer.kind,
        ...candidates
          .filter(({ value }) => !value.includes('\t') && !value.startsWith('~'))
          .map(({ value, description }) => `${value}\t${term(description)}`),
      ]);
    case 'powershell': {
      // What its line editor makes of control characters in a word is not known well enough.
      const safe = candidates.filter((each) => !isSpelledOut(each));
      const shown = safe.map(({ value, description }) => ({ value, description: term(description) || value }));
      return `${asciiJson({ kind: answer.kind, candidates: shown })}\n`;
    }
    case null:
      return candidates
        .filter((each) => !isSpelledOut(each))
        .map(({ value, description }) => (description === '' ? `${value}\n` : `${value}\t${term(description)}\n`))
        .join('');
  }
}

const widestColumn = 40;

function shownInZsh({ value, description }: Candidate, all: readonly Candidate[]): readonly string[] {
  if (description === '') return [term(value)];
  const width = Math.max(...all.map((each) => Math.min(widestColumn, term(each.value).length)));
  return [`${term(value).padEnd(width)}  -- ${term(description)}`];
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The answer as bash's script reads it. */
export function encodeForBash(answer: Answer, line: BashLine): string {
  if (answer.kind === 'file') return records(['file']);
  const texts = answer.candidates
    // Where bash may see other quotes than rlctl does, only what needs no quoting anywhere is offered.
    .filter(({ value }) => !line.isOpaque || /^[\w./:@%+=,-]*$/.test(value))
    .map(({ value }) => value.slice(line.head.length));
  switch (line.quote) {
    case 'none':
      return records(['plain', ...texts.map((text) => `${term(text) === text ? '=' : '~'}${text}`)]);
    case 'single':
      return records(['open', ...texts.map(inSingleQuotes)]);
    case 'double':
      return records(['open', ...texts.filter(canBeInDoubleQuotes).map(inDoubleQuotes)]);
    case 'ansi':
      return records(['open', ...texts.map(inAnsiQuotes)]);
  }
}

// Texts behind a quote that stands open, each with the quote that closes it: readline adds one itself only where the text does
// not happen to end in one.

/** Where the text would begin with a quote, readline takes it for the open one and drops that: so it gets one more. */
function inSingleQuotes(text: string): string {
  return `${text.startsWith("'") ? "'" : ''}${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** In double quotes an exclamation mark recalls an old command, and nothing in them can take that away. */
function canBeInDoubleQuotes(text: string): boolean {
  return !text.includes('!');
}

function inDoubleQuotes(text: string): string {
  return `${text.replaceAll(/[\\"$`]/g, String.raw`\$&`)}"`;
}

function inAnsiQuotes(text: string): string {
  const inside = text.replaceAll(/[^]/gu, (char) => {
    if (char === '!') return String.raw`\x21`;
    if (char === '\\' || char === "'") return `\\${char}`;
    if (term(char) === char) return char;
    return [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  });
  return `${inside}'`;
}

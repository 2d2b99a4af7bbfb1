import { usageError } from '../errors.js';
import type { Words } from './runbook.js';

/** A text taken apart: plain pieces, and the names that stand for values. */
export type Piece = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'name'; readonly name: string };

/** A template, and what in it is none. */
export interface Template {
  readonly pieces: readonly Piece[];
  /** What looks like a template and is not `{{name}}`, as it stands there; empty: all is well. */
  readonly faults: readonly string[];
}

const namePattern = '[a-z][A-Za-z0-9_-]*';

/** The names that inputs may have. */
export const inputNamePattern = new RegExp(`^${namePattern}$`);

/** Takes a text apart. There is nothing but `{{name}}`: no expression, no function, no nesting. */
export function parseTemplate(text: string): Template {
  const pieces: Piece[] = [];
  const faults: string[] = [];
  let rest = 0;
  for (const match of text.matchAll(new RegExp(`\\{\\{(${namePattern})\\}\\}`, 'g'))) {
    const before = text.slice(rest, match.index);
    if (before !== '') pieces.push({ kind: 'text', text: before });
    pieces.push({ kind: 'name', name: match[1] ?? '' });
    rest = match.index + match[0].length;
  }
  const after = text.slice(rest);
  if (after !== '' || pieces.length === 0) pieces.push({ kind: 'text', text: after });
  for (const piece of pieces) {
    if (piece.kind !== 'text') continue;
    const fault = /\{\{.*|.*\}\}/s.exec(piece.text);
    if (fault !== null) faults.push(fault[0].slice(0, 60));
  }
  return { pieces, faults };
}

/** The names in a text, in their order. */
export function namesIn(text: string): readonly string[] {
  return parseTemplate(text).pieces.flatMap((piece) => (piece.kind === 'name' ? [piece.name] : []));
}

/** The values by name; an optional input that was not given is not in it. */
export type Values = ReadonlyMap<string, string>;

/** The text with its values put in, each as `spell` writes it. Throws a usage error for a name without a value. */
export function fill(text: string, values: Values, spell: (value: string) => string = (value) => value): string {
  const { pieces } = parseTemplate(text);
  return pieces.map((piece) => (piece.kind === 'text' ? piece.text : spell(valueOf(piece.name, values)))).join('');
}

function valueOf(name: string, values: Values): string {
  const value = values.get(name);
  if (value !== undefined) return value;
  throw usageError(
    `{{${name}}} has no value`,
    'Write what is optional as a group of words, so that it is left out: ["--rate", "{{rate}}"].',
    'RUNBOOK_VALUE',
  );
}

/**
 * The words of a command with their values put in, each value inside the one word in which it stands. A group of which a
 * value is missing is left out. Throws a usage error where a value would turn a word into a flag.
 */
export function fillWords(words: Words, values: Values): readonly string[] {
  return words.flatMap((word) => {
    if (typeof word === 'string') return [fillWord(word, values)];
    const isGiven = word.every((each) => namesIn(each).every((name) => values.has(name)));
    return isGiven ? word.map((each) => fillWord(each, values)) : [];
  });
}

function fillWord(word: string, values: Values): string {
  const filled = fill(word, values);
  if (!filled.startsWith('-') || word.startsWith('-')) return filled;
  throw usageError(
    `the value ${JSON.stringify(filled)} of ${word} would be taken for a flag`,
    'Give one that does not start with "-".',
    'RUNBOOK_VALUE',
  );
}

/** PromQL with its values put in: inside quotes they are escaped, so that no value ends the text that it stands in. */
export function fillQuery(query: string, values: Values): string {
  return fill(query, values, (value) => JSON.stringify(value).slice(1, -1));
}

/** A path or an address with its values put in, percent-encoded; the slashes of a route stay. */
export function fillAddress(text: string, values: Values): string {
  return fill(text, values, (value) => value.split('/').map(encodeURIComponent).join('/'));
}

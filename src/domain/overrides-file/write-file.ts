import { overrideBounds, parseRoutePrefix, isPlainNumber, wireNames } from '../override/entry.js';
import { utf8Text } from '../override/scanned-text.js';
import { byteOf } from '../override/scanner.js';
import { innerMembers } from '../override/style.js';
import { hostileCharacters } from '../outside-text.js';
import { fileHead } from './read-file.js';

/** One override to be written into a file. */
export interface WritableEntry {
  readonly prefix: string;
  /** The JSON text of the value as it is stored. */
  readonly raw: string;
  /** Who, why, until when: what stands above it, a line each. Empty: nothing is known. */
  readonly comments: readonly string[];
}

/** A file to be written. */
export interface WritableFile {
  /** What stands at its top, a line each. */
  readonly comments: readonly string[];
  /** `null`: nothing manages it. */
  readonly owner: string | null;
  /** What it is dumped from. */
  readonly dumpedFrom: { readonly environment: string; readonly revision: string };
  readonly entries: readonly WritableEntry[];
}

/** A value as fields, in the order in which they are stored. */
export type TypedFields = readonly (readonly [name: string, value: number | boolean])[];

const nameOfField = new Map<string, (typeof wireNames)[number][0]>(
  wireNames.map(([field, name]) => [`"${name}"`, field]),
);

function fieldValue(field: (typeof wireNames)[number][0], raw: string): number | boolean | null {
  if (field === 'isShadow') return raw === 'true' || raw === 'false' ? raw === 'true' : null;
  const { min, max } = overrideBounds[field];
  const value = Number(raw);
  return isPlainNumber(raw) && value >= min && value <= max ? value : null;
}

function isRoute(prefix: string): boolean {
  try {
    parseRoutePrefix(prefix);
    return true;
  } catch {
    return false;
  }
}

/**
 * The fields of an entry, where they say all of it: reading them gives the same JSON text but for white space. `null`:
 * they do not, and a file has to carry the text itself.
 */
export function typedFields(prefix: string, raw: string): TypedFields | null {
  const bytes = Buffer.from(raw);
  if (bytes[0] !== byteOf.openBrace || !isRoute(prefix)) return null;
  const fields = new Map<string, number | boolean>();
  const members = innerMembers(bytes, 0);
  for (const { keyStart, keyEnd, valueStart, valueEnd } of members) {
    const key = utf8Text(bytes, keyStart, keyEnd);
    const field = nameOfField.get(key);
    const value = field === undefined ? null : fieldValue(field, utf8Text(bytes, valueStart, valueEnd));
    if (value === null) return null;
    fields.set(key.slice(1, -1), value);
  }
  return fields.size === 0 || fields.size < members.length ? null : [...fields];
}

/** Everything that a YAML reader might refuse, or a person would not see, spelled out. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(unprintable, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

const unprintable = new RegExp(`${hostileCharacters.source}|[\\ufffe\\uffff]`, 'gu');

function isPrintable(text: string): boolean {
  return text.search(unprintable) === -1;
}

function prefixText(prefix: string): string {
  return /^\/[\w./~-]*$/.test(prefix) ? prefix : quoted(prefix);
}

function exactText(raw: string): string {
  return isPrintable(raw) ? `'${raw.replaceAll("'", "''")}'` : quoted(raw);
}

/** No text from outside may end its comment. */
function commentLine(text: string, indent: string): string {
  return `${indent}# ${text.replaceAll(unprintable, ' ')}`.trimEnd();
}

function entryLines({ prefix, raw, comments }: WritableEntry): readonly string[] {
  const fields = typedFields(prefix, raw)?.map(([name, value]) => `    ${name}: ${value}`);
  return [
    ...comments.map((comment) => commentLine(comment, '  ')),
    `  - prefix: ${prefixText(prefix)}`,
    ...(fields ?? [`    json: ${exactText(raw)}`]),
  ];
}

/** A file of overrides as YAML, with its last newline. Read again it gives every value as it was, but for white space. */
export function writeOverridesFile({ comments, owner, dumpedFrom, entries }: WritableFile): string {
  const lines = [
    ...comments.map((comment) => commentLine(comment, '')),
    `apiVersion: ${fileHead.apiVersion}`,
    `kind: ${fileHead.kind}`,
    `environment: ${quoted(dumpedFrom.environment)}`,
    `revision: ${quoted(dumpedFrom.revision)}`,
    ...(owner === null ? [] : [`owner: ${quoted(owner)}`]),
    entries.length === 0 ? 'overrides: []' : 'overrides:',
  ];
  for (const entry of entries) lines.push(...entryLines(entry));
  return `${lines.join('\n')}\n`;
}

import { decodeKey } from '../override/scanned-text.js';
import { scanMembers } from '../override/scanner.js';
import { pythonDialect, type Source } from '../policy/entry-reading.js';
import type { LintEntry } from './subject.js';

/** One field as it is written; offsets are those of its key's quote and of its value, the end exclusive. */
export interface WrittenField {
  readonly name: string;
  readonly at: number;
  readonly valueAt: number;
  readonly valueEnd: number;
  /** False where the same name stands again later: that one counts. */
  readonly isLast: boolean;
}

/** Every field of an entry in its order; empty where its value is no object. Read anew: few entries are asked for it. */
export function writtenFields({ bytes, latin1 }: Source, { valueAt: start }: LintEntry): readonly WrittenField[] {
  if (bytes[start] !== 0x7b) return [];
  const found: Omit<WrittenField, 'isLast'>[] = [];
  const last = new Map<string, number>();
  scanMembers(bytes, start, pythonDialect, 2, (at, keyEnd, valueAt, valueEnd, isPlain) => {
    const name = decodeKey(bytes, latin1, at, keyEnd, isPlain);
    found.push({ name, at, valueAt, valueEnd });
    last.set(name, at);
  });
  return found.map((field) => ({ ...field, isLast: last.get(field.name) === field.at }));
}

/** Where the value of a field stands that counts; where the field is not there, the entry's own. */
export function placeOfField(source: Source, entry: LintEntry, wanted: string): number {
  const field = writtenFields(source, entry).find(({ name, isLast }) => isLast && name === wanted);
  return field?.valueAt ?? entry.valueAt;
}

import { isUsableEntry } from '../policy/entry-reading.js';
import { rawValue, type DocumentMember, type OverrideDocument } from './document.js';
import { wireNames, type OverridePatch } from './entry.js';
import { decodeString } from './scanned-text.js';
import { byteOf } from './scanner.js';
import { innerMembers, styleOfMembers, styleOfValues, writeObject, type InnerMember } from './style.js';

type RawField = readonly [name: string, raw: string];

/** The named fields as they are stored: strict types only. */
function rawFields(patch: OverridePatch): readonly RawField[] {
  return wireNames.flatMap(([field, name]): RawField[] => {
    const value = patch[field];
    return value === undefined ? [] : [[name, JSON.stringify(value)]];
  });
}

/** A new entry's value, written as the neighbours of position `index` write theirs. */
export function newValue(document: OverrideDocument, index: number, patch: OverridePatch): string {
  return writeObject(rawFields(patch), styleOfValues(document, index));
}

interface ValueSplice {
  readonly at: number;
  readonly end: number;
  readonly inserted: string;
}

function applyBackwards(bytes: Uint8Array, splices: readonly ValueSplice[]): string {
  const sorted = splices.toSorted((left, right) => right.at - left.at);
  const patched = sorted.reduce<Uint8Array>(
    (text, { at, end, inserted }) => Buffer.concat([text.subarray(0, at), Buffer.from(inserted), text.subarray(end)]),
    bytes,
  );
  return Buffer.from(patched).toString('utf8');
}

/** Replaces the fields that are there (of repeated ones the last, which counts) and appends the others, in the value's style. */
function patchObject(bytes: Uint8Array, members: readonly InnerMember[], fields: readonly RawField[]): string {
  const names = members.map(({ keyStart, keyEnd }) => decodeString(bytes, keyStart, keyEnd));
  const style = styleOfMembers(bytes, members, bytes.length);
  const splices: ValueSplice[] = [];
  const added: string[] = [];
  for (const [name, raw] of fields) {
    const member = members[names.lastIndexOf(name)];
    if (member !== undefined) splices.push({ at: member.valueStart, end: member.valueEnd, inserted: raw });
    else added.push(`,${style?.gap ?? ''}${JSON.stringify(name)}${style?.colon ?? ':'}${raw}`);
  }
  const end = members.at(-1)?.valueEnd ?? 0;
  return applyBackwards(bytes, [{ at: end, end, inserted: added.join('') }, ...splices]);
}

/**
 * An existing value with the named fields set; all its other bytes stay. Replaced as a whole where it is no object, holds
 * no field, or would still be skipped by the server for a field that was not named.
 */
export function patchedValue(document: OverrideDocument, member: DocumentMember, patch: OverridePatch): string {
  const bytes = Buffer.from(rawValue(document, member));
  const fields = rawFields(patch);
  const members = bytes[0] === byteOf.openBrace ? innerMembers(bytes, 0) : [];
  if (members.length > 0) {
    const patched = patchObject(bytes, members, fields);
    if (isUsableEntry(Buffer.from(patched))) return patched;
  }
  return writeObject(fields, styleOfValues(document, member.index));
}

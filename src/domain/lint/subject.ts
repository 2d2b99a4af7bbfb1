import type { BucketRoutes } from '../config/environment.js';
import { decodeKey, latin1Text } from '../override/scanned-text.js';
import { JsonFault, scanMembers, scanObject, strictDialect, type Dialect } from '../override/scanner.js';
import { pythonDialect, type Source } from '../policy/entry-reading.js';
import { loadOverrides, type OverrideFields } from '../policy/matching.js';
import { standingsOf, type Standing } from './prefix-walk.js';

/** One field as it is written; offsets are those of its key's quote and of its value, the end exclusive. */
export interface LintField {
  readonly name: string;
  readonly at: number;
  readonly valueAt: number;
  readonly valueEnd: number;
  /** False where the same name stands again later: that one counts. */
  readonly isLast: boolean;
}

/** One entry, as the server loads it and as it is written. */
export interface LintEntry {
  readonly prefix: string;
  /** Its place in the server's order, from 0; entries that vanish have one too. */
  readonly index: number;
  /** Offset of its key's quote; of a repeated key the first one, whose place counts. */
  readonly at: number;
  /** Offset of its value; of a repeated key the last one, which counts. */
  readonly valueAt: number;
  /** What it sets; `null`: the server does not use it. */
  readonly fields: OverrideFields | null;
  /** Why the server does not use it; `null`: it does. */
  readonly unusedBecause: string | null;
  /** True: it is no object, and the server drops it while loading. */
  readonly isVanished: boolean;
  /** Every field in its order; empty where the value is no object. */
  readonly written: readonly LintField[];
}

/** A key that stands in the document more than once. */
export interface RepeatedKey {
  readonly key: string;
  readonly firstAt: number;
  readonly at: number;
}

/** Why a reader does not take the text, and the byte offset at which it stops; `null`: it stands nowhere in it. */
export interface ReadingFault {
  readonly reason: string;
  readonly at: number | null;
}

/** The traffic of a bucket, as its metrics tell. */
export interface BucketTraffic {
  readonly bucket: string;
  /** Requests a minute, those of every caller together. */
  readonly perMinute: number;
  /** The part of them over their limit, refused or only counted, 0 to 1. */
  readonly overShare: number;
  /** The part above which the handbook wants to hear of it, 0 to 1. */
  readonly threshold: number;
  readonly windowMs: number;
}

/** What is known beside the document. */
export interface LintKnowledge {
  /** The configured buckets with their route prefixes; empty: none is known. */
  readonly buckets: ReadonlyMap<string, BucketRoutes>;
  /** Empty: nothing is known. */
  readonly traffic: readonly BucketTraffic[];
}

/** A document laid out for the rules. */
export interface LintSubject extends LintKnowledge {
  readonly source: Source;
  /** In the server's order; empty where it cannot read the document. */
  readonly entries: readonly LintEntry[];
  readonly repeatedKeys: readonly RepeatedKey[];
  /** Every prefix of the document and every configured route, with the entry that wins there. */
  readonly standings: readonly Standing[];
  /** Why the server cannot read the document at all; `null`: it can. */
  readonly fault: ReadingFault | null;
  /** Why rlctl would not change it although the server reads it; `null`: it would. */
  readonly strictFault: ReadingFault | null;
}

function faultOf(bytes: Uint8Array, dialect: Dialect, visit: Parameters<typeof scanObject>[2]): ReadingFault | null {
  try {
    scanObject(bytes, dialect, visit);
    return null;
  } catch (error) {
    if (error instanceof JsonFault) return { reason: error.reason, at: error.offset };
    throw error;
  }
}

interface Member {
  readonly at: number;
  valueAt: number;
}

function fieldsAt({ bytes, latin1 }: Source, valueAt: number): readonly LintField[] {
  if (bytes[valueAt] !== 0x7b) return [];
  const found: Omit<LintField, 'isLast'>[] = [];
  const last = new Map<string, number>();
  scanMembers(bytes, valueAt, pythonDialect, 2, (keyStart, keyEnd, valueStart, valueEnd, isPlain) => {
    const name = decodeKey(bytes, latin1, keyStart, keyEnd, isPlain);
    found.push({ name, at: keyStart, valueAt: valueStart, valueEnd });
    last.set(name, keyStart);
  });
  return found.map((field) => ({ ...field, isLast: last.get(field.name) === field.at }));
}

function entriesOf(source: Source, members: ReadonlyMap<string, Member>): readonly LintEntry[] {
  const { entries, vanished = [] } = loadOverrides(source.bytes);
  const loaded = new Map(entries.map((entry) => [entry.prefix, entry]));
  const gone = new Map(vanished.map(({ prefix, because }) => [prefix, because]));
  return Array.from(members, ([prefix, { at, valueAt }], index) => {
    const entry = loaded.get(prefix);
    return {
      prefix,
      index,
      at,
      valueAt,
      fields: entry?.fields ?? null,
      unusedBecause: entry?.skippedBecause ?? gone.get(prefix) ?? null,
      isVanished: gone.has(prefix),
      written: fieldsAt(source, valueAt),
    };
  });
}

/** Lays a document out for the rules: as the server loads it, every part with the place where it is written. Never throws. */
export function lintSubject(bytes: Uint8Array, knowledge: LintKnowledge): LintSubject {
  const source = { bytes, latin1: latin1Text(bytes) };
  const members = new Map<string, Member>();
  const repeatedKeys: RepeatedKey[] = [];
  const fault = faultOf(bytes, pythonDialect, (keyStart, keyEnd, valueAt, _valueEnd, isPlain) => {
    const key = decodeKey(bytes, source.latin1, keyStart, keyEnd, isPlain);
    const earlier = members.get(key);
    if (earlier === undefined) members.set(key, { at: keyStart, valueAt });
    else {
      repeatedKeys.push({ key, firstAt: earlier.at, at: keyStart });
      earlier.valueAt = valueAt;
    }
  });
  if (fault !== null) return unreadableSubject(fault, knowledge);
  const entries = entriesOf(source, members);
  const strictFault = faultOf(bytes, strictDialect, () => undefined);
  const standings = standingsOf(entries, knowledge.buckets);
  return { ...knowledge, source, entries, repeatedKeys, standings, fault, strictFault };
}

/** A document of which nothing but its fault can be told. */
export function unreadableSubject(fault: ReadingFault, knowledge: LintKnowledge): LintSubject {
  const source = { bytes: new Uint8Array(), latin1: '' };
  return { ...knowledge, source, entries: [], repeatedKeys: [], standings: [], fault, strictFault: null };
}

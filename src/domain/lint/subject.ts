import type { BucketRoutes } from '../config/environment.js';
import { decodeKey, latin1Text } from '../override/scanned-text.js';
import { JsonFault, scanObject, strictDialect, type Dialect } from '../override/scanner.js';
import { EntryReader, pythonDialect, type Source } from '../policy/entry-reading.js';
import { whyVanished, type OverrideFields } from '../policy/matching.js';
import { notableStandings, type Standing } from './prefix-walk.js';

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

/** What is wrong with a file of overrides; `at` counts in the same way as the offsets that are placed. */
export interface FileFault {
  readonly at: number;
  readonly message: string;
  readonly cure: string;
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
  /** Those of them whose value is worth a look: of a sound document very few. */
  readonly suspects: readonly LintEntry[];
  readonly repeatedKeys: readonly RepeatedKey[];
  /** The prefixes of the document that are not simply their own, and every configured route. */
  readonly standings: readonly Standing[];
  /** Why the server cannot read the document at all; `null`: it can. */
  readonly fault: ReadingFault | null;
  /** Why rlctl would not change it although the server reads it; `null`: it would. */
  readonly strictFault: ReadingFault | null;
  /** True: nothing is stored, though the history tells of overrides. */
  readonly isGone: boolean;
  /** Why a file of overrides makes no document; empty: it does, or was none. */
  readonly fileFaults: readonly FileFault[];
  /** Bytes; also where they were too many to be looked at. */
  readonly size: number;
}

/** What rlctl and the server both read: the usual document needs no second look. */
const bothDialects: Dialect = { ...strictDialect, maxIntegerDigits: pythonDialect.maxIntegerDigits };

/** A key while the document is still being read. */
interface Member {
  readonly prefix: string;
  readonly at: number;
  valueAt: number;
}

interface Scan {
  readonly members: readonly Member[];
  readonly repeatedKeys: readonly RepeatedKey[];
}

/** The keys as the server's reader keeps them: of a repeated one the last value, at the first place. */
function scan({ bytes, latin1 }: Source, dialect: Dialect): Scan | ReadingFault {
  const members = new Map<string, Member>();
  const repeatedKeys: RepeatedKey[] = [];
  try {
    scanObject(bytes, dialect, (at, keyEnd, valueAt, _valueEnd, isPlain) => {
      const prefix = decodeKey(bytes, latin1, at, keyEnd, isPlain);
      const earlier = members.get(prefix);
      if (earlier === undefined) members.set(prefix, { prefix, at, valueAt });
      else {
        repeatedKeys.push({ key: prefix, firstAt: earlier.at, at });
        earlier.valueAt = valueAt;
      }
    });
  } catch (error) {
    if (error instanceof JsonFault) return { reason: error.reason, at: error.offset };
    throw error;
  }
  return { members: [...members.values()], repeatedKeys };
}

function isFault(scanned: Scan | ReadingFault): scanned is ReadingFault {
  return 'reason' in scanned;
}

/** True where the numbers are those that nobody asks about. */
function isUsual({ ratePerMin = 1, burst = 1, windowSeconds = 60 }: OverrideFields): boolean {
  return ratePerMin >= 1 && ratePerMin <= 60_000 && burst >= 1 && windowSeconds === 60;
}

interface Reading {
  readonly entries: readonly LintEntry[];
  readonly suspects: readonly LintEntry[];
}

/** Reads every value as the server does; what it notes nothing about, and holds usual numbers, is no suspect. */
function readEntries(source: Source, members: readonly Member[]): Reading {
  const reader = new EntryReader(source);
  const suspects: LintEntry[] = [];
  const entries = members.map(({ prefix, at, valueAt }, index): LintEntry => {
    const vanished = whyVanished(source.bytes[valueAt]);
    const reading = vanished === null ? reader.read(valueAt) : null;
    const fields = reading?.fields ?? null;
    const unusedBecause = reading === null ? vanished : reading.skippedBecause;
    const entry = { prefix, index, at, valueAt, fields, unusedBecause, isVanished: vanished !== null };
    const isSound = reading !== null && reading.notes.length === 0 && !reading.isRepeating;
    if (!isSound || fields === null || !isUsual(fields)) suspects.push(entry);
    return entry;
  });
  return { entries, suspects };
}

/** Lays a document out for the rules: as the server loads it, every part with the place where it is written. Never throws. */
export function lintSubject(bytes: Uint8Array, knowledge: LintKnowledge): LintSubject {
  const source = { bytes, latin1: latin1Text(bytes) };
  const strict = scan(source, bothDialects);
  const scanned = isFault(strict) ? scan(source, pythonDialect) : strict;
  if (isFault(scanned)) return { ...blankSubject(bytes.length, knowledge), fault: scanned };
  const { entries, suspects } = readEntries(source, scanned.members);
  return {
    ...knowledge,
    source,
    entries,
    suspects,
    repeatedKeys: scanned.repeatedKeys,
    standings: notableStandings(entries, knowledge.buckets),
    fault: null,
    strictFault: isFault(strict) ? strict : null,
    isGone: false,
    fileFaults: [],
    size: bytes.length,
  };
}

/** A document of which nothing is known but its size. */
export function blankSubject(size: number, knowledge: LintKnowledge): LintSubject {
  const source = { bytes: new Uint8Array(), latin1: '' };
  const nothing = {
    entries: [],
    suspects: [],
    repeatedKeys: [],
    standings: [],
    fault: null,
    strictFault: null,
    isGone: false,
    fileFaults: [],
  };
  return { ...knowledge, ...nothing, source, size };
}

import { isRecord } from '../json.js';
import { parseOrigin, type Origin } from '../operation/origin.js';
import { parseFlagRecord, type FlagRecord } from '../shadow/flag-record.js';
import type { PanicWay } from './target.js';

// What the override history cannot tell of a panic: flags and switches that were set outside the document, what was in
// shadow already and is stood on all the same, and an end that wrote nothing.

/** A flag of a bucket, or the master switch, as a panic found and left it. */
export interface KeptFlag {
  /** `null`: it is the master switch. */
  readonly bucket: string | null;
  readonly record: FlagRecord;
  /** True: it stood as wanted already, and `before` is what it wants; absent: the panic set it. */
  readonly isFound?: true;
}

/** How a panic was closed, where the history does not tell it. */
export interface Closing {
  readonly atMs: number;
  readonly actor: string;
  /** Why; absent: nobody said, or the history tells it. */
  readonly reason?: string;
  /** True: what it changed was left as it is, on purpose; absent: it was put back. */
  readonly isLeft?: true;
  /** Prefixes that it changed and that were left as they are, because another open panic stands on them; absent: none. */
  readonly leaves?: readonly string[];
}

/** A panic of which the history does not tell everything. */
export interface KeptPanic {
  readonly id: string;
  /** `panic bucket financial` */
  readonly command: string;
  readonly way: PanicWay;
  /** Server time, epoch milliseconds. */
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly flags: readonly KeptFlag[];
  /** Where it was declared; absent: the document tells all of it, or nobody kept it. */
  readonly from?: Origin;
  /** Prefixes that it found in shadow, and did not change; absent: none. */
  readonly found?: readonly string[];
  /** `null`: nobody has closed it. */
  readonly restored: Closing | null;
}

/** Restored ones are kept so far back, for whoever asks what happened. */
const mostRestored = 100;

/** Reads the kept panics, the newest first; what is none is left out. */
export function parseKeptPanics(text: string | null): readonly KeptPanic[] {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    const list = isRecord(value) && Array.isArray(value['panics']) ? (value['panics'] as readonly unknown[]) : [];
    return list.flatMap((each) => keptPanic(each) ?? []);
  } catch {
    return [];
  }
}

/** The text to keep; all that are open, and the newest of the others. */
export function keptPanicsText(newestFirst: readonly KeptPanic[]): string {
  const restored = new Set(newestFirst.filter((each) => each.restored !== null).slice(0, mostRestored));
  const panics = newestFirst.filter((each) => each.restored === null || restored.has(each));
  return JSON.stringify({ v: 1, panics });
}

function keptPanic(value: unknown): KeptPanic | null {
  if (!isRecord(value)) return null;
  const { id, command, way, atMs, actor, reason = null, ticket = null, flags, found, restored = null } = value;
  const from = parseOrigin(value['from']);
  if (typeof id !== 'string' || typeof command !== 'string' || typeof actor !== 'string') return null;
  if (!isWay(way) || typeof atMs !== 'number' || !Array.isArray(flags)) return null;
  return {
    id,
    command,
    way,
    atMs,
    actor,
    reason: typeof reason === 'string' ? reason : null,
    ticket: typeof ticket === 'string' ? ticket : null,
    flags: (flags as readonly unknown[]).flatMap((each) => keptFlag(each) ?? []),
    ...(from === undefined ? {} : { from }),
    ...(found === undefined ? {} : { found: textsOf(found) }),
    restored: restoredOf(restored),
  };
}

function isWay(value: unknown): value is PanicWay {
  return value === 'flags' || value === 'kill-switch' || value === 'overrides';
}

function keptFlag(value: unknown): KeptFlag | null {
  if (!isRecord(value)) return null;
  const record = parseFlagRecord(value['record']);
  const { bucket, isFound } = value;
  if (record === null || (bucket !== null && typeof bucket !== 'string')) return null;
  return isFound === true ? { bucket, record, isFound } : { bucket, record };
}

function restoredOf(value: unknown): KeptPanic['restored'] {
  if (!isRecord(value)) return null;
  const { atMs, actor, reason, isLeft, leaves } = value;
  if (typeof atMs !== 'number' || typeof actor !== 'string') return null;
  return {
    atMs,
    actor,
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(isLeft === true ? { isLeft } : {}),
    ...(leaves === undefined ? {} : { leaves: textsOf(leaves) }),
  };
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

import { isRecord } from '../json.js';
import { parseFlagRecord, type FlagRecord } from '../shadow/flag-record.js';

// What the override history cannot tell of a panic: flags and switches that were set outside the document.

/** A flag of a bucket, or the master switch, as a panic found and left it. */
export interface KeptFlag {
  /** `null`: it is the master switch. */
  readonly bucket: string | null;
  readonly record: FlagRecord;
}

/** A panic that acted outside the document. */
export interface KeptPanic {
  readonly id: string;
  /** `panic bucket financial` */
  readonly command: string;
  readonly way: 'flags' | 'kill-switch';
  /** Server time, epoch milliseconds. */
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly flags: readonly KeptFlag[];
  /** `null`: it is open. */
  readonly restored: { readonly atMs: number; readonly actor: string } | null;
}

/** Restored ones are kept so far back, for whoever asks what happened. */
const mostRestored = 50;

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
  const { id, command, way, atMs, actor, reason = null, ticket = null, flags, restored = null } = value;
  if (typeof id !== 'string' || typeof command !== 'string' || typeof actor !== 'string') return null;
  if ((way !== 'flags' && way !== 'kill-switch') || typeof atMs !== 'number' || !Array.isArray(flags)) return null;
  return {
    id,
    command,
    way,
    atMs,
    actor,
    reason: typeof reason === 'string' ? reason : null,
    ticket: typeof ticket === 'string' ? ticket : null,
    flags: (flags as readonly unknown[]).flatMap((each) => keptFlag(each) ?? []),
    restored: restoredOf(restored),
  };
}

function keptFlag(value: unknown): KeptFlag | null {
  if (!isRecord(value)) return null;
  const record = parseFlagRecord(value['record']);
  const { bucket } = value;
  return record === null || (bucket !== null && typeof bucket !== 'string') ? null : { bucket, record };
}

function restoredOf(value: unknown): KeptPanic['restored'] {
  if (!isRecord(value)) return null;
  const { atMs, actor } = value;
  return typeof atMs === 'number' && typeof actor === 'string' ? { atMs, actor } : null;
}

import { isRecord } from '../json.js';
import type { OperationRef } from '../operation/reference.js';
import type { Verdict } from '../proof/proof.js';

/** The line of an env file that a flip changed. */
export interface FlipText {
  readonly variable: string;
  /** The value's exact text before, quotes included; `null`: the variable was absent. */
  readonly before: string | null;
  /** The value's exact text after; `null`: the variable was taken out. */
  readonly wrote: string | null;
}

/** A bucket's flag as this machine set it last, through an env file or a program: no history in Redis tells of it. */
export interface FlagFlip {
  readonly bucket: string;
  readonly isOn: boolean;
  /** The file's path, or the program. */
  readonly place: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** RFC 3339, by this machine's clock; the same for all that one command set. */
  readonly at: string;
  /** What the proof came to; `notAttempted` also where the change was cut off. */
  readonly verdict: Verdict;
  /** The names of the guards that were overridden for it; absent: none. */
  readonly guards?: readonly string[];
  /** What stood in the file before and after; absent: a program set it, and nobody can tell. */
  readonly text?: FlipText;
  /** The longer operations that it was a step of; absent: none. */
  readonly partOf?: readonly OperationRef[];
}

/** Reads kept flips, one for each bucket; what is none is left out. */
export function parseFlagFlips(text: string | null): readonly FlagFlip[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter(isFlip) : [];
  } catch {
    return [];
  }
}

function isFlip(value: unknown): value is FlagFlip {
  if (typeof value !== 'object' || value === null) return false;
  const { bucket, isOn, place, actor, reason, ticket, at, verdict, text, partOf } = value as Record<string, unknown>;
  return (
    [bucket, place, actor, at, verdict].every((each) => typeof each === 'string') &&
    [reason, ticket].every((each) => each === null || typeof each === 'string') &&
    typeof isOn === 'boolean' &&
    (text === undefined || isText(text)) &&
    (partOf === undefined || (Array.isArray(partOf) && partOf.every((each) => isRecord(each)))) &&
    !Number.isNaN(Date.parse(String(at)))
  );
}

function isText(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { variable, before, wrote } = value;
  return typeof variable === 'string' && [before, wrote].every((each) => each === null || typeof each === 'string');
}

/** What the newest command set; empty: none is known. */
export function lastFlips(flips: readonly FlagFlip[]): readonly FlagFlip[] {
  const newest = Math.max(...flips.map(({ at }) => Date.parse(at)));
  return flips.filter(({ at }) => Date.parse(at) === newest);
}

/** Flips of one command as it was typed: `shadow on financial, read`. */
export function flipCommand(flips: readonly Pick<FlagFlip, 'bucket' | 'isOn'>[]): string {
  return `shadow ${flips[0]?.isOn === true ? 'on' : 'off'} ${flips.map(({ bucket }) => bucket).join(', ')}`;
}

/** The flip that has not been shown in force: what somebody still waits for; `null`: none. */
export function pendingFlip(flips: readonly FlagFlip[], bucket: string, place: string | null): FlagFlip | null {
  return flips.find((flip) => flip.bucket === bucket && flip.place === place && flip.verdict !== 'proven') ?? null;
}

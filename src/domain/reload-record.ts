import { isRecord } from './json.js';
import type { BlocksVerdict } from './panic/blocks.js';
import type { Proof, Verdict } from './proof/proof.js';
import type { Revision } from './revision.js';

/** What the decisions showed of a panic that waited for them (`--wait`). */
export interface WatchedDecisions {
  /** `null`: the panic is not recorded. */
  readonly panicId: string | null;
  /** What the proof of the policy alone came to, before they were watched. */
  readonly policy: Verdict;
  readonly level: Proof['levelReached'];
  /** `null`: nobody told: they are being watched, or whoever watched them was killed. */
  readonly decisions: BlocksVerdict | null;
  /** When the wait is over, RFC 3339, by this machine's clock. */
  readonly until: string;
}

/** A reload that this machine sent and a server accepted: what only a reload's answer tells, and who wanted it. */
export interface ReloadRecord {
  /** RFC 3339, by this machine's clock. */
  readonly at: string;
  /** The command that sent it: `reload`, `shadow on financial`. */
  readonly command: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly verdict: Verdict;
  /** The master switch as one worker reported it; `null`: it did not say. */
  readonly isEnabled: boolean | null;
  /** Global shadow as one worker reported it; `null`: it did not say. */
  readonly isGlobalShadow: boolean | null;
  /** The override document that the verdict is about; `null`: it is about none, or not known. */
  readonly revision: Revision | null;
  /** The names of the guards that were overridden for it; absent: none. */
  readonly guards?: readonly string[];
  /** The instances that it was about, where it was about a part of the environment's; absent: all there were. */
  readonly part?: readonly string[];
  /** What decisions were to show beside; absent: the command did not wait for them, or it was no panic. */
  readonly watched?: WatchedDecisions;
}

/** Reads a kept record; `null`: it is none. */
export function parseReloadRecord(text: string | null): ReloadRecord | null {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<Record<keyof ReloadRecord, unknown>> | null;
    if (typeof value !== 'object' || value === null) return null;
    const { at, command, actor, reason, ticket, verdict, isEnabled, isGlobalShadow, revision = null } = value;
    const isWhole =
      [at, command, actor, verdict].every((each) => typeof each === 'string') &&
      !Number.isNaN(Date.parse(String(at))) &&
      [reason, ticket, revision].every((each) => each === null || typeof each === 'string') &&
      [isEnabled, isGlobalShadow].every((each) => each === null || typeof each === 'boolean') &&
      (value.part === undefined ||
        (Array.isArray(value.part) && value.part.every((each) => typeof each === 'string'))) &&
      (value.watched === undefined || isWatched(value.watched));
    return isWhole ? ({ ...value, revision } as ReloadRecord) : null;
  } catch {
    return null;
  }
}

function isWatched(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { panicId, policy, level, decisions, until } = value;
  return (
    [policy, level].every((each) => typeof each === 'string') &&
    [panicId, decisions].every((each) => each === null || typeof each === 'string') &&
    typeof until === 'string' &&
    !Number.isNaN(Date.parse(until))
  );
}

import type { Verdict } from './proof/proof.js';
import type { Revision } from './revision.js';

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
}

/** Reads a kept record; `null`: it is none. */
export function parseReloadRecord(text: string | null): ReloadRecord | null {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<Record<keyof ReloadRecord, unknown>> | null;
    if (typeof value !== 'object' || value === null) return null;
    const { at, command, actor, reason, ticket, verdict, isEnabled, isGlobalShadow, revision = null } = value;
    const isRecord =
      [at, command, actor, verdict].every((each) => typeof each === 'string') &&
      !Number.isNaN(Date.parse(String(at))) &&
      [reason, ticket, revision].every((each) => each === null || typeof each === 'string') &&
      [isEnabled, isGlobalShadow].every((each) => each === null || typeof each === 'boolean') &&
      (value.part === undefined || (Array.isArray(value.part) && value.part.every((each) => typeof each === 'string')));
    return isRecord ? ({ ...value, revision } as ReloadRecord) : null;
  } catch {
    return null;
  }
}

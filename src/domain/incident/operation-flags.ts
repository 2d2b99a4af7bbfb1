import { isRecord } from '../json.js';
import type { Reach } from '../operation/origin.js';
import { isPartOf, type OperationRef } from '../operation/reference.js';
import type { KeptPanic } from '../panic/kept.js';
import { restoreWords } from '../panic/way-back.js';
import type { FlagFlip } from '../shadow/flag-flip.js';

/** Flags of buckets that somebody set past the document, or put back, as Redis keeps it. */
export interface FlagDeed {
  /** The longer operation that did it; `null`: a command of its own. */
  readonly operation: OperationRef | null;
  /** `panic bucket financial` */
  readonly command: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** The buckets; empty: it was the master switch. */
  readonly buckets: readonly string[];
  /** True: what it set is still as it set it, as far as is known. */
  readonly isStanding: boolean;
  /** The command that takes it back, of this program. */
  readonly wayBack: string;
}

/** Whether a flip is what an operation keeps of its own: it names that operation, whoever set another one beside it. */
export function isOf({ bucket, partOf }: FlagFlip, { buckets, operation }: FlagDeed): boolean {
  return buckets.includes(bucket) && operation !== null && isPartOf(partOf, operation);
}

/** What panics set past the document, as they are kept; each with the way back as it is had by `reach`. */
export function panicDeeds(panics: readonly KeptPanic[], reach: Reach): readonly FlagDeed[] {
  return panics.flatMap(({ id, command, way, atMs, actor, reason, ticket, flags, from, restored }) => {
    // What one through overrides did stands in the history, and what it found so it did not set.
    const own = flags.filter(({ isFound }) => isFound !== true);
    if (way === 'overrides' || (own.length === 0 && way === 'flags')) return [];
    const deed: FlagDeed = {
      operation: { kind: 'panic', id },
      command,
      atMs,
      actor,
      reason,
      ticket,
      buckets: own.flatMap(({ bucket }) => bucket ?? []),
      isStanding: restored === null,
      wayBack: restoreWords({ id, way, ...(own[0] && { place: own[0].record.place }), ...(from && { from }) }, reach),
    };
    // What was left on purpose goes on standing, as anybody's.
    if (restored === null || restored.isLeft === true) return [deed];
    const back = { command: 'panic restore', atMs: restored.atMs, actor: restored.actor, reason: null, ticket: null };
    return [deed, { ...deed, ...back }];
  });
}

/** What the stages of a rollout set past the document, from the state that it keeps. */
export function rolloutDeeds(text: string | null): readonly FlagDeed[] {
  const state = parsed(text);
  const { id, plan } = state;
  if (typeof id !== 'string' || !isRecord(plan)) return [];
  const names = listIn(plan, 'stages').map(({ name }) => textIn(name) ?? '');
  return listIn(state, 'stages').flatMap((stage, index) => {
    const { flags, inForceAtMs, outcome } = stage;
    if (!Array.isArray(flags) || flags.length === 0 || typeof inForceAtMs !== 'number') return [];
    const buckets = flags.flatMap((flag: unknown) =>
      isRecord(flag) && typeof flag['bucket'] === 'string' ? [flag['bucket']] : [],
    );
    const name = names[index] ?? '';
    return [
      {
        operation: { kind: 'rollout' as const, id, ...(name === '' ? {} : { step: name }) },
        command: `rollout stage ${name}`.trim(),
        atMs: inForceAtMs,
        actor: textIn(state['startedBy']) ?? '',
        reason: textIn(state['reason']),
        ticket: textIn(state['ticket']),
        buckets,
        isStanding: outcome === 'entered' || outcome === 'passed',
        wayBack: 'rlctl rollout undo',
      },
    ];
  });
}

function parsed(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function listIn(value: Readonly<Record<string, unknown>>, name: string): readonly Readonly<Record<string, unknown>>[] {
  const list = value[name];
  return Array.isArray(list) ? list.filter((each) => isRecord(each)) : [];
}

function textIn(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

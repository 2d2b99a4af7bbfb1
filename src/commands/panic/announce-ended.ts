import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { panicSummary } from '../../domain/notify/summary.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import type { Panic } from '../../domain/panic/panics.js';
import type { Verdict } from '../../domain/proof/proof.js';
import { announce, type Announcement, type NotificationReport } from '../announce.js';

/** How a panic ended. */
export interface PanicEnd {
  /** What was typed: `panic restore`, `incident end`. */
  readonly command: string;
  /** True: it was closed, and nothing was put back. */
  readonly isLeft: boolean;
  /** `null`: nothing that the override history keeps. */
  readonly changeId: string | null;
  /** `null`: nothing had to be written. */
  readonly verdict: Verdict | null;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** The incident with which it ended, and which may be over by the time that this is told; absent: none. */
  readonly incident?: OperationRef;
}

/** Tells whoever heard of a panic that it is over. */
export function announceEnded(
  context: Context,
  environment: Environment,
  panic: Panic,
  end: PanicEnd,
): Promise<readonly NotificationReport[]> {
  return announce(context, environment, panicEnded(context, environment, panic, end));
}

/** What there is to tell of it. */
export function panicEnded(
  context: Context,
  environment: Environment,
  panic: Pick<Panic, 'id' | 'command' | 'way' | 'changed' | 'atMs'>,
  { command, isLeft, changeId, verdict, reason, ticket, incident }: PanicEnd,
): Announcement {
  const how = isLeft ? 'left' : 'restored';
  return {
    kind: 'panic',
    event: isLeft ? 'panic.left' : 'panic.restored',
    changeId,
    command,
    summary: panicSummary({ ...panic, how }, { environment: environment.name, verdict }),
    routes: panic.way === 'overrides' ? panic.changed : [],
    verdict,
    reason,
    ticket,
    about: panic.id,
    partOf: [...(incident === undefined ? [] : [incident]), ...context.partOf, { kind: 'panic', id: panic.id }],
    sinceMs: panic.atMs,
  };
}

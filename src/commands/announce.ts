import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import type { OperationRef } from '../domain/operation/reference.js';
import type { Verdict } from '../domain/proof/proof.js';

/** Something that happened and that others may want to know. */
export interface Announcement {
  readonly kind: 'change' | 'flags' | 'panic' | 'rollout' | 'incident';
  /** `change.made`, `panic.acted`, `rollout.stage`, `incident.started`. */
  readonly event: string;
  /** The id under which the history has it; `null`: it changed nothing that a history keeps. */
  readonly changeId: string | null;
  readonly command: string;
  /** One sentence. */
  readonly summary: string;
  readonly routes: readonly string[];
  readonly verdict: Verdict | null;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly partOf: readonly OperationRef[];
}

/** What became of telling one receiver. */
export interface NotificationReport {
  readonly target: string;
  readonly isDelivered: boolean;
  /** In words: `200 in 40 ms`, or why it was not delivered. */
  readonly detail: string;
}

/** Tells whoever the environment wants told. Never throws: what is done is done, whether somebody heard of it or not. */
export async function announce(
  _context: Context,
  _environment: Environment,
  _announcement: Announcement,
): Promise<readonly NotificationReport[]> {
  return Promise.resolve([]);
}

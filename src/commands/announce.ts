import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { RlctlError } from '../domain/errors.js';
import type { EventKind } from '../domain/notify/kinds.js';
import { wants } from '../domain/notify/target.js';
import type { OperationRef } from '../domain/operation/reference.js';
import type { Verdict } from '../domain/proof/proof.js';
import type { View } from '../ui/view.js';

/** Something that happened and that others may want to know. */
export interface Announcement {
  /** What a receiver asks for; `flags` are told to whoever wants changes. */
  readonly kind: EventKind | 'flags';
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
  /** What tells it from other events of its name that the same change is told by: a panic's id; absent: there is but one. */
  readonly about?: string;
  /** What its id begins with where there is no change: the same whenever it is told; absent: it is told once. */
  readonly root?: string;
  /** Who did it, and when, epoch milliseconds; absent: whoever tells it, now. */
  readonly done?: { readonly by: string; readonly atMs: number };
  /** When what it ends began, epoch milliseconds; absent: it is a moment. */
  readonly sinceMs?: number;
  /** True: it is in force, and is told although the command was interrupted; absent: an interrupt ends the telling. */
  readonly isToldAnyway?: true;
}

/** What became of telling one receiver. */
export interface NotificationReport {
  /** Its name in the configuration. */
  readonly target: string;
  readonly isDelivered: boolean;
  /** In words: `answered 200 in 40 ms`, or why it was not delivered. */
  readonly detail: string;
  /** The id that it was told under; `null`: nobody was told. */
  readonly eventId: string | null;
  /** `null`: it was told. */
  readonly code: string | null;
  readonly attempts: number;
}

/**
 * Tells whoever the environment wants told, within a few seconds of its own. Never throws: what is done is done, whether
 * somebody heard of it or not. Where nobody wants to hear of it, nothing is loaded.
 *
 * For programs it resolves with what became of it, which belongs to their result. For people it resolves at once, with
 * nothing: their result waits for nobody, they read on stderr who was not told, and the process does not end before that.
 */
export function announce(
  context: Context,
  environment: Environment,
  announcement: Announcement,
): Promise<readonly NotificationReport[]> {
  if (!isWanted(environment, announcement)) return Promise.resolve([]);
  const told = tellAll(context, environment, announcement).catch(unforeseen);
  context.after('telling others', told);
  return isForPeople(context) ? Promise.resolve([]) : told;
}

/** The same of several. `then`: what is to be done once all were told, whatever came of that. */
export function announceAll(
  context: Context,
  environment: Environment,
  announcements: readonly Announcement[],
  then: () => Promise<void>,
): Promise<readonly NotificationReport[]> {
  const wanted = announcements.filter((each) => isWanted(environment, each));
  const telling = Promise.all(wanted.map((each) => tellAll(context, environment, each).catch(unforeseen)));
  const told = telling.then(async (reports) => {
    await then();
    return reports.flat();
  });
  context.after('telling others', told);
  return isForPeople(context) ? Promise.resolve([]) : told;
}

/** Whether anybody wants to hear of it. */
export function isWanted({ notify }: Environment, { kind }: Pick<Announcement, 'kind'>): boolean {
  return wants(notify, kindOf(kind));
}

async function tellAll(context: Context, environment: Environment, announcement: Announcement) {
  const { deliver } = await import('./notify/deliver.js');
  return deliver(context, environment, { ...announcement, kind: kindOf(announcement.kind) });
}

/**
 * Gets secrets and connects while something else goes on, so that telling takes one round trip. Only a head start: what
 * goes wrong shows when somebody is told.
 */
export function prepareToAnnounce(context: Context, environment: Environment, kind: Announcement['kind']): void {
  if (environment.untrustedFile !== null || !wants(environment.notify, kindOf(kind))) return;
  prepareAll(context, environment, kindOf(kind)).catch(() => undefined);
}

async function prepareAll(context: Context, environment: Environment, kind: EventKind): Promise<void> {
  for (const receiver of await context.receivers(environment)) {
    if (receiver.target.events.includes(kind)) receiver.prepare();
  }
}

/** A result with what became of telling others, as programs read it. */
export async function withReports(view: View, told: Promise<readonly NotificationReport[]>): Promise<View> {
  return { ...view, data: { ...view.data, notifications: await told } };
}

function isForPeople({ options }: Context): boolean {
  return options.format === 'table' && options.jq === null;
}

function kindOf(kind: Announcement['kind']): EventKind {
  return kind === 'flags' ? 'change' : kind;
}

/** A bug in telling others is no reason for a change to fail. */
function unforeseen(error: unknown): readonly NotificationReport[] {
  const detail = error instanceof RlctlError ? error.message : 'rlctl failed in a way that it did not foresee';
  return [{ target: 'notify', isDelivered: false, detail, eventId: null, code: 'UNEXPECTED', attempts: 0 }];
}

import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { RlctlError } from '../domain/errors.js';
import { changeSummary, flagsSummary, reloadSummary, unknownSummary } from '../domain/notify/summary.js';
import type { Effect } from '../procedures/effect.js';
import type { ChangeResult } from '../procedures/override/change.js';
import type { ChangeIntent } from '../procedures/override/plan.js';
import type { FlagResult } from '../procedures/shadow/change-flags.js';
import { announce, type NotificationReport } from './announce.js';
import type { MutationInput } from './mutation.js';

type Told = Promise<readonly NotificationReport[]>;

/** Why it was done, and whether others are to hear of it. */
type Cause = Pick<MutationInput, 'reason' | 'ticket' | 'isTelling'>;

const nobody = (): Told => Promise.resolve([]);

/** Tells of a change of the document. What had not to be written is not told: nothing happened. */
export function announceChange(
  context: Context,
  environment: Environment,
  { reason, ticket, isTelling }: Cause,
  { written, effect }: Pick<ChangeResult, 'written' | 'effect'>,
): Told {
  if (written === null || isTelling === false) return nobody();
  const { plan, changeId } = written;
  const { command } = plan.intent;
  const routes = plan.edit.changes.map(({ route }) => route);
  const { verdict } = effect.proof;
  return announce(context, environment, {
    kind: 'change',
    event: 'change.made',
    changeId,
    command,
    summary: changeSummary(command, routes, { environment: environment.name, verdict }),
    routes,
    verdict,
    reason,
    ticket,
    partOf: plan.intent.terms?.().partOf ?? [],
  });
}

/** Tells of a change of which nobody knows whether it was made; of any other failure there is nothing to tell. */
export function announceUnknown(
  context: Context,
  environment: Environment,
  { reason, ticket, isTelling }: Cause,
  { intent, error }: { readonly intent: ChangeIntent; readonly error: unknown },
): void {
  if (!(error instanceof RlctlError) || error.kind !== 'unknownOutcome' || isTelling === false) return;
  const { command, routes } = intent;
  const changeId = error.details?.['changeId'];
  void announce(context, environment, {
    kind: 'change',
    event: 'change.unknown',
    changeId: typeof changeId === 'string' ? changeId : null,
    command,
    summary: unknownSummary(command, routes, environment.name),
    routes,
    verdict: null,
    reason,
    ticket,
    partOf: intent.terms?.().partOf ?? [],
  });
}

/** Tells of flags that were set through an env file or a program. */
export function announceFlags(
  context: Context,
  environment: Environment,
  { reason, ticket, isTelling }: Cause,
  { plan, effect }: FlagResult,
): Told {
  const buckets = plan.flags.filter(({ isChanged }) => isChanged).map(({ bucket }) => bucket.name);
  if (buckets.length === 0 || isTelling === false) return nobody();
  const command = plan.command ?? (plan.isOn ? 'shadow on' : 'shadow off');
  const { verdict } = effect.proof;
  return announce(context, environment, {
    kind: 'flags',
    event: 'flags.set',
    changeId: null,
    command,
    summary: flagsSummary(command, buckets, { environment: environment.name, verdict }),
    routes: [],
    verdict,
    reason,
    ticket,
    partOf: [...context.partOf, ...(plan.partOf ?? [])],
  });
}

/** Tells of a reload that changed nothing stored: only to whoever asks for reloads. */
export function announceReload(
  context: Context,
  environment: Environment,
  { reason, isTelling }: Pick<Cause, 'reason' | 'isTelling'>,
  { proof }: Pick<Effect, 'proof'>,
): Told {
  if (isTelling === false) return nobody();
  const { verdict } = proof;
  return announce(context, environment, {
    kind: 'reload',
    event: 'reload.sent',
    changeId: null,
    command: 'reload',
    summary: reloadSummary(environment.name, verdict),
    routes: [],
    verdict,
    reason,
    ticket: null,
    partOf: context.partOf,
  });
}

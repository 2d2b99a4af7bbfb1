import { RlctlError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { scanDocument } from '../../domain/override/document.js';
import {
  expireCommand,
  pendingEnds,
  takeBackEnds,
  type Expiry,
  type PendingEnd,
} from '../../domain/override/expiry.js';
import { nextHeartbeat } from '../../domain/override/heartbeat.js';
import { parseMetadata } from '../../domain/override/metadata.js';
import type { Revision } from '../../domain/revision.js';
import { takeEffect, effectExit, type Effect, type EffectInput } from '../effect.js';
import { preflight } from '../preflight.js';
import type { OnStep } from '../step.js';
import { applyChange, type ChangePorts, type ChangeResult } from './change.js';
import { planChange, type ChangeIntent, type ChangePlan } from './plan.js';
import type { Author } from './write.js';

/** What of the temporary changes is over, and what is not yet. */
export interface DueEnds extends Pick<Expiry, 'ended' | 'skipped'> {
  /** Those to come, the soonest first. */
  readonly pending: readonly PendingEnd[];
}

/** Takes back everything that is over by the server's clock; computed anew where somebody else was faster. */
export function expireIntent(): ChangeIntent & { readonly found: () => DueEnds } {
  const state: { expiry: Expiry | null; pending: readonly PendingEnd[] } = { expiry: null, pending: [] };
  return {
    command: expireCommand,
    routes: [],
    isForced: false,
    ifRevision: null,
    isRecomputed: true,
    undoes: () => null,
    restored: () => state.expiry?.restored ?? new Map(),
    found: () => ({
      ended: state.expiry?.ended ?? [],
      skipped: state.expiry?.skipped ?? [],
      pending: state.pending,
    }),
    edit: (document, { metadata, serverTimeMs }) => {
      const ends = pendingEnds(parseMetadata(metadata));
      state.pending = ends.filter(({ untilMs }) => untilMs > serverTimeMs);
      const due = ends.filter(({ untilMs }) => untilMs <= serverTimeMs);
      state.expiry = takeBackEnds(document ?? scanDocument(null), due);
      return state.expiry.edit;
    },
  };
}

/** How ends are to be applied. */
export interface ExpiryInput {
  readonly author: Author;
  readonly effect: EffectInput;
  /** How often this runs, seconds; `null`: it does not say. */
  readonly everySeconds: number | null;
  readonly isDryRun: boolean;
}

/** One look at what is over. */
export interface ExpiryRound extends DueEnds {
  readonly plan: ChangePlan;
  /** `null`: nothing was over, or with --dry-run. */
  readonly change: ChangeResult | null;
  /** A reload that an earlier run had not come to; `null`: there was none to make up for. */
  readonly madeUpFor: Effect | null;
  /** Why others will not know that this ran; `null`: they do, or with --dry-run. */
  readonly beatError: RlctlError | null;
  readonly exit: ExitName;
}

/**
 * Takes back what is over in one write, reloads and proves it like any change, and leaves a heartbeat. Where nothing is
 * over nothing is written and nothing reloaded, except where an earlier run was cut off between its write and its reload.
 * Throws as a change does: only while nothing is written.
 */
export async function expireDue(ports: ChangePorts, input: ExpiryInput, onStep?: OnStep): Promise<ExpiryRound> {
  const intent = expireIntent();
  const plan = await planChange(ports, intent);
  const none = { plan, change: null, madeUpFor: null, beatError: null };
  if (input.isDryRun) return { ...none, ...intent.found(), exit: exitOf(intent.found(), null) };
  const change = plan.isNoop ? null : await apply(ports, plan, input, onStep);
  const madeUpFor = isUnfinished(plan, input) ? await makeUp(ports, plan, input, onStep) : null;
  const effect = change?.effect ?? madeUpFor;
  const last = change?.plan ?? plan;
  const beatError = await leaveHeartbeat(ports, last, reloadedBy(effect, last), input);
  // What was planned first and somebody else then did is theirs to report.
  const found = intent.found();
  return { ...none, ...found, plan: last, change, madeUpFor, beatError, exit: exitOf(found, effect) };
}

async function apply(
  ports: ChangePorts,
  plan: ChangePlan,
  { effect, author }: ExpiryInput,
  onStep?: OnStep,
): Promise<ChangeResult> {
  const [first] = plan.edit.changes;
  const reload = effect.reload && (await preflight(ports, effect.reload, first?.route ?? '/', { isRequired: true }));
  return applyChange(ports, plan, author, { ...effect, reload }, onStep);
}

/** True where the last change took ends back, and the reload is not known to have come to the servers since. */
function isUnfinished({ stored, isNoop }: ChangePlan, { effect }: ExpiryInput): boolean {
  const { lastEntry, heartbeat, revision } = stored;
  if (!isNoop || effect.reload === null || heartbeat === 'unknown') return false;
  return lastEntry?.body?.command === expireCommand && lastEntry.next === revision && heartbeat?.reloaded !== revision;
}

async function makeUp(
  ports: ChangePorts,
  { stored }: ChangePlan,
  { effect }: ExpiryInput,
  onStep?: OnStep,
): Promise<Effect> {
  const changed = stored.lastEntry?.body?.routes.map(({ route }) => route) ?? [];
  const reload = effect.reload && (await preflight(ports, effect.reload, changed[0] ?? '/', { isRequired: true }));
  return takeEffect(ports, { ...effect, reload }, { storedBytes: stored.bytes, changed }, onStep);
}

/**
 * The revision whose reload came to the servers in this run; `null`: none. Of several, one that failed is told once, with
 * its cure, and does not have the others reloaded again at every look; one that was not come to does.
 */
function reloadedBy(effect: Effect | null, { revisionAfter }: ChangePlan): Revision | null {
  const isCome = effect?.instances?.every(({ state }) => state !== 'notTried') ?? true;
  return isCome && effect?.reloads.some(({ outcome }) => outcome === 'accepted') ? revisionAfter : null;
}

/** A change that is made does not fail for want of a mark. */
async function leaveHeartbeat(
  ports: ChangePorts,
  { stored, readAtMs }: ChangePlan,
  reloaded: Revision | null,
  { author, everySeconds }: ExpiryInput,
): Promise<RlctlError | null> {
  const atMs = Math.round(stored.serverTimeMs + ports.clock.monotonicMs() - readAtMs);
  const run = { atMs, by: author.actor, everySeconds, reloaded };
  try {
    await ports.store.beat((earlier) => nextHeartbeat(earlier, run), ports.deadline);
    return null;
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
}

function exitOf({ skipped }: Pick<DueEnds, 'skipped'>, effect: Effect | null): ExitName {
  const exit = effect === null ? 'ok' : effectExit(effect);
  return exit === 'ok' && skipped.length > 0 ? 'findings' : exit;
}

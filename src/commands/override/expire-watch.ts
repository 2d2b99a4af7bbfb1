import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import type { ExpiryRound } from '../../procedures/override/expire.js';
import { createEventLines } from '../../ui/event-lines.js';
import { expiryEventView, type ExpiryEvent } from '../../ui/expiry-view.js';
import { withReports, type NotificationReport } from '../announce.js';

/** One look, and what became of telling others of what it did. */
export interface ToldRound {
  readonly round: ExpiryRound;
  readonly told: Promise<readonly NotificationReport[]>;
}

type Tell = (event: ExpiryEvent, told?: ToldRound['told']) => Promise<void>;

/** What was told last, so that what goes on is told once. */
interface Told {
  failure: string | null;
  skipped: string;
  /** What came of the last reload that was made up for. */
  reload: string;
  next: string | null;
}

/**
 * Looks again and again, until somebody interrupts or nobody reads any more: as often as `everyMs` says, and where the
 * last look found an end that comes sooner, then. Each look has the whole deadline. What fails is told and tried again;
 * only bad input ends it. An interrupt between the write and its proof is thrown, because something was done that is not
 * proven.
 */
export async function watchExpiry(
  context: Context,
  environment: Environment,
  round: () => Promise<ToldRound>,
  everyMs: number,
): Promise<void> {
  const { clock, deadline, host, options } = context;
  const show = createEventLines(host, options);
  const tell: Tell = async (event, told) => {
    const view = expiryEventView(event, environment, clock.nowMs());
    // Without -o json a pipe gets events too, and people read on stderr who was not told.
    const isReporting = told !== undefined && options.format !== 'table';
    return show(isReporting ? await withReports(view, told) : view);
  };
  const everySeconds = everyMs / 1000;
  const stopWatching = host.stdout.onGone?.(() => deadline.end(new Error('nobody reads any more')));
  try {
    await tell({ kind: 'started', everySeconds });
    await roundAfterRound(context, round, tell, everyMs);
  } catch (error) {
    if (!deadline.interrupted.aborted || isHalfDone(error)) throw error;
  } finally {
    stopWatching?.();
    context.progress.clear();
  }
  if (host.stdout.isGone !== true) await tell({ kind: 'stopped', everySeconds });
}

function isHalfDone(error: unknown): boolean {
  return error instanceof RlctlError && error.details?.['applied'] === true;
}

async function roundAfterRound(
  { clock, deadline, host }: Context,
  round: () => Promise<ToldRound>,
  tell: Tell,
  everyMs: number,
): Promise<void> {
  const told: Told = { failure: null, skipped: '[]', reload: '', next: null };
  let tickMs = clock.monotonicMs();
  while (host.stdout.isGone !== true) {
    // However long it took to get here: a first look without time would leave every later one without.
    deadline.renew();
    const done = await oneRound(round, tell, told, deadline.interrupted);
    tickMs = Math.max(Math.min(tickMs + everyMs, nextEndMs(done)), clock.monotonicMs());
    await clock.sleep(Math.ceil(tickMs - clock.monotonicMs()), deadline.interrupted);
  }
}

/** When the next end that a look found has come, by the monotonic clock; a look that failed knows of none. */
function nextEndMs(done: ExpiryRound | null): number {
  const [next] = done?.pending ?? [];
  if (done === null || next === undefined) return Infinity;
  return done.plan.readAtMs + next.untilMs - done.plan.stored.serverTimeMs;
}

/** `null`: it failed. */
async function oneRound(
  round: () => Promise<ToldRound>,
  tell: Tell,
  told: Told,
  interrupted: AbortSignal,
): Promise<ExpiryRound | null> {
  try {
    const { round: done, told: others } = await round();
    if (told.failure !== null) await tell({ kind: 'recovered' });
    told.failure = null;
    if (done.ended.length > 0) await tell({ kind: 'expired', round: done }, others);
    const reload = cameOf(done);
    if (reload !== told.reload && done.madeUpFor !== null) await tell({ kind: 'reload', round: done });
    told.reload = reload;
    const skipped = JSON.stringify(done.skipped.map(({ route, conflict }) => [route, conflict.found]));
    if (skipped !== told.skipped && done.skipped.length > 0) await tell({ kind: 'skipped', round: done });
    told.skipped = skipped;
    await tellNext(done, tell, told);
    return done;
  } catch (error) {
    if (!(error instanceof RlctlError) || error.kind === 'usage' || interrupted.aborted) throw error;
    if (error.code !== told.failure) await tell({ kind: 'failed', error });
    told.failure = error.code;
    return null;
  }
}

/** What came of a reload that was made up for; the same again is no news. */
function cameOf({ madeUpFor }: ExpiryRound): string {
  if (madeUpFor === null) return '';
  const reloads = madeUpFor.reloads.map(({ target, outcome, error }) => [target, outcome, error?.code]);
  return JSON.stringify([madeUpFor.proof.verdict, reloads]);
}

/** What it waits for is told once, and that it waits for nothing any more. */
async function tellNext(round: ExpiryRound, tell: Tell, told: Told): Promise<void> {
  const [next] = round.pending;
  const key = next === undefined ? null : JSON.stringify([next.route, next.untilMs]);
  if (key !== told.next) await tell({ kind: 'next', round });
  told.next = key;
}

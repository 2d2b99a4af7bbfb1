import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { RlctlError } from '../../domain/errors.js';
import { standingBuckets, type RolloutState } from '../../domain/rollout/state.js';
import type { GatesRead } from '../../procedures/rollout/read-gates.js';
import { readRollout } from '../../procedures/rollout/session.js';
import { createLiveView } from '../../ui/live-view.js';
import { rolloutView, type RolloutShown } from '../../ui/rollout-view.js';
import { defineCommand, switchFlag, type Outcome } from '../command.js';
import { addIntervalFlag, intervalOf, sessionPorts } from './flags.js';
import { lookAtGates } from './gates.js';
import { fallenNow } from './standing.js';
import { unreachedIn } from './unreached.js';

// Where a rollout stands, what its gates say now, and what happens next. It drives nothing and renews no lease.

/** One look: the rollout as it is kept, and its gates as they are now. */
export async function rolloutStatus(context: Context, environment: Environment): Promise<Outcome> {
  const shown = await look(context, environment, null);
  return { view: rolloutView(shown), exit: exitOf(shown) };
}

async function look(context: Context, environment: Environment, intervalMs: number | null): Promise<RolloutShown> {
  const kept = await readRollout(await sessionPorts(context, environment));
  const gates = await gatesOf(context, environment, kept.state, kept.serverTimeMs);
  const unreached = kept.state && (await unreachedIn(context, environment, standingBuckets(kept.state)));
  const fallen = kept.state && (await fallenNow(context, environment, kept.state));
  return { kept, environment, gates, unreached, fallen, watch: 'elsewhere', changes: [], end: null, intervalMs };
}

/** The gates of a stage that stands; one that is only being entered has none yet. */
async function gatesOf(
  context: Context,
  environment: Environment,
  state: RolloutState | null,
  nowMs: number,
): Promise<GatesRead | null> {
  if (state === null || !['watching', 'passed', 'paused'].includes(state.phase)) return null;
  return lookAtGates(context, environment, state, nowMs);
}

/** A gate that fails now, one that made the stage go back, and a stage that no longer stands, are findings. */
function exitOf({ kept: { state }, gates, fallen }: RolloutShown): ExitName {
  const isAborted = state?.phase === 'aborting' || state?.phase === 'aborted';
  const wasFailed = isAborted && state.stages[state.stage]?.judged?.verdict === 'fail';
  const isFallen = (fallen ?? []).length > 0;
  return gates?.report.verdict === 'fail' || wasFailed || isFallen ? 'findings' : 'ok';
}

/** A look that does not come through is part of what is seen, after the first. */
async function lookOn(
  context: Context,
  environment: Environment,
  intervalMs: number,
  last: RolloutShown | null,
): Promise<RolloutShown> {
  try {
    return await look(context, environment, intervalMs);
  } catch (error) {
    if (last === null || !(error instanceof RlctlError) || context.deadline.interrupted.aborted) throw error;
    return { ...last, failure: error.message };
  }
}

async function watch(context: Context, environment: Environment, intervalMs: number): Promise<Outcome> {
  const { clock, deadline, host, options } = context;
  const live = createLiveView(host, options);
  const stopWatching = host.stdout.onGone?.(() => deadline.end(new Error('nobody reads any more')));
  let exit: ExitName = 'ok';
  let last: RolloutShown | null = null;
  try {
    for (let countedMs = clock.monotonicMs(); host.stdout.isGone !== true;) {
      const shown: RolloutShown = await lookOn(context, environment, intervalMs, last);
      last = shown;
      exit = exitOf(shown);
      context.progress.clear();
      await live.show(rolloutView(shown));
      await clock.sleep(intervalMs, deadline.interrupted);
      deadline.extend(clock.monotonicMs() - countedMs);
      countedMs = clock.monotonicMs();
    }
  } catch (error) {
    if (!deadline.interrupted.aborted) throw error;
  } finally {
    stopWatching?.();
    await live.end();
  }
  return { view: null, exit };
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('-w, --watch', 'keep it fresh until Ctrl-C'));
    addIntervalFlag(c, 'time between refreshes');
  },
  examples: [
    'rlctl -e prod rollout status -w',
    'rlctl -e prod rollout status --jq \'.gates.readings[] | select(.verdict != "pass")\'',
  ],
  input: (_, flags) => ({ isWatching: switchFlag(flags, 'watch'), intervalMs: intervalOf(flags) }),
  action: async (context, { isWatching, intervalMs }) => {
    const environment = await context.environment();
    context.progress.step('reading the rollout');
    return isWatching ? watch(context, environment, intervalMs) : rolloutStatus(context, environment);
  },
});

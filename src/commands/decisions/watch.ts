import { Option } from 'commander';
import type { Context } from '../../context.js';
import { RlctlError } from '../../domain/errors.js';
import { readDecisions, type DecisionsInput, type DecisionsPorts } from '../../procedures/decisions.js';
import { decisionsSampleView, type WatchedSample } from '../../ui/decisions-view.js';
import { createLiveView } from '../../ui/live-view.js';
import { defineCommand } from '../command.js';
import { addDecisionsFlags, assertBucketsKnown, decisionsFlags, durationFlag, questionOf } from './question.js';

// The same screen, kept fresh while something is changed or an incident runs its course.

const usualIntervalMs = 5000;

/** One refresh, with a deadline of its own. A failure after the first figures is part of what is seen. */
async function sample(
  context: Context,
  source: DecisionsPorts['source'],
  question: DecisionsInput,
  last: WatchedSample | null,
): Promise<WatchedSample> {
  const takenMs = context.clock.nowMs();
  try {
    return { takenMs, decisions: await readDecisions({ source, deadline: context.deadline }, question), error: null };
  } catch (error) {
    const isExplained = error instanceof RlctlError;
    // Nothing to see yet is no reason to leave: the first request may be about to come.
    if (!isExplained || (last === null && error.code !== 'NO_SERIES')) throw error;
    return { takenMs, decisions: last?.decisions ?? null, error };
  }
}

/**
 * Takes one sample after another, at an even pace, until somebody interrupts or nobody reads any more. Watching is outside
 * the deadline: each refresh begins with as much of it as the first did. `waitMs`: the time between the first's two scrapes.
 */
async function refresh(
  { clock, deadline, host }: Context,
  take: (last: WatchedSample | null) => Promise<WatchedSample>,
  { intervalMs, waitMs }: { readonly intervalMs: number; readonly waitMs: number },
): Promise<void> {
  deadline.renew();
  deadline.extend(waitMs);
  let last = await take(null);
  deadline.extend(-waitMs);
  // The wait between two scrapes is no part of the pace.
  let tickMs = clock.monotonicMs();
  while (!host.stdout.isGone) {
    tickMs = Math.max(tickMs + intervalMs, clock.monotonicMs());
    await clock.sleep(tickMs - clock.monotonicMs(), deadline.interrupted);
    deadline.renew();
    last = await take(last);
  }
}

export const command = defineCommand({
  register: (c) => {
    addDecisionsFlags(c, 'as far as this has run');
    c.addOption(new Option('--interval <duration>', 'time between refreshes (default 5s)'));
  },
  examples: [
    'rlctl -e prod decisions watch',
    'rlctl -e prod decisions watch --bucket read --interval 2s | tee figures',
  ],
  input: (_, flags) => ({
    flags: decisionsFlags(flags),
    intervalMs: durationFlag(flags, 'interval') ?? usualIntervalMs,
  }),
  action: async (context, { flags, intervalMs }) => {
    const { deadline, host, options } = context;
    const environment = await context.environment();
    const isScraped = environment.prometheus === null;
    const question = questionOf(environment, flags, isScraped ? intervalMs : null);
    const source = await context.metricsSource(environment, intervalMs);
    context.progress.step('waiting for the first figures');
    const live = createLiveView(host, options);
    const stopWatching = host.stdout.onGone?.(() => deadline.end(new Error('nobody reads any more')));
    try {
      await refresh(
        context,
        async (last) => {
          const taken = await sample(context, source, question, last);
          if (last?.decisions == null && taken.decisions !== null)
            await assertBucketsKnown({ source, deadline }, environment, question, taken.decisions);
          context.progress.clear();
          await live.show(decisionsSampleView(taken, { environment, source, intervalMs }));
          return taken;
        },
        { intervalMs, waitMs: isScraped ? intervalMs : 0 },
      );
    } catch (error) {
      if (!deadline.interrupted.aborted) throw error;
    } finally {
      stopWatching?.();
      context.progress.clear();
      await live.end();
    }
    return { view: null, exit: 'ok' };
  },
});

import type { Context } from '../../context.js';
import { allBuckets } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { currentStage, gateWindowMs, nextStage, type RolloutState } from '../../domain/rollout/state.js';
import { readGates, type GatesRead } from '../../procedures/rollout/read-gates.js';
import { namespaceOf } from '../decisions/question.js';

const scrapeWaitMs = 2000;

/** Throws a usage error where nothing is configured that the gates could be judged by. */
export async function assertMetrics(context: Context, environment: Environment): Promise<void> {
  namespaceOf(environment);
  await context.metricsSource(environment, scrapeWaitMs);
}

/** Looks at the gates of the stage that a rollout is in. */
export function lookAtGates(
  context: Context,
  environment: Environment,
  state: RolloutState,
  nowMs: number,
): Promise<GatesRead> {
  const ports = {
    source: () => context.metricsSource(environment, scrapeWaitMs),
    deadline: context.deadline,
  };
  return readGates(ports, {
    stage: currentStage(state),
    next: nextStage(state),
    namespace: namespaceOf(environment),
    buckets: allBuckets(environment).map(({ name, names }) => ({ name, spellings: names })),
    workers: environment.workers,
    windowMs: gateWindowMs(state, nowMs),
  });
}

import type { Context } from '../../context.js';
import { allBuckets } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import type { Panic } from '../../domain/panic/panics.js';
import { currentStage, gateWindowMs, nextStage, type RolloutState } from '../../domain/rollout/state.js';
import { readGates, type GatesRead } from '../../procedures/rollout/read-gates.js';
import { namespaceOf } from '../decisions/question.js';
import { openPanics } from '../panic/kept.js';
import { whyWithoutEffect } from './enter.js';

const scrapeWaitMs = 2000;

/** Throws a usage error where nothing is configured that the gates could be judged by. */
export async function assertMetrics(context: Context, environment: Environment): Promise<void> {
  namespaceOf(environment);
  await context.metricsSource(environment, scrapeWaitMs);
}

/** Looks at the gates of the stage that a rollout is in. */
export async function lookAtGates(
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
    doubts: [...(await effectDoubts(context, environment, state)), ...(await panicDoubts(context, environment))],
  });
}

/** What a server does not heed shows in no figures. */
async function effectDoubts(
  context: Context,
  environment: Environment,
  state: RolloutState,
): Promise<readonly string[]> {
  const { shadow, enforce } = currentStage(state);
  const why = shadow.length + enforce.length === 0 ? null : await whyWithoutEffect(context, environment);
  return why === null ? [] : [`${why}: the figures show nothing of what the stage does`];
}

async function panicDoubts(context: Context, environment: Environment): Promise<readonly string[]> {
  try {
    return (await openPanics(context, environment)).map(panicDoubt);
  } catch (error) {
    if (!(error instanceof RlctlError) || context.deadline.interrupted.aborted) throw error;
    return [`whether a panic is open could not be told: ${error.message}`];
  }
}

/** What a panic keeps from being refused says nothing of a stage. */
function panicDoubt({ id, command }: Panic): string {
  return `panic ${id} (${command}) is open: as long as it is, nothing shows what the stage does`;
}

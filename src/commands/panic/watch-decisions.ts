import type { Context } from '../../context.js';
import { allBuckets, bucketNamed } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import type { TouchedBuckets } from '../../domain/panic/blocks.js';
import type { PanicTarget } from '../../domain/panic/target.js';
import { watchBlocks, type BlockWatch } from '../../procedures/panic/watch-blocks.js';
import { namespaceOf } from '../decisions/question.js';

/** What the limiter decides from now on; the wait is outside the deadline. */
export async function watchDecisions(
  context: Context,
  environment: Environment,
  { target, waitMs }: { readonly target: PanicTarget; readonly waitMs: number },
): Promise<BlockWatch> {
  const { clock, deadline, progress } = context;
  deadline.extend(waitMs);
  const source = await context.metricsSource(environment, 0);
  const input = {
    namespace: namespaceOf(environment),
    configured: allBuckets(environment).map(({ name, names }) => ({ name, spellings: names })),
    touched: touchedBy(environment, target),
    workers: environment.workers,
    waitMs,
  };
  progress.step('watching the decisions');
  return watchBlocks({ source, clock, deadline }, input, (text) => progress.step(text));
}

function touchedBy(environment: Environment, target: PanicTarget): TouchedBuckets {
  if (target.kind === 'global') return { names: null, areWhole: true };
  if (target.kind === 'bucket') return { names: [bucketNamed(environment, target.name).name], areWhole: true };
  const bucket = bucketOfRoute(environment, target.route);
  return { names: bucket === null ? null : [bucket], areWhole: false };
}

import type { Context } from '../../context.js';
import { allBuckets, bucketNamed, type BucketNames } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import { parseRoutePrefix } from '../../domain/override/entry.js';
import { addressed } from '../../domain/printed-command.js';
import type { PanicTarget } from '../../domain/panic/target.js';
import { restartSteps } from '../../domain/shadow/restart.js';
import { panicIntent } from '../../procedures/panic/override-intent.js';
import { changeView, planView } from '../../ui/change-view.js';
import { recall } from '../detection.js';
import { makeChange } from '../override/change.js';
import type { PanicMade } from './acted.js';
import type { NamedPanic } from './input.js';
import { panicsOf } from './kept.js';

// The runbook's "route override with shadow: true": what can be done from outside on every server that enforces overrides.

export async function actByOverrides(
  context: Context,
  environment: Environment,
  input: NamedPanic,
): Promise<PanicMade> {
  const { target, id, isSpillAllowed, mutation } = input;
  const { prefixes, others } = routesOf(environment, target);
  const seen = await recall(context, environment);
  const made = await makeChange(context, mutation, () =>
    panicIntent({
      id,
      target,
      prefixes,
      others,
      isForeign: foreignTo(environment, input, others),
      isSpillAllowed,
      ifRevision: mutation.ifRevision,
      remarks: serverRemarks(seen?.readsOverrides ?? null, seen?.enforcesOverrides ?? null),
    }),
  );
  if (made.kind === 'planned') return { planned: planView(made.plan, made.environment) };
  const { result } = made;
  const { written, effect, exit, plan } = result;
  const isChanged = written !== null || (await wasMadeBefore(context, made.environment, id));
  const back = isChanged ? `rlctl panic restore ${id}` : undefined;
  return {
    acted: {
      way: 'overrides',
      environment: made.environment,
      view: changeView(result, made.environment, back),
      exit,
      effect,
      isChanged,
      restore: back ?? null,
      changeId: written?.changeId ?? null,
      routes: plan.intent.routes,
      manualSteps: effect.proof.levelReached === 'enforced' ? [] : platformSteps(made.environment, target),
    },
  };
}

/** Whether a run that was cut off has made this panic's change: then it is open, though nothing was written now. */
async function wasMadeBefore(context: Context, environment: Environment, id: string): Promise<boolean> {
  if (context.changeId === null) return false;
  return (await panicsOf(context, environment)).some((each) => each.id === id && each.restored === null);
}

function routesOf(
  environment: Environment,
  target: PanicTarget,
): { readonly prefixes: readonly string[]; readonly others: readonly BucketNames[] } {
  if (target.kind === 'global') return { prefixes: [], others: [] };
  const all = allBuckets(environment);
  if (target.kind === 'route') {
    const route = parseRoutePrefix(target.route, 'route');
    const own = bucketOfRoute(environment, route);
    return { prefixes: [route], others: all.filter(({ name, routes }) => name !== own && !routes.includes(route)) };
  }
  const bucket = bucketNamed(environment, target.name);
  for (const route of bucket.routes) parseRoutePrefix(route, `buckets.${bucket.name}.routes`);
  if (bucket.routes.length === 0) throw withoutRoutes(bucket);
  const prefixes = [...new Set(bucket.routes)];
  return { prefixes, others: all.filter(({ name }) => name !== bucket.name) };
}

function withoutRoutes({ name }: BucketNames): Error {
  return usageError(
    `the bucket "${name}" has no routes in the configuration, and overrides are the way it is acted by here`,
    'Name the routes: rlctl panic route PREFIX; or let everything pass: rlctl panic global. Set buckets.NAME.routes in rlctl.yaml for the next time.',
    'BUCKET_WITHOUT_ROUTES',
  );
}

/** An entry under a prefix that is another bucket's stays enforced, unless the others are to be taken along. */
function foreignTo(environment: Environment, { isSpillAllowed }: NamedPanic, others: readonly BucketNames[]) {
  const names = new Set(others.map(({ name }) => name));
  return (prefix: string): boolean => !isSpillAllowed && names.has(bucketOfRoute(environment, prefix) ?? '');
}

function serverRemarks(reads: boolean | null, enforces: boolean | null): readonly string[] {
  if (reads === false)
    return ['an earlier reload showed that this server does not read overrides: this will have no effect on it'];
  if (enforces !== false) return [];
  return [
    'an earlier probe showed that this server shows overrides and does not enforce them: "loaded" is all that this can come to, and it goes on blocking',
  ];
}

/** Where no request showed it, the switch of the platform is what is left. */
function platformSteps(environment: Environment, target: PanicTarget): readonly string[] {
  const { killSwitch, address, name } = environment;
  if (target.kind !== 'global') return [];
  if (killSwitch !== null && 'steps' in killSwitch) return killSwitch.steps;
  const prove = addressed('rlctl reload', { ...address, environment: name });
  return restartSteps([{ variable: 'RATE_LIMIT_ENABLED', value: 'false' }], null, prove);
}

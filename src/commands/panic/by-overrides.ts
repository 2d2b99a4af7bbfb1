import type { Context } from '../../context.js';
import { allBuckets, bucketNamed, type BucketNames } from '../../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import { parseRoutePrefix } from '../../domain/override/entry.js';
import type { PanicTarget } from '../../domain/panic/target.js';
import { judgedAnew, withProof } from '../../procedures/effect.js';
import type { ChangeResult } from '../../procedures/override/change.js';
import { panicIntent } from '../../procedures/panic/override-intent.js';
import { changeView, planView } from '../../ui/change-view.js';
import { recall } from '../detection.js';
import { makeChange } from '../override/change.js';
import type { PanicMade } from './acted.js';
import type { NamedPanic } from './input.js';
import { keepFound } from './kept.js';
import { platformSteps } from './platform-steps.js';

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
  const { written, plan } = result;
  const found = plan.intent.terms?.().found ?? plan.intent.routes;
  const panic =
    written === null
      ? await keepFound(context, made.environment, input, { way: 'overrides', flags: [], found })
      : { id, isNew: true };
  const back = panic === null ? undefined : `rlctl panic restore ${panic.id}`;
  const isHollow = seen?.enforcesOverrides === false && mutation.effect.require !== 'loaded';
  const told = isHollow ? hollow(result) : result;
  const shown = { view: changeView(result, made.environment, back), exit: result.exit };
  return {
    acted: {
      way: 'overrides',
      environment: made.environment,
      view: changeView(told, made.environment, back),
      exit: told.exit,
      effect: told.effect,
      ...(isHollow ? { shown } : {}),
      panicId: panic?.id ?? null,
      isNew: panic?.isNew ?? false,
      isFound: written === null && panic?.isNew === true,
      restore: back ?? null,
      changeId: written?.changeId ?? null,
      routes: plan.intent.routes,
      manualSteps: result.effect.proof.levelReached === 'enforced' ? [] : platformSteps(made.environment, target),
    },
  };
}

/** What a server shows and is known not to enforce lets nothing through: that it is loaded is no proof of a panic. */
function hollow(result: ChangeResult): ChangeResult {
  const { effect } = result;
  if (effect.proof.verdict !== 'proven' || effect.proof.levelReached !== 'loaded') return result;
  const diagnosis =
    'the server shows it, and was seen to enforce no override before: nothing shows that requests are let through';
  const verdict = { verdict: 'notProven', trap: 'overridesNotEnforced', levelAsked: 'enforced' } as const;
  const proof = { ...effect.proof, ...verdict, diagnosis };
  return { ...result, effect: withProof(effect, proof), steps: judgedAnew(result.steps, proof), exit: 'unproven' };
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
    'this server was seen to show overrides and not to enforce them: "loaded" is all that this can come to, and it goes on blocking',
  ];
}

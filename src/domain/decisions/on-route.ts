import { bucketsUnder } from '../config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../config/environment.js';
import { blockedText, isSome } from './blocked.js';
import type { Decisions } from './decisions.js';

/** A bucket that guards something under a route. */
export interface GuardingBucket {
  readonly name: string;
  /** True where all its configured routes lie under the route, so that its figures tell of nothing else. */
  readonly isWhole: boolean;
}

/** The buckets that guard a route or something under it, the route's own first; empty: the configuration names none. */
export function guardingBuckets(
  environment: Pick<Environment, 'buckets'>,
  route: string,
): readonly [] | readonly [GuardingBucket, ...GuardingBucket[]] {
  const under = bucketsUnder(environment, route).map(({ name, routes }) => ({
    name,
    isWhole: routes.length === environment.buckets.get(name)?.routes.length,
  }));
  const own = bucketOfRoute(environment, route);
  const [first, ...others] =
    own === null || under.some(({ name }) => name === own) ? under : [{ name: own, isWhole: false }, ...under];
  return first === undefined ? [] : [first, ...others];
}

/** What figures by bucket tell of one route. */
export interface DecisionsOnRoute {
  readonly route: string;
  readonly buckets: readonly string[];
  /** Whether somebody was refused there; `null`: it cannot be told. */
  readonly isRefused: boolean | null;
  /** The same in a sentence. */
  readonly text: string;
}

/** Tells it where no bucket of the route blocked anybody, or one did that guards nothing else. */
export function decisionsOnRoute(
  decisions: Pick<Decisions, 'buckets'>,
  route: string,
  guarding: readonly GuardingBucket[],
): DecisionsOnRoute {
  const names = guarding.map(({ name }) => name);
  const own = decisions.buckets.filter(({ bucket }) => names.includes(bucket));
  const said = (isRefused: boolean | null, text: string): DecisionsOnRoute => ({
    route,
    buckets: names,
    isRefused,
    text,
  });
  if (!own.some(({ total }) => isSome(total))) return said(null, 'no request was counted, which shows nothing');
  const blocked = own.map(({ bucket, blocked: { count } }) => ({ bucket, blocked: count }));
  const whole = new Set(guarding.filter(({ isWhole }) => isWhole).map(({ name }) => name));
  const surely = blockedText(blocked.filter(({ bucket }) => whole.has(bucket)));
  if (surely !== '') return said(true, `refused: ${surely}, and all routes of such a bucket lie under ${route}`);
  const maybe = blockedText(blocked);
  if (maybe !== '') return said(null, `refused: ${maybe}; of which routes, the metrics do not tell`);
  return said(false, `nobody was refused in ${names.join(', ')}`);
}

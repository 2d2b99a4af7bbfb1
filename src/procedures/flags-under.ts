import { allBuckets } from '../domain/config/bucket-names.js';
import type { Environment } from '../domain/config/environment.js';
import { partOf, valueOf } from '../domain/part.js';
import { bucketsToAsk, type UnderRoute } from '../domain/policy/under-route.js';
import type { EffectPorts } from './effect.js';
import { askFlags, type FlagQuestion } from './shadow/ask-flags.js';

/** Whether each bucket is in shadow by its flag, by name; `null`: the server does not tell. */
export type FlagsSaid = ReadonlyMap<string, boolean | null>;

/**
 * Asks for the flags of the other buckets that guard something under a route of the bucket `own`. Changes nothing; asks
 * nothing where there is no such bucket, and what does not answer does not tell.
 */
export async function flagsUnder(
  ports: Pick<EffectPorts, 'controlPlane' | 'deadline'>,
  environment: Pick<Environment, 'buckets'>,
  place: Pick<FlagQuestion, 'target' | 'basePaths' | 'route'>,
  { under, own }: { readonly under: UnderRoute; readonly own: string },
): Promise<FlagsSaid> {
  const wanted = bucketsToAsk(under, own);
  if (wanted.length === 0) return new Map();
  const buckets = allBuckets(environment).filter(({ name }) => wanted.includes(name));
  const said = valueOf(await partOf(() => askFlags(ports, { ...place, buckets })));
  const { interrupted } = ports.deadline;
  if (interrupted.aborted) throw interrupted.reason;
  return new Map((said?.flags ?? []).map(({ bucket, policy }) => [bucket, policy?.isShadow ?? null]));
}

/** What several servers say together: a bucket is in shadow where all of them say so, and is not where any says no. */
export function worstFlags(all: readonly FlagsSaid[]): FlagsSaid {
  const names = new Set(all.flatMap((flags) => [...flags.keys()]));
  return new Map(
    [...names].map((name) => {
      const said = new Set(all.map((flags) => flags.get(name) ?? null));
      return [name, said.has(false) ? false : said.has(null) ? null : true];
    }),
  );
}

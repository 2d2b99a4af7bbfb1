import { createHash } from 'node:crypto';
import type { Policy, PolicyAnswer } from '../control-plane.js';
import { counted } from '../counted.js';
import type { LoadedOverrides } from '../policy/matching.js';
import { compareAnswer, expectationOf } from '../proof/expectation.js';
import { listFault } from '../proof/judge-count.js';

/** What one instance, or whoever answered for it, said on one connection. */
export interface Observation {
  readonly basePath: string;
  /** X-Site-Mode; `null`: not sent. */
  readonly siteMode: string | null;
  /** The policy of each bucket without any override, by rlctl's name for the bucket; `null`: the server knows none such. */
  readonly buckets: ReadonlyMap<string, PolicyAnswer | null>;
  /** The policy shown for each prefix that was looked at, in the order asked. */
  readonly answers: readonly { readonly prefix: string; readonly answer: PolicyAnswer }[];
  /** Reloads that it has counted; `null`: not known. */
  readonly reloads: number | null;
  /** The gauge of its metrics; `null`: not known. */
  readonly activeOverrides: number | null;
}

/** What is kept of an observation: lists of a large document, a thousand times over, would be too much. */
export interface Reading {
  /** The same for two observations exactly where they said the same. */
  readonly digest: string;
  /** What is not as stored, in words; empty: nothing that was looked at, or what is stored is not known. */
  readonly faults: readonly string[];
  /** `null`: it does not tell. */
  readonly overrides: number | null;
  readonly reloads: number | null;
  /** Buckets that only observe. */
  readonly shadows: readonly string[];
  readonly basePath: string;
  readonly siteMode: string | null;
  /** Some of the prefixes that it says it holds, kept where what is stored is not known; `null`: it lists none. */
  readonly listed: readonly string[] | null;
}

/** Prefixes kept of a list. */
const mostListed = 16;

/** What an observation comes to; `loaded`: what the stored document means, `null`: not known. */
export function readingOf(seen: Observation, loaded: LoadedOverrides | null): Reading {
  return {
    digest: digestOf(seen),
    faults: loaded === null ? [] : faultsOf(seen, loaded),
    overrides: overridesOf(seen),
    reloads: seen.reloads,
    shadows: shadowsOf(seen),
    basePath: seen.basePath,
    siteMode: seen.siteMode,
    listed: loaded === null ? (listOf(seen)?.slice(0, mostListed) ?? null) : null,
  };
}

/** The overrides it holds, by its own list or its metrics; `null`: it tells neither. */
function overridesOf({ answers, buckets, activeOverrides }: Observation): number | null {
  return listOf({ answers, buckets })?.length ?? activeOverrides;
}

/** The list of active prefixes where the server gives one. */
function listOf({ answers, buckets }: Pick<Observation, 'answers' | 'buckets'>): readonly string[] | undefined {
  const all = [...answers.map(({ answer }) => answer), ...[...buckets.values()].filter((each) => each !== null)];
  return all.find(({ activeOverrides }) => activeOverrides !== undefined)?.activeOverrides;
}

/** The buckets that only observe, in the order asked. */
function shadowsOf({ buckets }: Observation): readonly string[] {
  return [...buckets].filter(([, policy]) => policy?.isShadow === true).map(([name]) => name);
}

/**
 * Twelve hex digits that are the same for two instances exactly where they said the same about every bucket and every
 * prefix that was looked at. What is only counted is no part of it.
 */
function digestOf(seen: Observation): string {
  const policyOf = (policy: PolicyAnswer | null) =>
    policy === null
      ? null
      : [
          policy.bucket,
          policy.ratePerMin,
          policy.burst,
          policy.windowSeconds,
          policy.isShadow,
          policy.matchedOverride ?? null,
        ];
  const said = {
    buckets: [...seen.buckets].map(([name, policy]) => [name, policyOf(policy)]),
    answers: seen.answers.map(({ prefix, answer }) => [prefix, policyOf(answer)]),
    list: listOf(seen) ?? null,
  };
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 12);
}

/** In how far it does not hold what the document says, in words; empty: nothing that was looked at differs. */
function faultsOf(seen: Observation, loaded: LoadedOverrides): readonly string[] {
  const bases = basesOf(seen);
  const policies = seen.answers.flatMap(({ prefix, answer }) => {
    const compared = compareAnswer(expectationOf(loaded, prefix), answer, bases.get(answer.bucket) ?? null, loaded);
    const name = `${prefix === '' ? '""' : prefix} (bucket ${answer.bucket})`;
    return compared.kind === 'differs' ? [`${name}: ${compared.differences}`] : [];
  });
  const list = listOf(seen);
  const listed = list === undefined ? null : listFault(loaded, list);
  const held = list === undefined ? countFault(seen.activeOverrides, loaded) : null;
  return [...policies, ...[listed, held].filter((each) => each !== null)];
}

/** An override that matches even the route that none should match is no base. */
function basesOf({ buckets }: Observation): ReadonlyMap<string, Policy> {
  const known = [...buckets.values()].filter((each) => each !== null && (each.matchedOverride ?? null) === null);
  return new Map(known.flatMap((each) => (each === null ? [] : [[each.bucket, each] as const])));
}

function countFault(held: number | null, { usableCount, objectCount }: LoadedOverrides): string | null {
  if (held === null || (held >= usableCount && held <= objectCount)) return null;
  return `it counts ${counted(held, 'override')}, and ${objectCount} ${objectCount === 1 ? 'is' : 'are'} stored`;
}

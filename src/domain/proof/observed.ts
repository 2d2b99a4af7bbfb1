import type { PolicyAnswer, ProbeAnswer } from '../control-plane.js';
import type { MetricObservations } from './metric-observations.js';
import type { Observations, PrefixReads } from './observations.js';

/** One answer, and how often it came. */
export type CountedAnswer = Omit<PolicyAnswer, 'matchedOverride' | 'activeOverrides'> & {
  readonly times: number;
  /** `null`: none matched. Absent: the server does not say. */
  readonly matchedOverride?: string | null;
};

/** All that a proof has seen, for programs: the same answers counted together. */
export interface Observed {
  /** The answers of the reloads. */
  readonly reloads: readonly { readonly overridesCount: number | null; readonly times: number }[];
  /** The reads, by route and address. */
  readonly policies: readonly {
    readonly route: string;
    readonly source: string;
    readonly wanted: number;
    readonly answers: readonly CountedAnswer[];
  }[];
  readonly probes: readonly {
    readonly url: string;
    readonly method: string;
    readonly answer: ProbeAnswer | null;
    readonly failure: string | null;
  }[];
  /** `null`: no metrics were asked. */
  readonly metrics: Pick<MetricObservations, 'source' | 'instances' | 'failure'> | null;
}

/** The observations in the form that is shown. */
export function observedOf({ reports, changed, sample, probes, metrics }: Observations): Observed {
  const reloads = grouped(reports.map(({ overridesCount }) => ({ overridesCount })));
  return {
    reloads,
    policies: [...changed, ...sample].map(policyOf),
    probes: probes.map(({ url, method, answer, failure }) => ({ url, method: method ?? 'GET', answer, failure })),
    metrics: metrics ? { source: metrics.source, instances: metrics.instances, failure: metrics.failure } : null,
  };
}

function policyOf({ prefix, source, wanted, answers }: PrefixReads): Observed['policies'][number] {
  const shown = answers.map(({ bucket, ratePerMin, burst, windowSeconds, isShadow, matchedOverride }) => ({
    bucket,
    ratePerMin,
    burst,
    windowSeconds,
    isShadow,
    ...(matchedOverride === undefined ? {} : { matchedOverride }),
  }));
  return { route: prefix, source, wanted, answers: grouped(shown) };
}

function grouped<Item extends object>(items: readonly Item[]): readonly (Item & { readonly times: number })[] {
  const groups = new Map<string, Item & { times: number }>();
  for (const item of items) {
    const key = JSON.stringify(item);
    const group = groups.get(key) ?? { ...item, times: 0 };
    group.times += 1;
    groups.set(key, group);
  }
  return [...groups.values()];
}

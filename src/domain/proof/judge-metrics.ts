import { counted } from '../counted.js';
import { countReturns } from '../decisions/alternation.js';
import { quoteOutside } from '../outside-text.js';
import type { LoadedOverrides } from '../policy/matching.js';
import type { CountStanding } from './judge-count.js';
import type { InstanceConfiguration, MetricObservations, MetricSample, ReloadSpan } from './metric-observations.js';
import type { Evidence, MetricLabels } from './proof.js';

type Line = Pick<Evidence, 'verdict' | 'text'>;

/** The gauge of one process held against what is stored. */
export interface InstanceStanding {
  readonly name: string;
  /** `unsaid`: it shows no value that is newer than what is to be proven. */
  readonly standings: readonly CountStanding[];
  /** The values that count, each once. */
  readonly values: readonly number[];
  /** The newest sample of all; `null`: there is none. */
  readonly newestMs: number | null;
}

/** How the active overrides of every process stand to what is stored. */
export function standingsOf(metrics: MetricObservations, loaded: LoadedOverrides): readonly InstanceStanding[] {
  return metrics.instances.map((instance) => {
    const values = [...new Set(relevant(instance, metrics).map(({ value }) => value))];
    return {
      name: instance.name,
      values,
      standings: values.length === 0 ? ['unsaid'] : values.map((value) => standingOfCount(value, loaded)),
      newestMs: instance.activeOverrides.at(-1)?.atMs ?? null,
    };
  });
}

function standingOfCount(value: number, { usableCount, objectCount }: LoadedOverrides): CountStanding {
  if (value > objectCount) return 'more';
  if (value >= usableCount) return 'explained';
  return value === 0 ? 'none' : 'fewer';
}

/** Only the newest value counts; where processes take turns under one name, each of theirs. */
function relevant(
  { activeOverrides }: InstanceConfiguration,
  { sinceMs }: MetricObservations,
): readonly MetricSample[] {
  const fresh = activeOverrides.filter(({ atMs }) => sinceMs === null || atMs >= sinceMs);
  const newestMs = fresh.at(-1)?.atMs;
  const isTakingTurns = countReturns(fresh.map(({ value }) => value)) > 0;
  return isTakingTurns ? fresh : fresh.filter(({ atMs }) => atMs === newestMs);
}

/** True where a later look may show more: a source that is asked now and then has not been since. */
export function isMetricPending(metrics: MetricObservations, loaded: LoadedOverrides): boolean {
  if (metrics.isScraped || metrics.failure !== null) return false;
  return standingsOf(metrics, loaded).some(({ standings }) => standings.includes('unsaid'));
}

/** What the metrics show: the active overrides of every process, and whether the reload was counted. */
export function judgeMetrics(metrics: MetricObservations | null | undefined, loaded: LoadedOverrides): Evidence[] {
  if (!metrics) return [];
  const line = { subject: 'metrics', source: quoteOutside(metrics.source, 120), route: null } as const;
  if (metrics.failure !== null) return [{ ...line, verdict: 'neutral', text: metrics.failure }];
  // Where no scrape has come since, one line says it.
  const reloads = isMetricPending(metrics, loaded) ? [] : reloadLines(metrics);
  return [...activeLines(metrics, loaded), ...reloads].map((each) => ({ ...line, ...each }));
}

function activeLines(metrics: MetricObservations, loaded: LoadedOverrides): Line[] {
  const all = standingsOf(metrics, loaded);
  if (all.length === 0) return [{ verdict: 'neutral', text: 'no process shows its number of active overrides' }];
  const wrong = all.filter(({ standings }) => standings.some((each) => each !== 'explained' && each !== 'unsaid'));
  const right = all.filter(({ standings }) => standings.every((each) => each === 'explained'));
  const unseen = all.filter(({ standings }) => standings.includes('unsaid'));
  return [
    ...wrong.map((each): Line => ({ verdict: 'contradicted', text: wrongText(each, loaded, metrics) })),
    ...(right.length === 0 ? [] : [rightLine(right, all.length, metrics)]),
    ...(unseen.length === 0 ? [] : [{ verdict: 'neutral', text: unseenText(unseen, metrics) } as const]),
  ];
}

function rightLine(right: readonly InstanceStanding[], of: number, { isScraped }: MetricObservations): Line {
  const values = [...new Set(right.flatMap((each) => each.values))];
  const [only] = values;
  const held =
    values.length === 1 && only !== undefined
      ? counted(only, 'active override')
      : `${values.join(' or ')} active overrides`;
  const who =
    of > 1
      ? right.length === of
        ? `each of ${of} ${peers(isScraped)} shows`
        : `${right.length} of ${of} ${peers(isScraped)} show`
      : isScraped
        ? 'the one process seen shows'
        : 'the one instance shows';
  return { verdict: 'proven', text: `${who} ${held}, as Redis explains` };
}

/** What is told apart: by a scrape its answers, by Prometheus its targets. */
function peers(isScraped: boolean): string {
  return isScraped ? 'processes that scrapes met' : 'instances';
}

function wrongText(
  { name, values }: InstanceStanding,
  { objectCount }: LoadedOverrides,
  { isScraped }: MetricObservations,
): string {
  const other = isScraped ? '' : ' (unless it belongs to another environment: then set prometheus.labels)';
  const shown = values.map((value) => counted(value, 'active override')).join(' and then ');
  return `${quoteOutside(name)} shows ${shown}, where Redis explains ${objectCount}${other}`;
}

function unseenText(unseen: readonly InstanceStanding[], { sinceMs }: MetricObservations): string {
  const newest = Math.max(...unseen.map(({ newestMs }) => newestMs ?? 0));
  const ageMs = sinceMs === null || newest === 0 ? 0 : sinceMs - newest;
  const age = ageMs > 0 ? `: its newest sample is ${Math.ceil(ageMs / 1000)} s older than what is to be proven` : '';
  const who = unseen.length === 1 ? quoteOutside(unseen[0]?.name ?? '') : `${unseen.length} instances`;
  return `not seen yet at ${who}${age}`;
}

function reloadLines(metrics: MetricObservations): Line[] {
  const { reload, instances, isScraped } = metrics;
  const counting = instances.filter(({ reloads }) => reloads.length > 0);
  if (reload === null || counting.length === 0) return [];
  const moved = counting.filter((instance) => hasMoved(instance, reload));
  if (moved.length > 0) {
    const who = counting.length === 1 ? '' : ` at ${moved.length} of ${counting.length} ${peers(isScraped)}`;
    // A reload reaches one process: that it moved at one says nothing of the others.
    const verdict = moved.length === counting.length ? 'proven' : 'neutral';
    return [{ verdict, text: `the counter of reloads moved${who}` }];
  }
  const isSeen = counting.every(({ reloads }) => (reloads.at(-1)?.atMs ?? 0) >= reload.doneMs);
  const hasBefore = counting.every(({ reloads }) => (reloads[0]?.atMs ?? Infinity) < reload.sentMs);
  if (!isSeen) return [{ verdict: 'neutral', text: 'the reload is not seen yet in the counter of reloads' }];
  if (!hasBefore) return [];
  const text = `the counter of reloads did not move${isScraped ? ' at the processes that showed it' : ''}`;
  return [{ verdict: 'neutral', text }];
}

/** A counter that stands higher after the reload was sent than before, or began anew and counted already. */
function hasMoved({ reloads }: InstanceConfiguration, { sentMs }: ReloadSpan): boolean {
  const before = reloads.findLast(({ atMs }) => atMs < sentMs)?.value;
  const after = reloads.filter(({ atMs }) => atMs >= sentMs).map(({ value }) => value);
  if (before === undefined) return false;
  return after.some((value) => value > before || (value < before && value > 0));
}

/** The spelling that the labels show; `null`: both, or none that tells. */
export function metricLabelsOf(spellings: MetricObservations['spellings']): MetricLabels | null {
  const isDeployed = spellings.some(
    ({ action, shadow }) => /^(?:allow|block|shadow_block)$/.test(action) || /^(?:True|False)$/.test(shadow),
  );
  const isDocumented = spellings.some(
    ({ action, shadow }) => /^(?:allowed|blocked)$/.test(action) || /^(?:true|false)$/.test(shadow),
  );
  return isDeployed === isDocumented ? null : isDeployed ? 'deployed' : 'documented';
}

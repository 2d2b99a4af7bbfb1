import type { ActionFigures, BucketDecisions, CoursePoint, Decisions } from './decisions.js';
import { actionOf, seededBucket, type DecisionAction } from './labels.js';
import { quantileOf, type Quantile } from './quantile.js';
import { withFigures, type EdgeCount, type LabelledNumber, type WindowReadings } from './readings.js';
import { remarksOn, type Expectation } from './remarks.js';

/**
 * What readings mean: both spellings of the labels folded into one, the seeded bucket left out, shares and quantiles
 * computed. A figure without data is `null`, never 0. A bucket that was expected and has no series is listed without data.
 */
export function summarise(readings: WindowReadings, expected: Expectation): Decisions {
  const real = withFigures(readings, (figures) =>
    figures.filter(({ bucket }) => bucket !== '' && bucket !== seededBucket),
  );
  const buckets = bucketNames(real, expected).map((bucket) => bucketDecisions(bucket, real));
  const counts = real.activeOverrides.filter((each) => Number.isFinite(each));
  return {
    endMs: real.endMs,
    windowMs: real.windowMs,
    stepMs: real.stepMs,
    pointMs: real.pointMs,
    buckets,
    reloads: real.reloads,
    activeOverrides: counts.length === 0 ? null : { least: Math.min(...counts), most: Math.max(...counts) },
    newestMs: real.newestMs,
    remarks: remarksOn(real, buckets, expected),
  };
}

function bucketNames(readings: WindowReadings, { buckets }: Expectation): readonly string[] {
  const { decisions, firstSeen, retryAfter, evalDuration, evalErrors } = readings;
  const names = new Set([decisions, firstSeen, retryAfter, evalDuration, evalErrors].flat().map((each) => each.bucket));
  for (const { name, spellings } of buckets) if (!spellings.some((each) => names.has(each))) names.add(name);
  return [...names].sort();
}

function bucketDecisions(bucket: string, readings: WindowReadings): BucketDecisions {
  const own = readings.decisions.filter((each) => each.bucket === bucket);
  const counts = byAction(own);
  const total = sum([...counts.values()]);
  const figures = (action: DecisionAction): ActionFigures => {
    const count = counts.get(action) ?? null;
    const share = count === null || total === null || total === 0 ? null : count / total;
    return { count, perSecond: count === null ? null : count / (readings.windowMs / 1000), share };
  };
  const retry = quantiles(readings.retryAfter, bucket);
  return {
    bucket,
    aliases: [],
    allowed: figures('allow'),
    blocked: figures('block'),
    shadowBlocked: figures('shadowBlock'),
    total,
    retryAfter: { p50: retry(0.5), p95: retry(0.95), p99: retry(0.99) },
    evalErrors: sum(readings.evalErrors.filter((each) => each.bucket === bucket).map(({ value }) => value)),
    evalP95: quantiles(readings.evalDuration, bucket)(0.95),
    course: courseOf(bucket, readings),
  };
}

function quantiles(counts: readonly EdgeCount[], bucket: string): (q: number) => Quantile | null {
  const edges = counts.filter((each) => each.bucket === bucket);
  return (q) => quantileOf(q, edges);
}

function courseOf(bucket: string, { points }: WindowReadings): readonly CoursePoint[] {
  const course = points.map(({ atMs, perSecond }) => {
    const rates = byAction(perSecond.filter((each) => each.bucket === bucket));
    const [allowed = null, blocked = null] = [rates.get('allow'), rates.get('block')];
    return { atMs, allowed, blocked, shadowBlocked: rates.get('shadowBlock') ?? null };
  });
  const hasData = course.some((each) => [each.allowed, each.blocked, each.shadowBlocked].some((n) => n !== null));
  return hasData ? course : [];
}

/** Sums by meaning; an action without any series is absent, one with a series that is no number is `null`. */
function byAction(numbers: readonly LabelledNumber[]): ReadonlyMap<DecisionAction, number | null> {
  const known = numbers.flatMap(({ action, shadow, value }) => {
    const meaning = actionOf(action, shadow);
    return meaning === null ? [] : [{ meaning, value }];
  });
  const meanings = new Set(known.map(({ meaning }) => meaning));
  return new Map(
    [...meanings].map((meaning) => [
      meaning,
      sum(known.filter((each) => each.meaning === meaning).map(({ value }) => value)),
    ]),
  );
}

/** The sum; `null` where there is nothing to add or something of it is no data: a partial sum would pass for the whole. */
function sum(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null;
  return values.reduce<number | null>((total, value) => (total === null || value === null ? null : total + value), 0);
}

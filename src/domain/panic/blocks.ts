import { counted } from '../counted.js';
import type { BucketDecisions, Decisions } from '../decisions/decisions.js';
import { quoteOutside } from '../outside-text.js';
import { countText } from '../quantities.js';

/**
 * What decisions say of a panic. `proven`: none was blocked, and requests over their limit passed in shadow. `agrees`: none
 * was blocked, and none was over its limit, which shows nothing of the panic. `noData`: nothing was counted, which is not 0.
 */
export type BlocksVerdict = 'proven' | 'agrees' | 'contradicted' | 'noData';

/** One bucket since the panic was in force; `null`: no data. */
export interface BucketBlocks {
  readonly bucket: string;
  readonly allowed: number | null;
  readonly blocked: number | null;
  readonly shadowBlocked: number | null;
  /** Some of its figures may be those of a process that went unseen, so that nothing is proven by them. */
  readonly verdict: BlocksVerdict;
}

/** What decisions say of all buckets that a panic touched. */
export interface BlocksJudgement {
  readonly verdict: BlocksVerdict;
  /** One sentence. */
  readonly text: string;
  readonly buckets: readonly BucketBlocks[];
}

/**
 * Judges a window that lies wholly after a panic took hold. `touched`: the buckets it is about, by the one name of each;
 * `null`: all that there are. A block of any of them contradicts it.
 */
export function judgeBlocks(decisions: Decisions, touched: readonly string[] | null): BlocksJudgement {
  const buckets = decisions.buckets
    .filter(({ bucket }) => touched === null || touched.includes(bucket))
    .map((each) => ({ ...figuresOf(each), verdict: verdictOf(each) }));
  const verdict = overall(buckets.map((each) => each.verdict));
  const doubt = decisions.remarks.find(({ code }) => code === 'ONE_OF_SEVERAL_WORKERS' || code === 'STALE');
  if (doubt !== undefined && verdict !== 'contradicted')
    return { verdict: verdict === 'proven' ? 'agrees' : verdict, text: `${textOf(verdict, buckets)}; ${doubt.text}`, buckets };
  return { verdict, text: textOf(verdict, buckets), buckets };
}

function figuresOf({ bucket, allowed, blocked, shadowBlocked, total }: BucketDecisions): Omit<BucketBlocks, 'verdict'> {
  // An action without a series is one that never happened, where others of the bucket were counted.
  const count = (value: number | null): number | null => (total === null ? null : (value ?? 0));
  return {
    bucket,
    allowed: count(allowed.count),
    blocked: count(blocked.count),
    shadowBlocked: count(shadowBlocked.count),
  };
}

function verdictOf({ blocked, shadowBlocked, total }: BucketDecisions): BlocksVerdict {
  if (isSome(blocked.count)) return 'contradicted';
  if (total === null || !isSome(total)) return 'noData';
  return isSome(shadowBlocked.count) ? 'proven' : 'agrees';
}

/** Counts are extrapolated: what is far from one request is none. */
function isSome(count: number | null): boolean {
  return count !== null && count >= 0.5;
}

/** Blocks of one bucket contradict; shadow blocks of one prove, while no other lacks data that it should have. */
function overall(verdicts: readonly BlocksVerdict[]): BlocksVerdict {
  for (const each of ['contradicted', 'proven', 'agrees'] as const) if (verdicts.includes(each)) return each;
  return 'noData';
}

function textOf(verdict: BlocksVerdict, buckets: readonly BucketBlocks[]): string {
  const sum = (of: (bucket: BucketBlocks) => number | null): string =>
    countText(buckets.reduce((total, each) => total + (of(each) ?? 0), 0));
  switch (verdict) {
    case 'contradicted': {
      const still = buckets.filter((each) => each.verdict === 'contradicted');
      return `still blocked: ${still.map(({ bucket, blocked }) => `${quoteOutside(bucket, 30)} ${countText(blocked ?? 0)}`).join(', ')}`;
    }
    case 'proven':
      return `none blocked, ${sum((each) => each.shadowBlocked)} over their limit passed in shadow, ${sum((each) => each.allowed)} allowed`;
    case 'agrees':
      return `none blocked of ${sum((each) => each.allowed)}, but none was over its limit either: that shows nothing of the change`;
    case 'noData':
      return `no decision was counted for ${counted(buckets.length, 'bucket')}: no data, which is no proof`;
  }
}

import { counted } from '../counted.js';
import { blockedText, isSome } from '../decisions/blocked.js';
import type { BucketDecisions, Decisions } from '../decisions/decisions.js';
import { quoteOutside } from '../outside-text.js';
import { countText } from '../quantities.js';

/**
 * What decisions say of a panic. `proven`: none was blocked, and requests over their limit passed in shadow; of several
 * buckets the text names those in which nothing was counted.
 * `inconclusive`: nothing speaks against it, and nothing shows it. `noData`: nothing was counted, which is not 0.
 */
export type BlocksVerdict = 'proven' | 'inconclusive' | 'contradicted' | 'noData';

/** Which buckets a panic is about. */
export interface TouchedBuckets {
  /** By the one name of each; `null`: all that there are. */
  readonly names: readonly string[] | null;
  /** False: other routes of the buckets go on being enforced, and the metrics do not tell routes apart. */
  readonly areWhole: boolean;
}

/** One bucket since the panic was in force; `null`: no data. */
export interface BucketBlocks {
  readonly bucket: string;
  readonly allowed: number | null;
  readonly blocked: number | null;
  readonly shadowBlocked: number | null;
}

/** What decisions say of all buckets that a panic touched. */
export interface BlocksJudgement {
  readonly verdict: BlocksVerdict;
  /** One sentence. */
  readonly text: string;
  readonly buckets: readonly BucketBlocks[];
  /** True of a proof that rests on few requests, which its text says; of no other verdict. */
  readonly isThin: boolean;
}

/**
 * Requests over their limit that make a proof: were every second process still blocking, ten would all have met the others
 * but once in a thousand times.
 */
const enough = 10;

/** Judges a window that lies wholly after a panic took hold. */
export function judgeBlocks(decisions: Decisions, { names, areWhole }: TouchedBuckets): BlocksJudgement {
  const own = decisions.buckets.filter(({ bucket }) => names === null || names.includes(bucket));
  const buckets = own.map(blocksOf);
  const sums = {
    allowed: sum(buckets, 'allowed'),
    blocked: sum(buckets, 'blocked'),
    shadowBlocked: sum(buckets, 'shadowBlocked'),
  };
  const judged = (verdict: BlocksVerdict, text: string): BlocksJudgement => ({ verdict, text, buckets, isThin: false });
  if (!own.some(({ total }) => isSome(total)))
    return judged('noData', 'no decision was counted: no data, which is no proof');
  if (isSome(sums.blocked))
    return areWhole
      ? judged('contradicted', `still blocked: ${blockedText(buckets)}`)
      : judged('inconclusive', `blocked: ${blockedText(buckets)}; of which routes, the metrics do not tell`);
  if (!isSome(sums.shadowBlocked))
    return judged(
      'inconclusive',
      `none of ${countText(sums.allowed)} was blocked, and none was over its limit, which shows nothing`,
    );
  const shown = `none blocked, ${countText(sums.shadowBlocked)} over their limit passed in shadow, ${countText(sums.allowed)} allowed${unseenText(own)}`;
  const doubt = decisions.remarks.find(({ code }) => code === 'ONE_OF_SEVERAL_WORKERS' || code === 'STALE');
  if (doubt !== undefined) return judged('inconclusive', `${shown}; but ${doubt.text}`);
  const isThin = Math.round(sums.shadowBlocked) < enough;
  return { ...judged('proven', isThin ? `${shown}; ${thinText(sums.shadowBlocked)}` : shown), isThin };
}

/** An action without a series never happened, where others of the bucket were counted. */
function blocksOf({ bucket, allowed, blocked, shadowBlocked, total }: BucketDecisions): BucketBlocks {
  const count = (value: number | null): number | null => (total === null ? null : (value ?? 0));
  return {
    bucket,
    allowed: count(allowed.count),
    blocked: count(blocked.count),
    shadowBlocked: count(shadowBlocked.count),
  };
}

function sum(buckets: readonly BucketBlocks[], field: 'allowed' | 'blocked' | 'shadowBlocked'): number {
  return buckets.reduce((total, each) => total + (each[field] ?? 0), 0);
}

function thinText(count: number): string {
  return `this rests on ${counted(Math.round(count), 'request')} over the limit, which is little`;
}

/** Of several buckets the others' decisions show it, and nothing of one in which none was counted. */
function unseenText(own: readonly BucketDecisions[]): string {
  const unseen = own.filter(({ total }) => !isSome(total)).map(({ bucket }) => quoteOutside(bucket, 30));
  return unseen.length === 0 ? '' : `; of ${unseen.join(', ')} no decision was counted, which is no proof of it`;
}

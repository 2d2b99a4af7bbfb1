import { blockShareAlert, blockShareThreshold } from '../domain/decisions/alerts.js';
import type { BucketDecisions } from '../domain/decisions/decisions.js';
import { readDecisions, type DecisionsPorts, type SoughtBucket } from './decisions.js';

/** A bucket's share of blocked requests, against the alert's threshold. */
export interface BlockShare {
  readonly bucket: string;
  /** 0…1; `null`: no data, which is not zero. */
  readonly share: number | null;
  /** The share above which the alert fires, 0…1. */
  readonly threshold: number;
}

/** What the limiter's metrics tell of it. */
export interface TrafficFacts {
  /** Where the figures come from, for people: `Prometheus at https://…`. */
  readonly source: string;
  /** Every bucket that was sought, then every other that has decisions. */
  readonly blockShares: readonly BlockShare[];
  /** The period they are about, seconds. */
  readonly periodSeconds: number;
  /** When a reload was counted last, epoch milliseconds; `null`: not seen. */
  readonly lastReloadMs: number | null;
}

export interface TrafficInput {
  readonly namespace: string;
  /** Buckets there should be, listed even where they have no series. */
  readonly buckets: readonly SoughtBucket[];
  /** Processes behind the address; `null`: not known. */
  readonly workers: number | null;
  /** The time between two scrapes, milliseconds, where the source has no memory; one that has is asked for the alert's window. */
  readonly waitMs: number;
}

/** Block shares over the alert's window, and the last reload. Changes nothing; throws what the source throws. */
export async function readTraffic(ports: DecisionsPorts, input: TrafficInput): Promise<TrafficFacts> {
  const { namespace, buckets: configured, workers, waitMs } = input;
  const { source, deadline } = ports;
  const windowMs = source.isScraped ? waitMs : blockShareAlert.windowMs;
  const question = { namespace, only: [], configured, windowMs, stepMs: windowMs, workers };
  const [decisions, lastReloadMs] = await Promise.all([
    readDecisions(ports, question),
    source.lastReload({ namespace, endMs: null }, deadline),
  ]);
  const sought = configured.map(({ name, spellings }) => ({ name, spellings: [name, ...spellings] }));
  const known = new Set(sought.flatMap(({ spellings }) => spellings));
  const others = decisions.buckets.flatMap(({ bucket }) =>
    known.has(bucket) ? [] : [{ name: bucket, spellings: [bucket] }],
  );
  return {
    source: source.name,
    blockShares: [...sought, ...others].map(({ name, spellings }) => ({
      bucket: name,
      share: blockShare(decisions.buckets.filter(({ bucket }) => spellings.includes(bucket))),
      threshold: blockShareThreshold(spellings),
    })),
    periodSeconds: decisions.windowMs / 1000,
    lastReloadMs,
  };
}

/** The share over every spelling of a bucket; what one of them has no series for is counted by the others. */
function blockShare(spelled: readonly BucketDecisions[]): number | null {
  const sum = (counts: readonly (number | null)[]): number =>
    counts.reduce<number>((all, count) => all + (count ?? 0), 0);
  const total = sum(spelled.map((each) => each.total));
  const blocked = spelled.map((each) => each.blocked.count);
  return total === 0 || blocked.every((count) => count === null) ? null : sum(blocked) / total;
}

import { blockShareAlert, blockShareThreshold } from '../domain/decisions/alerts.js';
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
  const shares = new Map(decisions.buckets.map(({ bucket, blocked }) => [bucket, blocked.share]));
  const names = new Set([...configured.map(({ name }) => name), ...shares.keys()]);
  return {
    source: source.name,
    blockShares: [...names].map((bucket) => ({
      bucket,
      share: shares.get(bucket) ?? null,
      threshold: blockShareThreshold(configured.find(({ name }) => name === bucket)?.spellings ?? [bucket]),
    })),
    periodSeconds: decisions.windowMs / 1000,
    lastReloadMs,
  };
}

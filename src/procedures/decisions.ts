import type { Decisions } from '../domain/decisions/decisions.js';
import { summarise } from '../domain/decisions/summarise.js';
import type { Deadline } from '../ports/deadline.js';
import type { MetricsSource } from '../ports/metrics-source.js';

/** A bucket with every name under which its series may stand. */
export interface SoughtBucket {
  readonly name: string;
  readonly spellings: readonly string[];
}

export interface DecisionsInput {
  readonly namespace: string;
  /** Only these buckets; empty: all. */
  readonly only: readonly SoughtBucket[];
  /** Buckets there should be, listed even where they have no series. */
  readonly configured: readonly SoughtBucket[];
  /** At least 1 s. */
  readonly windowMs: number;
  readonly stepMs: number;
  /** Processes behind the address; `null`: not known. */
  readonly workers: number | null;
}

export interface DecisionsPorts {
  readonly source: MetricsSource;
  readonly deadline: Deadline;
}

/** Reads what the limiter decided in one window, and what that means. Changes nothing; throws what the source throws. */
export async function readDecisions({ source, deadline }: DecisionsPorts, input: DecisionsInput): Promise<Decisions> {
  const { namespace, only, configured, windowMs, stepMs, workers } = input;
  const buckets = only.flatMap(({ spellings }) => spellings);
  const readings = await source.read({ namespace, buckets, windowMs, stepMs, endMs: null }, deadline);
  return summarise(readings, {
    buckets: only.length > 0 ? only : configured,
    windowMs,
    workers,
    isScraped: source.isScraped,
  });
}

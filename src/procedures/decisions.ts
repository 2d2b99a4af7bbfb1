import { ownName } from '../domain/config/bucket-names.js';
import type { Decisions } from '../domain/decisions/decisions.js';
import { withNames, type LabelledNumber } from '../domain/decisions/readings.js';
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
  /** The window's end, epoch milliseconds; absent: now. */
  readonly endMs?: number;
}

export interface DecisionsPorts {
  readonly source: MetricsSource;
  readonly deadline: Deadline;
}

/**
 * Reads what the limiter decided in one window, and what that means, each bucket under its one name and whatever the
 * server calls it. Changes nothing; throws what the source throws.
 */
export async function readDecisions(ports: DecisionsPorts, input: DecisionsInput): Promise<Decisions> {
  return (await readWindow(ports, input)).decisions;
}

/** The same, with what stood in counters when they were first seen, which is in no figure. */
export async function readWindow(
  { source, deadline }: DecisionsPorts,
  input: DecisionsInput,
): Promise<{ readonly decisions: Decisions; readonly firstSeen: readonly LabelledNumber[] }> {
  const { namespace, only, configured, windowMs, stepMs, workers, endMs = null } = input;
  const sought = only.flatMap(({ spellings }) => spellings);
  const readings = await source.read({ namespace, buckets: sought, windowMs, stepMs, endMs }, deadline);
  const nameOf = (bucket: string): string => ownName(bucket, configured);
  const wanted = only.length > 0 ? only.map((each) => ({ ...each, name: nameOf(each.name) })) : configured;
  const named = withNames(readings, nameOf);
  const decisions = summarise(named, {
    buckets: wanted,
    windowMs,
    workers,
    isScraped: source.isScraped,
  });
  const seen = new Set(readings.decisions.map(({ bucket }) => bucket));
  const aliasesOf = (name: string): readonly string[] =>
    [...seen].filter((bucket) => bucket !== name && nameOf(bucket) === name).sort();
  const buckets = decisions.buckets.map((each) => ({ ...each, aliases: aliasesOf(each.bucket) }));
  return { decisions: { ...decisions, buckets }, firstSeen: named.firstSeen };
}

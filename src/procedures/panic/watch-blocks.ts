import { RlctlError } from '../../domain/errors.js';
import { formatDuration } from '../../domain/duration.js';
import { judgeBlocks, type BlocksJudgement, type TouchedBuckets } from '../../domain/panic/blocks.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { MetricsSource } from '../../ports/metrics-source.js';
import { readDecisions, type SoughtBucket } from '../decisions.js';
import type { OnStep } from '../step.js';

export interface BlockPorts {
  readonly source: MetricsSource;
  readonly clock: Clock;
  readonly deadline: Deadline;
}

export interface BlockInput {
  readonly namespace: string;
  readonly configured: readonly SoughtBucket[];
  readonly touched: TouchedBuckets;
  /** Processes behind the address; `null`: not known. */
  readonly workers: number | null;
  /** Look for at most so long, milliseconds. */
  readonly waitMs: number;
}

/** What decisions showed after a panic. */
export interface BlockWatch extends BlocksJudgement {
  readonly source: string;
  /** How far back the last look reached, milliseconds. */
  readonly windowMs: number;
  /** Why nothing could be read; `null`: something could. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

const everyMs = 2000;
/** Two samples of a Prometheus that scrapes every 15 s lie in it. */
const longestWindowMs = 45_000;

/**
 * Looks at what the limiter decided since now, again and again, until it shows the panic by enough requests or the wait is over. Every window
 * begins after the panic took hold; blocks that stop late fall out of it as it moves on. Never throws for what a source does.
 */
export async function watchBlocks(ports: BlockPorts, input: BlockInput, onStep?: OnStep): Promise<BlockWatch> {
  const { clock, deadline } = ports;
  const startMs = clock.monotonicMs();
  const elapsedMs = (): number => clock.monotonicMs() - startMs;
  let last: BlockWatch | null = null;
  for (;;) {
    if (!ports.source.isScraped || last !== null) await pause(ports, Math.min(everyMs, input.waitMs - elapsedMs()));
    if (last !== null && deadline.interrupted.aborted) return last;
    last = await look(ports, input, Math.min(longestWindowMs, Math.max(1000, elapsedMs())));
    const isOver =
      elapsedMs() + everyMs / 2 >= input.waitMs || deadline.leftMs() < everyMs || deadline.interrupted.aborted;
    if ((last.verdict === 'proven' && !last.isThin) || isOver) return last;
    const left = formatDuration(Math.max(0, Math.round((input.waitMs - elapsedMs()) / 1000) * 1000));
    onStep?.(`${last.text}; looking again, for ${left} at most`);
  }
}

async function pause({ clock, deadline }: BlockPorts, ms: number): Promise<void> {
  try {
    await clock.sleep(Math.max(0, ms), deadline.interrupted);
  } catch (error) {
    if (!deadline.interrupted.aborted) throw error;
  }
}

async function look(ports: BlockPorts, input: BlockInput, windowMs: number): Promise<BlockWatch> {
  const { source } = ports;
  try {
    const decisions = await readDecisions(ports, {
      namespace: input.namespace,
      only: [],
      configured: input.configured,
      windowMs,
      stepMs: windowMs,
      workers: input.workers,
    });
    return { ...judgeBlocks(decisions, input.touched), source: source.name, windowMs: decisions.windowMs, error: null };
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    const { code, message } = error;
    const text = `the metrics could not be read, which is no proof: ${message}`;
    return {
      verdict: 'noData',
      text,
      buckets: [],
      isThin: false,
      source: source.name,
      windowMs,
      error: { code, message },
    };
  }
}

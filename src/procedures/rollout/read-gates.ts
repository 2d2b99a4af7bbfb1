import { ownName } from '../../domain/config/bucket-names.js';
import type { BucketDecisions, Decisions } from '../../domain/decisions/decisions.js';
import { actionOf } from '../../domain/decisions/labels.js';
import type { LabelledNumber } from '../../domain/decisions/readings.js';
import { RlctlError } from '../../domain/errors.js';
import { judgeGates, type GateFigures, type GateReport } from '../../domain/rollout/gates.js';
import type { RolloutStage } from '../../domain/rollout/plan.js';
import type { Deadline } from '../../ports/deadline.js';
import type { MetricsSource } from '../../ports/metrics-source.js';
import { readWindow, type SoughtBucket } from '../decisions.js';

export interface GatePorts {
  /** Opened when it is asked: what is wrong with it is then told as missing figures. */
  readonly source: () => Promise<MetricsSource>;
  readonly deadline: Deadline;
}

export interface GateQuestion {
  readonly stage: RolloutStage;
  /** The stage after it; `null`: there is none. */
  readonly next: RolloutStage | null;
  readonly namespace: string;
  readonly buckets: readonly SoughtBucket[];
  readonly workers: number | null;
  /** How far back, milliseconds, at least 1 s. */
  readonly windowMs: number;
  /** What stands against a pass, whatever the figures say, sentences. */
  readonly doubts: readonly string[];
}

/** What enforcing a bucket would do, by what it does now. */
export interface Forecast {
  readonly bucket: string;
  /** Of its decisions, those over their limit, 0 to 1; `null`: no data. */
  readonly share: number | null;
  readonly over: number | null;
  readonly total: number | null;
}

export interface GatesRead {
  readonly report: GateReport;
  /** The buckets that the next stage enforces. */
  readonly forecast: readonly Forecast[];
}

const usualPoints = 20;

/** Reads the figures of a stage and judges its gates. What cannot be read is inconclusive; throws only when interrupted. */
export async function readGates(ports: GatePorts, question: GateQuestion): Promise<GatesRead> {
  const { stage, next, windowMs } = question;
  const window = await windowOf(ports, question);
  if (ports.deadline.interrupted.aborted) throw ports.deadline.interrupted.reason;
  const { firstSeen, failure } = window;
  // A window shorter than the stage wants begins with the stage.
  const decisions = windowMs < stage.windowMs ? withoutBefore(window.decisions) : window.decisions;
  const figures: GateFigures = {
    decisions,
    begun: begunIn(decisions, firstSeen),
    failure,
    windowMs: decisions?.windowMs ?? windowMs,
    doubts: question.doubts,
  };
  const enforced = next?.enforce ?? [];
  return { report: judgeGates(stage, figures), forecast: enforced.map((bucket) => forecastOf(bucket, decisions)) };
}

/** The rate of a point is taken over as much as four steps before it: the first ones still show what was before the stage. */
const stepsBefore = 4;

function withoutBefore(decisions: Decisions | null): Decisions | null {
  if (decisions === null) return null;
  const unknown = { allowed: null, blocked: null, shadowBlocked: null };
  const cut = (bucket: BucketDecisions): BucketDecisions => ({
    ...bucket,
    course: bucket.course.map((point, index) => (index < stepsBefore ? { ...point, ...unknown } : point)),
  });
  return { ...decisions, buckets: decisions.buckets.map(cut) };
}

interface Window {
  readonly decisions: Decisions | null;
  readonly firstSeen: readonly LabelledNumber[];
  readonly failure: string | null;
}

async function windowOf({ source, deadline }: GatePorts, question: GateQuestion): Promise<Window> {
  const { namespace, buckets: configured, workers, windowMs } = question;
  const stepMs = Math.max(1000, Math.ceil(windowMs / usualPoints / 1000) * 1000);
  try {
    const asked = { namespace, only: [], configured, workers, windowMs, stepMs: Math.min(stepMs, windowMs) };
    return { ...(await readWindow({ source: await source(), deadline }, asked)), failure: null };
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    return { decisions: null, firstSeen: [], failure: error.message };
  }
}

/**
 * What counters of refusals held when they were first seen. Of a bucket whose counters all began then, nothing is said: its
 * process may have counted for days before anybody looked.
 */
function begunIn(decisions: Decisions | null, firstSeen: readonly LabelledNumber[]): GateFigures['begun'] {
  const meant = firstSeen.flatMap(({ bucket, action, shadow, value }) => {
    const meaning = actionOf(action, shadow);
    return meaning === null || value === null ? [] : [{ bucket, meaning, value }];
  });
  const isOld = (name: string): boolean => meant.every(({ bucket, meaning }) => bucket !== name || meaning !== 'allow');
  const sumOf = (name: string, wanted: 'block' | 'shadowBlock'): number =>
    meant.reduce((sum, { bucket, meaning, value }) => (bucket === name && meaning === wanted ? sum + value : sum), 0);
  const names = (decisions?.buckets ?? []).map(({ bucket }) => bucket).filter(isOld);
  return new Map(
    names.map((name) => [name, { blocked: sumOf(name, 'block'), shadowBlocked: sumOf(name, 'shadowBlock') }]),
  );
}

function forecastOf(name: string, decisions: Decisions | null): Forecast {
  const bucket = decisions?.buckets.find((each) => each.bucket === ownName(name, []) || each.bucket === name);
  const total = bucket?.total ?? null;
  if (bucket === undefined || total === null) return { bucket: name, share: null, over: null, total: null };
  const over = (bucket.blocked.count ?? 0) + (bucket.shadowBlocked.count ?? 0);
  return { bucket: name, share: total === 0 ? null : over / total, over, total };
}

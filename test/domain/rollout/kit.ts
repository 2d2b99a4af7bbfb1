import type { ActionFigures, BucketDecisions, Decisions, Remark } from '../../../src/domain/decisions/decisions.js';
import type { GateFigures } from '../../../src/domain/rollout/gates.js';
import { usualGates, type RolloutPlan, type RolloutStage } from '../../../src/domain/rollout/plan.js';
import type { RolloutWork } from '../../../src/domain/rollout/state.js';

export function stageOf(name: string, more: Partial<RolloutStage> = {}): RolloutStage {
  const common = { shadow: [], enforce: ['financial'], watch: ['financial'], windowMs: 60_000, soakMs: 30_000 };
  return { name, ...common, gates: { ...usualGates, blockShare: 0.05, samples: 10 }, isAsked: false, ...more };
}

export const threeStages: RolloutPlan = {
  name: 'test',
  stages: [stageOf('first', { shadow: ['financial'], enforce: [] }), stageOf('second'), stageOf('third')],
};

export function workOf(changeId: string, atMs: number, more: Partial<RolloutWork> = {}): RolloutWork {
  return { changeId, by: 'ann@laptop', atMs, why: 'because', cause: 'operator', ...more };
}

const figures = (count: number | null, total: number | null): ActionFigures => ({
  count,
  perSecond: count,
  share: count === null || total === null || total === 0 ? null : count / total,
});

/** A bucket that decided so; `null`: no series. */
export function bucketOf(
  bucket: string,
  counts: { allowed?: number | null; blocked?: number | null; shadowBlocked?: number | null },
  more: Partial<BucketDecisions> = {},
): BucketDecisions {
  const { allowed = null, blocked = null, shadowBlocked = null } = counts;
  const known = [allowed, blocked, shadowBlocked].filter((each) => each !== null);
  const total = known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
  return {
    bucket,
    aliases: [],
    allowed: figures(allowed, total),
    blocked: figures(blocked, total),
    shadowBlocked: figures(shadowBlocked, total),
    total,
    retryAfter: { p50: null, p95: null, p99: null },
    evalErrors: null,
    evalP95: null,
    course: [],
    ...more,
  };
}

export function decisionsOf(buckets: readonly BucketDecisions[], remarks: readonly Remark[] = []): Decisions {
  const endMs = Date.parse('2026-11-21T12:00:00Z');
  const common = {
    endMs,
    windowMs: 60_000,
    stepMs: 3000,
    pointMs: 12_000,
    reloads: null,
    activeOverrides: null,
    newestMs: endMs,
  };
  return { ...common, buckets, remarks };
}

export function figuresOf(decisions: Decisions | null, more: Partial<GateFigures> = {}): GateFigures {
  return { decisions, begun: new Map(), failure: null, windowMs: 60_000, ...more };
}

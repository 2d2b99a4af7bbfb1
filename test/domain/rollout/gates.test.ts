import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RemarkCode } from '../../../src/domain/decisions/decisions.js';
import {
  gateLimitText,
  judgeGates,
  readingText,
  type GateName,
  type GateReport,
} from '../../../src/domain/rollout/gates.js';
import { usualGates, type StageGates } from '../../../src/domain/rollout/plan.js';
import { bucketOf, decisionsOf, figuresOf, stageOf } from './kit.js';

const none: StageGates = { ...usualGates, evaluationErrors: null, samples: 10 };

function judge(gates: Partial<StageGates>, bucket: ReturnType<typeof bucketOf>, more = {}): GateReport {
  return judgeGates(stageOf('s', { gates: { ...none, ...gates } }), figuresOf(decisionsOf([bucket]), more));
}

function of(report: GateReport, gate: GateName) {
  return report.readings.find((each) => each.gate === gate);
}

describe('the share that is refused', () => {
  test.each([
    [{ allowed: 95, blocked: 5 }, 0.05, 'pass'],
    [{ allowed: 94, blocked: 6 }, 0.05, 'fail'],
    [{ allowed: 100 }, 0, 'pass'],
    [{ allowed: 100, shadowBlocked: 50 }, 0, 'pass'],
    [{ allowed: 99, blocked: 1 }, 0, 'fail'],
    [{ blocked: 10 }, 0.99, 'fail'],
  ] as const)('%j against %d: %s', (counts, blockShare, verdict) => {
    expect(of(judge({ blockShare }, bucketOf('financial', counts)), 'blockShare')).toMatchObject({ verdict });
  });

  test('what enforcing would refuse counts both what is refused and what is only observed', () => {
    const report = judge(
      { wouldBlockShare: 0.1 },
      bucketOf('financial', { allowed: 80, blocked: 5, shadowBlocked: 15 }),
    );
    expect(of(report, 'wouldBlockShare')).toMatchObject({ value: 0.2, verdict: 'inconclusive' });
    // It would hurt more to go back: nobody is refused yet.
    expect(report.verdict).toBe('inconclusive');
  });

  test('a counter of refusals that began with them is counted whole', () => {
    const begun = new Map([['financial', { blocked: 40, shadowBlocked: 0 }]]);
    const report = judge({ blockShare: 0.05 }, bucketOf('financial', { allowed: 60, blocked: 0 }), { begun });
    expect(of(report, 'blockShare')).toMatchObject({ value: 0.4, verdict: 'fail' });
  });
});

describe('no data is never a pass', () => {
  test.each([
    ['nothing could be read', null, 'prometheus is away'],
    ['no series', decisionsOf([]), null],
    ['a bucket without figures', decisionsOf([bucketOf('financial', {})]), null],
    ['another bucket', decisionsOf([bucketOf('read', { allowed: 1000 })]), null],
  ])('%s', (_, decisions, failure) => {
    const gates = { blockShare: 1, wouldBlockShare: 1, retryAfterP95: 60, evaluationErrors: 9, samples: 1 };
    const stage = stageOf('s', { gates: { ...none, ...gates } });
    const report = judgeGates(stage, figuresOf(decisions, { failure }));
    expect(report.verdict).toBe('inconclusive');
    expect(report.readings.map(({ verdict }) => verdict)).toEqual(Array(5).fill('inconclusive'));
    expect(report.readings.every(({ value }) => value === null)).toBe(true);
  });

  test('too few decisions conclude nothing, however bad or good they are', () => {
    for (const counts of [{ blocked: 9 }, { allowed: 9 }]) {
      const report = judge({ blockShare: 0.5 }, bucketOf('financial', counts));
      expect(report.verdict).toBe('inconclusive');
      expect(of(report, 'blockShare')).toMatchObject({ note: 'too few decisions: 9 of 10' });
      expect(of(report, 'samples')).toMatchObject({ value: 9, limit: 10, verdict: 'inconclusive' });
    }
  });

  test.each(['ALTERNATING_WORKERS', 'ONE_OF_SEVERAL_WORKERS', 'STALE', 'UNKNOWN_LABELS'] as const)(
    'figures under %s never pass, and still fail',
    (code: RemarkCode) => {
      const remark = { code, isWarning: true, text: 'doubtful', hint: null };
      const stage = stageOf('s', { gates: { ...none, blockShare: 0.05 } });
      const judged = (counts: { allowed: number; blocked: number }) =>
        judgeGates(stage, figuresOf(decisionsOf([bucketOf('financial', counts)], [remark])));
      expect(judged({ allowed: 100, blocked: 0 })).toMatchObject({ verdict: 'inconclusive', doubts: ['doubtful'] });
      expect(judged({ allowed: 50, blocked: 50 }).verdict).toBe('fail');
    },
  );

  test('property: whatever is missing, a pass has every number within its limit', () => {
    const count = fc.option(fc.nat(200), { nil: null });
    const arbitrary = fc.record({ allowed: count, blocked: count, shadowBlocked: count });
    const limits = fc.record({
      blockShare: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }),
      wouldBlockShare: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }),
      evaluationErrors: fc.option(fc.nat(5), { nil: null }),
      samples: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(arbitrary, limits, fc.option(fc.nat(9), { nil: null }), (counts, gates, evalErrors) => {
        const report = judge(gates, bucketOf('financial', counts, { evalErrors }));
        if (report.verdict !== 'pass') return;
        const [allowed, blocked, shadow] = [counts.allowed ?? 0, counts.blocked ?? 0, counts.shadowBlocked ?? 0];
        const total = allowed + blocked + shadow;
        expect(total).toBeGreaterThanOrEqual(gates.samples);
        if (gates.blockShare !== null) expect(blocked / total).toBeLessThanOrEqual(gates.blockShare);
        if (gates.wouldBlockShare !== null)
          expect((blocked + shadow) / total).toBeLessThanOrEqual(gates.wouldBlockShare);
        if (gates.evaluationErrors !== null) expect(evalErrors ?? 0).toBeLessThanOrEqual(gates.evaluationErrors);
      }),
      { seed: 6, numRuns: 1000 },
    );
  });
});

describe('evaluation errors', () => {
  test('fail also where hardly a decision is counted: what fails is counted as none', () => {
    const report = judge({ evaluationErrors: 0 }, bucketOf('financial', {}, { evalErrors: 3 }));
    expect(report.verdict).toBe('fail');
    expect(of(report, 'evaluationErrors')).toMatchObject({ value: 3, verdict: 'fail' });
  });

  test('a counter that never began is none, where decisions are counted', () => {
    const report = judge({ evaluationErrors: 0 }, bucketOf('financial', { allowed: 50 }));
    expect(of(report, 'evaluationErrors')).toMatchObject({
      value: 0,
      verdict: 'pass',
      note: 'none has ever been counted',
    });
  });
});

describe('Retry-After', () => {
  const withP95 = (seconds: number, isAtLeast: boolean) =>
    bucketOf(
      'financial',
      { allowed: 90, blocked: 10 },
      {
        retryAfter: { p50: null, p95: { seconds, isAtLeast }, p99: null },
      },
    );
  test.each([
    [4, false, 5, 'pass'],
    [6, false, 5, 'fail'],
    [10, true, 30, 'inconclusive'],
    [10, true, 10, 'fail'],
    [10, true, 5, 'fail'],
  ] as const)('p95 %d (at least: %s) against %d s: %s', (seconds, isAtLeast, retryAfterP95, verdict) => {
    expect(of(judge({ retryAfterP95 }, withP95(seconds, isAtLeast)), 'retryAfterP95')).toMatchObject({ verdict });
  });

  test('nobody over the limit waits for nothing; somebody of whom nothing is told is no pass', () => {
    expect(judge({ retryAfterP95: 1 }, bucketOf('financial', { allowed: 50 })).verdict).toBe('pass');
    expect(judge({ retryAfterP95: 1 }, bucketOf('financial', { allowed: 50, blocked: 1 })).verdict).toBe(
      'inconclusive',
    );
  });
});

test('every bucket that is watched has every gate; one that fails makes the stage fail', () => {
  const stage = stageOf('s', { watch: ['financial', 'write'], gates: { ...none, blockShare: 0.05 } });
  const decisions = decisionsOf([
    bucketOf('financial', { allowed: 100 }),
    bucketOf('write', { allowed: 50, blocked: 50 }),
  ]);
  const report = judgeGates(stage, figuresOf(decisions));
  expect(report.verdict).toBe('fail');
  expect(report.readings.map(({ bucket, gate, verdict }) => [bucket, gate, verdict])).toEqual([
    ['financial', 'blockShare', 'pass'],
    ['financial', 'samples', 'pass'],
    ['write', 'blockShare', 'fail'],
    ['write', 'samples', 'pass'],
  ]);
  expect(report.readings.map(readingText)[2]).toBe('write: refused 50% (≤ 5%)');
  expect(gateLimitText('samples', 10)).toBe('≥ 10');
});

import { expect, test } from 'vitest';
import { judgeGates, type GateReport } from '../../src/domain/rollout/gates.js';
import { afterEvent, beginRollout } from '../../src/domain/rollout/machine.js';
import { currentStage, type RolloutState } from '../../src/domain/rollout/state.js';
import { gatesText } from '../../src/ui/rollout-gates-text.js';
import { createTheme } from '../../src/ui/theme.js';
import { bucketOf, decisionsOf, figuresOf, threeStages, workOf } from '../domain/rollout/kit.js';

const nowhere = { isTTY: false, columns: undefined, write: () => Promise.resolve() };
const startMs = Date.parse('2026-11-21T12:00:00Z');

function reportOf(state: RolloutState, counts: Parameters<typeof bucketOf>[1]): GateReport {
  return judgeGates(currentStage(state), figuresOf(decisionsOf([bucketOf('financial', counts)])));
}

/** The first stage passed a minute after it began, on 400 decisions. */
function passedStage(): RolloutState {
  const begun = beginRollout(threeStages, { id: 'r-1', reason: null, ticket: null, work: workOf('c1', startMs) });
  const standing = afterEvent(begun, { kind: 'changed', atMs: startMs, proof: 'proven' }) ?? begun;
  const report = reportOf(standing, { allowed: 400 });
  return afterEvent(standing, { kind: 'judged', atMs: startMs + 60_000, report }) ?? standing;
}

async function shownOf(state: RolloutState, now: GateReport): Promise<string> {
  const theme = await createTheme(nowhere, 'never', {});
  return (await gatesText(state, now, startMs + 90_000, theme)).join('\n');
}

test('of a stage that has passed is shown what its gates said then, and not what a quiet moment after it does', async () => {
  const state = passedStage();
  expect(state.phase).toBe('passed');
  const quiet = await shownOf(state, reportOf(state, { allowed: 2 }));
  expect(quiet).toMatch(/^gates of first, when it passed, 30s ago: PASS\n/);
  expect(quiet).toMatch(/decisions +400 +≥ 10/);
  expect(quiet).not.toContain('too few');
});

test('a gate that fails after it has passed is shown', async () => {
  const state = passedStage();
  const failing = await shownOf(state, reportOf(state, { allowed: 20, blocked: 80 }));
  expect(failing).toMatch(/^gates of first, last 1m: FAIL\n/);
});

test('of a stage that was taken back each gate that failed stands on a line of its own, and nothing else', async () => {
  const begun = beginRollout(threeStages, { id: 'r-1', reason: null, ticket: null, work: workOf('c1', startMs) });
  const standing = afterEvent(begun, { kind: 'changed', atMs: startMs, proof: 'proven' }) ?? begun;
  const report = { ...reportOf(standing, { allowed: 20, blocked: 80 }), doubts: ['one scrape sees one worker'] };
  const failed = afterEvent(standing, { kind: 'judged', atMs: startMs + 60_000, report }) ?? standing;
  const theme = await createTheme(nowhere, 'never', {});
  const [text = ''] = await gatesText({ ...failed, phase: 'aborted' }, null, startMs + 90_000, theme);
  expect(text).toMatch(/^gates of first, figures at which it was taken back, 30s ago: FAIL\n {2}financial: .*80.*$/);
});

test('what the gates said last of a stage that is over is never said to be so now', async () => {
  const state = passedStage();
  const theme = await createTheme(nowhere, 'never', {});
  const lastOf = async (phase: RolloutState['phase'], more: Partial<GateReport> = {}): Promise<string> => {
    const stages = state.stages.map((each) => ({ ...each, judged: each.judged && { ...each.judged, ...more } }));
    return (await gatesText({ ...state, stages, phase }, null, startMs + 60_000, theme)).join('\n');
  };
  expect(await lastOf('finished')).toBe('gates of first, when it passed, just now: PASS');
  expect(await lastOf('aborted')).toBe('gates of first, figures before it was taken back, just now: PASS');
  expect(await lastOf('aborted', { verdict: 'fail' })).toBe(
    'gates of first, figures at which it was taken back, just now: FAIL',
  );
  expect(await lastOf('aborting', { verdict: 'fail' })).toBe(
    'gates of first, figures at which it is taken back, just now: FAIL',
  );
});

test('gates without any figure say why, and that nothing is passed or taken back by them, in place of rows without a number', async () => {
  const begun = beginRollout(threeStages, { id: 'r-1', reason: null, ticket: null, work: workOf('c1', startMs) });
  const standing = afterEvent(begun, { kind: 'changed', atMs: startMs, proof: 'proven' }) ?? begun;
  const down = { ...figuresOf(decisionsOf([])), decisions: null, failure: 'Prometheus at x does not answer' };
  const blind = await shownOf(standing, judgeGates(currentStage(standing), down));
  expect(blind).toMatch(/^gates of first, last 1m: INCONCLUSIVE\n! Prometheus at x does not answer\n/);
  expect(blind).toMatch(/\nwithout figures nothing passes, and nothing is taken back by itself,\n.*$/);
  expect(blind).not.toContain('GATE');
  // One number is enough for the rows.
  const few = await shownOf(standing, reportOf(standing, { allowed: 2 }));
  expect(few).toMatch(/decisions +2 +≥ 10/);
});

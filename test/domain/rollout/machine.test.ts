import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openRolloutOperation } from '../../../src/domain/operation/open.js';
import { allowedPhases, refusalOf, type RolloutAction } from '../../../src/domain/rollout/actions.js';
import type { GateReport, GateVerdict } from '../../../src/domain/rollout/gates.js';
import {
  afterEvent,
  beginRollout,
  ImpossibleEvent,
  possible,
  type RolloutEvent,
} from '../../../src/domain/rollout/machine.js';
import {
  currentRecord,
  gateWindowMs,
  isOver,
  nextStage,
  parseRollout,
  rolloutText,
  soakLeftMs,
  type RolloutPhase,
  type RolloutState,
} from '../../../src/domain/rollout/state.js';
import { nextInWords } from '../../../src/ui/rollout-words.js';
import { threeStages, workOf } from './kit.js';

const begun = beginRollout(threeStages, { id: 'r-1', reason: 'why', ticket: null, work: workOf('c0', 1000) });

function report(verdict: GateVerdict): GateReport {
  return { verdict, readings: [], windowMs: 1000, doubts: [] };
}

function after(state: RolloutState, ...events: readonly RolloutEvent[]): RolloutState {
  return events.reduce((current, event) => {
    const next = afterEvent(current, event);
    if (next === null) throw new Error(`nothing is left after ${event.kind}`);
    return next;
  }, state);
}

const changed = (atMs: number): RolloutEvent => ({ kind: 'changed', atMs, proof: 'proven' });
const judged = (atMs: number, verdict: GateVerdict): RolloutEvent => ({
  kind: 'judged',
  atMs,
  report: report(verdict),
});
const promoted = (changeId: string, atMs: number, isForced = false): RolloutEvent => ({
  kind: 'promoted',
  work: workOf(changeId, atMs),
  isForced,
});
const abortBegun: RolloutEvent = { kind: 'abortBegun', work: workOf('a0', 9000, { cause: 'gate' }) };
const undoBegun: RolloutEvent = { kind: 'undoBegun', work: workOf('u0', 9000) };
const takenBack: RolloutEvent = { kind: 'takenBack', atMs: 9500, by: 'root@vm', proof: 'proven' };

const watching = after(begun, changed(2000));
const passed = after(watching, judged(32_000, 'pass'));
const second = after(passed, promoted('c1', 33_000), changed(34_000));

const inPhase: Readonly<Record<RolloutPhase, RolloutState>> = {
  changing: begun,
  watching,
  passed,
  paused: after(watching, { kind: 'paused', atMs: 5000, by: 'ann', why: '' }),
  aborting: after(second, abortBegun),
  aborted: after(second, abortBegun, takenBack),
  undoing: after(second, undoBegun),
  undone: after(second, undoBegun, takenBack),
  finished: after(second, judged(64_000, 'pass'), promoted('c2', 65_000), changed(66_000), judged(96_000, 'pass')),
};

test('what begins anew names the plan that was followed', () => {
  const named = (name: string, file = {}): RolloutState => ({
    ...inPhase.undone,
    plan: { ...inPhase.undone.plan, name, ...file },
  });
  expect(nextInWords(named('standard'), null, 0, false)).toEqual(['begin anew with: rlctl rollout start']);
  expect(nextInWords(named('our plan'), null, 0, false)).toEqual(["begin anew with: rlctl rollout start 'our plan'"]);
  expect(nextInWords(named('stages', { file: 'my stages.yaml' }), null, 0, false)).toEqual([
    "begin anew with: rlctl rollout start -f 'my stages.yaml'",
  ]);
  expect(nextInWords(named('stdin', { file: '-' }), null, 0, false)).toEqual([
    'begin anew with: rlctl rollout start -f -, with that plan on stdin',
  ]);
});

test('the phases are what they are called', () => {
  for (const [phase, state] of Object.entries(inPhase)) expect(state.phase).toBe(phase);
});

describe('a stage', () => {
  test('passes by its gates and its time together', () => {
    expect(after(watching, judged(31_999, 'pass')).phase).toBe('watching');
    expect(after(watching, judged(32_000, 'inconclusive')).phase).toBe('watching');
    expect(after(watching, judged(32_000, 'fail')).phase).toBe('watching');
    expect(after(watching, judged(32_000, 'pass'))).toMatchObject({ phase: 'passed', stage: 0 });
    expect(soakLeftMs(watching, 12_000)).toBe(20_000);
  });

  test('its gates never look back before it was in force', () => {
    expect(gateWindowMs(watching, 2000)).toBe(1000);
    expect(gateWindowMs(watching, 9700)).toBe(7000);
    expect(gateWindowMs(watching, 999_000)).toBe(60_000);
  });

  test('begins its time anew after a pause, in which nobody watched', () => {
    const resumed = after(inPhase.paused, { kind: 'resumed', atMs: 40_000, by: 'bob' });
    expect(resumed).toMatchObject({ phase: 'watching', pausedFrom: null });
    expect(after(resumed, judged(60_000, 'pass')).phase).toBe('watching');
    expect(after(resumed, judged(70_000, 'pass')).phase).toBe('passed');
  });

  test('stays passed over a pause', () => {
    const paused = after(passed, { kind: 'paused', atMs: 40_000, by: 'ann', why: 'deploy' });
    expect(after(paused, { kind: 'resumed', atMs: 50_000, by: 'ann' }).phase).toBe('passed');
  });

  test('that was refused leaves the rollout where it stood', () => {
    const refused: RolloutEvent = { kind: 'notChanged', atMs: 35_000, why: 'a guard' };
    expect(afterEvent(begun, refused)).toBeNull();
    const back = after(passed, promoted('c1', 33_000), refused);
    expect(back).toMatchObject({ phase: 'passed', stage: 0, work: null });
    expect(back.stages[1]).toMatchObject({ outcome: 'waiting', changeId: null });
  });

  test('that was aborted, and is refused when it is tried again, is aborted as before: the first one, too', () => {
    const refused: RolloutEvent = { kind: 'notChanged', atMs: 35_000, why: 'a guard' };
    for (const [state, stage] of [[watching, 0] as const, [second, 1] as const]) {
      const aborted = after(state, abortBegun, takenBack);
      const back = after(aborted, promoted('c9', 33_000), refused);
      expect(back).toMatchObject({ phase: 'aborted', stage, work: null });
      expect(currentRecord(back)).toMatchObject({ outcome: 'aborted', changeId: null });
      expect(back.notes.at(-1)?.text).toContain('a guard');
    }
  });

  test('that somebody else took back than began to says who did', () => {
    const taken = after(
      second,
      abortBegun,
      { kind: 'takenOver', atMs: 9400, by: 'root@vm', from: 'zoe@other' },
      takenBack,
    );
    expect(taken.notes.slice(-2).map(({ by, text }) => `${by} ${text}`)).toEqual([
      'root@vm took over from zoe@other',
      'root@vm second is taken back',
    ]);
    expect(inPhase.undone.notes.at(-1)).toMatchObject({ by: 'root@vm', text: 'everything is taken back' });
  });

  test('that is aborted is taken back alone, and may be tried again', () => {
    const { aborted } = inPhase;
    expect(aborted.stages.map(({ outcome }) => outcome)).toEqual(['passed', 'aborted', 'waiting']);
    expect(nextStage(aborted)?.name).toBe('second');
    const again = after(aborted, promoted('c9', 99_000));
    expect(again).toMatchObject({ phase: 'changing', stage: 1 });
    expect(currentRecord(again)).toMatchObject({ outcome: 'entered', changeId: 'c9', flags: [] });
  });

  test('that is gone past by force says so', () => {
    const forced = after(watching, promoted('c1', 3000, true));
    expect(forced.stages[0]).toMatchObject({ outcome: 'passed', isForced: true });
    expect(() => after(watching, promoted('c1', 3000))).toThrow(ImpossibleEvent);
    expect(() => after(inPhase.finished, promoted('c1', 3000, true))).toThrow(ImpossibleEvent);
  });

  test('keeps of each flag what stood before the first attempt', () => {
    const flag = { bucket: 'financial', place: 'f', variable: 'V', before: null, wrote: 'true' };
    const twice = after(
      begun,
      { kind: 'flagsNoted', flags: [flag] },
      {
        kind: 'flagsNoted',
        flags: [
          { ...flag, before: 'true' },
          { ...flag, bucket: 'read' },
        ],
      },
    );
    expect(currentRecord(twice).flags).toEqual([flag, { ...flag, bucket: 'read' }]);
  });
});

test('undo takes every stage back but those that are back already', () => {
  const mixed = after(inPhase.aborted, undoBegun, takenBack);
  expect(mixed.stages.map(({ outcome }) => outcome)).toEqual(['undone', 'aborted', 'waiting']);
  expect(inPhase.undone.stages.map(({ outcome }) => outcome)).toEqual(['undone', 'undone', 'waiting']);
});

describe('who may do what', () => {
  const actions = Object.keys(allowedPhases) as Exclude<RolloutAction, 'start'>[];
  test.each(actions)('%s: refused in every other phase, with a way on', (action) => {
    for (const [phase, state] of Object.entries(inPhase)) {
      const refusal = refusalOf(state, action, 'prod');
      if (allowedPhases[action].includes(phase as RolloutPhase)) expect(refusal).toBeNull();
      else
        expect(refusal).toMatchObject({
          code: action === 'undo' && phase === 'undone' ? 'ROLLOUT_UNDONE' : 'ROLLOUT_PHASE',
          exitCode: 2,
          hint: expect.stringContaining('rlctl rollout'),
        });
    }
    expect(refusalOf(null, action, 'prod')).toMatchObject({ code: 'NO_ROLLOUT', exitCode: 2 });
  });

  test('start: where there is none, or one that is over', () => {
    expect(refusalOf(null, 'start', 'prod')).toBeNull();
    for (const state of Object.values(inPhase)) {
      const refusal = refusalOf(state, 'start', 'prod');
      if (isOver(state)) expect(refusal).toBeNull();
      else expect(refusal).toMatchObject({ code: 'ROLLOUT_UNDER_WAY', exitCode: 5 });
    }
  });

  test('what an action needs is possible wherever the action is', () => {
    for (const phase of allowedPhases.pause) expect(possible.paused).toContain(phase);
    for (const phase of allowedPhases.promote) expect(possible.promoted).toContain(phase);
    for (const phase of allowedPhases.abort.filter((each) => each !== 'aborting'))
      expect(possible.abortBegun).toContain(phase);
    for (const phase of allowedPhases.undo.filter((each) => each !== 'undoing'))
      expect(possible.undoBegun).toContain(phase);
  });
});

const verdicts = fc.constantFrom<GateVerdict>('pass', 'fail', 'inconclusive');
type MakeEvent = (atMs: number, id: string) => RolloutEvent;
const always = (make: MakeEvent): fc.Arbitrary<MakeEvent> => fc.constant(make);
const anyEvent: fc.Arbitrary<MakeEvent> = fc.oneof(
  fc.boolean().map(
    (isForced): MakeEvent =>
      (atMs, id) =>
        promoted(id, atMs, isForced),
  ),
  always((atMs) => changed(atMs)),
  always((atMs) => ({ kind: 'notChanged', atMs, why: 'refused' })),
  always((atMs) => ({ kind: 'notProven', atMs, proof: 'notProven', restart: [] })),
  always((atMs) => ({ kind: 'hindered', atMs, why: 'changed since' })),
  always((atMs) => ({ kind: 'remarked', atMs, text: 'a panic is open' })),
  verdicts.map(
    (verdict): MakeEvent =>
      (atMs) =>
        judged(atMs, verdict),
  ),
  always((atMs) => ({ kind: 'paused', atMs, by: 'ann', why: '' })),
  always((atMs) => ({ kind: 'resumed', atMs, by: 'bob' })),
  always((atMs, id) => ({ kind: 'abortBegun', work: workOf(id, atMs) })),
  always((atMs, id) => ({ kind: 'undoBegun', work: workOf(id, atMs) })),
  always((atMs) => ({ kind: 'takenBack', atMs, by: 'root@vm', proof: 'proven' })),
  always((atMs) => ({ kind: 'takenOver', atMs, by: 'bob', from: 'ann' })),
);

/** What has to hold of every rollout, whatever happened to it. */
function holds(state: RolloutState): void {
  const { phase, stage, stages, work, plan } = state;
  expect(stages).toHaveLength(plan.stages.length);
  expect(plan.stages[stage]).toBeDefined();
  // Work is written down exactly while it is under way.
  expect(work !== null).toBe(['changing', 'aborting', 'undoing'].includes(phase));
  expect(state.pausedFrom !== null).toBe(phase === 'paused');
  // Nothing beyond the stage was touched, and nothing before it is still only entered.
  stages.slice(stage + 1).forEach(({ outcome }) => expect(outcome).toBe('waiting'));
  stages.slice(0, stage).forEach(({ outcome }) => expect(['passed', 'undone']).toContain(outcome));
  const { outcome, inForceAtMs, isForced, judged: seen } = currentRecord(state);
  if (phase === 'watching') expect([outcome, inForceAtMs !== null]).toEqual(['entered', true]);
  if (phase === 'aborted') expect(outcome).toBe('aborted');
  // A stage passed only by gates that passed, or by force.
  if (phase === 'passed' || phase === 'finished')
    expect(outcome === 'passed' && (isForced || seen?.verdict === 'pass')).toBe(true);
  for (const each of stages)
    if (each.outcome === 'passed') expect(each.isForced || each.judged?.verdict === 'pass').toBe(true);
  if (phase === 'finished') expect(stage).toBe(stages.length - 1);
  if (phase === 'undone') stages.forEach((each) => expect(['waiting', 'aborted', 'undone']).toContain(each.outcome));
  expect(state.notes.length).toBeLessThanOrEqual(40);
  expect(parseRollout(rolloutText(state))).toEqual(state);
}

test('property: any sequence of events keeps what has to hold; what may not happen changes nothing', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      let state: RolloutState | null = begun;
      for (const [index, make] of events.entries()) {
        const event = make(10_000 * (index + 1), `c-${index}`);
        if (state === null) return;
        const before: RolloutState = state;
        try {
          state = afterEvent(before, event);
        } catch (error) {
          expect(error).toBeInstanceOf(ImpossibleEvent);
          continue;
        }
        expect(possible[event.kind]).toContain(before.phase);
        if (state !== null) holds(state);
      }
    }),
    { seed: 6, numRuns: 300 },
  );
});

test.each([
  '',
  'null',
  '[]',
  '{"v":2}',
  '{"v":1}',
  '{"v":1,"id":"r","phase":"watching","stage":7,"stages":[],"plan":{"stages":[]}}',
])('what is no rollout is not read as one: %j', (text) => {
  expect(parseRollout(text)).toBeNull();
});

describe('what is told of one that nobody ended', () => {
  test('aborted, it is open as long as the stages before it are in force', () => {
    const aborted = after(second, abortBegun, takenBack);
    expect(openRolloutOperation(aborted, null)).toMatchObject({
      state: 'aborted, still in force: first',
      commands: ['rlctl rollout promote', 'rlctl rollout undo'],
    });
    expect(openRolloutOperation(after(aborted, undoBegun, takenBack), null)).toBeNull();
    expect(openRolloutOperation(after(watching, abortBegun, takenBack), null)).toBeNull();
  });

  test('a stage that cannot be proven has a way back beside the way on', () => {
    const unproven = after(begun, { kind: 'notProven', atMs: 2000, proof: 'notProven', restart: [] });
    expect(nextInWords(unproven, null, 3000, false).join('\n')).toMatch(/rollout resume\n.*rollout abort/);
  });
});

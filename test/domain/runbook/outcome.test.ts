import { describe, expect, test } from 'vitest';
import { stateAfter } from '../../../src/domain/runbook/journal.js';
import {
  afterChecks,
  interruptedRunText,
  readEnd,
  valuesAt,
  type CommandEnd,
} from '../../../src/domain/runbook/outcome.js';

const wish = { argv: ['override', 'set', '/a', '--rate', '3'], exits: [0], fields: [] };
const end = (exitCode: number, document: CommandEnd['document']): CommandEnd => ({ exitCode, document, error: null });
const proof = (more: Readonly<Record<string, never>> | object) => ({
  verdict: 'proven',
  levelReached: 'loaded',
  diagnosis: 'as stored',
  trap: null,
  evidence: [],
  learned: { enforcesOverrides: null },
  ...more,
});
const change = (more: object) => ({
  kind: 'OverrideChange',
  isNoop: false,
  changeId: 'c1',
  changes: [],
  proof: proof(more),
});

describe('the end of a command as a step', () => {
  test.each([
    ['proven', end(0, change({})), 'good'],
    ['shown and never enforced', end(0, change({ learned: { enforcesOverrides: false } })), 'noEffect'],
    ['contradicted by a trap', end(8, change({ verdict: 'contradicted', trap: 'flagNeedsRestart' })), 'noEffect'],
    ['contradicted, and may be mended', end(8, change({ verdict: 'contradicted', trap: 'staleWorkers' })), 'bad'],
    ['not proven', end(8, change({ verdict: 'notProven' })), 'bad'],
    ['refused', { exitCode: 5, document: null, error: { code: 'CONFLICT', message: 'm', hint: 'h' } }, 'bad'],
  ] as const)('%s', (_, ended, kind) => {
    expect(readEnd(wish, ended)).toMatchObject({ kind });
  });

  test('a trap is no effect even where its exit code counts as done', () => {
    const ended = end(8, change({ verdict: 'contradicted', trap: 'overridesNotEnforced' }));
    expect(readEnd({ ...wish, exits: [0, 8] }, ended).kind).toBe('noEffect');
  });

  test('a field that is not as wanted is no effect of a change, and a finding of a look', () => {
    const document = { kind: 'Reload', reloads: [{ isShadow: false }, { isShadow: true }] };
    const fields = [{ path: 'reloads.*.isShadow', how: 'is', wanted: 'true' }] as const;
    expect(readEnd({ argv: ['reload'], exits: [0], fields }, end(0, document))).toMatchObject({
      kind: 'noEffect',
      text: expect.stringContaining('reloads.*.isShadow is false and true, not true'),
    });
    const look = { argv: ['status'], exits: [0], fields: [{ path: 'none', how: 'is', wanted: 'x' }] as const };
    expect(readEnd(look, end(0, document))).toMatchObject({ kind: 'bad', exitCode: 3 });
  });

  const decided = (total: number | null, blocked: number | null) => ({
    kind: 'Decisions',
    windowSeconds: 300,
    buckets: [{ bucket: 'read', total, blocked: { count: blocked } }],
  });
  test.each([
    ['nobody refused', end(0, decided(9, 0)), { kind: 'good' }, undefined],
    ['no series of refusals', end(0, decided(9, null)), { kind: 'good' }, undefined],
    [
      'some refused',
      end(0, decided(9, 2)),
      { kind: 'bad', exitCode: 3, hint: expect.stringContaining('5m') },
      undefined,
    ],
    ['nobody counted', end(0, decided(0, 0)), { kind: 'good', text: expect.stringContaining('no request') }, true],
    ['no data', end(0, decided(null, null)), { kind: 'good' }, true],
    [
      'no metrics',
      { exitCode: 2, document: null, error: { code: 'NO_METRICS', message: 'none is configured', hint: null } },
      { kind: 'good', text: 'it cannot be told: none is configured' },
      true,
    ],
  ])('of decisions that were to be looked at: %s', (_, ended, wanted, isUntold) => {
    const fields = [{ path: 'buckets.*.blocked.count', how: 'atMost', wanted: '0' }] as const;
    const outcome = readEnd({ argv: ['decisions', 'show'], exits: [0, 2], fields }, ended);
    expect(outcome).toMatchObject(wanted);
    expect([outcome.isUntold, outcome.kind === 'good' && stateAfter(outcome)]).toEqual([
      isUntold,
      outcome.kind === 'good' && (isUntold === true ? 'skipped' : 'done'),
    ]);
  });

  test.each([
    ['atMost', '40', 'good'],
    ['atMost', '39', 'bad'],
    ['atLeast', '40', 'good'],
    ['atLeast', '41', 'bad'],
  ] as const)('a number may be %s %s', (how, wanted, kind) => {
    const look = { argv: ['status'], exits: [0], fields: [{ path: 'server.burst', how, wanted }] };
    const outcome = readEnd(look, end(0, { kind: 'Policy', server: { burst: 40 } }));
    expect(outcome.kind).toBe(kind);
    if (kind === 'bad') expect(outcome.text).toMatch(/^server\.burst is 40, and must be at (?:most|least) \d+$/m);
  });

  test('a number that is not known is beyond no bound, and one that is not there is', () => {
    const bound = (path: string) => [{ path, how: 'atMost', wanted: '1' }] as const;
    const told = (path: string) =>
      readEnd({ argv: ['status'], exits: [0], fields: bound(path) }, end(0, { expected: { burst: null } })).kind;
    expect([told('expected.burst'), told('expected.rate')]).toEqual(['good', 'bad']);
  });

  test.each([
    ['start', 'passed', 'good'],
    ['promote', 'finished', 'good'],
    ['start', 'detached', 'good'],
    ['promote', 'aborted', 'bad'],
    ['start', 'inconclusive', 'bad'],
    ['undo', 'undone', 'good'],
  ])('rollout %s that ends %s is %s', (verb, ended, kind) => {
    const rollout = { id: 'r-1', stage: 'one', phase: 'watching', stages: [] };
    const document = { kind: 'Rollout', end: ended, rollout, changes: [change({})], forecast: [] };
    const outcome = readEnd({ argv: ['rollout', verb], exits: [0], fields: [] }, end(0, document));
    expect(outcome).toMatchObject({ kind, text: `rollout r-1, one: ${ended}\nproven (loaded): as stored` });
  });

  test('a stage that was refused is refused; one that nothing came of is no effect', () => {
    const refusal = { code: 'STAGE_WITHOUT_EFFECT', message: 'm', hint: 'h' };
    const argv = ['rollout', 'start'];
    const refused = readEnd({ argv, exits: [0], fields: [] }, { exitCode: 6, document: null, error: refusal });
    expect(refused).toEqual({ kind: 'bad', text: 'm', hint: 'h', exitCode: 6 });
    const last = change({ verdict: 'contradicted', trap: 'flagNeedsRestart' });
    const document = { kind: 'Rollout', end: 'notProven', rollout: {}, changes: [change({}), last] };
    expect(readEnd({ argv, exits: [0], fields: [] }, end(8, document)).kind).toBe('noEffect');
  });

  test('the value of a lock is shown, cut short and tame, and is not among what is kept', () => {
    const document = {
      kind: 'LimiterKey',
      outcome: 'shown',
      digest: 'd1',
      value: `\u001b[2J${'x'.repeat(900)}`,
      said: ['it is held'],
    };
    const outcome = readEnd({ argv: ['lock', 'show', '1', 'a'], exits: [0], fields: [] }, end(0, document));
    expect(outcome).toMatchObject({ kind: 'good', text: 'it is held', seen: 'd1' });
    expect(outcome.aside).toMatch(/^value: \[2Jx+…$/);
    expect(outcome.aside?.length).toBeLessThan(220);
  });

  test('paths go through lists and maps, and never to what is inherited', () => {
    const value = { a: [{ b: 1 }, { b: 2 }], m: { x: { b: 3 } } };
    expect(valuesAt(value, ['a', '*', 'b'])).toEqual([1, 2]);
    expect(valuesAt(value, ['a', '1', 'b'])).toEqual([2]);
    expect(valuesAt(value, ['m', '*', 'b'])).toEqual([3]);
    expect(valuesAt(value, ['constructor'])).toEqual([]);
  });

  test('what is not seen after an action has no effect; what cannot be looked at says nothing of it', () => {
    const good = { kind: 'good', text: 'done', hint: null, exitCode: 0 } as const;
    const unseen = { kind: 'bad', text: 'not there', hint: null, exitCode: 3 } as const;
    expect(afterChecks(good, [good, unseen])).toMatchObject({ kind: 'noEffect', exitCode: 8 });
    expect(afterChecks(good, [{ ...unseen, exitCode: 7 }])).toMatchObject({ kind: 'bad', exitCode: 7 });
    expect(afterChecks(good, [good])).toMatchObject({ kind: 'good', text: 'done' });
  });
});

test.each([
  ['interrupted; nothing more was sent', 'run r was interrupted; nothing more was sent'],
  ['the write was cut off', 'run r was interrupted: the write was cut off'],
])('that a run was interrupted is said once: %s', (message, said) => {
  expect(interruptedRunText('r', 'interrupted', message)).toBe(said);
});

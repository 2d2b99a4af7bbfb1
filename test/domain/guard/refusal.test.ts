import { describe, expect, test } from 'vitest';
import { assertNoDemand, type Demand } from '../../../src/domain/demand.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { assertGuardNames, guardDemand, overrideReasonDemand } from '../../../src/domain/guard/refusal.js';
import { settle } from '../../../src/domain/guard/verdict.js';
import { judged, rulesOf, type Change, type GuardText } from './kit.js';

function thrown(act: () => void): RlctlError {
  try {
    act();
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

function refusal(guards: readonly GuardText[], change: Change, overridden: readonly string[] = []): RlctlError {
  const verdicts = settle(judged(rulesOf(...guards), change), overridden);
  const demand = guardDemand(verdicts, {
    command: 'override set',
    lineOf: ({ index }) => (index === 0 ? 7 : null),
    hasReason: false,
  });
  return thrown(() => assertNoDemand('override set', demand === null ? [] : [demand]));
}

const change = (from: unknown, to: unknown): Change => ({ before: { '/a': from }, after: { '/a': to } });

test('every rule with its place, its line where it is known, and what is wrong', () => {
  const guards = [
    { name: 'one', rate: { max: 10 } },
    { name: 'two', require: ['ticket'] },
  ];
  expect(refusal(guards, change({ rate: 9 }, { rate: 11 })).message).toBe(
    [
      '2 guards refuse "override set", and nothing was changed:',
      '  one (/x/rlctl.yaml:7: environments.prod.guards[0])',
      '    /a: rate 11 is above 10',
      '  two (/x/rlctl.yaml: environments.prod.guards[1])',
      '    a ticket is missing',
    ].join('\n'),
  );
});

describe('the range that is named is what all of them let through', () => {
  const rate = { min: 1, max: 10 };
  test.each([
    [{ rate }, 5, 11, '/a: keep rate from 1 to 10.'],
    [{ rate: { max: 10 } }, 5, 11, '/a: keep rate at 10 or below.'],
    [{ rate: { min: 10 } }, 11, 9, '/a: keep rate at 10 or above.'],
    [{ rate: { min: 10, max: 10 } }, 10, 9, '/a: keep rate at 10.'],
    [{ rate, factor: 4 }, 5, 500, '/a: keep rate from 2 to 10.'],
    // Within the bounds, beyond the factor: the bounds count all the same.
    [{ rate, factor: 4 }, 5, 1, '/a: keep rate from 2 to 10.'],
    [{ rate, factor: 4 }, 1000, 500, '/a: keep rate from 1 to 10.'],
    [
      { rate, factor: 4 },
      1000,
      5,
      '/a: keep rate at 250 or above by one limit, at 10 or below by another: one has to be overridden.',
    ],
  ])('%j from %s to %s', (guard, from, to, said) =>
    expect(refusal([guard], change({ rate: from }, { rate: to })).hint?.split('\n')[0]).toBe(said),
  );

  test('of several rules', () => {
    const guards = [{ rate }, { factor: 2 }];
    expect(refusal(guards, change({ rate: 4 }, { rate: 20 })).hint).toContain('/a: keep rate from 2 to 8.\n');
  });
});

test('the way past them names each rule; of those that nobody may override it says so, and offers none', () => {
  const open = [
    { name: 'one', rate: { max: 1 } },
    { name: 'two', burst: { max: 1 } },
  ];
  const high = change({ shadow: true }, { rate: 2, burst: 2 });
  expect(refusal(open, high).hint?.split('\n').at(-1)).toBe(
    'Where it has to be, override it, which is recorded: --override-guard one --override-guard two --reason TEXT',
  );
  expect(refusal(open, high, ['one']).hint).not.toContain('--override-guard one');
  const closed = [...open, { name: 'three', never: 'enforce', overridable: false }];
  expect(refusal(closed, high).hint?.split('\n')).toEqual([
    'Nobody may override "three" (overridable: false).',
    expect.stringContaining('keep rate'),
    expect.stringContaining('keep burst'),
    expect.stringMatching(/shadow/i),
    'Where it has to be, override the rest, which is recorded: --override-guard one --override-guard two --reason TEXT',
  ]);
  expect(refusal(closed.slice(2), high).hint).not.toContain('--override-guard');
});

test('nothing is refused where all is let through or overridden', () => {
  const verdicts = settle(judged(rulesOf({ name: 'one', rate: { max: 1 } }), change({}, { rate: 2 })), ['one']);
  expect(guardDemand(verdicts, { command: 'x', lineOf: () => null, hasReason: false })).toBeNull();
});

describe('--override-guard', () => {
  test.each([
    [['on'], 'near it there are: one'],
    [['x'], 'there are: one, two'],
    [['one', 'zzz'], 'there is no guard "zzz"'],
  ])('%j', (names, said) => {
    const rules = rulesOf({ name: 'one', deny: true }, { name: 'two', deny: true });
    const error = thrown(() => assertGuardNames('prod', rules, names));
    expect(error).toMatchObject({ code: 'UNKNOWN_GUARD', exitCode: 2 });
    expect(error.message).toContain(said);
    expect(() => assertGuardNames('prod', rules, ['two', 'one'])).not.toThrow();
  });

  test.each([[null], [''], ['  ']])('the reason %j is none', (reason) => {
    expect(overrideReasonDemand(['one'], reason)).toMatchObject({ code: 'REASON_MISSING', needs: ['reason'] });
    expect(overrideReasonDemand([], reason)).toBeNull();
    expect(overrideReasonDemand(['one'], 'because')).toBeNull();
  });
});

describe('what stands against a change is told at once', () => {
  const demandsOf = (guards: readonly GuardText[], to: unknown, names: readonly string[]): readonly Demand[] => {
    const verdicts = settle(judged(rulesOf(...guards), change({}, to)), []);
    const demands = [
      guardDemand(verdicts, { command: 'override set', lineOf: () => null, hasReason: false }),
      overrideReasonDemand(names, null),
    ];
    return demands.flatMap((each) => (each === null ? [] : [each]));
  };

  test('with the code of the first, each with its own lines, and every flag once', () => {
    const guards = [{ name: 'one', rate: { max: 1 }, require: ['reason', 'ticket'] }];
    const error = thrown(() => assertNoDemand('override set', demandsOf(guards, { rate: 2 }, ['one'])));
    expect(error).toMatchObject({ kind: 'guard', code: 'GUARD_REFUSED' });
    expect(error.message).toBe(
      [
        '2 things stand against "override set", and nothing was changed:',
        '  a guard refuses it:',
        '    one (/x/rlctl.yaml: environments.prod.guards[0])',
        '      a reason is missing',
        '      a ticket is missing',
        '      /a: rate 2 is above 1',
        '  overriding "one" wants a reason, which is recorded',
      ].join('\n'),
    );
    expect(error.hint).toBe(
      [
        '/a: keep rate at 1 or below.',
        'That done, add all of it at once: --reason TEXT --ticket ID',
        'Where it has to be, override it, which is recorded: --override-guard one --reason TEXT --ticket ID',
      ].join('\n'),
    );
    expect(error.details).toMatchObject({
      missingFlags: ['--reason TEXT', '--ticket ID'],
      demands: [{ code: 'GUARD_REFUSED' }, { code: 'REASON_MISSING', flags: ['--reason TEXT'] }],
      refusals: [{ limit: 'require', requirement: 'reason' }, { requirement: 'ticket' }, { limit: 'rate' }],
    });
  });

  test('a guard that flags alone satisfy is no reason to override it', () => {
    const error = thrown(() =>
      assertNoDemand('override set', demandsOf([{ name: 'one', require: ['ticket'] }], { rate: 2 }, ['one'])),
    );
    expect(error.hint).toBe('Add all of it at once: --reason TEXT --ticket ID');
  });

  test('nothing stands against it', () => expect(() => assertNoDemand('override set', [])).not.toThrow());
});

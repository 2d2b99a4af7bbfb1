import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { assertAllowed, assertGuardNames, assertOverrideReason } from '../../../src/domain/guard/refusal.js';
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
  return thrown(() =>
    assertAllowed(verdicts, { command: 'override set', lineOf: ({ index }) => (index === 0 ? 7 : null) }),
  );
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

test('the way past them names each rule; where nobody may, it says so and offers none', () => {
  const open = [
    { name: 'one', rate: { max: 1 } },
    { name: 'two', burst: { max: 1 } },
  ];
  const high = change({}, { rate: 2, burst: 2 });
  expect(refusal(open, high).hint?.split('\n').at(-1)).toBe(
    'Where it has to be, override it, which is recorded: --override-guard one --override-guard two --reason TEXT',
  );
  expect(refusal(open, high, ['one']).hint).not.toContain('--override-guard one');
  const closed = [...open, { name: 'three', never: 'enforce', overridable: false }];
  expect(refusal(closed, high).hint?.split('\n').at(-1)).toBe('Nobody may override "three" (overridable: false).');
});

test('nothing is refused where all is let through or overridden', () => {
  const verdicts = settle(judged(rulesOf({ name: 'one', rate: { max: 1 } }), change({}, { rate: 2 })), ['one']);
  expect(() => assertAllowed(verdicts, { command: 'x', lineOf: () => null })).not.toThrow();
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
    expect(thrown(() => assertOverrideReason(['one'], reason))).toMatchObject({ code: 'REASON_MISSING', exitCode: 6 });
    expect(() => assertOverrideReason([], reason)).not.toThrow();
    expect(() => assertOverrideReason(['one'], 'because')).not.toThrow();
  });
});

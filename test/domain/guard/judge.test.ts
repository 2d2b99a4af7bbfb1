import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeGuards, passedFreezes } from '../../../src/domain/guard/judge.js';
import { needlessRemarks, overriddenNames, settle } from '../../../src/domain/guard/verdict.js';
import { judged, quiet, refused, rulesOf, type Change, type GuardText } from './kit.js';

const set = (route: string, before: unknown, after: unknown): Change => ({
  before: before === null ? {} : { [route]: before },
  after: after === null ? {} : { [route]: after },
});
const base = { ratePerMin: 5, burst: 0, windowSeconds: 60, isShadow: false };

describe('bounds', () => {
  test.each([
    [{ rate: 1 }, []],
    [{ rate: 10 }, []],
    [{ rate: 0 }, ['/a: rate 0 is below 1']],
    [{ rate: 11 }, ['/a: rate 11 is above 10']],
    [
      { rate: 11, burst: 6, window: 59 },
      ['/a: rate 11 is above 10', '/a: burst 6 is above 5', '/a: window 59 is below 60'],
    ],
    // As the server reads it: "11" is 11, true is 1, and what it skips is not in force.
    [{ rate: '11' }, ['/a: rate 11 is above 10']],
    [{ rate: 11.9 }, ['/a: rate 11 is above 10']],
    [{ rate: true }, []],
    [{ rate: null }, []],
    [{}, []],
  ])('%j: %j', (after, said) => {
    const rules = rulesOf({ rate: { min: 1, max: 10 }, burst: { max: 5 }, window: { min: 60 } });
    expect(refused(rules, set('/a', null, after))).toEqual(said);
  });

  const most = rulesOf({ rate: { max: 10 } });
  const above = '/a: rate 500 is above 10, and stays as it was before this change';
  test.each([
    // Another field is set, and the rate is not touched.
    [{ '/a': { rate: 500 } }, { '/a': { rate: 500, shadow: true } }, [], [above]],
    [{ '/a': { rate: '500' } }, { '/a': { rate: 500, burst: 1 } }, [], [above]],
    // Better is not good yet, and an entry of its own is new.
    [{ '/a': { rate: 500 } }, { '/a': { rate: 400 } }, ['/a: rate 400 is above 10'], []],
    [{ '/': { rate: 500 } }, { '/a': { rate: 500 }, '/': { rate: 500 } }, ['/a: rate 500 is above 10'], []],
    // It was hidden, and now it is what the route meets.
    [
      { '/': { rate: 5 }, '/a': { rate: 500 } },
      { '/a': { rate: 500 }, '/': { rate: 5 } },
      ['/a: rate 500 is above 10'],
      [],
    ],
    // It is taken along, and meets the same as before.
    [
      { '/': { rate: 500 } },
      { '/': { rate: 500, burst: 1 } },
      [],
      ['/: rate 500 is above 10, and stays as it was before this change'],
    ],
  ])('of what stands out of them only what a change makes of it counts: %j to %j', (before, after, said, left) => {
    expect(refused(most, { before, after })).toEqual(said);
    expect(judged(most, { before, after }).flatMap(({ standing }) => standing)).toEqual(left);
  });

  test('what the bucket itself says is not bounded', () => {
    expect(refused(rulesOf({ rate: { max: 3 } }), { ...set('/a', { rate: 3 }, null), base })).toEqual([]);
  });
});

describe('factor', () => {
  const four = rulesOf({ factor: 4 });
  test.each([
    [100, 400, []],
    [100, 25, []],
    [100, 401, ['/a: rate goes from 100 to 401, by more than a factor of 4']],
    [100, 24, ['/a: rate goes from 100 to 24, by more than a factor of 4']],
    [0, 1, ['/a: rate goes from 0 to 1, by more than a factor of 4']],
    [0, 0, []],
  ])('rate %s to %s', (from, to, said) =>
    expect(
      refused(four, set('/a', { rate: from }, { rate: to, burst: 1 })).filter((each) => each.includes('rate')),
    ).toEqual(said),
  );

  test('of a burst it says what may come at once', () =>
    expect(refused(four, set('/a', { burst: 0 }, { burst: 4 }))).toEqual([
      '/a: burst goes from 0 to 4 (5 at once instead of 1), by more than a factor of 4',
    ]));

  test.each([
    [0, 3, false],
    [0, 4, true],
    [7, 1, false],
    [7, 0, true],
  ])('a burst counts with the request that it comes on top of: %s to %s', (from, to, isRefused) =>
    expect(refused(four, set('/a', { burst: from }, { burst: to })).length > 0).toBe(isRefused),
  );

  test('decimal factors are meant as written', () => {
    const rules = rulesOf({ factor: { rate: 1.15 } });
    expect(refused(rules, set('/a', { rate: 100 }, { rate: 115 }))).toEqual([]);
    expect(refused(rules, set('/a', { rate: 100 }, { rate: 116 }))).toHaveLength(1);
  });

  test('against the bucket’s own policy where there was no override', () => {
    expect(refused(four, { ...set('/api/payments', null, { rate: 20 }), base })).toEqual([]);
    expect(refused(four, { ...set('/api/payments', null, { rate: 21 }), base })).toHaveLength(1);
    expect(refused(four, { ...set('/api/payments', { rate: 21 }, null), base })).toHaveLength(1);
  });

  test('against the override that it met, where another one had covered it', () => {
    const before = { '/api': { rate: 100 } };
    const after = (rate: number) => ({ '/api/x': { rate }, ...before });
    expect(refused(four, { before, after: after(400), base })).toEqual([]);
    expect(refused(four, { before, after: after(401), base })).toHaveLength(1);
  });

  test('what could not be judged refuses nothing, and is said', () => {
    const [verdict] = judged(four, set('/a', null, { rate: 50_000 }));
    expect(verdict).toMatchObject({
      violations: [],
      unjudged: ['rate of "/a" could not be judged: it changes from the bucket\'s own, which is not known'],
    });
    expect(judged(four, set('/a', { rate: 50_000 }, null))[0]?.unjudged).toEqual([
      'rate of "/a" could not be judged: it changes to the bucket\'s own, which is not known',
    ]);
  });

  test('the range that it names is exactly what it lets through', () => {
    const values = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(
        values,
        values,
        fc.constantFrom('rate', 'burst'),
        fc.integer({ min: 10, max: 50 }),
        (from, to, name, tenths) => {
          const rules = rulesOf({ factor: tenths / 10 });
          const violation = judged(rules, set('/a', { [name]: from }, { [name]: to }))[0]?.violations[0];
          if (violation === undefined) return;
          const { min, max } = violation.allowed ?? { min: null, max: null };
          expect(to >= (min ?? 0) && to <= (max ?? Infinity)).toBe(false);
          for (const edge of [min, max])
            expect(refused(rules, set('/a', { [name]: from }, { [name]: edge }))).toEqual([]);
          expect(refused(rules, set('/a', { [name]: from }, { [name]: (max ?? 0) + 1 }))).toHaveLength(1);
          if ((min ?? 0) > (name === 'rate' ? 1 : 0))
            expect(refused(rules, set('/a', { [name]: from }, { [name]: (min ?? 0) - 1 }))).toHaveLength(1);
        },
      ),
      { seed: 7, numRuns: 200 },
    );
  });

  test('is the same both ways', () => {
    const values = fc.option(
      fc.record(
        { rate: fc.integer({ min: 0, max: 300 }), burst: fc.integer({ min: 0, max: 50 }) },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(values, values, fc.integer({ min: 1, max: 6 }), fc.boolean(), (one, other, most, isKnown) => {
        const rules = rulesOf({ factor: most });
        const more = { base: isKnown ? base : null };
        const there = refused(rules, { ...set('/a', one, other), ...more });
        const back = refused(rules, { ...set('/a', other, one), ...more });
        expect(back.length).toBe(there.length);
      }),
      { seed: 8, numRuns: 300 },
    );
  });
});

test('a change inside all bounds is never refused', () => {
  const inside = fc.record(
    {
      rate: fc.integer({ min: 10, max: 40 }),
      burst: fc.integer({ min: 4, max: 19 }),
      window: fc.integer({ min: 60, max: 240 }),
      shadow: fc.constant(true),
    },
    { requiredKeys: ['shadow'] },
  );
  const rules = rulesOf({
    rate: { min: 10, max: 40 },
    burst: { min: 4, max: 19 },
    window: { min: 60, max: 240 },
    factor: 4,
    never: 'enforce',
    freeze: { from: '2026-01-02', to: '2026-01-03', zone: 'UTC' },
    require: ['reason'],
  });
  const policy = { ratePerMin: 20, burst: 9, windowSeconds: 120, isShadow: true };
  fc.assert(
    fc.property(fc.option(inside), inside, fc.boolean(), (before, after, isKnown) => {
      const change = { ...set('/a', before, after), given: ['reason'] as const, base: isKnown ? policy : null };
      expect(refused(rules, change)).toEqual([]);
    }),
    { seed: 9, numRuns: 300 },
  );
});

describe('never', () => {
  const text = {
    notSet: '/a: shadow is not set, and it is never to enforce',
    enforces: '/a: shadow is false, and it is never to enforce',
    left: '/a: without the override that keeps it in shadow it would enforce: the bucket is not known to be in shadow',
    leftEnforcing: '/a: without the override that keeps it in shadow it would enforce: the bucket enforces',
  };
  test.each([
    [null, { rate: 1, shadow: true }, null, []],
    [null, { rate: 1 }, null, [text.notSet]],
    [null, { rate: 1 }, true, [text.notSet]],
    [{ shadow: true }, { shadow: false }, null, [text.enforces]],
    // As Python reads it: the text "false" is true.
    [null, { shadow: 'false' }, null, []],
    [null, { shadow: 0 }, null, [text.enforces]],
    [{ shadow: true }, null, null, [text.left]],
    [{ shadow: true }, null, false, [text.leftEnforcing]],
    [{ shadow: true }, null, true, []],
    [{ shadow: false }, null, null, []],
    [{ rate: 1 }, null, null, []],
    [{ rate: 1 }, { rate: 2 }, null, []],
    [{ rate: 1, shadow: false }, { rate: 1 }, null, [text.notSet]],
  ])('enforce: %j to %j, bucket in shadow %s', (before, after, isShadow, said) => {
    const known = isShadow === null ? null : { ...base, isShadow };
    expect(refused(rulesOf({ never: 'enforce' }), { ...set('/a', before, after), base: known })).toEqual(said);
  });

  test.each([
    [null, { shadow: false }, null, 0],
    [null, { rate: 1 }, null, 0],
    [null, { shadow: true }, null, 1],
    [{ shadow: true }, null, true, 0],
    [{ shadow: false }, null, true, 1],
    [{ shadow: false }, null, null, 0],
    [{ shadow: false }, { rate: 1 }, true, 1],
  ])('shadow: %j to %j, bucket in shadow %s', (before, after, isShadow, count) => {
    const known = isShadow === null ? null : { ...base, isShadow };
    expect(refused(rulesOf({ never: 'shadow' }), { ...set('/a', before, after), base: known })).toHaveLength(count);
  });

  test.each([
    ['enforce', false, 1],
    ['enforce', null, 1],
    ['enforce', true, 0],
    ['shadow', true, 1],
    ['shadow', false, 0],
    ['shadow', null, 0],
  ])('%s, a flag set outside the document: %s', (never, isShadow, count) => {
    const flag = { bucket: 'financial', names: ['financial', 'pay'], routes: ['/api/payments'], isShadow };
    for (const scope of [{}, { buckets: ['pay'] }, { routes: ['/api/payments/x'] }, { routes: ['/api'] }]) {
      const verdicts = judgeGuards(rulesOf({ never, ...scope }), { ...quiet, command: 'shadow off', flags: [flag] });
      expect(verdicts[0]?.violations).toHaveLength(count);
    }
    const other = judgeGuards(rulesOf({ never, buckets: ['read'] }), { ...quiet, flags: [flag] });
    expect(other).toEqual([]);
  });
});

describe('require', () => {
  const rules = rulesOf({ require: ['reason', 'ticket', 'end'] });
  test.each([
    [{}, 'override set', ['*: a reason is missing', '*: a ticket is missing', '*: an end is missing']],
    [{ given: ['reason', 'ticket', 'end'] as const }, 'override set', []],
    [{ given: ['reason', 'ticket'] as const }, 'shadow off', []],
  ])('%j by %s', (given, command, said) =>
    expect(refused(rules, { ...set('/a', null, { rate: 1 }), ...given, command })).toEqual(said),
  );

  test('what goes away has no end to give', () => {
    expect(refused(rules, { ...set('/a', { rate: 1 }, null), given: ['reason', 'ticket'] })).toEqual([]);
  });
});

describe('what a rule is about', () => {
  const about = (scope: GuardText, change: Change): readonly string[] =>
    refused(rulesOf({ rate: { max: 10 }, ...scope }), change);
  const high = { rate: 99 };

  test.each([
    [{}, '/anything', true],
    [{ buckets: ['financial'] }, '/api/payments', true],
    [{ buckets: ['financial'] }, '/api/payments/x', true],
    [{ buckets: ['pay'] }, '/api/refunds', true],
    // The bucket ends at a segment; the route belongs to the bucket of the shorter prefix.
    [{ buckets: ['financial'] }, '/api/paymentsx', false],
    [{ buckets: ['read'] }, '/api/paymentsx', true],
    [{ buckets: ['read'] }, '/api/payments', false],
    [{ buckets: ['nobody'] }, '/api', false],
    [{ routes: ['/api/pay'] }, '/api/payments', true],
    [{ routes: ['/api/payments'] }, '/api/pay', true],
    [{ routes: ['/api/payments'] }, '/api/search', false],
    [{ buckets: ['financial'], routes: ['/x'] }, '/x/y', true],
    [{ buckets: ['financial'] }, '/api', true],
    [{ buckets: ['financial'] }, '', true],
  ])('%j, %s: %s', (scope, route, isAbout) => {
    expect(about(scope, { after: { [route]: high } }).length > 0).toBe(isAbout);
  });

  test('a prefix that catches a guarded route is judged there, unless another one wins for it', () => {
    const scope = { buckets: ['financial'] };
    expect(about(scope, { after: { '/api': high } })).toEqual([
      '/api/payments: rate 99 is above 10',
      '/api/refunds: rate 99 is above 10',
    ]);
    const kept = { '/api/payments': { rate: 5 }, '/api/refunds': {} };
    expect(about(scope, { before: kept, after: { ...kept, '/api': high } })).toEqual([]);
  });

  test('a guarded route that falls to another prefix is judged by what it then gets', () => {
    const wide = { '/api': high };
    const change = { before: { '/api/payments': { rate: 5 }, ...wide }, after: wide };
    expect(about({ routes: ['/api/payments'] }, change)).toEqual(['/api/payments: rate 99 is above 10']);
    expect(about({}, change)).toEqual(['/api/payments: rate 99 is above 10']);
  });

  test('an order that lets another prefix win counts as well', () => {
    const [narrow, wide] = [{ '/api/payments': { rate: 5 } }, { '/api': high }];
    const change = { before: { ...narrow, ...wide }, after: { ...wide, ...narrow } };
    expect(about({ routes: ['/api/payments/x'] }, change)).toEqual(['/api/payments/x: rate 99 is above 10']);
  });

  test('a hidden entry counts by its own value', () => {
    const wide = { '/api': { rate: 5 } };
    expect(about({ routes: ['/api/x'] }, { before: wide, after: { ...wide, '/api/x': high } })).toHaveLength(1);
  });

  test('only what is changed is judged', () => {
    const there = { '/old': { rate: 1000 } };
    expect(about({}, { before: there, after: { ...there, '/new': { rate: 5 } } })).toEqual([]);
  });

  test('by its command', () => {
    const change = set('/a', null, high);
    const commands = ['override set', 'shadow on'];
    expect(about({ commands }, { ...change, command: 'override set' })).toHaveLength(1);
    expect(about({ commands }, { ...change, command: 'override apply' })).toEqual([]);
  });
});

describe('deny, only and freeze', () => {
  const change = set('/api/payments', null, { rate: 1 });
  const freeze = { freeze: { from: '2026-01-01', to: '2026-01-02', zone: 'UTC' } };
  const nowMs = Date.parse('2026-01-01T12:00:00Z');

  test('deny', () => {
    expect(refused(rulesOf({ deny: true }), change)).toEqual(['*: "override set" is not allowed here']);
    expect(refused(rulesOf({ deny: true, commands: ['override sync'] }), change)).toEqual([]);
    expect(refused(rulesOf({ deny: true, buckets: ['read'] }), change)).toEqual([]);
  });

  test('only', () => {
    expect(refused(rulesOf({ only: ['shadow on', 'override set'] }), change)).toEqual([]);
    expect(refused(rulesOf({ only: ['shadow on'] }), change)).toEqual([
      '*: "override set" is not allowed here, only shadow on',
    ]);
  });

  test('a freeze does not hold for a panic, which is said; what else a rule says does', () => {
    const rules = rulesOf({ ...freeze, name: 'weekend', never: 'shadow' });
    const change = {
      ...set('/a', null, { shadow: true }),
      command: 'panic route',
      nowMs: Date.parse('2026-01-01T12:00Z'),
    };
    expect(refused(rules, change)).toEqual(['/a: shadow is true, and it is never to stop enforcing']);
    const situation = { ...quiet, command: 'panic route', nowMs: change.nowMs };
    expect(passedFreezes(rules, situation)).toEqual([
      'the freeze of "weekend" (until 2026-01-02 00:00Z) does not hold for a panic',
    ]);
    expect(passedFreezes(rules, { ...situation, command: 'shadow on' })).toEqual([]);
    expect(passedFreezes(rules, { ...situation, nowMs: Date.parse('2026-01-03T00:00Z') })).toEqual([]);
  });

  test('freeze', () => {
    const rules = rulesOf(freeze);
    expect(refused(rules, { ...change, nowMs })).toHaveLength(1);
    expect(judged(rules, { ...change, nowMs })[0]?.violations[0]).toMatchObject({
      limit: 'freeze',
      untilMs: Date.parse('2026-01-02T00:00:00Z'),
      cure: 'wait until 2026-01-02 00:00Z',
    });
    expect(refused(rules, { ...change, nowMs: nowMs + 86_400_000 })).toEqual([]);
  });

  test.each([
    [{}, true],
    [{ commands: ['reload'] }, true],
    [{ commands: ['override set'] }, false],
    [{ buckets: ['financial'] }, false],
    [{ buckets: ['financial'], commands: ['reload'] }, true],
  ])('a reload under a rule about %j: %s', (scope, isRefused) => {
    const verdicts = judgeGuards(rulesOf({ ...freeze, ...scope, require: ['ticket'] }), {
      ...quiet,
      command: 'reload',
      isReloadOnly: true,
      nowMs,
    });
    // A reload carries no ticket, and none is asked of it.
    expect(verdicts.flatMap(({ violations }) => violations.map(({ limit }) => limit))).toEqual(
      isRefused ? ['freeze'] : [],
    );
  });
});

test('all limits of all rules are said, in the order of the configuration', () => {
  const rules = rulesOf(
    { name: 'a', rate: { max: 1 }, never: 'shadow' },
    { name: 'b', burst: { max: 1 } },
    { name: 'c', deny: true, commands: ['reload'] },
  );
  const verdicts = judged(rules, set('/a', null, { rate: 2, burst: 2, shadow: true }));
  expect(verdicts.map(({ rule, violations }) => [rule.name, violations.map(({ limit }) => limit)])).toEqual([
    ['a', ['rate', 'never']],
    ['b', ['burst']],
  ]);
});

test('what is overridden, what must not be, and what did not have to be', () => {
  const rules = rulesOf(
    { name: 'open', rate: { max: 1 } },
    { name: 'closed', rate: { max: 1 }, overridable: false },
    { name: 'kept', rate: { max: 5 } },
    { name: 'dark', factor: 2 },
  );
  const verdicts = judged(rules, set('/a', null, { rate: 2 }));
  const outcomes = (names: readonly string[]) => settle(verdicts, names).map(({ outcome }) => outcome);
  expect(outcomes([])).toEqual(['refused', 'refused', 'allowed', 'notJudged']);
  expect(outcomes(['open', 'closed', 'kept'])).toEqual(['overridden', 'refused', 'allowed', 'notJudged']);
  expect(overriddenNames(settle(verdicts, ['open', 'closed', 'kept']))).toEqual(['open']);
  expect(needlessRemarks(settle(verdicts, []), ['open', 'kept', 'dark', 'kept'])).toEqual(
    ['kept', 'dark'].map((name) => `the guard "${name}" did not have to be overridden`),
  );
});

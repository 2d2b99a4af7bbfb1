import { describe, expect, it } from 'vitest';
import type { Policy, PolicyAnswer, ProbeAnswer, ReloadReport } from '../../../src/domain/control-plane.js';
import { judge, type Judgement } from '../../../src/domain/proof/judge.js';
import type { Observations, PrefixReads, ProbeObservation } from '../../../src/domain/proof/observations.js';
import { notAttempted } from '../../../src/domain/proof/proof.js';
import { traps } from '../../../src/domain/proof/traps.js';
import { loadOverrides } from '../../../src/domain/policy/matching.js';

const base: Policy = { ratePerMin: 60, burst: 10, windowSeconds: 60, isShadow: false };
const stored = '{"/a":{"rate":120,"burst":20},"/b":{"burst":5}}';

function report(overridesCount: number | null, overridePrefixes: readonly string[] | null = null): ReloadReport {
  return { isOk: true, isEnabled: true, isShadow: false, bucketShadows: new Map(), overridesCount, overridePrefixes };
}

function answer(fields: Partial<PolicyAnswer> = {}): PolicyAnswer {
  return { bucket: 'read', ...base, matchedOverride: undefined, activeOverrides: undefined, ...fields };
}

function reads(prefix: string, answers: readonly PolicyAnswer[], more: Partial<PrefixReads> = {}): PrefixReads {
  return {
    prefix,
    source: 'GET https://api.example.com/internal/rate-limit/policy',
    answers,
    wanted: answers.length,
    bases: new Map([['read', base]]),
    ...more,
  };
}

const a = answer({ ratePerMin: 120, burst: 20 });
const b = answer({ burst: 5 });

function see(fields: Partial<Observations> & { text?: string | null } = {}): Observations {
  const { text, ...rest } = fields;
  const bytes = text === null ? null : Buffer.from(text ?? stored);
  const reports = fields.reports ?? [report(2)];
  return {
    levelAsked: 'loaded',
    loaded: loadOverrides(bytes),
    reports,
    lastReports: reports,
    changed: [reads('/a', [a])],
    isWitness: false,
    sample: [],
    others: 0,
    probes: [],
    workers: 1,
    endpointCount: 1,
    hasPolicyAnswered: true,
    failures: [],
    wrongSiteMode: null,
    known: { readsOverrides: null, enforcesOverrides: null },
    ...rest,
  };
}

type Expected = readonly [Judgement['verdict'], Judgement['trap']];

function check(seen: Observations, [verdict, trap]: Expected): Judgement {
  const judgement = judge(seen);
  expect([judgement.verdict, judgement.trap], JSON.stringify(judgement.evidence, null, 1)).toEqual([verdict, trap]);
  expect(judgement.diagnosis).not.toMatch(/[\n\u0000]/);
  expect(judgement.diagnosis.length).toBeGreaterThan(20);
  return judgement;
}

/** Verdict and trap, the two words that a table row states. */
function verdictOf(seen: Observations): Expected {
  const { verdict, trap } = judge(seen);
  return [verdict, trap];
}

describe('the count', () => {
  it.each<[string, string | null, readonly ReloadReport[], Expected]>([
    ['equal', stored, [report(2)], ['proven', null]],
    ['more than Redis explains', stored, [report(3)], ['contradicted', 'environmentOverridesInFront']],
    ['fewer', stored, [report(1)], ['contradicted', 'otherNamespaceOrRedisUnreachable']],
    ['none though some are stored', stored, [report(0)], ['contradicted', 'overridesNotRead']],
    [
      'none, from a server that lists them',
      stored,
      [report(0, [])],
      ['contradicted', 'otherNamespaceOrRedisUnreachable'],
    ],
    [
      'entries the server skips may count or not: lower end',
      '{"/a":{"rate":120,"burst":20},"/x":{"rate":null}}',
      [report(1)],
      ['proven', null],
    ],
    ['upper end', '{"/a":{"rate":120,"burst":20},"/x":{"rate":null}}', [report(2)], ['proven', null]],
    [
      'entries that are no objects never count',
      '{"/a":{"rate":120,"burst":20},"/x":5}',
      [report(2)],
      ['contradicted', 'environmentOverridesInFront'],
    ],
    ['not given: the policy carries it', stored, [report(null)], ['proven', null]],
    ['of one of two targets', stored, [report(2), report(0)], ['contradicted', 'staleWorkers']],
    ['of both targets', stored, [report(2), report(2)], ['proven', null]],
    ['a broken document', '{"/a":', [report(0)], ['contradicted', 'documentDropped']],
    ['a list', '[]', [report(0)], ['contradicted', 'documentDropped']],
    ['a byte order mark', '\ufeff{}', [report(0)], ['contradicted', 'documentDropped']],
    ['an empty string', '', [report(0)], ['contradicted', 'documentDropped']],
  ])('%s', (_, text, reports, expected) => {
    expect(verdictOf(see({ text, reports }))).toEqual(expected);
  });

  it.each([null, '{}'])('nothing stored and 0: proven, with the remark (%s)', (text) => {
    const judgement = check(see({ text, reports: [report(0)], changed: [] }), ['proven', null]);
    expect(judgement.evidence.map((line) => line.text).join()).toContain('does not show that Redis is read');
    expect(judgement.diagnosis).toContain('whether it reads Redis at all');
    expect(judgement.learned.readsOverrides).toBeNull();
  });

  it.each([null, '{}', '{"/a":5}'])(
    'nothing stored and 1: the cause cannot be known, and both are said (%s)',
    (text) => {
      const judgement = check(see({ text, reports: [report(1)], changed: [] }), [
        'contradicted',
        'otherNamespaceOrRedisUnreachable',
      ]);
      expect(judgement.diagnosis).toMatch(/another namespace or another Redis, or they stand in the server's own env/);
      expect(judgement.diagnosis).not.toContain('restart');
    },
  );

  it('more than Redis explains, and stored routes as if there were none: it looks elsewhere', () => {
    const changed = [reads('/a', [answer()])];
    expect(verdictOf(see({ reports: [report(7)], changed }))).toEqual([
      'contradicted',
      'otherNamespaceOrRedisUnreachable',
    ]);
  });

  it('more than Redis explains, and nothing shows a stored one: the environment is not asserted', () => {
    const seen = see({ reports: [report(3)], changed: [reads('/a', [answer({ burst: 1 })])] });
    const judgement = check(seen, ['contradicted', 'environmentOverridesInFront']);
    expect(judgement.diagnosis).toContain('or it reads another namespace');
    expect(check(see({ reports: [report(3)] }), ['contradicted', 'environmentOverridesInFront']).diagnosis).toContain(
      'stand before the ones in Redis and win',
    );
  });

  it('an earlier knowledge that the server reads overrides rules out that it does not', () => {
    expect(verdictOf(see({ reports: [report(0)], known: { readsOverrides: true, enforcesOverrides: null } }))).toEqual([
      'contradicted',
      'otherNamespaceOrRedisUnreachable',
    ]);
  });

  it.each<[string, readonly string[], Expected]>([
    ['exactly the stored ones', ['/a', '/b'], ['proven', null]],
    ['another order', ['/b', '/a'], ['contradicted', null]],
    ['one from elsewhere', ['/', '/a', '/b'], ['contradicted', 'environmentOverridesInFront']],
    ['one missing', ['/a'], ['contradicted', null]],
  ])('a list with %s', (_, list, expected) => {
    expect(verdictOf(see({ reports: [report(2, list)] }))).toEqual(expected);
  });
});

describe('the policy of a changed prefix', () => {
  it.each<[string, PrefixReads, Expected]>([
    ['as stored', reads('/a', [a, a]), ['proven', null]],
    ['as without an override', reads('/a', [answer()]), ['contradicted', 'otherNamespaceOrRedisUnreachable']],
    ['with values from nowhere', reads('/a', [answer({ burst: 1 })]), ['contradicted', 'staleWorkers']],
    ['right in what it sets, wrong beside', reads('/a', [{ ...a, isShadow: true }]), ['contradicted', 'staleWorkers']],
    ['now and then as before', reads('/a', [a, answer(), a]), ['contradicted', 'staleWorkers']],
    ['removed, and shown as the base', reads('/gone', [answer()]), ['proven', null]],
    ['removed, and shown as before', reads('/gone', [answer({ burst: 99 })]), ['contradicted', 'staleWorkers']],
    ['removed, base not known', reads('/gone', [answer()], { bases: new Map() }), ['notProven', null]],
    [
      'base not known: only what it sets is compared',
      reads('/a', [{ ...a, isShadow: true }], { bases: new Map() }),
      ['proven', null],
    ],
    [
      'base not known, a field differs',
      reads('/a', [{ ...a, burst: 3 }], { bases: new Map() }),
      ['contradicted', 'staleWorkers'],
    ],
    ['fewer reads than wanted', reads('/a', [a], { wanted: 2 }), ['notProven', null]],
    ['no read at all', reads('/a', [], { wanted: 1 }), ['notProven', null]],
    [
      "under its bucket's own base",
      reads('/a', [{ ...a, bucket: 'financial', isShadow: true }], {
        bases: new Map([['financial', { ...base, isShadow: true }]]),
      }),
      ['proven', null],
    ],
    ['named by the server', reads('/a', [{ ...a, matchedOverride: '/a' }]), ['proven', null]],
    ['another one is named', reads('/a', [{ ...a, matchedOverride: '/b' }]), ['contradicted', 'staleWorkers']],
    ['a foreign one is named', reads('/a', [{ ...a, matchedOverride: '/' }]), ['contradicted', 'staleWorkers']],
    ['none is named', reads('/a', [{ ...a, matchedOverride: null }]), ['contradicted', 'staleWorkers']],
    [
      'the list of active ones has a foreign one',
      reads('/a', [{ ...a, matchedOverride: '/a', activeOverrides: ['/a', '/b', '/env'] }]),
      ['contradicted', 'staleWorkers'],
    ],
  ])('%s', (_, prefix, expected) => {
    expect(verdictOf(see({ changed: [prefix] }))).toEqual(expected);
  });

  it('all answers as before, with the right count: other workers answered', () => {
    expect(verdictOf(see({ changed: [reads('/a', [answer(), answer()])], workers: null }))).toEqual([
      'contradicted',
      'staleWorkers',
    ]);
  });

  it('a prefix hidden by an earlier one should show that one, and the evidence says so', () => {
    const judgement = check(
      see({ text: '{"/":{"burst":3},"/a":{"burst":4}}', changed: [reads('/a', [answer({ burst: 3 })])] }),
      ['proven', null],
    );
    expect(judgement.evidence.map((line) => line.text).join()).toContain('hides this one');
  });

  it('an entry the server skips leaves the next match, or the base', () => {
    expect(
      verdictOf(see({ text: '{"/a":{"burst":null},"/":{"burst":3}}', changed: [reads('/a', [answer({ burst: 3 })])] })),
    ).toEqual(['proven', null]);
    expect(
      verdictOf(see({ text: '{"/a":{"burst":null}}', reports: [report(1)], changed: [reads('/a', [answer()])] })),
    ).toEqual(['proven', null]);
  });

  it('an entry the server does not use is said, with why, and not counted as held', () => {
    const text = '{"/a":{"rate":"12.5"},"/b":{"burst":5}}';
    const witnesses = { changed: [reads('/b', [b]), reads('/a', [answer()])], isWitness: true };
    const some = check(see({ text, reports: [report(2)], ...witnesses }), ['proven', null]);
    expect(some.diagnosis).toMatch(
      /holds the 1 stored override that it can use; the server does not use 1 stored entry \("\/a": .+\)/,
    );
    const none = see({ text: '{"/a":{"rate":"12.5"}}', changed: [reads('/a', [answer()])], isWitness: true });
    expect(check({ ...none, reports: [report(1)], lastReports: [report(1)] }, ['proven', null]).diagnosis).toMatch(
      /^no stored override is in use; the server does not use 1 stored entry/,
    );
  });

  it.each(['{"/x":5}', '{"/x":{"rate":null}}'])('an entry that hides one still held (%s)', (text) => {
    const still = answer({ burst: 1 });
    for (const matchedOverride of [undefined, '/x'])
      expect(
        verdictOf(see({ text, reports: [], changed: [reads('/x', [{ ...still, matchedOverride }])], isWitness: true })),
      ).toEqual(['contradicted', 'notLoaded']);
  });

  it('a coerced value is expected as the server coerces it', () => {
    expect(
      verdictOf(
        see({
          text: '{"/a":{"burst":"20","shadow":"false"},"/b":{}}',
          changed: [reads('/a', [answer({ burst: 20, isShadow: true })])],
        }),
      ),
    ).toEqual(['proven', null]);
  });

  describe('that equals the base', () => {
    const text = '{"/a":{"burst":10}}';
    it.each<[string, readonly ReloadReport[], PolicyAnswer, Expected]>([
      ['the count carries it', [report(1)], answer(), ['proven', null]],
      ['no count', [report(null)], answer(), ['notProven', null]],
      ['no reload', [], answer(), ['notProven', null]],
      ['named by the server, it shows', [], answer({ matchedOverride: '/a' }), ['proven', null]],
      ['a wrong count', [report(0)], answer(), ['contradicted', 'overridesNotRead']],
    ])('%s', (_, reports, seen, expected) => {
      expect(verdictOf(see({ text, reports, changed: [reads('/a', [seen])] }))).toEqual(expected);
    });
  });

  it('several prefixes: one that differs is enough', () => {
    expect(verdictOf(see({ changed: [reads('/a', [a]), reads('/b', [answer()])] }))).toEqual([
      'contradicted',
      'otherNamespaceOrRedisUnreachable',
    ]);
    expect(verdictOf(see({ changed: [reads('/a', [a]), reads('/b', [b])] }))).toEqual(['proven', null]);
  });
});

describe('a value from nowhere after a reload', () => {
  const foreign = [reads('/a', [answer({ burst: 1 })])];

  it.each([1, 2, null])('counted rightly: another process, and no restart is asked for (workers %s)', (workers) => {
    const judgement = check(see({ changed: foreign, workers }), ['contradicted', 'staleWorkers']);
    expect(judgement.diagnosis).toContain('another process answered');
    expect(judgement.diagnosis).toContain(workers === null ? 'workers is not set' : `workers is ${workers}`);
    expect(judgement.diagnosis).not.toContain('restart');
  });

  it('not counted: the environment stays a cause', () => {
    expect(verdictOf(see({ changed: foreign, reports: [report(null)] }))).toEqual([
      'contradicted',
      'environmentOverridesInFront',
    ]);
  });

  it('listed beside a count that Redis explains: another process', () => {
    const changed = [reads('/a', [{ ...a, matchedOverride: '/a', activeOverrides: ['/a', '/b', '/pay'] }])];
    expect(verdictOf(see({ changed }))).toEqual(['contradicted', 'staleWorkers']);
  });
});

describe('without a reload (verify)', () => {
  it.each([undefined, ['/other']])(
    'what is not stored and may have been: a reload comes first (former %s)',
    (former) => {
      const changed = [reads('/a', [{ ...a, matchedOverride: '/a', activeOverrides: ['/a', '/b', '/pay'] }])];
      const judgement = check(see({ reports: [], changed, former }), ['contradicted', 'notLoaded']);
      expect(judgement.diagnosis).toMatch(
        /had no reload since .+ or they stand in its own environment .+ run: rlctl reload/,
      );
      expect(judgement.diagnosis).not.toContain('restart');
    },
  );

  it('what Redis holds and the server does not show wants a reload', () => {
    const judgement = check(see({ reports: [], changed: [reads('/a', [answer()])] }), ['contradicted', 'notLoaded']);
    expect(judgement.diagnosis).toContain('run: rlctl reload');
  });

  it('what one of its workers does not show is told from what none shows', () => {
    expect(verdictOf(see({ reports: [], changed: [reads('/a', [a, answer()])] }))).toEqual([
      'contradicted',
      'staleWorkers',
    ]);
  });

  it('a server that was seen not to read overrides is named', () => {
    const known = { readsOverrides: false, enforcesOverrides: null };
    const verdict = verdictOf(see({ reports: [], changed: [reads('/a', [answer()])], known }));
    expect(verdict).toEqual(['contradicted', 'overridesNotRead']);
  });

  it('a server that says that its Redis is away is named', () => {
    const withoutRedis = ['https://api.example.com'];
    const judgement = check(see({ reports: [], changed: [reads('/a', [answer()])], withoutRedis }), [
      'contradicted',
      'otherNamespaceOrRedisUnreachable',
    ]);
    expect(judgement.diagnosis).toContain('says itself that its Redis does not answer');
  });

  it('agreement is proof', () => {
    expect(verdictOf(see({ reports: [], changed: [reads('/a', [a])], isWitness: true }))).toEqual(['proven', null]);
  });

  it('nothing stored, and no answer that counts what is held', () => {
    expect(verdictOf(see({ text: '{}', reports: [], changed: [] }))).toEqual(['notProven', null]);
    expect(verdictOf(see({ text: '{}', reports: [], changed: [], hasPolicyAnswered: false }))).toEqual([
      'notProven',
      null,
    ]);
  });

  it.each<[string, readonly string[], Expected]>([
    ['none', [], ['proven', null]],
    ['one that is still held', ['/gone'], ['contradicted', 'otherNamespaceOrRedisUnreachable']],
  ])('nothing stored, and a list of %s', (_, activeOverrides, expected) => {
    const none = reads('/rlctl-base', [answer({ matchedOverride: null, activeOverrides })]);
    expect(verdictOf(see({ text: '{}', reports: [], changed: [none], isWitness: true }))).toEqual(expected);
  });
});

describe('the sample', () => {
  const others = { others: 2, sample: [reads('/b', [b])] };
  it.each<[string, Partial<Observations>, Expected]>([
    ['as stored', others, ['proven', null]],
    ['one differs', { ...others, sample: [reads('/b', [answer({ burst: 9 })])] }, ['contradicted', 'staleWorkers']],
    [
      'one could not be read',
      { ...others, sample: [reads('/b', [], { wanted: 1 })], failures: ['the policy endpoint answered 429'] },
      ['notProven', null],
    ],
  ])('%s', (_, fields, expected) => {
    expect(verdictOf(see(fields))).toEqual(expected);
  });

  it('says how many of how many', () => {
    expect(judge(see(others)).evidence.map((line) => line.text)).toContain(
      '1 of 2 other prefixes were read: 1 as stored',
    );
  });
});

describe('limits', () => {
  it('a failure makes it not proven, with the cause in the diagnosis', () => {
    const judgement = check(
      see({ changed: [reads('/a', [], { wanted: 1 })], failures: ['the policy endpoint answered 404'] }),
      ['notProven', null],
    );
    expect(judgement.evidence.at(-1)).toMatchObject({
      subject: 'limits',
      verdict: 'notProven',
      text: 'the policy endpoint answered 404',
    });
  });

  it('another site proves nothing', () => {
    const judgement = check(see({ wrongSiteMode: 'pre\u001b[31mview' }), ['notProven', 'otherEnvironment']);
    expect(judgement.diagnosis).toContain('"pre [31mview"');
  });
});

describe('several workers', () => {
  const agreeing = (count: number) => [
    reads(
      '/a',
      Array.from({ length: count }, () => a),
    ),
  ];

  it.each([
    [4, 33, 0.9999],
    [2, 14, 0.9999],
    [null, 32, 0.9998],
  ])('%s workers, %i agreeing reads: the confidence is stated', (workers, count, least) => {
    const judgement = check(see({ workers, changed: agreeing(count) }), ['proven', null]);
    expect(judgement.confidence).toBeGreaterThan(least);
    expect(judgement.evidence.find(({ subject }) => subject === 'workers')?.text).toMatch(/99\.9[89] %/);
    expect(judgement.distinctAnswers).toBe(1);
  });

  it('agreeing reads make an earlier count of another worker history', () => {
    const seen = see({ workers: 4, changed: agreeing(33), reports: [report(0), report(2)], lastReports: [report(2)] });
    expect(verdictOf(seen)).toEqual(['proven', null]);
    expect(verdictOf({ ...seen, lastReports: [report(0)] })).toEqual(['contradicted', 'overridesNotRead']);
  });

  it('where nothing is visible, every worker must have had a reload', () => {
    const text = '{"/a":{"burst":10}}';
    const changed = [
      reads(
        '/a',
        Array.from({ length: 33 }, () => answer()),
      ),
    ];
    const many = (count: number) => Array.from({ length: count }, () => report(1));
    expect(verdictOf(see({ text, changed, workers: 4, reports: many(5) }))).toEqual(['notProven', null]);
    expect(verdictOf(see({ text, changed, workers: 4, reports: many(37) }))).toEqual(['proven', null]);
    expect(judge(see({ text, changed, workers: 4, reports: many(37) })).confidence).toBeNull();
    expect(verdictOf(see({ text, changed, workers: 4, reports: [...many(36), report(0)] }))).toEqual([
      'contradicted',
      'staleWorkers',
    ]);
  });
});

describe('enforcement', () => {
  const met: ProbeAnswer = {
    status: 200,
    bucket: 'read',
    isShadow: false,
    limit: 21,
    remaining: 20,
    retryAfterSeconds: null,
  };
  const probe = (fields: Partial<ProbeAnswer> | null, more: Partial<ProbeObservation> = {}): ProbeObservation => ({
    url: 'https://api.example.com/a',
    route: '/a',
    bucket: 'read',
    answer: fields === null ? null : { ...met, ...fields },
    failure: fields === null ? 'no answer in time' : null,
    base,
    ...more,
  });
  const asked = (one: ProbeObservation, fields: Parameters<typeof see>[0] = {}) =>
    see({ levelAsked: 'enforced', probes: [one], ...fields });

  it.each<[string, ProbeObservation, Expected, Judgement['levelReached']]>([
    ['the limit is burst + 1 of the override', probe({}), ['proven', null], 'enforced'],
    ['a 429 with headers tells as much', probe({ status: 429 }), ['proven', null], 'enforced'],
    ["the bucket's own limit", probe({ limit: 11 }), ['contradicted', 'overridesNotEnforced'], 'loaded'],
    ['a limit that fits neither', probe({ limit: 100 }), ['notProven', null], 'loaded'],
    ['no headers', probe({ limit: null, isShadow: null, bucket: null }), ['notProven', null], 'loaded'],
    [
      '429 without headers',
      probe({ status: 429, limit: null, isShadow: null, bucket: null }),
      ['notProven', null],
      'loaded',
    ],
    ['another bucket', probe({ bucket: 'write' }), ['notProven', null], 'loaded'],
    ['a shadow that fits neither', probe({ isShadow: true }), ['notProven', null], 'loaded'],
    ['base not known', probe({}, { base: null }), ['notProven', null], 'loaded'],
    ['no answer', probe(null), ['notProven', null], 'loaded'],
    ['only the shadow header, which does not tell', probe({ limit: null }), ['notProven', null], 'loaded'],
  ])('%s', (_, one, expected, level) => {
    const judgement = check(asked(one), expected);
    expect(judgement.levelReached).toBe(level);
  });

  it('a shadow that the override sets is shown by its header, even where another limiter wrote the limit', () => {
    const fields = { text: '{"/a":{"shadow":true},"/b":{}}', changed: [reads('/a', [answer({ isShadow: true })])] };
    expect(verdictOf(asked(probe({ isShadow: true, limit: 100 }), fields))).toEqual(['proven', null]);
    expect(verdictOf(asked(probe({ isShadow: false, limit: 11 }), fields))).toEqual([
      'contradicted',
      'overridesNotEnforced',
    ]);
  });

  describe("where no answer shows the bucket's own policy", () => {
    const everyRoute = (isShadow: boolean) => ({
      text: `{"":{"shadow":${isShadow}}}`,
      reports: [report(1)],
      changed: [reads('', [answer({ isShadow })], { bases: new Map() })],
    });
    const everything = everyRoute(true);
    const before = (text: string) => ({ ...everything, bytesBefore: Buffer.from(text) });
    const unknown = { base: null };

    it('a request in shadow met the override that wants it so, and teaches nothing of the server', () => {
      const judgement = check(asked(probe({ isShadow: true }, unknown), before('{}')), ['proven', null]);
      expect(judgement.levelReached).toBe('enforced');
      expect(judgement.evidence.at(-1)).toMatchObject({ enforced: ['isShadow'], isBaseUnknown: true });
      expect(judgement.learned.enforcesOverrides).toBeNull();
    });

    it.each<[string, Partial<ProbeAnswer>, Parameters<typeof see>[0], Expected]>([
      [
        'one that is not in shadow did not',
        { isShadow: false },
        before('{}'),
        ['contradicted', 'overridesNotEnforced'],
      ],
      [
        'a shadow that the change did not touch shows nothing of it',
        { isShadow: true },
        before('{"":{"shadow":true}}'),
        ['notProven', null],
      ],
      ['without the header nothing is shown', { isShadow: null }, before('{}'), ['notProven', null]],
      [
        'an override that wants it enforced may not be the cause of it',
        { isShadow: false },
        everyRoute(false),
        ['notProven', null],
      ],
    ])('%s', (_, headers, fields, expected) => {
      expect(verdictOf(asked(probe(headers, unknown), fields))).toEqual(expected);
    });
  });

  it('a rate cannot be seen in headers, and that is said', () => {
    const fields = { text: '{"/a":{"rate":6},"/b":{}}', changed: [reads('/a', [answer({ ratePerMin: 6 })])] };
    expect(check(asked(probe({ limit: 11 }), fields), ['notProven', null]).diagnosis).toContain('cannot show a rate');
  });

  describe('only what a header showed is claimed', () => {
    const changed = (text: string, before: string, given: Policy): Parameters<typeof see>[0] => ({
      text,
      bytesBefore: Buffer.from(before),
      changed: [reads('/a', [answer(given)])],
    });
    const only = (fields: Parameters<typeof see>[0]) => asked(probe({}), fields);
    const a20 = { ...base, ratePerMin: 120, burst: 20 };

    it('rate and burst together: burst is enforced, rate is loaded', () => {
      const judgement = check(only(changed(stored, '{"/b":{"burst":5}}', a20)), ['proven', null]);
      expect(judgement).toMatchObject({ levelAsked: 'enforced', levelReached: 'enforced' });
      expect(judgement.evidence.at(-1)).toMatchObject({ enforced: ['burst'], loadedOnly: ['ratePerMin'] });
      expect(judgement.diagnosis).toMatch(/real request met its burst; its rate is shown as loaded/);
    });

    it('only burst: all of it is enforced', () => {
      const judgement = check(only(changed(stored, '{"/a":{"rate":120,"burst":3},"/b":{"burst":5}}', a20)), [
        'proven',
        null,
      ]);
      expect(judgement.evidence.at(-1)).toMatchObject({ enforced: ['burst'], loadedOnly: [] });
      expect(judgement.diagnosis).toMatch(/, and a real request met it$/);
    });

    const rateOnly = changed(stored, '{"/a":{"rate":7,"burst":20},"/b":{"burst":5}}', a20);

    it('only the rate, asked for by name: not proven, although the burst of the override was met', () => {
      const judgement = check(only(rateOnly), ['notProven', null]);
      expect(judgement).toMatchObject({ levelAsked: 'enforced', levelReached: 'loaded' });
      expect(judgement.evidence.at(-1)).toMatchObject({ enforced: [], loadedOnly: ['ratePerMin'] });
      expect(judgement.diagnosis).toContain('cannot show a rate');
    });

    it('only the rate, with a probe that is merely configured: loaded, and said', () => {
      const judgement = check(only({ ...rateOnly, isLevelImplied: true }), ['proven', null]);
      expect(judgement).toMatchObject({ levelAsked: 'loaded', levelReached: 'loaded' });
      expect(judgement.evidence.at(-1)).toMatchObject({ verdict: 'neutral' });
      expect(judgement.diagnosis).toContain('no header shows a rate');
    });

    it('an implied level excuses no header that should have come, and no other policy', () => {
      const implied = { ...changed(stored, '{"/b":{"burst":5}}', a20), isLevelImplied: true };
      expect(verdictOf(asked(probe({ limit: null }), implied))).toEqual(['notProven', null]);
      expect(verdictOf(asked(probe({ limit: 11 }), implied))).toEqual(['contradicted', 'overridesNotEnforced']);
    });

    it('a removed override that set only a rate cannot be missed by a header', () => {
      const gone = changed('{"/b":{"burst":5}}', '{"/a":{"rate":7},"/b":{"burst":5}}', base);
      const fields = { ...gone, reports: [report(1)] };
      expect(verdictOf(asked(probe({ limit: 11 }), fields))).toEqual(['notProven', null]);
      expect(verdictOf(asked(probe({ limit: 11 }), { ...fields, isLevelImplied: true }))).toEqual(['proven', null]);
    });
  });

  it('a removed override leaves the bucket to be met', () => {
    const bytesBefore = Buffer.from(stored);
    const text = '{"/b":{"burst":5}}';
    const fields = { text, bytesBefore, reports: [report(1)], changed: [reads('/a', [answer()])] };
    expect(verdictOf(asked(probe({ limit: 11 }), fields))).toEqual(['proven', null]);
    expect(verdictOf(asked(probe({ limit: 21 }), fields))).toEqual(['notProven', null]);
  });

  it('a path that no override covers shows nothing of one', () => {
    const fields = { text: '{"/b":{"burst":5}}', reports: [report(1)], changed: [reads('/b', [answer({ burst: 5 })])] };
    const judgement = check(asked(probe({ limit: 11 }), fields), ['notProven', null]);
    expect(judgement).toMatchObject({ levelAsked: 'enforced', levelReached: 'loaded' });
    expect(judgement.evidence.at(-1)).toMatchObject({ verdict: 'neutral' });
    expect(judgement.evidence.at(-1)?.text).toContain('no stored override covers this path');
    const implied = check(asked(probe({ limit: 11 }), { ...fields, isLevelImplied: true }), ['proven', null]);
    expect(implied).toMatchObject({ levelAsked: 'loaded', levelReached: 'loaded' });
  });

  it('probes that reach nothing of the change are said, where nobody asked for enforcement', () => {
    const aside = check(see({ hasProbesAside: true }), ['proven', null]);
    expect(aside.evidence.at(-1)).toMatchObject({ subject: 'enforcement', verdict: 'neutral' });
    expect(judge(see({})).evidence.map(({ subject }) => subject)).not.toContain('enforcement');
  });

  it('no probe reaches the change', () => {
    const judgement = check(see({ levelAsked: 'enforced' }), ['notProven', null]);
    expect(judgement).toMatchObject({
      levelReached: 'loaded',
      diagnosis: expect.stringContaining('no probe') as string,
    });
  });

  it('what is not even loaded is not judged by a probe', () => {
    const judgement = check(asked(probe({ limit: 11 }), { reports: [report(0)], changed: [reads('/a', [answer()])] }), [
      'contradicted',
      'overridesNotRead',
    ]);
    expect(judgement.levelReached).toBe('none');
  });

  it('what was learned is told, and said where enforcement is not asked for', () => {
    const fresh = ['readsOverrides', 'enforcesOverrides'];
    const learned = { readsOverrides: true, fresh };
    expect(judge(asked(probe({ limit: 11 }))).learned).toEqual({ ...learned, enforcesOverrides: false });
    expect(judge(asked(probe({}))).learned).toEqual({ ...learned, enforcesOverrides: true });
    const known = { readsOverrides: true, enforcesOverrides: false };
    expect(judge(see({ known })).diagnosis).toContain('does not enforce overrides');
    expect(judge(see({ known })).learned).toEqual({ ...known, fresh: ['readsOverrides'] });
  });
});

describe('what is in force and blocks nobody', () => {
  const off: ReloadReport = { ...report(2), isEnabled: false };
  const limiterOff = { reports: [off], lastReports: [off] };

  it('a limiter that is off is said, and proves no enforcement', () => {
    const judgement = check(see(limiterOff), ['proven', null]);
    expect(judgement.evidence.at(-1)).toMatchObject({ subject: 'flag', verdict: 'neutral' });
    expect(judgement.diagnosis).toContain('its limiter is off (RATE_LIMIT_ENABLED), so nothing is enforced');
    const answered: ProbeAnswer = {
      status: 200,
      bucket: 'read',
      isShadow: false,
      limit: 21,
      remaining: 20,
      retryAfterSeconds: null,
    };
    const one = {
      url: 'https://api.example.com/a',
      route: '/a',
      bucket: 'read',
      answer: answered,
      failure: null,
      base,
    };
    const enforced = check(see({ ...limiterOff, levelAsked: 'enforced', probes: [one] }), ['notProven', null]);
    expect(enforced.diagnosis).toContain('limiter is off');
    // A server that is in shadow as a whole, while the entry sets none.
    const shadowed = {
      levelAsked: 'enforced' as const,
      probes: [{ ...one, answer: { ...answered, isShadow: true }, base: { ...base, isShadow: true } }],
      changed: [reads('/a', [{ ...a, isShadow: true }], { bases: new Map([['read', { ...base, isShadow: true }]]) })],
    };
    const inShadow = check(see(shadowed), ['proven', null]);
    expect(inShadow.diagnosis).toContain('nothing is blocked: the server is in shadow');
    expect(inShadow.evidence.at(-1)?.text).toContain('which no entry sets');
  });
});

describe('no more is claimed than was seen', () => {
  it('of a sample: only what was read', () => {
    const text = '{"/a":{"rate":120,"burst":20},"/b":{"burst":5},"/c":{"burst":6}}';
    const fields = { text, reports: [report(3)], isWitness: true, others: 2 };
    expect(check(see(fields), ['proven', null]).diagnosis).toBe(
      'the server shows 1 of 3 stored overrides that were read as stored',
    );
    const sample = [reads('/b', [b]), reads('/c', [answer({ burst: 6 })])];
    expect(check(see({ ...fields, sample }), ['proven', null]).diagnosis).toBe(
      'the server holds the 3 stored overrides',
    );
  });

  it('reads of the own policy could not have shown a leftover', () => {
    const canary = reads('/rlctl-base', Array<PolicyAnswer>(33).fill(answer()), { isBase: true });
    const none = { text: '{}', changed: [canary], isWitness: true, workers: 4 };
    for (const reports of [[], Array.from({ length: 40 }, () => report(0))]) {
      const judgement = judge(see({ ...none, reports }));
      expect(judgement.confidence).toBeNull();
      expect(judgement.evidence.map(({ text }) => text).join()).not.toContain('would have shown');
    }
    const listed = reads('/rlctl-base', Array<PolicyAnswer>(33).fill(answer({ activeOverrides: [] })), {
      isBase: true,
    });
    expect(judge(see({ ...none, reports: [], changed: [listed] })).confidence).toBeGreaterThan(0.999);
  });

  it('a document that cannot be read is dropped at the next reload, not before', () => {
    const lists = reads('/rlctl-base', [answer({ activeOverrides: ['/a', '/b'] })], { isBase: true });
    const broken = { text: '{"/a":', reports: [], changed: [lists], isWitness: true };
    const judgement = check(see(broken), ['contradicted', 'documentDropped']);
    expect(judgement.diagnosis).toContain(
      'will drop every override at its next reload; now it still shows 2 overrides',
    );
    const lines = judgement.evidence.map(({ text }) => text);
    expect(lines[0]).toContain('so its next reload drops every override');
    expect(lines.join()).not.toContain('nothing that the server answered');
    expect(check(see({ ...broken, reports: [report(0)] }), ['contradicted', 'documentDropped']).diagnosis).toContain(
      'drops every override',
    );
  });

  it('what contradicts is not followed by a line that nothing tells', () => {
    const canary = reads('/rlctl-base', [answer({ activeOverrides: ['/gone'] })], { isBase: true });
    const judgement = judge(see({ text: '{}', reports: [], changed: [canary], isWitness: true }));
    expect(judgement.evidence.map(({ text }) => text).join()).not.toContain('nothing that was answered tells');
  });

  it('one read is told as one', () => {
    const judgement = judge(see({ changed: [reads('/a', [answer()])] }));
    expect(judgement.evidence.find(({ subject }) => subject === 'policy')?.text).toContain('the read shows');
  });

  it('the command that counts stands in the diagnosis, which is addressed, and not in the evidence', () => {
    const judgement = judge(see({ text: '{}', reports: [], changed: [] }));
    expect(judgement.evidence.map(({ text }) => text).join()).not.toContain('rlctl verify');
    expect(judgement.diagnosis).toContain('rlctl verify --reload');
  });

  it('more processes seen than configured: said, with the date', () => {
    const known = {
      readsOverrides: true,
      enforcesOverrides: null,
      workersSeen: 2,
      workersSeenAt: '2026-10-01T10:00:00Z',
    };
    const judgement = judge(see({ known, workers: 2, workersConfigured: 1 }));
    expect(judgement.evidence.map(({ text }) => text)).toContain(
      'at least 2 processes were seen (2026-10-01), the configuration says 1: one read does not speak for them',
    );
  });

  it('one of several addresses is named', () => {
    const at = (host: string, given: PolicyAnswer) =>
      reads('/a', [given], { source: `GET https://${host}.example.com/internal/rate-limit/policy` });
    const seen = see({ reports: [], changed: [at('a', a), at('b', answer()), at('c', a)], endpointCount: 3 });
    expect(check(seen, ['contradicted', 'notLoaded']).diagnosis).toMatch(
      /^at 1 of 3 addresses \(https:\/\/b\.example\.com\): the server does not hold/,
    );
    expect(verdictOf({ ...seen, reports: [report(2), report(2)] })).toEqual(['contradicted', 'notLoaded']);
  });
});

describe('words', () => {
  it('outside text in evidence is short and harmless', () => {
    const evil = `/\u001b]0;x\u0007${'y'.repeat(300)}`;
    const seen = see({
      reports: [report(3, ['/a', '/b', evil])],
      changed: [reads('/a', [{ ...a, matchedOverride: evil }])],
    });
    for (const { text } of judge(seen).evidence) {
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      expect(text.length).toBeLessThan(300);
    }
  });

  it('every trap has a meaning and a cure', () => {
    for (const trap of Object.values(traps))
      expect([trap.meaning, trap.cure].every((text) => /^[a-z].*[^.]$/.test(text))).toBe(true);
  });

  it('a waived proof names the flag', () => {
    expect(notAttempted('--no-verify')).toMatchObject({
      verdict: 'notAttempted',
      levelAsked: 'loaded',
      levelReached: 'none',
      evidence: [],
      diagnosis: expect.stringContaining('--no-verify') as string,
    });
  });
});

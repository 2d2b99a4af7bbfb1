import { describe, expect, test } from 'vitest';
import { lintDocument } from '../../../src/domain/lint/lint.js';
import { bytePlaces } from '../../../src/domain/text-places.js';
import { lintRules, type LintRuleName } from '../../../src/domain/lint/rules.js';
import { lintSubject, type BucketTraffic, type LintKnowledge } from '../../../src/domain/lint/subject.js';
import { bareAddress } from '../../../src/domain/printed-command.js';

const nothingKnown: LintKnowledge = { buckets: new Map(), traffic: [] };

function knowing(routes: Readonly<Record<string, readonly string[]>>, ...traffic: BucketTraffic[]): LintKnowledge {
  const buckets = Object.entries(routes).map(([name, each]) => [name, { routes: each, alias: [] }] as const);
  return { buckets: new Map(buckets), traffic };
}

const lint = (text: string | Uint8Array, knowledge = nothingKnown) => {
  const bytes = Buffer.from(text);
  const placeOf = bytePlaces(bytes);
  return lintDocument(lintSubject(bytes, knowledge), { kind: 'file', file: 'f.json', placeOf });
};

/** `rule line:column` of everything found. */
const found = (text: string | Uint8Array, knowledge?: LintKnowledge) =>
  lint(text, knowledge).map(({ rule, place }) => `${rule} ${place?.line}:${place?.column}`);

const only = (rule: LintRuleName, text: string | Uint8Array, knowledge?: LintKnowledge) =>
  found(text, knowledge).filter((each) => each.startsWith(`${rule} `));

const read = (perMinute: number, overShare: number): BucketTraffic => ({
  bucket: 'read',
  perMinute,
  overShare,
  threshold: 0.05,
  windowMs: 3_600_000,
});

interface Case {
  readonly text: string | Uint8Array;
  /** Where the rule finds something, in its own order; empty: nowhere. */
  readonly at: readonly string[];
  readonly knowledge?: LintKnowledge;
}

/** Every rule but those that have no document to look at. */
type DocumentRule = Exclude<LintRuleName, 'invalid-file' | 'document-gone'>;

const cases: Readonly<Record<DocumentRule, readonly Case[]>> = {
  unreadable: [
    { text: '', at: ['1:1'] },
    { text: '\ufeff{}', at: ['1:1'] },
    { text: ' [{"/a":{}}]', at: ['1:2'] },
    { text: '{"/a":{},\n  "/b" 1}', at: ['2:8'] },
    { text: '{"/a":{"rate":1}', at: ['1:17'] },
    { text: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), at: ['1:3'] },
    { text: `{"/a":{"rate":${'1'.repeat(4301)}}}`, at: ['1:15'] },
    { text: '{} x', at: ['1:4'] },
    { text: '{"/a":{"rate":NaN}}', at: [] },
    { text: '{}', at: [] },
    { text: ' {"/a":{"rate":1}}\n', at: [] },
  ],
  'too-large': [
    { text: `{"/a":{"rate":1}}${' '.repeat(16 * 1024 * 1024)}`, at: ['1:1'] },
    { text: '{"/a":{"rate":1}}', at: [] },
  ],
  'duplicate-key': [
    { text: '{"/a":{"rate":1},\n"\\u002fa":{"rate":2}, "/a":3}', at: ['2:1', '2:23'] },
    { text: '{"/a":{"rate":1},"/A":{"rate":1}}', at: [] },
  ],
  'skipped-entry': [
    { text: '{"/a":{"burst":1,"rate":"x"}}', at: ['1:25'] },
    { text: '{"/a":{"window":null,"burst":[],"rate":1}}', at: ['1:30'] },
    { text: '{"/a":{"rate":"x","rate":1}}', at: [] },
    { text: '{"/a":{"shadow":null}}', at: [] },
    { text: '{"/a":null}', at: [] },
  ],
  'vanished-entry': [
    { text: '{"/a":[1],\n "/b": "x"}', at: ['1:7', '2:8'] },
    { text: '{"/a":1,"/a":{"rate":1}}', at: [] },
    { text: '{"/a":{}}', at: [] },
  ],
  'rate-too-high': [
    { text: '{"/a":{"rate":60001}}', at: ['1:15'] },
    { text: '{"/a":{"rate":1e300}}', at: ['1:15'] },
    { text: '{"/a":{"rate":123456789012345678901}}', at: ['1:15'] },
    { text: '{"/a":{"rate":60000,"burst":100000}}', at: [] },
    { text: '{"/a":{"rate":70000,"burst":"x"}}', at: [] },
  ],
  'rate-not-positive': [
    { text: '{"/a":{"rate":0},"/b":{"rate":-5},"/c":{"rate":0.9}}', at: ['1:15', '1:31', '1:48'] },
    { text: '{"/a":{"rate":1}}', at: [] },
  ],
  'negative-burst': [
    { text: '{"/a":{"burst":-1}}', at: ['1:16'] },
    { text: '{"/a":{"burst":0},"/b":{"burst":-0.5}}', at: [] },
  ],
  'hidden-prefix': [
    { text: '{"/api":{"rate":1},\n"/api/x":{"rate":1},"/api":{"rate":2}}', at: ['2:1'] },
    { text: '{"/a":{"rate":1},"/ab/c":{"rate":1}}', at: ['1:18'] },
    { text: '{"/api/x":{"rate":1},"/api":{"rate":1}}', at: [] },
    { text: '{"/api":{"rate":"x"},"/api/x":{"rate":1}}', at: [] },
    { text: '{"/api":5,"/api/x":{"rate":1}}', at: [] },
    // The reader drops it for a reason of its own, which is the finding.
    { text: '{"/api":{"rate":1},"/api/x":5}', at: [] },
    // Half of a pair starts no pair.
    { text: '{"/a\\ud83d":{"rate":1},"/a😀":{"rate":1}}', at: [] },
    { text: '{"/a\\ud83d":{"rate":1},"/a\\ud83dx":{"rate":1}}', at: ['1:24'] },
  ],
  'order-hazard': [
    { text: '{"/api":{"rate":"x"},"/api/a":{"rate":1},"/api/b":{"rate":1}}', at: ['1:2'] },
    { text: '{"/api":5,"/api/a":{"rate":1}}', at: ['1:2'] },
    { text: '{"/api/a":{"rate":1},"/api":{"rate":"x"}}', at: [] },
    { text: '{"/api":{"rate":"x"},"/b":{"rate":1}}', at: [] },
    // Something else takes its routes as it is.
    { text: '{"/":{"rate":1},"/api":5,"/api/a":{"rate":1}}', at: [] },
  ],
  'missing-boundary': [
    { text: '{"/api/pay":{"rate":1},"/api/payments":{"rate":1}}', at: ['1:2'] },
    { text: '{"/api/pay":{"rate":1}}', at: ['1:2'], knowledge: knowing({ financial: ['/api/payments'] }) },
    { text: '{"/api/v1":{"rate":1},"/api/v10/x":5}', at: ['1:2'] },
    // The other one is in front, and gets its own routes.
    { text: '{"/api/payments":{"rate":1},"/api/pay":{"rate":1}}', at: [] },
    { text: '{"/api/pay":{"rate":1}}', at: [] },
    { text: '{"/api/pay":{"rate":1}}', at: [], knowledge: knowing({ financial: ['/api/pay', '/api/pay/x'] }) },
    // Whoever ends a prefix so means it; another form of the same resource is no other route.
    { text: '{"/api/report-":{"rate":1},"/api/report-x":{"rate":1}}', at: [] },
    { text: '{"/api/report":{"rate":1},"/api/report.csv":{"rate":1},"/api/report:run":{"rate":1}}', at: [] },
    { text: '{"/api/":{"rate":1},"/api/x":{"rate":1}}', at: [] },
    { text: '{"/":{"rate":1},"/x":{"rate":1}}', at: [] },
    { text: '{"/api/pay":{"rate":"x"},"/api/payments":{"rate":1}}', at: [] },
  ],
  'match-all': [
    { text: '{"/x":{"rate":1},"":{"rate":1}}', at: ['1:18'] },
    { text: '{"/":{"shadow":true}}', at: ['1:2'] },
    { text: '{"/":{"rate":"x"}}', at: [] },
    { text: '{"/a":{"rate":1}}', at: [] },
  ],
  'unmatchable-prefix': [
    { text: '{"api":{"rate":1}}', at: ['1:2'] },
    { text: '{"/a?x=1":{"rate":1},"/b#c":{"rate":1},"/c/*":{"rate":1}}', at: ['1:2', '1:22', '1:40'] },
    { text: '{"/a\\n":{"rate":1},"/\\ud800":{"rate":1}}', at: ['1:2', '1:20'] },
    { text: '{"":{"rate":1},"/é":{"rate":1},"/😀 x":{"rate":1},"/a*b":{"rate":1}}', at: [] },
  ],
  'case-variant': [
    { text: '{"/API":{"rate":1},"/api":{"rate":1},"/Api":{"rate":1}}', at: ['1:20', '1:38'] },
    { text: '{"/É":{"rate":1},"/é":{"rate":1}}', at: ['1:18'] },
    { text: '{"/Api":{"rate":1},"/Api/x":{"rate":1},"/b":{"rate":1}}', at: [] },
  ],
  'coerced-value': [
    { text: '{"/a":{"rate":"12","burst":12.9,"window":true,"shadow":"false"}}', at: ['1:15', '1:28', '1:42', '1:56'] },
    { text: '{"/a":{"shadow":null},"/b":{"shadow":0}}', at: ['1:17', '1:38'] },
    { text: '{"/a":{"rate":"12","rate":12}}', at: [] },
    { text: '{"/a":{"rate":12.0,"burst":1e1,"shadow":false}}', at: [] },
    { text: '{"/a":{"rate":"x","burst":"1"}}', at: [] },
  ],
  'unknown-field': [
    { text: '{"/a":{"rate_per_min":1,\n"window_s": 60,"rate":1}}', at: ['1:8', '2:1'] },
    { text: '{"/a":{"rate":"x","note":1}}', at: ['1:19'] },
    { text: '{"/a":{"rate":1,"burst":1,"window":60,"\\u0073hadow":true}}', at: [] },
  ],
  'duplicate-field': [
    { text: '{"/a":{"rate":1,"rate":2,"x":1,"x":1}}', at: ['1:8', '1:26'] },
    { text: '{"/a":{"rate":1},"/b":{"rate":1}}', at: [] },
  ],
  'empty-entry': [
    { text: '{"/a": {},"/b":{"note":1}}', at: ['1:8', '1:16'] },
    { text: '{"/a":{"window":60},"/b":5}', at: [] },
  ],
  'wide-shadow': [
    {
      text: '{"/api":{"rate":5,"shadow":true}}',
      at: ['1:28'],
      knowledge: knowing({ read: ['/api'], financial: ['/api/payments'] }),
    },
    {
      text: '{"/api":{"shadow":true}}',
      at: ['1:19'],
      knowledge: knowing({ financial: ['/api/payments'] }),
    },
    {
      text: '{"/api/payments":{"shadow":false},"/api":{"shadow":true}}',
      at: [],
      knowledge: knowing({ read: ['/api'], financial: ['/api/payments'] }),
    },
    {
      text: '{"/api":{"shadow":false}}',
      at: [],
      knowledge: knowing({ read: ['/api'], financial: ['/api/payments'] }),
    },
    {
      text: '{"/api/payments":{"shadow":true}}',
      at: [],
      knowledge: knowing({ read: ['/api'], financial: ['/api/payments'] }),
    },
    { text: '{"/api":{"shadow":true}}', at: [] },
  ],
  'rate-below-traffic': [
    { text: '{"/api":{"rate":60}}', at: ['1:17'], knowledge: knowing({ read: ['/api', '/api/x'] }, read(900, 0.2)) },
    // Nobody is over the limit: many callers, and each has enough.
    { text: '{"/api":{"rate":60}}', at: [], knowledge: knowing({ read: ['/api'] }, read(900, 0.05)) },
    // All together ask less than one may: the burst is what refuses.
    { text: '{"/api":{"rate":60}}', at: [], knowledge: knowing({ read: ['/api'] }, read(59, 0.5)) },
    // A part of the bucket's routes is not its traffic.
    { text: '{"/api/x":{"rate":60}}', at: [], knowledge: knowing({ read: ['/api', '/api/x'] }, read(900, 0.2)) },
    { text: '{"/api":{"burst":6}}', at: [], knowledge: knowing({ read: ['/api'] }, read(900, 0.2)) },
    { text: '{"/api":{"rate":60}}', at: [], knowledge: knowing({ read: [] }, read(900, 0.2)) },
    { text: '{"/api":{"rate":60}}', at: [], knowledge: knowing({ read: ['/api'] }) },
  ],
  'loose-json': [
    { text: '{"/a":{"rate":1,"x":NaN}}', at: ['1:21'] },
    { text: `{"/a":{"rate":1,"x":${'['.repeat(70)}${']'.repeat(70)}}}`, at: ['1:83'] },
    { text: '{"/a":{"rate":1,"x":[null]}}', at: [] },
  ],
  'slash-variant': [
    { text: '{"/a/":{"rate":1},"/a":{"rate":1}}', at: ['1:19'] },
    { text: '{"/a":{"rate":1},"/a/":{"rate":1}}', at: [] },
    { text: '{"/":{"rate":1},"":{"rate":1}}', at: [] },
  ],
  pattern: [
    {
      text: '{"/u/{id}":{"rate":1},"/u/:id/x":{"rate":1},"/u/<id>":{"rate":1},"/u/*/x":{"rate":1}}',
      at: ['1:2', '1:23', '1:45', '1:66'],
    },
    { text: '{"/u/x:run":{"rate":1},"/u/{x":{"rate":1},"/u/*":{"rate":1},"/t/12:30":{"rate":1}}', at: [] },
  ],
  'zero-burst': [
    { text: '{"/a":{"burst":0},"/b":{"burst":"0"}}', at: ['1:16', '1:33'] },
    { text: '{"/a":{"burst":1},"/b":{"rate":1},"/c":{"burst":0,"rate":"x"}}', at: [] },
  ],
  'displayed-window': [
    { text: '{"/a":{"rate":100,"window":1}}', at: ['1:28'] },
    { text: '{"/a":{"window":1},"/b":{"rate":1,"window":60},"/c":{"rate":1}}', at: [] },
  ],
  'large-document': [
    { text: manyRoutes(1001), at: ['1:1'] },
    { text: manyRoutes(1000), at: [] },
    { text: `{"/a":{"rate":1}}${' '.repeat(1024 * 1024)}`, at: ['1:1'] },
  ],
};

function manyRoutes(count: number): string {
  return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`/r/${index}/`, { rate: 1 }])));
}

const isOnDocuments = (name: LintRuleName): name is DocumentRule => name !== 'invalid-file' && name !== 'document-gone';

describe.each(lintRules.map(({ name }) => name).filter(isOnDocuments))('%s', (name) => {
  test('has cases of both kinds', () => {
    expect(cases[name].some(({ at }) => at.length > 0)).toBe(true);
    expect(cases[name].some(({ at }) => at.length === 0)).toBe(true);
  });

  test.each(cases[name].map((each) => [Buffer.from(each.text).toString().slice(0, 90), each] as const))(
    '%s',
    (_, { text, at, knowledge }) => {
      expect(only(name, text, knowledge)).toEqual(at.map((place) => `${name} ${place}`));
    },
  );
});

describe('the table', () => {
  test('no name twice, every sentence one sentence', () => {
    const names = lintRules.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, summary, cure } of lintRules) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      for (const text of [summary, cure]) expect(text).not.toMatch(/\.$|\n|\|/);
    }
  });
});

describe('places', () => {
  test('are those of the text as an editor shows it, whatever its line ends and letters', () => {
    const text = '{\r\n\t"/é😀" : {"rate": "1"},\r\n"/b":\r\n5}';
    expect(found(text)).toEqual(['vanished-entry 4:1', 'coerced-value 2:19']);
    expect(Array.from(text.split('\r\n')[1] ?? '')[18]).toBe('"');
  });

  test('one long line is gone through once', () => {
    const text = JSON.stringify({ '/': { rate: 1 }, ...(JSON.parse(manyRoutes(20_000)) as object) });
    const hidden = lint(text).filter(({ rule }) => rule === 'hidden-prefix');
    expect(hidden).toHaveLength(20_000);
    expect(hidden.every(({ place, route }) => text.startsWith(`"${route}"`, (place?.column ?? 0) - 1))).toBe(true);
  });
});

describe('what is said', () => {
  test.each<[string, string, string]>([
    ['{"/a":{"rate_per_min":5}}', 'the server ignores the field "rate_per_min"', 'Call it "rate".'],
    ['{"/a":{"window_s":5}}', 'the server ignores the field "window_s"', 'Call it "window".'],
    ['{"/a":{"Shadow":true}}', 'the server ignores the field "Shadow"', 'Call it "shadow".'],
    ['{"/a":{"brust":1}}', 'the server ignores the field "brust"', 'Call it "burst".'],
    ['{"/a":{"rate":1,"ratePerMin":1}}', 'ignores the field "ratePerMin"', 'Remove it: "rate" stands beside it.'],
    ['{"/a":{"rate":1,"constructor":1}}', 'the field "constructor"', 'there are only rate, burst, window, shadow.'],
    ['{"/a":{"shadow":"false"}}', '"/a": shadow "false" is read as true', 'Write true or false, without quotes'],
    ['{"/a":{"rate":"1_000"}}', '"/a": rate "1_000" is read as 1000', 'Write 1000, if that is meant.'],
    ['{"/a":{"rate":1},"/a/b":{"rate":1}}', '"/a/b" never wins: "/a" stands earlier', 'Put it in front of "/a"'],
  ])('%s', (text, message, hint) => {
    const finding = lint(text).find((each) => each.message.includes(message));
    expect(finding?.hint).toContain(hint);
    expect(finding?.route).toMatch(/^\/a/);
  });

  test('several routes of others are named, the rest counted', () => {
    const text = '{"/a":{"rate":1},"/ab":{"rate":1},"/ac":{"rate":1},"/ad":{"rate":1},"/ae":{"rate":1}}';
    const boundary = lint(text).find(({ rule }) => rule === 'missing-boundary');
    expect(boundary?.message).toBe(
      '"/a" ends in the middle of a segment: it also takes "/ab", "/ac", "/ad" and 1 more',
    );
  });

  test('the traffic: what is compared with what', () => {
    const [finding] = lint('{"/api":{"rate":60}}', knowing({ read: ['/api'] }, read(900, 0.2)));
    expect(finding?.message).toBe(
      '"/api" gives each caller 60 a minute; over the last 1h all callers of the bucket "read", whose configured routes it takes, asked 900 times a minute, 20 % of that over their limit',
    );
  });

  test('the worst first, then as it stands', () => {
    const severities = lint('{"/a":{"burst":0},"/a/b":{"rate":1},"/c":1,"/d":2}').map(({ severity, place }) => [
      severity,
      place?.column,
    ]);
    expect(severities).toEqual([
      ['error', 42],
      ['error', 49],
      ['warning', 19],
      ['note', 16],
    ]);
  });

  test('of what is stored there is no file, and the cure is a command', () => {
    const subject = lintSubject(Buffer.from('{"/a":{"rate":1},"/a b":{"rate":1},"/c?d":5,"/e\\n":5}'), nothingKnown);
    const address = { ...bareAddress, environment: 'prod' };
    const findings = lintDocument(subject, { kind: 'stored', address });
    const hints = findings.map(({ rule, hint, place }) => [rule, place, hint?.split(': rlctl')[1] ?? null]);
    expect(hints).toEqual([
      ['vanished-entry', null, " -e prod override unset '/c?d'"],
      ['vanished-entry', null, null],
      ['hidden-prefix', null, " -e prod override set '/a b' --rate 1 --before /a"],
      ['unmatchable-prefix', null, " -e prod override unset '/c?d'"],
      ['unmatchable-prefix', null, null],
    ]);
  });

  test.each([
    ['{"rate":70000,"burst":3}', '--burst 3'],
    ['{"rate":"7"}', '--rate 7'],
    ['{"shadow":false,"window":60}', '--no-shadow'],
    ['{"shadow":"x"}', '--shadow'],
    ['{"window":60}', null],
    ['{}', null],
  ])('a hidden %s is moved with what it has (%s), since a field must be named', (value, flags) => {
    const subject = lintSubject(Buffer.from(`{"/a":{"rate":1},"/a/b":${value}}`), nothingKnown);
    const findings = lintDocument(subject, { kind: 'stored', address: bareAddress });
    const hint = findings.find(({ rule }) => rule === 'hidden-prefix')?.hint;
    const command = flags === null ? '.' : `: rlctl override set /a/b ${flags} --before /a`;
    expect(hint).toBe(`Put it in front of "/a", or remove it${command}`);
  });

  test('rules can be left out', () => {
    const subject = lintSubject(Buffer.from('{"/":{"rate":0}}'), nothingKnown);
    const origin = { kind: 'stored', address: bareAddress } as const;
    expect(lintDocument(subject, origin, new Set(['match-all'])).map(({ rule }) => rule)).toEqual([
      'rate-not-positive',
    ]);
  });
});

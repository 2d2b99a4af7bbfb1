import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readYaml } from '../../../src/adapters/yaml/read-yaml.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { isSameJson } from '../../../src/domain/json.js';
import { rawValue, scanDocument } from '../../../src/domain/override/document.js';
import { reconcile } from '../../../src/domain/override/reconcile.js';
import { documentOf, maxFileBytes, readOverridesFile } from '../../../src/domain/overrides-file/read-file.js';
import { writeOverridesFile } from '../../../src/domain/overrides-file/write-file.js';
import { documents } from '../override/generated.js';

const source = { file: 'o.yaml', readYaml };
const read = (text: string) => readOverridesFile(Buffer.from(text), source);
const head = 'apiVersion: rlctl/v1\nkind: Overrides\n';

interface Fault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly cure: string;
}

function faultsOf(text: string | Buffer): readonly Fault[] {
  try {
    readOverridesFile(Buffer.from(text), source);
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    expect(error).toMatchObject({ kind: 'usage', code: 'OVERRIDES_FILE_INVALID' });
    expect(error.hint).toMatch(/\S/);
    return error.details?.['faults'] as readonly Fault[];
  }
  throw new Error('nothing was refused');
}

describe('what is read', () => {
  test('fields in their order, exact texts as they are, with places', () => {
    const text = `${head}owner: team-search # who\noverrides:\n  # why\n  - prefix: /api/search\n    burst: 20\n    rate: 120\n    shadow: True\n  - {prefix: "/b c", json: '{ "rate": "5" }'}\n`;
    expect(read(text)).toEqual({
      owner: 'team-search',
      dumpedFrom: null,
      entries: [
        {
          prefix: '/api/search',
          raw: '{"burst":20,"rate":120,"shadow":true}',
          isExact: false,
          place: { line: 6, column: 5 },
        },
        { prefix: '/b c', raw: '{ "rate": "5" }', isExact: true, place: { line: 10, column: 5 } },
      ],
    });
  });

  test('a bare document, byte for byte, a mark of byte order before it', () => {
    const text = '{ "/a" : {"rate": "12", "rate": 9007199254740993},\n "__proto__":[1, 2.50], "/\\u00e9":{} }';
    const file = read(`\ufeff${text}`);
    expect(file.owner).toBeNull();
    expect(file.entries).toEqual([
      { prefix: '/a', raw: '{"rate": "12", "rate": 9007199254740993}', isExact: true, place: { line: 1, column: 3 } },
      { prefix: '__proto__', raw: '[1, 2.50]', isExact: true, place: { line: 2, column: 2 } },
      { prefix: '/é', raw: '{}', isExact: true, place: { line: 2, column: 25 } },
    ]);
    expect(Buffer.from(documentOf(file)).toString()).toBe(
      '{"/a":{"rate": "12", "rate": 9007199254740993},"__proto__":[1, 2.50],"/é":{}}',
    );
  });

  test('JSON of the kind, with what a dump says beside it', () => {
    const json = {
      apiVersion: 'rlctl/v1',
      kind: 'Overrides',
      environment: 'prod',
      revision: '9daa85f7520e',
      overrides: [{ prefix: '/a', rate: 5, recorded: { actor: 'a' } }],
    };
    expect(read(JSON.stringify(json)).dumpedFrom).toEqual({ revision: '9daa85f7520e', environment: 'prod' });
    expect(read(JSON.stringify(json)).entries).toMatchObject([{ prefix: '/a', raw: '{"rate":5}' }]);
    expect(read(`${head}overrides: []`).entries).toEqual([]);
    expect(read('{}').entries).toEqual([]);
  });
});

describe('what is refused, with its place and its cure', () => {
  test.each([
    ['', 1, 1, /empty/, /overrides: \[\]/],
    ['# only a remark\n', 1, 1, /empty/, /overrides: \[\]/],
    ['- a\n', 1, 1, /no mapping/, /schema/],
    [`${head}overrides:\n`, 3, 11, /no list/, /- prefix:/],
    [head, 1, 1, /"overrides" is missing/, /- prefix:/],
    ['overrides: []\nkind: Overrides\n', 1, 1, /apiVersion is missing/, /apiVersion: rlctl\/v1/],
    ['apiVersion: rlctl/v2\nkind: Overrides\noverrides: []\n', 1, 13, /apiVersion is not/, /rlctl\/v1/],
    ['apiVersion: rlctl/v1\nkind: Override\noverrides: []\n', 2, 7, /kind is not/, /Overrides/],
    [`${head}overides: []\noverrides: []\n`, 3, 1, /"overides"/, /"overrides"/],
    [`${head}owner: "a b"\noverrides: []\n`, 3, 8, /"a b"/, /team-search/],
    [`${head}overrides:\n  - prefix: /a\n    rates: 5\n    burst: 1\n`, 5, 5, /"rates"/, /"rate"/],
    [`${head}overrides:\n  - prefix: /a\n    rate: 0\n`, 5, 11, /rate 0 /, /1 to 60000/],
    [`${head}overrides:\n  - prefix: /a\n    rate: 1e3\n`, 5, 11, /rate 1e3/, /1 to 60000/],
    [`${head}overrides:\n  - prefix: /a\n    rate: 0x10\n`, 5, 11, /rate 0x10/, /1 to 60000/],
    [`${head}overrides:\n  - prefix: /a\n    rate: 12.0\n`, 5, 11, /rate 12.0/, /1 to 60000/],
    [`${head}overrides:\n  - prefix: /a\n    rate: "12"\n`, 5, 11, /rate "12"/, /without quotes/],
    [`${head}overrides:\n  - prefix: /a\n    rate:\n    burst: 1\n`, 5, 10, /rate \(nothing\)/, /1 to 60000/],
    [`${head}overrides:\n  - prefix: /a\n    shadow: yes\n`, 5, 13, /shadow "yes"/, /shadow: true/],
    [`${head}overrides:\n  - prefix: /a\n`, 4, 5, /sets no field/, /json: '\{\}'/],
    [`${head}overrides:\n  - rate: 5\n`, 4, 5, /no prefix/, /\/api\/search/],
    [`${head}overrides:\n  - prefix: 12\n    rate: 5\n`, 4, 13, /prefix 12/, /quotes/],
    [`${head}overrides:\n  - prefix: api\n    rate: 5\n`, 4, 13, /start with "\/"/, /json:/],
    [`${head}overrides:\n  - prefix: /a?b\n    rate: 5\n`, 4, 13, /"\?"/, /"\/a"/],
    [`${head}overrides:\n  - prefix: /a\n    json: '{"rate":}'\n`, 5, 11, /no JSON/, /single quotes/],
    [`${head}overrides:\n  - prefix: /a\n    json: '1,"x":2'\n`, 5, 11, /no JSON/, /single quotes/],
    [`${head}overrides:\n  - prefix: /a\n    json: {rate: 5}\n`, 5, 11, /\(a mapping\)/, /single quotes/],
    [`${head}overrides:\n  - prefix: /a\n    json: '{}'\n    rate: 5\n`, 5, 11, /both json and rate/, /Keep json/],
    [`${head}overrides:\n  - prefix: /a\n    rate: 5\n    rate: 6\n`, 6, 5, /twice, first at 5:5/, /Keep one/],
    [
      `${head}overrides:\n  - {prefix: /a, rate: 5}\n  - {prefix: /a, rate: 5}\n`,
      5,
      5,
      /twice, first at 4:5/,
      /Keep one/,
    ],
    [`${head}overrides:\n  - /a\n`, 4, 5, /no mapping/, /- prefix/],
    [`${head}overrides: [\n`, 4, 1, /no YAML/, /Correct/],
    [`${head}overrides: []\n---\na: 1\n`, 4, 1, /second document/, /one document/],
    ['{"/a":{},\n "/b":}', 2, 7, /no JSON: expected a value/, /Correct/],
    ['{"/a":{},\n "/a":{}}', 2, 2, /"\/a" stands there twice, first at 1:2/, /Keep one/],
    [
      '{"kind":"Overrides","apiVersion":"rlctl/v1","overrides":[{"prefix":"/a","rate":"5"}]}',
      1,
      80,
      /rate "5"/,
      /quotes/,
    ],
  ])('%j', (text, line, column, message, cure) => {
    const [fault, ...rest] = faultsOf(text);
    expect(rest).toEqual([]);
    expect(fault).toMatchObject({ line, column });
    expect(fault?.message).toMatch(message);
    expect(fault?.cure).toMatch(cure);
  });

  test('all of them at once, in the order of the file', () => {
    const text = `${head}overrides:\n  - prefix: api\n    rate: x\n  - prefix: /b\n    burst: -1\n    windw: 5\n`;
    expect(faultsOf(text).map(({ line, column }) => [line, column])).toEqual([
      [5, 11],
      [7, 12],
      [8, 5],
    ]);
    expect(() => read(text)).toThrow(
      /^o\.yaml has 3 faults:\n {2}o\.yaml:5:11: rate "x" .*\n {2}o\.yaml:7:12: burst -1 .*\n {2}o\.yaml:8:5: .*"windw".*"window"/,
    );
  });

  test.each([
    ['an alias', `${head}x: &a 1\noverrides: [*a]\n`],
    ['a bomb of aliases', `a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\n${head}overrides: [*c,*c,*c]\n`],
    ['an anchor', `${head}overrides:\n  - &a {prefix: /a, rate: 1}\n`],
    ['a tag', `${head}overrides:\n  - {prefix: !!str 12, rate: 1}\n`],
    ['a tag of a language', `${head}overrides: !!python/object:os.system [x]\n`],
    ['a merge', `${head}overrides:\n  - {<<: {rate: 1}, prefix: /a, burst: 1}\n`],
    ['a field of every object', `${head}overrides:\n  - {__proto__: {rate: 1}, prefix: /a, burst: 1}\n`],
    ['a depth that breaks parsers', '['.repeat(200_000)],
    ['a depth that breaks parsers, in JSON', `{"/a":${'['.repeat(200_000)}`],
    ['bytes that are no text', Buffer.from([0x61, 0xff, 0xfe])],
    ['too much', Buffer.alloc(maxFileBytes + 1, 0x20)],
  ])('%s', (_, text) => {
    expect(faultsOf(text).length).toBeGreaterThan(0);
    expect(({} as { rate?: number }).rate).toBeUndefined();
  });

  test('a directive does not change what words mean', () => {
    expect(faultsOf(`%YAML 1.1\n---\n${head}overrides:\n  - prefix: /a\n    shadow: yes\n`)[0]?.message).toContain(
      'yes',
    );
  });
});

describe('written and read again', () => {
  const dumped = (text: string): string => {
    const document = scanDocument(Buffer.from(text));
    return writeOverridesFile({
      comments: ['environment x', 'a "quote" # and\nnothing: more'],
      dumpedFrom: { environment: 'x\ny: 1', revision: 'none' },
      owner: 'o',
      entries: document.members.map((member) => ({
        prefix: member.key,
        raw: rawValue(document, member),
        comments: ['by a\u2028b: because\n  - prefix: /evil'],
      })),
    });
  };

  test('10,000 documents: the same values in the same order, and nothing to change', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const document = scanDocument(Buffer.from(text));
        const file = readOverridesFile(Buffer.from(dumped(text)), source);
        const isSame = file.entries.every(({ prefix, raw }, index) => {
          const member = document.members[index];
          return member?.key === prefix && isSameJson(raw, rawValue(document, member));
        });
        expect([isSame, file.entries.length]).toEqual([true, document.members.length]);
        const edit = reconcile(document, file.entries);
        expect(edit).toEqual({ next: document.bytes, splices: [], changes: [] });
      }),
      { numRuns: 10_000, seed: 21 },
    );
  }, 180_000);

  test('what people read is plain, and only what needs it is exact', () => {
    const text =
      '{"/api/search":{"rate":120,"burst":20},"/a b":{"shadow":false},"":{"rate":5},"/c":{"rate":"5"},"/d":{},"/e":{"rate":0},"/f":{"rate":5,"note":"it\'s"}}';
    expect(dumped(text).replaceAll(/^ *#.*\n/gm, '')).toBe(
      [
        'apiVersion: rlctl/v1',
        'kind: Overrides',
        'environment: "x\\ny: 1"',
        'revision: "none"',
        'owner: "o"',
        'overrides:',
        '  - prefix: /api/search',
        '    rate: 120',
        '    burst: 20',
        '  - prefix: "/a b"',
        '    shadow: false',
        '  - prefix: ""',
        `    json: '{"rate":5}'`,
        '  - prefix: /c',
        `    json: '{"rate":"5"}'`,
        '  - prefix: /d',
        `    json: '{}'`,
        '  - prefix: /e',
        `    json: '{"rate":0}'`,
        '  - prefix: /f',
        `    json: '{"rate":5,"note":"it''s"}'`,
        '',
      ].join('\n'),
    );
  });
});

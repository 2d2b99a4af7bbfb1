import stringWidth from 'string-width';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { openLab, type Lab } from '../support/lab.js';
import { jsonOf, type JsonObject } from '../support/world.js';

const state = {} as { lab: Lab };
const document =
  '{"/api/search":{"rate":120,"burst":20,"window":60,"shadow":true},"/api/payments":{"rate":3,"burst":1}}';

beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  const { lab } = state;
  await lab.reset();
  await lab.store(document);
  const args = ['override', 'set', '/api/search', '--rate', '90', '--reason', 'a first change', '--ticket', 'T-1'];
  await lab.world.main(args);
});

interface Case {
  readonly args: readonly string[];
  readonly kind: string;
  /** What a person must be able to read. */
  readonly shows: readonly (string | RegExp)[];
  /** The member that NDJSON prints one by one; absent: the document is the one line. */
  readonly items?: string;
  /** Changes something, so that each run starts anew and ids differ. */
  readonly isMutation?: true;
}

const cases: readonly Case[] = [
  {
    args: ['override', 'list'],
    kind: 'OverrideList',
    items: 'overrides',
    shows: ['/api/search', '90', '20', '60', 'true', '/api/payments', 'tester@test', 'a first change', 'T-1'],
  },
  {
    args: ['override', 'get', '/api/search'],
    kind: 'Override',
    shows: ['"rate":90', 'place 1 of 2', 'a first change'],
  },
  {
    args: ['override', 'set', '/api/search', '--burst', '7', '--dry-run'],
    kind: 'OverridePlan',
    shows: [/~ \/api\/search/, /burst\s+20 → 7/, 'nothing has been written'],
  },
  {
    args: ['override', 'set', '/api/search', '--burst', '7'],
    kind: 'OverrideChange',
    isMutation: true,
    shows: [/burst\s+20 → 7/, /write\s+change/, 'PROVEN (loaded)', 'accepted it'],
  },
  {
    args: ['override', 'unset', '/api/payments'],
    kind: 'OverrideChange',
    isMutation: true,
    shows: [/- \/api\/payments/, /rate\s+3 → -/, 'PROVEN'],
  },
  { args: ['override', 'undo'], kind: 'OverrideChange', isMutation: true, shows: [/rate\s+90 → 120/, 'PROVEN'] },
  { args: ['override', 'repair'], kind: 'OverrideChange', isMutation: true, shows: ['nothing to write', 'PROVEN'] },
  {
    args: ['override', 'history'],
    kind: 'OverrideHistory',
    items: 'entries',
    shows: ['override set by tester@test', 'a first change', 'T-1', /rate\s+120 → 90/, 'snapshot'],
  },
  { args: ['reload'], kind: 'Reload', isMutation: true, shows: ['accepted it', 'documented', '2 overrides', 'PROVEN'] },
  { args: ['verify'], kind: 'Verification', shows: ['PROVEN (loaded)', 'the 2 stored overrides', 'GET http'] },
  {
    args: ['reload', '--print-request', '--signing', 'documented'],
    kind: 'ReloadRequest',
    shows: ['POST /internal/config/reload', 'X-Config-Signature', '{"action": "reload"}'],
  },
  {
    args: ['policy', 'get', '/api/search/items'],
    kind: 'Policy',
    shows: ['SERVER', 'EXPECTED', 'rate per minute', '90', 'as expected'],
  },
  {
    args: ['policy', 'explain', '/api/payments/1'],
    kind: 'PolicyExplanation',
    items: 'steps',
    shows: ['/api/search', 'no match', '/api/payments', 'won', '2 requests at once'],
  },
  { args: ['env', 'list'], kind: 'EnvironmentList', items: 'environments', shows: ['lab', 'http://127.0.0.1'] },
  {
    args: ['env', 'show'],
    kind: 'Environment',
    items: 'settings',
    shows: ['namespace', 'lab', 'redis://127.0.0.1:', 'default'],
  },
  { args: ['env', 'use', 'lab'], kind: 'EnvironmentChosen', shows: ['later commands work on "lab"'] },
  { args: ['env', 'trust'], kind: 'ConfigTrusted', shows: ['needs no trust'] },
  { args: ['help', 'exit-codes'], kind: 'ExitCodes', items: 'exitCodes', shows: ['130', 'conflict'] },
  { args: ['help', 'environment'], kind: 'Settings', shows: ['RLCTL_API', 'RATE_LIMIT_NAMESPACE', 'NO_COLOR'] },
  { args: ['help', 'output'], kind: 'OutputFormats', shows: ['ndjson', '--jq'] },
  { args: ['help', 'signing'], kind: 'SigningProfiles', shows: ['documented', 'standard-webhooks', 'base64'] },
  { args: ['help', 'keys'], kind: 'Keys', shows: ['NS:rl:overrides', 'stream'] },
];

const name = ({ args }: Case): string => args.join(' ');
const run = (args: readonly string[], columns?: number) =>
  state.lab.world.main(args, columns === undefined ? {} : { columns });

/** Without the styles that a terminal gets. */
const plain = (text: string): string => text.replaceAll(/\u001b\[[0-9;]*m/g, '');

/** Text without layout: a narrow table wraps words anywhere. */
const squeezed = (text: string): string => plain(text).replaceAll(/\s+/g, '');

describe.each(cases.map((each) => [name(each), each] as const))('%s', (_, each) => {
  test('as a person reads it in a pipe', async () => {
    const ran = await run(each.args);
    expect(ran).toMatchObject({ code: 0, err: '' });
    for (const part of each.shows) expect(ran.out).toMatch(part);
    expect(ran.out).not.toContain('\u001b');
    expect(ran.out).toMatch(/[^\n]\n$/);
  });

  test('in a terminal of 80 columns, with the same content', async () => {
    const ran = await run(each.args, 80);
    expect(ran.code).toBe(0);
    for (const part of each.shows) {
      // A pattern about columns does not fit wrapped cells.
      if (typeof part === 'string') expect(squeezed(ran.out)).toContain(squeezed(part).slice(0, 8));
    }
  });

  test('as JSON, YAML and NDJSON: one and the same document', async () => {
    const json = await run([...each.args, '--json']);
    expect(json).toMatchObject({ code: 0, err: '' });
    const value = jsonOf(json.out);
    expect(Object.entries(value).slice(0, 2)).toEqual([
      ['apiVersion', 'rlctl/v1'],
      ['kind', each.kind],
    ]);
    if (each.isMutation) {
      await state.lab.reset();
      await state.lab.store(document);
      await run(['override', 'set', '/api/search', '--rate', '90', '--reason', 'a first change', '--ticket', 'T-1']);
    }
    const yaml = await run([...each.args, '-o', 'yaml']);
    expect(steady(parseYaml(yaml.out) as JsonObject)).toEqual(steady(value));
    if (each.isMutation) return;
    const ndjson = await run([...each.args, '-o', 'ndjson']);
    const lines = ndjson.out
      .split('\n')
      .slice(0, -1)
      .map((line) => steady(jsonOf(line)));
    expect(lines).toEqual(each.items ? steady(value[each.items]) : [steady(value)]);
  });

  test('through --jq', async () => {
    expect(await run([...each.args, '--jq', '.apiVersion + " " + .kind'])).toMatchObject({
      code: 0,
      out: `rlctl/v1 ${each.kind}\n`,
      err: '',
    });
  });
});

/** Without what differs between two runs: ids, durations, times, chance (which entries are sampled), and the revision that metadata does not touch. */
function steady(value: unknown): unknown {
  const volatile = new Set([
    'changeId',
    'tookMs',
    'attempts',
    'at',
    'undoes',
    'reads',
    'request',
    'evidence',
    'convergedMs',
    'observed',
  ]);
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      volatile.has(key)
        ? null
        : typeof inner === 'string'
          ? inner.replaceAll(/\b(c0[0-9a-z]{16,}|rlctl-base-\w+)\b/g, 'ID')
          : inner,
    ),
  );
}

describe('tables in a terminal', () => {
  const tables: readonly (readonly string[])[] = [
    ['override', 'list'],
    ['policy', 'get', '/api/search'],
    ['policy', 'explain', '/api/search/items'],
    ['env', 'list'],
    ['env', 'show'],
    ...['exit-codes', 'environment', 'output', 'signing', 'keys'].map((topic) => ['help', topic]),
  ];

  test.each(tables.map((args) => [args.join(' '), args] as const))(
    '%s: no line is wider than 80 columns',
    async (_, args) => {
      const { out } = await run(args, 80);
      const wide = plain(out)
        .split('\n')
        .filter((line) => stringWidth(line) > 80);
      expect(wide).toEqual([]);
    },
  );

  test('the list with every column filled is not wider than 80 columns, and loses no text', async () => {
    const { lab } = state;
    const prefix = '/api/a-long-prefix/of-a-route';
    await lab.world.main([
      'override',
      'set',
      prefix,
      '--rate',
      '60000',
      '--burst',
      '100000',
      '--window',
      '86400',
      '--no-shadow',
      '--reason',
      'words enough to be wrapped',
      '--no-reload',
    ]);
    await lab.store((await lab.document())?.replace('{', '{"/api/a-long-prefix":{"rate":1},') ?? '');
    const { out } = await run(['override', 'list'], 80);
    const lines = plain(out).split('\n');
    expect(lines.filter((line) => stringWidth(line) > 80)).toEqual([]);
    for (const column of ['RATE', 'BURST', 'WINDOW', 'SHADOW', 'HIDDEN BY', 'LAST CHANGE'])
      expect(out).toContain(column);
  });

  test('a pipe never cuts or wraps a cell', async () => {
    const { lab } = state;
    const prefix = `/api/${'segment/'.repeat(40)}`;
    await lab.store(`{${JSON.stringify(prefix)}:{"rate":1}}`);
    expect((await run(['override', 'list'])).out).toContain(prefix);
  });
});

test('a jq program that does not compile is refused before anything is sent', async () => {
  const before = await state.lab.document();
  const ran = await run(['override', 'set', '/api/search', '--rate', '1', '--jq', '.[']);
  expect(ran.code).toBe(2);
  expect(ran.out).toBe('');
  expect(jsonOf<{ error: { code: string } }>(ran.err).error.code).toBe('JQ_PROGRAM');
  expect(await state.lab.document()).toBe(before);
});

test('a jq program that fails on the result of a change does not hide that the change was made', async () => {
  const ran = await run(['override', 'set', '/api/search', '--rate', '1', '--jq', '.kind | keys']);
  expect(await state.lab.document()).toContain('"rate":1');
  // Exit 2 means that nothing was sent, which would be a lie here.
  expect(ran.code).not.toBe(2);
});

test('table output says where errors go: stdout stays empty when a command fails', async () => {
  const ran = await run(['override', 'get', '/nowhere']);
  expect(ran).toMatchObject({ code: 2, out: '' });
  expect(ran.err).toMatch(/^error: there is no override "\/nowhere"\nhint: {2}/);
});

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { labHistoryKey, labMetadataKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const run = (args: readonly string[], options?: MainOptions): Promise<Ran> => state.lab.world.main(args, options);
const on = (verb: string, ...args: string[]): Promise<Ran> => run(['override', verb, ...args]);
const write = (name: string, text: string): Promise<string> => state.lab.world.write(name, text);
const everything = async (): Promise<unknown> => ({
  document: await state.lab.document(),
  history: await state.lab.redis.cli('XLEN', labHistoryKey),
  metadata: await state.lab.redis.cli('GET', labMetadataKey),
});
const owners = async (): Promise<JsonObject> => {
  const { overrides } = jsonOf<{ overrides: { prefix: string; recorded?: { owner: string | null } }[] }>(
    (await on('dump', '--json')).out,
  );
  return Object.fromEntries(overrides.map(({ prefix, recorded }) => [prefix, recorded?.owner ?? null]));
};

const head = 'apiVersion: rlctl/v1\nkind: Overrides\n';
const threeRoutes = `${head}overrides:
  # search is slow to load
  - prefix: /api/search
    rate: 120
    burst: 20
  - prefix: /api/payments
    rate: 3
    burst: 1
    shadow: true
  - prefix: /api
    rate: 600
`;
const threeStored =
  '{"/api/search":{"rate":120,"burst":20},"/api/payments":{"rate":3,"burst":1,"shadow":true},"/api":{"rate":600}}';

describe('a file by hand', () => {
  test('applied, compared, changed, compared, applied again', async () => {
    const file = await write('overrides.yaml', threeRoutes);
    const first = await on('apply', '-f', file, '--reason', 'as code');
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain('+ /api/payments');
    expect(first.out).toContain('PROVEN (loaded)');
    expect(await state.lab.document()).toBe(threeStored);
    expect(await on('diff', '-f', file)).toMatchObject({
      code: 0,
      out: expect.stringContaining('holds what') as string,
    });
    await write(
      'overrides.yaml',
      threeRoutes.replace('rate: 120', 'rate: 90').replace('shadow: true', 'shadow: false'),
    );
    const differing = await on('diff', '-f', file);
    expect(differing.code).toBe(3);
    expect(differing.out).toMatch(/^--- live {2}lab:rl:overrides at [0-9a-f]{12}\n\+\+\+ file {2}/);
    expect(differing.out).toContain('@@ /api/search @@ differs\n-   rate: 120\n+   rate: 90\n');
    expect(differing.out).toContain('-   shadow: true\n+   shadow: false\n');
    expect(await on('apply', '-f', file)).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe(threeStored.replace('120', '90').replace('true', 'false'));
    expect((await on('undo')).code).toBe(0);
    expect(await state.lab.document()).toBe(threeStored);
  });

  test('from stdin, in a document that has others, which stay', async () => {
    await state.lab.store('{"/x": {"rate": 1}, "": {"burst": 5}}');
    const ran = await run(['override', 'apply', '-f', '-', '--json'], { stdin: threeRoutes });
    expect(jsonOf(ran.out)).toMatchObject({ command: 'override apply', proof: { verdict: 'proven' } });
    expect(await state.lab.document()).toBe(
      '{"/x": {"rate": 1}, "/api/search": {"rate": 120, "burst": 20}, "/api/payments": {"rate": 3, "burst": 1, "shadow": true}, "/api": {"rate": 600}, "": {"burst": 5}}',
    );
  });

  test('every fault is named with its place, and nothing is done', async () => {
    await state.lab.store('{}');
    const file = await write('bad.yaml', threeRoutes.replace('rate: 3', 'rate: "3"').replace('burst: 20', 'brust: 20'));
    const ran = await on('apply', '-f', file);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(
      `${file} has 2 faults:\n  ${file}:7:5: an entry has no field "brust". Did you mean "burst"?`,
    );
    expect(ran.err).toContain(`${file}:9:11: rate "3" is not a whole number from 1 to 60000`);
    const json = errorOf(await on('apply', '-f', file, '--json'));
    expect(json).toMatchObject({ code: 'OVERRIDES_FILE_INVALID', exitCode: 2, details: { count: 2 } });
    expect(await state.lab.document()).toBe('{}');
  });

  test.each([
    [['apply'], /neither a file nor a plan/],
    [['diff'], /no file is named/],
    [['apply', '-f', 'missing.yaml'], /there is no file missing\.yaml/],
    [['apply', '-f', '-', '--secret-file', '-'], /-f and --secret-file cannot both be read from stdin/],
    [['apply', '--plan', '-', '--secret-file', '-'], /--plan and --secret-file cannot both be read from stdin/],
    [['apply', '--plan', 'large.json'], /the field \w+ is missing/],
    [['sync', '-f', 'f.yaml'], /does not say what manages/],
    [['sync', '-f', 'f.yaml', '--owner', 'a b'], /"a b" is no name/],
    [['sync', '-f', 'owned.yaml', '--owner', 'b'], /--owner says "b", and owned\.yaml says "a"/],
    [['plan', '-f', 'f.yaml', '--prune'], /about a sync/],
    [['edit'], /terminal/],
    [['apply', '--plan', 'f.yaml'], /no plan/],
  ])('%j is refused with a cure', async (args, message) => {
    await write('f.yaml', threeRoutes);
    await write('owned.yaml', `${threeRoutes}owner: a\n`);
    // A plan may be larger than the document that it changes.
    await write('large.json', `${' '.repeat(17 * 1024 * 1024)}{}`);
    const ran = await run(['override', ...args]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(message);
    expect(ran.err).toMatch(/\nhint: {2}\S/);
  });
});

describe('dump', () => {
  const odd =
    '{ "/api/search" : {"burst":20, "rate":120},\n "__proto__":[1], "":{"rate":"5"}, "/a\\nb":{"rate":12345678901234567890} }';

  test('YAML, JSON and -o yaml are each a file that changes nothing', async () => {
    await state.lab.store(odd);
    await on('set', '/api/search', '--burst', '21', '--reason', 'more\nroom', '--ticket', 'INC-1', '--no-reload');
    const before = await everything();
    for (const args of [[], ['--json'], ['-o', 'yaml']]) {
      const dump = await on('dump', ...args);
      expect(dump.code).toBe(0);
      const applied = await run(['override', 'apply', '-f', '-', '--json'], { stdin: dump.out });
      expect(jsonOf(applied.out)).toMatchObject({ isNoop: true });
      expect(await run(['override', 'diff', '-f', '-'], { stdin: dump.out })).toMatchObject({ code: 0 });
    }
    expect(await everything()).toEqual(before);
  });

  test('says where it is from, and who set what, why', async () => {
    await on('set', '/api/search', '--rate', '5', '--reason', 'slow', '--ticket', 'INC-1', '--no-reload');
    const { out } = await on('dump');
    expect(out).toMatch(/^# key lab:rl:overrides, taken \d{4}-.*Z\n/);
    expect(out).toMatch(/\nkind: Overrides\nenvironment: "lab"\nrevision: "[0-9a-f]{64}"\noverrides:\n/);
    expect(out).toMatch(/ {2}# \d{4}-.*Z by tester@test: slow \[INC-1\]\n {2}- prefix: \/api\/search\n {4}rate: 5\n/);
    // On a terminal no line of it is broken: what is copied from there is the same file.
    const shown = (await run(['override', 'dump'], { columns: 40 })).out;
    expect(shown.replace(/taken .*/, '')).toBe(out.replace(/taken .*/, ''));
  });

  test('who manages an override is shown where somebody does', async () => {
    await on('set', '/people', '--rate', '1', '--no-reload');
    expect((await on('list')).out).not.toContain('OWNER');
    await run(['override', 'sync', '-f', '-', '--owner', 'team-search', '--no-reload'], { stdin: threeRoutes });
    expect((await on('list')).out).toMatch(/OWNER[^]*\/people .* - +now by[^]*\/api\/search .* team-search +now by/);
    expect(jsonOf((await on('list', '--json')).out)).toMatchObject({
      overrides: [{ prefix: '/people', owner: null }, { owner: 'team-search' }, {}, {}],
    });
    expect((await on('get', '/api')).out).toContain('owner   team-search');
  });

  test('of nothing is a file that wants nothing', async () => {
    const { out } = await on('dump');
    expect(out).toContain('\noverrides: []\n');
    expect(await run(['override', 'apply', '-f', '-'], { stdin: out })).toMatchObject({ code: 0 });
  });
});

describe('diff', () => {
  test('tells the side, the fields and the order', async () => {
    await state.lab.store('{"/a":{"rate":1},"/b":{"rate":2},"/only":{"rate":3},"/w": { "rate" : 4 } }');
    const file = `${head}overrides:
  - {prefix: /b, rate: 2}
  - {prefix: /a, rate: 9, burst: 1}
  - {prefix: /new, rate: 7}
  - {prefix: /w, rate: 4}
`;
    const ran = await run(['override', 'diff', '-f', '-', '--json'], { stdin: file });
    expect(ran.code).toBe(3);
    expect(jsonOf(ran.out)).toMatchObject({
      kind: 'OverrideDiff',
      isDifferent: true,
      routes: [
        { route: '/b', kind: 'moved', isMoved: true, onlyIn: null, liveIndex: 1, fileIndex: 0 },
        {
          route: '/a',
          kind: 'changed',
          onlyIn: null,
          fields: [
            { name: 'rate', live: 1, file: 9 },
            { name: 'burst', file: 1 },
          ],
          live: '{"rate":1}',
          file: '{"rate":9,"burst":1}',
        },
        { route: '/only', onlyIn: 'live', file: null, fileIndex: null },
        { route: '/new', onlyIn: 'file', live: null, liveIndex: null },
      ],
    });
    const lines = await run(['override', 'diff', '-f', '-', '-o', 'ndjson'], { stdin: file });
    expect(lines.out.trim().split('\n')).toHaveLength(4);
    const table = await run(['override', 'diff', '-f', '-'], { stdin: file });
    expect(table.out).toContain('@@ /b @@ at another place: live before "/only", in the file before "/a"\n');
    expect(table.out).toContain('@@ /only @@ only live\n-   rate: 3\n');
    expect(table.out).toContain('4 routes differ');
  });
});

describe('a file that was dumped before somebody else changed the document', () => {
  const remark = /^the document changed since this file was dumped: revision [0-9a-f]{12} then, [0-9a-f]{12} now; /;
  const dumpThenChange = async (format: readonly string[]): Promise<string> => {
    await state.lab.reset();
    await on('set', '/a', '--rate', '1', '--no-reload');
    await on('set', '/b', '--rate', '2', '--no-reload');
    const dump = (await on('dump', ...format)).out;
    await on('set', '/a', '--rate', '9', '--no-reload');
    return dump;
  };

  test.each([[[]], [['--json']]])('says what it takes back: dump %j', async (format) => {
    const dump = await dumpThenChange(format);
    const revision = /revision"?: "([0-9a-f]{64})"/.exec(dump)?.[1];
    for (const args of [['diff'], ['plan'], ['apply', '--dry-run'], ['sync', '--owner', 'o', '--dry-run']]) {
      const ran = await run(['override', ...args, '-f', '-', '--json'], { stdin: dump });
      expect(jsonOf(ran.out)).toMatchObject({
        dump: { revision, isKnown: true, changedSince: [{ route: '/a', actor: 'tester@test', isChangedPast: false }] },
      });
      const human = await run(['override', ...args, '-f', '-'], { stdin: dump });
      expect(human.out).toContain('note:  the document changed since this file was dumped');
    }
    const applied = await run(['override', 'apply', '-f', '-', '--json'], { stdin: dump });
    expect(applied.code).toBe(0);
    expect(jsonOf<{ remarks: readonly string[] }>(applied.out).remarks).toEqual([
      expect.stringMatching(remark) as string,
    ]);
    expect(jsonOf<{ remarks: readonly string[] }>(applied.out).remarks[0]).toMatch(
      /; "\/a" \(by tester@test\) was changed since, and this file takes that back$/,
    );
  });

  test('what somebody wrote past rlctl is not put down to the last author', async () => {
    const dump = await dumpThenChange([]);
    await state.lab.store('{"/a":{"rate":9},"/b":{"rate":7}}');
    const ran = await run(['override', 'diff', '-f', '-', '--json'], { stdin: dump });
    expect(jsonOf(ran.out)).toMatchObject({
      dump: {
        changedSince: [
          { route: '/a', isChangedPast: false },
          { route: '/b', isChangedPast: true },
        ],
      },
    });
    for (const args of [['diff'], ['plan'], ['apply', '--dry-run']]) {
      const { out } = await run(['override', ...args, '-f', '-'], { stdin: dump });
      expect(out.replaceAll(/\s+/g, ' ')).toContain(
        '"/a" (by tester@test), "/b" (past rlctl; before: by tester@test) were changed since',
      );
    }
  });

  test('only what it would undo is named; its own changes are none of it', async () => {
    const dump = await dumpThenChange([]);
    const edited = dump.replace('rate: 1', 'rate: 9').replace('rate: 2', 'rate: 3');
    const ran = await run(['override', 'apply', '-f', '-', '--json'], { stdin: edited });
    expect(jsonOf(ran.out)).toMatchObject({ remarks: [], dump: { isKnown: true, changedSince: [] } });
    // What was applied is what stands there now: the same file again has nothing to say.
    const again = await run(['override', 'diff', '-f', '-', '--json'], { stdin: edited });
    expect([again.code, jsonOf(again.out)]).toMatchObject([0, { dump: null }]);
  });

  test('a diff names nothing that applying the file leaves alone', async () => {
    const dump = await dumpThenChange([]);
    await on('set', '/a', '--rate', '1', '--no-reload');
    await on('set', '/other', '--rate', '4', '--no-reload');
    const ran = await run(['override', 'diff', '-f', '-'], { stdin: dump });
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('/other');
    expect(ran.out).not.toContain('note:');
  });

  test('of a revision that the history does not have it says that nobody can tell', async () => {
    const dump = await dumpThenChange([]);
    const unknown = dump.replace(/revision: .*/, `revision: "${'ab'.repeat(32)}"`);
    const ran = await run(['override', 'diff', '-f', '-'], { stdin: unknown });
    expect(ran.out).toContain('the history does not tell what changed since');
    const elsewhere = unknown.replace('environment: "lab"', 'environment: "prod"');
    expect((await run(['override', 'diff', '-f', '-'], { stdin: elsewhere })).out).not.toContain('note:');
    const none = await run(['override', 'diff', '-f', '-'], { stdin: dump.replace(/revision: .*/, 'revision: 7') });
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('is no revision') as string });
  });
});

describe('plan', () => {
  test('is made later exactly, with who planned it and why', async () => {
    await state.lab.store('{"/x":{"rate":1}}');
    const file = await write('overrides.yaml', threeRoutes);
    const planned = await on('plan', '-f', file, '--out', 'plan.json', '--reason', 'review 7', '--ticket', 'CHG-7');
    expect(planned).toMatchObject({ code: 0, err: '' });
    expect(planned.out).toContain('nothing has been written');
    expect(planned.out).toContain('override apply --plan plan.json\n');
    expect((await stat(join(state.lab.world.cwd, 'plan.json'))).mode & 0o777).toBe(0o600);
    expect(await state.lab.document()).toBe('{"/x":{"rate":1}}');
    const ran = await on('apply', '--plan', 'plan.json', '--json');
    const kept = jsonOf(await readFile(join(state.lab.world.cwd, 'plan.json'), 'utf8'));
    expect(jsonOf(ran.out)).toMatchObject({ revisionAfter: kept['revisionAfter'], proof: { verdict: 'proven' } });
    const { entries } = jsonOf<{ entries: JsonObject[] }>((await on('history', '--json')).out);
    expect(entries[0]).toMatchObject({ command: 'override apply', reason: 'review 7', ticket: 'CHG-7' });
    const again = errorOf(await on('apply', '--plan', 'plan.json', '--json'));
    expect(again).toMatchObject({
      code: 'PLAN_STALE',
      exitCode: 5,
      message: expect.stringContaining('already is') as string,
    });
  });

  test('its JSON on stdout is the plan as well', async () => {
    const { out } = await run(['override', 'plan', '-f', '-', '--json'], { stdin: threeRoutes });
    expect(await run(['override', 'apply', '--plan', '-', '--no-reload'], { stdin: out })).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe(threeStored);
  });

  test('does not fit a document that changed, another place, or itself any more', async () => {
    await state.lab.store('{"/x":{"rate":1}}');
    const { out } = await run(['override', 'plan', '-f', '-', '--json'], { stdin: threeRoutes });
    const plan = jsonOf<{ splices: { at: number; removed: string; inserted: string }[]; routes: JsonObject[] }>(out);
    const tried = async (changed: unknown) =>
      errorOf(
        await run(['override', 'apply', '--plan', '-', '--no-reload', '--json'], { stdin: JSON.stringify(changed) }),
      );
    expect(await tried({ ...plan, environment: 'prod' })).toMatchObject({ code: 'PLAN_ELSEWHERE', exitCode: 6 });
    expect(await tried({ ...plan, key: 'other' })).toMatchObject({ code: 'PLAN_ELSEWHERE' });
    const [splice] = plan.splices;
    const altered = { ...plan, splices: [{ ...splice, inserted: splice?.inserted.replace('120', '999') }] };
    expect(await tried(altered)).toMatchObject({ code: 'PLAN_ALTERED', exitCode: 6 });
    expect(await tried({ ...plan, splices: [{ ...splice, at: 3, removed: 'zzz' }] })).toMatchObject({
      code: 'PLAN_ALTERED',
    });
    expect(await tried({ ...plan, routes: plan.routes.slice(1) })).toMatchObject({ code: 'PLAN_ALTERED' });
    expect(await tried({ ...plan, routes: [...plan.routes, { ...plan.routes[0], route: '/y' }] })).toMatchObject({
      code: 'PLAN_ALTERED',
    });
    expect(await tried({ ...plan, splices: [{ ...splice, at: -1 }] })).toMatchObject({
      code: 'PLAN_FILE_INVALID',
      exitCode: 2,
    });
    expect(await tried([])).toMatchObject({ code: 'PLAN_FILE_INVALID' });
    await on('set', '/y', '--rate', '1', '--no-reload');
    const before = await everything();
    expect(await tried(plan)).toMatchObject({ code: 'PLAN_STALE', exitCode: 5 });
    expect(await everything()).toEqual(before);
  });
});

describe('sync', () => {
  const mine = (text: string): string => `${head}owner: mine\noverrides:\n${text}`;
  const sync = (text: string, ...args: string[]): Promise<Ran> =>
    run(['override', 'sync', '-f', '-', '--no-reload', '--json', ...args], { stdin: text });

  test('removes what its owner gave up, and nothing else', async () => {
    await state.lab.store('{"/hand":{"rate":1}}');
    await sync(mine('  - {prefix: /a, rate: 1}\n  - {prefix: /b, rate: 2}\n'));
    await sync(`${head}owner: theirs\noverrides: [{prefix: /t, rate: 3}]\n`);
    expect(await owners()).toEqual({ '/hand': null, '/a': 'mine', '/b': 'mine', '/t': 'theirs' });
    const ran = await sync(mine('  - {prefix: /b, rate: 5}\n'));
    expect(jsonOf(ran.out)).toMatchObject({
      changes: [
        { route: '/a', kind: 'removed' },
        { route: '/b', kind: 'changed' },
      ],
    });
    expect(await state.lab.document()).toBe('{"/hand":{"rate":1},"/b":{"rate":5},"/t":{"rate":3}}');
    await sync(mine('  - {prefix: /b, rate: 5}\n'), '--prune');
    expect(await state.lab.document()).toBe('{"/b":{"rate":5},"/t":{"rate":3}}');
    expect(await owners()).toEqual({ '/b': 'mine', '/t': 'theirs' });
  });

  test('what another owner manages is refused, unless it is adopted', async () => {
    await sync(`${head}owner: theirs\noverrides: [{prefix: /t, rate: 3}]\n`);
    const before = await everything();
    const refused = errorOf(await sync(mine('  - {prefix: /t, rate: 4}\n')));
    expect(refused).toMatchObject({
      code: 'OWNED_BY_OTHER',
      exitCode: 6,
      details: { routes: [{ route: '/t', owner: 'theirs' }] },
    });
    expect(await everything()).toEqual(before);
    expect((await sync(mine('  - {prefix: /t, rate: 4}\n'), '--adopt')).code).toBe(0);
    expect(await owners()).toEqual({ '/t': 'mine' });
  });

  test('only who manages it changes: recorded, said, and nothing for undo', async () => {
    await state.lab.store('{"/hand": {"rate":1} }');
    await on('set', '/x', '--rate', '2', '--no-reload');
    const document = await state.lab.document();
    const text = mine('  - {prefix: /hand, rate: 1}\n');
    const ran = await run(['override', 'sync', '-f', '-', '--no-reload'], { stdin: text });
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('only what is recorded beside them changes');
    expect(ran.out).toContain('from now on "mine" manages "/hand"');
    expect(await state.lab.document()).toBe(document);
    expect(await owners()).toEqual({ '/hand': 'mine', '/x': null });
    const length = await state.lab.redis.cli('XLEN', labHistoryKey);
    expect(jsonOf((await sync(text)).out)).toMatchObject({ isNoop: true });
    expect(await state.lab.redis.cli('XLEN', labHistoryKey)).toBe(length);
    expect(jsonOf((await on('undo', '--no-reload', '--json')).out)).toMatchObject({
      changes: [{ route: '/x', kind: 'removed' }],
    });
    expect(await state.lab.document()).toBe('{"/hand": {"rate":1} }');
  });

  test('apply says that a sync will bring back what it changes', async () => {
    await sync(mine('  - {prefix: /a, rate: 1}\n'));
    const ran = await run(['override', 'apply', '-f', '-', '--dry-run'], { stdin: '{"/a":{"rate":9}}' });
    expect(ran.out).toContain('"/a" is managed by "mine": its next sync brings back what its file says');
  });

  test('a planned sync records its owner; a dump of the owner is its file', async () => {
    await state.lab.store('{"/hand":{"rate":1}}');
    const { out } = await run(['override', 'plan', '-f', '-', '--sync', '--json'], {
      stdin: mine('  - {prefix: /a, rate: 1}\n'),
    });
    expect((await run(['override', 'apply', '--plan', '-', '--no-reload'], { stdin: out })).code).toBe(0);
    expect(await owners()).toEqual({ '/hand': null, '/a': 'mine' });
    const dump = (await on('dump', '--owner', 'mine')).out;
    expect(dump).toContain('owner: "mine"\n');
    expect(jsonOf((await sync(dump)).out)).toMatchObject({ isNoop: true });
  });
});

test('the schema is JSON, and needs neither an environment nor a configuration', async () => {
  const ran = await run(['override', 'schema'], { env: { RLCTL_CONFIG: undefined } });
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(jsonOf(ran.out)).toMatchObject({
    properties: {
      overrides: { items: { anyOf: [{ properties: { rate: { minimum: 1, maximum: 60_000 } } }, {}, {}, {}, {}] } },
    },
  });
});

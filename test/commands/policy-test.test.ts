import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { labHistoryKey, labKey, labMetadataKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, openWorld, type JsonObject, type World } from '../support/world.js';

interface Side {
  readonly side: string;
  readonly checks: readonly JsonObject[];
  readonly reads: number;
  readonly contradicting: number;
  readonly failure: string | null;
}

interface Shown {
  readonly counts: JsonObject;
  readonly source: JsonObject;
  readonly remarks: readonly string[];
  readonly tests: readonly (JsonObject & { readonly sides: readonly Side[]; readonly because: readonly string[] })[];
}

const overrides = '{"/api":{"rate":5,"shadow":"false"},"/api/search":{"rate":120,"burst":20}}';
const tests = `buckets:
  read: {rate: 60, burst: 10, window: 60, shadow: false}
tests:
  - name: everything is slow
    route: /api/other
    bucket: read
    expect: {rate: 5, shadow: true, matched: /api, limit: 11}
  - name: search is raised
    route: /api/search/items
    bucket: read
    expect: {rate: 120, burst: 20, matched: /api/search}
  - routes: [/a, /b]
    bucket: read
    expect: {rate: 60, matched: null}
`;

describe('against a document, without any environment', () => {
  const state = {} as { world: World };
  beforeAll(async () => {
    state.world = await openWorld();
    await state.world.write('overrides.json', overrides);
    await state.world.write('tests.yaml', tests);
  });
  afterAll(() => state.world.remove());
  const run = (args: readonly string[], stdin?: string) =>
    state.world.main(['policy', 'test', ...args], stdin === undefined ? {} : { stdin });

  test('failures come first, with expected and got and why another override won; exit 3', async () => {
    const ran = await run(['-f', 'tests.yaml', '--against', 'overrides.json']);
    expect(ran).toMatchObject({ code: 3, err: '' });
    expect(ran.out.split('\n')).toEqual([
      'tests.yaml against overrides.json',
      '✗ search is raised  /api/search/items  tests.yaml:8:5',
      '    rate: expected 120, the document gives 5',
      '    burst: expected 20, the document gives 10',
      '    matched: expected "/api/search", the document gives "/api"',
      '    "/api/search" does not decide: "/api" stands earlier and takes every route that starts with "/api/search"',
      '    "/api" decides: it is the first match in the document\'s order; it sets rate 5 per minute, shadow true',
      '    shadow "false" is read as true',
      '✓ everything is slow  /api/other',
      '✓ /a',
      '✓ /b',
      '4 tests: 3 passed, 1 failed, 0 not decided',
      '',
    ]);
  });

  test('everything as expected is exit 0; --filter leaves the others out, and says so', async () => {
    const ran = await run(['-f', 'tests.yaml', '--against', 'overrides.json', '--filter', 'SLOW', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({
      kind: 'PolicyTestResults',
      file: 'tests.yaml',
      source: { kind: 'file', file: 'overrides.json' },
      counts: { passed: 1, failed: 0, errors: 0, filteredOut: 3 },
      tests: [{ name: 'everything is slow', state: 'passed', place: { file: 'tests.yaml', line: 4, column: 5 } }],
    });
  });

  test('JSON and ndjson name each side, field, place and reason', async () => {
    const ran = await run(['-f', 'tests.yaml', '--against', 'overrides.json', '-o', 'ndjson']);
    const lines = ran.out
      .trim()
      .split('\n')
      .map((line) => jsonOf<Shown['tests'][0]>(line));
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatchObject({
      name: 'search is raised',
      state: 'failed',
      bucket: 'read',
      method: 'GET',
      place: { line: 8 },
      sides: [{ side: 'document', failure: null }],
    });
    expect(lines[0]?.sides[0]?.checks).toContainEqual({ field: 'rate', expected: 120, got: 5, state: 'unmet' });
    const queried = await run(['-f', 'tests.yaml', '--against', 'overrides.json', '--jq', '.counts.failed']);
    expect(queried).toMatchObject({ code: 3, out: '1\n' });
  });

  test('tests or the document come from stdin, not both', async () => {
    expect((await run(['-f', '-', '--against', 'overrides.json'], tests)).code).toBe(3);
    expect((await run(['-f', 'tests.yaml', '--against', '-'], '{}')).code).toBe(3);
    const both = await run(['-f', '-', '--against', '-', '--json'], tests);
    expect(errorOf(await run(['-f', '-', '--json'], 'x: 1')).message).toContain('\n  stdin:1:1: tests is missing');
    expect(errorOf(both)).toMatchObject({ exitCode: 2, message: '-f and --against cannot both be read from stdin' });
  });

  test('reports: JUnit into a file that python reads, annotations on stdout', async () => {
    const ran = await run(['-f', 'tests.yaml', '--against', 'overrides.json', '--junit', 'out.xml', '--github']);
    expect(ran.code).toBe(3);
    expect(ran.out).toMatch(
      /^::error file=tests\.yaml,line=8,col=5,title=rlctl%3A policy-test::search is raised: rate: expected 120/,
    );
    expect(ran.out.trim().split('\n')).toHaveLength(1);
    const xml = await readFile(join(state.world.cwd, 'out.xml'), 'utf8');
    expect(xml).toContain('<testsuite name="tests.yaml" tests="4" failures="1" errors="0"');
    const script = 'import sys,xml.etree.ElementTree as t; print(len(t.fromstring(sys.stdin.buffer.read())[0]))';
    const read = spawnSync('python3', ['-c', script], { input: xml, encoding: 'utf8' });
    if (read.error === undefined) expect(read.stdout).toBe('4\n');
    const two = await run(['-f', 'tests.yaml', '--against', 'overrides.json', '--junit', '--github', '--json']);
    expect(two).toMatchObject({ code: 2, out: '' });
  });

  test('what follows from an unknown bucket is not decided: exit 3, with the cure', async () => {
    const text = '{"tests":[{"route":"/api/x","expect":{"burst":10}}]}';
    const ran = await run(['-f', '-', '--against', 'overrides.json'], text);
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('? /api/x');
    expect(ran.out).toContain('name the test’s bucket');
    expect(ran.out).toContain('1 test: 0 passed, 0 failed, 1 not decided');
  });

  test.each([
    [['-f', 'none.yaml', '--against', 'overrides.json'], 'FILE_MISSING'],
    [['-f', 'tests.yaml', '--against', 'none.json'], 'FILE_MISSING'],
    [['--against', 'overrides.json'], 'USAGE'],
    [['-f', 'overrides.json', '--against', 'overrides.json'], 'POLICY_TESTS_INVALID'],
    [['-f', 'tests.yaml', '--against', 'tests.yaml'], 'OVERRIDES_FILE_INVALID'],
    [['-f', 'tests.yaml', '--against', 'overrides.json', '--filter', 'nothing'], 'NO_TESTS'],
  ])('%j is a usage error', async (args, code) => {
    expect(errorOf(await run([...args, '--json']))).toMatchObject({ code, exitCode: 2 });
  });

  test('a document that is none is refused with its place', async () => {
    const ran = await run(['-f', 'tests.yaml', '--against', '-', '--json'], '{\n "/a": {"rate": }}');
    expect(errorOf(ran).message).toMatch(/^stdin:2:17: this is no JSON: expected a value/);
  });

  test('--schema prints the schema itself, for a file', async () => {
    const ran = await run(['--schema']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ $schema: expect.stringContaining('draft-07') as string, type: 'object' });
    expect(jsonOf((await run(['--schema', '--json'])).out)).toMatchObject({ kind: 'PolicyTestSchema' });
  });

  test('hostile names do no harm on a terminal', async () => {
    const text = JSON.stringify({ tests: [{ name: '\u001b[2Jx', route: '/\u202e', expect: { matched: 'a\u0007' } }] });
    const ran = await run(['-f', '-', '--against', 'overrides.json'], text);
    expect(ran.out).not.toMatch(/[\u001b\u202e\u0007]/);
  });
});

describe.each(['documented', 'deployed'] as const)('against a %s environment', (dialect) => {
  const state = {} as { lab: Lab };
  beforeAll(async () => {
    state.lab = await openLab({ dialect });
  });
  afterAll(() => state.lab.stop());
  beforeEach(() => state.lab.reset());
  const run = (text: string, ...args: string[]) =>
    state.lab.world.main(['policy', 'test', '-f', '-', ...args], { stdin: text });
  const one = (route: string, expected: JsonObject, more: JsonObject = {}) =>
    JSON.stringify({ tests: [{ route, ...more, expect: expected }] });

  test('passes where what is stored and what the server says both agree', async () => {
    await state.lab.store('{"/api/search":{"rate":120,"burst":20}}');
    await state.lab.world.main(['reload']);
    const ran = await run(
      JSON.stringify({
        tests: [
          { route: '/api/search/x', expect: { rate: 120, burst: 20, window: 60, limit: 21, matched: '/api/search' } },
          { route: '/api/pay', bucket: 'financial', method: 'post', expect: { rate: 5, burst: 0, matched: null } },
        ],
      }),
      '--json',
    );
    expect(ran).toMatchObject({ code: 0, err: '' });
    const shown = jsonOf<Shown>(ran.out);
    expect(shown.counts).toEqual({ passed: 2, failed: 0, errors: 0, filteredOut: 0 });
    expect(shown.source).toMatchObject({
      kind: 'live',
      environment: 'lab',
      key: labKey,
      isMatchTold: dialect === 'documented',
    });
    expect(shown.tests.map(({ bucket }) => bucket)).toEqual(['read', 'financial']);
    // The deployed answer does not say which override matched: that is judged by what is stored, and said.
    const fields = shown.tests[0]?.sides.map(({ checks }) => checks.map(({ field }) => field).includes('matched'));
    expect(fields).toEqual([true, dialect === 'documented']);
    expect(shown.remarks.some((each) => each.includes('does not say which override'))).toBe(dialect === 'deployed');
  });

  test('says which side fails: the server, while a reload is missing', async () => {
    await state.lab.store('{"/api/search":{"rate":120}}');
    const ran = await run(one('/api/search', { rate: 120 }));
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('rate: expected 120, the server says 60');
    expect(ran.out).not.toContain('the document gives');
    expect(ran.out).toMatch(/something else; run: rlctl --config \S+ reload/);
  });

  test('says which side fails: what is stored, while the server still holds what was', async () => {
    await state.lab.store('{"/api/search":{"rate":120}}');
    await state.lab.world.main(['reload']);
    await state.lab.store('{"/api/search":{"rate":7}}');
    const shown = jsonOf<Shown>((await run(one('/api/search', { rate: 120 }), '--json')).out).tests[0];
    expect(shown?.sides.map(({ side, contradicting }) => [side, contradicting])).toEqual([
      ['document', 1],
      ['server', 0],
    ]);
    expect(shown?.because).toContainEqual(expect.stringContaining('the next reload changes it'));
  });

  test('a server in step that does not tell what matched is not said to hold something else', async () => {
    await state.lab.store('{"/api":{"rate":60,"burst":10}}');
    await state.lab.world.main(['reload']);
    const ran = await run(one('/api/search', { rate: 60, matched: '/api/search' }));
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('matched: expected "/api/search", the document gives "/api"');
    expect(ran.out).not.toMatch(/still agrees|holds something else/);
  });

  test('the bucket’s own policy is the server’s own', async () => {
    expect((await run(one('/api/x', { rate: 60, burst: 10 }))).code).toBe(0);
    expect((await run(one('/api/x', { rate: 61 }))).code).toBe(3);
    // Every route meets an override: then only a file can tell the bucket's own.
    await state.lab.store('{"":{"rate":9}}');
    await state.lab.world.main(['reload']);
    expect((await run(one('/api/x', { rate: 9 }))).code).toBe(0);
    const open = await run(one('/api/x', { burst: 10 }));
    expect(open.code).toBe(3);
    expect(open.out).toContain('burst follows from the bucket’s own policy, which is not known');
    const told = JSON.stringify({
      buckets: { read: { burst: 10 } },
      tests: [{ route: '/api/x', expect: { burst: 10 } }],
    });
    expect((await run(told)).code).toBe(0);
  });

  test('every test whose bucket is not known is named at once', async () => {
    const text =
      'tests:\n  - {route: /nowhere, expect: {rate: 1}}\n  - {route: /api, bucket: reed, expect: {rate: 1}}\n';
    const error = errorOf(await run(text, '--json'));
    expect(error).toMatchObject({ code: 'POLICY_TESTS_INVALID', exitCode: 2 });
    expect(error.message).toMatch(
      /^stdin has 2 faults[\s\S]*stdin:2:5: .*which bucket guards \/nowhere[\s\S]*stdin:3:5: there is no bucket "reed"/,
    );
  });

  test('a stored document that no server can read is a guard, not a failed test', async () => {
    await state.lab.store('{"/api":{"rate":1}');
    expect(errorOf(await run(one('/api', { rate: 60 }), '--json'))).toMatchObject({
      code: 'DOCUMENT_CORRUPT',
      exitCode: 6,
    });
  });

  test.each([
    ['DOCUMENT_GONE', [labKey]],
    ['STORE_EMPTIED', [labKey, labHistoryKey, labMetadataKey]],
  ])('a document that was removed is a guard as well, not a pass: %s', async (code, keys) => {
    const { world, redis } = state.lab;
    expect((await world.main(['override', 'set', '/api/search', '--rate', '7', '--no-verify'])).code).toBe(0);
    await redis.cli('DEL', ...keys);
    expect(errorOf(await run(one('/api', { rate: 60 }), '--json'))).toMatchObject({ code, exitCode: 6 });
  });

  test('where nothing is stored, it is said that no override was tested', async () => {
    const ran = await run(one('/api', { rate: 60 }), '--json');
    expect(ran.code).toBe(0);
    expect(jsonOf<Shown>(ran.out).remarks[0]).toMatch(/^nothing is stored under .*: no override was tested/);
  });
});

describe('several processes and servers', () => {
  test('a worker that holds something else is found, and counted', async () => {
    const lab = await openLab({ dialect: 'deployed', workers: 3, behaviour: { staleWorkers: [1] } });
    try {
      await lab.store('{"/api/search":{"rate":120}}');
      for (let round = 0; round < 12; round += 1) await lab.world.main(['reload', '--no-verify']);
      const text = JSON.stringify({ tests: [{ route: '/api/search', expect: { rate: 120 } }] });
      const ran = await lab.world.main(['policy', 'test', '-f', '-', '--json'], { stdin: text });
      expect(ran.code).toBe(3);
      const server = jsonOf<Shown>(ran.out).tests[0]?.sides[1];
      expect(server?.reads).toBeGreaterThan(10);
      expect(server?.contradicting).toBeGreaterThan(0);
      expect(server?.contradicting).toBeLessThan(server?.reads ?? 0);
      expect(ran.out).toContain('the processes do not hold the same');
    } finally {
      await lab.stop();
    }
  });

  test('an instance that does not answer leaves every test undecided; none that answers is exit 7', async () => {
    const lab = await openLab();
    try {
      const text = JSON.stringify({ tests: [{ route: '/api/x', expect: { rate: 60 } }] });
      const apis = (api: string) => ({ stdin: text, env: { RLCTL_API: api } });
      const silent = 'http://127.0.0.1:1';
      const partly = await lab.world.main(['policy', 'test', '-f', '-'], apis(`${lab.sandbox.origin},${silent}`));
      expect(partly.code).toBe(3);
      expect(partly.out).toContain('the server could not be asked in full');
      expect(partly.out).toContain('0 passed, 0 failed, 1 not decided');
      const none = await lab.world.main(['policy', 'test', '-f', '-', '--json'], apis(silent));
      expect(errorOf(none).exitCode).toBe(7);
    } finally {
      await lab.stop();
    }
  });
});

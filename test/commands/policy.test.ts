import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, openWorld, type JsonObject, type MainOptions } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());
const run = (args: readonly string[], options?: MainOptions) => state.lab.world.main(['policy', ...args], options);

describe('get', () => {
  test('agrees where the server holds what Redis holds', async () => {
    await state.lab.store('{"/api/search":{"rate":120,"burst":20}}');
    await state.lab.world.main(['reload']);
    const ran = await run(['get', '/api/search/x', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({
      bucket: 'read',
      bucketSource: 'configured routes',
      server: { ratePerMin: 120, burst: 20 },
      expected: { ratePerMin: 120, burst: 20, windowSeconds: 60, isShadow: false },
      winner: '/api/search',
      isSame: true,
    });
  });

  test('a difference is a finding: exit 3, with both sides', async () => {
    await state.lab.store('{"/api/search":{"rate":120,"burst":20}}');
    const ran = await run(['get', '/api/search', '--json']);
    expect(ran).toMatchObject({ code: 3, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ isSame: false, server: { ratePerMin: 60 }, expected: { ratePerMin: 120 } });
    const table = await run(['get', '/api/search']);
    expect(table.code).toBe(3);
    expect(table.out).toMatch(/rate per minute +60 +120 +✗/);
    expect(table.out).toMatch(/run: rlctl --config \S+lab.yaml reload/);
  });

  test.each(['{"/api":{"rate":1}', '[]', ''])(
    'a document that no server can read (%j) is refused with the way to repair it, never with "reload"',
    async (text) => {
      await state.lab.store(text);
      const error = errorOf(await run(['get', '/api/search', '--json']));
      expect(error).toMatchObject({ code: 'DOCUMENT_CORRUPT', exitCode: 6 });
      expect(error.hint).toContain('override repair');
      expect(error.hint).not.toContain('run: rlctl reload');
      expect(await run(['get', '/api/search'])).toMatchObject({ code: 6, out: '' });
    },
  );

  test('explain says what is stored and not yet loaded', async () => {
    await state.lab.store('{"/api/search":{"rate":120,"burst":20}}');
    const ran = await run(['explain', '/api/search']);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.out).toContain('"/api/search" should win');
    expect(ran.out).toMatch(
      /now the server says: 11 requests at once, .*; it does not hold what is stored; run: rlctl .*reload/,
    );
    await state.lab.world.main(['reload']);
    const after = await run(['explain', '/api/search']);
    expect(after.out).toContain('"/api/search" wins');
    expect(after.out).not.toContain('now the server says');
  });

  test('the bucket comes from --bucket, its alias, or the configured routes', async () => {
    const bucketOf = async (...args: string[]): Promise<unknown> =>
      jsonOf((await run(['get', ...args, '--json'])).out)['bucket'];
    expect(await bucketOf('/api/payments/1')).toBe('financial');
    expect(await bucketOf('/api/paymentsx')).toBe('read');
    expect(await bucketOf('/api/x', '--bucket', 'pay')).toBe('financial');
    expect(await bucketOf('/nowhere', '--bucket', 'auth')).toBe('auth');
  });
});

describe.each(['get', 'explain'])('%s', (verb) => {
  test('a key of another type is refused with the way to repair it', async () => {
    await state.lab.redis.cli('DEL', labKey);
    await state.lab.redis.cli('LPUSH', labKey, 'x');
    const error = errorOf(await run([verb, '/api/search', '--json']));
    expect(error).toMatchObject({ code: 'KEY_WRONG_TYPE', exitCode: 6 });
    expect(error.hint).toContain('override repair');
  });

  test('an unknown bucket is an error that lists the buckets, not an invented policy', async () => {
    const ran = await run([verb, '/api/x', '--bucket', 'reed', '--json']);
    expect(errorOf(ran)).toMatchObject({ code: 'UNKNOWN_BUCKET', exitCode: 2 });
    expect(errorOf(ran).message).toContain('read, financial, auth, write');
  });

  test.each(['__proto__', 'constructor', 'toString'])('a bucket called %s is unknown', async (name) => {
    expect(errorOf(await run([verb, '/api/x', '--bucket', name, '--json'])).code).toBe('UNKNOWN_BUCKET');
  });

  test('a route that no configured bucket guards wants --bucket', async () => {
    expect(errorOf(await run([verb, '/nowhere', '--json']))).toMatchObject({ code: 'BUCKET_NOT_KNOWN', exitCode: 2 });
  });

  test('a route without a slash is refused', async () => {
    expect(await run([verb, 'api', '--bucket', 'read'])).toMatchObject({ code: 2, out: '' });
  });
});

describe('explain', () => {
  const document = JSON.stringify({
    '/api/b': { rate: 'abc' },
    '/api': { burst: 3, shadow: 'false' },
    '/api/b/c': { rate: 1 },
    '/x': 5,
    '/y': {},
  });

  test('walks through every override in matching order', async () => {
    await state.lab.store(document);
    const ran = await run(['explain', '/api/b/c/d', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    const shown = jsonOf<{ steps: { prefix: string; outcome: string }[] } & JsonObject>(ran.out);
    expect(shown.steps.map(({ prefix, outcome }) => [prefix, outcome])).toEqual([
      ['/api/b', 'skipped'],
      ['/api', 'won'],
      ['/api/b/c', 'hidden'],
      ['/y', 'noMatch'],
    ]);
    expect(shown).toMatchObject({
      winner: '/api',
      vanished: [{ prefix: '/x' }],
      policy: { ratePerMin: 60, burst: 3, isShadow: true },
      sources: { bucket: 'configured routes', overrides: 'lab:rl:overrides', base: state.lab.sandbox.origin },
    });
    expect((await run(['explain', '/api/b/c/d'])).out).toContain('4 requests at once, then one every 1 s');
  });

  test('where the policy enforces, it says how a refusal shows and where it is counted', async () => {
    await state.lab.store('{"/api/payments":{"burst":1,"shadow":false},"/api":{"shadow":true}}');
    await state.lab.world.main(['reload']);
    const options = { env: { RLCTL_ENV: 'lab' }, columns: 80 };
    const enforced = await state.lab.world.main(['policy', 'explain', '/api/payments', '--color', 'never'], options);
    expect(enforced.out).toContain('answered 429');
    // Fit for pasting, however long.
    expect(enforced.out).toMatch(/^ {2}rlctl -e lab .*decisions show --bucket financial$/m);
    const shadowed = await state.lab.world.main(['policy', 'explain', '/api/search', '--color', 'never'], options);
    expect(shadowed.out).not.toContain('429');
  });

  test('offline: -f FILE and -f - need no server, no Redis and no configuration', async () => {
    const world = await openWorld();
    try {
      const file = await world.write('overrides.json', document);
      const fromFile = await world.main(['policy', 'explain', '/api/b/c', '--bucket', 'read', '-f', file, '--json']);
      expect(fromFile).toMatchObject({ code: 0, err: '' });
      const fromStdin = await world.main(['policy', 'explain', '/api/b/c', '--bucket', 'read', '-f', '-', '--json'], {
        stdin: document,
      });
      expect(jsonOf(fromStdin.out)['steps']).toEqual(jsonOf(fromFile.out)['steps']);
      expect(jsonOf(fromFile.out)).toMatchObject({ winner: '/api', policy: null });
      const relative = await world.main(['policy', 'explain', '/api', '--bucket', 'read', '-f', 'overrides.json']);
      expect(relative).toMatchObject({ code: 0 });
      const missing = await world.main(['policy', 'explain', '/a', '--bucket', 'read', '-f', 'missing.json', '--json']);
      expect(errorOf(missing)).toMatchObject({ code: 'FILE_MISSING', exitCode: 2 });
      const unknown = await world.main(['policy', 'explain', '/a', '--bucket', 'reed', '-f', file, '--json']);
      expect(errorOf(unknown)).toMatchObject({ code: 'UNKNOWN_BUCKET', exitCode: 2 });
    } finally {
      await world.remove();
    }
  });

  test('offline: every file of overrides is read, and a faulty one is said to be', async () => {
    const yaml = 'apiVersion: rlctl/v1\nkind: Overrides\noverrides:\n  - prefix: /api\n    rate: 7\n';
    const json = JSON.stringify({
      apiVersion: 'rlctl/v1',
      kind: 'Overrides',
      overrides: [{ prefix: '/api', rate: 7 }],
    });
    const explain = ['explain', '/api/x', '--bucket', 'read', '-f', '-', '--json'];
    for (const stdin of [yaml, json, '{"/api":{"rate":7}}'])
      expect(jsonOf((await run(explain, { stdin })).out)).toMatchObject({ winner: '/api', droppedBecause: null });
    const faulty = await run(explain, { stdin: yaml.replace('rate: 7', 'rate: x') });
    expect(errorOf(faulty)).toMatchObject({ code: 'OVERRIDES_FILE_INVALID', exitCode: 2 });
  });

  test.each(['{"broken', '[]', ''])(
    'offline: a document that the server drops (%j) is said to be dropped',
    async (text) => {
      const ran = await run(['explain', '/api', '--bucket', 'read', '-f', '-', '--json'], { stdin: text });
      expect(ran.code).toBe(0);
      expect(jsonOf(ran.out)).toMatchObject({ winner: null, steps: [], droppedBecause: expect.any(String) as string });
    },
  );
});

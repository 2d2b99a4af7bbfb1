import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, openWorld, type JsonObject, type MainOptions, type World } from '../support/world.js';

interface Change extends JsonObject {
  readonly route: string;
  readonly region: JsonObject | null;
  readonly effects: readonly string[];
}

interface Shown extends JsonObject {
  readonly changes: readonly Change[];
  readonly matchedOnly: readonly Change[];
  readonly newlyHidden: readonly JsonObject[];
}

const before = '{"/api/search":{"rate":120,"burst":20},"/api":{"shadow":true}}';
const after = '{"/api":{"shadow":false},"/api/search":{"rate":120,"burst":20},"/pay":{"rate":70000}}';

describe('two documents on disk, without any environment', () => {
  const state = {} as { world: World };
  beforeAll(async () => {
    state.world = await openWorld();
    await state.world.write('before.json', before);
    await state.world.write('after.json', after);
  });
  afterAll(() => state.world.remove());
  const run = (args: readonly string[], options?: MainOptions) =>
    state.world.main(['policy', 'compare', ...args], options);

  test('every group of routes that changes, by whom and how; exit 3', async () => {
    const ran = await run(['before.json', 'after.json']);
    expect(ran).toMatchObject({ code: 3, err: '' });
    expect(ran.out).toContain('before.json → after.json');
    expect(ran.out).toMatch(/^\/api…\s+"\/api"\s+shadow true → false$/m);
    expect(ran.out).toMatch(/^except \/api\/search…\s+ENFORCES what was in shadow$/m);
    expect(ran.out).toMatch(
      /^\/api\/search…\s+"\/api\/search" → "\/api"\s+rate 120 → own, burst 20 → own, shadow own → false$/m,
    );
    expect(ran.out).toMatch(/^\/pay…\s+none → "\/pay"\s+rate own → 70000$/m);
    expect(ran.out).toContain('BLOCKS EVERY REQUEST');
    expect(ran.out).toContain('"/api/search" never decides: "/api" takes every route of it');
    expect(ran.out).toContain(
      '3 groups of routes with another policy; every route there can be was looked at; 2 of them block',
    );
  });

  test('colours change nothing but the colour', async () => {
    const plain = await run(['before.json', 'after.json', '--color', 'never']);
    const coloured = await run(['before.json', 'after.json', '--color', 'always']);
    expect(coloured.out).not.toBe(plain.out);
    expect(coloured.out.replaceAll(/\u001b\[[0-9;]*m/g, '')).toBe(plain.out);
  });

  test('the same for programs', async () => {
    const shown = jsonOf<Shown>((await run(['before.json', 'after.json', '--json'])).out);
    expect(shown).toMatchObject({ kind: 'PolicyComparison', routeCount: null, base: null, bucket: null });
    expect(shown.changes[0]).toMatchObject({
      region: { prefix: '/api', except: ['/api/search'], examples: ['/api', '/api/1', '/api1'] },
      before: { matched: '/api', isShadow: true, ratePerMin: null, inWords: null },
      after: { matched: '/api', isShadow: false },
      fields: [{ name: 'isShadow', before: true, after: false }],
      effects: ['enforces'],
    });
    expect(shown.changes[1]).toMatchObject({ before: { inWords: '21 requests at once, then one every 500 ms' } });
    expect(shown.newlyHidden).toEqual([{ prefix: '/api/search', by: '/api' }]);
    const lines = (await run(['before.json', 'after.json', '-o', 'ndjson'])).out.trim().split('\n');
    expect(lines).toHaveLength(3);
  });

  test('nothing changes: exit 0; so where only another override decides, which is said', async () => {
    expect((await run(['before.json', 'before.json'])).code).toBe(0);
    const ran = await run(['-', 'before.json'], {
      stdin: before.replace('{', '{"/api/search/x":{"burst":20,"rate":120},'),
    });
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('1 place where another override decides, to the same effect');
    expect(ran.out).toContain('no policy changes: every route there can be was looked at');
  });

  test('only the routes that are named, or listed', async () => {
    const named = jsonOf<Shown>((await run(['before.json', 'after.json', '/api/x', '/other', '--json'])).out);
    expect(named).toMatchObject({ routeCount: 2, changes: [{ route: '/api/x', region: null, methods: [] }] });
    expect(await run(['before.json', 'after.json', '/other'])).toMatchObject({ code: 0 });
    const listed = await run(['before.json', 'after.json', '--routes', '-', '--json'], { stdin: 'POST /pay/1\n/x\n' });
    expect(jsonOf<Shown>(listed.out).changes).toMatchObject([{ route: '/pay/1', methods: ['POST'] }]);
  });

  test('the paths of an OpenAPI file, with samples where an override could match only some', async () => {
    const api = `
openapi: 3.0.3
servers: [{url: https://example.com/api}]
paths:
  /{thing}: {get: {}, put: {}}
  /health: {get: {servers: [{url: /}]}}
`;
    const ran = await run(['before.json', 'after.json', '--openapi', '-', '--json'], { stdin: api });
    expect(ran.code).toBe(3);
    expect(jsonOf<Shown>(ran.out)).toMatchObject({
      routeCount: 3,
      changes: [
        { route: '/api/1', template: '/api/{thing}', methods: ['GET', 'PUT'], after: { matched: '/api' } },
        { route: '/api/search', template: '/api/{thing}', before: { matched: '/api/search' } },
      ],
    });
    const table = await run(['before.json', 'after.json', '--openapi', '-'], { stdin: api });
    expect(table.out).toMatch(/^GET,PUT \/api\/1 .*\nof \/api\/\{thing\}/m);
    expect(table.out).toContain('2 routes with another policy; 3 routes looked at');
  });

  test.each([
    [['before.json', 'none.json'], 'FILE_MISSING'],
    [['-', '-'], 'USAGE'],
    [['before.json', 'after.json', 'api'], 'USAGE'],
    [['before.json', 'after.json', '--routes', 'none'], 'FILE_MISSING'],
    [['before.json', 'after.json', '--routes', 'before.json'], 'ROUTES_INVALID'],
    [['before.json', 'after.json', '--openapi', 'before.json'], 'OPENAPI_INVALID'],
    [['env:nowhere', 'after.json'], 'UNKNOWN_ENVIRONMENT'],
    [['live', 'after.json'], 'NO_REDIS'],
  ])('%j is a usage error', async (args, code) => {
    expect(errorOf(await run([...args, '--json']))).toMatchObject({ code, exitCode: 2 });
  });
});

describe('documents of environments', () => {
  const state = {} as { lab: Lab };
  beforeAll(async () => {
    state.lab = await openLab();
  });
  afterAll(() => state.lab.stop());
  beforeEach(() => state.lab.reset());
  const run = (...args: string[]) => state.lab.world.main(['policy', 'compare', ...args, '--json']);

  test('what is stored now, in another environment, and at an earlier revision', async () => {
    const { lab } = state;
    await lab.store('{"/a":{"rate":1}}');
    const changed = await lab.world.main(['override', 'set', '/a', '--rate', '2', '--no-reload', '--json']);
    const { revisionBefore } = jsonOf<{ revisionBefore: string }>(changed.out);
    const ran = await run(`rev:${revisionBefore.slice(0, 12)}`, 'live');
    expect(ran).toMatchObject({ code: 3, err: '' });
    const fields = [{ name: 'ratePerMin', before: 1, after: 2 }];
    expect(jsonOf<Shown>(ran.out)).toMatchObject({ before: { revision: revisionBefore }, changes: [{ fields }] });
    expect(errorOf(await run('rev:0123456789ab', 'live'))).toMatchObject({ code: 'REVISION_MISSING', exitCode: 2 });

    const other = { ...lab.environment, namespace: 'other' };
    const config = await lab.world.config('two.yaml', { environments: { lab: lab.environment, other } });
    const env = { RLCTL_CONFIG: config, RLCTL_ENV: 'lab' };
    const two = await lab.world.main(['policy', 'compare', 'live', 'env:other', '--json'], { env });
    expect(two.code).toBe(3);
    expect(jsonOf<Shown>(two.out)).toMatchObject({
      changes: [{ before: { matched: '/a' }, after: { matched: null } }],
    });
    const blind = await lab.world.main(['policy', 'compare', 'live', 'env:other', '--json'], {
      env: { ...env, RLCTL_REDIS_URL: lab.redis.url },
    });
    expect(errorOf(blind)).toMatchObject({ code: 'ENVIRONMENT_CONTRADICTION', exitCode: 2 });
  });

  test('--bucket: what sets the bucket’s own value changes nothing', async () => {
    await state.lab.store('{"/a":{"rate":60}}');
    const stdin = '{}';
    const compare = (...more: string[]) =>
      state.lab.world.main(['policy', 'compare', 'live', '-', ...more, '--json'], { stdin });
    expect((await compare()).code).toBe(3);
    const based = await compare('--bucket', 'read');
    expect(based.code).toBe(0);
    expect(jsonOf<Shown>(based.out)).toMatchObject({
      bucket: 'read',
      base: { ratePerMin: 60, burst: 10 },
      changes: [],
    });
    expect((await compare('--bucket', 'financial')).code).toBe(3);
    expect(errorOf(await compare('--bucket', 'reed')).code).toBe('UNKNOWN_BUCKET');
  });

  test('a stored document that no server can read is a guard', async () => {
    await state.lab.store('[]');
    expect(errorOf(await run('live', 'env:lab'))).toMatchObject({ code: 'DOCUMENT_CORRUPT', exitCode: 6 });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLab, type Lab } from '../support/lab.js';
import { freePort } from '../support/redis-server.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

interface Fact extends JsonObject {
  readonly name: string;
  readonly part: string;
  readonly isDifferent: boolean;
  readonly isCounted: boolean;
}

interface Shown extends JsonObject {
  readonly routes: readonly (JsonObject & { readonly route: string })[] | null;
  readonly facts: readonly Fact[];
  readonly findings: readonly JsonObject[];
}

// One of each dialect, and a twin of the first that keeps its overrides in the second one's Redis.
const state = {} as { preview: Lab; prod: Lab };
beforeAll(async () => {
  [state.preview, state.prod] = await Promise.all([
    openLab({ dialect: 'documented', behaviour: { siteMode: 'preview' } }),
    openLab({
      dialect: 'deployed',
      behaviour: { siteMode: 'prod', environment: { RATE_LIMIT_SHADOW_FINANCIAL: 'true' } },
    }),
  ]);
});
afterAll(() => Promise.all([state.preview.stop(), state.prod.stop()]));
beforeEach(async () => {
  await state.preview.redis.cli('FLUSHALL');
  await state.prod.redis.cli('FLUSHALL');
});

async function run(args: readonly string[], more: JsonObject = {}, options: MainOptions = {}): Promise<Ran> {
  const { preview, prod } = state;
  const twin = { ...preview.environment, redis: prod.redis.url };
  const environments = { preview: preview.environment, prod: prod.environment, twin, ...more };
  const config = await preview.world.config('pair.yaml', { environments });
  return preview.world.main(args, { ...options, env: { RLCTL_CONFIG: config, ...options.env } });
}

const shownBy = (ran: Ran): Shown => jsonOf<Shown>(ran.out);
const factOf = (shown: Shown, name: string, part = 'server'): Fact | undefined =>
  shown.facts.find((each) => each.part === part && each.name === name);

const here = '{"/api/search": {"rate":120,"burst":20}, "/a":{"rate":1}, "/b":{"rate":2}, "/only":{"shadow":true}}';
const there = '{"/b":{"rate":2},"/a":{"rate":1},"/api/search":{"rate":60,"burst":20},"/pay":{"rate":3}}';

describe('two environments of both dialects', () => {
  test('overrides field by field and in order, flags, dialect and versions; exit 3, nothing changed', async () => {
    await state.preview.store(here);
    await state.prod.store(there);
    const reloads = state.prod.sandbox.workers()[0]?.reloads;
    const ran = await run(['env', 'diff', 'preview', 'prod', '--json']);
    expect(ran).toMatchObject({ code: 3, err: '' });
    const shown = shownBy(ran);
    expect(shown).toMatchObject({
      kind: 'EnvDiff',
      isDifferent: true,
      isWhole: true,
      left: { environment: 'preview', key: 'lab:rl:overrides' },
      right: { environment: 'prod' },
      findings: [],
    });
    const byRoute = new Map(shown.routes?.map((each) => [each.route, each]));
    expect(byRoute.get('/api/search')).toMatchObject({
      kind: 'changed',
      onlyIn: null,
      fields: [{ name: 'rate', left: 120, right: 60 }],
      leftIndex: 0,
      rightIndex: 2,
    });
    expect(byRoute.get('/only')).toMatchObject({ kind: 'removed', onlyIn: 'left', right: null });
    expect(byRoute.get('/pay')).toMatchObject({ kind: 'added', onlyIn: 'right', left: null });
    expect([...byRoute.values()].some(({ isMoved }) => isMoved)).toBe(true);
    expect(factOf(shown, 'basePath')).toMatchObject({
      left: { state: 'now', value: '/internal' },
      right: { state: 'now', value: '/api/v1/internal' },
      isCounted: true,
    });
    expect(factOf(shown, 'siteMode')).toMatchObject({ isDifferent: true, isCounted: false });
    expect(factOf(shown, 'read', 'flag')).toMatchObject({ left: { state: 'now' }, right: { state: 'now' } });
    expect(factOf(shown, 'redis', 'version')).toMatchObject({ isDifferent: false, left: { state: 'now' } });
    expect(factOf(shown, 'server', 'version')).toMatchObject({ left: { state: 'now', value: 'sandbox' } });
    expect(factOf(shown, 'isEnabled', 'switch')).toMatchObject({ left: { state: 'unknown' } });
    expect(state.prod.sandbox.workers()[0]?.reloads).toBe(reloads);
    expect([await state.preview.document(), await state.prod.document()]).toEqual([here, there]);
  });

  test('a flag that differs; several addresses of one side that disagree, and one of them that is silent', async () => {
    const { preview, prod } = state;
    const plain = shownBy(await run(['env', 'diff', 'preview', 'prod', '--json']));
    expect(factOf(plain, 'financial', 'flag')).toMatchObject({
      title: 'shadow of financial',
      left: { value: false },
      right: { value: true },
      isCounted: true,
    });
    const silent = `http://127.0.0.1:${await freePort()}`;
    const both = { ...prod.environment, api: [preview.sandbox.origin, prod.sandbox.origin, silent] };
    const ran = await run(['env', 'diff', 'preview', 'both', '--json'], { both });
    expect(ran.code).toBe(3);
    expect(factOf(shownBy(ran), 'financial', 'flag')?.['right']).toEqual({ state: 'now', value: 'false | true' });
    expect(shownBy(ran).findings).toMatchObject([{ environment: 'both', part: silent }]);
  });

  test('a server that is another site than configured tells nothing; an override of every route is remarked', async () => {
    await state.prod.store('{"":{"rate":9}}');
    const other = { ...state.prod.environment, siteMode: 'preview' };
    const shown = shownBy(await run(['env', 'diff', 'preview', 'other', '--json'], { other }));
    expect(shown.findings).toMatchObject([{ environment: 'other', code: 'WRONG_SITE_MODE' }]);
    expect(factOf(shown, 'read', 'flag')).toMatchObject({ right: { state: 'unknown' }, isDifferent: false });
    expect(shown['remarks']).toMatchObject([expect.stringContaining('override of other matches every route')]);
  });

  test('side by side for people, within 80 columns; ndjson is the differing overrides', async () => {
    await state.preview.store(here);
    await state.prod.store(there);
    const wide = await run(['env', 'diff', 'preview', 'prod', '--color', 'never'], {}, { columns: 80 });
    expect(wide.code).toBe(3);
    expect(wide.out).toMatch(/OVERRIDE\s+WHAT\s+preview\s+prod/);
    expect(wide.out).toMatch(/≠ {2}\/api\/search\s+rate\s+120\s+60/);
    expect(wide.out).toMatch(/override\s+none\s+\{"rate":3\}/);
    expect(wide.out).toMatch(/base path\s+\/internal\s+\/api\/v1\/internal/);
    expect(wide.out).toMatch(/~ {2}site mode/);
    expect(wide.out).toContain('limiter enabled');
    expect(Math.max(...wide.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const lines = (await run(['env', 'diff', 'preview', 'prod', '-o', 'ndjson'])).out.trim().split('\n');
    expect(lines.map((line) => jsonOf(line)['route'])).toContain('/pay');
  });

  test('a memory is shown with its date, and decides nothing', async () => {
    await run(['-e', 'twin', 'reload', '--no-verify']);
    const shown = shownBy(await run(['env', 'diff', 'preview', 'twin', '--json']));
    expect(factOf(shown, 'isEnabled', 'switch')?.['right']).toMatchObject({ state: 'remembered', value: true });
    expect(factOf(shown, 'profile')).toMatchObject({ right: { state: 'remembered' }, isCounted: false });
    expect(shown['isDifferent']).toBe(false);
  });
});

describe('two environments that hold the same', () => {
  test('white space is no difference; exit 0', async () => {
    await state.preview.store('{"/a": {"rate": 1}}');
    await state.prod.store('{"/a":{"rate":1}}');
    const ran = await run(['env', 'diff', 'preview', 'twin']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('the same on both sides, in the same order (1)');
    expect(ran.out).toContain('they are the same in everything that could be read');
  });

  test('an end counts', async () => {
    await run(['-e', 'preview', 'override', 'set', '/a', '--rate', '1', '--for', '2h', '--no-reload']);
    await run(['-e', 'twin', 'override', 'set', '/a', '--rate', '1', '--no-reload']);
    const ran = await run(['env', 'diff', 'preview', 'twin', '--json']);
    expect(ran.code).toBe(3);
    expect(shownBy(ran).routes).toMatchObject([
      { route: '/a', kind: 'kept', fields: [], terms: { left: { owner: null, isRemoved: false }, right: null } },
    ]);
    expect((await run(['env', 'diff', 'preview', 'twin'])).out).toMatch(/≠ {2}\/a\s+until\s+20\d\d-\S+ \S+\s+-/);
  });

  test('who manages it counts, and so does what is removed for a while', async () => {
    const file = await state.preview.world.write('owned.json', '{"/a":{"rate":1}}');
    await run(['-e', 'preview', 'override', 'sync', '-f', file, '--owner', 'team-a', '--no-reload']);
    await run(['-e', 'twin', 'override', 'apply', '-f', file, '--no-reload']);
    await run(['-e', 'twin', 'override', 'set', '/gone', '--rate', '1', '--no-reload']);
    await run(['-e', 'twin', 'override', 'unset', '/gone', '--for', '2h', '--no-reload']);
    const shown = shownBy(await run(['env', 'diff', 'preview', 'twin', '--json']));
    expect(shown.routes).toMatchObject([
      { route: '/a', kind: 'kept', terms: { left: { owner: 'team-a', until: null }, right: null } },
      { route: '/gone', kind: 'kept', left: null, right: null, terms: { left: null, right: { isRemoved: true } } },
    ]);
    const text = (await run(['env', 'diff', 'preview', 'twin'])).out;
    expect(text).toMatch(/\/a\s+owner\s+team-a\s+-/);
    expect(text).toMatch(/\/gone\s+until\s+-\s+removed until 20/);
    expect(text).toContain('2 overrides differ, 0 are the same');
  });

  test('order alone is a difference, and is told by what stands in front', async () => {
    await state.preview.store('{"/a":{"rate":1},"/b":{"rate":2}}');
    await state.prod.store('{"/b":{"rate":2},"/a":{"rate":1}}');
    const ran = await run(['env', 'diff', 'preview', 'twin']);
    expect(ran.code).toBe(3);
    expect(ran.out).toMatch(/place\s+(?:1, the first\s+2, behind "\/b"|2, behind "\/a"\s+1, the first)/);
  });
});

test('no name that somebody stored reaches a terminal as it is, in a diff or a promotion', async () => {
  const hostile = '/\u001b[31mred\u202e\u0007';
  await state.preview.store(JSON.stringify({ [hostile]: { rate: null }, '/a': { rate: 1 } }));
  await state.prod.store(JSON.stringify({ '/a': { rate: 1 }, [hostile]: { rate: 'x\u001b]0;owned\u0007' } }));
  const shown = await Promise.all([
    run(['env', 'diff', 'preview', 'twin']),
    run(['env', 'diff', 'preview', 'twin', '--json']),
    run(['env', 'promote', 'preview', 'twin']),
    run(['env', 'promote', 'preview', 'twin', '/a', '--dry-run']),
  ]);
  expect(shown.map(({ code }) => code)).toEqual([3, 3, 2, 0]);
  for (const { out, err } of shown) expect(out + err).not.toMatch(/[\u0007\u001b\u202e]/);
  expect(shown[0]?.out).toContain('/\\u001b[31mred\\u202e');
});

describe('what does not answer', () => {
  test('one side’s Redis: its overrides are not known, the rest is compared; exit 3', async () => {
    await state.prod.store(there);
    const down = { ...state.preview.environment, redis: `redis://127.0.0.1:${await freePort()}/0` };
    const ran = await run(['env', 'diff', 'down', 'prod', '--json'], { down });
    expect(ran.code).toBe(3);
    const shown = shownBy(ran);
    expect(shown).toMatchObject({ routes: null, isWhole: false, left: { revision: null } });
    expect(shown.findings).toMatchObject([{ environment: 'down', code: 'REDIS_UNREACHABLE' }]);
    expect(factOf(shown, 'basePath')?.isCounted).toBe(true);
    const text = (await run(['env', 'diff', 'down', 'prod'], { down })).out;
    expect(text).toContain('its overrides are not known');
    expect(text).toContain('✗ down: ');
  });

  test('one side whole, in whichever place: everything of it is not known; both: 7', async () => {
    await state.prod.store(there);
    const gone = {
      ...state.preview.environment,
      api: `http://127.0.0.1:${await freePort()}`,
      redis: `redis://127.0.0.1:${await freePort()}/0`,
    };
    const also = { ...gone, redis: `redis://127.0.0.1:${await freePort()}/0` };
    const one = await run(['env', 'diff', 'prod', 'gone', '--json'], { gone });
    expect(one.code).toBe(3);
    expect(shownBy(one)).toMatchObject({ routes: null, isDifferent: false, isWhole: false });
    expect(factOf(shownBy(one), 'redis', 'version')?.['right']).toMatchObject({ state: 'unknown' });
    const both = errorOf(await run(['env', 'diff', 'gone', 'also', '--json'], { gone, also }));
    expect(both).toMatchObject({ exitCode: 7 });
    expect(both.message).toMatch(/^gone: /);
  });

  test('a document that no server can read is told like any failure', async () => {
    await state.preview.store('[]');
    const ran = await run(['env', 'diff', 'preview', 'prod', '--json']);
    expect(ran.code).toBe(3);
    expect(shownBy(ran).findings).toMatchObject([{ environment: 'preview', code: 'DOCUMENT_CORRUPT' }]);
    expect(String(shownBy(ran).findings[0]?.['hint'])).not.toMatch(/rlctl override/);
  });
});

describe('what is no pair', () => {
  test.each(['diff', 'promote'])('env %s refuses one place under two names', async (verb) => {
    const same = { ...state.preview.environment };
    const twice = errorOf(await run(['env', verb, 'preview', 'preview', '--json']));
    expect(twice).toMatchObject({ code: 'SAME_PLACE', exitCode: 2 });
    const aliased = errorOf(await run(['env', verb, 'preview', 'same', '--json'], { same }));
    expect(aliased).toMatchObject({ code: 'SAME_PLACE', exitCode: 2 });
    const spelled = { ...same, redis: state.preview.redis.url.replace('127.0.0.1', 'localhost').replace('/0', '') };
    expect(errorOf(await run(['env', verb, 'preview', 'spelled', '--json'], { spelled })).code).toBe('SAME_PLACE');
  });

  test.each(['diff', 'promote'])(
    'env %s: variables that stand for both, -e, and names that are not there',
    async (verb) => {
      const args = ['env', verb, 'preview', 'prod', '--json'];
      const env = { RLCTL_REDIS_URL: state.prod.redis.url };
      const blind = errorOf(await run(args, {}, { env }));
      expect(blind).toMatchObject({ code: 'ENVIRONMENT_CONTRADICTION', exitCode: 2 });
      expect(blind.message).toContain('RLCTL_REDIS_URL');
      const typed = errorOf(await run(['-e', 'preview', ...args]));
      expect(typed).toMatchObject({ code: 'ENVIRONMENT_CONTRADICTION', exitCode: 2 });
      expect(errorOf(await run(['env', verb, 'preview', 'prud', '--json'])).code).toBe('UNKNOWN_ENVIRONMENT');
    },
  );

  test('-e that repeats the second one, and RLCTL_ENV, are no contradiction', async () => {
    expect((await run(['-e', 'twin', 'env', 'diff', 'preview', 'twin'])).code).toBe(0);
    expect((await run(['env', 'diff', 'preview', 'twin'], {}, { env: { RLCTL_ENV: 'prod' } })).code).toBe(0);
  });
});

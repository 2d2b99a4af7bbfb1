import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { reloadRaw } from '../support/raw-reload.js';
import { jsonOf, type JsonObject, type MainOptions } from '../support/world.js';

// What verify must not take for proof, and what it says to do next, at servers that list nothing and at those that do.

interface Shown extends JsonObject {
  readonly proof: JsonObject & {
    readonly diagnosis: string;
    readonly evidence: readonly { subject: string; verdict: string; text: string; source: string }[];
  };
}

const state = {} as { documented: Lab; deployed: Lab };
beforeAll(async () => {
  [state.documented, state.deployed] = await Promise.all([openLab(), openLab({ dialect: 'deployed' })]);
});
afterAll(() => Promise.all([state.documented.stop(), state.deployed.stop()]));
beforeEach(() => Promise.all([state.documented.reset(), state.deployed.reset()]));

async function stored(lab: Lab, text: string): Promise<void> {
  await lab.store(text);
  await reloadRaw(lab.sandbox);
}

async function verify(lab: Lab, args: readonly string[] = [], options: MainOptions = {}) {
  const ran = await lab.world.main(['verify', ...args, '--json'], options);
  expect(ran.err).toBe('');
  const { proof } = jsonOf<Shown>(ran.out);
  const texts = proof.evidence.map(({ text }) => text).join('\n');
  return { code: ran.code, verdict: proof['verdict'], trap: proof['trap'], diagnosis: proof.diagnosis, texts, proof };
}

const both = '{"/api/search":{"rate":120,"burst":20},"/api/pay":{"rate":3,"burst":1}}';
const one = '{"/api/search":{"rate":120,"burst":20}}';

describe('what the server holds and nobody stores', () => {
  test('an entry removed by hand without a reload: a reload comes first, and mends it', async () => {
    const lab = state.documented;
    await stored(lab, both);
    await lab.store(one);
    const seen = await verify(lab);
    expect(seen).toMatchObject({ code: 8, verdict: 'contradicted', trap: 'notLoaded' });
    expect(seen.diagnosis).toMatch(/first run: rlctl \S+ \S+ reload;/);
    expect(seen.diagnosis).not.toContain('restart');
    expect(await lab.world.main(['reload'])).toMatchObject({ code: 0 });
    expect(await verify(lab)).toMatchObject({ code: 0, verdict: 'proven' });
  });

  test('the same line for every route is said once', async () => {
    const lab = state.documented;
    await stored(lab, '{"/a":{"rate":1},"/b":{"rate":2},"/c":{"rate":3}}');
    await lab.store('{"/a":{"rate":1},"/b":{"rate":2}}');
    const { proof } = await verify(lab);
    const lines = proof.evidence.map(({ text, source }) => `${source} ${text}`);
    expect(lines).toEqual([...new Set(lines)]);
  });

  test('a route removed without a reload, at a server that lists none', async () => {
    const lab = state.deployed;
    for (const route of ['/api/foo', '/api/kept'])
      expect(await lab.world.main(['override', 'set', route, '--rate', '7'])).toMatchObject({ code: 0 });
    expect(await lab.world.main(['override', 'unset', '/api/foo', '--no-reload'])).toMatchObject({ code: 0 });
    // Another change since: what was removed is not the last entry of the history any more.
    expect(await lab.world.main(['override', 'set', '/api/more', '--rate', '9', '--no-reload'])).toMatchObject({
      code: 0,
    });
    await lab.world.main(['override', 'unset', '/api/more', '--no-reload']);
    expect(await verify(lab)).toMatchObject({ code: 8, verdict: 'contradicted', trap: 'notLoaded' });
    await reloadRaw(lab.sandbox);
    expect(await verify(lab)).toMatchObject({ code: 0, verdict: 'proven' });
  });
});

describe('a stale process that the number of workers hides', () => {
  test('no restart of the server is asked for', async () => {
    const lab = await openLab({ dialect: 'deployed', workers: 4, behaviour: { staleWorkers: [1, 2, 3] } });
    try {
      await lab.store(one);
      await reloadRaw(lab.sandbox, 12);
      await lab.store('{"/api/search":{"rate":90,"burst":9}}');
      for (let turn = 0; turn < 4; turn += 1) {
        const ran = await lab.world.main(['reload', '--workers', '1', '--json']);
        const { proof } = jsonOf<Shown>(ran.out);
        expect(['staleWorkers', 'otherNamespaceOrRedisUnreachable', 'overridesNotRead', null]).toContain(proof['trap']);
        expect(proof.diagnosis).not.toContain('RATE_LIMIT_POLICY_OVERRIDES_JSON');
      }
    } finally {
      await lab.stop();
    }
  });
});

describe('a named route', () => {
  test('in a namespace where nothing is stored is not proven', async () => {
    const lab = state.deployed;
    await stored(lab, both);
    const seen = await verify(lab, ['/api/auth'], { env: { RLCTL_NAMESPACE: 'other' } });
    expect(seen).toMatchObject({ code: 8, verdict: 'notProven' });
    expect(seen.diagnosis).toContain('verify --reload /api/auth');
  });

  test.each([
    ['{"/api/search":{"rate":"12.5","burst":3}}', 'the server does not use 1 stored entry ("/api/search"'],
    ['{"/api/search":{"rate":-4}}', '"/api/search" blocks everybody: rate -4'],
    ['{"/api/search":{"rate":0}}', '"/api/search" blocks everybody: rate 0'],
    ['{"/api/search":{"burst":-5}}', '"/api/search" blocks everybody: burst -5'],
  ])('with an entry that does not do what it says: %s', async (text, said) => {
    const lab = state.deployed;
    await stored(lab, text);
    expect((await verify(lab, ['/api/search'])).diagnosis).toContain(said);
    expect((await verify(lab)).diagnosis).toContain(said);
    // What blocks nobody is not said to.
    expect((await verify(lab, ['/api/other'])).diagnosis).not.toMatch(/blocks everybody|does not use/);
  });

  test('with an entry that is no override at all: what the server holds instead is not known', async () => {
    await stored(state.deployed, '{"/api/search":5}');
    const seen = await verify(state.deployed, ['/api/search']);
    expect(seen).toMatchObject({ code: 8, verdict: 'notProven' });
    expect(seen.diagnosis).toContain('no override that a server can use is stored');
  });

  test('an entry that is skipped is not hidden by the one that answers instead', async () => {
    const lab = state.documented;
    await stored(lab, '{"/api/search":{"rate":"x"},"/b":{"rate":2},"/api":{"rate":9}}');
    const seen = await verify(lab, ['/api/search']);
    expect(seen.texts).not.toContain('stands before');
    expect(seen.texts).toContain('cannot use the entry of this one');
    expect((await verify(lab, ['/api/else'])).texts).toContain('"/api": the first that starts this route');
  });
});

describe('an edit past rlctl that the server has not loaded', () => {
  const hand = '{"/api/search":{"rate":120,"burst":20},"/api/hand":{"rate":1}}';
  const metrics = (lab: Lab): MainOptions => ({ env: { RLCTL_METRICS: `${lab.sandbox.origin}/metrics` } });

  test.each(['documented', 'deployed'] as const)('leaves the route that was asked for proven (%s)', async (dialect) => {
    const lab = state[dialect];
    await stored(lab, one);
    await lab.store(hand);
    const asked = await verify(lab, ['/api/search'], metrics(lab));
    expect(asked).toMatchObject({ code: 0, verdict: 'proven' });
    expect(asked.texts).toContain('"/api/search": the server shows what is stored');
    expect(asked.diagnosis).toMatch(/does not hold the whole document .*: to load it, run: rlctl \S+ \S+ reload$/);
    expect(await verify(lab, ['/api/hand'], metrics(lab))).toMatchObject({ code: 8, verdict: 'contradicted' });
    expect(await verify(lab, [], metrics(lab))).toMatchObject({ code: 8, verdict: 'contradicted', trap: 'notLoaded' });
    await reloadRaw(lab.sandbox);
    const loaded = await verify(lab, ['/api/search'], metrics(lab));
    expect(loaded.diagnosis).not.toContain('whole document');
  });

  test.each([
    ['added in front, under it', '{"/api/search/hot":{"rate":1},"/api/search":{"rate":120,"burst":20}}'],
    ['added in front, over it', '{"/api":{"rate":1},"/api/search":{"rate":120,"burst":20}}'],
  ])('%s, takes its requests, so that it is not proven', async (_, text) => {
    for (const lab of [state.documented, state.deployed]) {
      await stored(lab, one);
      await lab.store(text);
      expect(await verify(lab, ['/api/search'], metrics(lab))).toMatchObject({ code: 8, verdict: 'contradicted' });
    }
  });

  test('added behind it takes none of its requests', async () => {
    await stored(state.documented, one);
    await state.documented.store(
      '{"/api/search":{"rate":120,"burst":20},"/api":{"rate":1},"/api/search/hot":{"rate":1}}',
    );
    expect(await verify(state.documented, ['/api/search'])).toMatchObject({ code: 0, verdict: 'proven' });
    expect(await verify(state.documented, ['/api/search', '/api/x'])).toMatchObject({ code: 8 });
  });

  test('that removed an entry which takes its requests: the server still goes by it', async () => {
    const under = '{"/api/search/hot":{"rate":1},"/api/search":{"rate":120,"burst":20}}';
    for (const lab of [state.documented, state.deployed]) {
      await stored(lab, under);
      await lab.store(one);
      expect(await verify(lab, ['/api/search'], metrics(lab))).toMatchObject({ code: 8, verdict: 'contradicted' });
    }
  });

  test('that changed the order in which they win', async () => {
    const lab = state.documented;
    await stored(lab, '{"/api/search/hot":{"rate":1},"/api/search":{"rate":120,"burst":20}}');
    await lab.store('{"/api/search":{"rate":120,"burst":20},"/api/search/hot":{"rate":1}}');
    expect(await verify(lab, ['/api/search'])).toMatchObject({ code: 8, verdict: 'contradicted' });
  });
});

describe('a server that reads another database', () => {
  test.each([
    ['as many others', '{"/api/pay":{"rate":3,"burst":1}}'],
    ['one that is stored and one that is not', '{"/api/search":{"rate":120,"burst":20},"/api/pay":{"rate":3}}'],
  ])('with %s: a count that what is stored explains rules out the environment of the server', async (_, there) => {
    const lab = state.documented;
    await stored(lab, there);
    const here = JSON.parse(there) as Record<string, unknown>;
    const own = Object.keys(here).length === 1 ? one : '{"/api/search":{"rate":120,"burst":20},"/api/x":{"rate":9}}';
    await lab.redis.cli('-n', '1', 'SET', labKey, own);
    const redis = `${lab.redis.url.replace(/\/\d*$/, '')}/1`;
    const config = await lab.world.config('second.yaml', { environments: { lab: { ...lab.environment, redis } } });
    const seen = await verify(lab, ['--reload', '--config', config]);
    expect(seen).toMatchObject({ code: 8, verdict: 'contradicted', trap: 'otherNamespaceOrRedisUnreachable' });
    expect(seen.diagnosis).toContain('another Redis');
  });
});

describe('what to do next', () => {
  test('the level that was asked for is asked for again, with a probe', async () => {
    await stored(state.documented, one);
    const { diagnosis, verdict } = await verify(state.documented, ['--require', 'enforced']);
    expect(verdict).toBe('notProven');
    expect(diagnosis).toContain('verify --require enforced --probe URL');
  });

  test('a probe that nothing answers', async () => {
    await stored(state.documented, one);
    const { diagnosis } = await verify(state.documented, ['--probe', 'http://127.0.0.1:9/api/search']);
    expect(diagnosis).toMatch(/name an address that answers: rlctl \S+ \S+ verify --probe URL/);
  });

  test('a probe of a path without an override', async () => {
    const lab = state.documented;
    await stored(lab, one);
    const probe = ['--require', 'enforced', '--probe', `${lab.sandbox.origin}/api/items`];
    const { diagnosis, verdict } = await verify(lab, probe);
    expect(verdict).toBe('notProven');
    expect(diagnosis).toContain('no stored override covers this path');
    expect(diagnosis).toMatch(
      /name an address that a stored override covers: rlctl .+ verify --require enforced --probe URL/,
    );
  });

  test('a probe of a path that another override covers, or none, tells nothing of the route that is named', async () => {
    const lab = state.documented;
    await stored(lab, both);
    const at = (path: string) => ['--probe', `${lab.sandbox.origin}${path}`];
    for (const path of ['/api/pay', '/api/items']) {
      const seen = await verify(lab, ['/api/search', '--require', 'enforced', ...at(path)]);
      expect(seen).toMatchObject({ code: 8, verdict: 'notProven' });
      expect(seen.texts).toContain('no probe reached such a route');
      const implied = await verify(lab, ['/api/search', ...at(path)]);
      expect(implied.proof).toMatchObject({ verdict: 'proven', levelReached: 'loaded' });
    }
    const met = await verify(lab, ['/api/search', '--require', 'enforced', ...at('/api/search/items')]);
    expect(met.proof).toMatchObject({ verdict: 'proven', levelReached: 'enforced' });
  });

  test('an override that equals the bucket: the count of a reload tells', async () => {
    const lab = state.deployed;
    await stored(lab, '{"/api/items":{"rate":60}}');
    const { diagnosis, verdict } = await verify(lab, ['/api/items']);
    expect(verdict).toBe('notProven');
    expect(diagnosis).not.toContain('changed override');
    expect(diagnosis).toMatch(/rlctl \S+ \S+ verify --reload \/api\/items$/);
    expect(await verify(lab, ['--reload', '/api/items'])).toMatchObject({ verdict: 'proven' });
  });

  test('the headline is not repeated below it', async () => {
    await stored(state.documented, one);
    const { out } = await state.documented.world.main(['verify', '--require', 'enforced']);
    expect(out.split('no probe reached such a route')).toHaveLength(2);
  });
});

describe('evidence', () => {
  test('comes in the order of the document', async () => {
    const lab = state.deployed;
    const routes = Array.from({ length: 7 }, (_, index) => `/api/r${index}/`);
    await stored(lab, JSON.stringify(Object.fromEntries(routes.map((route) => [route, { rate: 7 }]))));
    for (let turn = 0; turn < 3; turn += 1) {
      const { proof } = await verify(lab);
      const read = proof.evidence.flatMap(({ text }) => /^"(\/api\/r\d\/)"/.exec(text)?.[1] ?? []);
      expect(read).toEqual(routes);
    }
  });

  test('says that nothing shows which environment it is, where the server does not', async () => {
    const lab = state.deployed;
    await stored(lab, one);
    const silent = await verify(lab, [], { env: { RLCTL_SITE_MODE: 'prod' } });
    expect(silent).toMatchObject({ verdict: 'proven' });
    expect(silent.texts).toContain('nothing shows that it is "prod"');
    expect((await verify(lab)).texts).not.toContain('which environment');
  });
});

describe('--wait', () => {
  test.each(['api', 'redis'])('goes on while the %s is away, and no longer', async (what) => {
    const lab = state.documented;
    await stored(lab, one);
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const env =
      what === 'api' ? { RLCTL_API: `http://127.0.0.1:${port}` } : { RLCTL_REDIS_URL: `redis://127.0.0.1:${port}` };
    const startedMs = performance.now();
    const ran = await lab.world.main(['verify', '--wait', '2s', '--json'], { env });
    expect(ran.code).toBe(7);
    expect(performance.now() - startedMs).toBeGreaterThan(1900);
  });
});

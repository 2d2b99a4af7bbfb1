import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fleetSecret, startFleet, type FleetBehaviour, type RunningFleet } from '../support/fleet.js';
import { startNameServer } from '../support/name-server.js';
import { startRedis, type RunningRedis } from '../support/redis-server.js';
import { jsonOf, openWorld, type JsonObject, type Ran, type World } from '../support/world.js';

// Commands that ask about an environment ask every instance of its fleet, and say per instance only what differs.

const state = {} as { redis: RunningRedis; world: World; fleet: RunningFleet | null };
const held = { '/api/search': { rate: 120, burst: 20, shadow: true } };
const before = { '/api/search': { rate: 60, burst: 20 } };
const key = 'lab:rl:overrides';

beforeAll(async () => {
  state.redis = await startRedis();
  state.world = await openWorld();
  state.fleet = null;
});
afterAll(async () => {
  await state.redis.stop();
  await state.world.remove();
});
afterEach(async () => {
  await state.fleet?.stop();
  state.fleet = null;
  await state.redis.cli('FLUSHALL');
});

interface Opened {
  readonly origins: readonly string[];
  readonly path: string;
  run(this: void, ...args: readonly string[]): Promise<Ran>;
}

const asCommand = (origins: readonly string[]): JsonObject => ({ fleet: { command: ['printf', '%s\\n', ...origins] } });
const asList = (api: readonly string[]): JsonObject => ({ api });

/** An environment of four instances that hold what is stored, unless they are told otherwise. */
async function open(
  behaviour: Partial<FleetBehaviour> = {},
  named: (origins: readonly string[]) => JsonObject = asCommand,
): Promise<Opened> {
  const fleet = await startFleet(4, { document: held, before, ...behaviour });
  state.fleet = fleet;
  await state.redis.cli('SET', key, JSON.stringify(held));
  const buckets = { read: { routes: ['/api/search'] }, financial: { routes: ['/api/pay'] } };
  const common = { namespace: 'lab', redis: state.redis.url, workers: 1, buckets };
  const environments = { lab: { ...common, ...named(fleet.origins) } };
  const path = await state.world.config('wide.yaml', { environments });
  const run = (...args: readonly string[]): Promise<Ran> =>
    state.world.main([...args, '--timeout', '25s'], { env: { RLCTL_CONFIG: path } });
  return { origins: fleet.origins, path, run };
}

interface PolicyJson {
  readonly server: { readonly ratePerMin: number };
  readonly isSame: boolean;
  readonly instances: {
    readonly total: number;
    readonly isUnanimous: boolean;
    readonly answers: readonly {
      readonly instances: readonly string[];
      readonly server: { readonly ratePerMin: number };
      readonly isSame: boolean;
    }[];
    readonly failures: readonly { readonly instance: string; readonly code: string }[];
  };
}

describe('policy get', () => {
  const get = ['policy', 'get', '/api/search'];

  test.each([
    ['a command', asCommand],
    ['several addresses', asList],
  ])('all agree: one answer, and how many gave it (%s)', async (_, named) => {
    const { run } = await open({}, named);
    const ran = await run(...get);
    expect(ran, ran.err).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('4 of 4 instances say so');
    expect(ran.out).toContain('as expected');
  });

  test('they disagree: every distinct answer with who gives it, exit 3', async () => {
    const { run, origins } = await open({ stale: [2] });
    const ran = await run(...get);
    expect(ran.code).toBe(3);
    expect(ran.out).toMatch(/expected +120 +20 +60 +true/);
    expect(ran.out).toMatch(/3 of 4 +120 +20 +60 +true +✓/);
    expect(ran.out).toMatch(new RegExp(`1 of 4 +60 +20 +60 +false +✗ +${origins[2]}`));
    const json = jsonOf<PolicyJson>((await run(...get, '--json')).out);
    expect([json.server.ratePerMin, json.isSame, json.instances.isUnanimous]).toEqual([120, false, false]);
    expect(json.instances.answers.map(({ instances, server }) => [instances.length, server.ratePerMin])).toEqual([
      [3, 120],
      [1, 60],
    ]);
  });

  test('what lies under a route refuses where one instance says so of its bucket', async () => {
    const both = ['read', 'financial'];
    const { run } = await open({ shadows: { 0: both, 1: both, 2: ['read'], 3: both } });
    const ran = await run('policy', 'get', '/api', '--bucket', 'read', '--json');
    expect(ran, ran.err).toMatchObject({ code: 0 });
    expect(jsonOf(ran.out)).toMatchObject({
      isObserving: false,
      remarks: ['under this route requests are refused all the same, by the bucket financial'],
      instances: { isUnanimous: true },
    });
  });

  test('one does not answer: it is named, exit 3; none does: the cause', async () => {
    const { run, origins } = await open({ dead: [0, 3] });
    const ran = await run(...get);
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('2 of 4 instances say so');
    expect(ran.out).toContain(
      `✗ no answer from 2 of 4 instances (${origins[0]}, ${origins[3]}): nothing listens there`,
    );
    const json = jsonOf<PolicyJson>((await run(...get, '--json')).out);
    expect(json.instances.failures.map(({ instance }) => instance)).toEqual([origins[0], origins[3]]);
    await state.fleet?.stop();
    const none = await open({ dead: [0, 1, 2, 3] });
    expect((await none.run(...get)).code).toBe(7);
  });

  test('an address given by flag stands for the fleet, and is asked alone', async () => {
    const { run, origins, path } = await open({ stale: [2] });
    const env = { RLCTL_CONFIG: path, RLCTL_API: origins[1] ?? '' };
    const one = await state.world.main([...get, '--json'], { env });
    expect(jsonOf(one.out)).not.toHaveProperty('instances');
    expect((await run(...get)).code).toBe(3);
  });
});

test('policy explain says what every instance says of the route', async () => {
  const { run, origins } = await open();
  const agreed = await run('policy', 'explain', '/api/search');
  expect(agreed).toMatchObject({ code: 0 });
  expect(agreed.out).toContain('4 of 4 instances say the same of it');
  await state.fleet?.stop();
  const split = await open({ stale: [1] });
  const ran = await split.run('policy', 'explain', '/api/search');
  expect(ran.code).toBe(3);
  expect(ran.out).toContain('the instances say different things of it:');
  expect(ran.out).toContain(`1 of 4 (${split.origins[1]})`);
  expect(origins).toHaveLength(4);
});

interface Found {
  readonly code: string;
  readonly message: string;
  readonly instances?: readonly string[];
}

const findingsOf = (ran: Ran): readonly Found[] => jsonOf<{ findings: readonly Found[] }>(ran.out).findings;

describe('shadow list', () => {
  test('all agree: nothing differs, exit 0', async () => {
    const { run } = await open();
    const ran = await run('shadow', 'list');
    expect(ran, ran.out).toMatchObject({ code: 0 });
    expect(ran.out).toContain('as 4 of 4 instances say');
  });

  test('a flag, a route and an instance that does not answer: each named with who, exit 3', async () => {
    const { run, origins } = await open({ shadows: { 1: ['financial'] }, stale: [2], dead: [3] });
    const ran = await run('shadow', 'list', '--json');
    expect(ran.code).toBe(3);
    const messages = findingsOf(ran).map(({ message }) => message);
    expect(messages).toContainEqual(expect.stringContaining(`in shadow at 1 of 4 instances (${origins[1]})`));
    expect(messages).toContainEqual(expect.stringContaining(`1 of 4 instances (${origins[2]}) says enforcing`));
    expect(messages).toContainEqual(expect.stringContaining('nothing listens there'));
    expect(messages).toHaveLength(3);
    expect((await run('shadow', 'list')).out).toMatch(/financial +shadow 1 \/ enforcing 2/);
  });
});

describe('status', () => {
  test('asks every instance how it is, and says what is wrong once', async () => {
    const { run, origins } = await open({ shadows: { 1: ['financial'] }, stale: [2], dead: [3] });
    const ran = await run('status', '--json');
    expect(ran.code).toBe(3);
    const json = jsonOf<{ targets: readonly { target: string }[] }>(ran.out);
    expect(json.targets.map(({ target }) => target)).toEqual(origins);
    const found = findingsOf(ran);
    expect(found.map(({ code }) => code).toSorted()).toEqual([
      'FLEET_DIFFERS',
      'FLEET_STALE',
      'FLEET_UNREACHABLE',
      'SHADOW_DIFFERS',
      'SHADOW_DIFFERS',
    ]);
    const all = found.map(({ message }) => message).join('\n');
    expect(all.split(origins[3] ?? '-')).toHaveLength(2);
  });
});

test('status says of a reload of a part which part it was, and nothing of one of all', async () => {
  const secret = await state.world.write('secret', fleetSecret, 0o600);
  const { run, origins } = await open({ stale: [2] }, (api) => ({ ...asCommand(api), secret: { file: secret } }));
  const lastReload = async (): Promise<string> =>
    (await run('status')).out.split('\n').find((line) => line.startsWith('last reload')) ?? '';
  expect((await run('reload', '--targets-file', await state.world.write('part', `${origins[0]}\n`))).code).toBe(0);
  expect(await lastReload()).toContain(`(reload, proven; of 1 instance only: ${origins[0]})`);
  expect((await run('reload')).code).toBe(0);
  expect(await lastReload()).toMatch(/\(reload, proven\)/);
});

test.each([
  ['that `api` lists', (api: readonly string[]): JsonObject => ({ api })],
  ['that `fleet` lists', asCommand],
])('status says so of instances %s and --target names, whichever they are', async (_, named) => {
  const secret = await state.world.write('secret', fleetSecret, 0o600);
  const { run, origins } = await open({}, (api) => ({ ...named(api), secret: { file: secret } }));
  const lastReload = async (): Promise<string> =>
    (await run('status')).out.split('\n').find((line) => line.startsWith('last reload')) ?? '';
  const [, second = '', third = ''] = origins;
  expect((await run('reload')).code).toBe(0);
  expect((await run('reload', '--target', third)).code).toBe(0);
  expect(await lastReload()).toContain(`(reload, proven; of 1 instance only: ${third})`);
  expect((await run('reload', '--target', second, '--target', third)).code).toBe(0);
  expect(await lastReload()).toContain(`(reload, proven; of 2 instances only: ${second}, ${third})`);
  expect((await run('reload', '--target', 'http://127.0.0.1:1')).code).not.toBe(0);
  expect(await lastReload()).toContain('of 2 instances only');
});

describe('doctor', () => {
  const doctor = ['doctor', '--only', 'network', '--only', 'api', '--only', 'document', '--json'];

  test('a fleet that is well has no finding but what holds for all of it', async () => {
    const { run } = await open();
    const ran = await run(...doctor);
    expect(findingsOf(ran).map(({ code }) => code)).toEqual([]);
    expect(jsonOf<{ checks: readonly { id: string; evidence: string }[] }>(ran.out).checks).toContainEqual(
      expect.objectContaining({ id: 'api.reachable', evidence: expect.stringContaining('4 of 4 answer') as string }),
    );
  });

  test('one finding for each cause, with the instances that it holds for', async () => {
    const { run, origins } = await open({ stale: [1], dead: [0, 3] });
    const ran = await run(...doctor);
    expect(ran.code).toBe(3);
    const found = findingsOf(ran);
    expect(found.map(({ code, instances }) => [code, instances])).toEqual([
      ['API_UNREACHABLE', [origins[0], origins[3]]],
      ['STALE', [origins[1]]],
    ]);
    expect(found[0]?.message).toBe(`2 of 4 instances (${origins[0]}, ${origins[3]}): nothing listens there`);
    expect(found[1]?.message).toContain(`${origins[1]} does not hold what is stored`);
  });

  test('one that hangs costs its own answer, and no more', async () => {
    const { run, origins } = await open({ hanging: [2] });
    const startMs = performance.now();
    const found = findingsOf(await run(...doctor));
    expect(found.map(({ code, instances }) => [code, instances])).toEqual([['API_TIMEOUT', [origins[2]]]]);
    expect(performance.now() - startMs).toBeLessThan(20_000);
  });

  test('a list that cannot be had is one finding, and the rest stays', async () => {
    const { run } = await open({}, () => ({ fleet: { command: ['false'] } }));
    const found = findingsOf(await run(...doctor));
    expect(found.map(({ code }) => code)).toEqual(['FLEET_COMMAND']);
  });
});

describe('instances behind one name', () => {
  const addresses = ['127.0.0.1', '127.0.0.2'];
  const answer = (rate: number) => ({ bucket: 'read', rate_per_min: rate, burst: 20, window_s: 60, shadow: true });

  /** A server on one port of each address; the second one shows another rate. */
  async function listen(): Promise<{ readonly port: number; stop(): Promise<void> }> {
    const servers: Server[] = [];
    let port = 0;
    for (const [index, address] of addresses.entries()) {
      const server = createServer((request, response) => {
        const isPolicy = request.url?.startsWith('/internal/rate-limit/policy') === true;
        response.writeHead(isPolicy ? 200 : 404, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(isPolicy ? answer(index === 0 ? 120 : 60) : { detail: 'Not Found' }));
      });
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve));
      ({ port } = server.address() as AddressInfo);
      servers.push(server);
    }
    const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));
    return { port, stop: async () => void (await Promise.all(servers.map(close))) };
  }

  test('are told apart by their addresses', async () => {
    const [everywhere, names] = await Promise.all([listen(), startNameServer({ 'api.localhost': addresses })]);
    try {
      const dns = `http://api.localhost:${everywhere.port}`;
      const { run } = await open({}, () => ({ fleet: { dns, nameServer: names.address } }));
      const json = jsonOf<PolicyJson>((await run('policy', 'get', '/api/search', '--json')).out);
      expect(new Set(json.instances.answers.map(({ instances }) => instances[0]))).toEqual(
        new Set(addresses.map((address) => `http://${address}:${everywhere.port}`)),
      );
    } finally {
      await Promise.all([everywhere.stop(), names.stop()]);
    }
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fleetSecret, startFleet, type FleetBehaviour, type RunningFleet } from '../support/fleet.js';
import { startRedis, type RunningRedis } from '../support/redis-server.js';
import { errorOf, jsonOf, openWorld, type JsonObject, type Ran, type World } from '../support/world.js';

const state = {} as { redis: RunningRedis; world: World; fleet: RunningFleet | null };
const held = { '/api/search': { rate: 120, burst: 20 } };
const next = { '/api/search': { rate: 60, burst: 20 } };
const key = 'lab:rl:overrides';

beforeAll(async () => {
  state.redis = await startRedis();
  state.world = await openWorld();
  state.fleet = null;
  await state.world.write('secret', fleetSecret);
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

interface Opened extends RunningFleet {
  run(this: void, ...args: readonly string[]): Promise<Ran>;
}

/** An environment of instances that hold `held`, and take `next` with the next reload. */
async function open(
  count: number,
  behaviour: Partial<FleetBehaviour> = {},
  named: (origins: readonly string[]) => JsonObject = (origins) => ({
    fleet: { command: ['printf', '%s\\n', ...origins] },
  }),
): Promise<Opened> {
  const fleet = await startFleet(count, { document: held, before: held, ...behaviour });
  state.fleet = fleet;
  await fleet.follow(next);
  await state.redis.cli('SET', key, JSON.stringify(held));
  const secret = { file: `${state.world.cwd}/secret` };
  const common = { namespace: 'lab', redis: state.redis.url, secret, workers: 1 };
  const environments = { lab: { ...common, ...named(fleet.origins) } };
  const path = await state.world.config('fleet.yaml', { environments });
  const run = (...args: readonly string[]): Promise<Ran> =>
    state.world.main([...args, '--timeout', '25s'], { env: { RLCTL_CONFIG: path }, columns: 250 });
  return { ...fleet, run };
}

interface ChangeJson {
  readonly reloads: readonly unknown[];
  readonly proof: {
    readonly verdict: string;
    readonly diagnosis: string;
    readonly evidence: readonly { text: string }[];
  };
  readonly fleet: { readonly counts: unknown; readonly instances: readonly { instance: string; state: string }[] };
  readonly hint: string | null;
}

const set = ['override', 'set', '/api/search', '--rate', '60', '--json'];

describe('a change where `fleet` lists the instances', () => {
  test('reloads and proves every instance, though `api` names one address, and status and fleet status agree', async () => {
    const { run, reloads, origins } = await open(4, {}, (all) => ({
      api: all[0] ?? '',
      fleet: { command: ['printf', '%s\\n', ...all] },
    }));
    const ran = await run(...set);
    expect(ran, ran.err).toMatchObject({ code: 0, err: '' });
    const json = jsonOf<ChangeJson>(ran.out);
    expect(json.proof).toMatchObject({ verdict: 'proven', levelReached: 'loaded' });
    expect(json.proof.diagnosis).toContain('each of 4 instances shows what is stored');
    expect(json.fleet.instances.map(({ instance }) => instance)).toEqual(origins);
    expect(await reloads()).toEqual([2, 2, 2, 2]);
    expect(await run('fleet', 'status')).toMatchObject({ code: 0 });
  });

  test('without any `api` as well: set, undo, repair and shadow on', async () => {
    const { run, reloads, follow } = await open(2);
    expect(await run(...set)).toMatchObject({ code: 0 });
    await follow(held);
    expect(await run('override', 'undo', '--json')).toMatchObject({ code: 0 });
    expect(await run('override', 'repair', '--json')).toMatchObject({ code: 0 });
    await follow({ '/api/search': { rate: 120, burst: 20, shadow: true } });
    expect(await run('shadow', 'on', '--route', '/api/search', '--json')).toMatchObject({ code: 0 });
    expect(await reloads()).toEqual([5, 5]);
  });

  test('one that keeps what it held is a contradiction that names it', async () => {
    const { run, origins } = await open(3, { deaf: [2] });
    const ran = await run(...set);
    expect(ran.code).toBe(8);
    const { proof, fleet } = jsonOf<ChangeJson>(ran.out);
    expect(proof.verdict).toBe('contradicted');
    expect(proof.diagnosis).toContain(`2 of 3 instances reloaded and proven; ${origins[2]}: `);
    expect(fleet.counts).toEqual({ total: 3, done: 2, failed: 1, notTried: 0 });
  });

  test('a list that cannot be had is an error before anything is written', async () => {
    const { run } = await open(1, {}, () => ({ fleet: { command: ['false'] } }));
    expect(errorOf(await run(...set))).toMatchObject({ code: 'FLEET_COMMAND', exitCode: 2 });
    expect(await state.redis.cli('GET', key)).toBe(JSON.stringify(held));
    expect(await run(...set, '--no-reload')).toMatchObject({ code: 0 });
  });

  test('nobody answers: nothing is written, exit 7', async () => {
    const { run } = await open(2, { dead: [0, 1] });
    expect(errorOf(await run(...set))).toMatchObject({ code: 'API_UNREACHABLE', exitCode: 7 });
    expect(await state.redis.cli('GET', key)).toBe(JSON.stringify(held));
  });

  test('an address given by flag stands for the list', async () => {
    const { run, origins, reloads } = await open(2);
    expect(await run(...set, '--target', origins[1] ?? '')).toMatchObject({ code: 0 });
    expect(await reloads()).toEqual([1, 2]);
  });

  test('a probe for all cannot prove each of them', async () => {
    const { run } = await open(2);
    expect(errorOf(await run(...set, '--require', 'enforced'))).toMatchObject({ exitCode: 2 });
  });
});

describe('a change where `api` is a list', () => {
  const listed = (api: readonly string[]): JsonObject => ({ api });

  test('one dead and one with another secret: not proven, with both named and what to do', async () => {
    const { run, origins, refused } = await open(6, { dead: [1], foreign: [4] }, listed);
    const ran = await run(...set);
    expect(ran, ran.err).toMatchObject({ code: 8, err: '' });
    const { proof, fleet, hint } = jsonOf<ChangeJson>(ran.out);
    expect(proof.verdict).toBe('notProven');
    expect(proof.diagnosis).toContain('4 of 6 instances reloaded and proven');
    for (const index of [1, 4]) expect(proof.diagnosis).toContain(origins[index]);
    const texts = proof.evidence.map(({ text }) => text).join('\n');
    expect(texts).toContain(`${origins[1]}: nothing listens there`);
    expect(texts).toContain('4 of 6 (');
    expect(fleet.counts).toEqual({ total: 6, done: 4, failed: 2, notTried: 0 });
    expect(hint).toContain('reload --resume');
    expect(hint).not.toContain('no server holds it');
    expect((await refused())[4]).toBeLessThan(5);
    const table = await run('status');
    expect(table.out).toMatch(/last reload.*not proven/);
    const plan = await run('reload', '--resume', '--dry-run', '--json');
    expect(jsonOf<{ instances: unknown }>(plan.out).instances).toEqual([origins[1], origins[4]]);
  });

  test('the one that refuses what others accept is told as that', async () => {
    const { run } = await open(3, { foreign: [2] }, listed);
    const { out } = await run('override', 'set', '/api/search', '--rate', '60');
    expect(out).toContain('2 other instances accepted the same secret');
    expect(out).toContain('reload --resume');
  });
});

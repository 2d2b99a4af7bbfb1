import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli, type CliEnd } from '../support/cli.js';
import { fleetSecret, startFleet, type RunningFleet } from '../support/fleet.js';
import { startRedis, type RunningRedis } from '../support/redis-server.js';
import { jsonOf, openWorld, type World } from '../support/world.js';

const size = 1000;
const [stale, dead, hanging] = [[3, 77, 240, 500, 860], [10, 420, 930], [642]] as const;
const silent = new Set<number>([...dead, ...hanging]);
const held = { '/api/search': { rate: 120, burst: 20 }, '/api/payments': { rate: 3, burst: 1 } };
const limitMs = 240_000;

const state = {} as { redis: RunningRedis; world: World; fleet: RunningFleet };
beforeAll(async () => {
  state.redis = await startRedis();
  state.world = await openWorld();
  state.fleet = await startFleet(size, {
    document: held,
    before: { '/api/search': { rate: 5 } },
    stale,
    dead,
    hanging,
    slow: { 15: 1000, 777: 1000 },
  });
  await state.world.write('secret', fleetSecret);
  await state.world.write('fleet.txt', state.fleet.origins.join('\n'));
  await state.world.config('fleet.yaml', {
    environments: {
      big: {
        namespace: 'lab',
        redis: state.redis.url,
        secret: { file: 'secret' },
        workers: 1,
        fleet: { file: 'fleet.txt' },
      },
    },
  });
  await state.redis.cli('SET', 'lab:rl:overrides', JSON.stringify(held));
}, limitMs);
afterAll(async () => {
  await state.fleet.stop();
  await state.redis.stop();
  await state.world.remove();
});

interface Ended extends CliEnd {
  /** The most memory it had, MB. */
  readonly peakMb: number;
}

async function run(args: readonly string[]): Promise<Ended> {
  const { world } = state;
  const peakFile = join(world.root, 'peak');
  const env = {
    ...world.env,
    RLCTL_CONFIG: 'fleet.yaml',
    NODE_OPTIONS: `--require ${join(import.meta.dirname, '../support/peak-memory.cjs')}`,
    PEAK_FILE: peakFile,
  };
  // Generous: other tests may keep the machine busy. How fast it is, is the benchmark's matter.
  const end = await runCli([...args, '--timeout', '100s', '--instance-timeout', '12s'], { env, cwd: world.cwd });
  return { ...end, peakMb: Number(await readFile(peakFile, 'utf8')) / 1024 };
}

interface FleetJson {
  readonly counts: unknown;
  readonly instances: readonly { readonly instance: string; readonly state: string; readonly error: unknown }[];
}

test(
  'a thousand instances: the table, the JSON and the memory are right, and a reload reaches all that can be reached',
  async () => {
    const { origins } = state.fleet;
    const seen = await run(['fleet', 'status', '--json']);
    expect(seen).toMatchObject({ code: 3, err: '' });
    const { counts, instances } = jsonOf<FleetJson>(seen.out);
    expect(counts).toEqual({ total: size, inStep: 991, stale: 5, differs: 0, split: 0, unreachable: 4 });
    const stateOf = (index: number): string =>
      silent.has(index) ? 'unreachable' : (stale as readonly number[]).includes(index) ? 'stale' : 'inStep';
    expect(instances.map((each) => each.state)).toEqual(origins.map((_, index) => stateOf(index)));
    expect(instances.map((each) => each.instance)).toEqual(origins);
    expect(instances[642]).toMatchObject({ error: { code: 'API_TIMEOUT' } });
    expect(instances[10]).toMatchObject({ error: { code: 'API_UNREACHABLE' } });
    expect(seen.peakMb).toBeLessThan(150);

    const reloaded = await run(['reload', '--canary', '1', '--max-failures', '4', '--json']);
    expect(reloaded).toMatchObject({ code: 8, err: '' });
    expect(jsonOf(reloaded.out)).toMatchObject({
      proof: { verdict: 'notProven' },
      fleet: { stoppedBy: null, counts: { total: size, done: 996, failed: 4, notTried: 0 } },
    });
    expect(reloaded.peakMb).toBeLessThan(150);

    const after = await run(['fleet', 'status']);
    expect(after.code).toBe(3);
    expect(after.out).toContain('996 of 1000 in step, 4 without an answer');
    expect(after.out).toContain('✓ 996 instances in step');
    expect(after.out.split('\n').filter((line) => line.startsWith('http://'))).toHaveLength(4);
  },
  limitMs,
);

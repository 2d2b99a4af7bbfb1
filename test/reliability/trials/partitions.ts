import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { historyKey, overridesKey } from '../../../src/domain/redis-keys.js';
import { runCli } from '../../support/cli.js';
import { openTwoNetworks, whyNoNetworks, type Side, type TwoNetworks } from '../../support/two-networks.js';
import { until } from '../../support/until.js';
import { openWorld, type World } from '../../support/world.js';
import { firstDocument, setting } from '../store-ground.js';
import type { Trial, UnitOutcome } from '../trial.js';

const namespace = 'parted';
const key = overridesKey(namespace);
const redisPort = 7000;
/** The sentinels: one stays with the old master, two with its replica, so that those decide. */
const sentinelPorts = { one: [26379], other: [26379, 26380] } as const;
const writersOfEach = 3;
/** A replica that is not heard of for so long is no longer counted by its master, seconds. */
const forgottenAfter = 3;

interface Parted {
  readonly networks: TwoNetworks;
  readonly world: World;
  readonly folder: string;
  stop(): Promise<void>;
}

const cli = (side: Side, ...args: readonly string[]): Promise<string> =>
  side.run('redis-cli', '-h', side.address, '-p', String(redisPort), ...args);

/** A server that changes its role closes what is connected: it is asked again. */
const replicationOf = (side: Side): Promise<string> => cli(side, 'INFO', 'replication').catch(String);

async function open(): Promise<Parted> {
  const networks = await openTwoNetworks();
  const { one, other } = networks;
  const world = await openWorld();
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-parted-'));
  const timing = ['--repl-timeout', String(forgottenAfter), '--repl-ping-replica-period', '1'];
  const common = ['--port', String(redisPort), '--protected-mode', 'no', '--save', '', '--dir', folder, ...timing];
  one.start('redis-server', '--bind', one.address, ...common, '--repl-diskless-sync-delay', '0');
  await until(async () => (await cli(one, 'PING').catch(String)).includes('PONG'), 'the master');
  await cli(one, 'SET', key, firstDocument);
  other.start('redis-server', '--bind', other.address, ...common, '--replicaof', `${one.address} ${redisPort}`);
  await until(async () => (await replicationOf(other)).includes('link_status:up'), 'the replica');
  const sentinels = [
    ...sentinelPorts.one.map((port) => ({ side: one, port })),
    ...sentinelPorts.other.map((port) => ({ side: other, port })),
  ];
  for (const [index, { side, port }] of sentinels.entries()) {
    const file = join(folder, `sentinel${index}.conf`);
    const lines = [
      `port ${port}`,
      `bind ${side.address}`,
      'protected-mode no',
      `sentinel monitor mymaster ${one.address} ${redisPort} 2`,
      'sentinel down-after-milliseconds mymaster 1000',
      'sentinel failover-timeout mymaster 5000',
    ];
    await writeFile(file, lines.join('\n'));
    side.start('redis-sentinel', file);
  }
  for (const { side, port } of sentinels) {
    const ask = (): Promise<string> =>
      side.run('redis-cli', '-h', side.address, '-p', String(port), 'SENTINEL', 'MASTER', 'mymaster').catch(String);
    await until(
      async () => /num-slaves\n1\nnum-other-sentinels\n2\n/.test(await ask()),
      'sentinels that know each other',
    );
  }
  return {
    networks,
    world,
    folder,
    stop: async () => {
      await networks.stop();
      await world.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A side asks its own sentinels first. */
function urlOf(side: Side, far: Side, near: readonly number[], others: readonly number[]): string {
  const hosts = [...near.map((port) => `${side.address}:${port}`), ...others.map((port) => `${far.address}:${port}`)];
  return `redis+sentinel://${hosts.join(',')}/mymaster`;
}

interface Seen {
  readonly safe: string[];
  readonly unsafe: string[];
  failed: number;
  readonly faults: string[];
}

async function writeOn(side: Side, route: string, url: string, world: World, seen: Seen, isOver: () => boolean) {
  const env = { ...world.env, RLCTL_REDIS_URL: url, RLCTL_NAMESPACE: namespace };
  for (let turn = 1; !isOver(); turn += 1) {
    const line = setting(route, turn).map((word) => (word === '60s' ? '8s' : word));
    const end = await runCli([...line, '--json'], { env, cwd: world.cwd, by: side.by });
    if (end.code === 0 || end.code === 8) {
      const { changeId } = JSON.parse(end.out) as { changeId: string | null };
      if (changeId !== null) (end.code === 0 ? seen.safe : seen.unsafe).push(changeId);
    } else if ([4, 5, 7, 9].includes(end.code ?? 1)) seen.failed += 1;
    else seen.faults.push(`exit ${end.code}: ${end.err}`);
  }
}

async function part(chance: () => number): Promise<UnitOutcome> {
  const parted = await open();
  const { one, other, cut, heal } = parted.networks;
  const state = { isOver: false };
  const seen: Seen = { safe: [], unsafe: [], failed: 0, faults: [] };
  const near = urlOf(one, other, sentinelPorts.one, sentinelPorts.other);
  const far = urlOf(other, one, sentinelPorts.other, sentinelPorts.one);
  try {
    const crew = Array.from({ length: writersOfEach }, (_, index) => [
      writeOn(one, `/one/${index}`, near, parted.world, seen, () => state.isOver),
      writeOn(other, `/other/${index}`, far, parted.world, seen, () => state.isOver),
    ]).flat();
    await sleep(1000 + chance() * 1000);
    await cut();
    await until(async () => (await replicationOf(other)).includes('role:master'), 'a new master');
    // Long enough for the old master to forget its replica, and to go on as if it never had one.
    await sleep((forgottenAfter + 1) * 1000 + chance() * 2000);
    await heal();
    await until(async () => (await replicationOf(one)).includes('link_status:up'), 'the old master’s return');
    await sleep(500);
    state.isOver = true;
    await Promise.all(crew);
    const history = await cli(other, 'XRANGE', historyKey(key), '-', '+');
    const isLost = (id: string): boolean => !history.includes(id);
    const lost = seen.safe.filter(isLost);
    return {
      counts: {
        partitions: 1,
        'writes said to be safe': seen.safe.length,
        'of these lost': lost.length,
        'writes said not to be replicated': seen.unsafe.length,
        'of those lost': seen.unsafe.filter(isLost).length,
        'failed or unknown': seen.failed,
      },
      faults: [...lost.map((id) => `${id} was said to be safe and is lost`), ...seen.faults],
    };
  } finally {
    state.isOver = true;
    await parted.stop();
  }
}

export const partitions: Trial = {
  name: 'partitions',
  about:
    'the network between master and replica is cut, both sides are written to, Sentinel makes a second master, and it heals',
  units: 10,
  quick: 1,
  least: { partitions: 10, 'writes said to be safe': 40, 'writes said not to be replicated': 10 },
  leastQuick: { 'writes said to be safe': 1 },
  open: async () => {
    const why = whyNoNetworks();
    if (why !== null) process.stderr.write(`partitions: SKIPPED, no network of its own can be made here: ${why}\n`);
    return {
      unit: async (_, chance) =>
        why === null ? part(chance) : { counts: { 'partitions SKIPPED, for want of networks': 1 }, faults: [] },
      close: async () => ({ counts: {}, faults: [] }),
    };
  },
};

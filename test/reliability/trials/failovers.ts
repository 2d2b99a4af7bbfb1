import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { RlctlError } from '../../../src/domain/errors.js';
import { overridesKey } from '../../../src/domain/redis-keys.js';
import { storeAt } from '../../contracts/override-store.kit.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { setRate } from '../../support/in-process-writer.js';
import { startRedis } from '../../support/redis-server.js';
import { startSentinel } from '../../support/sentinel.js';
import { until } from '../../support/until.js';
import { assertHeld, readEntries } from '../oracle.js';
import { firstDocument } from '../store-ground.js';
import type { Trial, UnitOutcome } from '../trial.js';

const namespace = 'failover';
const key = overridesKey(namespace);
/** How much later a replica learns of a write. */
const delayMs = 50;
const writers = 16;
/** How long writers go on in vain after the master is gone. */
const patienceMs = 25_000;

/** A master, a replica that learns everything a little later, and the sentinel over both. */
async function openTrio() {
  const master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  await master.cli('SET', key, firstDocument);
  const line = await startFaultProxy(master.port);
  line.inject({ at: 'connect', action: 'latency', delayMs, times: Infinity });
  const replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${line.port}`] });
  await until(async () => (await replica.cli('INFO', 'replication')).includes('master_link_status:up'), 'the replica');
  const sentinel = await startSentinel(master);
  return {
    master,
    replica,
    sentinel,
    /** What is still on its way to the replica is gone with the master. */
    kill: async () => {
      await line.stop();
      await master.stop();
    },
    stop: async () => {
      await sentinel.stop();
      await replica.stop();
      await line.stop();
      await master.stop();
    },
  };
}

/** What writers were told, by change id where they were given one. */
interface Seen {
  readonly safe: string[];
  readonly unsafe: string[];
  failed: number;
  unknown: number;
  /** Writers that have written since the failover. */
  readonly back: Set<number>;
  readonly faults: string[];
}

async function writeOn(
  url: string,
  index: number,
  seen: Seen,
  isOver: () => boolean,
  isGone: () => boolean,
): Promise<void> {
  const store = storeAt(url, { namespace });
  for (let turn = 1; !isOver(); turn += 1) {
    const wasGone = isGone();
    try {
      const written = await setRate(store, `/w/${index}`, turn, 8000);
      if (!('changeId' in written)) continue;
      const { required, acknowledged } = written.outcome.replication;
      // What the tool ends with 0 for is said to be safe; the rest ends with 8, and says why.
      (acknowledged >= required ? seen.safe : seen.unsafe).push(written.changeId);
      if (wasGone) seen.back.add(index);
    } catch (error) {
      if (!(error instanceof RlctlError)) seen.faults.push(String(error));
      else if (error.kind === 'unknownOutcome') seen.unknown += 1;
      else if (['unreachable', 'refused', 'conflict'].includes(error.kind)) seen.failed += 1;
      else seen.faults.push(`${error.code}: ${error.message}`);
    }
  }
  store.close();
}

async function failover(chance: () => number): Promise<UnitOutcome> {
  const trio = await openTrio();
  const state = { isOver: false, isGone: false };
  const seen: Seen = { safe: [], unsafe: [], failed: 0, unknown: 0, back: new Set(), faults: [] };
  try {
    const indexes = Array.from({ length: writers }, (_, index) => index);
    const crew = indexes.map((index) =>
      writeOn(
        trio.sentinel.url,
        index,
        seen,
        () => state.isOver,
        () => state.isGone,
      ),
    );
    await sleep(500 + chance() * 1500);
    await trio.kill();
    state.isGone = true;
    const endMs = performance.now() + patienceMs;
    await until(() => seen.back.size === writers || performance.now() > endMs, 'the writers');
    state.isOver = true;
    await Promise.all(crew);
    const client = new Redis(trio.replica.port, '127.0.0.1');
    const entries = await readEntries(client, `{${key}}:history`);
    const held = await assertHeld({ redis: client, key, first: Buffer.from(firstDocument) });
    client.disconnect();
    const ids = new Set(entries.map(({ id }) => id));
    const lost = seen.safe.filter((id) => !ids.has(id));
    return {
      counts: {
        failovers: seen.back.size > 0 ? 1 : 0,
        'writes said to be safe': seen.safe.length,
        'of these lost': lost.length,
        'writes said not to be replicated': seen.unsafe.length,
        'of those lost': seen.unsafe.filter((id) => !ids.has(id)).length,
        'failed or unknown': seen.failed + seen.unknown,
        'history entries, replayed and chained': entries.length,
      },
      faults: [...lost.map((id) => `${id} was said to be safe and is lost`), ...seen.faults, ...held.faults],
    };
  } finally {
    state.isOver = true;
    await trio.stop();
  }
}

export const failovers: Trial = {
  name: 'failovers',
  about: 'the master is killed under writers, its replica 50 ms behind, and Sentinel makes the replica master',
  units: 20,
  quick: 1,
  least: { failovers: 20, 'writes said to be safe': 1000 },
  leastQuick: { failovers: 1, 'writes said to be safe': 16 },
  open: async () => ({
    unit: (_, chance) => failover(chance),
    close: async () => ({ counts: {}, faults: [] }),
  }),
};

import { Redis } from 'ioredis';
import type { OverrideStore } from '../../../src/ports/override-store.js';
import { keySlot, overridesKey } from '../../../src/domain/redis-keys.js';
import { storeAt } from '../../contracts/override-store.kit.js';
import { setRate } from '../../support/in-process-writer.js';
import { startCluster } from '../../support/redis-cluster.js';
import { isInstalled } from '../../support/redis-server.js';
import { assertHeld } from '../oracle.js';
import { firstDocument, kept, openStoreGround, ratesOf } from '../store-ground.js';
import type { Trial, UnitOutcome } from '../trial.js';

const namespace = 'inner';
const key = overridesKey(namespace);
/** Transactions watch the whole document: all but one of those under way fail, so fewer are a crowd. */
const sizes = { scripts: 64, transactions: 8 };

/** A place that is written to, and the clients that write there. */
interface Place {
  readonly stores: readonly OverrideStore[];
  document(): Promise<Buffer | null>;
  held(): Promise<UnitOutcome>;
  stop(): Promise<void>;
}

interface Kind {
  /** As the figures name it. */
  readonly name: string;
  readonly isHere: boolean;
  open(): Promise<Place>;
}

function placeOn(client: Redis, urls: readonly string[], stop: () => Promise<void>): Place {
  const stores = urls.map((url) => storeAt(url, { namespace }));
  return {
    stores,
    document: () => client.getBuffer(key),
    held: () => assertHeld({ redis: client, key, first: Buffer.from(firstDocument) }),
    stop: async () => {
      for (const store of stores) store.close();
      await stop();
    },
  };
}

async function openServer(program: 'redis-server' | 'valkey-server', hasScripts: boolean): Promise<Place> {
  const ground = await openStoreGround({ program });
  await ground.begin(namespace);
  await ground.client.acl('SETUSER', 'noeval', 'on', '>pw', '~*', '+@all', '-@scripting');
  const url = hasScripts ? ground.redis.url : ground.redis.url.replace('//', '//noeval:pw@');
  const count = hasScripts ? sizes.scripts : sizes.transactions;
  return placeOn(
    ground.client,
    Array.from({ length: count }, () => url),
    ground.stop,
  );
}

async function openCluster(): Promise<Place> {
  const cluster = await startCluster(3, 1);
  await cluster.nodes[0]?.cli('-c', 'SET', key, firstDocument);
  const { port } = await cluster.ownerOf(keySlot(key));
  const client = new Redis(port, '127.0.0.1');
  client.on('error', () => undefined);
  const urls = Array.from({ length: sizes.scripts }, () => cluster.url);
  return placeOn(client, urls, async () => {
    client.disconnect();
    await cluster.stop();
  });
}

const kinds: readonly Kind[] = [
  { name: 'redis-server', isHere: true, open: () => openServer('redis-server', true) },
  { name: 'redis-server without EVAL', isHere: true, open: () => openServer('redis-server', false) },
  {
    name: 'valkey-server',
    isHere: isInstalled('valkey-server'),
    open: () => openServer('valkey-server', true),
  },
  { name: 'a 3+3 cluster', isHere: true, open: openCluster },
];

/** Every client changes its own route at once. */
async function roundOn({ name }: Kind, place: Place, round: number): Promise<UnitOutcome> {
  const count = place.stores.length;
  const rateOf = (index: number): number => round * count + index + 1;
  const ends = await Promise.allSettled(
    place.stores.map((store, index) => setRate(store, `/w/${index}`, rateOf(index), 60_000)),
  );
  const document = await place.document();
  const rates = ratesOf(document);
  const done = ends.flatMap((end, index) => (end.status === 'fulfilled' ? [{ index, written: end.value }] : []));
  const lost = done.filter(({ index }) => rates.get(`/w/${index}`) !== rateOf(index));
  const foreign = done.filter(({ written }) => written.outcome?.sawForeignChange === true);
  const merged = done.reduce((sum, { written }) => sum + ('conflicts' in written ? written.conflicts : 0), 0);
  return {
    counts: { [`updates on ${name}`]: done.length, 'updates lost': lost.length, 'conflicts merged': merged },
    faults: [
      ...lost.map(({ index }) => `${name}: /w/${index} was acknowledged and is not there`),
      ...foreign.map(({ index }) => `${name}: the writer of /w/${index} took a change of ours for somebody else’s`),
      ...ends.flatMap((end) => (end.status === 'rejected' ? [`${name}: ${String(end.reason)}`] : [])),
      ...(String(document).startsWith(`{ ${kept}`) ? [] : [`${name}: bytes of other entries were changed`]),
    ],
  };
}

const rounds = 100;

export const inProcess: Trial = {
  name: 'in-process',
  about: '64 clients in one process, 100 times each, on every kind of server at hand and on a cluster: nothing is lost',
  units: kinds.length * rounds,
  quick: 4,
  least: {
    'updates on redis-server': 6400,
    'updates on a 3+3 cluster': 6400,
    'updates on redis-server without EVAL': 800,
  },
  leastQuick: {
    'updates on redis-server': 64,
    'updates on redis-server without EVAL': 8,
    'updates on a 3+3 cluster': 64,
  },
  open: async ({ progress }) => {
    const places = new Map<Kind, Place>();
    const missing = kinds.filter(({ isHere }) => !isHere).map(({ name }) => name);
    for (const name of missing) process.stderr.write(`in-process: SKIPPED on ${name}, which is not on this machine\n`);
    return {
      unit: async (index) => {
        const kind = kinds[index % kinds.length] as Kind;
        if (!kind.isHere) return { counts: { [`rounds SKIPPED for want of ${kind.name}`]: 1 }, faults: [] };
        progress(kind.name);
        const place = places.get(kind) ?? (await kind.open());
        places.set(kind, place);
        return roundOn(kind, place, Math.floor(index / kinds.length));
      },
      close: async () => {
        const outcomes: UnitOutcome[] = [];
        for (const place of places.values()) {
          outcomes.push(await place.held());
          await place.stop();
        }
        const entries = outcomes.reduce((sum, { counts }) => sum + (Object.values(counts)[0] ?? 0), 0);
        return {
          counts: { 'history entries, replayed and chained': entries },
          faults: outcomes.flatMap(({ faults }) => faults),
        };
      },
    };
  },
};

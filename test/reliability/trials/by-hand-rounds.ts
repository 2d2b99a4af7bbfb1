import { spawn } from 'node:child_process';
import { overridesKey } from '../../../src/domain/redis-keys.js';
import { openStoreGround, two, type StoreGround } from '../store-ground.js';
import type { Trial, UnitOutcome } from '../trial.js';

/** As runbooks have it: read, edit, write. */
const recipe = `document=$(redis-cli -p "$1" GET "$2")
printf '%s' "$document" | jq -c --arg route "$3" --argjson rate "$4" '.[$route] = {rate: $rate}' | redis-cli -p "$1" -x SET "$2"`;

const key = overridesKey('hands');

/** Whether the recipe ended with 0. */
function edit({ redis }: StoreGround, route: string, rate: number): Promise<boolean> {
  const args = [String(redis.port), key, route, String(rate)];
  const child = spawn('sh', ['-c', recipe, 'sh', ...args], { stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve(code === 0));
  });
}

/** So many at the same moment; how many ended with 0, and how many of these are not there afterwards. */
async function together(ground: StoreGround, size: number, routeOf: (index: number) => string) {
  await ground.client.set(key, '{"/kept":{"rate":1}}');
  const indexes = Array.from({ length: size }, (_, index) => index);
  const done = await Promise.all(indexes.map((index) => edit(ground, routeOf(index), index + 1)));
  const text = (await ground.client.get(key)) ?? '';
  const stored = (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, { rate?: number } | undefined>>;
  const good = indexes.filter((index) => done[index] === true);
  return { done: good.length, lost: good.filter((index) => stored[routeOf(index)]?.rate !== index + 1).length };
}

/** What one hand alone does wrong, each with exit 0. */
async function traps(ground: StoreGround): Promise<Readonly<Record<string, number>>> {
  const { client } = ground;
  const emptied = async (before: () => Promise<unknown>): Promise<number> => {
    await client.del(key);
    await before();
    return (await edit(ground, '/a', 1)) && (await client.get(key)) === '' ? 1 : 0;
  };
  const absent = await emptied(async () => undefined);
  const corrupt = await emptied(() => client.set(key, '{"/a":'));
  await client.set(key, '{}', 'EX', 1000);
  const stripped = (await edit(ground, '/a', 1)) && (await client.ttl(key)) === -1 ? 1 : 0;
  await client.set(key, '{}');
  await client.config('SET', 'maxmemory', '1');
  const unwritten = (await edit(ground, '/a', 1)) && (await client.get(key)) === '{}' ? 1 : 0;
  await client.config('SET', 'maxmemory', '0');
  return {
    'a missing document became an empty string, exit 0': absent,
    'a broken document became an empty string, exit 0': corrupt,
    'a TTL was taken away, exit 0': stripped,
    'a write was refused (OOM), exit 0': unwritten,
  };
}

async function unit(ground: StoreGround, size: number): Promise<UnitOutcome> {
  const [many, one] = [
    await together(ground, size, (index) => `/w/${two(index)}`),
    await together(ground, size, () => '/one'),
  ];
  const pair = await together(ground, 2, (index) => `/w/${two(index)}`);
  return {
    counts: {
      [`${size} at once, each its own route: exit 0`]: many.done,
      [`${size} at once, each its own route: lost`]: many.lost,
      'two at once: exit 0': pair.done,
      'two at once: lost': pair.lost,
      [`${size} at once on one route: exit 0`]: one.done,
      [`${size} at once on one route: overwritten, and nobody told`]: one.lost,
      ...(await traps(ground)),
    },
    faults: [],
  };
}

/** What the runbook does by hand: the figures beside distinct-routes, one-revision, conditions and writers. */
export const byHandRounds: Trial = {
  name: 'by-hand-rounds',
  about:
    'the shell recipe in the same rounds: redis-cli GET, jq, redis-cli SET, by 64 hands at once, by two, and by one',
  units: 20,
  quick: 1,
  least: { '64 at once, each its own route: exit 0': 1280 },
  leastQuick: { '8 at once, each its own route: exit 0': 8 },
  isMeasure: true,
  open: async ({ isQuick }) => {
    const ground = await openStoreGround();
    return {
      unit: () => unit(ground, isQuick ? 8 : 64),
      close: async () => {
        await ground.stop();
        return { counts: {}, faults: [] };
      },
    };
  },
};

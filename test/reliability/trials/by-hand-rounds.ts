import { openGround, two, type TrialGround } from '../ground.js';
import type { Trial, UnitOutcome } from '../trial.js';

/** As runbooks have it: read, edit, write. */
const recipe = `document=$(redis-cli -p "$1" GET "$2")
printf '%s' "$document" | jq -c --arg route "$3" --argjson rate "$4" '.[$route] = {rate: $rate}' | redis-cli -p "$1" -x SET "$2"`;

const edit = async ({ shell, port, key }: TrialGround, route: string, rate: number): Promise<boolean> =>
  (await shell(recipe, String(port), key, route, String(rate))).code === 0;

/** So many at the same moment; how many ended with 0, and how many of these are not there afterwards. */
async function together(ground: TrialGround, size: number, routeOf: (index: number) => string) {
  await ground.redis.set(ground.key, '{"/kept":{"rate":1}}');
  const indexes = Array.from({ length: size }, (_, index) => index);
  const done = await Promise.all(indexes.map((index) => edit(ground, routeOf(index), index + 1)));
  const text = (await ground.redis.get(ground.key)) ?? '';
  const stored = (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, { rate?: number } | undefined>>;
  const good = indexes.filter((index) => done[index] === true);
  return { done: good.length, lost: good.filter((index) => stored[routeOf(index)]?.rate !== index + 1).length };
}

/** What one hand alone does wrong, each with exit 0. */
async function traps(ground: TrialGround): Promise<Readonly<Record<string, number>>> {
  const { redis, key } = ground;
  const emptied = async (before: () => Promise<unknown>): Promise<number> => {
    await redis.del(key);
    await before();
    return (await edit(ground, '/a', 1)) && (await redis.get(key)) === '' ? 1 : 0;
  };
  const absent = await emptied(async () => undefined);
  const corrupt = await emptied(() => redis.set(key, '{"/a":'));
  await redis.set(key, '{}', 'EX', 1000);
  const stripped = (await edit(ground, '/a', 1)) && (await redis.ttl(key)) === -1 ? 1 : 0;
  await redis.set(key, '{}');
  await redis.config('SET', 'maxmemory', '1');
  const unwritten = (await edit(ground, '/a', 1)) && (await redis.get(key)) === '{}' ? 1 : 0;
  await redis.config('SET', 'maxmemory', '0');
  return {
    'a missing document became an empty string, exit 0': absent,
    'a broken document became an empty string, exit 0': corrupt,
    'a TTL was taken away, exit 0': stripped,
    'a write was refused (OOM), exit 0': unwritten,
  };
}

async function unit(ground: TrialGround, size: number): Promise<UnitOutcome> {
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

/** The figures beside distinct-routes, one-revision and conditions. */
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
    const ground = await openGround('hands');
    return {
      unit: () => unit(ground, isQuick ? 8 : 64),
      close: async () => {
        await ground.stop();
        return { counts: {}, faults: [] };
      },
    };
  },
};

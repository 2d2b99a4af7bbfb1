import { startFaultProxy } from '../../support/fault-proxy.js';
import { until } from '../../support/until.js';
import { openStoreGround, ratesOf, setting, type StoreGround } from '../store-ground.js';
import type { Trial } from '../trial.js';

const namespace = 'late';
const size = 10;
/** A process gives up within this time; its write is delivered after it. */
const givesUpMs = 4000;
const deliveredMs = { from: 5000, most: 1500 };

/** One process whose write is held back until it has given up, and that nobody answers any more. */
async function holdBack(ground: StoreGround, route: string, chance: () => number) {
  const proxy = await startFaultProxy(ground.redis.port);
  const delayMs = deliveredMs.from + Math.ceil(chance() * deliveredMs.most);
  const held = proxy.strike({ at: 'request', containing: 'EVAL', action: 'delay', delayMs });
  void held.then(() => proxy.inject({ at: 'connect', action: 'silence', times: Infinity }));
  const line = setting(route, 1).map((word) => (word === '60s' ? `${givesUpMs}ms` : word));
  const end = await ground.rlctl(namespace, line, `redis://127.0.0.1:${proxy.port}/0`).ended;
  return { route, end, isHeld: proxy.struck > 0, proxy };
}

const evalsOf = async ({ redis }: StoreGround): Promise<number> =>
  Number(/cmdstat_eval:calls=(\d+)/.exec(await redis.cli('INFO', 'commandstats'))?.[1] ?? 0);

export const lateDelivery: Trial = {
  name: 'late-delivery',
  about: 'a write that reaches the server after its process has given up: the fence in it keeps it from being applied',
  units: 5,
  quick: 1,
  least: { 'writes delivered late': 45 },
  leastQuick: { 'writes delivered late': 3 },
  open: async ({ isQuick }) => {
    const ground = await openStoreGround();
    await ground.begin(namespace);
    return {
      unit: async (index, chance) => {
        const before = await evalsOf(ground);
        const members = Array.from({ length: isQuick ? 4 : size }, (_, member) => `/late/${index}/${member}`);
        const tries = await Promise.all(members.map((route) => holdBack(ground, route, chance)));
        const held = tries.filter(({ isHeld }) => isHeld);
        await until(async () => (await evalsOf(ground)) >= before + held.length, 'the late writes');
        const rates = ratesOf(await ground.document(namespace));
        const history = (await ground.history(namespace)).flatMap(({ body }) => body?.routes ?? []);
        const applied = held.filter(({ route }) => rates.has(route) || history.some((each) => each.route === route));
        const untold = held.filter(({ end }) => end.code !== 9 || !/change c0\w+/.test(end.err));
        await Promise.all(tries.map(({ proxy }) => proxy.stop()));
        return {
          counts: { 'writes delivered late': held.length, 'of these applied': applied.length },
          faults: [
            ...applied.map(({ route }) => `${route} was applied after its process had given up`),
            ...untold.map(({ route, end }) => `${route}: exit ${end.code} and not 9 with the id: ${end.out}${end.err}`),
          ],
        };
      },
      close: async () => {
        try {
          return await ground.held(namespace);
        } finally {
          await ground.stop();
        }
      },
    };
  },
};

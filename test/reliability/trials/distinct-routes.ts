import { startCrew, type Crew } from '../../support/crew.js';
import { kept, openStoreGround, ratesOf, setting, type StoreGround } from '../store-ground.js';
import type { Trial } from '../trial.js';

const namespace = 'distinct';
/** Of so many rounds one is made by processes that start, write and end; the others by processes that stay. */
const freshEvery = 10;

/** Every process runs its line at the same moment; resolves to the exit codes. */
async function round(
  ground: StoreGround,
  crew: Crew,
  lines: readonly (readonly string[])[],
  isFresh: boolean,
): Promise<readonly (number | null)[]> {
  if (!isFresh) return crew.run(lines.map((line) => [...line, '--json']));
  const ends = await Promise.all(lines.map((line) => ground.rlctl(namespace, line).ended));
  return ends.map(({ code }) => code);
}

export const distinctRoutes: Trial = {
  name: 'distinct-routes',
  about: '64 processes change one document at the same moment, each a route of its own: none loses what another wrote',
  units: 20,
  quick: 2,
  least: { 'updates acknowledged': 1280, 'processes at once': 1280 },
  leastQuick: { 'updates acknowledged': 32 },
  open: async ({ isQuick }) => {
    const size = isQuick ? 16 : 64;
    const ground = await openStoreGround();
    await ground.begin(namespace);
    const crew = startCrew(size, { env: ground.env(namespace), cwd: ground.world.cwd });
    const routes = Array.from({ length: size }, (_, index) => `/route-${String(index).padStart(2, '0')}`);
    const sum = { acknowledged: 0 };
    return {
      unit: async (index) => {
        const before = [...ratesOf(await ground.document(namespace)).keys()];
        const rateOf = (member: number): number => index * size + member + 1;
        const lines = routes.map((route, member) => setting(route, rateOf(member)));
        const told = crew.err().length;
        const codes = await round(ground, crew, lines, index % freshEvery === (isQuick ? 1 : freshEvery - 1));
        const document = await ground.document(namespace);
        const rates = ratesOf(document);
        const acknowledged = codes.filter((code) => code === 0).length;
        sum.acknowledged += acknowledged;
        const lost = routes.filter((route, member) => codes[member] === 0 && rates.get(route) !== rateOf(member));
        const isOrdered = before.every((route, at) => [...rates.keys()][at] === route);
        return {
          counts: { 'processes at once': size, 'updates acknowledged': acknowledged, 'updates lost': lost.length },
          faults: [
            ...lost.map((route) => `${route}: acknowledged, and not there`),
            ...(acknowledged < size ? [`exit codes ${codes.join(' ')}: ${crew.err().slice(told, told + 500)}`] : []),
            ...(isOrdered ? [] : [`the order changed: ${before.join(' ')} became ${[...rates.keys()].join(' ')}`]),
            ...(String(document).startsWith(`{ ${kept}`) ? [] : ['bytes of somebody else’s entries were changed']),
          ],
        };
      },
      close: async () => {
        try {
          const held = await ground.held(namespace);
          const ids = (await ground.history(namespace)).filter(({ kind }) => kind === 'change').map(({ id }) => id);
          const isWhole = ids.length === sum.acknowledged && new Set(ids).size === ids.length;
          const missing = `${ids.length} changes in the history of ${sum.acknowledged} acknowledged`;
          return {
            counts: { ...held.counts, 'changes in the history': ids.length },
            faults: [...held.faults, ...(isWhole ? [] : [missing])],
          };
        } finally {
          await crew.stop();
          await ground.stop();
        }
      },
    };
  },
};

import { createHash } from 'node:crypto';
import { startCrew } from '../../support/crew.js';
import { jsonOf, type ShownError } from '../../support/world.js';
import { kept, openStoreGround, ratesOf, setting } from '../store-ground.js';
import type { Trial } from '../trial.js';

const namespace = 'one';
const refusals: ReadonlySet<string> = new Set(['CONFLICT', 'REVISION_MISMATCH']);

export const oneRevision: Trial = {
  name: 'one-revision',
  about: '64 processes change one route, each on the revision that all were shown: one wins, the others change nothing',
  units: 20,
  quick: 2,
  least: { 'winners at one revision': 20, 'losers at one revision': 20 * 63, 'losers told why': 20 * 63 },
  leastQuick: { 'winners at one revision': 2, 'losers at one revision': 30 },
  open: async ({ isQuick }) => {
    const size = isQuick ? 16 : 64;
    const ground = await openStoreGround();
    await ground.begin(namespace);
    const crew = startCrew(size, { env: ground.env(namespace), cwd: ground.world.cwd });
    const changes = async (): Promise<readonly string[]> =>
      (await ground.history(namespace)).filter(({ kind }) => kind === 'change').map(({ text }) => text);

    /** All at once on one route; and what came of it. */
    const race = async (route: string, firstRate: number, ...more: readonly string[]) => {
      const before = await changes();
      const told = crew.err().length;
      const rates = Array.from({ length: size }, (_, member) => firstRate + member);
      const codes = await crew.run(rates.map((rate) => [...setting(route, rate, ...more), '--json']));
      const errors = crew.err().slice(told).split('\n').filter(Boolean);
      return {
        codes,
        winners: rates.filter((_, member) => codes[member] === 0),
        reasons: errors.map((line) => jsonOf<{ error: ShownError }>(line).error.code),
        stored: ratesOf(await ground.document(namespace)).get(route),
        added: (await changes()).slice(before.length),
      };
    };
    return {
      unit: async (index) => {
        const firstRate = 1 + index * size;
        const revision = createHash('sha256').update((await ground.document(namespace)) ?? '');
        const at = await race('/one', firstRate, '--if-revision', revision.digest('hex'));
        const free = await race('/two', firstRate);
        const losers = at.codes.filter((code) => code === 5).length;
        const reasons = at.reasons.filter((code) => refusals.has(code)).length;
        const lastOf = (text = '{}'): unknown =>
          jsonOf<{ routes?: { after: string }[] }>(text).routes?.map(
            ({ after }) => jsonOf<{ rate: number }>(after).rate,
          )[0];
        const faults = [
          ...(at.winners.length === 1 && losers === size - 1 ? [] : [`exit codes ${at.codes.join(' ')}`]),
          ...(at.stored === at.winners[0] ? [] : [`${String(at.stored)} is stored, and ${at.winners.join(' ')} won`]),
          ...(at.added.length === 1 ? [] : [`${at.added.length} changes in the history of one winner`]),
          ...(free.codes.every((code) => code === 0 || code === 5) ? [] : [`exit codes ${free.codes.join(' ')}`]),
          ...(free.added.length === free.winners.length ? [] : ['the history does not tell who won']),
          ...(free.stored === lastOf(free.added.at(-1)) ? [] : ['the last in the history is not what is stored']),
          ...(String(await ground.document(namespace)).startsWith(`{ ${kept}`) ? [] : ['other entries were changed']),
        ];
        return {
          counts: {
            'winners at one revision': at.winners.length,
            'losers at one revision': losers,
            'losers told why': reasons,
            'winners without a revision': free.winners.length,
          },
          faults,
        };
      },
      close: async () => {
        try {
          return await ground.held(namespace);
        } finally {
          await crew.stop();
          await ground.stop();
        }
      },
    };
  },
};

import { setTimeout as sleep } from 'node:timers/promises';
import type { CliEnd } from '../support/cli.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import type { ShownError } from '../support/world.js';
import { openStoreGround, ratesOf, setting, type StoreGround } from './store-ground.js';
import type { Ground, Shard, UnitOutcome } from './trial.js';

const namespace = 'killed';
/** So many processes are killed at a time. */
const size = 10;
/** From its start, a process lives about so long on a machine that others use as well. */
const lifeMs = 2000;

/** What a process said of its change before it was gone. */
type Said = 'applied' | 'not applied' | 'unknown' | 'nothing';

interface Told {
  readonly said: Said;
  readonly id: string | null;
  readonly fault?: string;
}

function toldBy({ code, out, err }: CliEnd): Told {
  // A signal may also come between the last word and the end.
  if (out.endsWith('}\n')) return { said: 'applied', id: (JSON.parse(out) as { changeId: string }).changeId };
  if (err === '') return { said: 'nothing', id: null };
  const { error } = JSON.parse(err) as { error: ShownError };
  const id = typeof error.details?.['changeId'] === 'string' ? error.details['changeId'] : null;
  if (error.details?.['applied'] === true) return { said: 'applied', id };
  if (error.details?.['applied'] === false) return { said: 'not applied', id };
  if (error.code === 'OUTCOME_UNKNOWN') return { said: 'unknown', id };
  if (/nothing (more )?was (sent|written|changed)|not applied/.test(error.message)) return { said: 'not applied', id };
  return { said: 'nothing', id, fault: `exit ${code} says nothing of the change: ${err}` };
}

interface Victim {
  readonly route: string;
  readonly signal: NodeJS.Signals;
  readonly end: CliEnd;
}

/** One process that changes one route and is sent the signal at a moment of its life, or of its write. */
async function kill(
  ground: StoreGround,
  { proxy, route, signal, isInWrite }: { proxy: FaultProxy; route: string; signal: NodeJS.Signals; isInWrite: boolean },
  chance: () => number,
): Promise<Victim> {
  const [early, late] = [chance(), chance()];
  const rule = { at: 'request', containing: 'EVAL', action: 'delay', delayMs: Math.ceil(early * 30) } as const;
  const moment = isInWrite ? proxy.strike(rule).then(() => sleep(late * 60)) : sleep(early * lifeMs);
  const run = ground.rlctl(namespace, setting(route, 1), `redis://127.0.0.1:${proxy.port}/0`);
  await Promise.race([moment, run.ended]);
  run.child.kill(signal);
  const end = await run.ended;
  proxy.clear();
  return { route, signal, end };
}

/** @param routes the change that the history has of each route. */
function judge(victims: readonly Victim[], routes: ReadonlyMap<string, string>, document: Buffer | null): UnitOutcome {
  const stored = ratesOf(document);
  const counts: Record<string, number> = { kills: victims.length };
  const faults: string[] = [];
  for (const { route, signal, end } of victims) {
    const id = routes.get(route);
    const told = toldBy(end);
    const isHit = end.code !== 0;
    counts['hit while it ran'] = (counts['hit while it ran'] ?? 0) + (isHit ? 1 : 0);
    if (isHit && id !== undefined) counts['of these already written'] = (counts['of these already written'] ?? 0) + 1;
    if (isHit && signal !== 'SIGKILL') counts[`said ${told.said}`] = (counts[`said ${told.said}`] ?? 0) + 1;
    if (stored.has(route) !== (id !== undefined)) faults.push(`${route}: document and history differ`);
    if (told.said === 'applied' && told.id !== id) faults.push(`${route}: said applied, and is not: ${end.err}`);
    if (told.said === 'not applied' && id !== undefined) faults.push(`${route}: said not applied, and is: ${end.err}`);
    if (told.said === 'unknown' && told.id === null) faults.push(`${route}: unknown, without an id: ${end.err}`);
    if (told.said === 'nothing' && signal !== 'SIGKILL' && id !== undefined)
      faults.push(`${route}: is applied, and nothing was said: exit ${end.code} ${end.err}`);
    if (told.fault !== undefined) faults.push(`${route}: ${told.fault}`);
  }
  return { counts, faults };
}

/** Processes that change a route each and are sent one of the signals; and whether what they said is so. */
export async function openKills({ isQuick }: Shard, signals: readonly NodeJS.Signals[]): Promise<Ground> {
  const ground = await openStoreGround();
  await ground.begin(namespace);
  const proxies = await Promise.all(Array.from({ length: size }, () => startFaultProxy(ground.redis.port)));
  return {
    unit: async (index, chance) => {
      const victims = await Promise.all(
        proxies.map((proxy, member) => {
          const signal = signals[(index + member) % signals.length] ?? 'SIGKILL';
          const isInWrite = isQuick ? member > 2 : member % 2 === 1;
          return kill(ground, { proxy, route: `/k/${index}/${member}`, signal, isInWrite }, chance);
        }),
      );
      // What was on its way arrives.
      await sleep(100);
      const history = await ground.history(namespace);
      const routes = history.flatMap(({ id, body }) => (body?.routes ?? []).map(({ route }) => [route, id] as const));
      return judge(victims, new Map(routes), await ground.document(namespace));
    },
    close: async () => {
      try {
        return await ground.held(namespace);
      } finally {
        await Promise.all(proxies.map((proxy) => proxy.stop()));
        await ground.stop();
      }
    },
  };
}

import { Redis } from 'ioredis';
import { overridesKey } from '../../../src/domain/redis-keys.js';
import { until } from '../../support/until.js';
import { openStoreGround, ratesOf, setting, type StoreGround } from '../store-ground.js';
import type { Trial, UnitOutcome } from '../trial.js';

/** A write of the document, as the server itself carried it out. */
interface Stored {
  readonly text: string;
  /** By the tool's script; else somebody's plain SET. */
  readonly isOurs: boolean;
}

/** What a server says of everything that it carries out, in its order; no part of the tool is asked. */
async function watch(port: number, key: string): Promise<{ readonly seen: readonly Stored[]; stop(): void }> {
  const client = new Redis(port, '127.0.0.1');
  const monitor = await client.monitor();
  const seen: Stored[] = [];
  monitor.on('monitor', (_time: string, args: readonly string[], source: string) => {
    const [command = '', name, text = ''] = args;
    if (command.toUpperCase() === 'SET' && name === key) seen.push({ text, isOurs: source === 'lua' });
  });
  return {
    seen,
    stop: () => {
      monitor.disconnect();
      client.disconnect();
    },
  };
}

/** A writer's route and the rate that it sets; what a foreign writer leaves has routes of its own. */
const ours = (member: number): string => `/ours/${member}`;
const theirs = (index: number, turn: number): string => `{ "/theirs" : {"rate": ${index * 1000 + turn + 1}}}`;

/** What is wrong with a run of writes. */
function faultsOf(seen: readonly Stored[], snapshots: ReadonlySet<string>): readonly string[] {
  const faults: string[] = [];
  // The first is one of ours, so that there is a history by which a foreign write is known.
  for (const [at, { text, isOurs }] of seen.entries()) {
    if (!isOurs || at === 0) continue;
    const before = seen[at - 1]?.text ?? '';
    const [was, is] = [ratesOf(Buffer.from(before)), ratesOf(Buffer.from(text))];
    const changed = [...is].filter(([route, rate]) => was.get(route) !== rate);
    const gone = [...was.keys()].filter((route) => !is.has(route));
    if (changed.length !== 1 || gone.length > 0)
      faults.push(`a write of ours changed more than its own route: ${before} became ${text}`);
    // What somebody wrote over their own write before any of ours came, nobody could notice.
    if (seen[at - 1]?.isOurs === false && !snapshots.has(before))
      faults.push(`a foreign write was not noticed: ${before}`);
  }
  return faults;
}

async function round(ground: StoreGround, index: number, chance: () => number, size: number): Promise<UnitOutcome> {
  const namespace = `mixed${index}`;
  const key = overridesKey(namespace);
  await ground.begin(namespace);
  const watched = await watch(ground.redis.port, key);
  await ground.rlctl(namespace, setting('/first', 1)).ended;
  const turns = Array.from({ length: size }, (_, turn) => ({ turn, afterMs: chance() * 2500 }));
  const [ends, foreign] = await Promise.all([
    Promise.all(turns.map(({ turn }) => ground.rlctl(namespace, setting(ours(turn), turn + 1)).ended)),
    Promise.all(
      turns.map(async ({ turn, afterMs }) => {
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        return ground.redis.cli('SET', key, theirs(index, turn));
      }),
    ),
  ]);
  const done = ends.flatMap(({ code, out }) => (code === 0 ? [JSON.parse(out) as Told] : []));
  // One of ours behind all others: the last foreign write must be noticed too.
  const last = await ground.rlctl(namespace, setting('/last', 1)).ended;
  await until(() => watched.seen.filter(({ isOurs }) => isOurs).length >= done.length + 2, 'what the server saw');
  watched.stop();
  const history = await ground.history(namespace);
  const ids = new Set(history.filter(({ kind }) => kind === 'change').map(({ id }) => id));
  const snapshots = history.filter(({ why }) => why === 'foreign').map(({ document }) => String(document));
  const lost = done.filter(({ changeId }) => !ids.has(changeId));
  const told = [...done, JSON.parse(last.out) as Told].filter(({ sawForeignChange }) => sawForeignChange).length;
  const held = await ground.held(namespace, true);
  return {
    counts: {
      'plain SETs': foreign.length,
      'updates acknowledged': done.length,
      'updates lost by ours': lost.length,
      'foreign writes noticed, and kept whole': snapshots.length,
    },
    faults: [
      ...faultsOf(watched.seen, new Set(snapshots)),
      ...lost.map(({ changeId }) => `${changeId} was acknowledged and is not in the history`),
      ...(told === snapshots.length ? [] : [`${told} writers were told of ${snapshots.length} foreign writes`]),
      ...(ends.every(({ code }) => code === 0) ? [] : ends.filter(({ code }) => code !== 0).map(({ err }) => err)),
      ...held.faults,
    ],
  };
}

interface Told {
  readonly changeId: string;
  readonly sawForeignChange: boolean;
}

export const foreignWrites: Trial = {
  name: 'foreign-writes',
  about:
    '16 processes of ours between 16 plain "redis-cli SET": every foreign write is noticed, none of ours overwrites one',
  units: 40,
  quick: 1,
  least: { 'plain SETs': 640, 'updates acknowledged': 640, 'foreign writes noticed, and kept whole': 200 },
  leastQuick: { 'plain SETs': 8, 'foreign writes noticed, and kept whole': 1 },
  open: async ({ isQuick }) => {
    const ground = await openStoreGround();
    return {
      unit: (index, chance) => round(ground, index, chance, isQuick ? 8 : 16),
      close: async () => {
        await ground.stop();
        return { counts: {}, faults: [] };
      },
    };
  },
};

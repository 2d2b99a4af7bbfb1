import { afterAll, beforeAll, expect, test } from 'vitest';
import { chainAfter } from '../../../src/domain/audit/chain.js';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { systemRandomness } from '../../../src/adapters/system/randomness.js';
import { scanDocument } from '../../../src/domain/override/document.js';
import { setOverride } from '../../../src/domain/override/edit.js';
import type { End } from '../../../src/domain/override/end.js';
import type { HistoryEntry } from '../../../src/domain/override/history.js';
import { replay } from '../../../src/domain/override/replay.js';
import { overridesKey } from '../../../src/domain/redis-keys.js';
import { expireDue } from '../../../src/procedures/override/expire.js';
import { planChange, type StorePorts } from '../../../src/procedures/override/plan.js';
import { writePlan } from '../../../src/procedures/override/write.js';
import type { ControlPlane } from '../../../src/ports/control-plane.js';
import type { OverrideStore } from '../../../src/ports/override-store.js';
import { deadlineIn, storeAt } from '../../contracts/override-store.kit.js';
import { startRedis, type RunningRedis } from '../../support/redis-server.js';

const loops = 4;
const writers = 16;
const rounds = 3;
const state = {} as { redis: RunningRedis; stores: OverrideStore[] };

beforeAll(async () => {
  state.redis = await startRedis();
  state.stores = Array.from({ length: loops + writers + 1 }, () => storeAt(state.redis.url));
});
afterAll(async () => {
  for (const store of state.stores) store.close();
  await state.redis.stop();
});

const portsOf = (index: number): StorePorts => ({
  store: state.stores[index] as OverrideStore,
  clock: systemClock,
  randomness: systemRandomness,
  deadline: deadlineIn(60_000),
});
const authorOf = (actor: string) => ({ actor, reason: null, ticket: null, rlctl: '0', environment: 'test' });
const routeOf = (writer: number, round: number): string => `/writer-${writer}/${round}`;

async function set(ports: StorePorts, route: string, ratePerMin: number, end: End): Promise<void> {
  const plan = await planChange(ports, {
    command: 'override set',
    routes: [route],
    end,
    edit: (document) => setOverride(document ?? scanDocument(null), route, { ratePerMin }),
    undoes: () => null,
    isForced: false,
    ifRevision: null,
  });
  await writePlan(ports, plan, authorOf('writer'));
}

/** Sets each route for good, and then for a moment. */
async function work(writer: number): Promise<void> {
  const ports = portsOf(loops + writer);
  for (let round = 0; round < rounds; round += 1) {
    await set(ports, routeOf(writer, round), round + 1, { kind: 'permanent' });
    await set(ports, routeOf(writer, round), 1000 + round, { kind: 'for', ms: 40 });
  }
}

const effect = {
  reload: null,
  isVerified: false,
  require: null,
  probes: [],
  workers: null,
  known: { profile: null },
  waitMs: 0,
} as unknown as Parameters<typeof expireDue>[1]['effect'];

/** Looks again and again until told to stop and nothing is left. */
async function loop(index: number, isOver: () => boolean): Promise<number> {
  const ports = { ...portsOf(index), controlPlane: {} as ControlPlane };
  const input = { author: authorOf(`loop-${index}`), effect, everySeconds: 1, isDryRun: false };
  for (let ended = 0; ;) {
    const wasOver = isOver();
    const round = await expireDue(ports, input);
    if (round.change?.written) ended += round.ended.length;
    expect([round.skipped, round.beatError]).toEqual([[], null]);
    await systemClock.sleep(25);
    if (wasOver && round.pending.length === 0 && round.ended.length === 0) return ended;
  }
}

/** Numbered without a gap, chained, and it leads to the very bytes of the document. */
function expectWhole(entries: readonly HistoryEntry[], document: string): void {
  expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1));
  for (const [index, entry] of entries.entries()) {
    const body = entry.body === null ? '' : JSON.stringify(entry.body);
    expect(entry.chain).toBe(chainAfter(entries[index - 1]?.chain ?? '', { ...entry, body }));
  }
  expect(Buffer.from(replay(entries) ?? []).toString()).toBe(document);
}

test('four loops among sixteen writers: every end is applied exactly once, nothing is lost, the history is whole', async () => {
  const over = { is: false };
  const working = Promise.all(Array.from({ length: writers }, (_, writer) => work(writer))).finally(() => {
    over.is = true;
  });
  const looping = Promise.all(Array.from({ length: loops }, (_, index) => loop(index, () => over.is)));
  const [, counts] = await Promise.all([working, looping]);
  const document = await state.redis.cli('GET', overridesKey('test'));
  const stored = JSON.parse(document) as Record<string, { rate: number }>;
  const routes = Array.from({ length: writers * rounds }, (_, index) =>
    routeOf(Math.floor(index / rounds), index % rounds),
  );
  expect(Object.keys(stored).sort()).toEqual(routes.toSorted());
  for (const route of routes) expect(stored[route]).toEqual({ rate: Number(route.split('/').at(-1)) + 1 });
  const last = state.stores.at(-1) as OverrideStore;
  const entries = (await last.history({ limit: 10_000 }, deadlineIn(10_000))).toReversed();
  const expiries = entries.filter(({ body }) => body?.command === 'override expire');
  const ended = expiries.flatMap(({ body }) => body?.routes.map(({ route }) => route) ?? []);
  expect(ended.toSorted()).toEqual(routes.toSorted());
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(routes.length);
  expect(entries.filter(({ snapshotOf }) => snapshotOf === 'foreign')).toEqual([]);
  expectWhole(entries, document);
}, 120_000);

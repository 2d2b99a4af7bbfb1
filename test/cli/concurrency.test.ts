import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/system/clock.js';
import { createDeadline } from '../../src/adapters/system/deadline.js';
import { systemRandomness } from '../../src/adapters/system/randomness.js';
import { chainAfter } from '../../src/domain/audit/chain.js';
import { createOverrideStore } from '../../src/adapters/redis/override-store.js';
import { Secret } from '../../src/domain/secret.js';
import { scanDocument } from '../../src/domain/override/document.js';
import type { HistoryEntry } from '../../src/domain/override/history.js';
import { replay } from '../../src/domain/override/replay.js';
import { runCli, type CliEnd } from '../support/cli.js';
import { startCrew } from '../support/crew.js';
import { startRedis, type RunningRedis } from '../support/redis-server.js';
import { jsonOf, openWorld, type ShownError, type World } from '../support/world.js';

const namespace = 'many';
const key = `${namespace}:rl:overrides`;
/** Entries of somebody else's making, written in a way that no writer of ours would choose. */
const kept =
  '"/keep/one" : {"rate":"12" , "x":[1, 2.50]},\n\t"/keep/\\u0074wo":{}, "/keep/three":{"rate":9007199254740993}';

const state = {} as { world: World; redis: RunningRedis };
beforeAll(async () => {
  state.world = await openWorld();
  state.redis = await startRedis();
});
afterAll(async () => {
  await state.redis.stop();
  await state.world.remove();
});
beforeEach(async () => {
  await state.redis.cli('FLUSHALL');
  await state.redis.cli('SET', key, `{ ${kept} }`);
});

const environment = () => ({ ...state.world.env, RLCTL_REDIS_URL: state.redis.url, RLCTL_NAMESPACE: namespace });

/** Sixty-four processes share a machine of perhaps two cores: each has to wait for its turn. */
const commandLine = (route: string, rate: number): readonly string[] => [
  'override',
  'set',
  route,
  '--rate',
  String(rate),
  '--no-reload',
  '--json',
  '--timeout',
  '60s',
];

function set(route: string, rate: number, ...more: string[]): Promise<CliEnd> {
  return runCli([...commandLine(route, rate), ...more], { env: environment(), cwd: state.world.cwd });
}

/** The whole history, oldest first. */
async function history(): Promise<readonly HistoryEntry[]> {
  const ports = { clock: systemClock, randomness: systemRandomness };
  const store = createOverrideStore({ url: new Secret(state.redis.url), namespace }, ports);
  try {
    const deadline = createDeadline(systemClock, 20_000, new AbortController().signal);
    return [...(await store.history({ limit: 10_000 }, deadline))].reverse();
  } finally {
    store.close();
  }
}

/** The history is whole: numbered without a gap, chained, and it leads to the very bytes of the document. */
function expectWhole(entries: readonly HistoryEntry[], document: string): void {
  expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1));
  for (const [index, entry] of entries.entries()) {
    const body = entry.body === null ? '' : JSON.stringify(entry.body);
    expect(entry.chain).toBe(chainAfter(entries[index - 1]?.chain ?? '', { ...entry, body }));
  }
  expect(Buffer.from(replay(entries) ?? []).toString()).toBe(document);
}

const processes = 64;
const routes = Array.from({ length: processes }, (_, index) => `/route-${String(index).padStart(2, '0')}`);
const rateOf = (round: number, index: number): number => round * processes + index + 1;

/** The routes of a round that do not hold what their process wrote in it. */
async function lostIn(round: number): Promise<readonly string[]> {
  const values = JSON.parse(await state.redis.cli('GET', key)) as Readonly<
    Record<string, { rate?: number } | undefined>
  >;
  return routes.filter((route, index) => values[route]?.rate !== rateOf(round, index));
}

/** Nobody else's byte has changed, and the history tells every change and leads to the document. */
async function expectAllRecorded(rounds: number): Promise<void> {
  const document = await state.redis.cli('GET', key);
  expect(document.startsWith(`{ ${kept}`)).toBe(true);
  const found = scanDocument(Buffer.from(document)).members.map((member) => member.key);
  expect(found.slice(0, 3)).toEqual(['/keep/one', '/keep/two', '/keep/three']);
  expect(found.slice(3).sort()).toEqual(routes);
  const entries = await history();
  const changes = entries.filter(({ kind }) => kind === 'change');
  expect(changes).toHaveLength(processes * rounds);
  expect(new Set(changes.map(({ changeId }) => changeId)).size).toBe(processes * rounds);
  expect(entries.filter(({ snapshotOf }) => snapshotOf === 'foreign')).toEqual([]);
  expectWhole(entries, document);
}

describe('64 processes at once, each on a route of its own', () => {
  test('20 rounds by the same processes: none of 1,280 is lost, and the history is whole', async () => {
    const crew = startCrew(processes, { env: environment(), cwd: state.world.cwd });
    const lost: string[] = [];
    try {
      for (let round = 0; round < 20; round += 1) {
        const codes = await crew.run(routes.map((route, index) => commandLine(route, rateOf(round, index))));
        expect([codes.filter((code) => code !== 0), crew.err()]).toEqual([[], '']);
        lost.push(...(await lostIn(round)));
      }
    } finally {
      await crew.stop();
    }
    expect(lost).toEqual([]);
    await expectAllRecorded(20);
  }, 600_000);

  test('one round by processes that start, write and end: the same', async () => {
    const ends = await Promise.all(routes.map((route, index) => set(route, rateOf(0, index))));
    expect(ends.filter(({ code }) => code !== 0).map(({ err }) => err)).toEqual([]);
    expect(await lostIn(0)).toEqual([]);
    await expectAllRecorded(1);
  }, 120_000);
});

describe('one route, every process at the revision it was shown', () => {
  const writers = 16;

  test.each([1, 2, 3])(
    'round %i: one wins, every other one exits 5 and changes nothing',
    async () => {
      const listed = await runCli(['override', 'list', '--json'], { env: environment(), cwd: state.world.cwd });
      const { revision } = jsonOf<{ revision: string }>(listed.out);
      const rates = Array.from({ length: writers }, (_, index) => index + 1);
      const ends = await Promise.all(rates.map((rate) => set('/one', rate, '--if-revision', revision)));
      const winners = rates.filter((_, index) => ends[index]?.code === 0);
      expect(winners).toHaveLength(1);
      const losers = ends.filter(({ code }) => code !== 0);
      expect(losers.map(({ code, out }) => [code, out])).toEqual(losers.map(() => [5, '']));
      for (const { err } of losers) {
        const { error } = jsonOf<{ error: ShownError }>(err);
        expect(['CONFLICT', 'REVISION_MISMATCH']).toContain(error.code);
        expect(error.hint).toBeTruthy();
      }
      const document = await state.redis.cli('GET', key);
      // What stood there keeps its bytes; the new entry follows its neighbours' style.
      expect(document.startsWith(`{ ${kept},`)).toBe(true);
      expect((JSON.parse(document) as Record<string, unknown>)['/one']).toEqual({ rate: winners[0] });
      const entries = await history();
      expect(entries.filter(({ kind }) => kind === 'change')).toHaveLength(1);
      expectWhole(entries, document);
    },
    60_000,
  );
});

test('one route without a revision: a writer whose route changed underneath exits 5, and the history tells who won', async () => {
  const rates = Array.from({ length: 16 }, (_, index) => index + 1);
  const ends = await Promise.all(rates.map((rate) => set('/one', rate)));
  const codes = ends.map(({ code }) => code);
  expect(codes.every((code) => code === 0 || code === 5)).toBe(true);
  const entries = await history();
  const changes = entries.filter(({ kind }) => kind === 'change');
  expect(changes).toHaveLength(codes.filter((code) => code === 0).length);
  const document = await state.redis.cli('GET', key);
  expect(document).toContain(changes.at(-1)?.body?.routes[0]?.after ?? 'nothing');
  expectWhole(entries, document);
}, 60_000);

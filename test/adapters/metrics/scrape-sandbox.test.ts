import { describe, expect, test } from 'vitest';
import { createScrapeSource } from '../../../src/adapters/metrics/scrape-source.js';
import type { Decisions } from '../../../src/domain/decisions/decisions.js';
import { summarise } from '../../../src/domain/decisions/summarise.js';
import type { Behaviour, Dialect } from '../../../src/sandbox/behaviour.js';
import { createFakeClock, createFakeDeadline } from '../../support/fake-time.js';
import { openSandbox, type TestSandbox } from '../../sandbox/support.js';

interface Around {
  readonly workers?: number | null;
  readonly buckets?: readonly string[];
}

/** Reads a window in which exactly `between` happens: it stands where the source sleeps. */
async function readAround(
  sandbox: Pick<TestSandbox, 'origin'>,
  between: () => Promise<void>,
  { workers = null, buckets = [] }: Around = {},
): Promise<Decisions> {
  const clock = createFakeClock();
  const source = createScrapeSource({
    url: `${sandbox.origin}/metrics`,
    credential: null,
    waitMs: 5000,
    workers,
    clock: {
      nowMs: () => clock.nowMs(),
      sleep: async (ms) => {
        clock.advance(ms);
        await between();
      },
    },
  });
  const question = { namespace: 'demo', buckets, windowMs: 5000, stepMs: 5000, endMs: null };
  const readings = await source.read(question, createFakeDeadline(clock, 60_000)).finally(() => source.close());
  return summarise(readings, { buckets: [], windowMs: 5000, workers, isScraped: true });
}

async function pay(sandbox: TestSandbox, times: number, user: string): Promise<void> {
  for (let n = 0; n < times; n += 1) await sandbox.get('/api/payments', user);
}

const shadowed = { environment: { RATE_LIMIT_SHADOW_FINANCIAL: 'true' } };
const codes = ({ remarks }: Decisions): readonly string[] => remarks.map(({ code }) => code);

describe.each(['documented', 'deployed'] as const)('the %s dialect', (dialect: Dialect) => {
  test('what happened between, exactly', async () => {
    const sandbox = await openSandbox({ dialect });
    await pay(sandbox, 3, 'before');
    const decisions = await readAround(sandbox, () => pay(sandbox, 4, 'between'));
    const financial = decisions.buckets.find(({ bucket }) => bucket === 'financial');
    expect(financial).toMatchObject({
      allowed: { count: 1, perSecond: 0.2, share: 0.25 },
      blocked: { count: 3, perSecond: 0.6, share: 0.75 },
      shadowBlocked: { count: null, perSecond: null, share: null },
      total: 4,
      // Twelve seconds to wait lie beyond the last edge.
      retryAfter: { p50: { seconds: 10, isAtLeast: true }, p99: { seconds: 10, isAtLeast: true } },
      evalErrors: null,
    });
    expect(financial?.evalP95?.seconds).toBeGreaterThan(0);
    expect([decisions.reloads, decisions.activeOverrides]).toEqual([0, { least: 0, most: 0 }]);
    expect(decisions.buckets.map(({ bucket }) => bucket)).not.toContain('bootstrap');
  });

  test('a bucket in shadow', async () => {
    const sandbox = await openSandbox({ dialect, behaviour: shadowed });
    const decisions = await readAround(sandbox, () => pay(sandbox, 4, 'u'), { buckets: ['financial'] });
    expect(decisions.buckets).toHaveLength(1);
    expect(decisions.buckets[0]).toMatchObject({
      allowed: { count: 1 },
      blocked: { count: null },
      shadowBlocked: { count: 3, share: 0.75 },
    });
  });

  test('workers in turn, each connection another: told apart and added up', async () => {
    const sandbox = await openSandbox({ dialect, workers: 2 });
    await pay(sandbox, 7, 'before');
    const decisions = await readAround(sandbox, () => pay(sandbox, 6, 'between'));
    expect(codes(decisions)).toContain('ALTERNATING_WORKERS');
    const { allowed, blocked } = decisions.buckets.find(({ bucket }) => bucket === 'financial') ?? {};
    expect((allowed?.count ?? 0) + (blocked?.count ?? 0)).toBe(6);
  });
});

test('a worker that stays with its connection: its own figures, and a word about the others', async () => {
  // The first connection, and no other, goes to the first worker: a burst finds only the second.
  const pickWorker: Behaviour['pickWorker'] = (connection) => (connection === 0 ? 0 : 1);
  const sandbox = await openSandbox({ workers: 2, behaviour: { pickWorker } });
  const decisions = await readAround(sandbox, () => pay(sandbox, 3, 'u'), { workers: 2 });
  expect(codes(decisions)).toContain('ONE_OF_SEVERAL_WORKERS');
  expect(decisions.buckets).toEqual([]);
});

test('one worker, known to be one, is asked twice and no more', async () => {
  const sandbox = await openSandbox();
  await readAround(sandbox, async () => undefined, { workers: 1 });
  expect(sandbox.workers()[0]?.requests).toBe(2);
});

test('a restart between the scrapes: what it counted since', async () => {
  const first = await openSandbox();
  await pay(first, 9, 'u');
  const port = Number(new URL(first.origin).port);
  const decisions = await readAround(first, async () => {
    await first.stop();
    const second = await openSandbox({ port });
    await pay(second, 2, 'u');
  });
  const financial = decisions.buckets.find(({ bucket }) => bucket === 'financial');
  expect([financial?.allowed.count, financial?.blocked.count]).toEqual([1, 1]);
  expect(codes(decisions)).toContain('COUNTER_RESETS');
});

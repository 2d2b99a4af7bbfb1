import { expect, test } from 'vitest';
import type { MetricsSource } from '../../../src/ports/metrics-source.js';
import { createProofMetrics } from '../../../src/procedures/proof/metric-reader.js';
import { createFakeClock, createFakeDeadline } from '../../support/fake-time.js';

const sourceAheadMs = 60_000;

/** A Prometheus whose clock is ahead of ours, and whose answer is under way for a while. */
function slowSource(clock: ReturnType<typeof createFakeClock>, answerMs: number, sampleAgeMs: number): MetricsSource {
  const unasked = (): never => {
    throw new TypeError('nobody asks for this');
  };
  return {
    name: 'Prometheus',
    isScraped: false,
    read: unasked,
    lastReload: unasked,
    configuration: async () => {
      const nowMs = clock.nowMs() + sourceAheadMs;
      const sample = { atMs: nowMs - sampleAgeMs, value: 1 };
      clock.advance(answerMs);
      return Promise.resolve({
        nowMs,
        instances: [{ name: 'one', activeOverrides: [sample], reloads: [sample] }],
        spellings: [],
      });
    },
    close: () => undefined,
  };
}

test('a sample does not seem younger because the answer that brought it took long', async () => {
  const clock = createFakeClock();
  const askedMs = clock.nowMs();
  const metrics = createProofMetrics({
    clock,
    deadline: createFakeDeadline(clock, 60_000),
    namespace: 'test',
    setting: 'prometheus',
    isScraped: false,
    patienceMs: 10_000,
    open: () => Promise.resolve(slowSource(clock, 3000, 1000)),
  });
  const { instances } = await metrics.read({ sinceMs: askedMs - 500, reloadedAtMs: askedMs - 500 });
  // A second before it was asked, by our clock: before the reload.
  expect(instances[0]?.activeOverrides).toEqual([{ atMs: askedMs - 1000, value: 1 }]);
});

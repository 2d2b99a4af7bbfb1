import { expect, test } from 'vitest';
import type { MetricObservations } from '../../../src/domain/proof/metric-observations.js';
import type { MetricsSource } from '../../../src/ports/metrics-source.js';
import { createProofMetrics, type MetricQuestion } from '../../../src/procedures/proof/metric-reader.js';
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

const answerMs = 3000;

function read(clock: ReturnType<typeof createFakeClock>, question: MetricQuestion): Promise<MetricObservations> {
  const metrics = createProofMetrics({
    clock,
    deadline: createFakeDeadline(clock, 60_000),
    namespace: 'test',
    setting: 'prometheus',
    isScraped: false,
    patienceMs: 10_000,
    open: () => Promise.resolve(slowSource(clock, answerMs, 1000)),
  });
  return metrics.read(question);
}

test('a sample does not seem younger because the answer that brought it took long', async () => {
  const clock = createFakeClock();
  const askedMs = clock.nowMs();
  const { instances } = await read(clock, { sinceMs: askedMs - 500, reload: null });
  // A second before it was asked, by our clock: before the reload.
  expect(instances[0]?.activeOverrides).toEqual([{ atMs: askedMs - 1000, value: 1 }]);
});

test('nor older: what may be from after a reload was sent does not stand for what was before it', async () => {
  const clock = createFakeClock();
  const sentMs = clock.nowMs() - 900;
  const { reload } = await read(clock, { sinceMs: null, reload: { sentMs, doneMs: sentMs + 100 } });
  // By as much as the answer was under way, and as a scrape may take.
  expect(reload).toEqual({ sentMs: sentMs - answerMs - 1000, doneMs: sentMs + 100 });
});

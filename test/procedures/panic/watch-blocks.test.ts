import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import type { LabelledNumber } from '../../../src/domain/decisions/readings.js';
import { watchBlocks } from '../../../src/procedures/panic/watch-blocks.js';
import { createFakeMetricsSource } from '../../support/fake-metrics-source.js';
import { createFakeClock, createFakeDeadline } from '../../support/fake-time.js';

const input = {
  namespace: 'app',
  configured: [{ name: 'pay', spellings: ['pay', 'financial'] }],
  touched: { names: ['pay'], areWhole: true },
  workers: 1,
  waitMs: 20_000,
};
const counted = (allow: number, block: number, shadow: number): { decisions: readonly LabelledNumber[] } => ({
  decisions: [
    { bucket: 'financial', action: 'allow', shadow: 'False', value: allow },
    { bucket: 'financial', action: 'block', shadow: 'False', value: block },
    { bucket: 'financial', action: 'shadow_block', shadow: 'True', value: shadow },
  ],
});

function open(isScraped = false) {
  const clock = createFakeClock();
  const deadline = createFakeDeadline(clock, 60_000);
  return { clock, deadline, source: createFakeMetricsSource(isScraped) };
}

describe('watching what is decided after a panic', () => {
  test('ends as soon as shadow blocks alone rise, under the one name of the bucket', async () => {
    const ports = open();
    ports.source.answer(counted(4, 0, 12));
    const watch = await watchBlocks(ports, input);
    expect(watch).toMatchObject({
      verdict: 'proven',
      source: 'fake',
      error: null,
      buckets: [{ bucket: 'pay', allowed: 4, blocked: 0, shadowBlocked: 12 }],
    });
    expect(ports.clock.slept).toEqual([2000]);
    expect(ports.source.asked).toMatchObject([{ windowMs: 2000, endMs: null }]);
  });

  test('every window begins after the panic, and none is longer than a few scrapes', async () => {
    const ports = open();
    ports.source.answer(counted(4, 1, 2));
    expect((await watchBlocks(ports, { ...input, waitMs: 100_000 })).verdict).toBe('contradicted');
    const windows = ports.source.asked.map(({ windowMs }) => windowMs);
    expect(windows.slice(0, 3)).toEqual([2000, 4000, 6000]);
    expect(Math.max(...windows)).toBe(45_000);
  });

  test('blocks that stop late are waited for', async () => {
    const ports = open();
    ports.source.answer(counted(4, 9, 0));
    const said: string[] = [];
    const watch = await watchBlocks(ports, input, (text) => {
      said.push(text);
      if (said.length === 3) ports.source.answer(counted(9, 0, 15));
    });
    expect(watch.verdict).toBe('proven');
    expect(said[0]).toBe('still blocked: pay 9; looking again, for 18s at most');
  });

  test('no data to the end is no proof', async () => {
    const ports = open();
    ports.source.answer({});
    const watch = await watchBlocks(ports, input);
    expect(watch).toMatchObject({ verdict: 'noData', error: null });
    expect(ports.clock.monotonicMs()).toBeLessThanOrEqual(20_000);
  });

  test('a source that fails is asked again, and at the end its error is told', async () => {
    const ports = open();
    const down = new RlctlError('unreachable', 'Prometheus at x does not answer', { code: 'PROMETHEUS_UNREACHABLE' });
    ports.source.answer(down);
    const watch = await watchBlocks(ports, input);
    expect(watch).toMatchObject({
      verdict: 'noData',
      text: 'the metrics could not be read, which is no proof: Prometheus at x does not answer',
      error: { code: 'PROMETHEUS_UNREACHABLE' },
    });
    expect(ports.clock.slept.length).toBeGreaterThan(5);
    const defect = open();
    defect.source.answer(new TypeError('a defect'));
    await expect(watchBlocks(defect, input)).rejects.toThrow('a defect');
  });

  test('a page that is scraped is first read at once, because it tells what happened between two looks', async () => {
    const ports = open(true);
    ports.source.answer(counted(1, 0, 10));
    await watchBlocks(ports, input);
    expect(ports.clock.slept).toEqual([]);
  });

  test('few requests over their limit are looked at again, for more; at the end they prove it, and are said to be few', async () => {
    const ports = open();
    ports.source.answer(counted(4, 0, 1));
    const said: string[] = [];
    const watch = await watchBlocks(ports, input, (text) => said.push(text));
    expect(said.length).toBeGreaterThan(5);
    expect(watch).toMatchObject({
      verdict: 'proven',
      isThin: true,
      text: expect.stringMatching(/; this rests on 1 request over the limit, which is little$/) as string,
    });

    const more = open();
    more.source.answer(counted(4, 0, 9));
    const shown = await watchBlocks(more, input, () => more.source.answer(counted(4, 0, 10)));
    expect([more.source.asked.length, shown.isThin, shown.text.includes('rests on')]).toEqual([2, false, false]);
  });

  test('an interrupt ends it with what was seen', async () => {
    const clock = createFakeClock();
    const controller = new AbortController();
    const ports = {
      clock,
      deadline: createFakeDeadline(clock, 60_000, controller.signal),
      source: createFakeMetricsSource(),
    };
    ports.source.answer(counted(1, 1, 1));
    const watch = await watchBlocks(ports, input, () => controller.abort(new Error('interrupted')));
    expect([ports.source.asked.length, watch.verdict]).toEqual([1, 'contradicted']);
  });

  test('the deadline ends it as well', async () => {
    const clock = createFakeClock();
    const ports = { clock, deadline: createFakeDeadline(clock, 5000), source: createFakeMetricsSource() };
    ports.source.answer(counted(1, 1, 1));
    expect((await watchBlocks(ports, input)).verdict).toBe('contradicted');
    expect(clock.monotonicMs()).toBeLessThanOrEqual(5000);
  });
});

import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { readFigures, type FiguresInput } from '../../../src/procedures/incident/figures.js';
import { deadlineIn } from '../../contracts/override-store.kit.js';
import { createFakeMetricsSource } from '../../support/fake-metrics-source.js';

const minute = 60_000;
const at = (minutes: number): number => Date.parse('2026-11-21T10:00:00Z') + minutes * minute;
const input = (...minutes: number[]): FiguresInput => ({
  namespace: 'lab',
  configured: [{ name: 'pay', spellings: ['pay', 'financial'] }],
  workers: 1,
  marks: minutes.map((each, index) => ({ number: index + 1, atMs: at(each) })),
  nowMs: at(100),
});
const deadline = deadlineIn(60_000);
const point = (minutes: number, bucket: string, action: string, value: number) => ({
  atMs: at(minutes),
  perSecond: [{ bucket, action, shadow: 'false', value }],
});

describe('figures around changes', () => {
  test('are asked for around each, by time, and told by the bucket’s one name', async () => {
    const source = createFakeMetricsSource();
    source.answer({ points: [point(19, 'financial', 'blocked', 3), point(21, 'financial', 'blocked', 0)] });
    const { figures, withoutFigures } = await readFigures({ source, deadline }, input(20, 50));
    expect(withoutFigures).toBeNull();
    expect(source.asked.map(({ endMs, windowMs, stepMs }) => [endMs, windowMs, stepMs])).toEqual([
      [at(25), 10 * minute, 10_000],
      [at(55), 10 * minute, 10_000],
    ]);
    expect(figures[0]?.window.marks).toEqual([{ number: 1, atMs: at(20) }]);
    expect(figures[0]?.buckets).toMatchObject([{ bucket: 'pay', course: [{ blocked: 3 }, { blocked: 0 }] }]);
    expect(figures[0]?.remarks).toEqual([]);
  });

  test('that would look otherwise than it was come with the reason', async () => {
    const source = createFakeMetricsSource();
    const points = [point(19, 'read', 'allowed', 3)];
    source.answer({ points, processes: { resets: 5, isAlternating: true, seen: 2 } });
    const { figures } = await readFigures({ source, deadline }, input(20));
    expect(figures[0]?.remarks.join()).not.toBe('');
  });

  test.each([
    ['nothing is configured', null, 'no Prometheus is configured for this environment'],
    ['/metrics alone', createFakeMetricsSource(true), '/metrics remembers nothing'],
  ])('are not at hand where %s', async (_, source, expected) => {
    const { figures, withoutFigures } = await readFigures({ source, deadline }, input(20));
    expect(figures).toEqual([]);
    expect(withoutFigures).toContain(expected);
    expect(await readFigures({ source, deadline }, input())).toEqual({ figures: [], withoutFigures: null });
  });

  test('are given up at the first question that nobody answers, and at the last of those refused', async () => {
    const source = createFakeMetricsSource();
    source.answer(new RlctlError('unreachable', 'it is down', { code: 'PROMETHEUS_UNREACHABLE' }));
    expect(await readFigures({ source, deadline }, input(20, 50))).toEqual({
      figures: [],
      withoutFigures: 'it is down',
    });
    expect(source.asked).toHaveLength(1);
    source.answer(new RlctlError('refused', 'it has no series', { code: 'NO_SERIES' }));
    expect(await readFigures({ source, deadline }, input(20, 50))).toEqual({
      figures: [],
      withoutFigures: 'it has no series',
    });
    expect(source.asked).toHaveLength(3);
  });

  test('are limited to the last stretches of time, and say so', async () => {
    const source = createFakeMetricsSource();
    source.answer({ points: [point(19, 'financial', 'allowed', 3)] });
    const many = Array.from({ length: 14 }, (_, index) => index * 20);
    const { figures, withoutFigures } = await readFigures({ source, deadline }, { ...input(...many), nowMs: at(1000) });
    expect(figures).toHaveLength(12);
    expect(figures[0]?.window.marks[0]?.number).toBe(3);
    expect(withoutFigures).toContain('2 earlier');
  });

  test('an interrupt is no missing figure', async () => {
    const interrupt = new AbortController();
    const reason = new RlctlError('interrupted', 'interrupted', { code: 'INTERRUPTED' });
    interrupt.abort(reason);
    const source = createFakeMetricsSource();
    await expect(readFigures({ source, deadline: deadlineIn(60_000, interrupt.signal) }, input(20))).rejects.toBe(
      reason,
    );
  });
});

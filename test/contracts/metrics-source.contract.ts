import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RlctlError } from '../../src/domain/errors.js';
import type { DecisionsQuestion, MetricsSource } from '../../src/ports/metrics-source.js';
import { createFakeClock, createFakeDeadline } from '../support/fake-time.js';

/**
 * What the other side does for one test. `good`: within the window 200 requests of bucket read were allowed and 40 blocked
 * in the documented spelling, 60 of bucket financial shadow-blocked in the deployed one; four of read's waited at most 1 s
 * and four longer than 10 s; one reload; 2 overrides in force.
 */
export type MetricsSituation =
  'good' | 'noSeries' | 'unauthorised' | 'html' | 'redirect' | 'unwell' | 'tooLarge' | 'reset';

export interface MetricsSubject {
  readonly source: MetricsSource;
  readonly namespace: string;
  /** The window's end; `null`: now. */
  readonly endMs: number | null;
  /** When a good window's reload was last counted; `null`: it remembers nothing. */
  readonly lastReloadMs: number | null;
  arrange(situation: MetricsSituation): void;
  stop(): Promise<void>;
}

/** The port's promises, which hold for the fake and for both real adapters alike. */
export function describeMetricsSource(name: string, start: () => Promise<MetricsSubject>): void {
  describe(`a source of metrics (${name})`, () => {
    let subject: MetricsSubject;

    beforeEach(async () => {
      subject = await start();
    });

    afterEach(async () => subject.stop());

    const clock = createFakeClock();
    const read = (more: Partial<DecisionsQuestion> = {}, interrupted = new AbortController().signal) => {
      const { namespace, endMs } = subject;
      const question = { namespace, buckets: [], windowMs: 300_000, stepMs: 15_000, endMs, ...more };
      return subject.source.read(question, createFakeDeadline(clock, 10_000, interrupted));
    };

    it('counts the increase of each series, labels as they came', async () => {
      subject.arrange('good');
      const { decisions, reloads, activeOverrides, endMs, newestMs } = await read();
      const real = decisions.filter(({ bucket }) => bucket !== 'bootstrap');
      expect(real.toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))).toEqual([
        { bucket: 'read', action: 'blocked', shadow: 'false', value: 40 },
        { bucket: 'financial', action: 'shadow_block', shadow: 'True', value: 60 },
        { bucket: 'read', action: 'allowed', shadow: 'false', value: 200 },
      ]);
      expect({ reloads, activeOverrides, newestMs }).toEqual({ reloads: 1, activeOverrides: [2], newestMs: endMs });
    });

    it('tells the last reload where it remembers it, and null where it does not', async () => {
      subject.arrange('good');
      const { source, namespace, endMs, lastReloadMs } = subject;
      expect(await source.lastReload({ namespace, endMs }, createFakeDeadline(clock))).toBe(lastReloadMs);
    });

    it('shows what each process holds of its configuration, at once', async () => {
      subject.arrange('good');
      const { source, namespace, endMs } = subject;
      const { instances, spellings } = await source.configuration({ namespace, endMs }, createFakeDeadline(clock));
      const newest = instances.map((each) => [each.activeOverrides.at(-1)?.value, each.reloads.length > 0]);
      expect(newest).toEqual([[2, true]]);
      expect(spellings).toContainEqual({ action: 'blocked', shadow: 'false' });
      expect(spellings).toContainEqual({ action: 'shadow_block', shadow: 'True' });
    });

    it('no series of the namespace: its configuration is an error as well', async () => {
      subject.arrange('noSeries');
      const { source, namespace, endMs } = subject;
      const asked = source.configuration({ namespace, endMs }, createFakeDeadline(clock));
      await expect(asked).rejects.toMatchObject({ kind: 'refused' });
    });

    it('counts observations by edge, per bucket', async () => {
      subject.arrange('good');
      const { retryAfter } = await read();
      const own = retryAfter.filter(({ bucket }) => bucket === 'read').toSorted((a, b) => a.edge - b.edge);
      expect(own).toEqual([
        { bucket: 'read', edge: 1, count: 4 },
        { bucket: 'read', edge: 10, count: 4 },
        { bucket: 'read', edge: Infinity, count: 8 },
      ]);
    });

    it('answers about the buckets that were asked for, and about what has no bucket', async () => {
      subject.arrange('good');
      const readings = await read({ buckets: ['financial', 'other'] });
      expect(readings.decisions.map(({ bucket }) => bucket)).toEqual(['financial']);
      expect([readings.retryAfter, readings.reloads]).toEqual([[], 1]);
    });

    it('an absent series is absent, never 0', async () => {
      subject.arrange('good');
      const readings = await read();
      expect([readings.evalErrors, readings.evalDuration]).toEqual([[], []]);
    });

    it.each([
      ['noSeries', 'refused'],
      ['unauthorised', 'refused'],
      ['html', 'refused'],
      ['redirect', 'refused'],
      ['tooLarge', 'refused'],
      ['unwell', 'unreachable'],
      ['reset', 'unreachable'],
    ] as const)('%s is an error of kind %s with a next step', async (situation, kind) => {
      subject.arrange(situation);
      const error: unknown = await read().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RlctlError);
      expect(error).toMatchObject({ kind, hint: expect.stringMatching(/\w/) });
    });

    it('an interrupt ends it with its own error', async () => {
      subject.arrange('good');
      const interrupt = new AbortController();
      const stop = new RlctlError('interrupted', 'stop', { code: 'INTERRUPTED' });
      interrupt.abort(stop);
      await expect(read({}, interrupt.signal)).rejects.toBe(stop);
    });

    it('answers nothing once it is closed', async () => {
      subject.arrange('good');
      subject.source.close();
      await expect(read()).rejects.toThrow(/closed/);
    });
  });
}

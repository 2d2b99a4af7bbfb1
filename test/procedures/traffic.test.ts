import { describe, expect, test } from 'vitest';
import { trafficPort } from '../../src/commands/decisions/traffic.js';
import { resolveEnvironment } from '../../src/domain/config/resolve.js';
import type { LabelledNumber } from '../../src/domain/decisions/readings.js';
import { RlctlError } from '../../src/domain/errors.js';
import { readTraffic } from '../../src/procedures/traffic.js';
import { createFakeMetricsSource } from '../support/fake-metrics-source.js';
import { createFakeClock, createFakeDeadline } from '../support/fake-time.js';

const deadline = createFakeDeadline(createFakeClock());

const decisions = (bucket: string, counts: { allow?: number; block?: number; shadow_block?: number }) =>
  Object.entries(counts).map(([action, value]): LabelledNumber => ({
    bucket,
    action,
    shadow: action === 'shadow_block' ? 'True' : 'False',
    value,
  }));

const bucket = (name: string, ...spellings: readonly string[]) => ({ name, spellings: [name, ...spellings] });

async function sharesOf(readings: readonly LabelledNumber[], buckets = [bucket('read')]) {
  const source = createFakeMetricsSource();
  source.answer({ decisions: readings });
  const input = { namespace: 'app', buckets, workers: null, waitMs: 2000 };
  return (await readTraffic({ source, deadline }, input)).blockShares;
}

describe('block shares', () => {
  test('of every sought bucket in its order, then of every other; shadow blocks are decisions and no blocks', async () => {
    const readings = [
      ...decisions('video', { allow: 3, block: 1 }),
      ...decisions('auth', { allow: 96, block: 4 }),
      ...decisions('read', { allow: 60, block: 10, shadow_block: 30 }),
      ...decisions('bootstrap', { allow: 1, block: 1 }),
    ];
    expect(await sharesOf(readings, [bucket('read'), bucket('auth')])).toEqual([
      { bucket: 'read', share: 0.1, threshold: 0.05 },
      { bucket: 'auth', share: 0.04, threshold: 0.05 },
      { bucket: 'video', share: 0.25, threshold: 0.05 },
    ]);
  });

  test('for financial the alert fires at any 429, under whatever name it is configured', async () => {
    const readings = decisions('financial', { allow: 999, block: 1 });
    expect(await sharesOf(readings, [bucket('money', 'financial')])).toEqual([
      { bucket: 'money', share: 0.001, threshold: 0 },
    ]);
  });

  test('one bucket under two names in one fleet is one', async () => {
    const readings = [...decisions('auth', { allow: 10 }), ...decisions('auth_bootstrap', { allow: 20, block: 10 })];
    expect(await sharesOf(readings, [bucket('auth', 'auth_bootstrap')])).toEqual([
      { bucket: 'auth', share: 0.25, threshold: 0.05 },
    ]);
  });

  test.each([
    ['no series of the bucket', []],
    ['no series of its blocks', decisions('read', { allow: 7 })],
    ['no decision at all', decisions('read', { allow: 0, block: 0 })],
  ])('%s: no data, never 0', async (_, readings) => {
    expect(await sharesOf(readings)).toEqual([{ bucket: 'read', share: null, threshold: 0.05 }]);
  });

  test('blocks that were counted, none of them in the window: 0', async () => {
    expect(await sharesOf(decisions('read', { allow: 7, block: 0 }))).toEqual([
      { bucket: 'read', share: 0, threshold: 0.05 },
    ]);
  });
});

describe('the period', () => {
  test.each([
    ['the alert’s, where the source has a memory', false, 300_000],
    ['between two scrapes, where it has none', true, 2000],
  ])('%s', async (_, isScraped, windowMs) => {
    const source = createFakeMetricsSource(isScraped);
    const input = { namespace: 'app', buckets: [], workers: null, waitMs: 2000 };
    const { periodSeconds } = await readTraffic({ source, deadline }, input);
    expect([source.asked[0]?.windowMs, periodSeconds]).toEqual([windowMs, windowMs / 1000]);
  });

  test('the last reload as the source tells it', async () => {
    const source = createFakeMetricsSource();
    source.reloadedAt(1_795_175_715_000);
    const input = { namespace: 'app', buckets: [], workers: null, waitMs: 2000 };
    expect((await readTraffic({ source, deadline }, input)).lastReloadMs).toBe(1_795_175_715_000);
  });
});

describe('the port for one screen', () => {
  const environmentOf = (file: Readonly<Record<string, string>>) =>
    resolveEnvironment({
      name: 'here',
      file,
      filePlace: 'rlctl.yaml',
      isTrusted: true,
      env: {},
      flags: {},
    });
  const buckets = [{ name: 'auth', names: ['auth', 'auth_bootstrap'], routes: [] }];

  test('there is none where nothing is configured', () => {
    const metricsSource = () => Promise.reject(new Error('opened'));
    expect(trafficPort({ metricsSource }, environmentOf({ namespace: 'app' }), buckets)).toBeNull();
  });

  test('opens its source only when asked, and reads under every name of a bucket', async () => {
    const source = createFakeMetricsSource(true);
    source.answer({ decisions: decisions('auth_bootstrap', { allow: 3, block: 1 }) });
    const opened: number[] = [];
    const metricsSource = async (_: unknown, waitMs: number) => {
      opened.push(waitMs);
      return source;
    };
    const port = trafficPort(
      { metricsSource },
      environmentOf({ namespace: 'app', metrics: 'http://127.0.0.1:1/metrics' }),
      buckets,
    );
    expect(opened).toEqual([]);
    const short = createFakeDeadline(createFakeClock(), 1200);
    expect((await port?.(short))?.blockShares).toEqual([{ bucket: 'auth', share: 0.25, threshold: 0.05 }]);
    await port?.(deadline);
    expect(opened).toEqual([400, 2000]);
  });

  test('what is wrong with its source is the answer to this question alone', async () => {
    const refusal = new RlctlError('guard', 'no', { code: 'SECRET_FILE_UNSAFE', hint: 'chmod' });
    const metricsSource = () => Promise.reject(refusal);
    const prometheus = 'http://127.0.0.1:1';
    await expect(
      trafficPort({ metricsSource }, environmentOf({ namespace: 'app', prometheus }), buckets)?.(deadline),
    ).rejects.toBe(refusal);
    const noNamespace = trafficPort(
      { metricsSource: async () => createFakeMetricsSource() },
      environmentOf({ prometheus }),
      buckets,
    );
    await expect(noNamespace?.(deadline)).rejects.toMatchObject({ code: 'NO_NAMESPACE', kind: 'usage' });
  });
});

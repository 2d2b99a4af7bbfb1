import { expect, test } from 'vitest';
import { ask, cli, openRedis, openSandbox, overridesKey, type TestSandbox } from './support.js';
import { until } from '../support/until.js';

interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: ReadonlyMap<string, number>;
}

/** A strict reader of the text format: every line must be a HELP, a TYPE or a sample of a metric that was typed before. */
function read(text: string): Exposition {
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.slice(0, -1).split('\n')) {
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) types.set(type[1] ?? '', type[2] ?? '');
    if (line.startsWith('#')) {
      expect(line).toMatch(/^# (HELP|TYPE) [a-zA-Z_:][\w:]* \S/);
      continue;
    }
    const sample = /^(([a-zA-Z_:][\w:]*)(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})?) (\S+)$/.exec(line);
    expect([line, sample === null]).toEqual([line, false]);
    const name = sample?.[2] ?? '';
    const isTyped = types.has(name) || types.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram';
    expect([line, isTyped, Number.isFinite(Number(sample?.[3]))]).toEqual([line, true, true]);
    samples.set(sample?.[1] ?? '', Number(sample?.[3]));
  }
  return { types, samples };
}

async function scrape(sandbox: TestSandbox): Promise<Exposition> {
  const reply = await ask(`${sandbox.origin}/metrics`);
  expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return read(reply.text);
}

const names = {
  demo_rl_decisions_total: 'counter',
  demo_rl_retry_after_seconds: 'histogram',
  demo_rl_eval_duration_seconds: 'histogram',
  demo_rl_eval_errors_total: 'counter',
  demo_rl_config_reload_total: 'counter',
  demo_rl_active_overrides: 'gauge',
};

async function payTwice(sandbox: TestSandbox): Promise<void> {
  await sandbox.get('/api/payments', 'm');
  await sandbox.get('/api/payments', 'm');
}

test('documented metrics', async () => {
  const sandbox = await openSandbox();
  await cli(sandbox, 'SET', overridesKey, '{"/a":{},"/b":{"rate":"x"},"/c":3}');
  await sandbox.reload();
  await payTwice(sandbox);
  const { types, samples } = await scrape(sandbox);
  expect(Object.fromEntries(types)).toEqual(names);
  expect(samples.get('demo_rl_decisions_total{bucket="financial",action="allowed",shadow="false"}')).toBe(1);
  expect(samples.get('demo_rl_decisions_total{bucket="financial",action="blocked",shadow="false"}')).toBe(1);
  expect(samples.get('demo_rl_retry_after_seconds_count{bucket="financial",shadow="false"}')).toBe(1);
  // Twelve seconds lie beyond the last edge.
  expect(samples.get('demo_rl_retry_after_seconds_bucket{bucket="financial",shadow="false",le="10"}')).toBe(0);
  expect(samples.get('demo_rl_retry_after_seconds_bucket{bucket="financial",shadow="false",le="+Inf"}')).toBe(1);
  expect(samples.get('demo_rl_eval_duration_seconds_count{bucket="financial"}')).toBe(2);
  expect(samples.get('demo_rl_config_reload_total')).toBe(1);
  expect(samples.get('demo_rl_active_overrides')).toBe(2);
  expect([...samples.keys()].filter((name) => name.includes('bootstrap'))).toEqual([]);
});

test('deployed metrics: Python-cased labels and a seeded bucket', async () => {
  const sandbox = await openSandbox({
    dialect: 'deployed',
    behaviour: { environment: { RATE_LIMIT_SHADOW_FINANCIAL: 'true' } },
  });
  await payTwice(sandbox);
  const { types, samples } = await scrape(sandbox);
  expect(Object.fromEntries(types)).toEqual(names);
  expect(samples.get('demo_rl_decisions_total{bucket="bootstrap",action="allow",shadow="False"}')).toBe(0);
  expect(samples.get('demo_rl_decisions_total{bucket="financial",action="allow",shadow="True"}')).toBe(1);
  expect(samples.get('demo_rl_decisions_total{bucket="financial",action="shadow_block",shadow="True"}')).toBe(1);
  expect(samples.get('demo_rl_retry_after_seconds_count{bucket="financial",shadow="True"}')).toBe(1);
  expect((await ask(`${sandbox.origin}/api/v1/internal/metrics`)).status).toBe(200);
});

test('histogram buckets are cumulative', async () => {
  const sandbox = await openSandbox();
  for (let n = 0; n < 14; n += 1) await sandbox.get('/api/search', 'h');
  const { samples } = await scrape(sandbox);
  const counts = [...samples].filter(([name]) => name.startsWith('demo_rl_retry_after_seconds_bucket'));
  const values = counts.map(([, value]) => value);
  expect(values).toEqual(values.toSorted((left, right) => left - right));
  expect(values.at(-1)).toBeGreaterThanOrEqual(2);
});

test('a scrape sees one worker', async () => {
  const sandbox = await openSandbox({ workers: 2 });
  await sandbox.get('/api/search', 'u');
  const [second, first] = [await scrape(sandbox), await scrape(sandbox)];
  const series = 'demo_rl_decisions_total{bucket="read",action="allowed",shadow="false"}';
  expect([first.samples.get(series), second.samples.get(series)]).toEqual([1, undefined]);
});

test('a label value cannot break a line', async () => {
  const { Series } = await import('../../src/sandbox/metrics.js');
  const series = new Series('x_total', 'counter', 'x');
  series.add({ bucket: 'a"b\\c\nd' });
  expect(series.render().at(-1)).toBe(String.raw`x_total{bucket="a\"b\\c\nd"} 1`);
});

test('Redis away: requests pass, the error counter is the only sign, and it recovers', async () => {
  const redis = await openRedis();
  const sandbox = await openSandbox({ redisUrl: redis.url });
  await redis.stop();
  await until(async () => {
    await sandbox.get('/api/payments', 'f');
    return (sandbox.workers()[0]?.evalErrors ?? 0) >= 3;
  });
  const open = await sandbox.get('/api/payments', 'f');
  expect([open.status, open.headers['x-ratelimit-limit']]).toEqual([200, undefined]);
  const { samples } = await scrape(sandbox);
  expect(samples.get('demo_rl_eval_errors_total{bucket="financial"}')).toBeGreaterThanOrEqual(3);
  await openRedis(['--port', String(redis.port)]);
  await until(async () => (await sandbox.get('/api/search', 'g')).headers['x-ratelimit-limit'] === '11');
});

test('a Redis that hangs does not hang a request', async () => {
  const redis = await openRedis();
  const sandbox = await openSandbox({ redisUrl: redis.url, behaviour: { redisTimeoutMs: 200 } });
  await sandbox.get('/api/search', 'g');
  process.kill(redis.pid, 'SIGSTOP');
  const reply = await sandbox.get('/api/search', 'g');
  expect([reply.status, reply.headers['x-ratelimit-limit']]).toEqual([200, undefined]);
  expect(sandbox.workers()[0]?.evalErrors).toBeGreaterThanOrEqual(1);
});

test.each([
  ['documented', 503],
  ['deployed', 200],
] as const)('%s health: ready answers %i when Redis is away, and its body says unhealthy', async (dialect, status) => {
  const redis = await openRedis();
  const sandbox = await openSandbox({ dialect, redisUrl: redis.url });
  for (const path of ['live', 'ready', 'startup']) {
    const { status: code, json } = await ask(`${sandbox.origin}/health/${path}`);
    expect([code, json['status']]).toEqual([200, 'healthy']);
    expect(json).toMatchObject({ version: expect.any(String), uptime_seconds: expect.any(Number) });
  }
  await redis.stop();
  await until(async () => (await ask(`${sandbox.origin}/health/ready`)).json['status'] === 'unhealthy');
  const ready = await ask(`${sandbox.origin}/health/ready`);
  expect(ready.status).toBe(status);
  expect(ready.json['components']).toContainEqual({
    name: 'redis',
    status: 'unhealthy',
    message: 'does not answer',
    check_duration_ms: expect.any(Number),
  });
  expect((await ask(`${sandbox.origin}/health/live`)).json).toMatchObject({ status: 'healthy' });
});

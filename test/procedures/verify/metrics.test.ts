import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openLab, type Lab } from '../../support/lab.js';
import { startPrometheus, type RunningPrometheus } from '../../support/prometheus.js';
import { reloadRaw } from '../../support/raw-reload.js';
import { jsonOf, type JsonObject } from '../../support/world.js';

interface Shown {
  readonly proof: JsonObject & { readonly evidence: readonly { subject: string; verdict: string; text: string }[] };
}

const state = {} as { lab: Lab; prometheus: RunningPrometheus };
const document = '{"/api/search":{"rate":120,"burst":20},"/api/payments":{"rate":3,"burst":1}}';

beforeAll(async () => {
  state.lab = await openLab();
  const url = `${state.lab.sandbox.origin}/metrics`;
  state.prometheus = await startPrometheus({ jobs: [{ name: 'lab', url }] });
  const scraped = async () => (await state.prometheus.query('lab_rl_active_overrides')).length;
  await vi.waitUntil(async () => (await scraped()) === 1, { timeout: 20_000 });
}, 60_000);
afterAll(async () => {
  await state.prometheus.stop();
  await state.lab.stop();
});
beforeEach(async () => {
  await state.lab.reset();
  await state.lab.store(document);
  await reloadRaw(state.lab.sandbox);
});

async function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const ran = await state.lab.world.main([...args, '--json'], { env });
  expect(ran.err).toBe('');
  const { proof } = jsonOf<Shown & JsonObject>(ran.out);
  return { code: ran.code, proof, metrics: proof.evidence.filter(({ subject }) => subject === 'metrics') };
}

/** Resolves right after a scrape: a reload that falls together with one is in it, and nobody can say that it moved anything. */
async function scraped(): Promise<void> {
  const newest = (): Promise<number | null> => state.prometheus.number('max(timestamp(lab_rl_active_overrides))');
  const last = await newest();
  await vi.waitUntil(async () => (await newest()) !== last, { timeout: 20_000, interval: 10 });
}

describe('with a Prometheus', () => {
  const env = () => ({ RLCTL_PROMETHEUS: state.prometheus.url });

  test('--reload --wait goes on until the next scrape shows the reload', async () => {
    await scraped();
    const { code, proof, metrics } = await run(['verify', '--reload', '--wait', '20s'], env());
    expect({ code, verdict: proof['verdict'] }).toEqual({ code: 0, verdict: 'proven' });
    expect(metrics.map(({ verdict }) => verdict)).toEqual(['proven', 'proven']);
    expect(metrics[1]?.text).toContain('counter of reloads moved');
    expect(proof['convergedMs']).toBeLessThan(Number(proof['tookMs']) + 1);
  });

  test('a change does not wait for it: not seen yet is neutral, and the change is proven', async () => {
    const args = ['override', 'set', '/api/items', '--rate', '70'];
    const { code, proof, metrics } = await run(args, env());
    expect({ code, verdict: proof['verdict'] }).toEqual({ code: 0, verdict: 'proven' });
    expect(metrics.every(({ verdict }) => verdict === 'neutral' || verdict === 'proven')).toBe(true);
    expect(metrics.length).toBeGreaterThan(0);
  });

  test('one that is away decides nothing, and is told', async () => {
    const { code, metrics } = await run(['verify'], { RLCTL_PROMETHEUS: 'http://127.0.0.1:1' });
    expect(code).toBe(0);
    expect(metrics).toMatchObject([
      { verdict: 'neutral', text: expect.stringContaining('could not be read') as string },
    ]);
  });
});

describe('with /metrics', () => {
  const env = () => ({ RLCTL_METRICS: `${state.lab.sandbox.origin}/metrics` });

  test('a change is seen at once', async () => {
    const { code, metrics } = await run(['override', 'set', '/api/items', '--rate', '70'], env());
    expect(code).toBe(0);
    expect(metrics[0]).toMatchObject({
      verdict: 'proven',
      text: 'the one process seen shows 3 active overrides, as Redis explains',
    });
  });

  test('--reload: the counter of reloads moved', async () => {
    const { code, metrics } = await run(['verify', '--reload'], env());
    expect(code).toBe(0);
    expect(metrics.map(({ verdict, text }) => [verdict, text])).toEqual([
      ['proven', 'the one process seen shows 2 active overrides, as Redis explains'],
      ['proven', 'the counter of reloads moved'],
    ]);
  });

  test('a number that Redis does not explain contradicts', async () => {
    await state.lab.store('{"/api/search":{"rate":120,"burst":20}}');
    const { code, metrics } = await run(['verify'], env());
    expect(code).toBe(8);
    expect(metrics).toMatchObject([{ verdict: 'contradicted' }]);
  });

  test('the same beside a route that was asked for by name, and that the server shows as stored', async () => {
    await state.lab.store('{"/api/search":{"rate":120,"burst":20}}');
    const { code, metrics } = await run(['verify', '/api/search'], env());
    expect([code, metrics]).toMatchObject([0, [{ verdict: 'neutral', isAside: true }]]);
  });

  test('of another namespace: the one that is there is told', async () => {
    const { metrics } = await run(['verify', '/api/search'], { ...env(), RLCTL_NAMESPACE: 'elsewhere' });
    expect(metrics[0]?.text).toContain('lab_rl_active_overrides');
  });
});

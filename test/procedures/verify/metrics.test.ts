import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startHttpControlPlane, type Arrived } from '../../support/http-control-plane.js';
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
  await reloadRaw(state.lab.sandbox);
  // What stood before a reload is told only by samples that are clearly older.
  const history = () => state.prometheus.number('max(count_over_time(lab_rl_config_reload_total[1m]))');
  await vi.waitUntil(async () => ((await history()) ?? 0) >= 12, { timeout: 20_000 });
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

/** Passes a request on to the sandbox; the answer to a reload waits until several scrapes have counted it. */
async function forward({ method, url, headers, body }: Arrived, response: ServerResponse): Promise<void> {
  const counter = (): Promise<number | null> =>
    state.prometheus.number('max(min_over_time(lab_rl_config_reload_total[2s]))');
  const isReload = method === 'POST';
  const before = isReload ? await state.prometheus.number('max(lab_rl_config_reload_total)') : null;
  const names = ['content-type', 'x-config-signature'];
  const passed = Object.fromEntries(names.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : [])));
  const sent = { method, headers: passed, ...(isReload ? { body } : {}) };
  const answer = await fetch(`${state.lab.sandbox.origin}${url}`, sent);
  const text = await answer.text();
  const isCounted = async () => ((await counter()) ?? 0) > (before ?? 0);
  if (isReload) await vi.waitUntil(isCounted, { timeout: 20_000, interval: 10 });
  response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(text);
}

describe('with a Prometheus', () => {
  const env = () => ({ RLCTL_PROMETHEUS: state.prometheus.url });

  test('--reload --wait goes on until the next scrape shows the reload', async () => {
    const { code, proof, metrics } = await run(['verify', '--reload', '--wait', '20s'], env());
    expect({ code, verdict: proof['verdict'] }).toEqual({ code: 0, verdict: 'proven' });
    expect(metrics.map(({ verdict }) => verdict)).toEqual(['proven', 'proven']);
    expect(metrics[1]?.text).toContain('counter of reloads moved');
    expect(proof['convergedMs']).toBeLessThan(Number(proof['tookMs']) + 1);
  });

  test('a scrape between a reload and its answer shows the reload, and is not taken for one from before it', async () => {
    const slow = await startHttpControlPlane();
    slow.behave((request, response) => void forward(request, response));
    try {
      const { code, metrics } = await run(['verify', '--reload', '--wait', '20s'], {
        ...env(),
        RLCTL_API: slow.origin,
      });
      expect([code, metrics.at(-1)]).toMatchObject([0, { verdict: 'proven', text: 'the counter of reloads moved' }]);
    } finally {
      await slow.stop();
    }
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

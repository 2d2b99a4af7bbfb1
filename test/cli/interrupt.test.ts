import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCli, type CliEnd } from '../support/cli.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { goodPolicy, json, startHttpControlPlane, type HttpControlPlane } from '../support/http-control-plane.js';
import { openLab, type Lab } from '../support/lab.js';
import { until } from '../support/until.js';
import { jsonOf, type JsonObject, type ShownError } from '../support/world.js';

const state = {} as { lab: Lab; api: HttpControlPlane; proxy: FaultProxy };
beforeAll(async () => {
  state.lab = await openLab();
  state.api = await startHttpControlPlane();
  state.proxy = await startFaultProxy(state.lab.redis.port);
});
afterAll(async () => {
  await state.api.stop();
  await state.proxy.stop();
  await state.lab.stop();
});
beforeEach(() => state.lab.reset());

/** A quarter of the deadline that an interrupted command would otherwise wait for. */
const limitMs = 5000;

interface Interrupted {
  readonly end: CliEnd;
  readonly error: ShownError;
  /** From the signal to the end of the process. */
  readonly tookMs: number;
}

/** Starts a command, waits for the moment, sends the signal. */
async function interrupt(
  args: readonly string[],
  moment: Promise<void>,
  env: Readonly<Record<string, string>> = {},
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Interrupted> {
  const { world } = state.lab;
  const running = startCli([...args, '--json', '--timeout', '20s'], { env: { ...world.env, ...env }, cwd: world.cwd });
  await Promise.race([moment, running.ended]);
  const startedMs = performance.now();
  running.child.kill(signal);
  const end = await running.ended;
  return { end, error: jsonOf<{ error: ShownError }>(end.err).error, tookMs: performance.now() - startedMs };
}

/** An API that never answers the requests of one method, and the moment such a request has arrived. */
function hanging(method: 'GET' | 'POST'): Promise<void> {
  return new Promise((resolve) =>
    state.api.behave((request, response, socket) => {
      if (request.method === method) resolve();
      else json(200, goodPolicy)(request, response, socket);
    }),
  );
}

const throughProxy = () => ({ RLCTL_REDIS_URL: `redis://127.0.0.1:${state.proxy.port}/0` });
const set = ['override', 'set', '/a', '--rate', '1'];

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  test('while the API hangs before the write: nothing is written', async () => {
    const ran = await interrupt([...set, '--target', state.api.origin], hanging('GET'), {}, signal);
    expect(ran.end).toMatchObject({ code, out: '' });
    expect(ran.error.message).toMatch(/nothing (more )?was (sent|written|changed)/);
    expect(ran.error.exitCode).toBe(code);
    expect(ran.tookMs).toBeLessThan(limitMs);
    expect(await state.lab.document()).toBeNull();
  });

  test('while the API hangs after the write: says that it is written, and how to go on', async () => {
    const ran = await interrupt([...set, '--target', state.api.origin], hanging('POST'), {}, signal);
    expect(ran.end).toMatchObject({ code, out: '' });
    expect(ran.error.message).toMatch(/after change c\w+ was written; its effect is not proven/);
    expect(ran.error).toMatchObject({ exitCode: code, details: { applied: true } });
    expect(ran.error.hint).toMatch(/rlctl/);
    expect(ran.tookMs).toBeLessThan(limitMs);
    expect(await state.lab.document()).toBe('{"/a":{"rate":1}}');
  });
});

test('while a reload waits for its answer: does not claim that nothing was sent', async () => {
  const ran = await interrupt(['reload', '--target', state.api.origin], hanging('POST'));
  expect(ran.end).toMatchObject({ code: 130, out: '' });
  expect(ran.tookMs).toBeLessThan(limitMs);
  expect(ran.error.message).not.toMatch(/nothing (more )?was sent$/);
  expect(ran.error.message).toMatch(/may|sent|answer|waiting/);
});

test('while Redis is silent: nothing was written', async () => {
  const moment = state.proxy.strike({ at: 'request', containing: 'GETRANGE', action: 'silence' });
  const ran = await interrupt([...set, '--no-reload'], moment, throughProxy());
  expect(ran.end).toMatchObject({ code: 130, out: '' });
  expect(ran.error.message).toMatch(/nothing (more )?was (sent|written)/);
  expect(ran.tookMs).toBeLessThan(limitMs);
  expect(await state.lab.document()).toBeNull();
});

test('while the answer to the write is missing: finds out by the change id that it was written', async () => {
  const moment = state.proxy.strike({ at: 'reply', containing: 'a-late-answer', action: 'silence' });
  const ran = await interrupt([...set, '--no-reload', '--reason', 'a-late-answer'], moment, throughProxy());
  expect(ran.end).toMatchObject({ code: 130, out: '' });
  expect(ran.error.message).toMatch(/change c\w+ was written|was applied/);
  expect(ran.tookMs).toBeLessThan(limitMs);
  expect(await state.lab.document()).toBe('{"/a":{"rate":1}}');
});

test('while the write itself is stuck on its way: does not claim that it was written', async () => {
  const moment = state.proxy.strike({ at: 'request', containing: 'a-stuck-write', action: 'silence' });
  const ran = await interrupt([...set, '--no-reload', '--reason', 'a-stuck-write'], moment, throughProxy());
  expect([9, 130]).toContain(ran.end.code);
  expect(ran.error.message).not.toMatch(/ was (written|applied);/);
  expect(JSON.stringify(ran.error)).toMatch(/c0\w+/);
  expect(ran.tookMs).toBeLessThan(limitMs);
  expect(await state.lab.document()).toBeNull();
});

test('a second signal ends it at once', async () => {
  const { world } = state.lab;
  const moment = state.proxy.strike({ at: 'request', containing: 'GETRANGE', action: 'silence' });
  const env = { ...world.env, ...throughProxy() };
  const running = startCli([...set, '--no-reload', '--timeout', '20s'], { env, cwd: world.cwd });
  await Promise.race([moment, running.ended]);
  const startedMs = performance.now();
  running.child.kill('SIGINT');
  running.child.kill('SIGINT');
  expect((await running.ended).code).toBe(130);
  expect(performance.now() - startedMs).toBeLessThan(limitMs);
});

test('a panic killed while its decisions are watched leaves no "proven" behind: what was, and what was never seen', async () => {
  const { world, environment, sandbox } = state.lab;
  const path = await world.config('watched.yaml', {
    environments: { lab: { ...environment, metrics: `${sandbox.origin}/metrics` } },
  });
  const run = async (args: readonly string[]): Promise<string> => (await world.main(args)).out;
  const watched = async (): Promise<unknown> =>
    jsonOf<{ panics: readonly JsonObject[] }>(await run(['panic', 'list', '--json'])).panics[0]?.['watched'];
  const env = { ...world.env, RLCTL_CONFIG: path };
  const running = startCli(['panic', 'bucket', 'financial', '--wait', '2m'], { env, cwd: world.cwd });
  await until(async () => ((await watched()) ?? null) !== null, 'the watch to be written down');
  running.child.kill('SIGKILL');
  expect((await running.ended).signal).toBe('SIGKILL');
  expect(await watched()).toMatchObject({ policy: 'proven', level: 'loaded', decisions: null });
  expect(jsonOf(await run(['status', '--json']))).toMatchObject({ lastReload: { verdict: 'notProven' } });
  const said = 'the policy is proven (loaded), the decisions waited for until ';
  expect(await run(['status'])).toContain(`not proven: ${said}`);
  expect((await run(['panic', 'list'])).replaceAll(/\s+/g, ' ')).toContain(`: ${said}`);
});

import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startCli, type CliRun } from '../support/cli.js';
import { openLab, type Lab } from '../support/lab.js';
import { selfSigned } from '../support/self-signed.js';
import { startBlackHole, startWebhook, type TestReceiver } from '../support/receivers.js';
import type { JsonObject } from '../support/world.js';

const key = randomBytes(24);
const state = {} as { lab: Lab; secret: string; opened: TestReceiver[] };
beforeAll(async () => {
  state.lab = await openLab();
  state.secret = await state.lab.world.write('hook-secret', `whsec_${key.toString('base64')}`);
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  state.opened = [];
  await state.lab.reset();
});
afterEach(async () => {
  for (const each of state.opened) await each.stop();
});

/** Starts a change with this receiver, and knows when its result stood on stdout. */
async function start(
  receiver: JsonObject,
  env: Readonly<Record<string, string>> = {},
): Promise<CliRun & { readonly shown: Promise<number> }> {
  const { world, environment } = state.lab;
  const path = await world.config('cli.yaml', { environments: { lab: { ...environment, notify: [receiver] } } });
  const run = startCli(['--config', path, 'override', 'set', '/api/search', '--rate', '5', '--timeout', '60s'], {
    env: { ...world.env, ...env },
    cwd: world.cwd,
  });
  const shown = new Promise<number>((resolve) => {
    run.child.stdout.on('data', () => {
      if (run.out().includes('PROVEN')) resolve(performance.now());
    });
  });
  return { ...run, shown };
}

async function blackHole(): Promise<TestReceiver> {
  const hole = await startBlackHole();
  state.opened.push(hole);
  return hole;
}

describe('the process of a change', () => {
  test('shows its result first, and ends three seconds later where a receiver says nothing', async () => {
    const hole = await blackHole();
    const run = await start({ webhook: hole.origin, secret: { file: state.secret } });
    const shownMs = await run.shown;
    const end = await run.ended;
    const heldMs = performance.now() - shownMs;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(end.err).toContain('connected, but no answer came in time');
    expect(heldMs).toBeGreaterThan(2000);
    expect(heldMs).toBeLessThan(30_000);
    expect(hole.posts()).toHaveLength(1);
  });

  test('ends as soon as somebody interrupts the waiting, as the change ended', async () => {
    const hole = await blackHole();
    const run = await start({ webhook: hole.origin, secret: { file: state.secret } });
    await run.shown;
    await expect.poll(() => hole.posts().length, { interval: 10, timeout: 10_000 }).toBe(1);
    run.child.kill('SIGINT');
    const end = await run.ended;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(end.err).toContain('was not told of');
    expect(end.err).not.toContain('no answer came in time');
  });

  test('waits no longer for a secret that does not come, and leaves no program behind', async () => {
    const receiver = await startWebhook({ key });
    state.opened.push(receiver);
    const run = await start({ webhook: receiver.origin, secret: { command: ['sleep', '47.11'] } });
    const shownMs = await run.shown;
    const end = await run.ended;
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(end.err).toContain('was not told of');
    expect(performance.now() - shownMs).toBeLessThan(30_000);
    expect(receiver.posts()).toEqual([]);
  });

  test('speaks TLS with a receiver, and only with one whose certificate somebody vouches for', async () => {
    const tls = selfSigned('localhost');
    const receiver = await startWebhook({ key, tls });
    state.opened.push(receiver);
    const target = { webhook: receiver.origin, secret: { file: state.secret } };
    const doubted = await (await start(target)).ended;
    expect(doubted.code).toBe(0);
    expect(doubted.err).toContain('its certificate was not accepted');
    expect(receiver.received).toEqual([]);
    await state.lab.reset();
    const authority = await state.lab.world.write('ca.pem', tls.cert);
    const run = await start(target, { NODE_EXTRA_CA_CERTS: authority });
    expect(await run.ended).toMatchObject({ code: 0, err: '' });
    expect(receiver.events()).toHaveLength(1);
  });

  test('tells it with the signature that the receiver works out by itself', async () => {
    const receiver = await startWebhook({ key });
    state.opened.push(receiver);
    const run = await start({ webhook: receiver.origin, secret: { file: state.secret } });
    expect(await run.ended).toMatchObject({ code: 0, err: '' });
    expect(receiver.events()).toMatchObject([{ type: 'change.made', routes: ['/api/search'] }]);
  });
});

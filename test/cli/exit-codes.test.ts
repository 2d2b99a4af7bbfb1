import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { exitCodes } from '../../src/domain/exit-codes.js';
import { startCli, runCli, type CliEnd } from '../support/cli.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { startHttpControlPlane } from '../support/http-control-plane.js';
import { labHistoryKey, openLab, type Lab } from '../support/lab.js';
import { jsonOf, type ShownError } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliEnd> {
  const { world } = state.lab;
  return runCli(args, { env: { ...world.env, ...env }, cwd: world.cwd });
}

/** How each row of the table is reached, from a document that holds one entry. */
const ways: Readonly<Record<number, () => Promise<CliEnd>>> = {
  0: () => run(['override', 'set', '/a', '--rate', '2', '--json']),
  // A state folder below a file: nobody can write there, not even root.
  1: () => run(['env', 'use', 'lab', '--json'], { XDG_STATE_HOME: `${state.lab.world.env['RLCTL_CONFIG']}/state` }),
  2: () => run(['override', 'set', '/a', '--json']),
  3: () => run(['policy', 'get', '/a', '--bucket', 'read', '--json']),
  4: async () => run(['reload', '--json', '--secret-file', await state.lab.world.write('wrong', 'wrong')]),
  5: () => run(['override', 'set', '/a', '--rate', '2', '--if-revision', 'none', '--json']),
  6: () => run(['override', 'set', '/a', '--rate', '2', '--read-only', '--json']),
  7: () => run(['override', 'list', '--json'], { RLCTL_REDIS_URL: 'redis://127.0.0.1:1' }),
  8: () => run(['reload', '--expect', '7', '--json']),
  9: lostAnswer,
  130: () => interrupted('SIGINT'),
  143: () => interrupted('SIGTERM'),
};

/** The answer to the write is lost, and so is every answer about it. */
async function lostAnswer(): Promise<CliEnd> {
  const proxy = await startFaultProxy(state.lab.redis.port);
  proxy.inject({ at: 'reply', containing: 'a-lost-answer', action: 'silence', times: 99 });
  proxy.inject({ at: 'request', containing: '$3\r\n100\r\n', action: 'silence', times: 99 });
  try {
    const args = ['override', 'set', '/a', '--rate', '2', '--reason', 'a-lost-answer', '--json', '--timeout', '6s'];
    return await run(args, { RLCTL_REDIS_URL: `redis://127.0.0.1:${proxy.port}/0` });
  } finally {
    await proxy.stop();
  }
}

async function interrupted(signal: 'SIGINT' | 'SIGTERM'): Promise<CliEnd> {
  const { world } = state.lab;
  const api = await startHttpControlPlane();
  try {
    const arrived = new Promise<void>((resolve) => api.behave(() => resolve()));
    const running = startCli(['reload', '--json', '--target', api.origin], { env: world.env, cwd: world.cwd });
    await arrived;
    running.child.kill(signal);
    return await running.ended;
  } finally {
    await api.stop();
  }
}

test('the table has no code that this test does not reach', () => {
  expect(Object.keys(ways).map(Number)).toEqual(exitCodes.map(({ code }) => code));
});

test.each(exitCodes.map(({ code, name }) => [code, name] as const))('%i: %s', async (code) => {
  await state.lab.store('{"/a":{"rate":1}}');
  const ran = await ways[code]?.();
  expect(ran).toMatchObject({ code, signal: null });
  // 0, 3 and 8 print the result; every other code one error object.
  if ([0, 3, 8].includes(code)) {
    expect(jsonOf(ran?.out ?? '')).toMatchObject({ apiVersion: 'rlctl/v1' });
    expect(ran?.err).toBe('');
  } else {
    expect(ran?.out).toBe('');
    const { error } = jsonOf<{ error: ShownError }>(ran?.err ?? '');
    expect(error).toMatchObject({ exitCode: code, code: expect.stringMatching(/^[A-Z][A-Z0-9_]+$/) as string });
    expect(error.message).toBeTruthy();
  }
});

test('9 names the change id, and the command that tells; what it tells is true', async () => {
  const { error } = jsonOf<{ error: ShownError }>((await lostAnswer()).err);
  expect(error.hint).toContain(`override history --id ${String(error.details?.['changeId'])}`);
  const told = await run(['override', 'history', '--id', String(error.details?.['changeId']), '--json']);
  expect(told.code).toBe(0);
  expect(await state.lab.document()).toBe('{"/a":{"rate":2}}');
  expect(await state.lab.redis.cli('XLEN', labHistoryKey)).toBe('1');
});

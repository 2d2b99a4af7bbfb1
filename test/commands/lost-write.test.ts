import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { errorOf } from '../support/world.js';

// A change that never arrives: what is said of it, and why.

const state = {} as { lab: Lab; proxy: FaultProxy };
beforeAll(async () => {
  state.lab = await openLab();
  await state.lab.redis.cli('ACL', 'SETUSER', 'noeval', 'on', '>pw', '~*', '+@all', '-@scripting');
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  await state.lab.reset();
  state.proxy = await startFaultProxy(state.lab.redis.port);
});
afterEach(() => state.proxy.stop());

const set = ['override', 'set', '/a', '--rate', '1', '--reason', 'a-write', '--no-reload', '--json'];

test('every attempt fails until the deadline: proven not applied, with what the network did', async () => {
  state.proxy.inject({ at: 'request', containing: 'a-write', action: 'reset', times: Infinity });
  const env = { RLCTL_REDIS_URL: `redis://127.0.0.1:${state.proxy.port}/0` };
  // Long enough for a first attempt on a machine that is busy with others.
  const ran = await state.lab.world.main([...set, '--timeout', '6s'], { env });
  expect(errorOf(ran)).toMatchObject({
    exitCode: 7,
    code: 'DEADLINE',
    message: expect.stringMatching(
      /^the deadline passed; change c\w+ was not applied, and cannot be any more: the connection to Redis at 127\.0\.0\.1:\d+ was lost \(ECONNRESET\)$/,
    ) as string,
    details: { applied: false },
  });
  expect(await state.lab.document()).toBeNull();
});

test.each([
  ['SIGINT', 130, 'interrupted'],
  ['SIGTERM', 143, 'terminated'],
] as const)('%s while a transaction is on its way: not a deadline that passed', async (signal, exitCode, word) => {
  const struck = state.proxy.strike({ at: 'request', containing: '\nXADD\r\n', action: 'silence' });
  const env = { RLCTL_REDIS_URL: `redis://noeval:pw@127.0.0.1:${state.proxy.port}/0` };
  const ran = await state.lab.world.main([...set, '--timeout', '9s'], {
    env,
    onHost: (host) => void struck.then(() => host.signal(signal)),
  });
  expect(errorOf(ran)).toMatchObject({
    exitCode,
    code: word.toUpperCase(),
    message: expect.stringMatching(
      new RegExp(`^${word}; change c\\w+ was not applied, and cannot be any more$`),
    ) as string,
    hint: 'Run the command again.',
    details: { applied: false },
  });
  expect(await state.lab.redis.cli('EXISTS', labKey)).toBe('0');
});

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { labKey, labMetadataKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject } from '../support/world.js';

// A change that never arrives: what is said of it, and why.

const nobody = '127.0.0.1:1';

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

test.each([
  ['override set /a --rate 1', 'written'],
  ['override unset /a', 'written'],
  ['override undo', 'written'],
  ['override expire', 'written'],
  ['override repair', 'written'],
  ['shadow on --route /a', 'written'],
  ['panic route /a --yes', 'changed'],
  ['panic restore', 'changed'],
  ['rollout abort', 'changed'],
  ['rollout promote', 'changed'],
  ['reload', 'sent'],
])('%s without Redis says that nothing was %s', async (command, done) => {
  const env = { RLCTL_REDIS_URL: `redis://${nobody}/0` };
  const ran = await state.lab.world.main([...command.split(' '), '--json', '--timeout', '2s'], { env });
  const { exitCode, message } = errorOf(ran);
  expect([exitCode, message]).toEqual([7, `Redis at ${nobody} refused the connection; nothing was ${done}`]);
});

test.each([
  'override set /a --rate 2',
  'override unset /a',
  'override undo',
  'override expire',
  'shadow on --route /api/search',
])('%s without the API says that nothing was written, and has written nothing', async (command) => {
  const made = ['override', 'set', '/a', '--rate', '1', '--no-reload'];
  const due = { untilMs: 1 };
  expect((await state.lab.world.main([...made, '--for', '1h'])).code).toBe(0);
  const metadata = jsonOf<{ routes: Record<string, JsonObject> }>(await state.lab.redis.cli('GET', labMetadataKey));
  metadata.routes['/a'] = { ...metadata.routes['/a'], ...(command.endsWith('expire') ? due : {}) };
  await state.lab.redis.cli('SET', labMetadataKey, JSON.stringify(metadata));
  const env = { RLCTL_API: `http://${nobody}` };
  const ran = await state.lab.world.main([...command.split(' '), '--json', '--timeout', '2s'], { env });
  const { exitCode, message } = errorOf(ran);
  expect([exitCode, message]).toEqual([7, `${nobody}: nothing listens there; nothing was written`]);
  expect(await state.lab.document()).toBe('{"/a":{"rate":1}}');
});

test('of a write whose outcome nobody knows it is never said', async () => {
  const struck = state.proxy.strike({ at: 'request', containing: 'a-write', action: 'silence' });
  const env = { RLCTL_REDIS_URL: `redis://127.0.0.1:${state.proxy.port}/0` };
  const running = state.lab.world.main([...set, '--timeout', '3s'], { env });
  await struck;
  state.proxy.inject({ at: 'connect', action: 'reset', times: Infinity });
  const { exitCode, message } = errorOf(await running);
  expect([exitCode, message]).toEqual([9, expect.not.stringContaining('nothing was')]);
});

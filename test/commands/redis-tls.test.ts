import { chmod, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertPrivateFile } from '../../src/domain/config/private-file.js';
import { createAuthority, type Authority } from '../support/certificates.js';
import { freePort, startRedis, type RunningRedis } from '../support/redis-server.js';
import { errorOf, openWorld, type JsonObject, type World } from '../support/world.js';

// A Redis that is spoken to in TLS alone, under another name than its address, and that asks for a certificate of ours.
const state = {} as { world: World; redis: RunningRedis; authority: Authority; port: number };
beforeAll(async () => {
  state.world = await openWorld();
  state.authority = createAuthority();
  const [server, client] = [
    state.authority.issue({ name: 'redis.test', toDays: 300 }),
    state.authority.issue({ name: 'client.test', toDays: 300 }),
  ];
  const paths = {
    cert: await state.world.write('server.pem', server.cert),
    key: await state.world.write('server-key.pem', server.key),
  };
  await state.world.write('client.pem', client.cert);
  await state.world.write('client-key.pem', client.key);
  state.port = await freePort();
  const files = [
    '--tls-cert-file',
    paths.cert,
    '--tls-key-file',
    paths.key,
    '--tls-ca-cert-file',
    state.authority.file,
  ];
  state.redis = await startRedis({ args: ['--tls-port', String(state.port), '--tls-auth-clients', 'yes', ...files] });
});
afterAll(async () => {
  await state.redis.stop();
  state.authority.remove();
  await state.world.remove();
});

const whole = () => ({
  ca: state.authority.file,
  cert: `${state.world.cwd}/client.pem`,
  key: `${state.world.cwd}/client-key.pem`,
  serverName: 'redis.test',
});

async function run(redisTls: JsonObject, args: readonly string[], redis = `rediss://127.0.0.1:${state.port}`) {
  const path = await state.world.config('tls.yaml', { environments: { here: { redis, redisTls, namespace: 'tls' } } });
  return state.world.main(['--config', path, ...args, '--json']);
}

const set = ['override', 'set', '/a', '--rate', '1', '--no-reload'];

test('with the authority, the name and a certificate of ours, everything that speaks to Redis does', async () => {
  expect(await run(whole(), set)).toMatchObject({ code: 0, err: '' });
  expect(await state.redis.cli('GET', 'tls:rl:overrides')).toBe('{"/a":{"rate":1}}');
  expect(await run(whole(), ['override', 'list'])).toMatchObject({ code: 0 });
  expect(await run(whole(), ['lock', 'show', '42', 'checkout'])).toMatchObject({ code: 0 });
  const { out } = await run(whole(), ['doctor', '--no-input']);
  const { checks } = JSON.parse(out) as { checks: { id: string; state: string }[] };
  const states = new Map(checks.map(({ id, state: each }) => [id, each]));
  expect([states.get('redis.reachable'), states.get('network.tls')]).toEqual(['healthy', 'healthy']);
  const shown = await run(whole(), ['env', 'show']);
  expect(shown.out).toContain('name redis.test');
});

test.each([
  ['another authority', { ca: undefined }, 7, 'REDIS_TLS'],
  ['another name', { serverName: undefined }, 7, 'REDIS_TLS'],
  ['no certificate of ours', { cert: undefined, key: undefined }, 7, 'REDIS_TLS'],
  ['a certificate without its key', { key: undefined }, 2, 'USAGE'],
  ['a file that is not there', { ca: '/nowhere.pem' }, 2, 'TLS_FILE'],
] as const)('%s: refused, and nothing is written', async (_, changed, code, errorCode) => {
  const before = await state.redis.cli('GET', 'tls:rl:overrides');
  const ran = await run({ ...whole(), ...changed }, ['override', 'set', '/a', '--rate', '2', '--no-reload']);
  expect([ran.code, errorOf(ran).code]).toEqual([code, errorCode]);
  expect(errorOf(ran).hint).toBeTruthy();
  expect(await state.redis.cli('GET', 'tls:rl:overrides')).toBe(before);
});

test('a key that others can read is refused with the chmod that mends it', async () => {
  const key = await state.world.write('open-key.pem', 'x', 0o644);
  const ran = await run({ ...whole(), key }, set);
  expect([ran.code, errorOf(ran)]).toMatchObject([
    6,
    { code: 'SECRET_FILE_UNSAFE', hint: expect.stringContaining(`chmod 600 ${key}`) },
  ]);
});

test('a key is held to what a secret file is: its own, regular file, and the chmod can be pasted', async () => {
  const key = await state.world.write('a key.pem', 'x', 0o644);
  expect(errorOf(await run({ ...whole(), key }, set)).hint).toBe(`Run: chmod 600 '${key}'`);
  await chmod(key, 0o600);
  for (const wrong of [`${key}.link`, dirname(key)]) {
    if (wrong.endsWith('.link')) await symlink(key, wrong);
    expect(errorOf(await run({ ...whole(), key: wrong }, set))).toMatchObject({
      code: 'SECRET_FILE_UNSAFE',
      message: expect.stringMatching(/^the TLS key .* is (a symbolic link|not a regular file)$/) as string,
      exitCode: 6,
    });
  }
});

test.each([
  [2, 'belongs to another user'],
  [1, null],
  [0, null],
])('who owns it: uid %i, run by uid 1', (ownerId, why) => {
  const facts = { mode: 0o600, ownerId, ownId: 1, isRegular: true, isSymbolicLink: false };
  const check = (): void => assertPrivateFile('the TLS key k', 'k', facts);
  if (why === null) expect(check).not.toThrow();
  else expect(check).toThrow(why);
});

test('where the address asks for no TLS it would have no effect, and that is said', async () => {
  const ran = await run(whole(), set, state.redis.url);
  expect([ran.code, errorOf(ran).message]).toEqual([2, expect.stringContaining('asks for no TLS')]);
});

test('a file that nobody has vouched for gets no key', async () => {
  const redis = `rediss://127.0.0.1:${state.port}`;
  await state.world.config('rlctl.yaml', { environments: { here: { redis, redisTls: whole(), namespace: 'tls' } } });
  const ran = await state.world.main(['-e', 'here', ...set, '--json']);
  expect([ran.code, errorOf(ran).message]).toEqual([6, expect.stringContaining('TLS key')]);
});

import { expect, test } from 'vitest';
import { Secret } from '../../../src/domain/secret.js';
import type { RedisFacts } from '../../../src/ports/redis-inspector.js';
import { Facts, type DoctorInput, type DoctorPorts } from '../../../src/procedures/doctor/facts.js';
import { checkPlain } from '../../../src/procedures/doctor/network.js';
import { placedRedisCli, redisCli } from '../../../src/domain/redis-cli.js';

const local = { server: 'redis.example.com:6379', isTls: false, isLocal: false, hasPassword: true };

/** Only what this check looks at. */
function factsOf(api: readonly string[], redis: Partial<RedisFacts>, isPlainAllowed = false): Facts {
  const seen = { ...local, ...redis };
  const ports = { redis: async () => ({ inspect: async () => seen }) } as unknown as DoctorPorts;
  const fleet = { isPlainAllowed };
  const reached = { api, fleet, prometheus: null, metrics: null, notify: [] };
  const environment = { ...reached, redis: new Secret('redis://x'), namespace: 'x' };
  return new Facts(ports, { environment, selected: new Set() } as unknown as DoctorInput);
}

// No server of a test stands on another machine.
test.each<[string, readonly string[], Partial<RedisFacts>, readonly string[]]>([
  ['a password of Redis in plain', [], {}, ['REDIS_PLAINTEXT']],
  ['the same in TLS', [], { isTls: true }, []],
  ['on this machine', [], { isLocal: true }, []],
  ['no password', [], { hasPassword: false }, []],
  ['an API in plain', ['http://api.example.com'], { isTls: true }, ['API_INSECURE']],
  ['an API on this machine', ['http://127.0.0.1:80'], { isTls: true }, []],
])('what travels readable: %s', async (_, api, redis, codes) => {
  const { found } = await checkPlain(factsOf(api, redis));
  expect(found.map(({ code }) => code)).toEqual(codes);
});

test.each([
  [{ server: '127.0.0.1:7', database: 0, isTls: false, hasPassword: false, user: 'default' }, '-h 127.0.0.1 -p 7'],
  [
    { server: '[::1]:7', database: 3, isTls: true, hasPassword: true, user: 'default' },
    '-h ::1 -p 7 -n 3 --tls --askpass',
  ],
  [
    { server: '/run/r.sock', database: 0, isTls: false, hasPassword: true, user: 'me' },
    '-s /run/r.sock --user me --askpass',
  ],
])('a command for redis-cli goes to the server that was looked at: %o', (place, flags) => {
  expect(redisCli(place, 'PERSIST', "a key's")).toBe(String.raw`redis-cli ${flags} PERSIST 'a key'\''s'`);
  const sentence = "See it (redis-cli TYPE 'x'), keep it: redis-cli --raw GET 'x'; or with redis-cli by hand";
  const placed = placedRedisCli(sentence, place);
  expect(placed).toBe(
    `See it (redis-cli ${flags} TYPE 'x'), keep it: redis-cli ${flags} --raw GET 'x'; or with redis-cli by hand`,
  );
  expect(placedRedisCli(placed, place)).toBe(placed);
});

test('plain http that is permitted to the instances of a fleet is said', async () => {
  const { found } = await checkPlain(factsOf([], { isTls: true }, true));
  expect(found.map(({ code }) => code)).toEqual(['FLEET_PLAIN_HTTP']);
});

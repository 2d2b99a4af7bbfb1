import { expect, test } from 'vitest';
import { assertPlainHttp, isPrivateHost } from '../../../src/domain/fleet/plain-http.js';

test.each([
  ['localhost', true],
  ['127.0.0.9', true],
  ['10.1.2.3', true],
  ['172.16.0.1', true],
  ['172.31.255.255', true],
  ['172.32.0.1', false],
  ['192.168.7.7', true],
  ['192.169.0.1', false],
  ['100.64.0.1', true],
  ['100.128.0.1', false],
  ['8.8.8.8', false],
  ['[fd00::1]', true],
  ['fe80::1', true],
  ['[2001:db8::1]', false],
  ['api', true],
  ['api-0.api.prod.svc', true],
  ['api.prod.svc.cluster.local', true],
  ['api.internal', true],
  ['api.example.com', false],
  ['internal.example.com', false],
])('%s is private: %s', (host, isPrivate) => {
  expect(isPrivateHost(host)).toBe(isPrivate);
});

test('https and this machine are always permitted, other plain http only where it is allowed and private', () => {
  const check = (origin: string, isAllowed: boolean) => () =>
    assertPlainHttp(origin, new URL(origin).hostname, 'fleet.txt:1', isAllowed);
  for (const origin of ['https://api.example.com', 'http://127.0.0.1:80']) expect(check(origin, false)).not.toThrow();
  expect(check('http://10.0.0.1', true)).not.toThrow();
  expect(check('http://10.0.0.1', false)).toThrow('fleet.txt:1: http://10.0.0.1 is plain http');
  expect(check('http://api.example.com', true)).toThrow('no private address');
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expiryKey, hashTag, historyKey, keySlot, metadataKey, overridesKey } from '../../../src/domain/redis-keys.js';
import { freePort, startRedis, type RunningRedis } from '../../support/redis-server.js';

const namespaces = [
  'instainstru',
  '',
  'a:b',
  '{tag}',
  'x{tag}y',
  '{}',
  'a{}b',
  'a}b',
  'a{b',
  '}{',
  '{{x}}',
  'é{ü',
  '{a}{b}',
  'a}b{c}',
  '{',
  'a b"c',
];

describe('sibling keys', () => {
  const shared: { redis: RunningRedis | null } = { redis: null };
  beforeAll(async () => {
    shared.redis = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())] });
  });
  afterAll(() => shared.redis?.stop());

  test.each(namespaces)(
    'namespace %j: the three keys differ and lie in one slot, as the server counts slots',
    async (namespace) => {
      const key = overridesKey(namespace);
      const keys = [key, historyKey(key), metadataKey(key)];
      expect(new Set(keys).size).toBe(3);
      const asked = await Promise.all(
        keys.map((each) => (shared.redis as RunningRedis).cli('CLUSTER', 'KEYSLOT', each)),
      );
      expect(asked.map(Number)).toEqual(keys.map(keySlot));
      expect(new Set(asked).size).toBe(1);
    },
  );

  test('a plain namespace is put into braces, one with a tag keeps it in front', () => {
    expect(historyKey(overridesKey('ns'))).toBe('{ns:rl:overrides}:history');
    expect(metadataKey(overridesKey('ns'))).toBe('{ns:rl:overrides}:meta');
    expect(expiryKey(overridesKey('ns'))).toBe('{ns:rl:overrides}:expiry');
    expect(historyKey(overridesKey('{ns}'))).toBe('{ns}:rl:overrides:history');
  });

  test('different namespaces never share a sibling', () => {
    const siblings = namespaces.map((namespace) => historyKey(overridesKey(namespace)));
    expect(new Set(siblings).size).toBe(namespaces.length);
  });

  test.each([
    ['a{b}c', 'b'],
    ['a{}c', null],
    ['abc', null],
    ['a}b{c', null],
    ['{a}{b}', 'a'],
    ['{{a}}', '{a'],
  ])('the hash tag of %s', (key, tag) => {
    expect(hashTag(key)).toBe(tag);
  });
});

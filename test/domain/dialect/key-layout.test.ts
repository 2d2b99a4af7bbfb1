import { describe, expect, test } from 'vitest';
import { keyLayoutOf } from '../../../src/domain/dialect/key-layout.js';

const sha = 'a'.repeat(64);
const strings = (...keys: string[]) => keys.map((key) => ({ key, type: 'string' }));

describe('the spelling of the other keys', () => {
  test.each([
    [strings('ns:read:user:7', 'ns:read:ip:10.0.0.1'), 'BUCKET:user:ID, BUCKET:ip:ADDRESS'],
    [strings('ns:lock:7:checkout'), 'lock:USER:checkout'],
    [strings('ns:lock:7:/api/pay'), 'lock:USER:ROUTE'],
    [strings(`ns:idem:${sha}`), 'idem:SHA256'],
    [strings('ns:rl:overrides', 'other:read:user:7', 'ns:something'), null],
    [[{ key: 'ns:read:user:7', type: 'hash' }], null],
    [[{ key: 'ns:read:user:7', type: null }], 'BUCKET:user:ID'],
    [[], null],
  ])('%j', (seen, said) => {
    expect(keyLayoutOf('ns', seen)).toBe(said);
  });
});

import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { revealSecret, Secret } from '../../src/domain/secret.js';

const text = 'canary-4711';
const secret = new Secret(text);

test.each([
  ['as text', String(secret)],
  ['as JSON', JSON.stringify({ secret })],
  ['inspected', inspect({ secret }, { depth: 9, showHidden: true })],
  ['with its members', JSON.stringify(Object.entries(secret))],
])('a secret is redacted however it is printed: %s', (_, shown) => {
  expect(shown).not.toContain(text);
});

test('a secret opens for the one who sends it, and shows apart from another by its fingerprint', () => {
  expect(revealSecret(secret)).toBe(text);
  expect(secret.fingerprint).toMatch(/^[0-9a-f]{8}$/);
  expect(secret.fingerprint).not.toBe(new Secret('another').fingerprint);
});

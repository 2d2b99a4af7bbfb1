import { expect, test } from 'vitest';
import { flagMeant } from '../../src/domain/near-flags.js';

const flags = ['--since', '--env', '--dry-run', '--wait', '--api'];

test.each([
  ['--window', '--since'],
  ['--window=5m', '--since'],
  ['--Environment', '--env'],
  ['--dry', '--dry-run'],
  ['--wait-for', '--wait'],
  ['--server', '--api'],
  ['--every', null],
  ['--bananas', null],
  ['--constructor', null],
  ['--', null],
])('%s: %s', (unknown, meant) => {
  expect(flagMeant(unknown, flags)).toBe(meant);
});

test('a command without the flag is not offered it', () => {
  expect(flagMeant('--window', ['--env'])).toBeNull();
});

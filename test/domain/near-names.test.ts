import { expect, test } from 'vitest';
import { nearNames } from '../../src/domain/near-names.js';

test.each<[string, readonly string[], readonly string[]]>([
  ['/api/serach', ['/x', '/api/search', '/api/payments'], ['/api/search']],
  ['/api/search', ['/api/search/items', '/api', '/api/searching'], ['/api/searching', '/api/search/items', '/api']],
  ['lst', ['list', 'get', 'set', 'unset', 'history'], ['list']],
  ['/nothing/like/it', ['/api', '/x', ''], []],
  ['', ['/a', ''], []],
  ['/', ['/api', '/payments'], []],
  ['__proto__', ['__proto', 'constructor'], ['__proto']],
])('near %j of %j: %j', (wanted, known, expected) => {
  expect(nearNames(wanted, known)).toEqual(expected);
});

test('a name without end is compared without end of the work', () => {
  const near = nearNames('a'.repeat(100_000), ['b'.repeat(99_999), 'a'.repeat(99_999)]);
  expect(near.map((name) => name.slice(0, 3))).toEqual(['aaa']);
});

import { expect, test } from 'vitest';
import { isSameJson, minifyJson } from '../../src/domain/json.js';

test('whitespace goes, everything else stays', () => {
  expect(minifyJson('{ "a b\\" " : [ 1.0 ,\n\t"\\u0041 " ] }')).toBe('{"a b\\" ":[1.0,"\\u0041 "]}');
});

test.each([
  ['{"a":1}', '{ "a" : 1 }', true],
  ['{"a":1}', '{"a":1.0}', false],
  ['{"a":"x y"}', '{"a":"xy"}', false],
  [null, null, true],
  ['null', null, false],
])('%j and %j: %s', (left, right, expected) => {
  expect(isSameJson(left, right)).toBe(expected);
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadOverrides, matchOverride } from '../../../src/domain/policy/matching.js';
import { PrefixIndex } from '../../../src/domain/policy/prefix-index.js';

const prefixes = fc.constantFrom('', '/', '/a', '/ab', '/a/', '/a/b', '/a/b/c', '/\ud83d', '/\ud83d\ude00');

test('answers what a walk through the entries answers', () => {
  const values = fc.constantFrom({}, { rate: 1 }, { rate: null }, 7);
  const routes = fc.oneof(prefixes, fc.constantFrom('/a/b/c/d', '/abc', '/\ud83d\ude00/x', 'a'));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(prefixes, values), { selector: ([key]) => key }), routes, (entries, route) => {
      const text = `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
      const loaded = loadOverrides(Buffer.from(text));
      const index = new PrefixIndex(loaded);
      expect(index.winner(route)).toEqual(matchOverride(loaded, route));
      const own = loaded.entries.find(({ prefix, fields }) => prefix === route && fields !== null);
      expect(index.own(route)).toEqual(own ?? null);
    }),
    { seed: 11, numRuns: 500 },
  );
});

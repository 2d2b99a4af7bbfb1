import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadOverrides, matchOverride } from '../../../src/domain/policy/matching.js';
import { OverrideIndex } from '../../../src/domain/policy/prefix-index.js';
import { bytesOf, readVectors } from '../vectors/vectors.js';
import { documents, keys } from '../override/generated.js';

const vectors = readVectors();

describe('an index over the overrides', () => {
  test('gives the winner that python’s own matching gives, for every golden document and route', () => {
    for (const vector of vectors.documents) {
      const index = new OverrideIndex(loadOverrides(bytesOf(vector)));
      const winners = vectors.routes.map((route) => index.winnerOf(route)?.prefix ?? null);
      expect(winners).toEqual(vector.matches.map(([prefix]) => prefix));
    }
  });

  test('gives the winner that looking at every entry in turn gives', () => {
    const routes = fc.tuple(keys, fc.string({ unit: 'binary', maxLength: 4 })).map(([key, rest]) => key + rest);
    fc.assert(
      fc.property(documents, fc.array(routes, { minLength: 1, maxLength: 6 }), (document, asked) => {
        const loaded = loadOverrides(Buffer.from(document));
        const index = new OverrideIndex(loaded);
        for (const route of asked) expect(index.winnerOf(route)).toBe(matchOverride(loaded, route));
      }),
      { seed: 811, numRuns: 2000 },
    );
  });

  test('half of a surrogate pair is no prefix of the pair', () => {
    const index = new OverrideIndex(loadOverrides(Buffer.from('{"/\\ud83d":{"rate":1},"/":{"rate":2}}')));
    expect(index.winnerOf('/😀')?.prefix).toBe('/');
    expect(index.winnerOf('/\ud83d')?.prefix).toBe('/\ud83d');
  });

  test('keeps the part of a document that has a say in a route, and what was asked for besides', () => {
    const index = new OverrideIndex(loadOverrides(Buffer.from('{"/b":{},"/a/x":{"rate":"no"},"/a":{},"/c":{}}')));
    expect(index.around('/a/x', null).entries.map(({ prefix }) => prefix)).toEqual(['/a/x', '/a']);
    expect(index.around('/a', '/c').entries.map(({ prefix }) => prefix)).toEqual(['/a', '/c']);
  });

  test('gives the entry of exactly a prefix, if the server can use it', () => {
    const index = new OverrideIndex(loadOverrides(Buffer.from('{"/a":{"rate":1},"/b":{"rate":"no"},"/c":7}')));
    expect(['/a', '/b', '/c', '/a/x'].map((prefix) => index.own(prefix)?.prefix ?? null)).toEqual([
      '/a',
      null,
      null,
      null,
    ]);
  });
});

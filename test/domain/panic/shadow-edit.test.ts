import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanDocument } from '../../../src/domain/override/document.js';
import { shadowEverything, shadowPrefixes } from '../../../src/domain/panic/shadow-edit.js';
import { loadOverrides, matchOverride, startsRoute } from '../../../src/domain/policy/matching.js';

const documentOf = (text: string) => scanDocument(Buffer.from(text));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const nobody = (): boolean => false;

describe('prefixes into shadow', () => {
  test.each([
    ['nothing stored', '{}', ['/api/pay'], '{"/api/pay":{"shadow":true}}'],
    [
      'an entry keeps every other byte',
      '{"/api/pay" : {"rate":3, "x":1}}',
      ['/api/pay'],
      '{"/api/pay" : {"rate":3, "x":1, "shadow":true}}',
    ],
    [
      'an explicit false becomes true where it stands',
      '{"/api/pay":{"shadow":false,"rate":3}}',
      ['/api/pay'],
      '{"/api/pay":{"shadow":true,"rate":3}}',
    ],
    [
      'a new one goes in front of what would hide it',
      '{"/api":{"rate":9}}',
      ['/api/pay'],
      '{"/api/pay":{"shadow":true},"/api":{"rate":9}}',
    ],
    [
      'one that is hidden goes in front of what hides it',
      '{"/api":{"rate":9},"/x":{},"/api/pay":{"rate":3}}',
      ['/api/pay'],
      '{"/api/pay":{"rate":3,"shadow":true},"/api":{"rate":9},"/x":{}}',
    ],
    [
      'one that is hidden by what only observes stays',
      '{"/api":{"shadow":true},"/api/pay":{"rate":3}}',
      ['/api/pay'],
      '{"/api":{"shadow":true},"/api/pay":{"rate":3,"shadow":true}}',
    ],
    [
      'one that is hidden by another of them stays',
      '{"/api":{"rate":9},"/api/pay":{"rate":3}}',
      ['/api', '/api/pay'],
      '{"/api":{"rate":9,"shadow":true},"/api/pay":{"rate":3,"shadow":true}}',
    ],
    [
      'an earlier entry under it goes along',
      '{"/api/pay/refund":{"rate":1},"/api/pay":{"rate":3}}',
      ['/api/pay'],
      '{"/api/pay/refund":{"rate":1,"shadow":true},"/api/pay":{"rate":3,"shadow":true}}',
    ],
    [
      'an earlier entry under it that the server skips does not',
      '{"/api/pay/refund":{"rate":null},"/api/pay":{"rate":3}}',
      ['/api/pay'],
      '{"/api/pay/refund":{"rate":null},"/api/pay":{"rate":3,"shadow":true}}',
    ],
  ])('%s', (_, before, prefixes, after) => {
    expect(textOf(shadowPrefixes(documentOf(before), prefixes, nobody).edit.next)).toBe(after);
  });

  test('what belongs to something else is left, and named', () => {
    const document = documentOf('{"/api/pay":{"rate":1},"/api":{"rate":3}}');
    const { edit, left, under } = shadowPrefixes(document, ['/api'], (prefix) => prefix === '/api/pay');
    expect(textOf(edit.next)).toBe('{"/api/pay":{"rate":1},"/api":{"rate":3,"shadow":true}}');
    expect([left, under]).toEqual([['/api/pay'], []]);
  });

  test('what already is as wanted is no change', () => {
    const document = documentOf('{"/api/pay":{"shadow":true}}');
    expect(shadowPrefixes(document, ['/api/pay'], nobody).edit).toMatchObject({ changes: [], splices: [] });
  });

  const segment = fc.constantFrom('/a', '/a/b', '/a/b/c', '/b', '/', '/a/bc', '');
  const value = fc.constantFrom('{}', '{"rate":5}', '{"shadow":false}', '{"shadow":true,"burst":1}', '{"rate":null}');
  const document = fc
    .uniqueArray(segment, { maxLength: 6 })
    .chain((keys) => fc.tuple(fc.constant(keys), fc.array(value, { minLength: keys.length, maxLength: keys.length })))
    .map(([keys, values]) => `{${keys.map((key, index) => `${JSON.stringify(key)}:${values[index]}`).join(', ')}}`);

  test('after it no route under a prefix is enforced by an override, whatever was stored', () => {
    const prefixes = fc.uniqueArray(fc.constantFrom('/a', '/a/b', '/b'), { minLength: 1, maxLength: 2 });
    const routes = ['/a', '/a/b', '/a/b/c', '/a/b/c/d', '/a/bcd', '/b', '/b/x', '/c'];
    fc.assert(
      fc.property(document, prefixes, (text, wanted) => {
        const { edit } = shadowPrefixes(documentOf(text), wanted, nobody);
        const after = loadOverrides(edit.next);
        const covered = routes.filter((route) => wanted.some((prefix) => startsRoute(prefix, route)));
        for (const route of covered) expect(matchOverride(after, route)?.fields?.isShadow).toBe(true);
      }),
      { seed: 6, numRuns: 400 },
    );
  });

  test('everything: one entry in front of all', () => {
    expect(textOf(shadowEverything(documentOf('{}')).next)).toBe('{"":{"shadow":true}}');
    expect(textOf(shadowEverything(documentOf('{"/a":{},"":{"rate":5}}')).next)).toBe(
      '{"":{"rate":5,"shadow":true},"/a":{}}',
    );
    expect(shadowEverything(documentOf('{"":{"shadow":true},"/a":{}}')).changes).toEqual([]);
    fc.assert(
      fc.property(document, (text) => {
        const after = loadOverrides(shadowEverything(documentOf(text)).next);
        for (const route of ['/a', '/a/b', '/b', '/zzz']) {
          expect(matchOverride(after, route)).toMatchObject({ prefix: '', fields: { isShadow: true } });
        }
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffDocuments, hiddenBy, HiddenPrefixes, hidingPrefix } from '../../../src/domain/override/diff.js';
import { rawValue, scanDocument, type OverrideDocument } from '../../../src/domain/override/document.js';
import { loadOverrides, matchOverride } from '../../../src/domain/policy/matching.js';
import { documents } from './generated.js';

const documentOf = (text: string): OverrideDocument => scanDocument(Buffer.from(text));
const brief = (before: string, after: string, named?: ReadonlySet<string>): readonly string[] =>
  diffDocuments(documentOf(before), documentOf(after), named).map(
    ({ kind, route, isMoved }) => `${kind} ${route}${isMoved && kind !== 'moved' ? ' moved' : ''}`,
  );

describe('differences', () => {
  test.each([
    ['nothing', '{"/a":1}', '{"/a":1}', []],
    ['formatting between entries', '{"/a":{"rate":1},"/b":2}', '{\n  "/a" : {"rate":1},\n  "\\u002fb": 2\n}', []],
    ['an added entry', '{"/a":1}', '{"/b":2,"/a":1}', ['added /b']],
    ['a removed entry', '{"/a":1,"/b":2}', '{"/b":2}', ['removed /a']],
    ['a changed entry', '{"/a":1,"/b":2,"/c":3}', '{"/a":1,"/b":3,"/c":3}', ['changed /b']],
    ['a longer number', '{"/a":1}', '{"/a":12}', ['changed /a']],
    ['everything', '{"/a":1}', '{"/b":1}', ['removed /a', 'added /b']],
    ['one moved far', '{"/a":1,"/b":2,"/c":3,"/d":4}', '{"/b":2,"/c":3,"/d":4,"/a":1}', ['moved /a']],
    ['moved and changed', '{"/a":1,"/b":2,"/c":3}', '{"/b":2,"/c":3,"/a":9}', ['changed /a moved']],
    ['a new one before all moves nothing', '{"/a":1,"/b":2}', '{"/x":0,"/a":1,"/b":2}', ['added /x']],
    ['__proto__', '{"__proto__":1}', '{"__proto__":2}', ['changed __proto__']],
  ])('%s', (_, before, after, expected) => {
    expect(brief(before, after)).toEqual(expected);
  });

  test('of two that changed places, the named one moved', () => {
    const [before, after] = ['{"/a":1,"/b":2}', '{"/b":2,"/a":1}'];
    expect(brief(before, after, new Set(['/a']))).toEqual(['moved /a']);
    expect(brief(before, after, new Set(['/b']))).toEqual(['moved /b']);
    expect(brief(before, after, new Set(['/a', '/b']))).toHaveLength(1);
  });

  test('fields by name, with values; what stays is left out', () => {
    const [diff] = diffDocuments(
      documentOf('{"/a":{"rate":1,"burst":2,"x":[1]}}'),
      documentOf('{"/a":{"rate":3,"shadow":true,"x":[ 1 ]}}'),
    );
    expect(diff).toMatchObject({ route: '/a', kind: 'changed', fromIndex: 0, toIndex: 0 });
    expect(diff?.fields).toEqual([
      { name: 'rate', before: 1, after: 3 },
      { name: 'burst', before: 2, after: undefined },
      { name: 'shadow', before: undefined, after: true },
    ]);
  });

  test('a new entry shows its fields, a value that is no object shows none', () => {
    expect(diffDocuments(documentOf('{}'), documentOf('{"/a":{"rate":1}}'))[0]).toMatchObject({
      before: null,
      after: '{"rate":1}',
      fields: [{ name: 'rate', before: undefined, after: 1 }],
      fromIndex: null,
      toIndex: 0,
      toNext: null,
    });
    expect(diffDocuments(documentOf('{"/b":1}'), documentOf('{"/a":2,"/b":1}'))[0]).toMatchObject({ toNext: '/b' });
    expect(diffDocuments(documentOf('{"/a":1}'), documentOf('{"/a":[]}'))[0]?.fields).toEqual([]);
  });

  test('2,000 pairs: the differences applied to the keys give the later document', () => {
    fc.assert(
      fc.property(documents, documents, (left, right) => {
        const [before, after] = [documentOf(left), documentOf(right)];
        const values = new Map(before.members.map((member) => [member.key, rawValue(before, member)]));
        const diffs = diffDocuments(before, after);
        for (const diff of diffs) {
          expect(values.get(diff.route) ?? null).toBe(diff.before);
          if (diff.after === null) values.delete(diff.route);
          else values.set(diff.route, diff.after);
        }
        const expected = new Map(after.members.map((member) => [member.key, rawValue(after, member)]));
        expect(values).toEqual(expected);
        const moved = new Set(diffs.filter(({ isMoved }) => isMoved).map(({ route }) => route));
        const staying = (one: OverrideDocument, other: OverrideDocument): readonly string[] =>
          one.members.map(({ key }) => key).filter((key) => other.byKey.has(key) && !moved.has(key));
        expect(staying(before, after)).toEqual(staying(after, before));
      }),
      { numRuns: 2000, seed: 41 },
    );
  }, 120_000);
});

describe('hidden entries', () => {
  test('by the first earlier prefix that the server can use', () => {
    const document = documentOf(
      '{"/no":1,"/nothing":{},"/bad":{"rate":null},"/badly":{},"/api":{},"/api/x":{},"/api/x/y":{},"":{},"/z":{},"/ap":{}}',
    );
    expect([...hiddenBy(document)]).toEqual([
      ['/api/x', '/api'],
      ['/api/x/y', '/api'],
      ['/z', ''],
      ['/ap', ''],
    ]);
    expect(hidingPrefix(document, '/api/x/y')).toBe('/api');
    expect(hidingPrefix(document, '/nothing')).toBeUndefined();
    expect(hidingPrefix(document, '/absent')).toBeUndefined();
  });

  test('2,000 documents: an entry is hidden if and only if it does not win its own prefix', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const document = documentOf(text);
        const [loaded, hidden] = [loadOverrides(document.bytes), hiddenBy(document)];
        const walk = new HiddenPrefixes(document);
        for (const member of document.members.toReversed()) {
          const { key } = member;
          expect(walk.hiderOf(member)).toBe(hidden.get(key));
          expect(hidingPrefix(document, key)).toBe(hidden.get(key));
          const entry = loaded.entries.find(({ prefix }) => prefix === key);
          if (entry?.fields == null || key === '') continue;
          expect(hidden.has(key)).toBe(matchOverride(loaded, key)?.prefix !== key);
        }
      }),
      { numRuns: 2000, seed: 42 },
    );
  }, 120_000);
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { hidingPrefix } from '../../../src/domain/override/diff.js';
import { scanDocument, type OverrideDocument } from '../../../src/domain/override/document.js';
import {
  replaceDocument,
  setOverride,
  unsetOverride,
  type Edit,
  type Placement,
} from '../../../src/domain/override/edit.js';
import { assertEdited, edits, perform } from './any-document.js';
import { documents, keys, patches } from './generated.js';

const documentOf = (text: string): OverrideDocument => scanDocument(Buffer.from(text));
const textOf = (edit: Edit): string => Buffer.from(edit.next).toString();
const auto: Placement = { kind: 'auto' };
const before = (prefix: string): Placement => ({ kind: 'before', prefix });
const after = (prefix: string): Placement => ({ kind: 'after', prefix });

function thrown(run: () => unknown): RlctlError {
  try {
    run();
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('set on an absent route', () => {
  test.each([
    ['an absent or empty document', '{}', '{"/n":{"rate":5,"shadow":true}}'],
    ['an empty document on two lines', '{\n}\n', '{\n  "/n": {\n    "rate": 5,\n    "shadow": true\n  }\n}\n'],
    ['a compact one', '{"/a":{"rate":1,"burst":2}}', '{"/a":{"rate":1,"burst":2},"/n":{"rate":5,"shadow":true}}'],
    [
      'one spaced on a line',
      '{"/a": {"rate": 1, "burst": 2}, "/b": {}}',
      '{"/a": {"rate": 1, "burst": 2}, "/b": {}, "/n": {"rate": 5, "shadow": true}}',
    ],
    [
      'one entry a line',
      '{\n  "/a": {"rate": 1}\n}\n',
      '{\n  "/a": {"rate": 1},\n  "/n": {"rate": 5, "shadow": true}\n}\n',
    ],
    [
      'fully indented',
      '{\n\t"/a": {\n\t\t"rate": 1\n\t}\n}',
      '{\n\t"/a": {\n\t\t"rate": 1\n\t},\n\t"/n": {\n\t\t"rate": 5,\n\t\t"shadow": true\n\t}\n}',
    ],
    [
      'indented without an object to copy',
      '{\n  "/a": 1\n}',
      '{\n  "/a": 1,\n  "/n": {\n    "rate": 5,\n    "shadow": true\n  }\n}',
    ],
    [
      'line ends of DOS',
      '{\r\n  "/a": {}\r\n}\r\n',
      '{\r\n  "/a": {},\r\n  "/n": {\r\n    "rate": 5,\r\n    "shadow": true\r\n  }\r\n}\r\n',
    ],
  ])('%s: written as its neighbours are', (_, text, expected) => {
    expect(textOf(setOverride(documentOf(text), '/n', { ratePerMin: 5, isShadow: true }, auto))).toBe(expected);
  });

  test('goes before the first entry that would hide it, else last', () => {
    const text = '{"/b":{},"/api":{},"/":{}}';
    expect(textOf(setOverride(documentOf(text), '/api/x', { burst: 0 }, auto))).toBe(
      '{"/b":{},"/api/x":{"burst":0},"/api":{},"/":{}}',
    );
    expect(textOf(setOverride(documentOf('{"/b":{},"/api":{}}'), '/c', { burst: 0 }, auto))).toBe(
      '{"/b":{},"/api":{},"/c":{"burst":0}}',
    );
    expect(textOf(setOverride(documentOf('{"":{}}'), '/c', { burst: 0 }, auto))).toBe('{"/c":{"burst":0},"":{}}');
    expect(textOf(setOverride(documentOf('{"/apis":{}}'), '/api', { burst: 0 }, auto))).toBe(
      '{"/apis":{},"/api":{"burst":0}}',
    );
  });

  test('goes where --before and --after say, even where it is hidden then', () => {
    const document = documentOf('{"/api":{},"/b":{}}');
    const edit = setOverride(document, '/api/x', { burst: 0 }, after('/api'));
    expect(textOf(edit)).toBe('{"/api":{},"/api/x":{"burst":0},"/b":{}}');
    expect(hidingPrefix(scanDocument(edit.next), '/api/x')).toBe('/api');
    expect(edit.changes).toEqual([
      { route: '/api/x', before: null, after: '{"burst":0}', previous: '/api', next: '/b' },
    ]);
    expect(textOf(setOverride(document, '/z', { burst: 0 }, before('/api')))).toBe(
      '{"/z":{"burst":0},"/api":{},"/b":{}}',
    );
    expect(textOf(setOverride(document, '/z', { burst: 0 }, after('/b')))).toBe('{"/api":{},"/b":{},"/z":{"burst":0}}');
  });

  test('a key that needs escapes', () => {
    const edit = setOverride(documentOf('{}'), '/"é\\', { burst: 1 }, auto);
    expect(textOf(edit)).toBe('{"/\\"é\\\\":{"burst":1}}');
    const proto = setOverride(documentOf('{"/a":{}}'), '__proto__', { burst: 1 }, auto);
    expect(textOf(proto)).toBe('{"/a":{},"__proto__":{"burst":1}}');
  });
});

describe('set on an existing route', () => {
  test.each([
    [
      'a field is replaced, the others keep their bytes',
      '{"rate" : 1,\n "x":[1.0, 1e5],"burst":12345678901234567890}',
      { ratePerMin: 7 },
      '{"rate" : 7,\n "x":[1.0, 1e5],"burst":12345678901234567890}',
    ],
    [
      'fields are appended in the same style',
      '{"rate": 1, "x": 2}',
      { windowSeconds: 60, isShadow: false },
      '{"rate": 1, "x": 2, "window": 60, "shadow": false}',
    ],
    [
      'replaced and appended at once',
      '{\n "burst": 1\n}',
      { ratePerMin: 9, burst: 2 },
      '{\n "burst": 2,\n "rate": 9\n}',
    ],
    ['a text becomes a number', '{"rate":"7"}', { ratePerMin: 7 }, '{"rate":7}'],
    ['a float becomes an integer', '{"rate":7.0}', { ratePerMin: 7 }, '{"rate":7}'],
    ['the last of repeated fields, which counts', '{"rate":1,"rate":2}', { ratePerMin: 7 }, '{"rate":1,"rate":7}'],
    ['a field spelt with an escape', '{"r\\u0061te":1}', { ratePerMin: 7 }, '{"r\\u0061te":7}'],
    ['an unusable field that is named', '{"rate":null,"x":1}', { ratePerMin: 7 }, '{"rate":7,"x":1}'],
    ['an entry that stays unusable is replaced', '{"burst":"abc","x":1}', { ratePerMin: 7 }, '{"rate":7}'],
    ['a list is replaced', '[1]', { ratePerMin: 7 }, '{"rate": 7}'],
    ['null is replaced', 'null', { burst: 0 }, '{"burst": 0}'],
    ['an empty object', '{ }', { burst: 0 }, '{"burst": 0}'],
    ['__proto__ as a field', '{"__proto__":{"rate":1}}', { burst: 0 }, '{"__proto__":{"rate":1},"burst":0}'],
  ])('%s', (_, value, patch, expected) => {
    const edit = setOverride(documentOf(`{"/a": ${value} ,"/b":{}}`), '/a', patch, auto);
    expect(textOf(edit)).toBe(`{"/a": ${expected} ,"/b":{}}`);
    expect(edit.changes).toEqual([{ route: '/a', before: value, after: expected, previous: null, next: '/b' }]);
  });

  test('what already holds with the same type changes nothing', () => {
    const document = documentOf('{"/a":{"rate": 7,"shadow":true, "x":"7"}}');
    const edit = setOverride(document, '/a', { ratePerMin: 7, isShadow: true }, auto);
    expect(edit).toEqual({ next: document.bytes, splices: [], changes: [] });
    expect(setOverride(document, '/a', { isShadow: false }, auto).changes).toHaveLength(1);
  });

  test('--before and --after move it with its key and value as they were written', () => {
    const text = '{\n  "/a": {"rate": 1},\n  "\\u002fb" : {"rate": 2.50},\n  "/c": {}\n}';
    const last = setOverride(documentOf(text), '/b', {}, after('/c'));
    expect(textOf(last)).toBe('{\n  "/a": {"rate": 1},\n  "/c": {},\n  "\\u002fb" : {"rate": 2.50}\n}');
    expect(last.changes).toEqual([
      { route: '/b', before: '{"rate": 2.50}', after: '{"rate": 2.50}', previous: '/a', next: '/c' },
    ]);
    const first = setOverride(documentOf(text), '/c', { burst: 1 }, before('/a'));
    expect(textOf(first)).toBe('{\n  "/c": {"burst": 1},\n  "/a": {"rate": 1},\n  "\\u002fb" : {"rate": 2.50}\n}');
  });

  test('a placement where it already stands moves nothing', () => {
    const document = documentOf('{"/a":{},"/b":{},"/c":{}}');
    expect(setOverride(document, '/b', {}, after('/a')).changes).toEqual([]);
    expect(setOverride(document, '/b', {}, before('/c')).changes).toEqual([]);
    expect(textOf(setOverride(document, '/b', { burst: 1 }, before('/c')))).toBe('{"/a":{},"/b":{"burst":1},"/c":{}}');
  });
});

describe('what set refuses', () => {
  const document = documentOf('{"/a":{}}');
  test.each([
    [
      'a missing prefix',
      () => setOverride(document, '/n', { burst: 1 }, before('/x')),
      /--before "\/x".*no such prefix/,
    ],
    [
      'a missing prefix, though nothing would change',
      () => setOverride(document, '/a', {}, after('/x')),
      /--after "\/x"/,
    ],
    [
      'the route itself',
      () => setOverride(document, '/a', { burst: 1 }, after('/a')),
      /--after "\/a" is the route itself/,
    ],
    ['no field', () => setOverride(document, '/a', {}, auto), /no field is named for "\/a"/],
    ['no field for a new route', () => setOverride(document, '/n', {}, after('/a')), /no field is named for "\/n"/],
  ])('%s', (_, run, message) => {
    const error = thrown(run);
    expect(error).toMatchObject({ kind: 'usage', exitCode: 2 });
    expect(error.message).toMatch(message);
    expect(error.hint).not.toBe('');
  });
});

describe('unset', () => {
  test.each([
    ['the only one', '{"/a":1}', '/a', '{}'],
    ['the only one of an indented document', '{\n  "/a": 1\n}', '/a', '{\n}'],
    ['the first', '{ "/a":1, "/b":2 }', '/a', '{ "/b":2 }'],
    ['one in the middle', '{\n  "/a": 1,\n  "/b": 2,\n  "/c": 3\n}', '/b', '{\n  "/a": 1,\n  "/c": 3\n}'],
    ['the last', '{\n  "/a": 1,\n  "/b": 2\n}\n', '/b', '{\n  "/a": 1\n}\n'],
    ['one with an escaped key', '{"\\u002fa":1,"/b":2}', '/a', '{"/b":2}'],
  ])('%s', (_, text, route, expected) => {
    const edit = unsetOverride(documentOf(text), route);
    expect(textOf(edit)).toBe(expected);
    expect(edit.changes).toMatchObject([{ route, after: null }]);
  });

  test('an absent one changes nothing', () => {
    const document = documentOf('{"/a":1}');
    expect(unsetOverride(document, '/b')).toEqual({ next: document.bytes, splices: [], changes: [] });
  });

  test('the neighbours it had are recorded', () => {
    const edit = unsetOverride(documentOf('{"/a":1,"/b":2,"/c":3}'), '/b');
    expect(edit.changes).toEqual([{ route: '/b', before: '2', after: null, previous: '/a', next: '/c' }]);
  });
});

describe('replacing the whole document', () => {
  test('says what it does route by route and carries no splices', () => {
    const edit = replaceDocument(documentOf('{"/a":1,"/b":2}'), Buffer.from('{"/b":2,"/c":3}'));
    expect(edit.splices).toBeNull();
    expect(edit.changes).toEqual([
      { route: '/a', before: '1', after: null, previous: null, next: '/b' },
      { route: '/c', before: null, after: '3', previous: '/b', next: null },
    ]);
  });

  test('over an unreadable document everything counts as added; an unsound one is refused', () => {
    expect(replaceDocument(null, Buffer.from('{"/a":1}')).changes).toMatchObject([
      { route: '/a', before: null, after: '1' },
    ]);
    expect(thrown(() => replaceDocument(null, Buffer.from('{'))).code).toBe('DOCUMENT_CORRUPT');
  });
});

describe('any edit of any document', () => {
  test('10,000: others byte-identical and in order, splices exact both ways, the result sound and as told', () => {
    expect(fc.check(fc.property(edits, assertEdited), { numRuns: 10_000, seed: 21 })).toMatchObject({ failed: false });
  }, 120_000);

  test('2,000: a new entry placed automatically is never hidden', () => {
    fc.assert(
      fc.property(documents, keys, patches, (text, route, patch) => {
        const document = documentOf(text);
        fc.pre(!document.byKey.has(route));
        const result = scanDocument(setOverride(document, route, patch, auto).next);
        expect(hidingPrefix(result, route)).toBeUndefined();
      }),
      { numRuns: 2000, seed: 22 },
    );
  }, 120_000);

  test('2,000: set twice is set once', () => {
    fc.assert(
      fc.property(edits, (input) => {
        const once = perform(documentOf(input.text), input);
        const twice = perform(scanDocument(once.next), input);
        expect(twice.changes).toEqual([]);
        expect(textOf(twice)).toBe(textOf(once));
      }),
      { numRuns: 2000, seed: 23 },
    );
  }, 120_000);
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { findMember, rawValue, scanDocument } from '../../../src/domain/override/document.js';
import { assertScanned, assertStrict, mutatedDocuments, refusalCode } from './any-document.js';
import { documents } from './generated.js';

function fault(stored: string | Uint8Array, limits?: { maxBytes: number }): RlctlError {
  try {
    scanDocument(Buffer.from(stored), limits);
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(Buffer.from(stored).toString())}`);
}

describe('what is accepted', () => {
  test('an absent key is an empty document', () => {
    const document = scanDocument(null);
    expect(Buffer.from(document.bytes).toString()).toBe('{}');
    expect(document).toMatchObject({ members: [], open: 0, close: 1 });
  });

  test('members come in order, with decoded keys and exact ranges', () => {
    const text = ' {"\\u002fapi" : {"rate": 5} ,\n"é😀":[ 1 ]}\n';
    const document = scanDocument(Buffer.from(text));
    expect(document.members.map(({ key, index }) => [key, index])).toEqual([
      ['/api', 0],
      ['é😀', 1],
    ]);
    const [first, second] = document.members;
    expect(first && rawValue(document, first)).toBe('{"rate": 5}');
    expect(second && rawValue(document, second)).toBe('[ 1 ]');
    expect(Buffer.from(text).subarray(first?.start, first?.end).toString()).toBe('"\\u002fapi" : {"rate": 5}');
    expect(Buffer.from(text)[document.open]).toBe(0x7b);
    expect(Buffer.from(text)[document.close]).toBe(0x7d);
  });

  test('keys that are names of Object are keys like any other', () => {
    const document = scanDocument(Buffer.from('{"__proto__":{"rate":1},"constructor":{},"toString":{},"1":{},"0":{}}'));
    expect(document.members.map(({ key }) => key)).toEqual(['__proto__', 'constructor', 'toString', '1', '0']);
    expect(findMember(document, '__proto__')?.index).toBe(0);
    expect(findMember(document, 'hasOwnProperty')).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, 'rate')).toBe(false);
  });

  test('a lone surrogate escape in a key is kept', () => {
    expect(scanDocument(Buffer.from('{"/\\ud800":{}}')).members[0]?.key).toBe('/\ud800');
  });

  test('64 levels are accepted, 65 are not', () => {
    const nested = (levels: number): string => `{"/a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(refusalCode(Buffer.from(nested(64)))).toBeNull();
    expect(fault(nested(65)).message).toContain('nested more than 64 deep');
    const deepObjects = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    expect(refusalCode(Buffer.from(deepObjects(64)))).toBeNull();
    expect(refusalCode(Buffer.from(deepObjects(65)))).toBe('DOCUMENT_CORRUPT');
  });
});

describe('what is refused', () => {
  test.each([
    ['', 'the document is an empty string', 1, 1],
    [' ', "expected the '{'", 1, 2],
    ['\ufeff{}', 'a byte order mark', 1, 1],
    ['[]', 'a JSON list, not an object', 1, 1],
    ['null', "expected the '{'", 1, 1],
    ['"{}"', "expected the '{'", 1, 1],
    ['{', 'a key in double quotes, found the end', 1, 2],
    ['{"a"', "':', found the end", 1, 5],
    ['{"a":', 'a value, found the end', 1, 6],
    ['{"a":1', "',' or '}', found the end", 1, 7],
    ['{"a":1,}', "a key in double quotes, found '}'", 1, 8],
    ['{"a":1 "b":2}', "',' or '}'", 1, 8],
    ["{'a':1}", 'a key in double quotes', 1, 2],
    ['{"a":01}', "',' or '}', found '1'", 1, 7],
    ['{"a":1.}', 'a digit', 1, 8],
    ['{"a":.5}', 'a value', 1, 6],
    ['{"a":-}', 'a digit', 1, 7],
    ['{"a":1e}', 'a digit', 1, 8],
    ['{"a":NaN}', 'a value', 1, 6],
    ['{"a":-Infinity}', 'a digit', 1, 7],
    ['{"a":tru}', '"true"', 1, 9],
    ['{"a":"\\x"}', 'an escape', 1, 8],
    ['{"a":"\\u12g4"}', 'four hexadecimal digits', 1, 11],
    ['{"a":"x', 'ends inside a string', 1, 8],
    ['{"a":"\t"}', 'control character', 1, 7],
    ['{"a":1}x', 'something follows', 1, 8],
    ['{"a":[1 2]}', "',' or ']'", 1, 9],
    ['{\n  "é": {"rate": 5,}\n}', 'a key in double quotes', 2, 19],
    ['{\u00a0}', 'a key in double quotes, found byte 0xc2', 1, 2],
  ])('%j: %s at %i:%i', (text, reason, line, column) => {
    const error = fault(text);
    expect(error).toMatchObject({ kind: 'guard', exitCode: 6, code: 'DOCUMENT_CORRUPT' });
    expect(error.message).toContain(reason);
    expect(error.message).toContain(`line ${line}, column ${column} (byte `);
    expect(error.details).toMatchObject({ line, column });
    expect(error.hint).toMatch(/rlctl override repair/);
  });

  test.each([
    ['a stray continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong three-byte form', [0xe0, 0x80, 0xaf]],
    ['an overlong four-byte form', [0xf0, 0x80, 0x80, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['a byte that never occurs', [0xff]],
    ['a sequence cut off', [0xe2, 0x82]],
  ])('invalid UTF-8: %s', (_, sequence) => {
    const error = fault(Buffer.concat([Buffer.from('{"/a'), Buffer.from(sequence), Buffer.from('":{}}')]));
    expect(error).toMatchObject({ code: 'DOCUMENT_CORRUPT', details: { offset: 4 } });
    expect(error.message).toContain('invalid UTF-8');
  });

  test('keys that are equal once decoded', () => {
    const error = fault('{"/api":{},\n "\\u002fapi":{}}');
    expect(error).toMatchObject({ kind: 'guard', code: 'DOCUMENT_DUPLICATE_KEYS' });
    expect(error.message).toContain('"/api"');
    expect(error.message).toContain('line 1, column 2 (byte 1)');
    expect(error.message).toContain('line 2, column 2 (byte 13)');
    expect(error.details).toMatchObject({ key: '/api', offset: 13, line: 2, column: 2, first: { offset: 1 } });
    expect(fault('{"__proto__":1,"__proto__":2}').code).toBe('DOCUMENT_DUPLICATE_KEYS');
  });

  test('more bytes than allowed', () => {
    expect(fault('{"a":1}', { maxBytes: 6 })).toMatchObject({ kind: 'guard', code: 'DOCUMENT_TOO_LARGE' });
    expect(scanDocument(Buffer.from('{"a":1}'), { maxBytes: 7 }).members).toHaveLength(1);
  });
});

describe('beside JSON.parse', () => {
  test('10,000 generated documents: the same keys and values', () => {
    expect(fc.check(fc.property(documents, assertScanned), { numRuns: 10_000, seed: 11 })).toMatchObject({
      failed: false,
    });
  }, 120_000);

  test('20,000 mutated documents: never accepts what JSON.parse refuses, and refuses only duplicates besides', () => {
    const counts = { accepted: 0, refused: 0 };
    const strict = (bytes: Buffer): void => {
      counts[assertStrict(bytes) ? 'accepted' : 'refused'] += 1;
    };
    fc.assert(fc.property(mutatedDocuments, strict), { numRuns: 20_000, seed: 12 });
    expect(Math.min(counts.accepted, counts.refused)).toBeGreaterThan(2000);
  }, 120_000);
});

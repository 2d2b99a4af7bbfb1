import { describe, expect, test } from 'vitest';
import { coerceBoolean, coerceInteger } from '../../../src/domain/policy/coercion.js';
import { effectivePolicy, loadOverrides, matchOverride, startsRoute } from '../../../src/domain/policy/matching.js';

const load = (text: string) => loadOverrides(Buffer.from(text));
const notesOf = (value: string): readonly string[] => load(`{"/a":${value}}`).entries[0]?.notes ?? [];

describe('loading', () => {
  test('no key: nothing, and nothing wrong', () => {
    expect(loadOverrides(null)).toEqual({ entries: [], usableCount: 0, objectCount: 0, droppedBecause: null });
  });

  test.each([
    ['', 'empty string'],
    ['\ufeff{}', 'byte order mark'],
    ['[{"/a":{}}]', 'a JSON list'],
    ['{"/a":{}', "',' or '}'"],
    ['{"/a":{"rate":01}}', "',' or '}'"],
  ])('%j: every override is lost', (text, why) => {
    const loaded = load(text);
    expect(loaded).toMatchObject({ entries: [], usableCount: 0, objectCount: 0 });
    expect(loaded.droppedBecause).toContain(why);
  });

  test('counts what the server can use, and what it counts', () => {
    const loaded = load('{"/a":{},"/b":{"rate":null},"/c":1,"/d":null,"/e":{"rate":5}}');
    expect(loaded).toMatchObject({ usableCount: 2, objectCount: 3 });
    expect(loaded.vanished).toEqual([
      { prefix: '/c', because: 'its value is a number, not an object' },
      { prefix: '/d', because: 'its value is null, not an object' },
    ]);
  });

  test.each([
    ['{"rate":null}', 'rate null cannot be read as a whole number: it is no number'],
    ['{"rate":1,"burst":"12.5"}', 'burst "12.5" cannot be read as a whole number: the text is no whole number'],
    ['{"window":[1]}', 'window [1] cannot be read as a whole number: it is no number'],
    ['{"rate":Infinity}', 'rate Infinity cannot be read as a whole number: it is no finite number'],
    [
      '{"shadow":true,"window":{},"burst":"x"}',
      'burst "x" cannot be read as a whole number: the text is no whole number',
    ],
  ])('%s is skipped, and says why', (value, why) => {
    expect(load(`{"/a":${value}}`).entries[0]).toMatchObject({ fields: null, skippedBecause: why });
  });

  test('a long value is cut in the reason', () => {
    const reason = load(`{"/a":{"rate":"${'😀'.repeat(200)}"}}`).entries[0]?.skippedBecause ?? '';
    expect(reason.length).toBeLessThan(150);
    expect(reason).not.toContain('\ufffd');
  });

  test.each([
    ['{"rate":"12"}', ['rate "12" is read as 12']],
    ['{"rate":12.9,"burst":true}', ['rate 12.9 is read as 12', 'burst true is read as 1']],
    ['{"shadow":"false"}', ['shadow "false" is read as true']],
    ['{"shadow":null}', ['shadow null is read as false']],
    ['{"rate":12.0,"burst":0,"window":1,"shadow":false}', []],
    ['{}', ['it sets no field the server knows, yet it matches and hides later prefixes']],
    [
      '{"rate_per_min":5}',
      [
        'field "rate_per_min" is ignored by the server',
        'it sets no field the server knows, yet it matches and hides later prefixes',
      ],
    ],
    ['{"rate":0}', ["rate 0 gives no interval: the server's division fails or every request is blocked"]],
    ['{"rate":70000}', ['rate 70000 makes the interval 0 ms, which blocks every request']],
    ['{"burst":-1}', ['burst -1 is below 0: a caller not seen before never gets through']],
  ])('%s: notes', (value, notes) => {
    expect(notesOf(value)).toEqual(notes);
  });
});

describe('matching', () => {
  test('first in order, not longest; skipped entries are passed over', () => {
    const loaded = load('{"/api/x":{"rate":"?"},"/api":{"rate":1},"/api/x/y":{"rate":2}}');
    expect(matchOverride(loaded, '/api/x/y')?.prefix).toBe('/api');
    expect(matchOverride(loaded, '/ap')).toBeNull();
  });

  test('an empty route meets no override', () => {
    expect(matchOverride(load('{"":{"rate":1}}'), '')).toBeNull();
    expect(matchOverride(load('{"":{"rate":1}}'), 'x')?.prefix).toBe('');
  });

  test.each([
    ['/api/search', '/api/searching', true],
    ['/api', '/API', false],
    ['/a/', '/a', false],
    ['/\ud83d', '/😀', false],
    ['/\ud83d', '/\ud83dx', true],
    ['/\ud83d', '/\ud83d', true],
    ['/😀', '/😀/x', true],
  ])('%j starts %j: %s', (prefix, route, expected) => {
    expect(startsRoute(prefix, route)).toBe(expected);
  });

  test('the policy: the fields over the base', () => {
    const base = { ratePerMin: 60, burst: 10, windowSeconds: 60, isShadow: true };
    const loaded = load('{"/a":{"burst":3,"shadow":false},"/b":{"rate":null}}');
    expect(effectivePolicy(base, matchOverride(loaded, '/a'))).toEqual({ ...base, burst: 3, isShadow: false });
    expect(effectivePolicy(base, loaded.entries[1] ?? null)).toEqual(base);
    expect(effectivePolicy(base, null)).toEqual(base);
  });
});

describe('coercion of values already parsed', () => {
  test('what is exact and what is not', () => {
    expect(coerceInteger(undefined)).toEqual({ kind: 'absent' });
    expect(coerceBoolean(undefined)).toEqual({ kind: 'absent' });
    expect(coerceInteger(12)).toEqual({ kind: 'value', value: 12, isExact: true });
    expect(coerceInteger(12.9)).toEqual({ kind: 'value', value: 12, isExact: false });
    expect(coerceInteger('12')).toEqual({ kind: 'value', value: 12, isExact: false });
    expect(coerceInteger(2n ** 70n)).toEqual({ kind: 'value', value: 2 ** 70, isExact: true });
    expect(coerceBoolean(true)).toEqual({ kind: 'value', value: true, isExact: true });
    expect(coerceBoolean('false')).toEqual({ kind: 'value', value: true, isExact: false });
    expect(coerceBoolean(Number.NaN)).toMatchObject({ value: true });
  });

  test('minus zero is zero', () => {
    expect(coerceInteger(-0.5)).toEqual({ kind: 'value', value: 0, isExact: false });
    expect(coerceInteger('-0')).toEqual({ kind: 'value', value: 0, isExact: false });
  });
});

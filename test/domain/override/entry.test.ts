import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import {
  parseBurst,
  parseRatePerMin,
  parseRoutePrefix,
  parseWindowSeconds,
  readEntryFields,
} from '../../../src/domain/override/entry.js';

function refusal(run: () => unknown): RlctlError {
  try {
    run();
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

type Parse = (text: string, flag?: string) => number;

describe('numbers of flags', () => {
  test.each([
    [parseRatePerMin, '1', 1],
    [parseRatePerMin, '60000', 60_000],
    [parseBurst, '0', 0],
    [parseBurst, '100000', 100_000],
    [parseWindowSeconds, '1', 1],
    [parseWindowSeconds, '86400', 86_400],
  ] as const)('%o of %s', (parse, text, value) => {
    expect(parse(text)).toBe(value);
  });

  test.each<readonly [parse: Parse, text: string, flag: string, range: string]>([
    [parseRatePerMin, '0', '--rate', '1 to 60000'],
    [parseRatePerMin, '60001', '--rate', '1 to 60000'],
    [parseBurst, '-1', '--burst', '0 to 100000'],
    [parseBurst, '100001', '--burst', '0 to 100000'],
    [parseWindowSeconds, '0', '--window', '1 to 86400'],
    [parseWindowSeconds, '86401', '--window', '1 to 86400'],
    ...['', ' 5', '5 ', '+5', '1e3', '1_000', '0x10', '5.0', '05', 'ten', '٥', 'NaN', '9'.repeat(400)].map(
      (text) => [parseRatePerMin, text, '--rate', '1 to 60000'] as const,
    ),
  ])('%o refuses %j', (parse, text, flag, range) => {
    const error = refusal(() => parse(text));
    expect(error).toMatchObject({ kind: 'usage', exitCode: 2 });
    expect(error.message).toContain(`${flag} ${JSON.stringify(text)}`);
    expect(error.message).toContain(range);
    expect(error.hint).toContain(range);
  });

  test('the flag can have another name', () => {
    expect(refusal(() => parseBurst('x', 'item 3: burst')).message).toMatch(/^item 3: burst "x"/);
  });
});

describe('route prefixes', () => {
  test.each(['/', '/api', '/api/search/', '/é/😀', '/a b', '/*/x', '/__proto__', `/${'x'.repeat(2047)}`])(
    '%s',
    (text) => {
      expect(parseRoutePrefix(text)).toBe(text);
    },
  );

  test.each([
    ['', /does not start with "\/"/],
    ['api', /does not start with "\/"/],
    [' /api', /does not start with "\/"/],
    ['/a\nb', /control character/],
    ['/a\u009bb', /control character/],
    ['/\ud800', /not valid Unicode/],
    ['/api/search?x=1', /holds "\?", which no path does/],
    ['/api#top', /holds "#"/],
    ['/api/*', /ends in "\*"/],
    [`/${'x'.repeat(2048)}`, /longer than 2048/],
  ])('refuses %j', (text, message) => {
    const error = refusal(() => parseRoutePrefix(text));
    expect(error.kind).toBe('usage');
    expect(error.message).toMatch(message);
  });

  test('the cure of a wildcard is the prefix without it', () => {
    expect(refusal(() => parseRoutePrefix('/api/**')).hint).toContain('"/api/"');
  });
});

describe('fields of a stored value', () => {
  test('in order, with exact text; repeated ones with the last value', () => {
    expect(readEntryFields('{"rate": 12345678901234567890, "x":"\\u0041", "rate":2, "__proto__":[1 ]}')).toEqual([
      { name: 'rate', raw: '2', value: 2 },
      { name: 'x', raw: '"\\u0041"', value: 'A' },
      { name: '__proto__', raw: '[1 ]', value: [1] },
    ]);
  });

  test.each(['null', '[]', '12', '"{}"'])('%s is no object', (raw) => {
    expect(readEntryFields(raw)).toBeNull();
  });
});

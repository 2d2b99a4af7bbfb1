import { afterEach, describe, expect, test } from 'vitest';
import { endAtMs, parseEnd, parseTime } from '../../../src/domain/override/end.js';

const none = { for: null, until: null, isPermanent: false };
const zone = process.env['TZ'];

afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

const at = (text: string): string => new Date(parseTime(text, '--until')).toISOString();

describe('the flags', () => {
  test('say nothing, one thing, or too much', () => {
    expect(parseEnd(none)).toEqual({ kind: 'unsaid' });
    expect(parseEnd({ ...none, isPermanent: true })).toEqual({ kind: 'permanent' });
    expect(parseEnd({ ...none, for: '1h30m' })).toEqual({ kind: 'for', ms: 5_400_000 });
    expect(() => parseEnd({ for: '2h', until: '2026-11-22T08:00Z', isPermanent: true })).toThrow(
      '--for and --until and --permanent cannot be combined',
    );
  });

  test.each(['0s', '500ms', '2', 'soon', '', '11y'])('--for %j is refused', (text) => {
    expect(() => parseEnd({ ...none, for: text })).toThrow(/--for/);
  });
});

describe('a time', () => {
  test.each([
    ['2026-11-22T08:00:00Z', '2026-11-22T08:00:00.000Z'],
    ['2026-11-22t08:00:00z', '2026-11-22T08:00:00.000Z'],
    ['2026-11-22 08:00Z', '2026-11-22T08:00:00.000Z'],
    ['2026-11-22T08:00:00.125+01:00', '2026-11-22T07:00:00.125Z'],
    ['2026-11-22T08:00-03:30', '2026-11-22T11:30:00.000Z'],
    ['2028-02-29T00:00Z', '2028-02-29T00:00:00.000Z'],
  ])('%s is %s', (text, instant) => expect(at(text)).toBe(instant));

  test.each([
    ['tomorrow', 'is not a time'],
    ['2026-11-22', 'is not a time'],
    ['1795334400', 'is not a time'],
    ['2026-02-30T08:00Z', 'does not exist'],
    ['2026-11-22T24:00Z', 'does not exist'],
    ['2026-13-01T00:00Z', 'does not exist'],
    ['2026-11-22T08:00+24:00', 'has the offset +24:00, which does not exist'],
  ])('%s %s', (text, why) => expect(() => at(text)).toThrow(`--until: "${text}" ${why}`));

  test('without an offset is one of this time zone', () => {
    process.env['TZ'] = 'Europe/Berlin';
    expect(at('2026-11-22T08:00')).toBe('2026-11-22T07:00:00.000Z');
    expect(at('2026-07-22T08:00')).toBe('2026-07-22T06:00:00.000Z');
  });

  test('that comes twice or never, because the clocks change, is refused with both', () => {
    process.env['TZ'] = 'Europe/Berlin';
    expect(() => at('2026-10-25T02:30')).toThrow(
      'comes twice in the local time zone, because the clocks change (2026-10-25T00:30:00.000Z and 2026-10-25T01:30:00.000Z)',
    );
    expect(() => at('2026-03-29T02:30')).toThrow('never comes in the local time zone');
    expect(at('2026-10-25T02:30+01:00')).toBe('2026-10-25T01:30:00.000Z');
    expect(at('2026-10-25T03:30')).toBe('2026-10-25T02:30:00.000Z');
  });
});

describe('when it comes', () => {
  const now = Date.parse('2026-11-22T08:00:00Z');

  test('is reckoned from the clock that it is given', () => {
    expect(endAtMs({ kind: 'for', ms: 60_000 }, now)).toBe(now + 60_000);
    expect(endAtMs({ kind: 'until', atMs: now + 1, text: 't' }, now)).toBe(now + 1);
    expect(endAtMs({ kind: 'permanent' }, now)).toBeNull();
    expect(endAtMs({ kind: 'unsaid' }, now)).toBeNull();
  });

  test('must lie ahead, and not beyond what is meant to stay', () => {
    expect(() => endAtMs({ kind: 'until', atMs: now, text: '2026-11-22T08:00Z' }, now)).toThrow(
      expect.objectContaining({ code: 'END_PASSED', kind: 'usage' }) as Error,
    );
    expect(() => endAtMs({ kind: 'until', atMs: now + 3651 * 86_400_000, text: 't' }, now)).toThrow('ten years');
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  frozenUntil,
  isPast,
  momentInWords,
  parseFreeze,
  type FreezeWindow,
} from '../../../src/domain/guard/freeze.js';
import { civilMs, isTimeZone, momentsOf, wallClock } from '../../../src/domain/guard/local-time.js';

function windowOf(from: string, to: string, zone?: string): FreezeWindow {
  const parsed = parseFreeze({ from, to, zone });
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed;
}

/** When the freeze of a moment ends; `null`: it is free. */
function until(windows: FreezeWindow | readonly FreezeWindow[], at: string): string | null {
  const found = frozenUntil([windows].flat(), Date.parse(at));
  return found === null ? null : new Date(found.untilMs).toISOString().replace('.000Z', 'Z');
}

const weekend = windowOf('Fri 16:00', 'Mon 08:00', 'Europe/Berlin');
const monday = '2026-11-23T07:00:00Z';

describe('a weekly freeze, around the turn of the week', () => {
  test.each([
    ['2026-11-20T14:59:59Z', null],
    ['2026-11-20T15:00:00Z', monday],
    ['2026-11-21T23:59:00Z', monday],
    ['2026-11-22T12:00:00Z', monday],
    ['2026-11-23T06:59:59Z', monday],
    ['2026-11-23T07:00:00Z', null],
    ['2026-11-25T12:00:00Z', null],
    // In summer the same wall clock is an hour earlier in UTC.
    ['2026-07-03T13:59:59Z', null],
    ['2026-07-03T14:00:00Z', '2026-07-06T06:00:00Z'],
  ])('%s: %s', (at, end) => expect(until(weekend, at)).toBe(end));

  test('days may be written out, in any case', () => {
    expect(windowOf('friday 16:00', 'MONDAY 08:00', 'UTC')).toMatchObject({ fromMinute: 8160, toMinute: 1920 });
  });

  test.each([
    ['within one day', 'Wed 09:00', 'Wed 17:00', '2026-11-25T12:00:00Z', '2026-11-25T17:00:00Z'],
    ['all but a part of one day', 'Wed 17:00', 'Wed 09:00', '2026-11-25T18:00:00Z', '2026-12-02T09:00:00Z'],
    ['the gap of that', 'Wed 17:00', 'Wed 09:00', '2026-11-25T12:00:00Z', null],
    ['over Sunday midnight', 'Sat 23:30', 'Sun 00:30', '2026-11-22T00:29:00Z', '2026-11-22T00:30:00Z'],
  ])('%s', (_, from, to, at, end) => expect(until(windowOf(from, to, 'UTC'), at)).toBe(end));
});

describe('the nights in which a clock is put on or back', () => {
  // Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00Z. 25 October 2026: 03:00 becomes 02:00 at 01:00Z.
  test.each([
    ['spring, begins in the hour that is not there: early', 'Sun 02:30', 'Sun 06:00', '2026-03-29T00:29:00Z', null],
    ['spring, begins: on', 'Sun 02:30', 'Sun 06:00', '2026-03-29T00:30:00Z', '2026-03-29T04:00:00Z'],
    [
      'spring, ends in the hour that is not there: late',
      'Sat 12:00',
      'Sun 02:30',
      '2026-03-29T01:29:00Z',
      '2026-03-29T01:30:00Z',
    ],
    ['spring, over', 'Sat 12:00', 'Sun 02:30', '2026-03-29T01:30:00Z', null],
    ['spring, across: an hour shorter', 'Fri 16:00', 'Mon 08:00', '2026-03-28T12:00:00Z', '2026-03-30T06:00:00Z'],
    ['autumn, begins at the first of both', 'Sun 02:30', 'Sun 06:00', '2026-10-25T00:30:00Z', '2026-10-25T05:00:00Z'],
    ['autumn, still between both', 'Sun 02:30', 'Sun 06:00', '2026-10-25T01:05:00Z', '2026-10-25T05:00:00Z'],
    ['autumn, ends at the second of both', 'Sat 12:00', 'Sun 02:30', '2026-10-25T00:45:00Z', '2026-10-25T01:30:00Z'],
    ['autumn, over', 'Sat 12:00', 'Sun 02:30', '2026-10-25T01:30:00Z', null],
    ['autumn, across: an hour longer', 'Fri 16:00', 'Mon 08:00', '2026-10-24T12:00:00Z', '2026-10-26T07:00:00Z'],
  ])('%s', (_, from, to, at, end) => expect(until(windowOf(from, to, 'Europe/Berlin'), at)).toBe(end));

  test.each([
    ['2026-03-29T00:30:00Z', '2026-03-29T06:00:00Z'],
    ['2026-10-25T05:59:59Z', '2026-10-25T06:00:00Z'],
    ['2026-10-25T06:00:00Z', null],
  ])('a zone without summer time: %s', (at, end) =>
    expect(until(windowOf('Sun 05:30', 'Sun 11:30', 'Asia/Kolkata'), at)).toBe(end),
  );

  test('a date in the hour that comes twice lasts to the second one', () => {
    const window = windowOf('2026-10-25 02:30', '2026-10-25 02:45', 'Europe/Berlin');
    expect(until(window, '2026-10-25T00:30:00Z')).toBe('2026-10-25T01:45:00Z');
    expect(until(window, '2026-10-25T01:44:00Z')).toBe('2026-10-25T01:45:00Z');
    expect(until(window, '2026-10-25T00:29:00Z')).toBeNull();
  });
});

describe('a freeze between two dates', () => {
  test.each([
    ['RFC 3339', windowOf('2026-12-20T18:00:00+01:00', '2027-01-04T06:00:00Z')],
    ['local time', windowOf('2026-12-20 18:00', '2027-01-04T07:00', 'Europe/Berlin')],
    ['local time, seconds', windowOf('2026-12-20T18:00:00', '2027-01-04T07:00:00', 'Europe/Berlin')],
  ])('%s', (_, window) => {
    expect(until(window, '2026-12-20T16:59:59Z')).toBeNull();
    expect(until(window, '2026-12-20T17:00:00Z')).toBe('2027-01-04T06:00:00Z');
    expect(until(window, '2027-01-04T05:59:59Z')).toBe('2027-01-04T06:00:00Z');
    expect(until(window, '2027-01-04T06:00:00Z')).toBeNull();
    expect([
      isPast(window, Date.parse('2027-01-04T05:59:59Z')),
      isPast(window, Date.parse('2027-01-04T06:00:00Z')),
    ]).toEqual([false, true]);
  });

  test('a day alone is its midnight', () => {
    expect(until(windowOf('2026-12-24', '2026-12-27', 'UTC'), '2026-12-24T00:00:00Z')).toBe('2026-12-27T00:00:00Z');
  });

  test('a weekly one is never past', () => expect(isPast(weekend, Number.MAX_SAFE_INTEGER)).toBe(false));
});

test('windows that touch are one freeze, and those that never leave a gap do not go on for ever', () => {
  const after = windowOf('2026-11-23T07:00:00Z', '2026-11-23T12:00:00Z');
  expect(until([weekend, after], '2026-11-22T12:00:00Z')).toBe('2026-11-23T12:00:00Z');
  const rest = windowOf('Mon 08:00', 'Fri 16:00', 'Europe/Berlin');
  expect(until([weekend, rest], '2026-11-22T12:00:00Z')).not.toBeNull();
});

test.each([
  [{ from: 'Fri 4pm', to: 'Mon 08:00', zone: 'UTC' }, 'from: "Fri 4pm" is no time'],
  [{ from: 'Fry 16:00', to: 'Mon 08:00', zone: 'UTC' }, 'from: "Fry 16:00" is no time'],
  [{ from: 'Fri 24:00', to: 'Mon 08:00', zone: 'UTC' }, 'is no time'],
  [{ from: 'Fri 16:00', to: '2026-13-01', zone: 'UTC' }, 'to: "2026-13-01" is no time'],
  [{ from: '2026-02-30', to: '2026-03-02', zone: 'UTC' }, 'from: "2026-02-30" is no time'],
  [{ from: '2026-02-01T00:00:00+25:00', to: '2026-03-02', zone: 'UTC' }, 'is no time'],
  [{ from: 'Fri 16:00', to: 'Mon 08:00' }, 'zone is missing'],
  [{ from: '2026-12-20', to: '2026-12-21' }, 'zone is missing'],
  [{ from: '2026-12-20T00:00:00Z', to: '2026-12-21' }, 'zone is missing'],
  [{ from: 'Fri 16:00', to: 'Mon 08:00', zone: 'Europe/Berlim' }, 'near it there are: Europe/Berlin'],
  [{ from: 'Fri 16:00', to: 'Mon 08:00', zone: '+02:00' }, 'is no time zone'],
  [{ from: 'Fri 16:00', to: '2026-12-21', zone: 'UTC' }, 'a day of the week and the other a date'],
  [{ from: 'Fri 16:00', to: 'Fri 16:00', zone: 'UTC' }, 'ends where it begins'],
  [{ from: '2026-12-21', to: '2026-12-21', zone: 'UTC' }, 'ends before it begins'],
  [{ from: '2026-12-21T10:00:00+02:00', to: '2026-12-21T09:00:00Z' }, null],
])('%j: %s', (text, fault) => {
  const parsed = parseFreeze(text);
  if (fault === null) expect(parsed).not.toHaveProperty('fault');
  else expect(parsed).toEqual({ fault: expect.stringContaining(fault) as string });
});

test('the end in words: UTC, and the wall clock of the zone', () => {
  expect(momentInWords(Date.parse(monday), 'Europe/Berlin')).toBe(
    '2026-11-23 07:00Z (Mon 2026-11-23 08:00 in Europe/Berlin)',
  );
  for (const zone of [null, 'UTC']) expect(momentInWords(Date.parse(monday), zone)).toBe('2026-11-23 07:00Z');
});

const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia', 'UTC'];
const clocks = new Map(zones.map((zone) => [zone, wallClock(zone)]));
const clockOf = (zone: string) => clocks.get(zone) ?? wallClock(zone);
const moments = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) }).map((ms) => ms - (ms % 60_000));

describe('local time', () => {
  test('the moments of what a clock shows include the moment itself', () => {
    fc.assert(
      fc.property(moments, fc.constantFrom(...zones), (ms, zone) => {
        const { earliest, latest } = momentsOf(clockOf(zone)(ms), clockOf(zone));
        expect(ms === earliest || ms === latest).toBe(true);
        expect(latest - earliest).toBeLessThanOrEqual(3_600_000);
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  test('a weekly freeze holds where the wall clock says so, on days without a change of clocks', () => {
    const minuteOfWeek = (ms: number, zone: string): number => {
      const civil = civilMs(clockOf(zone)(ms));
      return new Date(civil).getUTCDay() * 1440 + (civil % 86_400_000) / 60_000;
    };
    const isChanging = (ms: number, zone: string): boolean =>
      [-86_400_000 * 8, 86_400_000 * 8].some((by) => offset(ms + by, zone) !== offset(ms, zone));
    const offset = (ms: number, zone: string): number => civilMs(clockOf(zone)(ms)) - ms;
    const times = ['Mon 08:00', 'Wed 00:00', 'Fri 16:30', 'Sun 00:00', 'Sat 23:59'];
    fc.assert(
      fc.property(
        moments,
        fc.constantFrom(...zones),
        fc.shuffledSubarray(times, { minLength: 2, maxLength: 2 }),
        (ms, zone, [from = '', to = '']) => {
          fc.pre(!isChanging(ms, zone));
          const window = windowOf(from, to, zone);
          if (window.kind !== 'weekly') throw new Error('not weekly');
          const now = minuteOfWeek(ms, zone);
          const { fromMinute, toMinute } = window;
          const isIn =
            fromMinute < toMinute ? now >= fromMinute && now < toMinute : now >= fromMinute || now < toMinute;
          expect(frozenUntil([window], ms) !== null).toBe(isIn);
        },
      ),
      { seed: 6, numRuns: 400 },
    );
  });

  test.each([
    ['Europe/Berlin', true],
    ['utc', true],
    ['Nowhere/City', false],
    ['', false],
    ['+01:00', false],
  ])('%s is a time zone: %s', (zone, isOne) => expect(isTimeZone(zone)).toBe(isOne));
});

import { describe, expect, test } from 'vitest';
import {
  flipLogText,
  latestFlips,
  madeFlips,
  mergedFlips,
  parseFlipLog,
  type KnownFlip,
} from '../../../src/domain/shadow/flip-log.js';

const flip = (bucket: string, isOn: boolean, second: number, more: Partial<KnownFlip> = {}): KnownFlip => ({
  bucket,
  isOn,
  place: 'x.env',
  actor: 'ann',
  reason: null,
  ticket: null,
  at: new Date(second * 1000).toISOString(),
  verdict: 'notAttempted',
  ...more,
});

test('what is kept is read again, the newest of it, and what is no flip is left out', () => {
  const many = Array.from({ length: 300 }, (_, second) => flip('read', second % 2 === 0, second, { machine: 'b' }));
  expect(parseFlipLog(flipLogText(many))).toEqual(many.slice(-200));
  for (const text of [null, '', '[]', '{"flips":3}', '{"flips":[1,{"bucket":2}]}'])
    expect(parseFlipLog(text)).toEqual([]);
});

test('what this machine knows itself is not told twice, and counts more than what it told', () => {
  const own = flip('read', true, 2, { verdict: 'proven' });
  const told = [flip('read', true, 2, { machine: 'a' }), flip('auth', true, 1, { machine: 'b' })];
  expect(mergedFlips([own], told)).toEqual([told[1], own]);
});

test('the newest of each flag', () => {
  const flips = [
    flip('read', true, 1),
    flip('auth', true, 2),
    flip('read', false, 3),
    flip('read', true, 4, { place: 'y' }),
  ];
  expect(latestFlips(flips)).toEqual([flips[2], flips[1], flips[3]]);
});

describe('a flip that was told before it was to be made', () => {
  const text = (before: string | null, wrote: string | null) => ({ text: { variable: 'V', before, wrote } });
  const begun = flip('read', true, 1, { ...text(null, 'true'), isBegun: true });
  const now = (is: string | null | undefined) => () => is;

  test.each([
    ['what stood there stands there still', null, false],
    ['it stands there', 'true', true],
    ['something else does', 'TRUE', true],
    ['nobody can tell', undefined, true],
  ])('and of which %s counts: %s, %s', (_, is, isMade) => {
    expect(madeFlips([begun], now(is))).toEqual(isMade ? [begun] : []);
  });

  test('is judged by the next one of the same flag, whatever stands there now', () => {
    const off = flip('read', false, 3, text('true', null));
    const other = flip('auth', true, 2, text(null, 'true'));
    expect(madeFlips([begun, other, off], now(null))).toEqual([begun, other, off]);
    const again = flip('read', true, 3, text(null, 'true'));
    expect(madeFlips([begun, other, again], now('true'))).toEqual([other, again]);
  });

  test('that was made, and what a program set, stay as they were told', () => {
    const told = [flip('read', true, 1, text(null, 'true')), flip('auth', true, 2, { isBegun: true })];
    expect(madeFlips(told, now(null))).toEqual(told);
  });
});

import { describe, expect, test } from 'vitest';
import type { KeptFlag } from '../../../src/domain/panic/kept.js';
import { isFlagTakenOut } from '../../../src/domain/panic/taken-out.js';
import type { KnownFlip } from '../../../src/domain/shadow/flip-log.js';

const at = (second: number): string => new Date(second * 1000).toISOString();
const flag = (more: Partial<KeptFlag> = {}): KeptFlag => ({
  bucket: 'pay',
  record: {
    place: '/limiter.env',
    variable: 'SHADOW_PAY',
    before: null,
    wrote: 'true',
    actor: 'ana',
    reason: null,
    ticket: null,
    at: at(100),
  },
  ...more,
});
/** As this machine knows it itself. */
const own = (isOn: boolean, second: number): KnownFlip => ({
  bucket: 'pay',
  isOn,
  place: '/limiter.env',
  actor: isOn ? 'ana' : 'ben',
  reason: null,
  ticket: null,
  at: at(second),
  verdict: 'proven',
});
/** As it was told. */
const flip = (isOn: boolean, second: number, more: Partial<KnownFlip> = {}): KnownFlip => ({
  ...own(isOn, second),
  machine: 'desk',
  ...more,
});

describe('a flag that a panic set', () => {
  test.each<readonly [string, boolean, readonly KnownFlip[], KeptFlag]>([
    ['stands while nobody set it', false, [flip(true, 101)], flag()],
    ['is taken out by whoever set it to off after it', true, [flip(true, 101), flip(false, 110)], flag()],
    ['stays taken out when it is set again', true, [flip(true, 101), flip(false, 110), flip(true, 120)], flag()],
    [
      'is not taken out by what came before, by a clock that is ahead',
      false,
      [flip(false, 400), flip(true, 101)],
      flag(),
    ],
    ['is taken out by what came after, by a clock that is behind', true, [flip(true, 101), flip(false, 40)], flag()],
    ['is taken out by what this machine alone knows of', true, [flip(true, 101), own(false, 110)], flag()],
    ['is none that was set elsewhere', false, [flip(true, 101), flip(false, 110, { place: '/other' })], flag()],
    ['found as wanted, it is judged by time', true, [flip(true, 50), flip(false, 110)], flag({ isFound: true })],
    ['found as wanted, it outlasts what was before', false, [flip(false, 50), flip(true, 60)], flag({ isFound: true })],
    ['a switch is never told of', false, [flip(false, 110)], flag({ bucket: null })],
  ])('%s', (_name, isOut, flips, kept) => {
    expect(isFlagTakenOut(kept, flips)).toBe(isOut);
  });
});

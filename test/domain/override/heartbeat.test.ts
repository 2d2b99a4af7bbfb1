import { describe, expect, test } from 'vitest';
import {
  isAttended,
  parseHeartbeat,
  periodMs,
  previousRunMs,
  type Heartbeat,
} from '../../../src/domain/override/heartbeat.js';

const minute = 60_000;
const nowMs = 1_000_000_000;
const beat = (more: Partial<Heartbeat>): Heartbeat => ({
  atMs: nowMs,
  by: 'ana',
  everySeconds: null,
  previousMs: null,
  reloaded: null,
  ...more,
});

describe('ends are attended to', () => {
  test.each([
    ['where the run said how often, for three periods', beat({ everySeconds: 300 }), 15, true],
    ['and no longer', beat({ everySeconds: 300 }), 16, false],
    ['not by one run that did not say', beat({}), 0, false],
    ['by two that show a rhythm', beat({ previousMs: nowMs - 5 * minute }), 15, true],
    ['and no longer', beat({ previousMs: nowMs - 5 * minute }), 16, false],
    ['not by two on different days', beat({ previousMs: nowMs - 24 * 60 * minute }), 0, false],
  ])('%s', (_, heartbeat, minutes, isExpected) =>
    expect(isAttended(heartbeat, nowMs + minutes * minute)).toBe(isExpected),
  );

  test('an hour is a rhythm', () => expect(periodMs(beat({ previousMs: nowMs - 60 * minute }))).toBe(60 * minute));
});

describe('the run before', () => {
  const run = { atMs: nowMs, by: 'ana', everySeconds: null };
  test.each([
    ['nobody', null, null],
    ['the same', beat({ atMs: nowMs - minute }), nowMs - minute],
    ['somebody else', beat({ atMs: nowMs - minute, by: 'ben' }), null],
    ['one that said how often', beat({ atMs: nowMs - minute, everySeconds: 30 }), null],
    ['the same at once: the one before it', beat({ atMs: nowMs - 5, previousMs: 7 }), 7],
  ])('%s', (_, earlier, expected) => expect(previousRunMs(earlier, run)).toBe(expected));

  test('of one that says how often nothing is kept', () =>
    expect(previousRunMs(beat({ atMs: nowMs - minute }), { ...run, everySeconds: 60 })).toBeNull());
});

test('a heartbeat of a version that kept no run before it is read', () => {
  expect(parseHeartbeat('{"v":1,"atMs":5,"by":"a","everySeconds":null,"reloaded":null}')?.previousMs).toBeNull();
  expect(parseHeartbeat('{"v":1,"atMs":5,"by":"a","previousMs":9}')?.previousMs).toBeNull();
});

import { describe, expect, test } from 'vitest';
import {
  isAttended,
  nextHeartbeat,
  parseHeartbeat,
  periodMs,
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
  const run = { atMs: nowMs, by: 'ana', everySeconds: null, reloaded: null };
  test.each([
    ['nobody', null, null],
    ['the same', beat({ atMs: nowMs - minute }), nowMs - minute],
    ['somebody else', beat({ atMs: nowMs - minute, by: 'ben' }), null],
    ['one that said how often and is gone', beat({ atMs: nowMs - 2 * minute, everySeconds: 30 }), null],
    ['the same at once: the one before it', beat({ atMs: nowMs - 5, previousMs: 7 }), 7],
  ])('%s', (_, earlier, expected) =>
    expect(nextHeartbeat(earlier, run)).toMatchObject({ atMs: nowMs, previousMs: expected }),
  );

  test('of one that says how often nothing is kept', () =>
    expect(nextHeartbeat(beat({ atMs: nowMs - minute }), { ...run, everySeconds: 60 }).previousMs).toBeNull());
});

describe('a run by hand beside what applies ends', () => {
  const run = { atMs: nowMs, by: 'ana', everySeconds: null, reloaded: null };
  const loop = beat({ atMs: nowMs - minute, everySeconds: 30, reloaded: 'a' });
  const cron = beat({ atMs: nowMs - minute, by: 'cron', previousMs: nowMs - 6 * minute });
  test.each([
    ['leaves the mark of a loop', loop, run, loop],
    ['leaves the mark of a rhythm of somebody else', cron, run, cron],
    ['adds what it reloaded', loop, { ...run, reloaded: 'b' }, { ...loop, reloaded: 'b' }],
    [
      'and what says how often it runs takes over',
      loop,
      { ...run, everySeconds: 300 },
      { atMs: nowMs, everySeconds: 300 },
    ],
  ])('%s', (_, earlier, next, expected) => expect(nextHeartbeat(earlier, next)).toMatchObject(expected));
});

test('a heartbeat of a version that kept no run before it is read', () => {
  expect(parseHeartbeat('{"v":1,"atMs":5,"by":"a","everySeconds":null,"reloaded":null}')?.previousMs).toBeNull();
  expect(parseHeartbeat('{"v":1,"atMs":5,"by":"a","previousMs":9}')?.previousMs).toBeNull();
});

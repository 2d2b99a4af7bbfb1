import type { Clock } from '../../src/ports/clock.js';
import type { Deadline } from '../../src/ports/deadline.js';
import type { Randomness } from '../../src/ports/randomness.js';

/** A clock that only moves when somebody sleeps or a test moves it; sleeping takes no time. */
export interface FakeClock extends Clock {
  /** What was slept, in order, milliseconds. */
  readonly slept: readonly number[];
  advance(ms: number): void;
}

export function createFakeClock(startMs = Date.parse('2026-11-21T10:00:00Z')): FakeClock {
  const state = { ms: 0 };
  const slept: number[] = [];
  return {
    slept,
    nowMs: () => startMs + state.ms,
    monotonicMs: () => state.ms,
    advance: (ms) => {
      state.ms += ms;
    },
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      state.ms += ms;
    },
  };
}

/** A deadline on a fake clock. Its signals abort only by the interrupt: no real time passes. */
export function createFakeDeadline(
  clock: Clock,
  totalMs = 10_000,
  interrupted = new AbortController().signal,
): Deadline {
  const start = clock.monotonicMs();
  return { interrupted, leftMs: () => Math.max(0, start + totalMs - clock.monotonicMs()), signal: () => interrupted };
}

/** Chance that repeats: a small generator from a fixed seed. */
export function createFakeRandomness(seed = 1): Randomness {
  const state = { value: seed, count: 0 };
  const fraction = (): number => {
    state.value = (Math.imul(state.value, 1_664_525) + 1_013_904_223) >>> 0;
    return state.value / 2 ** 32;
  };
  return {
    fraction,
    changeId: () => `change-${(state.count += 1)}`,
    hex: (count) =>
      Array.from({ length: count }, () =>
        Math.floor(fraction() * 256)
          .toString(16)
          .padStart(2, '0'),
      ).join(''),
  };
}

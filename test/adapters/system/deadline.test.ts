import { expect, test } from 'vitest';
import { createDeadline } from '../../../src/adapters/system/deadline.js';
import type { Clock } from '../../../src/ports/clock.js';

test('a deadline that is renewed has its whole time again, however long it has passed', () => {
  const time = { ms: 0 };
  const clock: Clock = { nowMs: () => time.ms, monotonicMs: () => time.ms, sleep: () => Promise.resolve() };
  const deadline = createDeadline(clock, 10_000, new AbortController().signal);
  time.ms = 25_000;
  expect(deadline.leftMs()).toBe(0);
  deadline.renew();
  expect(deadline.leftMs()).toBe(10_000);
  deadline.extend(500);
  time.ms = 30_000;
  expect(deadline.leftMs()).toBe(5500);
  deadline.renew();
  expect(deadline.leftMs()).toBe(10_500);
});

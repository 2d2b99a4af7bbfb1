import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { instanceDeadlines } from '../../../src/procedures/fleet/instance-deadline.js';
import { createFakeClock, createFakeDeadline } from '../../support/fake-time.js';

const pending = { sleep: () => new Promise<void>(() => undefined) };

test('nothing listens for an interrupt any more once every instance has answered, look after look', () => {
  const interrupt = new AbortController();
  const clock = { ...createFakeClock(), ...pending };
  const whole = createFakeDeadline(clock, 10_000, interrupt.signal);
  for (let look = 0; look < 30; look += 1) {
    const deadlines = instanceDeadlines(whole, clock);
    const [one, other] = [deadlines.start(1000), deadlines.start(1000)];
    for (const each of [one, one, other]) each.signal();
    expect(getEventListeners(interrupt.signal, 'abort')).toHaveLength(1);
    one.end();
    other.end();
  }
  expect(getEventListeners(interrupt.signal, 'abort')).toEqual([]);
});

test('an interrupt ends what is under way', () => {
  const interrupt = new AbortController();
  const clock = { ...createFakeClock(), ...pending };
  const deadlines = instanceDeadlines(createFakeDeadline(clock, 10_000, interrupt.signal), clock);
  deadlines.start(1000).end();
  const signal = deadlines.start(1000).signal();
  interrupt.abort(new Error('stop'));
  expect(signal.aborted).toBe(true);
});

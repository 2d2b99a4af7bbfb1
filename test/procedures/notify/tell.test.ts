import { describe, expect, test } from 'vitest';
import { RlctlError } from '../../../src/domain/errors.js';
import { eventOf } from '../../../src/domain/notify/event.js';
import type { NotifyTarget } from '../../../src/domain/notify/target.js';
import { Secret } from '../../../src/domain/secret.js';
import type { Delivery, Receiver } from '../../../src/ports/notifier.js';
import { tell } from '../../../src/procedures/notify/tell.js';
import { createFakeClock, createFakeRandomness } from '../../support/fake-time.js';

const event = eventOf(
  {
    type: 'change.made',
    id: 'c1',
    atMs: 0,
    sinceMs: null,
    environment: 'prod',
    actor: 'a',
    rlctl: '1',
    command: 'override set',
    summary: 's',
    routes: [],
    changeId: 'c1',
    verdict: null,
    reason: null,
    ticket: null,
    partOf: [],
  },
  (text) => text,
);
const target: NotifyTarget = {
  kind: 'webhook',
  name: 'webhook',
  place: 'f',
  address: { kind: 'known', url: new Secret('https://h'), origin: 'https://h' },
  events: ['change'],
  secret: { kind: 'env', variable: 'S' },
};
const delivered: Delivery = { kind: 'delivered', detail: 'answered 204' };
const failed = (isRepeatable: boolean): Delivery => ({
  kind: 'failed',
  isRepeatable,
  error: new RlctlError('unreachable', 'it is down', { code: 'NOTIFY_UNREACHABLE' }),
});
const untilAborted = (signal: AbortSignal): Promise<Delivery> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(failed(true))));

/** A receiver that ends its attempts so, one after the other. */
function receiver(
  ...attempts: readonly ((signal: AbortSignal) => Promise<Delivery>)[]
): Receiver & { readonly made: number } {
  const count = { made: 0 };
  return {
    target,
    prepare: () => undefined,
    deliver: (_, signal) => (attempts[count.made++] ?? untilAborted)(signal),
    readSecret: async () => '',
    look: async () => '',
    close: () => undefined,
    get made() {
      return count.made;
    },
  };
}
const at = (interrupted = new AbortController().signal) => ({
  clock: createFakeClock(),
  randomness: createFakeRandomness(),
  interrupted,
});

describe('telling', () => {
  test.each([
    ['takes it at once', [delivered], true, 1],
    ['may take it the second time', [failed(true), delivered], true, 2],
    ['does not take it twice over', [failed(true), failed(true)], false, 2],
    ['may have taken it, or never will', [failed(false), delivered], false, 1],
  ] as const)('a receiver that %s', async (_, answers, isDelivered, attempts) => {
    const one = receiver(...answers.map((answer) => async () => answer));
    const ports = at();
    expect(await tell(ports, [one], event)).toMatchObject([{ isDelivered, attempts }]);
    expect(one.made).toBe(attempts);
    expect(ports.clock.slept.every((ms) => ms >= 150 && ms <= 300)).toBe(true);
  });

  test('ends with its share, whatever a receiver does with the signal', async () => {
    const deaf = receiver(() => new Promise(() => undefined));
    const [one, two] = await tell(at(), [deaf, receiver(async () => delivered)], event, 50);
    expect(one).toMatchObject({ isDelivered: false, error: { code: 'NOTIFY_TIMEOUT' }, attempts: 1 });
    expect(two).toMatchObject({ isDelivered: true });
  });

  test('lets a receiver say how far it came, and makes no second attempt past its share', async () => {
    const slow = receiver(untilAborted, async () => delivered);
    expect(await tell(at(), [slow], event, 50)).toMatchObject([
      { isDelivered: false, detail: 'it is down', attempts: 1 },
    ]);
    expect(slow.made).toBe(1);
  });

  test('ends at an interrupt, before it and during it', async () => {
    const interrupt = new AbortController();
    const going = tell(at(interrupt.signal), [receiver(() => new Promise(() => undefined))], event);
    interrupt.abort(new RlctlError('interrupted', 'interrupted', { code: 'INTERRUPTED' }));
    expect(await going).toMatchObject([{ isDelivered: false, error: { code: 'INTERRUPTED' } }]);
    const late = receiver(() => new Promise(() => undefined));
    expect(await tell(at(interrupt.signal), [late], event)).toMatchObject([{ error: { code: 'INTERRUPTED' } }]);
  });

  test('turns a bug into a report', async () => {
    const broken = receiver(async () => {
      throw new TypeError('secret details');
    });
    const [report] = await tell(at(), [broken], event);
    expect(report).toMatchObject({ isDelivered: false, error: { code: 'UNEXPECTED' } });
    expect(report?.detail).not.toContain('secret details');
  });
});

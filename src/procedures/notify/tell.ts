import type { NotifyEvent } from '../../domain/notify/event.js';
import type { NotifyTarget } from '../../domain/notify/target.js';
import { RlctlError } from '../../domain/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Delivery, Receiver } from '../../ports/notifier.js';
import type { Randomness } from '../../ports/randomness.js';

export interface TellPorts {
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Aborts at an interrupt. */
  readonly interrupted: AbortSignal;
}

/** What became of telling one receiver. */
export interface Told {
  readonly target: NotifyTarget;
  readonly isDelivered: boolean;
  /** What it answered, or why it was not told. */
  readonly detail: string;
  /** `null`: it was told. */
  readonly error: RlctlError | null;
  readonly attempts: number;
  readonly tookMs: number;
}

/** The share of a command's time that telling others gets, beside its deadline, milliseconds. */
const tellingMs = 3000;

/** Before a second attempt; with up to as much again by chance. */
const pauseMs = 150;

/**
 * Tells every receiver at once, and gives each the same share of time: one that is slow holds up neither the others nor,
 * beyond that share, the command. A second attempt is made where it may help. Never throws.
 */
export async function tell(
  ports: TellPorts,
  receivers: readonly Receiver[],
  event: NotifyEvent,
  shareMs: number = tellingMs,
): Promise<readonly Told[]> {
  return Promise.all(receivers.map((receiver) => tellOne(ports, receiver, event, shareMs)));
}

async function tellOne(ports: TellPorts, receiver: Receiver, event: NotifyEvent, shareMs: number): Promise<Told> {
  const { clock } = ports;
  const startMs = clock.monotonicMs();
  const count = { attempts: 0 };
  const share = new AbortController();
  const onInterrupt = (): void => share.abort(ports.interrupted.reason);
  if (ports.interrupted.aborted) onInterrupt();
  ports.interrupted.addEventListener('abort', onInterrupt, { once: true });
  const timer = setTimeout(() => share.abort(new DOMException('the share has passed', 'TimeoutError')), shareMs);
  try {
    // Not everything can be cancelled (a name server, a program that prints a secret): then it is not waited for.
    const delivery = await Promise.race([
      attempts(ports, receiver, event, share.signal, count).catch(unforeseen),
      endOf(share.signal),
    ]);
    const tookMs = Math.round(clock.monotonicMs() - startMs);
    const { target } = receiver;
    if (delivery.kind === 'delivered')
      return { target, isDelivered: true, detail: `${delivery.detail} in ${tookMs} ms`, error: null, ...count, tookMs };
    const { error } = delivery;
    return { target, isDelivered: false, detail: error.message, error, ...count, tookMs };
  } finally {
    clearTimeout(timer);
    ports.interrupted.removeEventListener('abort', onInterrupt);
  }
}

async function attempts(
  { clock, randomness }: TellPorts,
  receiver: Receiver,
  event: NotifyEvent,
  signal: AbortSignal,
  count: { attempts: number },
): Promise<Delivery> {
  count.attempts = 1;
  const first = await receiver.deliver(event, signal);
  if (first.kind === 'delivered' || !first.isRepeatable || signal.aborted) return first;
  try {
    await clock.sleep(pauseMs * (1 + randomness.fraction()), signal);
  } catch {
    return first;
  }
  count.attempts = 2;
  return receiver.deliver(event, signal);
}

/** A bug in telling others is no reason for a change to fail. */
function unforeseen(error: unknown): Delivery {
  const name = error instanceof Error ? error.name : 'no error';
  const said = new RlctlError('unexpected', `rlctl failed in a way that it did not foresee (${name})`, {
    code: 'UNEXPECTED',
  });
  return { kind: 'failed', error: said, isRepeatable: false };
}

/** What there is to say at the end of the share, where the receiver itself has said nothing by then. */
function endOf(signal: AbortSignal): Promise<Delivery> {
  return new Promise((resolve) => {
    const end = (): void => {
      // The receiver's own words come first: it knows how far it came.
      setTimeout(() => resolve({ kind: 'failed', error: noAnswer(signal.reason), isRepeatable: false }), graceMs);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** The time a receiver has to say how far it came, milliseconds. */
const graceMs = 20;

function noAnswer(reason: unknown): RlctlError {
  if (reason instanceof RlctlError) return reason;
  return new RlctlError('unreachable', 'nothing was heard in time: neither of the receiver nor of its secret', {
    code: 'NOTIFY_TIMEOUT',
    hint: 'Look at it without sending anything: rlctl doctor --only notify',
  });
}

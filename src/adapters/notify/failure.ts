import { RlctlError, type ErrorKind } from '../../domain/errors.js';
import { describeTarget, type NotifyTarget } from '../../domain/notify/target.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { RawAnswer } from '../http/exchange.js';

/** A failed exchange in the words of a receiver: the HTTP adapter speaks of the API's. Interrupts stay what they are. */
export function receiverFailure(error: unknown, target: NotifyTarget): RlctlError {
  if (!(error instanceof RlctlError)) throw error;
  if (!error.code.startsWith('API_')) return error;
  const message = error.message.replace('it may have taken effect all the same', 'it may have arrived all the same');
  return new RlctlError(error.kind, `${target.kind} at ${message}`, {
    code: error.code.replace(/^API/, 'NOTIFY'),
    ...(message === error.message ? {} : { details: { mayHaveArrived: true } }),
    hint: `Check the address of ${target.place}, and that the receiver runs; "rlctl doctor --only notify" looks at it and sends nothing.`,
  });
}

/** What no receiver may answer; `null`: nothing of that. A redirect is never followed: it could lead anywhere. */
export function refusalOf({ status, headers }: RawAnswer, target: NotifyTarget): RlctlError | null {
  if (status >= 300 && status < 400) {
    const to = originOf(headers.get('location') ?? '');
    const hint = `Set ${target.place} to the address that answers itself.`;
    return refused(target, 'NOTIFY_REDIRECT', `redirects${to} (${status}), and rlctl follows no redirect`, hint);
  }
  if (status === 429) {
    const hint = 'Let it be told of less: name its events in rlctl.yaml.';
    return refused(target, 'NOTIFY_RATE_LIMITED', 'takes no more for now (429)', hint, 'unreachable');
  }
  if (status >= 500) {
    const hint = 'Look at the health of the receiver.';
    return refused(target, 'NOTIFY_SERVER_ERROR', `answered ${status}`, hint, 'unreachable');
  }
  return null;
}

/** An error about an answer: `webhook at https://hooks.example.com answered 404`. */
export function refused(
  target: NotifyTarget,
  code: string,
  why: string,
  hint: string,
  kind: ErrorKind = 'refused',
): RlctlError {
  return new RlctlError(kind, `${describeTarget(target)} ${why}`, { code, hint });
}

/** The origin alone: what stands behind it may be a secret, as that of the address itself. */
function originOf(location: string): string {
  return URL.canParse(location) ? ` to ${quoteOutside(new URL(location).origin)}` : '';
}

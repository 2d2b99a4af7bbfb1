import type { NotifyEvent } from '../../domain/notify/event.js';
import { credentialInWords, type WebhookTarget } from '../../domain/notify/target.js';
import type { Secret } from '../../domain/secret.js';
import { standardWebhooks } from '../../domain/signing/profile.js';
import { signatureOf } from '../../domain/signing/sign.js';
import type { Delivery, Receiver } from '../../ports/notifier.js';
import { receiverFailure, refusalOf, refused } from './failure.js';
import { createLine } from './line.js';

export interface WebhookParts {
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** Gets the secret; asked once. */
  readonly secret: () => Promise<Secret>;
  /** Learns what must never be seen: a signature is good for minutes. */
  readonly hide: (text: string) => void;
  readonly debug: (line: string) => void;
}

/** An attempt may be made again where nothing is known to have taken it, or the receiver knows it again by its id. */
const repeatable = new Set(['NOTIFY_UNREACHABLE', 'NOTIFY_RESET', 'NOTIFY_TRUNCATED', 'NOTIFY_SERVER_ERROR']);

/** A receiver that takes events as Standard Webhooks says. */
export function createWebhook(target: WebhookTarget, { nowMs, secret, hide, debug }: WebhookParts): Receiver {
  const line = createLine(target, debug);
  const once: { secret?: Promise<Secret> } = {};
  const read = (): Promise<Secret> => (once.secret ??= secret());
  /** The headers of one attempt: the event's own id, the time of this attempt, and a signature over both. */
  const sign = (id: string, body: string, key: Secret): ReadonlyMap<string, string> => {
    const timestamp = String(Math.floor(nowMs() / 1000));
    const signature = signatureOf(standardWebhooks, key, { id, timestamp, body });
    hide(signature.slice(standardWebhooks.prefix.length));
    const { header, timestampHeader, idHeader } = standardWebhooks;
    return new Map([
      ['Content-Type', 'application/json'],
      ['Accept', '*/*'],
      [idHeader ?? '', id],
      [timestampHeader ?? '', timestamp],
      [header, signature],
    ]);
  };
  const post = async (event: NotifyEvent, signal: AbortSignal): Promise<Delivery> => {
    const url = line.url();
    const key = await read();
    const body = JSON.stringify(event);
    const answer = await line.send({ url, method: 'POST', headers: sign(event.id, body, key), body, signal });
    const { status } = answer;
    if (status >= 200 && status < 300) return { kind: 'delivered', detail: `answered ${status}` };
    throw refusalOf(answer, target) ?? refused(target, ...refusalInWords(status, target));
  };
  return {
    target,
    prepare: () => {
      line.open();
      read().catch(() => undefined);
    },
    deliver: (event, signal) => post(event, signal).catch((error: unknown) => failed(error, target)),
    readSecret: async () => {
      // As for a real event, so that a secret that cannot sign is found.
      sign('none', '', await read());
      return credentialInWords(target);
    },
    look: async (signal) => {
      const url = line.url();
      const asked = { url, method: 'HEAD', headers: new Map([['Accept', '*/*']]), body: null, signal } as const;
      const answer = await line.send(asked).catch((error: unknown) => {
        throw receiverFailure(error, target);
      });
      const { status } = answer;
      // Of a request that it does not expect only this says anything about the address.
      const refusal = status < 400 || (status >= 502 && status <= 504) ? refusalOf(answer, target) : null;
      if (refusal !== null) throw refusal;
      return `${url.origin} answers (${status} to HEAD; no event was sent)`;
    },
    close: () => line.close(),
  };
}

function failed(error: unknown, target: WebhookTarget): Delivery {
  const failure = receiverFailure(error, target);
  return { kind: 'failed', error: failure, isRepeatable: repeatable.has(failure.code) };
}

function refusalInWords(status: number, { place }: WebhookTarget): readonly [string, string, string] {
  if (status === 401 || status === 403) {
    const hint = `Check that the secret of ${place} is the receiver's, and both clocks.`;
    return ['NOTIFY_REFUSED', `did not accept the signature (${status})`, hint];
  }
  if (status === 404 || status === 410) return ['NOTIFY_GONE', `answered ${status}`, `Check the path of ${place}.`];
  return [
    'NOTIFY_REFUSED',
    `answered ${status}`,
    `Look at what it wants: rlctl notify schema prints the event's form.`,
  ];
}

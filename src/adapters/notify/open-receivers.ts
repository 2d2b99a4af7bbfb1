import type { Environment } from '../../domain/config/environment.js';
import { describeTarget, type NotifyTarget } from '../../domain/notify/target.js';
import type { Clock } from '../../ports/clock.js';
import type { Receiver } from '../../ports/notifier.js';
import { readCredential, readReceiverSecret, type SecretParts } from '../system/secret.js';
import { createGrafana } from './grafana.js';
import { createWebhook } from './webhook.js';

export interface ReceiverParts {
  readonly clock: Clock;
  readonly secretParts: SecretParts;
  readonly debug: (line: string) => void;
}

/** Every receiver of an environment, in its order. Nothing is read and nothing is connected before it is asked for. */
export function openReceivers(environment: Environment, parts: ReceiverParts): readonly Receiver[] {
  return environment.notify.map((target) => openReceiver(target, environment, parts));
}

function openReceiver(target: NotifyTarget, environment: Environment, parts: ReceiverParts): Receiver {
  const { clock, secretParts, debug } = parts;
  const what = `${target.kind === 'webhook' ? 'the secret' : 'the credential'} of the ${describeTarget(target)}`;
  if (target.kind === 'grafana') {
    return createGrafana(target, {
      credential: () => readCredential(target.auth, what, environment, secretParts),
      debug,
    });
  }
  return createWebhook(target, {
    nowMs: () => clock.nowMs(),
    secret: () => readReceiverSecret(target.secret, what, environment, secretParts),
    hide: (text) => secretParts.redactor.add(text),
    debug,
  });
}

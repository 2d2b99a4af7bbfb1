import { annotationOf } from '../../domain/notify/annotation.js';
import type { NotifyEvent } from '../../domain/notify/event.js';
import { credentialInWords, type GrafanaTarget } from '../../domain/notify/target.js';
import { RlctlError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { authorization, type SourceCredential } from '../../domain/source-credential.js';
import type { Delivery, Receiver } from '../../ports/notifier.js';
import type { RawAnswer } from '../http/exchange.js';
import { receiverFailure, refusalOf, refused } from './failure.js';
import { createLine } from './line.js';

export interface GrafanaParts {
  /** Gets what it is asked with; asked once. */
  readonly credential: () => Promise<SourceCredential>;
  readonly debug: (line: string) => void;
}

/** Grafana knows no event again: only what certainly was not taken is tried once more. */
const notTaken = new Set(['NOTIFY_UNREACHABLE']);

/** A Grafana that takes events as annotations (POST /api/annotations). */
export function createGrafana(target: GrafanaTarget, { credential, debug }: GrafanaParts): Receiver {
  const line = createLine(target, debug);
  const once: { credential?: Promise<SourceCredential> } = {};
  const read = (): Promise<SourceCredential> => (once.credential ??= credential());
  const below = (path: string): URL => {
    const url = line.url();
    const [name = '', search = ''] = path.split('?');
    url.pathname = `${url.pathname.replace(/\/+$/, '')}${name}`;
    url.search = search;
    return url;
  };
  const headers = async (): Promise<Map<string, string>> =>
    new Map([
      ['Accept', 'application/json'],
      ['Authorization', authorization(await read())],
    ]);
  const post = async (event: NotifyEvent, signal: AbortSignal): Promise<Delivery> => {
    const url = below('/api/annotations');
    const all = (await headers()).set('Content-Type', 'application/json');
    const body = JSON.stringify(annotationOf(event, target));
    const answer = await line.send({ url, method: 'POST', headers: all, body, signal });
    const id = answer.status === 200 ? annotationId(answer) : null;
    if (id !== null) return { kind: 'delivered', detail: `annotation ${id}` };
    throw refusalOf(answer, target) ?? refusalOfGrafana(answer, target);
  };
  return {
    target,
    prepare: () => {
      line.open();
      read().catch(() => undefined);
    },
    deliver: (event, signal) => post(event, signal).catch((error: unknown) => failed(error, target)),
    readSecret: async () => {
      await read();
      return credentialInWords(target);
    },
    look: async (signal) => {
      // What an annotation needs, asked without making one.
      const url = below('/api/annotations?limit=1');
      const answer = await line
        .send({ url, method: 'GET', headers: await headers(), body: null, signal })
        .catch((error: unknown) => {
          throw receiverFailure(error, target);
        });
      if (answer.status === 200 && Array.isArray(jsonOf(answer)))
        return `${url.origin} answers, and takes the credential`;
      // Who may make annotations need not be permitted to read them.
      if (answer.status === 403)
        return `${url.origin} answers; whether the credential may make annotations is not seen`;
      throw refusalOf(answer, target) ?? refusalOfGrafana(answer, target);
    },
    close: () => line.close(),
  };
}

function failed(error: unknown, target: GrafanaTarget): Delivery {
  const failure = receiverFailure(error, target);
  return { kind: 'failed', error: failure, isRepeatable: notTaken.has(failure.code) };
}

/** A 200 is not proof: a login page answers it too. `null`: it is no answer of Grafana's. */
function annotationId(answer: RawAnswer): number | null {
  const { id } = Object(jsonOf(answer)) as { readonly id?: unknown };
  return typeof id === 'number' && Number.isInteger(id) ? id : null;
}

function jsonOf({ body, headers }: RawAnswer): unknown {
  if (!/^application\/json\b/i.test(headers.get('content-type') ?? '')) return null;
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function refusalOfGrafana(answer: RawAnswer, target: GrafanaTarget): RlctlError {
  const { status } = answer;
  const { message } = Object(jsonOf(answer)) as { readonly message?: unknown };
  const said = typeof message === 'string' ? `: ${quoteOutside(message)}` : '';
  const { place } = target;
  switch (status) {
    case 200: {
      const hint = `Set ${place}.grafana to the address under which /api/annotations stands; a login proxy lets no token through.`;
      return refused(target, 'NOTIFY_NOT_ITS_OWN', 'answered 200, but not as Grafana does', hint);
    }
    case 401:
      return refused(
        target,
        'NOTIFY_REFUSED',
        `refused the credential (401${said})`,
        `Put a valid token where ${place} takes it from.`,
      );
    case 403: {
      const hint = 'Give the service account the permission annotations:create (the role Editor has it).';
      return refused(target, 'NOTIFY_REFUSED', `does not permit an annotation (403${said})`, hint);
    }
    case 404: {
      const hint = `Check ${place}.grafana${target.dashboardUID === null ? '' : ' and its dashboardUID'}.`;
      return refused(target, 'NOTIFY_GONE', `answered 404${said}`, hint);
    }
    default:
      return refused(target, 'NOTIFY_REFUSED', `answered ${status}${said}`, `Check ${place}.`);
  }
}

import { isLoopbackHost } from '../../domain/api-endpoint.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { authorization, type SourceCredential } from '../../domain/source-credential.js';
import { Connections } from '../http/connections.js';
import type { RawAnswer } from '../http/exchange.js';
import { systemClock } from '../system/clock.js';
import { sourceFailure } from './refusal.js';

export interface EndpointOptions {
  /** The address as configured, checked already: http or https, no credentials, no query. */
  readonly url: string;
  /** The setting it comes from, which errors name. */
  readonly setting: 'prometheus' | 'metrics';
  /** `null`: it is asked without any. */
  readonly credential: SourceCredential | null;
  /** Gets one line per answer: method, URL without its query, status, duration. Never a header. */
  readonly debug?: (line: string) => void;
}

/** One address that serves metrics. */
export interface Endpoint {
  readonly url: URL;
  get(signal: AbortSignal, isFresh: boolean): Promise<RawAnswer>;
  /** Reads what stands under a path below the address, as JSON. */
  look(path: string, signal: AbortSignal): Promise<RawAnswer>;
  /** Asks under a path below the address, the parameters in a form. */
  ask(path: string, form: URLSearchParams, signal: AbortSignal): Promise<RawAnswer>;
  close(): void;
}

/** The largest answer that is read, bytes. */
const maxBytes = 8 * 1024 * 1024;
const timeoutMs = 120_000;

/** Throws a usage error where a credential would travel readable to another machine. */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { credential, setting, debug } = options;
  const url = new URL(options.url);
  if (credential !== null && url.protocol !== 'https:' && !isLoopbackHost(url.hostname)) {
    throw usageError(
      `${setting}: ${url.origin} is plain http and not this machine: its ${credential.kind === 'bearer' ? 'token' : 'password'} would travel readable`,
      `Use https://${url.host}, or take the credential out.`,
      'SOURCE_INSECURE',
    );
  }
  const connections = new Connections({ timeoutMs, maxBytes });
  const shared: readonly (readonly [string, string])[] = [
    ['Accept-Encoding', 'identity'],
    ['User-Agent', 'rlctl'],
    ...(credential === null ? [] : [['Authorization', authorization(credential)] as const]),
  ];
  const send = async (exchange: Parameters<Connections['send']>[0]): Promise<RawAnswer> => {
    const startMs = systemClock.monotonicMs();
    const log = (outcome: string): void =>
      debug?.(
        `${exchange.method} ${url.origin}${exchange.url.pathname} ${outcome} in ${Math.round(systemClock.monotonicMs() - startMs)} ms`,
      );
    try {
      const answer = await connections.send(exchange);
      log(String(answer.status));
      return answer;
    } catch (error) {
      log(error instanceof RlctlError ? error.code : 'failed');
      throw sourceFailure(error, setting);
    }
  };
  const below = (path: string): URL => {
    const [name = '', search = ''] = path.split('?');
    const asked = new URL(url);
    asked.pathname = `${url.pathname.replace(/\/+$/, '')}${name}`;
    asked.search = search;
    return asked;
  };
  return {
    url,
    get: (signal, isFresh) => {
      const headers = new Map([...shared, ['Accept', 'text/plain;version=0.0.4'] as const]);
      return send({ url, method: 'GET', headers, body: null, isFresh, signal });
    },
    look: (path, signal) => {
      const headers = new Map([...shared, ['Accept', 'application/json'] as const]);
      return send({ url: below(path), method: 'GET', headers, body: null, isFresh: false, signal });
    },
    ask: (path, form, signal) => {
      const asked = below(path);
      const headers = new Map([
        ...shared,
        ['Accept', 'application/json'] as const,
        ['Content-Type', 'application/x-www-form-urlencoded'] as const,
      ]);
      const body = form.toString();
      return send({ url: asked, method: 'POST', headers, body, isFresh: false, isQuestion: true, signal });
    },
    close: () => connections.close(),
  };
}

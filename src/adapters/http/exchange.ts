import type { Dispatcher } from 'undici';
import type { ProbeMethod } from '../../domain/control-plane.js';
import { abortFailure, isTooLarge, networkFailure, timeoutFailure } from './network-failure.js';

/** One request. */
export interface Exchange {
  readonly url: URL;
  readonly method: ProbeMethod;
  readonly headers: ReadonlyMap<string, string>;
  /** `null`: none is sent. */
  readonly body: string | null;
  /** Use a connection of its own and close it after. */
  readonly isFresh: boolean;
  readonly signal: AbortSignal;
  /** True for a POST that only asks, because its question is too long for an address. */
  readonly isQuestion?: boolean;
}

export interface RawAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** Cut off at the limit where the answer is too large. */
  readonly body: string;
  readonly isTooLarge: boolean;
}

/** The largest body that is read where a client sets no other limit, bytes. */
export const bodyLimit = 1024 * 1024;

/**
 * Sends one request and reads its answer: to its end, or to the client's limit. Rejects with an RlctlError where no whole
 * answer came, after `timeoutMs` at the latest. Leaves no timer or listener; the connection of a failed exchange is the
 * caller's to drop.
 */
export function runExchange(exchange: Exchange, timeoutMs: number, client: Dispatcher): Promise<RawAnswer> {
  const { url, method, signal } = exchange;
  const state = {
    url,
    isConnected: false,
    isAnswered: false,
    mayHaveEffect: method !== 'GET' && method !== 'HEAD' && exchange.isQuestion !== true,
  };
  const answer = { status: 0, headers: new Map<string, string>(), chunks: [] as Buffer[] };
  return new Promise<RawAnswer>((resolve, reject) => {
    const end = (finish: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const succeed = (isTooLarge: boolean): void =>
      end(() => resolve({ ...answer, body: Buffer.concat(answer.chunks).toString('utf8'), isTooLarge }));
    const fail = (error: Error): void => end(() => reject(error));
    const onAbort = (): void => fail(abortFailure(signal.reason, state));
    const timer = setTimeout(() => fail(timeoutFailure(state)), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) return onAbort();
    client.dispatch(requestOf(exchange), {
      onRequestStart: () => {
        state.isConnected = true;
      },
      onResponseStart: (_, status, headers) => {
        if (status < 200) return;
        state.isAnswered = true;
        Object.assign(answer, { status, headers: readHeaders(headers) });
      },
      onResponseData: (_, chunk) => void answer.chunks.push(chunk),
      onResponseEnd: () => succeed(false),
      onResponseError: (_, error) => (isTooLarge(error) ? succeed(true) : fail(networkFailure(error, state))),
    });
  });
}

function requestOf({ url, method, headers, body, isFresh }: Exchange): Dispatcher.DispatchOptions {
  return { path: url.pathname + url.search, method, headers: Object.fromEntries(headers), body, reset: isFresh };
}

function readHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Map<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name, [value ?? []].flat().join(', ')]));
}

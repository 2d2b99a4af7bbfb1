import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { goodReload } from '../../support/http-control-plane.js';

/** A signed request, byte for byte as it arrived. */
export interface Signed {
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** How a server reads a signed request, told with nothing but what the documents of its scheme say. */
export interface Scheme {
  /** The bytes that are signed; `null`: a header is missing. */
  readonly payload: (request: Signed) => Buffer | null;
  /** The header that carries the signature, and how it is written there. */
  readonly header: string;
  readonly written: (digest: Buffer, request: Signed) => string;
  /** The header with the unix seconds; absent: the scheme has none. */
  readonly timestamp?: string;
  /** The header with what is never the same twice; absent: the scheme has none. */
  readonly nonce?: string;
}

export interface SigningServer {
  readonly origin: string;
  /** Every request so far. */
  readonly arrived: readonly Signed[];
  /** Why requests were refused: `window`, `replay`, `signature`. */
  readonly refused: readonly string[];
  /** From now on it checks like this; everything before is forgotten. `failing`: so many are answered with a 503 first. */
  expect(this: void, scheme: Scheme, key: Buffer, failing?: number): void;
  /** How far its clock is from this machine's, milliseconds. */
  setClock(this: void, aheadMs: number): void;
  stop(this: void): Promise<void>;
}

const windowSeconds = 300;

/** A server that takes a request once, within 300 s, and only with the right signature. */
export async function openSigningServer(): Promise<SigningServer> {
  const arrived: Signed[] = [];
  const refused: string[] = [];
  const nonces = new Set<string>();
  const state = { scheme: null as Scheme | null, key: Buffer.alloc(0), failing: 0, aheadMs: 0 };

  /** What is wrong with it; `null`: nothing. */
  const faultOf = (request: Signed): string | null => {
    const { scheme, key } = state;
    const payload = scheme?.payload(request) ?? null;
    if (scheme === null || payload === null) return 'signature';
    const seconds = (Date.now() + state.aheadMs) / 1000;
    if (scheme.timestamp !== undefined && Math.abs(seconds - Number(one(request, scheme.timestamp))) > windowSeconds)
      return 'window';
    const digest = createHmac('sha256', key).update(payload).digest();
    if (one(request, scheme.header) !== scheme.written(digest, request)) return 'signature';
    const nonce = scheme.nonce === undefined ? null : one(request, scheme.nonce);
    if (nonce !== null && nonces.has(nonce)) return 'replay';
    if (nonce !== null) nonces.add(nonce);
    return null;
  };

  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { headers } = request;
      const signed = { headers, body: Buffer.concat(pieces) };
      arrived.push(signed);
      response.setHeader('Date', new Date(Date.now() + state.aheadMs).toUTCString());
      const answer = (status: number, value: unknown): void =>
        void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
      const fault = faultOf(signed);
      if (fault !== null) {
        refused.push(fault);
        return answer(403, { detail: fault === 'window' ? 'timestamp outside the window' : `invalid ${fault}` });
      }
      state.failing -= 1;
      return state.failing >= 0 ? answer(503, { detail: 'not now' }) : answer(200, goodReload);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    refused,
    expect: (scheme, key, failing = 0) => {
      Object.assign(state, { scheme, key, failing });
      arrived.length = 0;
      refused.length = 0;
      nonces.clear();
    },
    setClock: (aheadMs) => {
      state.aheadMs = aheadMs;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The one value of a header, as its bytes arrived. */
export function one({ headers }: Signed, name: string): string {
  return String(headers[name.toLowerCase()] ?? '');
}

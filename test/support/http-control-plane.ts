import { createHmac } from 'node:crypto';
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** One request as it arrived. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The client's port: two requests with one port shared a connection. */
  readonly port: number;
}

/** What the server does with one request; it may also do something terrible to the socket. */
export type Respond = (request: Arrived, response: ServerResponse, socket: Socket) => void;

export interface HttpControlPlane {
  readonly origin: string;
  readonly port: number;
  readonly arrived: readonly Arrived[];
  /** Connections that are open at this moment. */
  connections(): number;
  /** Replaces the good behaviour. */
  behave(respond: Respond): void;
  /** Resolves as soon as no connection is open any more. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

export const goodReload = {
  ok: true,
  enabled: true,
  shadow: false,
  bucket_shadows: { read: false },
  policy_overrides_count: 1,
};
export const goodPolicy = { bucket: 'read', rate_per_min: 60, burst: 10, window_s: 60, shadow: false };

/** Answers with JSON. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Respond {
  return (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
  };
}

/** A control plane on loopback that checks the HMAC itself, as the documents say it, and can be put into every bad state. */
export async function startHttpControlPlane(
  options: { secret?: string; tls?: { key: string; cert: string } } = {},
): Promise<HttpControlPlane> {
  const arrived: Arrived[] = [];
  const sockets = new Set<Socket>();
  const state: { respond: Respond } = { respond: documented(options.secret ?? 'secret') };
  const server: Server = options.tls ? createHttps(options.tls) : createHttp();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      server.emit('quieter');
    });
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    const { socket } = request;
    const port = socket.remotePort ?? 0;
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const seen = { method, url, headers, body: Buffer.concat(chunks).toString(), port };
      arrived.push(seen);
      state.respond(seen, response, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${options.tls ? 'https' : 'http'}://${options.tls ? 'localhost' : '127.0.0.1'}:${port}`,
    port,
    arrived,
    connections: () => sockets.size,
    behave: (respond) => {
      state.respond = respond;
    },
    quiet: async () => {
      while (sockets.size > 0) await new Promise((resolve) => server.once('quieter', resolve));
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The operator's handbook: the header carries the hex HMAC-SHA256 of the literal text reload. */
function documented(secret: string): Respond {
  const expected = createHmac('sha256', secret).update('reload').digest('hex');
  return (request, response, socket) => {
    const path = request.url.split('?')[0];
    if (request.method === 'GET' && path === '/internal/rate-limit/policy')
      return json(200, goodPolicy)(request, response, socket);
    if (request.method !== 'POST' || path !== '/internal/config/reload')
      return json(404, { detail: 'Not Found' })(request, response, socket);
    const isSigned =
      request.headers['x-config-signature'] === expected && request.headers['content-type'] === 'application/json';
    const answer =
      isSigned && request.body === '{"action": "reload"}'
        ? json(200, goodReload)
        : json(403, { detail: 'invalid signature' });
    return answer(request, response, socket);
  };
}

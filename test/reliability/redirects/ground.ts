import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { goodPolicy, goodReload } from '../../support/http-control-plane.js';

/** What a redirecting server answers. */
export interface Redirect {
  readonly status: number;
  /** Each becomes a header of its own; none: the header is missing. */
  readonly locations: readonly string[];
  /** Whether this request meets it; every other is answered as a good server would. */
  isMet(this: void, request: { readonly method: string; readonly path: string }): boolean;
  /** The body: what a good answer would hold, so that whoever minds no status takes it for one. */
  readonly body: string;
}

export interface RedirectServers {
  readonly firstPort: number;
  readonly secondPort: number;
  /** From now on the first server does this; what it counted before is forgotten. */
  behave(this: void, redirect: Redirect): void;
  /** How often the redirect was given. */
  readonly given: number;
  /** Requests for where the redirect led, at the first server. */
  readonly followed: readonly string[];
  /** Connections to the second server, and what came over them. */
  readonly strangers: readonly string[];
  stop(this: void): Promise<void>;
}

/** The path that relative redirects lead to: nothing else asks for it. */
export const elsewhere = 'led-elsewhere';

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

/** A server that redirects, and a second one that nobody has a reason to talk to. */
export async function openServers(): Promise<RedirectServers> {
  const state = { redirect: null as Redirect | null, given: 0 };
  const followed: string[] = [];
  const strangers: string[] = [];
  const sockets = new Set<Socket>();
  const first = createHttp((request, response) => {
    const [method = '', path = ''] = [request.method, request.url];
    if (path.includes(elsewhere)) followed.push(`${method} ${path}`);
    const { redirect } = state;
    const isMet = redirect?.isMet({ method, path }) ?? false;
    if (isMet) state.given += 1;
    if (isMet && redirect !== null) redirectTo(redirect, request, response);
    else answerWell(path, request, response);
  });
  // Any byte is too many, whatever it is: no HTTP is needed to count them.
  const second = createServer((socket) => {
    const at = strangers.push('a connection') - 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      strangers[at] = bytes.toString('latin1');
      socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
    });
  });
  const [firstPort, secondPort] = [await listening(first), await listening(second)];
  return {
    firstPort,
    secondPort,
    behave: (redirect) => {
      Object.assign(state, { redirect, given: 0 });
      followed.length = 0;
      strangers.length = 0;
    },
    get given() {
      return state.given;
    },
    followed,
    strangers,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      first.closeAllConnections();
      await Promise.all([first, second].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function redirectTo({ status, locations, body }: Redirect, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json');
    if (locations.length > 0) {
      response.setHeader('Location', [...locations]);
      // What browsers follow, no program should.
      response.setHeader('Refresh', `0; url=${locations[0]}`);
      response.setHeader('Content-Location', locations[0] ?? '');
    }
    response.writeHead(status).end(status === 304 ? undefined : body);
  });
}

function answerWell(path: string, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.on('end', () => {
    const isReload = path.endsWith('/config/reload');
    const known = isReload ? goodReload : path.includes('/rate-limit/policy') ? goodPolicy : null;
    response.writeHead(known === null ? 404 : 200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(known ?? { detail: 'Not Found' }));
  });
}

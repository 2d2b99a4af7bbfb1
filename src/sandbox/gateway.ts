import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RlctlError } from '../domain/errors.js';
import { failure, type Answer } from './answer.js';
import type { Behaviour } from './behaviour.js';
import type { Worker } from './worker-state.js';

/** The sandbox's one address, with every TCP connection pinned to one worker behind it. */
export interface Gateway {
  readonly origin: string;
  close(): Promise<void>;
}

/** What answers a request that reached a worker. */
export type Application = (worker: Worker, request: IncomingMessage, body: Buffer) => Promise<Answer>;

export interface GatewaySetup {
  readonly port: number;
  readonly behaviour: Behaviour;
  readonly workers: readonly Worker[];
  readonly application: Application;
}

/** Listens on loopback. Throws an RlctlError of kind `usage` where the port is taken. */
export async function openGateway(setup: GatewaySetup): Promise<Gateway> {
  const workerOf = pinning(setup);
  const server = createServer((request, response) => {
    void serve(setup, workerOf(request.socket), request, response);
  });
  server.on('connection', (socket) => workerOf(socket).countConnection());
  await listen(server, setup.port);
  const address = server.address();
  const port = address === null || typeof address === 'string' ? setup.port : address.port;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

// As behind a load balancer: a connection belongs to one process for as long as it lives.
function pinning({ workers, behaviour }: GatewaySetup): (socket: Socket) => Worker {
  const pins = new WeakMap<Socket, Worker>();
  const counter = { connections: 0 };
  return (socket) => {
    const pinned = pins.get(socket);
    if (pinned !== undefined) return pinned;
    const index = behaviour.pickWorker(counter.connections, workers.length);
    counter.connections += 1;
    const worker = workers[index];
    if (worker === undefined) throw new RangeError(`pickWorker returned ${index} for ${workers.length} workers`);
    pins.set(socket, worker);
    return worker;
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(notListening(port, error)));
    server.listen(port, '127.0.0.1', resolve);
  });
}

function notListening(port: number, error: NodeJS.ErrnoException): RlctlError {
  const why = error.code === 'EADDRINUSE' ? 'another program listens there' : (error.code ?? error.message);
  return new RlctlError('usage', `The sandbox cannot listen on 127.0.0.1:${port}: ${why}.`, {
    code: 'SANDBOX_PORT',
    hint: 'Choose another port, or leave --port out to take any free one.',
  });
}

async function serve(
  setup: GatewaySetup,
  worker: Worker,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  worker.countRequest();
  const body = await bodyOf(request);
  // The caller went away before the request was whole: nobody is left to answer.
  if (body === 'aborted') return;
  const answer = body === 'tooLarge' ? tooLarge(setup.behaviour) : await answerOf(setup, worker, request, body);
  send(setup.behaviour, request, response, answer);
}

async function answerOf(setup: GatewaySetup, worker: Worker, request: IncomingMessage, body: Buffer): Promise<Answer> {
  try {
    return await setup.application(worker, request, body);
  } catch {
    return failure(setup.behaviour, 500, { detail: 'Internal Server Error' });
  }
}

const bodyLimit = 2 ** 20;

async function bodyOf(request: IncomingMessage): Promise<Buffer | 'tooLarge' | 'aborted'> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      // Reads on to the end, so that the connection stays usable, but keeps nothing more.
      if (size <= bodyLimit) chunks.push(chunk);
    }
  } catch {
    return 'aborted';
  }
  return size > bodyLimit ? 'tooLarge' : Buffer.concat(chunks);
}

function tooLarge(behaviour: Behaviour): Answer {
  return failure(behaviour, 413, { detail: 'body over 1 MiB' });
}

function send(behaviour: Behaviour, request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const headers: Record<string, string> = {
    ...answer.headers,
    Date: new Date(Date.now() + behaviour.clockOffsetSeconds * 1000).toUTCString(),
    'Content-Length': String(Buffer.byteLength(answer.body)),
  };
  if (behaviour.siteMode !== null) headers['X-Site-Mode'] = behaviour.siteMode;
  response.writeHead(answer.status, headers);
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

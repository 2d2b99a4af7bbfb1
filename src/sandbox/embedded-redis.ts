import { createServer, type Server, type Socket } from 'node:net';
import {
  attachSession,
  createRedisCommandExecutor,
  RedisServerState,
  setLuaWasmLoadOptions,
  SocketConnectionTransport,
} from 'js-redis-server/core';
import { RlctlError } from '../domain/errors.js';

/** A Redis inside this process, for machines without redis-server. */
export interface EmbeddedRedis {
  /** `redis://127.0.0.1:<port>/0` */
  readonly url: string;
  /** Ends every connection and frees the port; what it held is gone. */
  readonly stop: () => Promise<void>;
}

// What a script may be given: both sides of a document of some 4 MiB. Far more would exhaust its memory in mid-script.
const limits = { maxArgBytes: 8 * 1024 * 1024 };

// What it claims to be: the version that the tests run for real.
const compatibility = 'redis-7.0';

/**
 * Starts one on a free port of 127.0.0.1 that keeps everything in memory. It knows the commands that rlctl and the
 * sandbox need, scripts included, but not all of Redis: no DUMP, WAIT, OBJECT, MEMORY, CLUSTER, no users, and no
 * documents of many MiB. Throws an RlctlError of kind `unreachable` where it cannot start; nothing is left then.
 *
 * @param options.wasmPath the engine that runs scripts; left out: the file beside the library's code.
 */
export async function startEmbeddedRedis(options: { readonly wasmPath?: string } = {}): Promise<EmbeddedRedis> {
  setLuaWasmLoadOptions({ ...options, limits });
  const state = new RedisServerState({ compatibility });
  const sockets = new Set<Socket>();
  const server = serverOf(state, sockets);
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
    state.close();
  };
  try {
    // Loaded before the first script comes: where its files are missing, that script would never be answered.
    await state.getLuaRuntime();
    return { url: `redis://127.0.0.1:${await listen(server)}/0`, stop };
  } catch (error) {
    await stop();
    throw notStarted(error);
  }
}

// A server of our own, since the library's listens on every interface.
function serverOf(state: RedisServerState, sockets: Set<Socket>): Server {
  const executor = createRedisCommandExecutor({ compatibility: state.profile });
  return createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    attachSession(new SocketConnectionTransport(socket), { state, executor });
  });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port is free');
  return address.port;
}

function notStarted(error: unknown): RlctlError {
  const why = error instanceof Error ? error.message : String(error);
  return new RlctlError('unreachable', `redis-server is not on PATH, and the embedded Redis did not start: ${why}`, {
    code: 'REDIS_EMBEDDED_FAILED',
    hint: 'Install redis-server: sudo apt-get install redis-server (macOS: brew install redis), or name one: --redis redis://127.0.0.1:6379/0',
  });
}

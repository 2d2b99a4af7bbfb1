import { execFile } from 'node:child_process';
import { connect, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { startEmbeddedRedis } from '../../src/sandbox/embedded-redis.js';

const run = promisify(execFile);

/** What tests need of a Redis, whichever it is. */
export interface TestRedis {
  readonly port: number;
  readonly url: string;
  /** Runs redis-cli against it and returns its stdout without the last newline. */
  cli(this: void, ...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** The embedded Redis, in this process. */
export async function startEmbedded(): Promise<TestRedis> {
  const { url, stop } = await startEmbeddedRedis();
  const port = Number(new URL(url).port);
  return { port, url, stop, cli: async (...args) => stdoutOf(await run('redis-cli', ['-p', String(port), ...args])) };
}

function stdoutOf({ stdout }: { readonly stdout: string }): string {
  return stdout.replace(/\n$/, '');
}

/** The same behind a door that renames EVAL, as `rename-command` of a redis.conf would: scripts are unknown there. */
export async function startEmbeddedWithoutScripts(): Promise<TestRedis> {
  const redis = await startEmbedded();
  const sockets = new Set<Socket>();
  const door = createServer((client) => {
    const server = connect({ host: '127.0.0.1', port: redis.port });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => [client, server].forEach((each) => each.destroy()));
    }
    client.on('data', (bytes) => server.write(withoutEval(Buffer.from(bytes))));
    server.pipe(client);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const address = door.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    ...redis,
    port: address.port,
    url: `redis://127.0.0.1:${address.port}/0`,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => door.close(resolve));
      await redis.stop();
    },
  };
}

function withoutEval(bytes: Buffer): Buffer {
  const renamed = bytes.toString('latin1').replace(/\r\n\$4\r\neval\r\n/gi, '\r\n$$5\r\nxEVAL\r\n');
  return Buffer.from(renamed, 'latin1');
}

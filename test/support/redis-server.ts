import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}

export interface RunningRedis {
  readonly port: number;
  /** `redis://127.0.0.1:<port>/0` */
  readonly url: string;
  readonly pid: number;
  /** A temporary folder of this server's own, removed at stop. */
  readonly folder: string;
  /** Runs redis-cli against this server and returns its stdout without the last newline. */
  cli(this: void, ...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** The servers that speak Redis's protocol: each is tried where it is installed. */
export type ServerProgram = 'redis-server' | 'valkey-server';

/** Whether a program is on this machine. */
export function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

/** Starts a real server on loopback that persists nothing, redis-server where none is named; waits until it takes connections. */
export async function startRedis(
  options: { args?: readonly string[]; program?: ServerProgram } = {},
): Promise<RunningRedis> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await tryStart(options.program ?? 'redis-server', options.args ?? []);
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
}

async function tryStart(program: ServerProgram, args: readonly string[]): Promise<RunningRedis> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-redis-'));
  const base = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn(program, [...base, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let log = '';
    const read = (chunk: Buffer): void => {
      log += chunk.toString();
      if (log.includes('eady to accept connections')) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}: ${log.slice(-500)}`)));
  });
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    pid: child.pid ?? 0,
    folder,
    cli: async (...cliArgs) => (await run('redis-cli', ['-p', String(port), ...cliArgs])).stdout.replace(/\n$/, ''),
    stop: async () => {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, type RunningRedis } from './redis-server.js';
import { until } from './until.js';

const run = promisify(execFile);

export interface RunningSentinel {
  readonly port: number;
  /** `redis+sentinel://` with the name of the master. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts a sentinel that decides alone, and waits until it knows a replica of the master `mymaster` that is linked to it.
 * `downAfterMs`: a master that is silent for so long is down.
 */
export async function startSentinel(master: Pick<RunningRedis, 'port'>, downAfterMs = 500): Promise<RunningSentinel> {
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-sentinel-'));
  const port = await freePort();
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
    `sentinel down-after-milliseconds mymaster ${downAfterMs}`,
    // Also how long it lets a replica be that reaches its master by another address.
    'sentinel failover-timeout mymaster 20000',
  ];
  const file = join(folder, 'sentinel.conf');
  await writeFile(file, lines.join('\n'));
  const child = spawn('redis-sentinel', [file], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ask = async (): Promise<string> =>
    (await run('redis-cli', ['-p', String(port), 'SENTINEL', 'REPLICAS', 'mymaster']).catch(() => ({ stdout: '' })))
      .stdout;
  await until(async () => (await ask()).includes('master-link-status\nok'), 'a sentinel that knows its replica');
  return {
    port,
    url: `redis+sentinel://127.0.0.1:${port}/mymaster`,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';

/**
 * Calls the listener once nobody reads a pipe any more, until the signal aborts.
 *
 * Node learns that only from its next write. Of the programs of Linux, `tail -f` watches its own output for it: one that
 * follows an empty file on this pipe writes nothing, and ends by SIGPIPE with the reader. It ends with this process too.
 * Where there is no such tail, or no pipe, the listener is never called.
 */
export function watchReader(fd: number, listener: () => void, stop: AbortSignal): void {
  if (stop.aborted || !isPipe(fd)) return;
  const child = spawn('tail', ['-s', '0.2', `--pid=${process.pid}`, '-f', '/dev/null'], {
    stdio: ['ignore', fd, 'ignore'],
    env: { PATH: process.env['PATH'] },
  });
  child.once('error', () => undefined);
  child.once('exit', (_, signal) => {
    if (signal === 'SIGPIPE' && !stop.aborted) listener();
  });
  stop.addEventListener('abort', () => void child.kill(), { once: true });
  child.unref();
}

function isPipe(fd: number): boolean {
  try {
    return process.platform === 'linux' && fstatSync(fd).isFIFO();
  } catch {
    return false;
  }
}

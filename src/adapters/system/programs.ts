import { spawn } from 'node:child_process';
import { usageError } from '../../domain/errors.js';
import type { ProgramEnd, Programs } from '../../ports/programs.js';

const keptBytes = 4096;
/** Between asking a program to end and ending it. */
const graceMs = 500;

/** The programs of this machine. */
export const systemPrograms: Programs = {
  run: (argv, signal) =>
    new Promise((resolve, reject) => {
      const [program = '', ...args] = argv;
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      const said = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => void (said.stdout = endOf(said.stdout + text)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => void (said.stderr = endOf(said.stderr + text)));
      const timers: NodeJS.Timeout[] = [];
      const stop = (): void => {
        endGroup(child.pid, 'SIGTERM');
        timers.push(setTimeout(() => endGroup(child.pid, 'SIGKILL'), graceMs));
      };
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      const end = (finish: () => void): void => {
        signal.removeEventListener('abort', stop);
        timers.forEach(clearTimeout);
        finish();
      };
      child.once('error', (error: NodeJS.ErrnoException) => end(() => reject(unstartable(program, error))));
      child.once('close', (code, ended) => {
        const result: ProgramEnd = { code, signal: ended, said: said.stderr || said.stdout };
        end(() => resolve(result));
      });
    }),
};

function endOf(text: string): string {
  return text.slice(-keptBytes);
}

/** Whatever it has started ends with it; a group that is gone is fine. */
function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function unstartable(program: string, error: NodeJS.ErrnoException): Error {
  return usageError(
    `the program "${program}" cannot be run (${error.code ?? error.name}); nothing was changed`,
    'Check shadowDriver in rlctl.yaml: it is started without a shell, by its path or from PATH.',
    'PROGRAM_NOT_STARTED',
  );
}

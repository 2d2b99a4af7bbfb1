import { spawn } from 'node:child_process';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { CommandRunner } from '../../ports/files.js';

export interface RunnerOptions {
  /** What the program is, in words: `the secret's command`. */
  readonly what: string;
  /** The code of its failures. */
  readonly code: string;
  /** The most it may print, bytes. */
  readonly maxBytes: number;
}

/** Runs programs of this machine; their stderr goes to the terminal, because a password manager asks there. */
export function createCommandRunner({ what, code, maxBytes }: RunnerOptions): CommandRunner {
  return {
    run: (argv, signal) =>
      new Promise((resolve, reject) => {
        const [program = '', ...args] = argv;
        const fail = (why: string): void =>
          reject(usageError(`${what} "${program}" ${why}`, 'Run it by hand and see what it prints.', code));
        if (signal.aborted) return fail('was not started: the time is up');
        const child = spawn(program, args, { stdio: ['inherit', 'pipe', 'inherit'], signal });
        const chunks: Buffer[] = [];
        const size = { bytes: 0 };
        child.stdout.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size.bytes += chunk.length;
          if (size.bytes > maxBytes) child.kill();
        });
        child.once('error', (error: NodeJS.ErrnoException) => {
          if (signal.aborted && signal.reason instanceof RlctlError) reject(signal.reason);
          else if (signal.aborted) fail('did not end in time');
          else fail(`cannot be run (${error.code ?? error.name})`);
        });
        child.once('close', (ended, by) => {
          if (size.bytes > maxBytes) fail(`printed more than ${maxBytes} bytes`);
          else if (ended === 0) resolve(Buffer.concat(chunks).toString('utf8'));
          else fail(`ended with ${ended ?? by}`);
        });
        return undefined;
      }),
  };
}

/** Runs the program that prints a secret. */
export const systemCommandRunner: CommandRunner = createCommandRunner({
  what: "the secret's command",
  code: 'SECRET_COMMAND',
  maxBytes: 64 * 1024,
});

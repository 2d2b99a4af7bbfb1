import { spawn } from 'node:child_process';
import { usageError } from '../../domain/errors.js';
import type { CommandRunner } from '../../ports/files.js';

const maxBytes = 64 * 1024;

/** Runs programs of this machine; their stderr goes to the terminal, because a password manager asks there. */
export const systemCommandRunner: CommandRunner = {
  run: (argv, signal) =>
    new Promise((resolve, reject) => {
      const [program = '', ...args] = argv;
      const fail = (why: string): void =>
        reject(
          usageError(
            `the secret's command "${program}" ${why}`,
            'Run it by hand and see what it prints.',
            'SECRET_COMMAND',
          ),
        );
      const child = spawn(program, args, { stdio: ['inherit', 'pipe', 'inherit'], signal });
      const chunks: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (chunks.reduce((sum, each) => sum + each.length, 0) > maxBytes) child.kill();
      });
      child.once('error', (error: NodeJS.ErrnoException) => fail(`cannot be run (${error.code ?? error.name})`));
      child.once('close', (code, ended) => {
        if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
        else fail(`ended with ${code ?? ended}`);
      });
    }),
};

import { spawn } from 'node:child_process';
import { usageError } from '../../domain/errors.js';
import type { Editor } from '../../ports/editor.js';

/** The editor on this terminal. */
export const systemEditor: Editor = {
  edit: (argv, path) =>
    new Promise((resolve, reject) => {
      const [program = '', ...args] = argv;
      const fail = (why: string): void =>
        reject(
          usageError(
            `the editor "${program}" ${why}; nothing was changed`,
            'Name one that stays until the file is saved, such as: VISUAL=vi, EDITOR="code --wait".',
            'EDITOR_FAILED',
          ),
        );
      // Its screen is the terminal that stderr is: stdout may be a pipe that waits for the result.
      const child = spawn(program, [...args, path], { stdio: ['inherit', 2, 2] });
      child.once('error', (error: NodeJS.ErrnoException) => fail(`cannot be run (${error.code ?? error.name})`));
      child.once('close', (code, signal) => {
        if (code === 0) resolve();
        else fail(`ended with ${code ?? signal}`);
      });
    }),
};

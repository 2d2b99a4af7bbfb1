import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { childEnv, exitOf, type CliOptions } from './cli.js';

/** Processes that each run the built program whenever they are told to, all at once. */
export interface Crew {
  /** Gives every process its command line at the same moment; resolves to their exit codes, in order. */
  run(commandLines: readonly (readonly string[])[]): Promise<readonly number[]>;
  /** What all of them have written to stderr. */
  err(): string;
  stop(): Promise<void>;
}

export function startCrew(size: number, options: Omit<CliOptions, 'stdin'>): Crew {
  const text = { err: '' };
  const members = Array.from({ length: size }, () => {
    const member = fork(join(import.meta.dirname, 'again.cjs'), {
      env: childEnv(options.env),
      cwd: options.cwd,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    member.stderr?.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
    return member;
  });
  return {
    run: (commandLines) => Promise.all(commandLines.map((args, index) => tell(members[index] as ChildProcess, args))),
    err: () => text.err,
    stop: async () => {
      const ends = members.map(exitOf);
      for (const member of members) member.kill('SIGKILL');
      await Promise.all(ends);
    },
  };
}

function tell(member: ChildProcess, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`a process ended with ${code} in the middle`));
    member.once('exit', onExit);
    member.once('message', (code) => {
      member.off('exit', onExit);
      resolve(Number(code));
    });
    member.send(args);
  });
}

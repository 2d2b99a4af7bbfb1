import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** The launcher of the built program. */
export const launcher = join(import.meta.dirname, '../../bin/rlctl.js');

export interface CliOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** What its stdin holds; absent: nothing. */
  readonly stdin?: string;
  /** Words of another program that starts it in its own way; absent: none. */
  readonly by?: readonly string[];
}

/** A program that has ended. */
export interface CliEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  /** From the start of the process to its end, milliseconds. */
  readonly tookMs: number;
}

export interface CliRun {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly ended: Promise<CliEnd>;
  /** What it has written to stdout so far. */
  out(this: void): string;
}

/** The variables of a child: what the world has, and nothing of the test runner's. */
export function childEnv(env: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...env };
}

/** Starts the built program. */
export function startCli(args: readonly string[], options: CliOptions): CliRun {
  const startedMs = performance.now();
  const [program = '', ...words] = [...(options.by ?? []), process.execPath, launcher, ...args];
  const child = spawn(program, words, {
    env: childEnv(options.env),
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const text = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => void (text.out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => void (text.err += chunk));
  const ended = new Promise<CliEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...text, tookMs: performance.now() - startedMs }));
  });
  return { child, ended, out: () => text.out };
}

/** Runs the built program to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliEnd> {
  return startCli(args, options).ended;
}

/**
 * The same; rejects where a process that was started beside it, and only waits `ms`, was through before it. Both are held up
 * alike by a machine that is busy with others: it is their order that is told.
 */
export async function runCliWithin(ms: number, args: readonly string[], options: CliOptions): Promise<CliEnd> {
  const waiting = spawn(process.execPath, ['-e', `setTimeout(() => undefined, ${ms})`], { stdio: 'ignore' });
  const late = exitOf(waiting).then(() => null);
  const { child, ended } = startCli(args, options);
  try {
    const end = await Promise.race([ended, late]);
    if (end !== null) return end;
    throw new Error(`"rlctl ${args.join(' ')}" had not ended when a process that waits ${ms} ms had`);
  } finally {
    waiting.kill();
    child.kill('SIGKILL');
  }
}

/** Resolves with the exit code of a child. */
export function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}

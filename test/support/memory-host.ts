import type { Host, OutputStream } from '../../src/ports/host.js';

export interface MemoryHostOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Columns of a terminal on both output streams; absent: both are pipes. */
  readonly columns?: number;
  /** What can be read; absent: nothing. */
  readonly stdin?: string | Buffer;
}

/** A world that exists in memory only: what is written is collected, signals are sent by the test. */
export interface MemoryHost extends Host {
  /** Everything written to stdout so far. */
  readonly out: string;
  /** The same, byte for byte. */
  readonly outBytes: Buffer;
  readonly err: string;
  /** The code of a forced end; `null`: there was none. */
  readonly left: number | null;
  signal(name: 'SIGINT' | 'SIGTERM'): void;
}

export function createMemoryHost(options: MemoryHostOptions): MemoryHost {
  const state = { out: '', err: '', left: null as number | null };
  const bytes: Buffer[] = [];
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();
  const stream = (name: 'out' | 'err'): OutputStream => ({
    isTTY: options.columns !== undefined,
    columns: options.columns,
    write: async (text) => {
      state[name] += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
      if (name === 'out') bytes.push(Buffer.from(text));
    },
  });
  return {
    cwd: options.cwd,
    env: options.env ?? {},
    // Never a terminal: a prompt would read the test runner's own input.
    stdin: { isTTY: false, readAll: async () => Buffer.from(options.stdin ?? '') },
    stdout: stream('out'),
    stderr: stream('err'),
    onSignal: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    leave: (code) => {
      state.left = code;
    },
    get out() {
      return state.out;
    },
    get outBytes() {
      return Buffer.concat(bytes);
    },
    get err() {
      return state.err;
    },
    get left() {
      return state.left;
    },
    signal: (name) => {
      for (const listener of listeners) listener(name);
    },
  };
}

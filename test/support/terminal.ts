import { spawn, type IPty } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { childEnv, launcher, type CliOptions } from './cli.js';

/** The built program on a real pseudo-terminal, and what a person sees there. */
export interface OnTerminal {
  /** The lines of the screen, without trailing blanks. */
  screen(): readonly string[];
  /** True on the alternate screen. */
  isAlternate(): boolean;
  /** Everything that was written to the terminal. */
  raw(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Resolves as soon as the condition holds for what is seen; the test's own time limit ends a wait in vain. */
  until(condition: (screen: readonly string[]) => boolean): Promise<void>;
  /** The exit code, once it has ended and everything it wrote is on the screen. */
  readonly ended: Promise<number>;
  kill(): void;
}

export interface TerminalOptions extends Omit<CliOptions, 'stdin'> {
  readonly columns: number;
  readonly rows: number;
}

export function startOnTerminal(args: readonly string[], options: TerminalOptions): OnTerminal {
  const { columns: cols, rows, env, cwd } = options;
  const terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true });
  const pty: IPty = spawn(process.execPath, [launcher, ...args], {
    name: 'xterm-256color',
    cols,
    rows,
    cwd,
    env: { ...childEnv(env), TERM: 'xterm-256color' },
  });
  const state = { raw: '', pending: Promise.resolve() };
  pty.onData((data) => {
    state.raw += data;
    state.pending = new Promise((resolve) => terminal.write(data, resolve));
  });
  const screen = (): readonly string[] => {
    const { active } = terminal.buffer;
    const lines = Array.from({ length: terminal.rows }, (_, index) => active.getLine(active.baseY + index));
    // A line keeps cells beyond the terminal's width after it was made narrower; nobody sees those.
    return lines.map((line) => line?.translateToString(true, 0, terminal.cols).trimEnd() ?? '');
  };
  return {
    screen,
    isAlternate: () => terminal.buffer.active.type === 'alternate',
    raw: () => state.raw,
    type: (keys) => pty.write(keys),
    resize: (columns, height) => {
      terminal.resize(columns, height);
      pty.resize(columns, height);
    },
    until: async (condition) => {
      while (!condition(screen())) {
        await state.pending;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    ended: new Promise((resolve) => pty.onExit(({ exitCode }) => void state.pending.then(() => resolve(exitCode)))),
    kill: () => pty.kill(),
  };
}

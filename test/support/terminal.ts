import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';

export interface TerminalOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly columns?: number;
  readonly rows?: number;
}

/** A program on a terminal of its own. */
export interface Terminal {
  type(keys: string): void;
  /** What stands on the screen, without the blanks at the ends of lines and of the screen. */
  screen(): string;
  /** Where the cursor stands, counted from the first line ever written. */
  cursor(): string;
  /** Resolves when the condition holds; throws, with the screen, when it does not within ten seconds, or `withinMs`. */
  until(what: string, condition: () => boolean, withinMs?: number): Promise<void>;
  /** Every title that the program gave its window. */
  readonly titles: readonly string[];
  /** Ends the program and waits for its end. */
  close(): Promise<void>;
}

const patienceMs = 10_000;

export function openTerminal(program: string, args: readonly string[], options: TerminalOptions): Terminal {
  const { columns: cols = 100, rows = 40, cwd } = options;
  const emulator = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 5000 });
  const pty = spawn(program, [...args], { name: 'xterm-256color', cols, rows, cwd, env: { ...options.env } });
  const titles: string[] = [];
  const waiting = new Set<() => void>();
  const ended = new Promise<void>((resolve) => pty.onExit(() => resolve()));
  emulator.onTitleChange((title) => titles.push(title));
  // What the emulator answers to questions about the terminal, as a real one does.
  emulator.onData((answer) => pty.write(answer));
  pty.onData((text) => {
    emulator.write(text, () => {
      for (const check of waiting) check();
    });
  });
  const screen = (): string => {
    const { active } = emulator.buffer;
    const lines = Array.from({ length: rows }, (_, row) => active.getLine(active.viewportY + row));
    return lines
      .map((line) => line?.translateToString(true) ?? '')
      .join('\n')
      .trimEnd();
  };
  return {
    type: (keys) => pty.write(keys),
    screen,
    cursor: () => `${emulator.buffer.active.baseY + emulator.buffer.active.cursorY}:${emulator.buffer.active.cursorX}`,
    until: (what, condition, withinMs = patienceMs) =>
      new Promise((resolve, reject) => {
        const end = (finish: () => void): void => {
          clearTimeout(timer);
          waiting.delete(check);
          finish();
        };
        const check = (): void => {
          if (condition()) end(resolve);
        };
        const timer = setTimeout(
          () => end(() => reject(new Error(`waited in vain: ${what}; on the screen:\n${screen()}`))),
          withinMs,
        );
        waiting.add(check);
        check();
      }),
    titles,
    close: async () => {
      pty.kill('SIGKILL');
      await ended;
      emulator.dispose();
    },
  };
}

import { spawn } from '@lydell/node-pty';
import xterm, { type IBufferLine } from '@xterm/headless';

export interface TerminalOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly columns?: number;
  readonly rows?: number;
}

/** Neighbouring cells of one line that look the same. */
export interface Run {
  readonly text: string;
  /** Of its first cell, from 0. */
  readonly column: number;
  /** Of the 256 colours; `null`: the terminal's own. */
  readonly colour: number | null;
  readonly isBold: boolean;
  readonly isDim: boolean;
}

/** A program on a terminal of its own. */
export interface Terminal {
  type(keys: string): void;
  /** The same with its looks, line by line. */
  painted(): readonly (readonly Run[])[];
  resize(columns: number, rows: number): void;
  /** What stands on the screen, without the blanks at the ends of lines and of the screen. */
  screen(): string;
  /** The same, every line of the screen. */
  lines(): readonly string[];
  /** True on the alternate screen. */
  isAlternate(): boolean;
  /** Everything that was written to the terminal. */
  raw(): string;
  /** Where the cursor stands, counted from the first line ever written. */
  cursor(): string;
  /** Resolves when the condition holds; throws, with the screen, when it does not within ten seconds, or `withinMs`. */
  until(what: string, condition: () => boolean, withinMs?: number): Promise<void>;
  /** Every title that the program gave its window. */
  readonly titles: readonly string[];
  /** The exit code, once the program has ended and everything that it wrote is on the screen. */
  readonly ended: Promise<number>;
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
  const written = { text: '', isOnScreen: Promise.resolve() };
  const ended = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode }) => void written.isOnScreen.then(() => resolve(exitCode)));
  });
  emulator.onTitleChange((title) => titles.push(title));
  // What the emulator answers to questions about the terminal, as a real one does.
  emulator.onData((answer) => pty.write(answer));
  pty.onData((text) => {
    written.text += text;
    written.isOnScreen = new Promise((resolve) => {
      emulator.write(text, () => {
        for (const check of waiting) check();
        resolve();
      });
    });
  });
  const lines = (): readonly string[] => {
    const { active } = emulator.buffer;
    const all = Array.from({ length: emulator.rows }, (_, row) => active.getLine(active.viewportY + row));
    // A line keeps cells beyond the terminal's width after it was made narrower; nobody sees those.
    return all.map((line) => line?.translateToString(true, 0, emulator.cols).trimEnd() ?? '');
  };
  const screen = (): string => lines().join('\n').trimEnd();
  return {
    painted: () =>
      Array.from({ length: emulator.rows }, (_, row) => {
        const line = emulator.buffer.active.getLine(emulator.buffer.active.viewportY + row);
        return line === undefined ? [] : runsOf(line, emulator.cols);
      }),
    type: (keys) => pty.write(keys),
    resize: (columns, height) => {
      emulator.resize(columns, height);
      pty.resize(columns, height);
    },
    isAlternate: () => emulator.buffer.active.type === 'alternate',
    raw: () => written.text,
    screen,
    lines,
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
    ended,
    close: async () => {
      pty.kill('SIGKILL');
      await ended;
      emulator.dispose();
    },
  };
}

function runsOf(line: IBufferLine, columns: number): readonly Run[] {
  const runs: Run[] = [];
  for (let column = 0; column < columns; column += 1) {
    const cell = line.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const looks = {
      colour: cell.isFgPalette() ? cell.getFgColor() : null,
      isBold: cell.isBold() !== 0,
      isDim: cell.isDim() !== 0,
    };
    const text = cell.getChars() || ' ';
    const last = runs.at(-1);
    const isSame = last?.colour === looks.colour && last.isBold === looks.isBold && last.isDim === looks.isDim;
    if (last !== undefined && isSame) runs[runs.length - 1] = { ...last, text: last.text + text };
    else runs.push({ text, column, ...looks });
  }
  return runs;
}

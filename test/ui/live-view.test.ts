import xterm from '@xterm/headless';
import { expect, test } from 'vitest';
import { createLiveView, type LiveView } from '../../src/ui/live-view.js';

interface Screen {
  readonly live: LiveView;
  readonly lines: () => readonly string[];
  readonly raw: () => string;
  readonly resize: (columns: number, rows: number) => void;
}

/** A live view on an emulated terminal, which does with every byte what a real one does. */
function openScreen(columns: number, rows: number): Screen {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const state = { raw: '' };
  const listeners = new Set<() => void>();
  const stdout = {
    isTTY: true,
    get columns() {
      return terminal.cols;
    },
    get rows() {
      return terminal.rows;
    },
    write: (text: string) => {
      state.raw += text;
      return new Promise<void>((resolve) => terminal.write(text, resolve));
    },
    onResize: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const options = { format: 'table', jq: null, colour: 'always', isDebug: false } as const;
  return {
    live: createLiveView({ stdout, env: { TERM: 'xterm-256color' } }, options),
    lines: () => {
      const { active } = terminal.buffer;
      return Array.from(
        { length: terminal.rows },
        (_, index) =>
          active
            .getLine(active.baseY + index)
            ?.translateToString(true, 0, terminal.cols)
            .trimEnd() ?? '',
      );
    },
    raw: () => state.raw,
    resize: (wide, high) => {
      terminal.resize(wide, high);
      for (const listener of listeners) listener();
    },
  };
}

const view = (lineOf: (width: number) => string) => ({
  kind: 'Lines',
  data: {},
  human: ({ width }: { readonly width: number }) => lineOf(width),
});

test('a line as wide as the terminal keeps its last character', async () => {
  const { live, lines, raw } = openScreen(60, 4);
  await live.show(view((width) => `${'x'.repeat(width - 1)}!\n\u001b[31m${'y'.repeat(width - 1)}?\u001b[39m\nend`));
  expect(lines()).toEqual([`${'x'.repeat(59)}!`, `${'y'.repeat(59)}?`, 'end', '']);
  // The emulated one forgives it; others have the cursor on the last character still, and clear that with what follows.
  expect(raw()).not.toMatch(/[!?](\u001b\[39m)?\u001b\[K/);
});

test('nothing of a longer frame is left under a shorter one', async () => {
  const { live, lines } = openScreen(60, 4);
  await live.show(view((width) => Array.from({ length: 4 }, () => 'x'.repeat(width)).join('\n')));
  await live.show(view(() => 'short\nlines'));
  expect(lines()).toEqual(['short', 'lines', '', '']);
});

test.each([
  [45, 3],
  [90, 8],
])('a size of %i times %i, while a frame is drawn', async (columns, rows) => {
  const { live, lines, resize } = openScreen(60, 4);
  await live.show(view((width) => Array.from({ length: 4 }, () => 'x'.repeat(width)).join('\n')));
  const drawing = live.show(view((width) => Array.from({ length: 2 }, () => 'y'.repeat(width)).join('\n')));
  resize(columns, rows);
  await drawing;
  await live.show(view((width) => Array.from({ length: 2 }, () => 'z'.repeat(width)).join('\n')));
  const full = 'z'.repeat(columns);
  expect(lines()).toEqual([full, full, ...Array.from({ length: rows - 2 }, () => '')]);
});

test('a changed size draws the frame anew by itself', async () => {
  const { live, lines, resize } = openScreen(60, 4);
  const drawn: number[] = [];
  await live.show(
    view((width) => {
      drawn.push(width);
      return 'x'.repeat(width);
    }),
  );
  resize(50, 4);
  await live.end();
  expect(drawn).toEqual([60, 50, 50]);
  expect(lines()[0]).toBe('x'.repeat(50));
});

test('what does not fit is counted', async () => {
  const { live, lines } = openScreen(60, 3);
  await live.show(view(() => '1\n2\n3\n4\n5'));
  expect(lines()).toEqual(['1', '2', '… 3 more lines']);
});

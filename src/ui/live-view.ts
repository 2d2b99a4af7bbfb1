import stringWidth from 'string-width';
import type { Host } from '../ports/host.js';
import { createTheme, type ColourChoice } from './theme.js';
import { render, type OutputFormat, type View } from './view.js';

export interface LiveOptions {
  readonly format: OutputFormat;
  readonly jq: string | null;
  readonly colour: ColourChoice;
  readonly isDebug: boolean;
}

/** Shows one view after another: in place on a terminal, one after the other anywhere else. */
export interface LiveView {
  show(view: View): Promise<void>;
  /** Gives the terminal back; the last view stays on it. */
  end(): Promise<void>;
}

export function createLiveView(host: Pick<Host, 'stdout' | 'env'>, options: LiveOptions): LiveView {
  const { stdout, env } = host;
  const isForPeople = stdout.isTTY && options.format === 'table' && options.jq === null;
  const text = async (view: View, format: OutputFormat): Promise<string> =>
    render(view, { format, jq: options.jq }, await createTheme(stdout, options.colour, env));
  // What --debug says would be drawn over.
  if (isForPeople && env['TERM'] !== 'dumb' && !options.isDebug) return inPlace(stdout, (view) => text(view, 'table'));
  const format = options.format === 'yaml' ? 'yaml' : isForPeople ? 'table' : 'ndjson';
  const divider = { yaml: '---\n', table: '\n', ndjson: '' }[format];
  return { show: async (view) => stdout.write(`${divider}${await text(view, format)}`), end: async () => undefined };
}

const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const leave = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** Between these a terminal that can draws everything at once. */
const atOnce = ['\u001b[?2026h', '\u001b[?2026l'] as const;

/**
 * Frames on the alternate screen, where nothing scrolls: each is drawn over the one before from the first cell on, every
 * line cleared behind its end, so that nothing flickers and a changed size leaves no rest.
 */
function inPlace(stdout: Host['stdout'], textOf: (view: View) => Promise<string>): LiveView {
  const state = { view: null as View | null, drawing: Promise.resolve(), isOpen: false };
  const draw = async (): Promise<void> => {
    if (state.view === null) return;
    const text = await textOf(state.view);
    const frame = frameOf(text, stdout);
    const start = state.isOpen ? '' : enter;
    state.isOpen = true;
    await stdout.write(`${start}${atOnce[0]}\u001b[H${frame}\u001b[J${atOnce[1]}`);
  };
  const queue = (): Promise<void> => (state.drawing = state.drawing.then(draw));
  const stopListening = stdout.onResize?.(() => void queue().catch(() => undefined));
  return {
    show: (view) => {
      state.view = view;
      return queue();
    },
    end: async () => {
      stopListening?.();
      await state.drawing.catch(() => undefined);
      if (!state.isOpen) return;
      await stdout.write(leave);
      if (state.view !== null) await stdout.write(await textOf(state.view));
    },
  };
}

/** As many lines as there are rows, with a word about those that are not there. */
function frameOf(text: string, { rows = 24, columns = 80 }: Host['stdout']): string {
  const lines = text.replace(/\n$/, '').split('\n');
  const fitting =
    lines.length <= rows
      ? lines
      : [...lines.slice(0, Math.max(0, rows - 1)), `… ${lines.length - rows + 1} more lines`];
  // After a full line the cursor still stands on its last character, which clearing would take.
  return fitting.map((line) => (stringWidth(line) < columns ? `${line}\u001b[K` : line)).join('\r\n');
}

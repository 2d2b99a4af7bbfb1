import type { OutputStream } from '../ports/host.js';
import { term } from './term.js';

/** One line on stderr that says what is being waited for; only on a terminal, and only after half a second. */
export interface Progress {
  step(text: string): void;
  /** Removes the line; call before anything else is written. */
  clear(): void;
}

const silent: Progress = { step: () => undefined, clear: () => undefined };

export function createProgress(stderr: OutputStream, isQuiet: boolean): Progress {
  if (!stderr.isTTY || isQuiet) return silent;
  const state = { text: '', isShown: false, timer: null as NodeJS.Timeout | null };
  const show = (): void => {
    state.isShown = true;
    state.timer = null;
    void stderr.write(`\r\u001b[2K… ${term(state.text).slice(0, (stderr.columns ?? 80) - 3)}`);
  };
  return {
    step: (text) => {
      state.text = text;
      if (state.isShown) show();
      else state.timer ??= setTimeout(show, 500).unref();
    },
    clear: () => {
      if (state.timer) clearTimeout(state.timer);
      state.timer = null;
      if (state.isShown) void stderr.write('\r\u001b[2K');
      state.isShown = false;
    },
  };
}

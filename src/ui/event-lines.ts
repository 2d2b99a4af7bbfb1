import type { Host } from '../ports/host.js';
import type { LiveOptions } from './live-view.js';
import { createTheme } from './theme.js';
import { render, type View } from './view.js';

/** Shows events one after another as they come: for people on a terminal a text each, anywhere else a line of JSON each. */
export function createEventLines(
  { stdout, env }: Pick<Host, 'stdout' | 'env'>,
  { format, jq, colour }: Omit<LiveOptions, 'isDebug'>,
): (view: View) => Promise<void> {
  const isForPeople = stdout.isTTY && format === 'table';
  const shown = format === 'yaml' ? 'yaml' : isForPeople ? 'table' : 'ndjson';
  const divider = shown === 'yaml' ? '---\n' : '';
  return async (view) => {
    const text = await render(view, { format: shown, jq }, await createTheme(stdout, colour, env));
    await stdout.write(`${divider}${text}`);
  };
}

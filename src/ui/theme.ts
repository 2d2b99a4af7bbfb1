import type { OutputStream } from '../ports/host.js';

/** How text is dressed on one stream; every function returns its text unchanged where there is no colour. */
export interface Theme {
  readonly hasColour: boolean;
  readonly isTerminal: boolean;
  /** True: remarks are left out (`--quiet`); results, questions and errors are not. */
  readonly isQuiet: boolean;
  /** Width to lay out for: the terminal’s; in a pipe 80 for prose, while tables are never cut there. */
  readonly width: number;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly accent: (text: string) => string;
}

export type ColourChoice = 'auto' | 'always' | 'never';

/** Whether a stream gets colour: the flag beats NO_COLOR and TERM=dumb, which beat the terminal. */
function wantsColour(choice: ColourChoice, env: Readonly<Record<string, string | undefined>>, isTTY: boolean): boolean {
  if (choice !== 'auto') return choice === 'always';
  return isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

const same = (text: string): string => text;

/** The theme of one stream. The colour library is loaded only where there is colour. */
export async function createTheme(
  stream: OutputStream,
  choice: ColourChoice,
  env: Readonly<Record<string, string | undefined>>,
  isQuiet = false,
): Promise<Theme> {
  const width = Math.max(40, stream.columns ?? 80);
  if (!wantsColour(choice, env, stream.isTTY)) {
    return {
      hasColour: false,
      isTerminal: stream.isTTY,
      isQuiet,
      width,
      good: same,
      bad: same,
      warn: same,
      dim: same,
      bold: same,
      accent: same,
    };
  }
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return {
    hasColour: true,
    isTerminal: stream.isTTY,
    isQuiet,
    width,
    good: chalk.green,
    bad: chalk.red,
    warn: chalk.yellow,
    dim: chalk.dim,
    bold: chalk.bold,
    accent: chalk.cyan,
  };
}

import type { Verdict } from './shard.js';
import type { Kept } from './state.js';
import type { Trial } from './trial.js';

/** A trial with what its shards have come to. */
export interface Row {
  readonly trial: Trial;
  readonly kept: Kept;
  readonly verdict: Verdict;
  /** The command that does all of it again. */
  readonly command: string;
}

/** Figures as people read them: sums, then greatest values. */
export function figuresOf({ counts, most }: Pick<Kept, 'counts' | 'most'>): readonly (readonly [string, string])[] {
  const sums = Object.entries(counts).map(([what, count]) => [what, shown(count)] as const);
  const peaks = Object.entries(most).map(([what, value]) => [`${what}, at most`, shown(value)] as const);
  return [...sums, ...peaks];
}

const shown = (value: number): string =>
  (Number.isInteger(value) ? value : Math.round(value * 10) / 10).toLocaleString('en-US');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

const lineOf = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** The lines of an earlier report, by trial. */
function linesOf(report: string): ReadonlyMap<string, string> {
  const found = [...report.matchAll(/^\| \*\*([\w-]+)\*\*: .*$/gm)];
  return new Map(found.map(([line, name = '']) => [name, line]));
}

/**
 * One Markdown table of every trial: what held, with which figures, on which day and commit, and the command that repeats it.
 * `earlier`: the report as it stood, from which a trial that was not run on this machine keeps its line; '' for none.
 */
export function reportOf(
  rows: readonly Row[],
  facts: { readonly date: string; readonly machine: string; readonly commit: string },
  earlier: string,
): string {
  const before = linesOf(earlier);
  const lines = rows.map(({ trial, kept, verdict, command }) => {
    const asBefore = kept.done.length === 0 ? before.get(trial.name) : undefined;
    if (asBefore !== undefined) return asBefore;
    const figures = figuresOf(kept).map(([what, value]) => `${what}: ${value}`);
    const units = `${shown(kept.done.length)} of ${shown(trial.units)}`;
    const word = kept.done.length === 0 ? 'not run' : verdict.word;
    const ran = kept.ran === undefined ? '' : `${kept.ran.date}, ${kept.ran.commit}`;
    return lineOf([`**${trial.name}**: ${trial.about}`, word, figures.join('; '), units, ran, `\`${command}\``]);
  });
  const head = ['trial', 'verdict', 'figures', 'units', 'run on', 'again with'];
  const table = [lineOf(head), lineOf(head.map(() => '---')), ...lines];
  return `Written on ${facts.date} at commit ${facts.commit}; ${facts.machine}.\n\n${table.join('\n')}\n`;
}

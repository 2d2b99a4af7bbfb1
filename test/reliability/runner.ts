import { readFile, writeFile } from 'node:fs/promises';
import { cpus, type } from 'node:os';
import { parseArgs } from 'node:util';
import { figuresOf, reportOf, type Row } from './report.js';
import { addTally, emptyTally, runShard, verdictOf, type Tally } from './shard.js';
import { dropState, loadNewest, loadState, saveState, type Kept, type StateName } from './state.js';
import type { Trial } from './trial.js';

const usage = `Trials of what must never happen, in real processes and against real servers, judged by an oracle of their own.
One call goes on for at most nine minutes; the same call again goes on where it stopped.

  npm run test:reliability -- [--only NAME]… [--seed N] [--units N | --unit K] [--quick] [--again] [--seconds N] [--report [FILE]]

  --only NAME      this trial; may be given more than once
  --seed N         another seed makes other choices (1)
  --units N        do no more than N further units of each trial; 0: do none
  --unit K         do unit K alone, and keep nothing
  --quick          the short form that "npm test" runs, and keep nothing
  --again          forget what earlier calls have done
  --seconds N      begin nothing after so many (510)
  --report [FILE]  write the table of what all calls have come to (test/reliability/REPORT.md);
                   a trial that this build has not been through is told as the last build left it, with its commit,
                   and one that this machine has not, as the file has it

Exit 0: everything done so far held. 1: something failed, or had too little load to mean anything. 2: a wrong option.`;

/** What the launcher knows. */
export interface Launch {
  readonly trials: readonly Trial[];
  readonly args: readonly string[];
  /** By trial: what its code and the tool's come to. */
  readonly builds: Readonly<Record<string, string>>;
  readonly defaultReport: string;
  /** What is tried: the commit, with a `+` where the tree holds more than it. */
  readonly commit: string;
}

class UsageError extends Error {}

interface Options {
  readonly chosen: readonly Trial[];
  readonly seed: number;
  readonly units: number | null;
  readonly unit: number | null;
  readonly isQuick: boolean;
  readonly isAgain: boolean;
  readonly seconds: number;
  readonly report: string | null;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs what was asked for; resolves to the exit code. */
export async function run(launch: Launch): Promise<number> {
  try {
    if (launch.args.includes('--help')) {
      say(`${usage}\n\nTrials:\n${launch.trials.map(({ name, about }) => `  ${name}: ${about}`).join('\n')}`);
      return 0;
    }
    const options = parse(launch);
    return await (options.isQuick || options.unit !== null ? runOnce(options) : runOn(launch, options));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

function parse({ args, trials, defaultReport }: Launch): Options {
  const values = parsed(withReportFile(args, defaultReport));
  const only = values.only ?? [];
  const stranger = only.find((name) => !trials.some((trial) => trial.name === name));
  if (stranger !== undefined)
    throw new UsageError(`no trial "${stranger}"; there are: ${trials.map(({ name }) => name).join(', ')}`);
  if (values.unit !== undefined && only.length !== 1) throw new UsageError('--unit K needs one --only NAME');
  return {
    chosen: only.length === 0 ? trials : trials.filter(({ name }) => only.includes(name)),
    seed: whole('seed', values.seed ?? '1'),
    units: values.units === undefined ? null : whole('units', values.units),
    unit: values.unit === undefined ? null : whole('unit', values.unit),
    isQuick: values.quick ?? false,
    isAgain: values.again ?? false,
    seconds: whole('seconds', values.seconds ?? '510'),
    report: values.report ?? null,
  };
}

/** A report that names no file goes to the usual one. */
function withReportFile(args: readonly string[], file: string): readonly string[] {
  return args.flatMap((each, at) =>
    each === '--report' && (args[at + 1] ?? '--').startsWith('--') ? [each, file] : [each],
  );
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const yes = { type: 'boolean' } as const;
  const once = { seed: text, units: text, unit: text, seconds: text, report: text, quick: yes, again: yes };
  try {
    return parseArgs({ args: [...args], options: { ...once, only: { ...text, multiple: true } } }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usage}`);
  }
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new UsageError(`--${name}: "${text}" is not a whole number`);
}

/** The command that does the same again, or goes on with it. */
function commandOf({ chosen, seed }: Pick<Options, 'chosen' | 'seed'>, isAll: boolean, ...more: string[]): string {
  const only = isAll ? [] : chosen.flatMap(({ name }) => ['--only', name]);
  return `npm run test:reliability -- ${[...only, '--seed', String(seed), ...more].join(' ')}`;
}

const commandOfOne = (trial: Trial, seed: number, ...more: string[]): string =>
  commandOf({ chosen: [trial], seed }, false, ...more);

/** A line that is written over while somebody looks. */
function live(trial: Trial): (text: string) => void {
  return (text) => {
    if (!process.stderr.isTTY) return;
    const line = text === '' ? '' : `${trial.name}: ${text}`;
    process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  };
}

/** One unit, or the short form: nothing is kept of it. */
async function runOnce({ chosen, seed, unit, units, isQuick }: Options): Promise<number> {
  const words: string[] = [];
  for (const trial of chosen) {
    if (isQuick && trial.quick === 0) {
      say(`\n${trial.name}: its short form are ordinary tests, run by npm test`);
      continue;
    }
    const count = isQuick ? Math.min(units ?? trial.quick, trial.quick) : 0;
    const list = unit === null ? Array.from({ length: count }, (_, index) => index) : [unit];
    const more = [...(isQuick ? ['--quick'] : []), ...(unit === null ? [] : ['--unit', String(unit)])];
    const progress = live(trial);
    const startMs = performance.now();
    const tally = await runShard({ trial, seed, isQuick, units: list, isOver: () => false, progress });
    progress('');
    // A unit alone is looked at; that it is few is no news.
    const verdict = verdictOf(unit === null ? trial : { ...trial, least: {}, leastQuick: {} }, tally, isQuick);
    const seconds = Math.round((performance.now() - startMs) / 1000);
    tell({ trial, kept: { ...tally, seconds }, verdict, command: commandOfOne(trial, seed, ...more) }, seed);
    words.push(verdict.word);
  }
  return words.some((word) => word === 'FAILED' || word === 'VOID') ? 1 : 0;
}

/** A shard: goes on where the last one stopped, until the time is up or all is done. */
async function runOn(launch: Launch, options: Options): Promise<number> {
  const { chosen, seed, units, isAgain, seconds, report } = options;
  const isAll = chosen.length === launch.trials.length;
  const endMs = performance.now() + seconds * 1000;
  const stop = stopOnSignal();
  const rows: Row[] = [];
  for (const trial of chosen) {
    const name = nameOf(launch, trial, seed);
    if (isAgain) await dropState(name);
    const kept = await loadState(name);
    const left = unitsLeft(trial, kept).slice(0, units ?? trial.units);
    const isTime = rows.length === 0 || performance.now() < endMs - leastLeftMs;
    if (left.length > 0 && isTime && !stop.isAsked) {
      // What could not end within a good half-minute of the end is left to the next shard.
      const isOver = (longestMs: number): boolean => stop.isAsked || performance.now() + longestMs > endMs + graceMs;
      await addShard(name, { trial, left, kept, isOver, commit: launch.commit });
    }
    const row = { trial, kept, verdict: verdictOf(trial, kept, false), command: commandOfOne(trial, seed, '--again') };
    rows.push(row);
    tell(row, seed);
  }
  stop.release();
  if (report !== null) {
    const newest = await Promise.all(
      rows.map(async (row) => withKept(row, await loadNewest(nameOf(launch, row.trial, seed)))),
    );
    const earlier = await readFile(report, 'utf8').catch(() => '');
    await writeFile(report, reportOf(newest, { date: today(), machine: machine(), commit: launch.commit }, earlier));
    say(`\nwritten: ${report}`);
  }
  const isDone = rows.every(({ trial, kept }) => unitsLeft(trial, kept).length === 0);
  say(isDone ? '\nall units are done' : `\ngo on with: ${commandOf(options, isAll)}`);
  return rows.some(({ verdict, kept }) => kept.done.length > 0 && ['FAILED', 'VOID'].includes(verdict.word)) ? 1 : 0;
}

function nameOf({ builds }: Launch, { name }: Trial, seed: number): StateName {
  const build = builds[name];
  if (build === undefined) throw new Error(`the trial "${name}" is not in trials/${name}.ts`);
  return { name, seed, build };
}

const withKept = (row: Row, kept: Kept): Row => ({ ...row, kept, verdict: verdictOf(row.trial, kept, false) });

const today = (): string => new Date().toISOString().slice(0, 10);

const graceMs = 15_000;
/** With less time than this left no further trial is begun. */
const leastLeftMs = 20_000;

interface Next {
  readonly trial: Trial;
  readonly left: readonly number[];
  readonly kept: Kept;
  readonly isOver: (longestMs: number) => boolean;
  readonly commit: string;
}

/** Kept only when the shard was closed: without the oracle's judgement its units are nothing. */
async function addShard(name: StateName, { trial, left, kept, isOver, commit }: Next): Promise<void> {
  const progress = live(trial);
  const startMs = performance.now();
  const tally: Tally = emptyTally();
  addTally(tally, await runShard({ trial, seed: name.seed, isQuick: false, units: left, isOver, progress }));
  progress('');
  addTally(kept, tally);
  kept.seconds += (performance.now() - startMs) / 1000;
  kept.ran = { date: today(), commit };
  await saveState(name, kept);
}

function unitsLeft(trial: Trial, { done }: Kept): readonly number[] {
  const known = new Set(done);
  return Array.from({ length: trial.units }, (_, index) => index).filter((index) => !known.has(index));
}

/** The first Ctrl-C ends the shard after the unit that is under way, the second one at once. */
function stopOnSignal(): { readonly isAsked: boolean; release(this: void): void } {
  const asked = {
    isAsked: false,
    release: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
  const onSignal = (): void => {
    if (asked.isAsked) process.exit(130);
    asked.isAsked = true;
    process.stderr.write('\nstopping after this unit; Ctrl-C again leaves at once, and loses this shard\n');
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return asked;
}

const machine = (): string => `${cpus().length} processors, ${type()}, Node ${process.version.slice(1)}`;

function tell({ trial, kept, verdict, command }: Row, seed: number): void {
  say(`\n${trial.name}: ${trial.about}`);
  if (kept.done.length === 0 && kept.faults.length === 0) return say('  not begun yet');
  const figures = figuresOf(kept);
  const [width, digits] = [0, 1].map((at) => Math.max(0, ...figures.map((figure) => (figure[at] ?? '').length)));
  for (const [what, value] of figures) say(`  ${what.padEnd(width ?? 0)}  ${value.padStart(digits ?? 0)}`);
  for (const { unit, text } of kept.faults.slice(0, 5)) {
    say(`  ✗ ${unit === null ? 'at the end of a shard' : `unit ${unit}`}: ${text.trim().slice(0, 800)}`);
    if (unit !== null) say(`    ${commandOfOne(trial, seed, '--unit', String(unit))}`);
  }
  if (kept.faults.length > 5) say(`  … and ${kept.faults.length - 5} more`);
  const units = `${kept.done.length} of ${trial.units} units in ${Math.round(kept.seconds)} s`;
  say(`  ${verdict.word}${verdict.because === null ? '' : ` (${verdict.because})`}: ${units}; again with: ${command}`);
}

import { runShard, verdictOf, type Tally, type Word } from '../reliability/shard.js';
import type { Trial } from '../reliability/trial.js';

/** How the short form of a trial came out. */
export interface QuickRun extends Pick<Tally, 'counts' | 'most'> {
  /** Each fault with the unit that met it; and why the run is void, where it is. */
  readonly faults: readonly string[];
  readonly word: Word;
}

/** The short form of a trial, as tests run it: its first units, smaller where the trial makes them so. */
export async function runQuick(trial: Trial, options: { seed: number; units?: number }): Promise<QuickRun> {
  const units = Array.from({ length: options.units ?? trial.quick }, (_, index) => index);
  const run = { trial, seed: options.seed, isQuick: true, units, isOver: () => false, progress: () => undefined };
  const tally = await runShard(run);
  const { word, because } = verdictOf(trial, tally, true);
  const faults = tally.faults.map(({ unit, text }) => `${unit === null ? 'at the end' : `unit ${unit}`}: ${text}`);
  return { counts: tally.counts, most: tally.most, word, faults: because === null ? faults : [because] };
}

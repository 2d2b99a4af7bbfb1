/**
 * What a trial is: many small units, each made from a seed and judged on its own, so that a run can be cut into shards that
 * add up to one report, and any unit can be had again alone.
 */

/** What one unit did and saw. */
export interface UnitOutcome {
  /** Added up over all units, by what they count ("updates lost"). Figures that are no sums: see `most`. */
  readonly counts: Readonly<Record<string, number>>;
  /** Of these the greatest over all units is told ("peak memory, MiB"). */
  readonly most?: Readonly<Record<string, number>>;
  /** What must never happen and did, each with what is needed to look at it; none: the unit held. */
  readonly faults: readonly string[];
}

/** Where units happen: servers and folders that one shard starts and stops. */
export interface Ground {
  /**
   * Unit number `index`, counted from 0. `chance` gives numbers from 0 up to 1 that are the same for the same seed, trial and
   * index. What it throws counts as a fault of this unit; so does taking longer than two minutes.
   */
  unit(index: number, chance: () => number): Promise<UnitOutcome>;
  /** Stops all that was started; resolves to what the oracle finds wrong in the whole of the shard. */
  close(): Promise<UnitOutcome>;
}

/** What a ground is opened for. */
export interface Shard {
  readonly seed: number;
  /** The short form, which ordinary tests run: a unit may be made smaller. */
  readonly isQuick: boolean;
  /** Shows a line of figures where somebody looks, beside what all units so far have counted. */
  progress(this: void, text: string): void;
}

export interface Trial {
  /** How it is asked for: `--only NAME`; and the name of its file. */
  readonly name: string;
  /** One sentence: what must hold, or what is measured. */
  readonly about: string;
  /** Units of a full run. */
  readonly units: number;
  /** Units of the short form that the ordinary tests run: the first ones. 0: ordinary tests are its short form. */
  readonly quick: number;
  /** The least that must have been counted over a whole run of `units` (scaled for fewer), else the run is void. */
  readonly least: Readonly<Record<string, number>>;
  /** The same over the short form, where its units are smaller; absent: `least`, scaled. */
  readonly leastQuick?: Readonly<Record<string, number>>;
  /** It measures another program, beside ours: it can neither hold nor fail. */
  readonly isMeasure?: boolean;
  open(shard: Shard): Promise<Ground>;
}

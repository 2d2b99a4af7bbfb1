/** A number by the labels of a decision, as the source spells them. */
export interface LabelledNumber {
  readonly bucket: string;
  readonly action: string;
  readonly shadow: string;
  /** `null`: not a number there; no data. */
  readonly value: number | null;
}

export interface BucketNumber {
  readonly bucket: string;
  /** `null`: no data. */
  readonly value: number | null;
}

/** How many observations in the window were at or below an edge of a histogram. */
export interface EdgeCount {
  readonly bucket: string;
  /** Seconds; `Infinity` for the last. */
  readonly edge: number;
  /** `null`: no data. */
  readonly count: number | null;
}

/** The decisions a second around one moment. */
export interface ReadingsPoint {
  readonly atMs: number;
  readonly perSecond: readonly LabelledNumber[];
}

/** How the processes behind the figures showed themselves. */
export interface ProcessSigns {
  /** Counters that fell within the window: processes that restarted, or that took turns. */
  readonly resets: number;
  /** True where values went back and forth: several processes answer under one address in turn. */
  readonly isAlternating: boolean;
  /** Processes told apart under one address; `null`: the source cannot tell. */
  readonly seen: number | null;
}

/** Only the figures of these buckets; empty: of all. */
export function onlyBuckets(readings: WindowReadings, names: readonly string[]): WindowReadings {
  return withFigures(readings, (figures) =>
    names.length === 0 ? figures : figures.filter(({ bucket }) => names.includes(bucket)),
  );
}

/** The same figures with each bucket under the name that `nameOf` gives it. */
export function withNames(readings: WindowReadings, nameOf: (bucket: string) => string): WindowReadings {
  return withFigures(readings, (figures) => figures.map((each) => ({ ...each, bucket: nameOf(each.bucket) })));
}

/** The same readings with everything that is counted by bucket passed through `change`. */
export function withFigures(
  readings: WindowReadings,
  change: <Figure extends { readonly bucket: string }>(figures: readonly Figure[]) => readonly Figure[],
): WindowReadings {
  return {
    ...readings,
    decisions: change(readings.decisions),
    firstSeen: change(readings.firstSeen),
    retryAfter: change(readings.retryAfter),
    evalDuration: change(readings.evalDuration),
    evalErrors: change(readings.evalErrors),
    points: readings.points.map(({ atMs, perSecond }) => ({ atMs, perSecond: change(perSecond) })),
  };
}

/** What a source of metrics read about one window of time; labels as they came, nothing yet interpreted. */
export interface WindowReadings {
  /** The end of the window by the source's clock, epoch milliseconds. */
  readonly endMs: number;
  /** Its length, milliseconds: what was asked, or as far back as the source reaches. */
  readonly windowMs: number;
  /** The distance of the points, milliseconds. */
  readonly stepMs: number;
  /** The increase of each counter over the window, resets taken into account. Absent series are absent here. */
  readonly decisions: readonly LabelledNumber[];
  /** What stood in counters when they were first seen, within the window: no increase holds it. */
  readonly firstSeen: readonly LabelledNumber[];
  readonly retryAfter: readonly EdgeCount[];
  readonly evalDuration: readonly EdgeCount[];
  readonly evalErrors: readonly BucketNumber[];
  /** `null`: no data. */
  readonly reloads: number | null;
  /** One value for each process that shows it now; empty: no data. */
  readonly activeOverrides: readonly number[];
  readonly points: readonly ReadingsPoint[];
  /** Over how long before it each point is an average, milliseconds. */
  readonly pointMs: number;
  /** The time of the newest sample, epoch milliseconds; `null`: nothing is exported at this moment. */
  readonly newestMs: number | null;
  readonly processes: ProcessSigns;
  /** What the source itself had to remark; outside text. */
  readonly warnings: readonly string[];
}

import type { CoursePoint } from '../decisions/decisions.js';

/** A change as it stands in a figure. */
export interface FigureMark {
  /** Its number in the timeline. */
  readonly number: number;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

/** A stretch of time of which one figure is made. */
export interface FigureWindow {
  /** Epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The distance of the points, milliseconds. */
  readonly stepMs: number;
  /** The changes in it, in the order of time; one at least. */
  readonly marks: readonly FigureMark[];
}

/** What the limiter decided around some changes. */
export interface Figure {
  readonly window: FigureWindow;
  /** Over how long before it each point is an average, milliseconds. */
  readonly pointMs: number;
  /** Those that have figures, in the order of names. */
  readonly buckets: readonly FigureBucket[];
  /** Why there is none, or how they must be read; empty: nothing has to be said. */
  readonly remarks: readonly string[];
}

export interface FigureBucket {
  readonly bucket: string;
  /** In the order of time. */
  readonly course: readonly CoursePoint[];
}

/** How much is shown before the first and after the last change of a figure. */
const figurePadMs = 5 * 60_000;
/** Changes that far from each other share a figure, in which each still has room. */
const togetherMs = 5 * 60_000;
const longestMs = 60 * 60_000;
const mostMarks = 9;
const usualPoints = 60;

/**
 * The stretches of time around changes, each change in one of them: those shortly after one another stand in one figure.
 * Nothing is shown beyond `nowMs`, where there is nothing yet.
 */
export function figureWindows(marks: readonly FigureMark[], nowMs: number): readonly FigureWindow[] {
  const groups: FigureMark[][] = [];
  for (const mark of marks.toSorted((a, b) => a.atMs - b.atMs)) {
    const group = groups.at(-1);
    const [first, last] = [group?.[0], group?.at(-1)];
    const isNear =
      first !== undefined &&
      last !== undefined &&
      mark.atMs - last.atMs <= togetherMs &&
      mark.atMs - first.atMs <= longestMs &&
      (group?.length ?? 0) < mostMarks;
    if (isNear) group?.push(mark);
    else groups.push([mark]);
  }
  return groups.map((group) => stretchOf(group, nowMs));
}

function stretchOf(marks: readonly FigureMark[], nowMs: number): FigureWindow {
  const [first, last] = [marks[0]?.atMs ?? nowMs, marks.at(-1)?.atMs ?? nowMs];
  const fromMs = first - figurePadMs;
  const toMs = Math.max(last, Math.min(last + figurePadMs, nowMs));
  const stepMs = Math.max(1000, Math.ceil((toMs - fromMs) / usualPoints / 1000) * 1000);
  return { fromMs, toMs, stepMs, marks };
}

/** Round steps of a scale from 0, ascending, that reach `most`; at least one above 0. */
export function scaleSteps(most: number, wanted = 4): readonly number[] {
  const top = most > 0 && Number.isFinite(most) ? most : 1;
  const rough = top / wanted;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((each) => each * wanted >= top * (1 - 1e-9)) ?? top;
  const count = Math.max(1, Math.ceil(top / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(10)));
}

const timeStepsMs = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400].map(
  (s) => s * 1000,
);

/** Round times within a stretch, `wanted` steps of it at most. */
export function timeSteps(fromMs: number, toMs: number, wanted = 5): readonly number[] {
  const step = timeStepsMs.find((each) => (toMs - fromMs) / each <= wanted) ?? (toMs - fromMs) / wanted;
  const first = Math.ceil(fromMs / step) * step;
  const count = Math.max(0, Math.floor((toMs - first) / step) + 1);
  return Array.from({ length: count }, (_, index) => first + index * step);
}

/** Decisions a second of one kind, on average; `null`: no data. */
export interface BeforeAndAfter {
  readonly before: number | null;
  readonly after: number | null;
}

/** One kind of decision. */
export type SeriesKey = 'allowed' | 'blocked' | 'shadowBlocked';

export type FigureSummary = Readonly<Record<SeriesKey, BeforeAndAfter>>;

/**
 * What a bucket did before the first and after the last change of a figure. A point that reaches back beyond the last change
 * tells of both, and counts for neither.
 */
export function summaryOf(
  { course }: FigureBucket,
  { window: { marks }, pointMs }: Pick<Figure, 'window' | 'pointMs'>,
): FigureSummary {
  const [firstMs, lastMs] = [marks[0]?.atMs ?? 0, marks.at(-1)?.atMs ?? 0];
  const of = (key: SeriesKey): BeforeAndAfter => ({
    before: meanOf(course.filter(({ atMs }) => atMs <= firstMs).map((point) => point[key])),
    after: meanOf(course.filter(({ atMs }) => atMs - pointMs >= lastMs).map((point) => point[key])),
  });
  return { allowed: of('allowed'), blocked: of('blocked'), shadowBlocked: of('shadowBlocked') };
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

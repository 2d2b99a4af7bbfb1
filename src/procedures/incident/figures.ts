import type { RemarkCode } from '../../domain/decisions/decisions.js';
import { RlctlError } from '../../domain/errors.js';
import { figureWindows, type Figure, type FigureMark, type FigureWindow } from '../../domain/incident/figures.js';
import { readDecisions, type DecisionsInput, type DecisionsPorts } from '../decisions.js';

/** What is wanted around which changes. */
export interface FiguresInput extends Pick<DecisionsInput, 'namespace' | 'configured' | 'workers'> {
  readonly marks: readonly FigureMark[];
  /** Nothing is there after this, epoch milliseconds. */
  readonly nowMs: number;
}

export interface Figures {
  readonly figures: readonly Figure[];
  /** Why there are none; `null`: there are, or there was nothing to look around. */
  readonly withoutFigures: string | null;
}

/** What makes a course look otherwise than it was; the other remarks are about sums, or about now. */
const tellingRemarks: ReadonlySet<RemarkCode> = new Set([
  'ALTERNATING_WORKERS',
  'ONE_OF_SEVERAL_WORKERS',
  'COUNTER_RESETS',
  'UNKNOWN_LABELS',
  'SOURCE_WARNING',
]);

/** Stretches of time that are asked for; each costs a dozen queries. */
const mostFigures = 12;

/**
 * What the limiter decided around changes, from a source that remembers. What cannot be had is said, and is no failure.
 * `null` as source: none is configured.
 */
export async function readFigures(
  {
    source,
    deadline,
  }: { readonly source: DecisionsPorts['source'] | null; readonly deadline: DecisionsPorts['deadline'] },
  input: FiguresInput,
): Promise<Figures> {
  if (input.marks.length === 0) return { figures: [], withoutFigures: null };
  if (source === null) return { figures: [], withoutFigures: 'no Prometheus is configured for this environment' };
  if (source.isScraped)
    return { figures: [], withoutFigures: 'no Prometheus is configured, and /metrics remembers nothing' };
  const windows = figureWindows(input.marks, input.nowMs);
  const figures: Figure[] = [];
  for (const window of windows.slice(-mostFigures)) {
    const figure = await readFigure({ source, deadline }, input, window);
    if (figure instanceof RlctlError) {
      if (deadline.interrupted.aborted) throw deadline.interrupted.reason;
      // Where nobody answers, every further question would wait as long.
      if (figure.kind === 'unreachable') return none(figures, figure.message);
      figures.push({ window, pointMs: 0, buckets: [], remarks: [figure.message] });
    } else figures.push(figure);
  }
  const [failed] = figures;
  if (failed !== undefined && figures.every(({ buckets }) => buckets.length === 0))
    return none([], failed.remarks[0] ?? 'Prometheus has no series of these times');
  const left = windows.length - figures.length;
  return {
    figures,
    withoutFigures: left > 0 ? `of ${left} earlier stretches of time, which would have been too many` : null,
  };
}

function none(figures: readonly Figure[], why: string): Figures {
  return { figures, withoutFigures: why };
}

async function readFigure(
  ports: DecisionsPorts,
  { namespace, configured, workers }: FiguresInput,
  window: FigureWindow,
): Promise<Figure | RlctlError> {
  const { fromMs, toMs, stepMs } = window;
  try {
    const { buckets, remarks, pointMs } = await readDecisions(ports, {
      namespace,
      only: [],
      configured,
      windowMs: Math.max(1000, toMs - fromMs),
      stepMs,
      workers,
      endMs: toMs,
    });
    return {
      window,
      pointMs,
      buckets: buckets.filter(({ course }) => course.length > 0).map(({ bucket, course }) => ({ bucket, course })),
      remarks: remarks.filter(({ code }) => tellingRemarks.has(code)).map(({ text }) => text),
    };
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
}

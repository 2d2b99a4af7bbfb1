import { blockShareThreshold } from '../domain/decisions/alerts.js';
import type { Environment } from '../domain/config/environment.js';
import type { ActionFigures, BucketDecisions, CoursePoint, Decisions, Remark } from '../domain/decisions/decisions.js';
import type { DecisionsOnRoute } from '../domain/decisions/on-route.js';
import type { Quantile } from '../domain/decisions/quantile.js';
import { formatDuration } from '../domain/duration.js';
import type { RlctlError } from '../domain/errors.js';
import { addressed, type CommandAddress } from '../domain/printed-command.js';
import type { MetricsSource } from '../ports/metrics-source.js';
import { condense, sparkline } from './sparkline.js';
import { countText, rateText, secondsText, shareText } from '../domain/quantities.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** Where the figures come from. */
export interface DecisionsOrigin {
  readonly environment: Pick<Environment, 'name' | 'address'>;
  readonly source: Pick<MetricsSource, 'name' | 'isScraped'>;
}

/** The figures of one window. `onRoute`: what they tell of the one route that was asked for; `null`: none was. */
export function decisionsView(decisions: Decisions, origin: DecisionsOrigin, onRoute: DecisionsOnRoute | null): View {
  const buckets = decisions.buckets.map((bucket) => ({ ...bucketJson(bucket), course: bucket.course.map(pointJson) }));
  return {
    kind: 'Decisions',
    data: { ...originJson(origin), ...figuresJson(decisions, origin), buckets, route: onRoute },
    items: buckets,
    human: async (theme) => {
      const figures = await figuresText(decisions, origin, theme);
      const told = onRoute === null ? [] : [`${theme.bold(term(onRoute.route))}: ${term(onRoute.text)}`];
      return [headText(decisions, origin, theme), [figures, ...told].join('\n')].join('\n\n');
    },
  };
}

/** One refresh of a watch. */
export interface WatchedSample {
  /** By this machine's clock, epoch milliseconds. */
  readonly takenMs: number;
  /** The newest figures there are; `null`: none yet. */
  readonly decisions: Decisions | null;
  /** Why these are not new; `null`: they are. */
  readonly error: RlctlError | null;
}

/** One line of a watch in a pipe, one frame of it on a terminal. A line whose refresh failed has no figures. */
export function decisionsSampleView(
  sample: WatchedSample,
  origin: DecisionsOrigin & { readonly intervalMs: number },
): View {
  const { decisions, error } = sample;
  const isNew = decisions !== null && error === null;
  return {
    kind: 'DecisionsSample',
    data: {
      ...originJson(origin),
      takenAt: new Date(sample.takenMs).toISOString(),
      ...(isNew ? { ...figuresJson(decisions, origin), buckets: decisions.buckets.map(bucketJson) } : { buckets: [] }),
      error: error === null ? null : { code: error.code, message: error.message, hint: error.hint ?? null },
    },
    human: async (theme) => {
      const every = theme.dim(`every ${formatDuration(origin.intervalMs)}, Ctrl-C ends`);
      const failed = error === null ? [] : [errorText(error, theme), ''];
      if (decisions === null)
        return [`${theme.bold(term(origin.environment.name))}  ${every}`, '', ...failed].join('\n');
      const figures = await figuresText(decisions, origin, theme);
      return [headText(decisions, origin, theme, every), '', ...failed, figures].join('\n');
    },
  };
}

function errorText({ message, hint }: RlctlError, theme: Theme): string {
  const cure = hint === undefined ? [] : [`${theme.accent('hint:')}  ${term(hint)}`];
  return [`${theme.bad('no new figures:')} ${term(message)}`, ...cure].join('\n');
}

function originJson({ environment, source }: DecisionsOrigin): Record<string, unknown> {
  return {
    environment: environment.name,
    source: { kind: source.isScraped ? 'metrics' : 'prometheus', name: source.name },
  };
}

function figuresJson(decisions: Decisions, { environment }: DecisionsOrigin): Record<string, unknown> {
  const { endMs, windowMs, stepMs, reloads, activeOverrides, newestMs, remarks } = decisions;
  return {
    time: new Date(endMs).toISOString(),
    windowSeconds: windowMs / 1000,
    stepSeconds: stepMs / 1000,
    reloads,
    activeOverrides,
    newestSample: newestMs === null ? null : new Date(newestMs).toISOString(),
    remarks: remarks.map((each) => ({ ...each, hint: hintOf(each, environment.address) })),
  };
}

function bucketJson({ bucket, aliases, allowed, blocked, shadowBlocked, total, ...rest }: BucketDecisions): object {
  const { retryAfter, evalErrors, evalP95 } = rest;
  return {
    bucket,
    aliases,
    allowed,
    blocked,
    shadowBlocked,
    total,
    retryAfterSeconds: retryAfter,
    evalErrors,
    evalP95Seconds: evalP95,
  };
}

function pointJson({ atMs, ...rates }: CoursePoint): object {
  return { time: new Date(atMs).toISOString(), ...rates };
}

function headText(
  { endMs, windowMs }: Decisions,
  { environment, source }: DecisionsOrigin,
  theme: Theme,
  more = '',
): string {
  const end = new Date(endMs).toISOString().replace(/\.\d+/, '');
  const window = `${theme.bold(term(environment.name))}  ${formatDuration(windowMs)} to ${end}  ${more}`.trimEnd();
  return [window, theme.dim(term(source.name))].join('\n');
}

async function figuresText(decisions: Decisions, { environment }: DecisionsOrigin, theme: Theme): Promise<string> {
  const { buckets, reloads, activeOverrides, remarks } = decisions;
  const whole = `config reloads ${reloads === null ? noData(theme) : countText(reloads)}   active overrides ${overridesText(activeOverrides, theme)}`;
  const tables =
    buckets.length === 0 ? [] : [await actionsTable(buckets, theme), '', await limiterTable(buckets, theme), ''];
  return [...tables, whole, ...remarks.map((each) => remarkText(each, environment.address, theme))].join('\n');
}

function overridesText(range: Decisions['activeOverrides'], theme: Theme): string {
  if (range === null) return noData(theme);
  return range.least === range.most ? String(range.most) : theme.warn(`${range.least} to ${range.most}`);
}

function remarkText(remark: Remark, address: CommandAddress, theme: Theme): string {
  const hint = hintOf(remark, address);
  const text = term(hint === null ? remark.text : `${remark.text}; ${hint}`);
  return remark.isWarning ? `${theme.warn('!')} ${text}` : theme.dim(text);
}

function hintOf({ hint }: Remark, address: CommandAddress): string | null {
  return hint === null ? null : addressed(hint, address);
}

function noData(theme: Theme): string {
  return theme.dim('no data');
}

/** What the limiter did with requests; in a terminal too narrow for all of it, without rates, then without shares. */
async function actionsTable(buckets: readonly BucketDecisions[], theme: Theme): Promise<string> {
  const titles = ['ALLOWED', 'BLOCKED', 'SHADOW-BLOCKED'];
  const figures = [
    buckets.map(({ allowed }) => allowed),
    buckets.map(({ blocked }) => blocked),
    buckets.map(({ shadowBlocked }) => shadowBlocked),
  ];
  const names = buckets.map(({ bucket }) => term(bucket));
  const widthOf = (title: string, cells: readonly string[]): number =>
    Math.max(title.length, ...cells.map((cell) => cell.length)) + columnGap;
  const cellsWith = (parts: FigureParts): readonly (readonly string[])[] =>
    figures.map((column) => figureCells(column, parts));
  const fits = (cells: readonly (readonly string[])[]): boolean =>
    cells.reduce((sum, column, index) => sum + widthOf(titles[index] ?? '', column), widthOf('BUCKET', names)) <=
    theme.width + columnGap;
  const all = cellsWith(['count', 'rate', 'share']);
  const cells =
    !theme.isTerminal || fits(all)
      ? all
      : ([['count', 'share'], ['count']] as const).map(cellsWith).find((each, index) => index === 1 || fits(each));
  const blockPaint = (share: number, name: string) => (share > blockShareThreshold([name]) ? theme.bad : theme.warn);
  const paints = [() => same, blockPaint, () => theme.accent];
  const painted = (column: number, row: number): string => {
    const { count = null, share = null } = figures[column]?.[row] ?? {};
    const text = cells?.[column]?.[row] ?? '';
    if (count === null) return noData(theme);
    return count > 0 ? (paints[column]?.(share ?? 0, buckets[row]?.bucket ?? '')(text) ?? text) : text;
  };
  return renderTable(
    ['BUCKET', ...titles].map((title) => ({ title })),
    names.map((name, row) => [name, ...figures.map((_, column) => painted(column, row))]),
    theme,
  );
}

const same = (text: string): string => text;

type FigureParts = readonly ('count' | 'rate' | 'share')[];

/** The wanted parts of each figure, under each other and flush right. */
function figureCells(figures: readonly ActionFigures[], wanted: FigureParts): readonly string[] {
  const texts = figures.map(({ count, perSecond, share }) => {
    const known = {
      count: countText(count ?? 0),
      rate: rateText(perSecond ?? 0),
      share: share === null ? '-' : shareText(share),
    };
    return count === null ? null : wanted.map((part) => known[part]);
  });
  const widths = wanted.map((_, index) => Math.max(0, ...texts.map((each) => each?.[index]?.length ?? 0)));
  return texts.map((each) => each?.map((part, index) => part.padStart(widths[index] ?? 0)).join('  ') ?? 'no data');
}

/** How the limiter itself fares, and on a terminal the course of all decisions in the room that is left. */
async function limiterTable(buckets: readonly BucketDecisions[], theme: Theme): Promise<string> {
  const titles = ['BUCKET', 'RETRY p50', 'p95', 'p99', 'EVAL p95', 'ERRORS'];
  const cells = buckets.map(({ bucket, retryAfter, evalP95, evalErrors }) => [
    term(bucket),
    ...[retryAfter.p50, retryAfter.p95, retryAfter.p99, evalP95].map(quantileText),
    evalErrors === null ? 'no data' : countText(evalErrors),
  ]);
  const widths = titles.map((title, index) => Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)));
  const room = theme.width - widths.reduce((sum, width) => sum + width + columnGap, 0);
  const hasCourse = theme.isTerminal && room >= courseTitle.length;
  const rows = cells.map(([bucket = '', ...figures], row) => [
    bucket,
    ...figures.map((text, index) => {
      if (text === 'no data') return noData(theme);
      return index === figures.length - 1 && text !== '0' ? theme.bad(text) : text;
    }),
    ...(hasCourse ? [courseText(buckets[row], Math.min(room, widestCourse), theme)] : []),
  ]);
  const columns = titles.map((title, index) => ({
    title,
    align: index === 0 ? ('left' as const) : ('right' as const),
  }));
  return renderTable([...columns, ...(hasCourse ? [{ title: courseTitle }] : [])], rows, theme);
}

function quantileText(quantile: Quantile | null): string {
  if (quantile === null) return 'no data';
  return `${quantile.isAtLeast ? '≥ ' : ''}${secondsText(quantile.seconds)}`;
}

const columnGap = 2;
const courseTitle = 'DECISIONS/s';
const widestCourse = 40;

/** Every decision a second; red where more was blocked than the alert's share. */
function courseText(bucket: BucketDecisions | undefined, width: number, theme: Theme): string {
  const { bucket: name = '', course = [] } = bucket ?? {};
  const all = ({ allowed, blocked, shadowBlocked }: CoursePoint): number | null => {
    const known = [allowed, blocked, shadowBlocked].filter((each) => each !== null);
    return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
  };
  const totals = condense(course.map(all), width);
  if (totals.length === 0) return noData(theme);
  const blocked = condense(
    course.map((point) => point.blocked),
    width,
  );
  const isOver = (index: number): boolean => (blocked[index] ?? 0) > blockShareThreshold([name]) * (totals[index] ?? 0);
  return sparkline(totals)
    .map((bar, index) => (isOver(index) ? theme.bad(bar) : bar))
    .join('');
}

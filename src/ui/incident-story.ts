import { formatDuration } from '../domain/duration.js';
import { summaryOf, type Figure, type FigureBucket, type SeriesKey } from '../domain/incident/figures.js';
import type { TimelineItem } from '../domain/incident/timeline.js';
import { rateText } from '../domain/quantities.js';
import { shellWords } from '../domain/shell-words.js';
import type { IncidentReport } from '../procedures/incident/report.js';
import {
  changeTitle,
  countsText,
  diffText,
  endText,
  outcomeWords,
  routeText,
  stateText,
  verdictWords,
} from './incident-words.js';
import { clockIn } from './zoned-time.js';

// The story of an incident in words, in the order in which it is told: what Markdown, the page and the terminal each dress
// in their own way. Outside text in it is not yet safe.

/** A part of a sentence: words, something to be copied, or a time in epoch milliseconds. */
export type Piece = string | { readonly code: string } | { readonly atMs: number };

/** One line of the summary. */
export interface Fact {
  readonly name: string;
  readonly value: readonly Piece[];
}

/** One line of the timeline. */
export interface Happening {
  readonly kind: TimelineItem['kind'];
  /** Of a change; `null`: it is none. */
  readonly number: number | null;
  readonly atMs: number;
  /** `null`: somebody past rlctl. */
  readonly who: string | null;
  /** In a few words: `started`, `override set, part of panic p-1a2b`. */
  readonly what: string;
  /** What more the same sentence says; empty: nothing. */
  readonly more: readonly Piece[];
  /** What somebody said, in lines of their own; `null`: nothing. */
  readonly note: string | null;
  readonly changeId: string | null;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** What became of which route; `null`: it cannot be told. */
  readonly routes: readonly { readonly route: string; readonly text: string }[] | null;
  /** What a proof said, and what became of it; `null`: it changed nothing. */
  readonly state: string | null;
}

/** What a bucket did around some changes, for each kind of decision. */
export interface ToldBucket extends FigureBucket {
  readonly rows: readonly ToldRow[];
}

interface ToldRow {
  readonly name: string;
  readonly key: SeriesKey;
  /** On average; `no data` where there is none. */
  readonly before: string;
  readonly after: string;
}

export interface ToldFigure {
  readonly window: Figure['window'];
  /** `changes 1, 2` */
  readonly of: string;
  /** `22:31–22:42` */
  readonly span: string;
  /** What stands over the two averages: `Before change 1`. */
  readonly titles: { readonly before: string; readonly after: string };
  /** How its points are to be read; `null`: it has none. */
  readonly reading: string | null;
  readonly remarks: readonly string[];
  readonly buckets: readonly ToldBucket[];
}

/** Why the history does not tell everything. */
export const cutText = 'the history is not whole from the start on: changes that it has lost are not shown';

export function factsOf({ incident, timeline, nowMs, isCut }: IncidentReport): readonly Fact[] {
  const { start, startedBy, end, ticket, environment } = incident;
  const fact = (name: string, ...value: readonly Piece[]): Fact => ({ name, value });
  const at = (revision: string): Piece => ({ code: revision.slice(0, 12) });
  return [
    fact('Environment', environment),
    fact('State', end === null ? 'open' : `ended: ${outcomeWords[end.outcome]}`),
    ...(end?.verdict ? [fact('Proof of that', verdictWords[end.verdict])] : []),
    fact('Started', { atMs: start.atMs }, ` by ${startedBy}`),
    ...(end === null ? [] : [fact('Ended', { atMs: end.atMs }, ` by ${end.by}`)]),
    fact('Duration', formatDuration((end?.atMs ?? nowMs) - start.atMs)),
    ...(ticket === null ? [] : [fact('Ticket', ticket)]),
    fact('In it', countsText(timeline)),
    fact(
      'Document',
      at(start.revision),
      ' at the start',
      ...(end === null ? [] : [', ', at(end.revision), ' at the end']),
    ),
    ...(isCut ? [fact('Missing', cutText)] : []),
  ];
}

const silent = { more: [], note: null, changeId: null, reason: null, ticket: null, routes: [], state: null };

export function happeningOf(item: TimelineItem): Happening {
  const number = 'number' in item ? item.number : null;
  const common = { ...silent, number };
  const { kind, atMs } = item;
  switch (item.kind) {
    case 'started':
      return { ...common, kind, atMs, who: item.actor, what: 'started' };
    case 'note':
      return { ...common, kind, atMs, who: item.actor, what: 'note', note: item.text };
    case 'ended':
      return { ...common, kind, atMs, who: item.actor, what: 'ended', more: [`: ${endText(item)}`] };
    case 'foreign': {
      const more = [' between ', { atMs: item.afterMs }, ' and ', { atMs }];
      const changed = { routes: routesOf(item.diff), state: stateText(item) };
      // The time of looking moves with every look: it stands where it can have been done at the earliest.
      return { ...common, ...changed, kind, atMs: item.afterMs, who: null, what: 'changed past rlctl, noticed', more };
    }
    case 'flags':
    case 'change': {
      const { actor: who, reason, ticket } = item;
      const own = item.kind === 'flags' ? {} : { routes: routesOf(item.diff), changeId: item.changeId };
      const what = `${item.kind === 'change' && item.isEnd ? 'the end: ' : ''}${changeTitle(item)}`;
      return { ...common, ...own, kind, atMs, who, what, reason, ticket, state: stateText(item) };
    }
  }
}

function routesOf(diff: Extract<TimelineItem, { kind: 'foreign' }>['diff']): Happening['routes'] {
  return diff?.map((each) => ({ route: routeText(each.route), text: diffText(each) })) ?? null;
}

/** Why there are no figures, or not of everything; `null`: nothing is missing. */
export function missingFigures({ withoutFigures }: IncidentReport): string | null {
  return withoutFigures === null ? null : `No figures were at hand: ${withoutFigures}.`;
}

export function figuresOf({ figures, incident: { id, environment } }: IncidentReport): readonly ToldFigure[] {
  // Whoever reads it may sit at another machine: the environment is named, and no file of this one.
  const again = shellWords(['rlctl', '-e', environment, 'incident', 'show', id, '--out', '.', '--force']);
  return figures.map((figure) => told(figure, again));
}

const decisionNames: readonly (readonly [SeriesKey, string])[] = [
  ['allowed', 'allowed'],
  ['blocked', 'blocked'],
  ['shadowBlocked', 'shadow-blocked'],
];

function told(figure: Figure, again: string): ToldFigure {
  const { window, remarks, buckets, pointMs } = figure;
  const numbers = window.marks.map(({ number }) => number);
  const lastMs = window.marks.at(-1)?.atMs ?? window.toMs;
  const isEarly = buckets.length > 0 && window.toMs - lastMs < pointMs;
  const reading = `Each point is an average over the ${formatDuration(pointMs)} before it, and shows a change as late as that.`;
  const early = `Too early to show what came after change ${numbers.at(-1)}; in a few minutes: ${again}`;
  return {
    window,
    of: numbers.length === 1 ? `change ${numbers[0]}` : `changes ${numbers.join(', ')}`,
    span: [window.fromMs, window.toMs].map((ms) => clockIn('UTC', ms)).join('–'),
    titles: { before: `Before change ${numbers[0]}`, after: `After change ${numbers.at(-1)}` },
    reading: buckets.length === 0 ? null : reading,
    remarks: isEarly ? [...remarks, early] : remarks,
    buckets: buckets.map((bucket) => ({ ...bucket, rows: rowsOf(bucket, figure) })),
  };
}

function rowsOf(bucket: FigureBucket, figure: Figure): readonly ToldRow[] {
  const summed = summaryOf(bucket, figure);
  const text = (value: number | null): string => (value === null ? 'no data' : rateText(value));
  return decisionNames.map(([key, name]) => {
    const { before, after } = summed[key];
    return { name, key, before: text(before), after: text(after) };
  });
}

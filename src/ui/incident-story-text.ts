import type { Environment } from '../domain/config/environment.js';
import { formatDuration } from '../domain/duration.js';
import type { TimelineItem } from '../domain/incident/timeline.js';
import type { Verdict } from '../domain/proof/proof.js';
import type { IncidentStory } from '../procedures/incident/report.js';
import { cutText, happeningOf, type Piece } from './incident-story.js';
import { outcomeWords, verdictWords } from './incident-words.js';
import { renderTable } from './table.js';
import { term, termLines } from './term.js';
import type { Theme } from './theme.js';
import { isoTime } from './time.js';

// The story of an incident at a terminal.

const columns = [
  { title: 'NO', align: 'right' },
  { title: 'TIME' },
  { title: 'WHO' },
  { title: 'WHAT', isFlexible: true },
  { title: 'VERDICT', isOptional: true },
] as const;

/** Who, since when, and everything that was done, a line each. */
export async function storyText(story: IncidentStory, environment: Environment, theme: Theme): Promise<string> {
  const { incident, timeline, nowMs, isCut } = story;
  const { id, title, ticket, start, startedBy, end } = incident;
  const length = formatDuration((end?.atMs ?? nowMs) - start.atMs);
  const head = `${theme.bold(id)}  ${term(title)}${ticket === null ? '' : ` [${term(ticket)}]`}`;
  const started = `started ${isoTime(start.atMs)} by ${term(startedBy)} on ${term(environment.name)}`;
  const state =
    end === null ? `open for ${length}` : `ended after ${length} by ${term(end.by)}: ${outcomeWords[end.outcome]}`;
  const happenings = timeline.filter(({ kind }) => kind !== 'started' && kind !== 'ended');
  const rows = happenings.map((item) => rowOf(item, theme));
  return [
    head,
    `${state}; ${started}`,
    ...(end?.verdict ? [`the way back: ${paintVerdict(end.verdict, theme)}`] : []),
    ...(isCut ? [theme.warn(cutText)] : []),
    '',
    rows.length === 0 ? nothingText(isCut) : await renderTable(columns, rows, theme),
  ].join('\n');
}

function nothingText(isCut: boolean): string {
  return isCut ? 'of what was changed nothing is known any more' : 'nothing was changed and nothing was noted';
}

function rowOf(item: TimelineItem, theme: Theme): readonly string[] {
  const { number, atMs, who, what, more, note, reason, ticket, routes } = happeningOf(item);
  const said = [
    term(what),
    ...more.map(pieceText),
    note === null ? '' : `: ${termLines(note)}`,
    reason === null ? '' : `: ${term(reason)}`,
    ticket === null ? '' : ` [${term(ticket)}]`,
  ].join('');
  const changed =
    routes === null
      ? ['what cannot be told: a document is not at hand, or cannot be read']
      : routes.map(({ route, text }) => `${term(route)} ${term(text)}`);
  return [
    number === null ? '' : String(number),
    clockText(atMs),
    who === null ? theme.warn('past rlctl') : term(who),
    [said, ...changed].join('\n'),
    verdictCell(item, theme),
  ];
}

function pieceText(piece: Piece): string {
  if (typeof piece === 'string') return term(piece);
  return 'code' in piece ? term(piece.code) : clockText(piece.atMs);
}

function clockText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 19)}Z`;
}

function verdictCell(item: TimelineItem, theme: Theme): string {
  const isTakenBack = item.kind === 'flags' ? item.isPutBack : 'takenBackBy' in item && item.takenBackBy !== null;
  if (isTakenBack) return theme.dim('taken back');
  const isJudged = (item.kind === 'change' || item.kind === 'flags') && item.verdict !== null;
  return isJudged ? paintVerdict(item.verdict, theme) : '-';
}

export function paintVerdict(verdict: Verdict, theme: Theme): string {
  const paint = { proven: theme.good, notProven: theme.warn, contradicted: theme.bad, notAttempted: theme.warn }[
    verdict
  ];
  return paint(verdictWords[verdict]);
}

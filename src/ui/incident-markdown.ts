import type { IncidentReport } from '../procedures/incident/report.js';
import {
  factsOf,
  figuresOf,
  happeningOf,
  missingFigures,
  type Happening,
  type Piece,
  type ToldBucket,
  type ToldFigure,
} from './incident-story.js';
import { markdown, markdownCode, markdownLines } from './markup.js';
import { condense, sparkline } from './sparkline.js';
import { isUtc, timeBeside, timeIn, zoneTitle } from './zoned-time.js';

/** The whole story of an incident as Markdown, for a ticket or a page of a wiki. `zone`: the reader's, by its name. */
export function incidentMarkdown(report: IncidentReport, zone: string): string {
  const { incident } = report;
  return [
    `# Incident ${markdown(incident.id)}: ${markdown(incident.title)}`,
    '',
    ...factsOf(report).map(({ name, value }) => `- ${name}: ${sentence(value, zone)}`),
    '',
    '## Timeline',
    '',
    ...timelineTable(report, zone),
    ...decisions(report),
    '',
  ].join('\n');
}

/** `zone`: where a time is to be told in it as well; `null`: in UTC alone. */
function sentence(pieces: readonly Piece[], zone: string | null): string {
  const both = (ms: number): string =>
    `${timeIn('UTC', ms)} UTC${zone === null || isUtc(zone) ? '' : ` (${timeBeside(zone, ms)} ${markdown(zone)})`}`;
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return markdown(piece);
      return 'code' in piece ? `\`${piece.code}\`` : both(piece.atMs);
    })
    .join('');
}

function timelineTable({ timeline, nowMs }: IncidentReport, zone: string): readonly string[] {
  const titles = ['No.', 'UTC', ...(isUtc(zone) ? [] : [markdown(zoneTitle(zone, nowMs))]), 'Who', 'What'];
  const rows = timeline
    .map(happeningOf)
    .map((each) => [
      each.number === null ? '' : String(each.number),
      timeIn('UTC', each.atMs),
      ...(isUtc(zone) ? [] : [timeBeside(zone, each.atMs)]),
      each.who === null ? 'past rlctl' : markdown(each.who),
      happened(each),
    ]);
  return tableOf(titles, rows);
}

function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)];
}

function happened({ what, more, note, changeId, reason, ticket, routes, state }: Happening): string {
  const head = [
    `**${markdown(what)}**`,
    changeId === null ? '' : ` ${markdownCode(changeId)}`,
    sentence(more, null),
    note === null ? '' : `: ${markdownLines(note)}`,
    reason === null ? '' : `: ${markdown(reason)}`,
    ticket === null ? '' : ` ${markdown(`[${ticket}]`)}`,
  ].join('');
  const changed =
    routes === null
      ? ['what it changed cannot be told: a document is not at hand, or cannot be read']
      : routes.map(({ route, text }) => `${markdownCode(route)} ${markdown(text)}`);
  return [head, ...changed, ...(state === null ? [] : [markdown(state)])].join('<br>');
}

function decisions(report: IncidentReport): readonly string[] {
  const [figures, missing] = [figuresOf(report), missingFigures(report)];
  if (figures.length === 0 && missing === null) return [];
  const said = missing === null ? [] : ['', markdown(missing)];
  return ['', '## Decisions around the changes', ...said, ...figures.flatMap(figureLines)];
}

function figureLines({ of, span, titles, reading, remarks, buckets }: ToldFigure): readonly string[] {
  const rows = buckets.flatMap((bucket) =>
    bucket.rows.map(({ name, key, before, after }) => [
      markdown(bucket.bucket),
      name,
      markdown(before),
      markdown(after),
      courseOf(bucket, key),
    ]),
  );
  return [
    '',
    `### Around ${of}, ${span} UTC`,
    ...[...remarks, ...(reading === null ? [] : [reading])].flatMap((remark) => ['', markdown(remark)]),
    ...(rows.length === 0 ? [] : ['', ...tableOf(['Bucket', 'Decision', titles.before, titles.after, 'Course'], rows)]),
  ];
}

const courseWidth = 30;

function courseOf({ course }: ToldBucket, key: ToldBucket['rows'][number]['key']): string {
  const values = course.map((point) => point[key]);
  const line = sparkline(condense(values, courseWidth)).join('');
  return line.trim() === '' ? '' : `\`${line}\``;
}

import { formatDuration } from '../domain/duration.js';
import { summaryOf, type BeforeAndAfter, type Figure } from '../domain/incident/figures.js';
import type { TimelineItem } from '../domain/incident/timeline.js';
import { rateText } from '../domain/quantities.js';
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
import { markdown, markdownCode, markdownLines } from './markup.js';
import { condense, sparkline } from './sparkline.js';
import { clockIn, isUtc, timeBeside, timeIn, zoneTitle } from './zoned-time.js';

/** The whole story of an incident as Markdown, for a ticket or a page of a wiki. `zone`: the reader's, by its name. */
export function incidentMarkdown(report: IncidentReport, zone: string): string {
  const { incident } = report;
  return [
    `# Incident ${markdown(incident.id)}: ${markdown(incident.title)}`,
    '',
    ...summary(report, zone),
    '',
    '## Timeline',
    '',
    ...timelineTable(report, zone),
    ...decisions(report),
    '',
  ].join('\n');
}

function summary({ incident, timeline, nowMs, isCut }: IncidentReport, zone: string): readonly string[] {
  const { start, startedBy, end, ticket, environment } = incident;
  const at = (ms: number): string =>
    `${timeIn('UTC', ms)} UTC${isUtc(zone) ? '' : ` (${timeBeside(zone, ms)} ${markdown(zone)})`}`;
  return [
    `- Environment: ${markdown(environment)}`,
    `- Started: ${at(start.atMs)} by ${markdown(startedBy)}`,
    ...(end === null
      ? ['- Ended: not yet']
      : [
          `- Ended: ${at(end.atMs)} by ${markdown(end.by)}: ${outcomeWords[end.outcome]}${end.verdict === null ? '' : ` (${verdictWords[end.verdict]})`}`,
        ]),
    `- Duration: ${formatDuration((end?.atMs ?? nowMs) - start.atMs)}`,
    ...(ticket === null ? [] : [`- Ticket: ${markdown(ticket)}`]),
    `- In it: ${countsText(timeline)}`,
    `- Document: \`${start.revision.slice(0, 12)}\` at the start${end === null ? '' : `, \`${end.revision.slice(0, 12)}\` at the end`}`,
    ...(isCut ? ['- Missing: the history does not reach back to the start; older changes are not shown'] : []),
  ];
}

function timelineTable({ timeline, nowMs }: IncidentReport, zone: string): readonly string[] {
  const titles = ['No.', 'UTC', ...(isUtc(zone) ? [] : [markdown(zoneTitle(zone, nowMs))]), 'Who', 'What'];
  const rows = timeline.map((item) => [
    'number' in item ? String(item.number) : '',
    timeIn('UTC', item.atMs),
    ...(isUtc(zone) ? [] : [timeBeside(zone, item.atMs)]),
    item.kind === 'foreign' ? 'past rlctl' : markdown(item.actor),
    happened(item),
  ]);
  return tableOf(titles, rows);
}

function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)];
}

function happened(item: TimelineItem): string {
  switch (item.kind) {
    case 'started':
      return '**started**';
    case 'note':
      return `**note**: ${markdownLines(item.text)}`;
    case 'ended':
      return `**ended**: ${markdown(endText(item))}`;
    case 'foreign':
      return [
        `**changed past rlctl** between ${timeIn('UTC', item.afterMs)} and ${timeIn('UTC', item.atMs)} UTC`,
        ...differences(item.diff),
        stateText(item),
      ].join('<br>');
    case 'flags':
      return [`**${markdown(changeTitle(item))}**${why(item)}`, markdown(stateText(item))].join('<br>');
    case 'change':
      return [
        `**${item.isEnd ? 'the end: ' : ''}${markdown(changeTitle(item))}** ${markdownCode(item.changeId)}${why(item)}`,
        ...differences(item.diff),
        markdown(stateText(item)),
      ].join('<br>');
  }
}

function why({ reason, ticket }: { readonly reason: string | null; readonly ticket: string | null }): string {
  return `${reason === null ? '' : `: ${markdown(reason)}`}${ticket === null ? '' : ` ${markdown(`[${ticket}]`)}`}`;
}

function differences(diff: Extract<TimelineItem, { kind: 'foreign' }>['diff']): readonly string[] {
  if (diff === null) return ['what it changed cannot be told: a document is not at hand, or cannot be read'];
  return diff.map((each) => `${markdownCode(routeText(each.route))} ${markdown(diffText(each))}`);
}

function decisions({ figures, withoutFigures }: IncidentReport): readonly string[] {
  if (figures.length === 0 && withoutFigures === null) return [];
  const missing = withoutFigures === null ? [] : ['', `No figures were at hand: ${markdown(withoutFigures)}.`];
  return ['', '## Decisions around the changes', ...missing, ...figures.flatMap(figureLines)];
}

const courseWidth = 30;

function figureLines(figure: Figure): readonly string[] {
  const { window, buckets, remarks } = figure;
  const numbers = window.marks.map(({ number }) => number);
  const of = numbers.length === 1 ? `change ${numbers[0]}` : `changes ${numbers.join(', ')}`;
  const [from, to] = [window.fromMs, window.toMs].map((ms) => clockIn('UTC', ms));
  const rows = buckets.flatMap((bucket) => {
    const summed = summaryOf(bucket, window);
    const row = (name: string, key: 'allowed' | 'blocked' | 'shadowBlocked') => {
      const course = sparkline(
        condense(
          bucket.course.map((point) => point[key]),
          courseWidth,
        ),
      ).join('');
      return [
        markdown(bucket.bucket),
        name,
        rate(summed[key], 'before'),
        rate(summed[key], 'after'),
        course.trim() === '' ? '' : `\`${course}\``,
      ];
    };
    return [row('allowed', 'allowed'), row('blocked', 'blocked'), row('shadow-blocked', 'shadowBlocked')];
  });
  return [
    '',
    `### Around ${of}, ${from}–${to} UTC`,
    ...remarks.flatMap((remark) => ['', markdown(remark)]),
    ...(rows.length === 0 ? [] : ['', ...tableOf(['Bucket', 'Decision', 'Before', 'After', 'Course'], rows)]),
  ];
}

function rate(value: BeforeAndAfter, side: keyof BeforeAndAfter): string {
  const number = value[side];
  return number === null ? 'no data' : markdown(rateText(number));
}

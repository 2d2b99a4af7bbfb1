import { formatDuration } from '../domain/duration.js';
import { summaryOf, type BeforeAndAfter, type Figure, type FigureBucket } from '../domain/incident/figures.js';
import type { NumberedItem, TimelineItem } from '../domain/incident/timeline.js';
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
import { pageStyle } from './incident-style.js';
import { plotSvg, seriesSample, type PlotSeries } from './incident-plot.js';
import { html, htmlLines } from './markup.js';
import { clockIn, isUtc, timeBeside, timeIn, zoneTitle } from './zoned-time.js';

/** The whole story of an incident as one HTML file: no script, nothing from elsewhere. `zone`: the reader's, by its name. */
export function incidentPage(report: IncidentReport, zone: string): string {
  const { incident } = report;
  const title = `Incident ${incident.id}: ${incident.title}`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    // Nothing may run and nothing may be fetched, whatever the texts hold.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="color-scheme" content="light dark">',
    '<meta name="generator" content="rlctl">',
    `<title>${html(title)}</title>`,
    `<style>${pageStyle}</style>`,
    '</head>',
    '<body>',
    '<a class="skip" href="#timeline">Skip to the timeline</a>',
    `<header><p class="over">Incident <code>${html(incident.id)}</code> on ${html(incident.environment)}</p><h1>${html(incident.title)}</h1></header>`,
    navigation(report),
    '<main>',
    summary(report, zone),
    timelineSection(report, zone),
    figuresSection(report),
    '</main>',
    `<footer><p>Written by rlctl at ${timeTag(report.nowMs)} UTC. The numbers of changes are the same in the timeline and in the figures.</p></footer>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function navigation({ figures, withoutFigures }: IncidentReport): string {
  const hasFigures = figures.length > 0 || withoutFigures !== null;
  const links = [
    ['summary', 'Summary'],
    ['timeline', 'Timeline'],
    ...(hasFigures ? [['decisions', 'Decisions']] : []),
  ] as const;
  const items = links.map(([id, text]) => `<li><a href="#${id}">${text}</a></li>`).join('');
  return `<nav aria-label="On this page"><ul>${items}</ul></nav>`;
}

function timeTag(ms: number): string {
  return `<time datetime="${new Date(ms).toISOString()}">${timeIn('UTC', ms)}</time>`;
}

/** A date and a time, which break between each other and nowhere else. */
function pieces(time: string): string {
  return time
    .split(' ')
    .map((piece) => `<span class="nowrap">${piece}</span>`)
    .join(' ');
}

function bothTimes(ms: number, zone: string): string {
  const local = isUtc(zone) ? '' : ` <span class="local">(${timeBeside(zone, ms)} ${html(zone)})</span>`;
  return `${timeTag(ms)} UTC${local}`;
}

function summary({ incident, timeline, nowMs, isCut }: IncidentReport, zone: string): string {
  const { start, startedBy, end, ticket } = incident;
  const rows: readonly (readonly [string, string])[] = [
    ['State', end === null ? 'open' : html(`ended: ${outcomeWords[end.outcome]}`)],
    ...(end?.verdict ? [['Proof of that', html(verdictWords[end.verdict])] as const] : []),
    ['Started', `${bothTimes(start.atMs, zone)} by ${html(startedBy)}`],
    ...(end === null ? [] : [['Ended', `${bothTimes(end.atMs, zone)} by ${html(end.by)}`] as const]),
    ['Duration', html(formatDuration((end?.atMs ?? nowMs) - start.atMs))],
    ...(ticket === null ? [] : [['Ticket', html(ticket)] as const]),
    ['In it', html(countsText(timeline))],
    [
      'Document',
      `<code>${html(start.revision.slice(0, 12))}</code> at the start${end === null ? '' : `, <code>${html(end.revision.slice(0, 12))}</code> at the end`}`,
    ],
    ...(isCut
      ? [['Missing', 'the history does not reach back to the start: older changes are not shown'] as const]
      : []),
  ];
  const list = rows.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('\n');
  return `<section id="summary" aria-labelledby="summary-h"><h2 id="summary-h">Summary</h2>\n<dl>\n${list}\n</dl></section>`;
}

function timelineSection({ timeline, nowMs }: IncidentReport, zone: string): string {
  const zoneNote = isUtc(zone) ? 'Times are UTC.' : `Times are UTC, and below it ${html(zoneTitle(zone, nowMs))}.`;
  return [
    '<section id="timeline" aria-labelledby="timeline-h"><h2 id="timeline-h">Timeline</h2>',
    `<table class="timeline"><caption>${zoneNote}</caption>`,
    '<thead><tr><th scope="col"><abbr title="Number of the change">No.</abbr></th><th scope="col">Time</th><th scope="col">What happened</th></tr></thead>',
    '<tbody>',
    ...timeline.map((item) => timelineRow(item, zone)),
    '</tbody></table></section>',
  ].join('\n');
}

function timelineRow(item: TimelineItem, zone: string): string {
  const number = 'number' in item ? `<span class="number" id="change-${item.number}">${item.number}</span>` : '';
  const local = isUtc(zone) ? '' : `<br><span class="local">${pieces(timeBeside(zone, item.atMs))}</span>`;
  return `<tr class="${item.kind}"><td class="no">${number}</td><td class="time"><time datetime="${new Date(item.atMs).toISOString()}">${pieces(timeIn('UTC', item.atMs))}</time>${local}</td><td>${happened(item)}</td></tr>`;
}

function happened(item: TimelineItem): string {
  switch (item.kind) {
    case 'started':
      return `<strong>Started</strong> by ${html(item.actor)}`;
    case 'note':
      return `<strong>Note</strong> by ${html(item.actor)}<blockquote>${htmlLines(item.text)}</blockquote>`;
    case 'ended':
      return `<strong>Ended</strong> by ${html(item.actor)}: ${html(endText(item))}`;
    case 'foreign':
      return `<strong>Changed past rlctl</strong> by somebody unknown, between ${timeIn('UTC', item.afterMs)} and ${timeIn('UTC', item.atMs)} UTC${differences(item)}${state(item)}`;
    case 'flags':
      return `<strong>${html(changeTitle(item))}</strong> by ${html(item.actor)}${why(item)}${state(item)}`;
    case 'change': {
      const lead = item.isEnd ? 'The end: ' : '';
      return `<strong>${lead}${html(changeTitle(item))}</strong> by ${html(item.actor)} <code class="id">${html(item.changeId)}</code>${why(item)}${differences(item)}${state(item)}`;
    }
  }
}

function why({ reason, ticket }: { readonly reason: string | null; readonly ticket: string | null }): string {
  const parts = [...(reason === null ? [] : [html(reason)]), ...(ticket === null ? [] : [`[${html(ticket)}]`])];
  return parts.length === 0 ? '' : `<p class="why">${parts.join(' ')}</p>`;
}

function differences(item: Extract<NumberedItem, { kind: 'change' | 'foreign' }>): string {
  if (item.diff === null)
    return '<p class="why">What it changed cannot be told: a document is not at hand, or cannot be read.</p>';
  if (item.diff.length === 0) return '';
  const lines = item.diff.map((each) => `<li><code>${html(routeText(each.route))}</code> ${html(diffText(each))}</li>`);
  return `<ul class="diff">${lines.join('')}</ul>`;
}

function state(item: NumberedItem): string {
  const text = stateText(item);
  return `<p class="state">${html(text)}</p>`;
}

function figuresSection({ figures, withoutFigures }: IncidentReport): string {
  if (figures.length === 0 && withoutFigures === null) return '';
  const head =
    '<section id="decisions" aria-labelledby="decisions-h"><h2 id="decisions-h">Decisions around the changes</h2>';
  const missing =
    withoutFigures === null ? '' : `<p class="missing">No figures were at hand: ${html(withoutFigures)}.</p>`;
  return [
    head,
    missing,
    ...(figures.some(({ buckets }) => buckets.length > 0) ? [legend] : []),
    ...figures.map(figureSection),
    '</section>',
  ].join('\n');
}

const legend = [
  '<ul class="legend" aria-label="Lines in the figures">',
  `<li>${seriesSample('plain')} allowed</li>`,
  `<li>${seriesSample('square')} blocked (enforced): solid line, filled squares</li>`,
  `<li>${seriesSample('diamond')} shadow-blocked (only counted): dashed line, hollow diamonds</li>`,
  '<li><span class="number" aria-hidden="true">1</span> a change, by its number in the timeline</li>',
  '</ul>',
].join('');

function figureSection({ window, buckets, remarks }: Figure, index: number): string {
  const numbers = window.marks.map(({ number }) => number);
  const of = numbers.length === 1 ? `change ${numbers[0]}` : `changes ${numbers.join(', ')}`;
  const [from, to] = [window.fromMs, window.toMs].map((ms) => clockIn('UTC', ms));
  const notes = remarks.map((remark) => `<p class="missing">${html(remark)}</p>`);
  const shown = buckets.map((bucket, place) => bucketFigure(bucket, window, `f${index}-${place}`));
  return [
    `<section class="around" aria-labelledby="around-${index}"><h3 id="around-${index}">Around ${of}, <span class="nowrap">${from}–${to} UTC</span></h3>`,
    ...notes,
    `<div class="buckets">${shown.join('\n')}</div></section>`,
  ].join('\n');
}

function bucketFigure(bucket: FigureBucket, window: Figure['window'], id: string): string {
  const times = bucket.course.map(({ atMs }) => atMs);
  const summed = summaryOf(bucket, window);
  const series = (
    name: string,
    shape: PlotSeries['shape'],
    key: 'allowed' | 'blocked' | 'shadowBlocked',
  ): PlotSeries => ({
    name,
    shape,
    values: bucket.course.map((point) => point[key]),
  });
  const say = (name: string, { before, after }: BeforeAndAfter): string =>
    `${name}: ${rate(before)} on average before, ${rate(after)} after.`;
  const common = { unit: 'requests/s', times, window };
  const over = [series('blocked', 'square', 'blocked'), series('shadow-blocked', 'diamond', 'shadowBlocked')];
  return [
    `<figure><figcaption>${html(bucket.bucket)}</figcaption>`,
    '<p class="what">Allowed</p>',
    plotSvg({
      ...common,
      id: `${id}-a`,
      title: `${bucket.bucket}: allowed requests a second`,
      description: say('allowed', summed.allowed),
      series: [series('allowed', 'plain', 'allowed')],
    }),
    '<p class="what">Over the limit: blocked, shadow-blocked</p>',
    plotSvg({
      ...common,
      id: `${id}-b`,
      title: `${bucket.bucket}: requests over the limit a second`,
      description: `${say('blocked', summed.blocked)} ${say('shadow-blocked', summed.shadowBlocked)}`,
      series: over,
    }),
    summaryTable(bucket.bucket, summed),
    '</figure>',
  ].join('\n');
}

function rate(value: number | null): string {
  return value === null ? 'no data' : rateText(value);
}

function summaryTable(bucket: string, summed: ReturnType<typeof summaryOf>): string {
  const row = (name: string, { before, after }: BeforeAndAfter): string =>
    `<tr><th scope="row">${name}</th><td>${html(rate(before))}</td><td>${html(rate(after))}</td></tr>`;
  return [
    `<table class="means"><caption>${html(bucket)}: requests a second on average</caption>`,
    '<thead><tr><th scope="col">Decision</th><th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>',
    row('allowed', summed.allowed),
    row('blocked', summed.blocked),
    row('shadow-blocked', summed.shadowBlocked),
    '</tbody></table>',
  ].join('');
}

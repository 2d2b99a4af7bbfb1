import type { SeriesKey } from '../domain/incident/figures.js';
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
import { pageStyle } from './incident-style.js';
import { plotSvg, seriesSample, type PlotSeries } from './incident-plot.js';
import { html, htmlLines } from './markup.js';
import { isUtc, timeBeside, timeIn, zoneTitle } from './zoned-time.js';

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

function sentence(pieces: readonly Piece[], zone: string | null): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return html(piece);
      return 'code' in piece ? `<code>${html(piece.code)}</code>` : bothTimes(piece.atMs, zone);
    })
    .join('');
}

/** `zone`: where the time is to be told in it as well; `null`: in UTC alone. */
function bothTimes(ms: number, zone: string | null): string {
  const isLocal = zone !== null && !isUtc(zone);
  return `${timeTag(ms)} UTC${isLocal ? ` <span class="local">(${timeBeside(zone, ms)} ${html(zone)})</span>` : ''}`;
}

function summary(report: IncidentReport, zone: string): string {
  const list = factsOf(report)
    .map(({ name, value }) => `<div><dt>${name}</dt><dd>${sentence(value, zone)}</dd></div>`)
    .join('\n');
  return `<section id="summary" aria-labelledby="summary-h"><h2 id="summary-h">Summary</h2>\n<dl>\n${list}\n</dl></section>`;
}

function timelineSection({ timeline, nowMs }: IncidentReport, zone: string): string {
  const zoneNote = isUtc(zone) ? 'Times are UTC.' : `Times are UTC, and below it ${html(zoneTitle(zone, nowMs))}.`;
  return [
    '<section id="timeline" aria-labelledby="timeline-h"><h2 id="timeline-h">Timeline</h2>',
    `<table class="timeline"><caption>${zoneNote}</caption>`,
    '<thead><tr><th scope="col"><abbr title="Number of the change">No.</abbr></th><th scope="col">Time</th><th scope="col">What happened</th></tr></thead>',
    '<tbody>',
    ...timeline.map((item) => timelineRow(happeningOf(item), zone)),
    '</tbody></table></section>',
  ].join('\n');
}

function timelineRow(happening: Happening, zone: string): string {
  const { kind, number, atMs } = happening;
  const mark = number === null ? '' : `<span class="number" id="change-${number}">${number}</span>`;
  const local = isUtc(zone) ? '' : `<br><span class="local">${pieces(timeBeside(zone, atMs))}</span>`;
  return `<tr class="${kind}"><td class="no">${mark}</td><td class="time"><time datetime="${new Date(atMs).toISOString()}">${pieces(timeIn('UTC', atMs))}</time>${local}</td><td>${happened(happening)}</td></tr>`;
}

function happened({ what, who, more, note, changeId, reason, ticket, routes, state }: Happening): string {
  const lead = what.charAt(0).toUpperCase() + what.slice(1);
  const why = [...(reason === null ? [] : [html(reason)]), ...(ticket === null ? [] : [`[${html(ticket)}]`])];
  return [
    `<strong>${html(lead)}</strong> by ${who === null ? 'somebody unknown' : html(who)}${sentence(more, null)}`,
    changeId === null ? '' : ` <code class="id">${html(changeId)}</code>`,
    note === null ? '' : `<blockquote>${htmlLines(note)}</blockquote>`,
    why.length === 0 ? '' : `<p class="why">${why.join(' ')}</p>`,
    differences(routes),
    state === null ? '' : `<p class="state">${html(state)}</p>`,
  ].join('');
}

function differences(routes: Happening['routes']): string {
  if (routes === null)
    return '<p class="why">What it changed cannot be told: a document is not at hand, or cannot be read.</p>';
  if (routes.length === 0) return '';
  const lines = routes.map(({ route, text }) => `<li><code>${html(route)}</code> ${html(text)}</li>`);
  return `<ul class="diff">${lines.join('')}</ul>`;
}

function figuresSection(report: IncidentReport): string {
  const [figures, missing] = [figuresOf(report), missingFigures(report)];
  if (figures.length === 0 && missing === null) return '';
  const head =
    '<section id="decisions" aria-labelledby="decisions-h"><h2 id="decisions-h">Decisions around the changes</h2>';
  return [
    head,
    missing === null ? '' : `<p class="missing">${html(missing)}</p>`,
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

function figureSection({ window, of, span, titles, reading, remarks, buckets }: ToldFigure, index: number): string {
  const notes = remarks.map((remark) => `<p class="missing">${html(remark)}</p>`);
  const shown = buckets.map((bucket, place) => bucketFigure(bucket, { window, titles }, `f${index}-${place}`));
  return [
    `<section class="around" aria-labelledby="around-${index}"><h3 id="around-${index}">Around ${of}, <span class="nowrap">${span} UTC</span></h3>`,
    ...notes,
    ...(reading === null ? [] : [`<p class="what">${html(reading)}</p>`]),
    `<div class="buckets">${shown.join('\n')}</div></section>`,
  ].join('\n');
}

type Around = Pick<ToldFigure, 'window' | 'titles'>;

const shapes: Readonly<Record<SeriesKey, PlotSeries['shape']>> = {
  allowed: 'plain',
  blocked: 'square',
  shadowBlocked: 'diamond',
};

function bucketFigure(bucket: ToldBucket, { window, titles }: Around, id: string): string {
  const { course, rows } = bucket;
  const plot = (name: string, title: string, keys: readonly SeriesKey[]): string => {
    const shown = rows.filter(({ key }) => keys.includes(key));
    return plotSvg({
      id: `${id}-${name}`,
      title: `${bucket.bucket}: ${title} a second`,
      description: shown.map((row) => rowText(row, titles)).join(' '),
      unit: 'requests/s',
      times: course.map(({ atMs }) => atMs),
      window,
      series: shown.map((row) => ({
        name: row.name,
        shape: shapes[row.key],
        values: course.map((point) => point[row.key]),
      })),
    });
  };
  return [
    `<figure><figcaption>${html(bucket.bucket)}</figcaption>`,
    '<p class="what">Allowed</p>',
    plot('a', 'allowed requests', ['allowed']),
    '<p class="what">Over the limit: blocked, shadow-blocked</p>',
    plot('b', 'requests over the limit', ['blocked', 'shadowBlocked']),
    summaryTable(bucket, titles),
    '</figure>',
  ].join('\n');
}

function rowText({ name, before, after }: ToldBucket['rows'][number], titles: ToldFigure['titles']): string {
  return `${name}: ${before} on average ${titles.before.toLowerCase()}, ${after} ${titles.after.toLowerCase()}.`;
}

function summaryTable({ bucket, rows }: ToldBucket, titles: ToldFigure['titles']): string {
  const lines = rows.map(
    ({ name, before, after }) => `<tr><th scope="row">${name}</th><td>${html(before)}</td><td>${html(after)}</td></tr>`,
  );
  return [
    `<table class="means"><caption>${html(bucket)}: requests a second on average</caption>`,
    `<thead><tr><th scope="col">Decision</th><th scope="col">${titles.before}</th><th scope="col">${titles.after}</th></tr></thead><tbody>`,
    ...lines,
    '</tbody></table>',
  ].join('');
}

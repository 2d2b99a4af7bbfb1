import { scaleSteps, timeSteps, type FigureWindow } from '../domain/incident/figures.js';
import { html } from './markup.js';
import { clockIn } from './zoned-time.js';

/** How a line is told from others without its colour. */
export type SeriesShape = 'plain' | 'square' | 'diamond';

export interface PlotSeries {
  readonly name: string;
  readonly shape: SeriesShape;
  /** One for each time; `null`: no data. */
  readonly values: readonly (number | null)[];
}

export interface Plot {
  /** Unique on its page; letters, digits and dashes. */
  readonly id: string;
  readonly title: string;
  /** What is seen in it, in words. */
  readonly description: string;
  /** What the numbers are: `requests/s`. */
  readonly unit: string;
  /** Epoch milliseconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly PlotSeries[];
  readonly window: FigureWindow;
}

const width = 360;
const plotHeight = 96;
const left = 46;
const right = 14;
const laneHeight = 20;
const bottom = 38;
const markRadius = 8;

/** One plot as inline SVG: two axes with units, the changes marked, each line with a shape of its own. */
export function plotSvg(plot: Plot): string {
  const { id, title, description, window } = plot;
  const lanes = lanesOf(window);
  const top = 18 + (Math.max(0, ...lanes.map(({ lane }) => lane)) + 1) * laneHeight;
  const height = top + plotHeight + bottom;
  const steps = scaleSteps(Math.max(0, ...plot.series.flatMap(({ values }) => values.map((each) => each ?? 0))));
  const highest = steps.at(-1) ?? 1;
  const place: Place = {
    top,
    x: (ms) => xOf(window, ms),
    y: (value) => round(top + plotHeight * (1 - value / highest)),
  };
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-t ${id}-d">`,
    `<title id="${id}-t">${html(title)}</title><desc id="${id}-d">${html(description)}</desc>`,
    ...valueAxis(plot, steps, place),
    ...timeAxis(window, place),
    ...markLines(lanes, place),
    ...(plot.series.every(({ values }) => values.every((each) => each === null)) ? [nothingText(place)] : []),
    ...plot.series.map((series) => drawn(series, plot.times, place)),
    '</svg>',
  ].join('');
}

interface Place {
  readonly top: number;
  readonly x: (ms: number) => number;
  readonly y: (value: number) => number;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function xOf({ fromMs, toMs }: FigureWindow, ms: number): number {
  const share = toMs === fromMs ? 0 : (Math.min(toMs, Math.max(fromMs, ms)) - fromMs) / (toMs - fromMs);
  return round(left + share * (width - left - right));
}

function valueAxis({ unit }: Plot, steps: readonly number[], { y, top }: Place): readonly string[] {
  return [
    `<text class="unit" x="4" y="${top - 8}">${html(unit)}</text>`,
    ...steps.map(
      (value) =>
        `<path class="${value === 0 ? 'axis' : 'grid'}" d="M${left} ${y(value)}H${width - right}"/>` +
        `<text class="tick" text-anchor="end" x="${left - 6}" y="${round(y(value) + 4)}">${value}</text>`,
    ),
  ];
}

function timeAxis(window: FigureWindow, { top, x }: Place): readonly string[] {
  const ticks = timeSteps(window.fromMs, window.toMs);
  const isWithSeconds = ticks.some((ms) => ms % 60_000 !== 0);
  const base = top + plotHeight;
  const anchor = (at: number): string => (at > width - right - 18 ? 'end' : 'middle');
  return [
    ...ticks.map(
      (ms) =>
        `<path class="axis" d="M${x(ms)} ${base}v4"/>` +
        `<text class="tick" text-anchor="${anchor(x(ms))}" x="${x(ms)}" y="${base + 16}">${clockIn('UTC', ms, isWithSeconds)}</text>`,
    ),
    `<text class="unit" text-anchor="end" x="${width - right}" y="${base + 32}">time (UTC)</text>`,
  ];
}

/** No data is not 0, and an empty plot would not tell which it is. */
function nothingText({ top }: Place): string {
  return `<text class="nothing" text-anchor="middle" x="${(left + width - right) / 2}" y="${top + plotHeight / 2}">no data: none was counted</text>`;
}

interface Lane {
  readonly number: number;
  readonly x: number;
  readonly lane: number;
}

/** Marks that would cover each other stand above one another. */
function lanesOf(window: FigureWindow): readonly Lane[] {
  const ends: number[] = [];
  return window.marks.map(({ number, atMs }) => {
    const x = xOf(window, atMs);
    const free = ends.findIndex((end) => x - markRadius > end);
    const lane = free === -1 ? ends.length : free;
    ends[lane] = x + markRadius + 1;
    return { number, x, lane };
  });
}

/** The lines first, so that none runs through a number. */
function markLines(lanes: readonly Lane[], { top }: Place): readonly string[] {
  const most = Math.max(0, ...lanes.map(({ lane }) => lane));
  const placed = lanes.map(({ number, x, lane }) => ({ number, x, y: 12 + (most - lane) * laneHeight }));
  return [
    ...placed.map(({ x, y }) => `<path class="mark" d="M${x} ${y + markRadius}V${top + plotHeight}"/>`),
    ...placed.map(
      ({ number, x, y }) =>
        `<circle class="mark-head" cx="${x}" cy="${y}" r="${markRadius}"/>` +
        `<text class="mark-number" text-anchor="middle" x="${x}" y="${y + 4}">${number}</text>`,
    ),
  ];
}

/** How many of a line's points carry its shape. */
const shapesAlong = 10;

function drawn({ shape, values }: PlotSeries, times: readonly number[], { x, y }: Place): string {
  const points = values.map((value, index) => {
    const atMs = times[index];
    return value === null || atMs === undefined ? null : { x: x(atMs), y: y(value) };
  });
  const every = Math.max(1, Math.round(points.length / shapesAlong));
  const isAlone = (index: number): boolean =>
    (points[index - 1] ?? null) === null && (points[index + 1] ?? null) === null;
  const shapes = points.flatMap((point, index) => {
    if (point === null) return [];
    if (isAlone(index)) return [shapeAt(shape === 'plain' ? 'square' : shape, point)];
    return shape !== 'plain' && index % every === 0 ? [shapeAt(shape, point)] : [];
  });
  const d = points.map((point, index) => {
    if (point === null) return '';
    return `${(points[index - 1] ?? null) === null ? 'M' : 'L'}${point.x} ${point.y}`;
  });
  return `<g class="series ${shape}"><path class="line" d="${d.join('')}"/>${shapes.join('')}</g>`;
}

function shapeAt(shape: SeriesShape, { x, y }: { readonly x: number; readonly y: number }): string {
  if (shape === 'diamond') return `<path class="point" d="M${x} ${round(y - 4.5)}l4.5 4.5l-4.5 4.5l-4.5 -4.5z"/>`;
  return `<path class="point" d="M${round(x - 3)} ${round(y - 3)}h6v6h-6z"/>`;
}

/** A line with its shape, for a legend. */
export function seriesSample(shape: SeriesShape): string {
  const point = shape === 'plain' ? '' : shapeAt(shape, { x: 14, y: 7 });
  return `<svg class="sample" viewBox="0 0 28 14" width="28" height="14" aria-hidden="true"><g class="series ${shape}"><path class="line" d="M1 7H27"/>${point}</g></svg>`;
}

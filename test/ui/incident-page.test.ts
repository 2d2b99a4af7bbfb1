import { describe, expect, test } from 'vitest';
import { incidentMarkdown } from '../../src/ui/incident-markdown.js';
import { incidentPage } from '../../src/ui/incident-page.js';
import { plotSvg } from '../../src/ui/incident-plot.js';
import { html, markdown, markdownCode } from '../../src/ui/markup.js';
import { clockIn, isUtc, timeBeside, timeIn, zoneTitle } from '../../src/ui/zoned-time.js';
import { hostile, reportWith, startMs } from '../support/incident-report.js';

/** Every tag of a page, with its attributes as they stand. */
function tagsOf(page: string): readonly string[] {
  return [...page.matchAll(/<[a-z!/][^>]*>/gi)].map(([tag]) => tag);
}

const withoutStyle = (page: string): string => page.replace(/<style>[^<]*<\/style>/, '');

describe('the page', () => {
  test('holds the same tags whatever the texts from outside are: nothing of them becomes one', () => {
    const [plain, nasty] = [
      incidentPage(reportWith('text'), 'Europe/Zurich'),
      incidentPage(reportWith(hostile), 'Europe/Zurich'),
    ];
    expect(tagsOf(withoutStyle(nasty))).toEqual(tagsOf(withoutStyle(plain)));
    expect(plain.match(/<script|<img|<iframe|<link|<object|\son\w+=|javascript:|url\(/gi)).toBeNull();
    // What would not be seen, or would turn the text around, is spelled out.
    expect(nasty).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(nasty).toContain(String.raw`\u001b[31m\u202e`);
  });

  test('asks for nothing from elsewhere, runs nothing, and says so to the browser', () => {
    const page = incidentPage(reportWith('text'), 'UTC');
    expect(page.match(/(?:https?:)?\/\/\w/g)).toBeNull();
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page.match(/ (?:src|srcset|href)="(?!#)/g)).toBeNull();
  });

  test('can be read without seeing it: language, title, landmarks, headings in order, named tables and pictures', () => {
    const page = incidentPage(reportWith('text'), 'UTC');
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toContain('<title>Incident i-0a1b2c3d: text</title>');
    for (const landmark of ['header', 'nav', 'main', 'footer'])
      expect(page.match(new RegExp(`<${landmark}[ >]`, 'g'))).toHaveLength(1);
    const levels = [...page.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
    expect(levels).toEqual([1, 2, 2, 2, 3]);
    for (const [table] of page.matchAll(/<table.*?<\/table>/gs)) {
      expect(table).toContain('<caption>');
      expect(table).toContain('<th scope="col">');
    }
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    expect(ids.size).toBe([...page.matchAll(/ id="/g)].length);
    for (const [, list = ''] of page.matchAll(/aria-labelledby="([^"]+)"/g))
      for (const id of list.split(' ')) expect(ids).toContain(id);
    for (const [svg] of page.matchAll(/<svg.*?<\/svg>/gs))
      expect(svg).toMatch(/aria-hidden="true"|role="img" aria-labelledby=/);
    for (const [, target = ''] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
  });

  test('tells times in UTC and in the reader’s zone by its name, with the date where it is another one', () => {
    const page = incidentPage(reportWith('text'), 'Europe/Zurich');
    expect(page).toContain('Europe/Zurich (UTC+01:00)');
    expect(page).toContain(
      '<span class="nowrap">22:30:00</span></time><br><span class="local"><span class="nowrap">23:30:00</span>',
    );
    const tokyo = incidentPage(reportWith('text'), 'Asia/Tokyo');
    expect(tokyo).toContain('<span class="nowrap">2026-11-22</span> <span class="nowrap">07:30:00</span>');
    const utc = incidentPage(reportWith('text'), 'UTC');
    expect(utc).toContain('Times are UTC.');
    expect(utc).not.toContain('class="local"');
  });

  test('says that no figures were at hand, and why', () => {
    const report = {
      ...reportWith('text'),
      figures: [],
      withoutFigures: 'no Prometheus is configured for this environment',
    };
    expect(incidentPage(report, 'UTC')).toContain(
      'No figures were at hand: no Prometheus is configured for this environment.',
    );
    expect(incidentMarkdown(report, 'UTC')).toContain(
      'No figures were at hand: no Prometheus is configured for this environment.',
    );
    const silent = { ...report, withoutFigures: null };
    expect(incidentPage(silent, 'UTC')).not.toContain('Decisions');
  });
});

describe('a plot', () => {
  const window = {
    fromMs: startMs,
    toMs: startMs + 600_000,
    stepMs: 15_000,
    marks: [{ number: 7, atMs: startMs + 240_000 }],
  };
  const times = [0, 150_000, 300_000, 450_000, 600_000].map((each) => startMs + each);
  const plot = (values: readonly (number | null)[], shape: 'plain' | 'square' | 'diamond' = 'square') =>
    plotSvg({
      id: 'p',
      title: 'T',
      description: 'D',
      unit: 'requests/s',
      times,
      window,
      series: [{ name: 's', shape, values }],
    });

  test('has axes with units, round steps and times, and marks the change by its number', () => {
    const svg = plot([0, 1, 2, 3, 4]);
    expect([...svg.matchAll(/class="tick"[^>]*>([^<]+)</g)].map(([, text]) => text)).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '22:30',
      '22:32',
      '22:34',
      '22:36',
      '22:38',
      '22:40',
    ]);
    expect(svg).toContain('>requests/s<');
    expect(svg).toContain('>time (UTC)<');
    expect(svg).toContain('>7</text>');
    // The mark stands where 22:34 stands.
    const [, mark] = /class="mark" d="M([\d.]+) /.exec(svg) ?? [];
    expect(svg).toContain(`x="${mark}" y="150">22:34<`);
  });

  test('breaks its line where there is no data, and shows a point that stands alone', () => {
    const line = (svg: string): string => /class="line" d="([^"]*)"/.exec(svg)?.[1] ?? '';
    expect(line(plot([0, 1, 2, 3, 4])).match(/M/g)).toHaveLength(1);
    expect(line(plot([0, 1, null, 3, 4])).match(/M/g)).toHaveLength(2);
    expect(plot([null, null, 3, null, null], 'plain')).toContain('class="point"');
    const empty = plot([null, null, null, null, null]);
    expect(line(empty)).toBe('');
    expect(empty).toContain('no data');
  });

  test('blocked and shadow-blocked differ in shape, not in colour alone', () => {
    const shapes = (shape: 'square' | 'diamond'): string =>
      /class="point" d="M[\d.]+ [\d.]+([^"]*)"/.exec(plot([0, 1, 2, 3, 4], shape))?.[1] ?? '';
    expect(shapes('square')).toBe('h6v6h-6z');
    expect(shapes('diamond')).toMatch(/^l/);
  });

  test('marks that would cover each other stand above one another', () => {
    const near = [300_000, 303_000, 306_000].map((each, index) => ({ number: index + 1, atMs: startMs + each }));
    const svg = plotSvg({
      id: 'p',
      title: '',
      description: '',
      unit: '',
      times,
      window: { ...window, marks: near },
      series: [],
    });
    expect(new Set([...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => y)).size).toBe(3);
    // No line runs through a number.
    expect(svg.lastIndexOf('class="mark"')).toBeLessThan(svg.indexOf('class="mark-head"'));
  });
});

describe('Markdown', () => {
  test('has as many cells in each row whatever the texts are, and no tag, mark or link of theirs', () => {
    const [plain, nasty] = [
      incidentMarkdown(reportWith('text'), 'Europe/Zurich'),
      incidentMarkdown(reportWith(hostile), 'Europe/Zurich'),
    ];
    const cells = (text: string): readonly number[] => text.split('\n').map((line) => line.split(/(?<!\\)\|/).length);
    expect(cells(nasty)).toEqual(cells(plain));
    expect(tagsOf(nasty)).toEqual(tagsOf(plain));
    expect(nasty).not.toMatch(/(?<!\\)\*\*b/);
    expect(nasty).not.toMatch(/(?<!\\)\[l(?<!\\)\]\(/);
  });

  test.each([
    ['https://evil.example', String.raw`https\://evil.example`],
    ['a*b_c`d', 'a\\*b\\_c\\`d'],
    ['i-0a1b (x) v1.2', 'i-0a1b (x) v1.2'],
    ['<b>&', '&lt;b&gt;&amp;'],
  ])('%s', (text, expected) => {
    expect(markdown(text)).toBe(expected);
  });

  test('code holds whatever it is given', () => {
    expect(markdownCode('/a|b`c<i>')).toBe('<code>/a&#124;b&#96;c&lt;i&gt;</code>');
  });
});

test('text in HTML cannot leave a tag or an attribute', () => {
  expect(html(`<a href="x" on='y'>&\u0007`)).toBe('&lt;a href=&quot;x&quot; on=&#39;y&#39;&gt;&amp;\\u0007');
});

test('times of zones', () => {
  const ms = Date.parse('2026-03-29T00:59:59Z');
  expect([timeIn('UTC', ms), timeIn('Europe/Zurich', ms), timeIn('Europe/Zurich', ms + 1000)]).toEqual([
    '2026-03-29 00:59:59',
    '2026-03-29 01:59:59',
    '2026-03-29 03:00:00',
  ]);
  expect([timeBeside('Europe/Zurich', ms), timeBeside('America/New_York', ms)]).toEqual([
    '01:59:59',
    '2026-03-28 20:59:59',
  ]);
  expect([zoneTitle('Europe/Zurich', ms), zoneTitle('Asia/Kolkata', ms), zoneTitle('UTC', ms)]).toEqual([
    'Europe/Zurich (UTC+01:00)',
    'Asia/Kolkata (UTC+05:30)',
    'UTC',
  ]);
  expect([isUtc('Etc/UTC'), isUtc('Europe/London')]).toEqual([true, false]);
  expect(clockIn('UTC', ms, true)).toBe('00:59:59');
});

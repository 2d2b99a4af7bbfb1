import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { childEnv, launcher, runCli, type CliEnd } from '../support/cli.js';
import { browserProgram, openBrowser, type Browser, type Look } from '../support/browser.js';
import { openLab, type Lab } from '../support/lab.js';
import { startPrometheus, type RunningPrometheus } from '../support/prometheus.js';
import type { JsonObject } from '../support/world.js';
import { openTerminal } from '../support/terminal.js';

const state = {} as { lab: Lab; prometheus: RunningPrometheus; page: string; text: string };
const hostile = '"><script>hacked=1</script><img src=x onerror=hacked=1>';

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliEnd> =>
  runCli(args, {
    cwd: state.lab.world.cwd,
    env: { ...state.lab.world.env, RLCTL_PROMETHEUS: state.prometheus.url, ...env },
  });

/** The same, which has to work. */
async function done(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CliEnd> {
  const ended = await run(args, env);
  if (ended.code !== 0) throw new Error(`${args.join(' ')}: ${ended.code} ${ended.err}${ended.out}`);
  return ended;
}

async function traffic(isEnough: () => Promise<boolean>): Promise<void> {
  const { origin } = state.lab.sandbox;
  while (!(await isEnough())) {
    for (const path of ['/api/search', '/api/payments/1'])
      await Promise.all(
        Array.from({ length: 8 }, () => fetch(`${origin}${path}`).then((answer) => answer.arrayBuffer())),
      );
  }
}

const counted = (action: string): Promise<number | null> =>
  state.prometheus.number(`sum(increase(lab_rl_decisions_total{action=~"${action}"}[1m]))`);

beforeAll(async () => {
  state.lab = await openLab();
  const url = `${state.lab.sandbox.origin}/metrics`;
  state.prometheus = await startPrometheus({ jobs: [{ name: 'lab', url }] });
  await traffic(async () => ((await counted('block.*')) ?? 0) > 1);
  await done(['incident', 'start', `search ${hostile}`]);
  const set = ['override', 'set', '/api/payments', '--shadow', '--reason', hostile];
  await done(set, { RLCTL_ACTOR: `eve${hostile}` });
  await done(['incident', 'note', hostile]);
  const start = Date.now();
  await traffic(async () => Date.now() - start > 3000);
  const ended = await done(['incident', 'end', '--restore', '--out', '.', '--json'], { TZ: 'Europe/Zurich' });
  const { files } = JSON.parse(ended.out) as { files: { html: string; markdown: string } };
  state.page = files.html;
  state.text = await readFile(files.html, 'utf8');
}, 60_000);
afterAll(async () => {
  await state.prometheus.stop();
  await state.lab.stop();
});

test('the page has the figures of a real Prometheus, each change marked', () => {
  expect(state.text).toContain('Decisions around the changes');
  expect(state.text).not.toContain('No figures were at hand');
  expect(state.text).toMatch(/<figcaption>financial<\/figcaption>/);
  expect(state.text).toMatch(/class="series square"><path class="line" d="M/);
  for (const number of [1, 2]) expect(state.text).toMatch(new RegExp(`class="mark-number"[^>]*>${number}<`));
});

const program = browserProgram();
const looks: Readonly<Record<string, Look>> = {
  'at a desk, light': { width: 1280, height: 900, scheme: 'light' },
  'at a desk, dark': { width: 1280, height: 900, scheme: 'dark' },
  'on a phone, light': { width: 375, height: 800, scheme: 'light' },
  'on a phone, dark': { width: 375, height: 800, scheme: 'dark' },
  'on paper': { width: 794, height: 1123, scheme: 'dark', medium: 'print' },
};

if (program === null)
  process.stderr.write('\nSKIPPED: no chromium on this machine, so nobody looks at the page of an incident\n\n');

describe.skipIf(program === null)('the page in a real browser', () => {
  const opened = {} as { browser: Browser };
  beforeAll(async () => {
    opened.browser = await openBrowser(program ?? '');
  });
  afterAll(() => opened.browser.close());

  test.each(Object.entries(looks))(
    '%s: no word in the console, nothing fetched, nothing run, nothing cut off',
    async (_, look) => {
      const page = await opened.browser.look(state.page, look);
      const [width, inner] = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, innerWidth]',
      );
      expect(width).toBeLessThanOrEqual(inner);
      expect(await page.evaluate('typeof hacked')).toBe('undefined');
      expect(await page.evaluate('document.querySelectorAll("script, img, iframe, link, object").length')).toBe(0);
      // Text can be told from what is behind it, as the guidelines for accessible pages want.
      expect(await page.evaluate<readonly string[]>(faintTexts)).toEqual([]);
      const sizes = await page.evaluate<readonly number[]>(plotTextSizes);
      expect(sizes.length).toBeGreaterThan(10);
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(9);
      expect((await page.picture()).length).toBeGreaterThan(10_000);
      expect(page.console).toEqual([]);
      expect(page.requests.filter((url) => !url.startsWith('file:'))).toEqual([]);
      expect(page.requests).toHaveLength(1);
    },
  );

  test('would not run what got into it all the same, and the console would tell', async () => {
    const planted = state.text.replace(
      '</main>',
      '<script>hacked=1</script><img src="https://example.invalid/x.png"></main>',
    );
    const page = await opened.browser.look(
      await state.lab.world.write('planted.html', planted),
      looks['at a desk, light'] ?? expect.fail(),
    );
    expect(await page.evaluate('typeof hacked')).toBe('undefined');
    expect(page.console.join('\n')).toMatch(/Content Security Policy/);
  });

  test('is dark where the reader wants it dark, and light on paper', async () => {
    const paper = async (name: string): Promise<string> => {
      const page = await opened.browser.look(state.page, looks[name] ?? expect.fail());
      return page.evaluate('getComputedStyle(document.body).backgroundColor');
    };
    expect(await Promise.all(['at a desk, light', 'at a desk, dark', 'on paper'].map(paper))).toEqual([
      'rgb(255, 255, 255)',
      'rgb(20, 23, 26)',
      'rgb(255, 255, 255)',
    ]);
  });
});

/** The texts whose contrast with what is behind them is below 4.5 to 1. */
const faintTexts = `(() => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((each) => each / 255).map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const { backgroundColor } = getComputedStyle(each);
      if (numbers(backgroundColor)[3] !== 0) return backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  };
  return [...document.querySelectorAll('body *')].flatMap((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    const isInPlot = element.namespaceURI !== 'http://www.w3.org/1999/xhtml';
    if (!own || ['title', 'desc'].includes(element.localName) || element.classList.contains('mark-number')) return [];
    const style = getComputedStyle(element);
    const [a, b] = [light(isInPlot ? style.fill : style.color), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    return ratio >= 4.5 ? [] : [element.localName + '.' + element.getAttribute('class') + ' ' + ratio.toFixed(2)];
  });
})()`;

/** How large the letters in plots are on the screen, pixels. */
const plotTextSizes = `[...document.querySelectorAll('svg.plot text')].map((text) => {
  const svg = text.ownerSVGElement;
  return (parseFloat(getComputedStyle(text).fontSize) * svg.getBoundingClientRect().width) / svg.viewBox.baseVal.width;
})`;

describe('at a terminal', () => {
  const open = async (
    columns: number,
    isProtected = true,
    more: { readonly config?: JsonObject; readonly args?: readonly string[] } = {},
  ) => {
    const env = { ...childEnv(state.lab.world.env), TERM: 'xterm-256color' } as Record<string, string>;
    const path = await state.lab.world.config(isProtected ? 'guarded.yaml' : 'open.yaml', {
      environments: { lab: { ...state.lab.environment, protected: isProtected, require: [], ...more.config } },
    });
    const common = ['--config', path, '-e', 'lab', 'incident', 'end', '--color', 'never', '--timeout', '60s'];
    const args = [launcher, ...common, ...(more.args ?? [])];
    return openTerminal(process.execPath, args, { env, cwd: state.lab.world.cwd, columns, rows: 50 });
  };

  test('it asks; what somebody writes between the question and the name is a conflict, and a second try takes all back', async () => {
    await run(['incident', 'start', 'asked']);
    await run(['override', 'set', '/api/search', '--rate', '30']);
    const first = await open(100);
    await first.until('the question', () => first.screen().includes('What was changed since the start'));
    expect(first.screen()).toContain('/api/search added, rate none → 30');
    first.type('\u001b[B\r');
    await first.until('the name', () => first.screen().includes('Type its name'));
    await state.lab.store('{"/api/search":{"rate":31}}');
    first.type('lab\r');
    expect(await first.ended).toBe(5);
    expect(first.screen()).toContain('changed underneath');
    expect(await state.lab.document()).toBe('{"/api/search":{"rate":31}}');
    await first.close();
    const again = await open(100);
    await again.until('the question', () => again.screen().includes('What was changed since the start'));
    expect(again.screen()).toContain('past rlctl');
    again.type('\u001b[B\r');
    await again.until('the name', () => again.screen().includes('Type its name'));
    again.type('lab\r');
    expect(await again.ended).toBe(0);
    expect(await state.lab.document()).toBe('{}');
    await again.close();
  });

  test.each([
    ['restore', 'with rlctl'],
    ['restore', 'past rlctl'],
    ['keep', 'with rlctl'],
  ])('where no name is asked for either: %s after a colleague wrote %s is a conflict', async (wish, how) => {
    await run(['incident', 'start', `raced ${wish} ${how}`]);
    await run(['override', 'set', '/api/a', '--burst', '4']);
    const first = await open(80, false);
    await first.until('the question', () => first.screen().includes('What was changed since the start'));
    // A colour was not wanted, of the question neither.
    expect(
      first
        .painted()
        .flat()
        .filter(({ colour }) => colour !== null),
    ).toEqual([]);
    expect(first.raw()).not.toMatch(/\u001b\[[\d;]*m/);
    if (how === 'with rlctl') {
      await run(['override', 'set', '/api/colleague', '--rate', '9'], { RLCTL_ACTOR: 'bob@host' });
    } else await state.lab.store('{"/api/a":{"burst":4},"/api/colleague":{"rate":9}}');
    const document = await state.lab.document();
    expect(document).toContain('/api/colleague');
    first.type(wish === 'restore' ? '\u001b[B\r' : '\u001b[B\u001b[B\r');
    expect(await first.ended).toBe(5);
    expect(first.screen()).toContain('changed underneath');
    await first.close();
    expect(await state.lab.document()).toBe(document);
    expect(JSON.parse((await run(['incident', 'status', '--json'])).out)).toMatchObject({ isOpen: true });
    const again = await open(80, false);
    await again.until('the question', () => again.screen().includes('What was changed since the start'));
    expect(again.screen()).toContain('/api/colleague');
    again.type('\u001b[B\r');
    expect(await again.ended).toBe(0);
    await again.close();
    expect(await state.lab.document()).toBe('{}');
  });

  test('overrides and flags are shown and asked about together, once; an interrupt there leaves both as they are', async () => {
    const { envFile } = state.lab.sandbox;
    const config = { shadowDriver: { 'env-file': envFile } };
    const path = await state.lab.world.config('flags.yaml', {
      environments: { lab: { ...state.lab.environment, ...config } },
    });
    const by = { RLCTL_CONFIG: path };
    const before = await readFile(envFile, 'utf8');
    await done(['incident', 'start', 'both'], by);
    await done(['override', 'set', '/api/search', '--rate', '30'], by);
    await done(['panic', 'bucket', 'financial'], by);
    const flags = await readFile(envFile, 'utf8');
    expect(flags).not.toBe(before);
    const asked = await open(100, true, { config, args: ['--restore'] });
    await asked.until('the name', () => asked.screen().includes('Type its name'));
    expect(asked.screen()).toContain('- /api/search');
    expect(asked.screen()).toContain('RATE_LIMIT_SHADOW_FINANCIAL');
    asked.type('\u0003');
    expect(await asked.ended).toBe(130);
    expect(asked.screen()).toContain('nothing was changed');
    await asked.close();
    expect(await state.lab.document()).toBe('{"/api/search":{"rate":30}}');
    expect(await readFile(envFile, 'utf8')).toBe(flags);
    const again = await open(100, true, { config });
    await again.until('the question', () => again.screen().includes('What was changed since the start'));
    expect(again.screen()).toContain('its end would restore:');
    expect(again.screen()).toContain('flag of financial: no line of its own; enforcing by global shadow');
    expect(again.screen()).toMatch(/panic p-\w+ \(panic bucket financial\) is open, and ends with it/);
    expect(again.screen()).toMatch(/override set.* proven/);
    again.type('\u001b[B\r');
    await again.until('the name', () => again.screen().includes('Type its name'));
    again.type('lab\r');
    expect(await again.ended).toBe(0);
    await again.close();
    expect(await state.lab.document()).toBe('{}');
    expect(await readFile(envFile, 'utf8')).toBe(before);
  });

  test('leaving it open changes nothing', async () => {
    await run(['incident', 'start', 'left open']);
    await run(['override', 'set', '/api/search', '--rate', '30']);
    const asked = await open(80);
    await asked.until('the question', () => asked.screen().includes('What was changed since the start'));
    asked.type('\r');
    expect(await asked.ended).toBe(6);
    await asked.close();
    expect(await state.lab.document()).toBe('{"/api/search":{"rate":30}}');
    expect(JSON.parse((await run(['incident', 'status', '--json'])).out)).toMatchObject({ isOpen: true });
    expect((await run(['incident', 'end', '--restore'])).code).toBe(0);
  });
});

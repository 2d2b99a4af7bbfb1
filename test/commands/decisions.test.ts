import stringWidth from 'string-width';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { json, startHttpControlPlane, type HttpControlPlane } from '../support/http-control-plane.js';
import { openLab, type Lab } from '../support/lab.js';
import type { MemoryHost } from '../support/memory-host.js';
import { forwardQuery, startPrometheus, type RunningPrometheus } from '../support/prometheus.js';
import {
  errorOf,
  jsonOf,
  openWorld,
  type JsonObject,
  type MainOptions,
  type Ran,
  type World,
} from '../support/world.js';

const token = 'token-of-the-watchers-0815';
const state = {} as { prometheus: RunningPrometheus; api: HttpControlPlane; world: World };

/** Series that rise evenly from long before now to long after: every window of five minutes has the same figures. */
function blocks(): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const series: readonly (readonly [string, number])[] = [
    ['app_rl_decisions_total{bucket="auth_bootstrap",action="allow",shadow="False",env="prod"}', 20],
    ['app_rl_decisions_total{bucket="bootstrap",action="allow",shadow="False",env="prod"}', 0],
    ['app_rl_decisions_total{bucket="financial",action="allow",shadow="False",env="prod"}', 3],
    ['app_rl_decisions_total{bucket="financial",action="block",shadow="False",env="prod"}', 1],
    ['app_rl_decisions_total{bucket="read",action="allow",shadow="True",env="prod"}', 600],
    ['app_rl_decisions_total{bucket="read",action="shadow_block",shadow="True",env="prod"}', 200],
    ['app_rl_decisions_total{bucket="read",action="allow",shadow="False",env="preview"}', 5000],
    ['app_rl_retry_after_seconds_bucket{bucket="financial",shadow="False",le="10.0",env="prod"}', 1],
    ['app_rl_retry_after_seconds_bucket{bucket="financial",shadow="False",le="+Inf",env="prod"}', 10],
    ['app_rl_eval_errors_total{bucket="read",env="prod"}', 0],
    ['app_rl_config_reload_total{env="prod"}', 1],
    ['app_rl_active_overrides{env="prod"}', 0],
  ];
  const lines = series.flatMap(([name, step]) =>
    Array.from({ length: 140 }, (_, index) => `${name} ${2 + step * index} ${nowSeconds - 1200 + 15 * index}`),
  );
  return `${lines.join('\n')}\n# EOF\n`;
}

beforeAll(async () => {
  state.prometheus = await startPrometheus({ blocks: [blocks()], prefix: '/prom' });
}, 60_000);
afterAll(() => state.prometheus.stop());
beforeEach(async () => {
  state.api = await startHttpControlPlane();
  state.world = await openWorld();
});
afterEach(async () => {
  await state.api.stop();
  await state.world.remove();
});

const buckets = { financial: { alias: ['pay'] }, auth: {}, video: { alias: ['clips'] } };

/** Runs on an environment that names the Prometheus; `entry` goes over it. */
async function run(args: readonly string[], options: MainOptions = {}, entry: JsonObject = {}): Promise<Ran> {
  const prometheus = { url: state.prometheus.url, labels: { env: 'prod' } };
  const path = await state.world.config('c.yaml', {
    environments: { here: { namespace: 'app', prometheus, buckets, ...entry } },
  });
  return state.world.main(['--config', path, ...args], options);
}

interface Shown {
  readonly kind: string;
  readonly buckets: readonly {
    readonly bucket: string;
    readonly allowed: {
      readonly count: number | null;
      readonly perSecond: number | null;
      readonly share: number | null;
    };
    readonly blocked: { readonly count: number | null };
    readonly retryAfterSeconds: { readonly p95: unknown };
    readonly course?: readonly unknown[];
  }[];
  readonly remarks: readonly { readonly code: string }[];
}

async function shown(args: readonly string[], entry: JsonObject = {}): Promise<Shown> {
  const ran = await run(['decisions', 'show', '--json', ...args], {}, entry);
  expect(ran).toMatchObject({ code: 0, err: '' });
  return jsonOf<Shown>(ran.out);
}

describe('decisions show', () => {
  test('of a bucket that nobody knows: a usage error with near names; a configured one without series has no data', async () => {
    const nope = await run(['decisions', 'show', '--json', '--bucket', 'finacial']);
    expect([nope.code, nope.out]).toEqual([2, '']);
    expect(errorOf(nope)).toMatchObject({
      code: 'UNKNOWN_BUCKET',
      message: expect.stringMatching(/^there is no bucket "finacial"; there are: /) as string,
      hint: 'Near it: financial.',
    });
    expect((await shown(['--bucket', 'clips'])).buckets.map(({ bucket }) => bucket)).toEqual(['video']);
    const watched = await run(['decisions', 'watch', '--bucket', 'nope']);
    expect([watched.code, watched.err]).toEqual([2, expect.stringContaining('there is no bucket "nope"')]);
  });

  test.each([
    ['/api/payments', ['financial'], true, /^refused: financial \d+, and all routes of such a bucket lie under/],
    [
      '/api/payments/refunds',
      ['financial'],
      null,
      /^refused: financial \d+; of which routes, the metrics do not tell$/,
    ],
    ['/api/search', ['read'], false, /^nobody was refused in read$/],
    ['/api/clips', ['video'], null, /^no request was counted, which shows nothing$/],
  ] as const)('--route %s: what the figures of %j tell of it', async (route, names, isRefused, text) => {
    const routes = { financial: '/api/payments', read: '/api', video: '/api/clips' };
    const named = Object.fromEntries(Object.entries(routes).map(([name, each]) => [name, { routes: [each] }]));
    const result = await shown(['--route', route], { buckets: named });
    expect(result).toMatchObject({ route: { route, buckets: names, isRefused, text: expect.stringMatching(text) } });
    expect(result.buckets.map(({ bucket }) => bucket)).toEqual(names);
    const { out } = await run(['decisions', 'show', '--route', route], {}, { buckets: named });
    expect(out).toMatch(new RegExp(`\n${route}: ${text.source.slice(1)}`, 'm'));
  });

  test('--route of which no bucket is configured is an error, and goes with no --bucket', async () => {
    expect(errorOf(await run(['decisions', 'show', '--json', '--route', '/a']))).toMatchObject({
      exitCode: 2,
      code: 'BUCKET_NOT_KNOWN',
    });
    expect((await run(['decisions', 'show', '--route', '/a', '--bucket', 'pay'])).code).toBe(2);
  });

  test('JSON: both spellings of the labels folded, the seeded bucket and the other environment left out', async () => {
    const result = await shown([]);
    expect(result).toMatchObject({
      apiVersion: 'rlctl/v1',
      kind: 'Decisions',
      environment: 'here',
      source: { kind: 'prometheus', name: `Prometheus at ${state.prometheus.url}` },
      windowSeconds: 300,
      stepSeconds: 15,
      activeOverrides: { least: 2, most: 2 },
    });
    expect(result.buckets.map(({ bucket }) => bucket)).toEqual(['auth', 'financial', 'read', 'video']);
    expect(result.buckets[0]).toMatchObject({ aliases: ['auth_bootstrap'] });
    const [, financial, read, video] = result.buckets;
    expect(financial?.allowed.count).toBeCloseTo(60, 6);
    expect(financial?.allowed.perSecond).toBeCloseTo(0.2, 6);
    expect(financial?.allowed.share).toBeCloseTo(0.75, 6);
    expect(financial?.retryAfterSeconds.p95).toEqual({ seconds: 10, isAtLeast: true });
    expect(read).toMatchObject({ blocked: { count: null }, evalErrors: 0 });
    expect(video).toMatchObject({ allowed: { count: null }, blocked: { count: null }, course: [] });
    expect(financial?.course).toHaveLength(20);
    expect(result.remarks.map(({ code }) => code)).toEqual(['BUCKET_WITHOUT_DATA']);
  });

  test('a terminal: 80 columns, a sparkline, no data that never reads as 0', async () => {
    const { code, out, err } = await run(['decisions', 'show', '--color', 'never'], { columns: 80 });
    expect([code, err]).toEqual([0, '']);
    for (const line of out.split('\n')) expect([stringWidth(line) <= 80, line]).toEqual([true, line]);
    expect(out).toMatch(/BUCKET +ALLOWED +BLOCKED +SHADOW-BLOCKED/);
    expect(out).toMatch(/financial +60 +0\.2\/s +75% +20 +0\.07\/s +25% +no data/);
    expect(out).toMatch(/read +12k +40\/s +75% +no data +4000 +13\.3\/s +25%/);
    expect(out).toMatch(/financial +≥ 10 s +≥ 10 s +≥ 10 s +no data +no data +[▁-█]{10,20}\n/);
    expect(out).toMatch(/video( +no data){3}\n/);
    expect(out).toMatch(/config reloads 20 +active overrides 2\n/);
    expect(out).toContain('no data for video (looked for video, clips)');
  });

  test.each([40, 60, 80, 200])('never wider than a terminal of %i columns', async (columns) => {
    const { out } = await run(['decisions', 'show', '--color', 'never'], { columns });
    const widest = Math.max(...out.split('\n').map((line) => stringWidth(line)));
    // Below that the columns of figures have their least width.
    expect(widest).toBeLessThanOrEqual(Math.max(columns, 60));
  });

  test('a pipe: the same figures, no sparkline, no escape', async () => {
    const { out } = await run(['decisions', 'show']);
    expect(out).toMatch(/financial +60 +0\.2\/s +75% +20/);
    expect(out).not.toMatch(/[▁-█\u001b]/);
  });

  test('YAML, NDJSON and jq from the same data', async () => {
    const yaml = parseYaml((await run(['decisions', 'show', '-o', 'yaml'])).out) as Shown;
    expect([yaml.kind, yaml.buckets.length]).toEqual(['Decisions', 4]);
    const lines = (await run(['decisions', 'show', '-o', 'ndjson'])).out.trimEnd().split('\n');
    expect(lines.map((line) => jsonOf<{ bucket: string }>(line).bucket)).toEqual(
      yaml.buckets.map(({ bucket }) => bucket),
    );
    const program = '.buckets[] | select(.blocked.count) | .bucket';
    expect((await run(['decisions', 'show', '--jq', program])).out).toBe('financial\n');
  });

  test.each([
    ['financial', 'financial'],
    ['pay', 'financial'],
    ['auth', 'auth'],
    ['auth_bootstrap', 'auth'],
  ])('--bucket %s is %s', async (name, bucket) => {
    expect((await shown(['--bucket', name])).buckets.map((each) => each.bucket)).toEqual([bucket]);
  });

  test('several buckets, another window and step', async () => {
    const result = await shown(['--bucket', 'read', '--bucket', 'pay', '--since', '2m', '--step', '30s']);
    expect(result).toMatchObject({ windowSeconds: 120, stepSeconds: 30 });
    expect(result.buckets.map(({ bucket, course }) => [bucket, course?.length])).toEqual([
      ['financial', 4],
      ['read', 4],
    ]);
  });

  test('works with --read-only', async () => {
    expect((await run(['decisions', 'show', '--read-only'])).code).toBe(0);
  });

  test.each([
    [['--since', 'yesterday'], /--since/],
    [['--since', '500ms'], /at least 1s/],
    [['--since', '30d', '--step', '1s'], /--step/],
    [['--step', '0s'], /--step/],
  ])('%j is a usage error', async (flags, message) => {
    const ran = await run(['decisions', 'show', '--json', ...flags]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(`${errorOf(ran).message} ${errorOf(ran).hint}`).toMatch(message);
  });
});

describe('errors have a next step', () => {
  test('neither a Prometheus nor /metrics', async () => {
    const path = await state.world.config('none.yaml', { environments: { here: { namespace: 'app' } } });
    const ran = await state.world.main(['--config', path, 'decisions', 'show', '--json']);
    expect(errorOf(ran)).toMatchObject({
      code: 'NO_METRICS',
      exitCode: 2,
      hint: expect.stringContaining('RLCTL_PROMETHEUS'),
    });
  });

  test('no namespace', async () => {
    const path = await state.world.config('none.yaml', {
      environments: { here: { metrics: 'http://127.0.0.1:1/metrics' } },
    });
    const ran = await state.world.main(['--config', path, 'decisions', 'show', '--json']);
    expect(errorOf(ran)).toMatchObject({ code: 'NO_NAMESPACE', exitCode: 2 });
  });

  test('another namespace: the spellings that were looked for, and what there is', async () => {
    const ran = await run(['decisions', 'show', '--json'], {}, { namespace: 'apple' });
    expect(ran).toMatchObject({ code: 4, out: '' });
    expect(errorOf(ran)).toMatchObject({
      code: 'NO_SERIES',
      hint: expect.stringMatching(
        /apple_rl_decisions_total\{bucket, action, shadow, env="prod"\}.*shadow_block.*It has: app_rl_decisions_total/,
      ),
    });
  });

  test.each([
    ['http://user:pass@127.0.0.1:1', /user name or password/],
    ['ftp://127.0.0.1', /not http/],
    ['http://127.0.0.1/?tenant=1', /query/],
    ['prometheus', /not an address/],
  ])('the address %s', async (prometheus, message) => {
    const ran = await run(['decisions', 'show', '--json'], {}, { prometheus });
    expect(errorOf(ran)).toMatchObject({
      code: 'SOURCE_ADDRESS',
      exitCode: 2,
      message: expect.stringMatching(message),
    });
    expect(ran.err).not.toContain('user:pass');
  });

  test.each([
    [{ url: 'http://127.0.0.1:1', bearer: 'plain' }],
    [{ url: 'http://127.0.0.1:1', bearer: { file: '/a' }, basic: { username: 'a', password: { file: '/a' } } }],
    [{ url: 'http://127.0.0.1:1', password: 'x' }],
    [{ bearer: { file: '/a' } }],
  ])('the form %j is refused with its key', async (prometheus) => {
    const ran = await run(['decisions', 'show', '--json'], {}, { prometheus });
    expect(errorOf(ran)).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('environments.here.prometheus'),
    });
  });
});

describe('a credential', () => {
  const refuse = (): void => state.api.behave((_, response) => void response.writeHead(401).end());

  test.each([
    ['a file', async () => ({ file: await state.world.write('token', `${token}\n`) }), {}],
    ['a variable', async () => ({ env: 'WATCHER' }), { WATCHER: token }],
    ['a command', async () => ({ command: ['printf', '%s', token] }), {}],
  ])('from %s is sent and never shown', async (_, source, env) => {
    refuse();
    const entry = { prometheus: { url: state.api.origin, bearer: await source() } };
    const ran = await run(['decisions', 'show', '--json', '--debug'], { env }, entry);
    expect(ran.code).toBe(4);
    expect(state.api.arrived[0]?.headers.authorization).toBe(`Bearer ${token}`);
    expect(ran.out + ran.err).not.toContain(token);
  });

  test('a user with a password, for /metrics', async () => {
    refuse();
    const password = { file: await state.world.write('password', token) };
    const entry = {
      prometheus: undefined,
      metrics: { url: `${state.api.origin}/metrics`, basic: { username: 'ops', password } },
    };
    const ran = await run(['decisions', 'show', '--json'], {}, entry);
    expect(errorOf(ran)).toMatchObject({ code: 'METRICS_UNAUTHORISED', exitCode: 4 });
    const pair = Buffer.from(`ops:${token}`).toString('base64');
    expect(state.api.arrived[0]?.headers.authorization).toBe(`Basic ${pair}`);
    const show = await run(['env', 'show'], {}, entry);
    expect(show.out).toMatch(/user ops, password from file/);
    expect(show.out + show.err).not.toContain(token);
  });

  test('does not go to an address that a variable names', async () => {
    refuse();
    const entry = { prometheus: { url: 'http://127.0.0.1:1', bearer: { env: 'WATCHER' } } };
    await run(['decisions', 'show'], { env: { WATCHER: token, RLCTL_PROMETHEUS: state.api.origin } }, entry);
    expect(state.api.arrived.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test('in a file that others can read is refused with the cure', async () => {
    const entry = {
      prometheus: { url: state.api.origin, bearer: { file: await state.world.write('token', token, 0o644) } },
    };
    const ran = await run(['decisions', 'show', '--json'], {}, entry);
    expect(errorOf(ran)).toMatchObject({
      code: 'SECRET_FILE_UNSAFE',
      exitCode: 6,
      hint: expect.stringContaining('chmod 600'),
    });
    expect(state.api.arrived).toEqual([]);
  });

  test('of a project that nobody trusts is not even looked up', async () => {
    const entry = { namespace: 'app', prometheus: { url: state.api.origin, bearer: { command: ['touch', 'ran'] } } };
    await state.world.config('rlctl.yaml', { environments: { here: entry } });
    const ran = await state.world.main(['decisions', 'show', '--json']);
    expect(errorOf(ran)).toMatchObject({ code: 'CONFIG_UNTRUSTED', exitCode: 6, details: { isChanged: false } });
    await state.world.main(['env', 'trust']);
    await state.world.config('rlctl.yaml', { environments: { here: { ...entry, workers: 2 } } });
    const changed = errorOf(await state.world.main(['decisions', 'show', '--json']));
    expect(changed.message).toContain('changed since you trusted it');
    expect(state.api.arrived).toEqual([]);
  });

  test('that is empty, or cannot stand in a header', async () => {
    for (const [text, code] of [
      ['\n', 'SECRET_EMPTY'],
      ['a\nb-secret', 'SECRET_MALFORMED'],
    ] as const) {
      const bearer = { file: await state.world.write('token', text) };
      const ran = await run(['decisions', 'show', '--json'], {}, { prometheus: { url: state.api.origin, bearer } });
      expect(errorOf(ran)).toMatchObject({ code, exitCode: 2 });
    }
  });
});

/** Runs a watch until the condition holds, then interrupts it. */
async function watch(
  args: readonly string[],
  isEnough: (host: MemoryHost) => boolean,
  options: MainOptions = {},
  entry: JsonObject = {},
  signal: 'SIGINT' | 'SIGTERM' = 'SIGINT',
): Promise<Ran> {
  const found: { host: MemoryHost | null } = { host: null };
  const running = run(
    ['decisions', 'watch', '--interval', '1s', ...args],
    { ...options, onHost: (host) => void (found.host = host) },
    entry,
  );
  const ended = running.then(() => true);
  while (found.host === null || !isEnough(found.host)) {
    if (await Promise.race([ended, new Promise((resolve) => setTimeout(() => resolve(false), 10))])) break;
  }
  found.host?.signal(signal);
  return running;
}

const linesOf = ({ out }: Pick<MemoryHost, 'out'>): readonly string[] => out.trimEnd().split('\n');

describe('decisions watch', () => {
  test('in a pipe: one JSON document a line, and Ctrl-C is a good end', async () => {
    const ran = await watch([], (host) => linesOf(host).length >= 2);
    expect(ran).toMatchObject({ code: 0, err: '' });
    const samples = linesOf(ran).map((line) => jsonOf<Shown & { time: string; error: null }>(line));
    expect(samples.length).toBeGreaterThanOrEqual(2);
    for (const { kind, buckets: found, error } of samples)
      expect([kind, found.length, error]).toEqual(['DecisionsSample', 4, null]);
    expect(new Set(samples.map(({ time }) => time)).size).toBe(samples.length);
  });

  test('SIGTERM is a good end as well', async () => {
    const ran = await watch([], (host) => host.out !== '', {}, {}, 'SIGTERM');
    expect(ran).toMatchObject({ code: 0, err: '' });
  });

  test('a terminal that wants JSON gets the same lines', async () => {
    const ran = await watch(['--json'], (host) => linesOf(host).length >= 2, { columns: 80 });
    expect(linesOf(ran).map((line) => jsonOf<Shown>(line).kind)[0]).toBe('DecisionsSample');
    expect(ran.out).not.toContain('\u001b');
  });

  test('YAML documents, and jq', async () => {
    expect((await watch(['-o', 'yaml'], (host) => host.out.includes('kind'))).out).toMatch(
      /^---\napiVersion: "rlctl\/v1"\n/,
    );
    expect((await watch(['--jq', '.kind'], (host) => linesOf(host).length >= 2)).out).toMatch(/^(DecisionsSample\n)+$/);
  });

  test('a terminal: frames in place, the screen given back, the last figures left on it', async () => {
    const frames = (host: MemoryHost): number => host.out.split('\u001b[H').length - 1;
    const { code, out } = await watch(['--color', 'never'], (host) => frames(host) >= 2, { columns: 80 });
    expect(code).toBe(0);
    const [before = '', after = ''] = out.split('\u001b[?1049l');
    expect(before.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
    expect(before.endsWith('\u001b[?25h')).toBe(true);
    expect(after).toMatch(/financial +60 /);
    expect(after).not.toContain('\u001b');
    // Nothing is ever cleared before it is drawn anew: that would flicker.
    expect(before).not.toContain('\u001b[2J');
    for (const line of before.split(/\r\n|\u001b\[H/)) {
      const plain = line.replaceAll(/\u001b\[[?0-9;]*[A-Za-z]/g, '');
      expect([stringWidth(plain) <= 80, plain]).toEqual([true, plain]);
    }
  });

  test('a dumb terminal: one screen after the other', async () => {
    const ran = await watch([], (host) => host.out.includes('config reloads'), { columns: 80, env: { TERM: 'dumb' } });
    expect(ran.out).not.toContain('\u001b');
  });

  test('a Prometheus that fails on the way is said, and the watch goes on', async () => {
    const count = { failures: 0 };
    state.api.behave((request, response, socket) => {
      const isBad = linesSeen() === 1 && count.failures < 1;
      if (isBad) {
        count.failures += 1;
        json(503, { error: 'compacting' })(request, response, socket);
        return;
      }
      void forwardQuery(state.prometheus.url, request, response);
    });
    const seen: { host: MemoryHost | null } = { host: null };
    const linesSeen = (): number => (seen.host === null || seen.host.out === '' ? 0 : linesOf(seen.host).length);
    const ran = await watch(
      [],
      (host) => {
        seen.host = host;
        return host.out !== '' && linesOf(host).length >= 3;
      },
      {},
      { prometheus: { url: `${state.api.origin}/prom`, labels: { env: 'prod' } } },
    );
    const samples = linesOf(ran).map((line) => jsonOf<Shown & { error: { code: string; hint: string } | null }>(line));
    expect(ran.code).toBe(0);
    expect(samples.slice(0, 3).map(({ error, buckets: found }) => [error?.code ?? null, found.length])).toEqual([
      [null, 4],
      ['PROMETHEUS_UNWELL', 0],
      [null, 4],
    ]);
  });

  test('a first failure is an error, but for series that may still come', async () => {
    const bad = await run(['decisions', 'watch', '--json'], {}, { prometheus: 'http://127.0.0.1:1' });
    expect(errorOf(bad)).toMatchObject({ code: 'PROMETHEUS_UNREACHABLE', exitCode: 7 });
    const ran = await watch([], (host) => host.out !== '', {}, { namespace: 'later' });
    expect(ran.code).toBe(0);
    expect(jsonOf<{ error: { code: string } }>(linesOf(ran)[0] ?? '').error.code).toBe('NO_SERIES');
  });

  test('each refresh has a deadline of its own, and watching has none', async () => {
    const ran = await watch(['--timeout', '2s'], (host) => host.out !== '' && linesOf(host).length >= 4);
    expect(
      linesOf(ran)
        .map((line) => jsonOf<{ error: unknown }>(line).error)
        .slice(0, 4),
    ).toEqual([null, null, null, null]);
    state.api.behave(() => undefined);
    const silent = await run(['decisions', 'watch', '--timeout', '2s', '--json'], {}, { prometheus: state.api.origin });
    expect(errorOf(silent)).toMatchObject({ code: 'PROMETHEUS_TIMEOUT', exitCode: 7 });
  });

  test('a slow first refresh takes nothing from those after it', async () => {
    // The clock that deadlines go by jumps while the first answer of a refresh is on its way.
    const jumped = { ms: 0 };
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + jumped.ms);
    state.api.behave((request, response) => {
      if (request.body.includes('time%28%29')) jumped.ms += 1200;
      void forwardQuery(state.prometheus.url, request, response);
    });
    const slow = { prometheus: { url: `${state.api.origin}/prom`, labels: { env: 'prod' } } };
    const ran = await watch(
      ['--timeout', '2s'],
      (host) => host.out !== '' && linesOf(host).length >= 2,
      {},
      slow,
    ).finally(() => clock.mockRestore());
    const codes = linesOf(ran).map((line) => jsonOf<{ error: { code: string } | null }>(line).error?.code ?? null);
    expect(codes.slice(0, 2)).toEqual([null, null]);
  });

  test('--interval below a second is refused', async () => {
    expect((await run(['decisions', 'watch', '--interval', '10ms'])).code).toBe(2);
  });
});

describe('from /metrics, where there is no Prometheus', () => {
  const lab = {} as { it: Lab };
  beforeAll(async () => {
    lab.it = await openLab({ dialect: 'deployed' });
  });
  afterAll(() => lab.it.stop());

  const pay = async (): Promise<void> =>
    void (await fetch(`${lab.it.sandbox.origin}/api/payments`, { headers: { 'X-User-Id': 'm' } }));
  const inLab = (args: readonly string[], options: MainOptions = {}): Promise<Ran> =>
    lab.it.world.main(args, { ...options, env: { RLCTL_METRICS: `${lab.it.sandbox.origin}/metrics` } });

  test('two scrapes, --since apart', async () => {
    const timer = setInterval(() => void pay(), 50);
    const ran = await inLab(['decisions', 'show', '--since', '1s', '--bucket', 'pay', '--json']).finally(() =>
      clearInterval(timer),
    );
    expect(ran).toMatchObject({ code: 0, err: '' });
    const {
      source,
      windowSeconds,
      buckets: found,
    } = jsonOf<Shown & { source: { kind: string }; windowSeconds: number }>(ran.out);
    expect(source.kind).toBe('metrics');
    expect(windowSeconds).toBeGreaterThanOrEqual(1);
    expect(found.map(({ bucket }) => bucket)).toEqual(['financial']);
    expect(found[0]?.blocked.count).toBeGreaterThan(0);
  });

  test('two scrapes 5 s apart are no window of 5m, which the help, the text and the JSON say', async () => {
    const help = (await inLab(['decisions', 'show', '--help'])).out.replaceAll(/\s+/g, ' ');
    expect(help).toContain(
      '(default 5m); without Prometheus, it takes that long, beyond --timeout (default 5s, at most 5m)',
    );
    const metrics = { RLCTL_METRICS: `${lab.it.sandbox.origin}/metrics`, RLCTL_ENV: 'lab' };
    const [shown, text] = await Promise.all([
      lab.it.world.main(['decisions', 'show', '--json'], { env: metrics }),
      lab.it.world.main(['decisions', 'show'], { env: metrics }),
    ]);
    expect(shown).toMatchObject({ code: 0, err: '' });
    expect(jsonOf<{ remarks: readonly JsonObject[] }>(shown.out).remarks).toContainEqual({
      code: 'SHORT_WINDOW',
      isWarning: false,
      text: 'without Prometheus, only what happened between scrapes of /metrics can be told: 5s so far, not 5m',
      hint: expect.stringMatching(/: rlctl -e lab .*decisions show --since 1m/) as unknown,
    });
    expect(text.out).toMatch(/5s so far, not 5m; a longer one takes as long: rlctl -e lab .*decisions show --since 1m/);
    // In a pipe too, as it takes its time.
    expect(text.err).toMatch(/^scraping \/metrics twice, 5s apart: figures at \d\d:\d\d:\d\dZ\n$/);
  });

  test('--quiet says nothing of the wait, and a window as asked needs no remark', async () => {
    const ran = await inLab(['decisions', 'show', '--since', '1s', '--quiet']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).not.toContain('so far');
  });

  test('a wait of more than 5m is refused with the cure, before anything is asked', async () => {
    const error = errorOf(await inLab(['decisions', 'show', '--since', '1h', '--json']));
    expect(error).toMatchObject({ code: 'SINCE_TOO_LONG', exitCode: 2 });
    expect(error.message).toContain('the figures of 1h take 1h to collect');
    expect(error.hint).toMatch(/environments\.NAME\.prometheus.*RLCTL_PROMETHEUS.*rlctl .*decisions watch$/);
  });

  test('a window longer than the deadline is outside of it', async () => {
    const ran = await inLab(['decisions', 'show', '--since', '3s', '--timeout', '2s', '--json']);
    expect(ran.code).toBe(0);
  });

  test('watch: what has happened since it began', async () => {
    const found: { host: MemoryHost | null } = { host: null };
    const timer = setInterval(() => void pay(), 50);
    const running = inLab(['decisions', 'watch', '--interval', '1s'], { onHost: (host) => void (found.host = host) });
    while (found.host === null || found.host.out === '' || linesOf(found.host).length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    found.host.signal('SIGINT');
    const ran = await running.finally(() => clearInterval(timer));
    const windows = linesOf(ran).map((line) => jsonOf<{ windowSeconds: number }>(line).windowSeconds);
    expect(ran.code).toBe(0);
    expect(windows).toEqual(windows.toSorted((a, b) => a - b));
    expect(windows.at(-1)).toBeGreaterThan(windows[0] ?? Infinity);
  });
});

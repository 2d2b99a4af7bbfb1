import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { labHistoryKey, openLab, type Lab, type LabOptions } from '../support/lab.js';
import type { MemoryHost } from '../support/memory-host.js';
import { startPrometheus, type RunningPrometheus } from '../support/prometheus.js';
import { startSteadyTraffic, type SteadyTraffic } from '../support/steady-traffic.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

// A real limiter with real traffic, scraped by a real Prometheus once a second.

const scrapeMs = 1000;
const windowMs = 5000;

interface Site {
  readonly lab: Lab;
  readonly prometheus: RunningPrometheus;
  readonly traffic: SteadyTraffic;
  readonly run: (args: readonly string[], options?: MainOptions) => Promise<Ran>;
}

const state = {} as { site: Site };

const buckets = {
  read: { routes: ['/api'] },
  auth: { routes: ['/auth'] },
  write: { routes: ['/api/bookings'] },
  financial: { routes: ['/api/payments', '/api/checkout'], alias: ['pay'] },
};

async function openSite(options: LabOptions = {}, driver: (lab: Lab) => JsonObject = () => ({})): Promise<Site> {
  const lab = await openLab({ ...options, behaviour: { generalLimiterPerMinute: null, ...options.behaviour } });
  const prometheus = await startPrometheus({ jobs: [{ name: 'lab', url: `${lab.sandbox.origin}/metrics` }], scrapeMs });
  const environment = { ...lab.environment, buckets, prometheus: prometheus.url, ...driver(lab) };
  const path = await lab.world.config('site.yaml', { environments: { lab: environment }, rollouts });
  // The path of a temporary file in every command that is printed would only be in the way.
  const bare = (text: string): string => text.replaceAll(` --config ${path}`, '');
  const run: Site['run'] = async (args, more = {}) => {
    const { code, out, err } = await lab.world.main(args, { ...more, env: { RLCTL_CONFIG: path, ...more.env } });
    return { code, out: bare(out), err: bare(err) };
  };
  return { lab, prometheus, traffic: startSteadyTraffic(lab.sandbox.origin), run };
}

async function closeSite({ traffic, prometheus, lab }: Site): Promise<void> {
  await traffic.stop();
  await prometheus.stop();
  await lab.stop();
}

const gates = { blockShare: '5%', evaluationErrors: 0, samples: 10 };
const timing = { window: `${windowMs / 1000}s`, soak: '3s' };
const all = ['financial', 'write', 'read', 'auth'];
const stages = [
  { name: 'all-shadow', shadow: 'all', watch: all, gates: { ...gates, blockShare: 0 }, ...timing },
  { name: 'enforce-financial', enforce: ['financial'], gates, ...timing },
  { name: 'enforce-write', enforce: ['write'], watch: ['financial', 'write'], gates, ...timing },
  { name: 'consider-read-and-auth', enforce: ['read', 'auth'], watch: all, gates, ask: true, ...timing },
];
const rollouts = {
  quick: { stages },
  // The second stage stands for longer than any test.
  slow: { stages: [stages[0], { ...stages[1], soak: '10m' }, stages[2]] },
  hungry: { stages: [stages[0], { ...stages[1], soak: '1s', window: '2s', gates: { ...gates, samples: 100_000 } }] },
};
const quickly = ['--interval', '250ms'];
// A machine that has other things to do may take its time to scrape.
const patiently = ['--patience', '1m'];

interface Shown {
  readonly end: string | null;
  readonly driver: { readonly holder: string } | null;
  readonly gates: { readonly verdict: string; readonly readings: readonly Reading[] } | null;
  readonly next: readonly string[];
  readonly rollout: {
    readonly id: string;
    readonly phase: string;
    readonly stage: string;
    readonly stages: readonly {
      readonly name: string;
      readonly outcome: string;
      readonly changeId: string;
      readonly proof: string;
      readonly isForced: boolean;
      readonly judged: { readonly readings: readonly Reading[] } | null;
    }[];
    readonly notes: readonly { readonly at: string; readonly by: string; readonly text: string }[];
  };
}

interface Reading {
  readonly gate: string;
  readonly bucket: string;
  readonly value: number | null;
  readonly verdict: string;
}

const shown = (ran: Ran): Shown => jsonOf<Shown & JsonObject>(ran.out);

async function status(): Promise<Shown> {
  return shown(await state.site.run(['rollout', 'status', '--json']));
}

/** Looks until the rollout is as wanted; the test's own time limit ends a wait in vain. */
async function once(isWanted: (shown: Shown) => boolean): Promise<Shown> {
  for (;;) {
    const ran = await state.site.run(['rollout', 'status', '--json']);
    const found = ran.out === '' ? null : shown(ran);
    if (found?.rollout != null && isWanted(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const isWatching = (stage: string) => (each: Shown) =>
  each.rollout.phase === 'watching' && each.rollout.stage === stage && each.gates?.verdict === 'pass';

/** The changes of the document, oldest first. */
async function changes(): Promise<readonly JsonObject[]> {
  const ran = await state.site.run(['override', 'history', '--json']);
  const { entries } = jsonOf<{ entries: readonly JsonObject[] }>(ran.out);
  return entries.filter(({ kind }) => kind === 'change').toReversed();
}

const shadowOf = async (): Promise<JsonObject> => {
  const document = jsonOf((await state.site.lab.document()) ?? '{}');
  return Object.fromEntries(Object.entries(document).map(([route, entry]) => [route, (entry as JsonObject)['shadow']]));
};

describe.each(['overrides', 'env-file'] as const)('a clean promotion through all stages (%s)', (driver) => {
  beforeEach(async () => {
    state.site = await openSite({}, ({ sandbox }) =>
      driver === 'overrides' ? {} : { shadowDriver: { 'env-file': sandbox.envFile } },
    );
  }, 60_000);
  afterEach(() => closeSite(state.site));

  test('goes on by itself as far as nobody has to be asked, then to the end, and comes back to the byte', async () => {
    const { lab, run } = state.site;
    await lab.store('{"/api/payments" : {"rate":30, "burst":5}}');
    const envBefore = await readFile(lab.sandbox.envFile, 'utf8');
    const auto = await run([
      'rollout',
      'start',
      'quick',
      '--auto',
      ...quickly,
      ...patiently,
      '--reason',
      'limits',
      '--json',
    ]);
    expect(auto).toMatchObject({ code: 0, err: '' });
    expect(shown(auto)).toMatchObject({
      end: 'passed',
      rollout: { phase: 'passed', stage: 'enforce-write' },
      next: [expect.stringContaining('enter consider-read-and-auth (enforce read, auth) with: rlctl rollout promote')],
    });
    const last = await run(['rollout', 'promote', ...quickly, ...patiently, '--json']);
    expect(last).toMatchObject({ code: 0, err: '' });
    const { rollout } = shown(last);
    expect(rollout.phase).toBe('finished');
    expect(rollout.stages.map(({ outcome, proof, isForced }) => [outcome, proof, isForced])).toEqual(
      stages.map(() => ['passed', 'proven', false]),
    );
    for (const { judged } of rollout.stages) {
      expect(judged?.readings.length).toBeGreaterThan(2);
      for (const { verdict, value } of judged?.readings ?? [])
        expect([verdict, typeof value]).toEqual(['pass', 'number']);
    }
    if (driver === 'overrides') {
      expect((await changes()).map(({ changeId }) => changeId)).toEqual(rollout.stages.map(({ changeId }) => changeId));
      expect(await shadowOf()).toEqual({
        '/api/payments': false,
        '/api/checkout': false,
        '/api/bookings': false,
        '/api': false,
        '/auth': false,
      });
    } else
      expect([...(lab.sandbox.workers()[0]?.switches.bucketFlags ?? [])].map(([, on]) => on)).toEqual(
        Array(4).fill(false),
      );

    const undone = await run(['rollout', 'undo', '--json']);
    expect(undone).toMatchObject({ code: 0, err: '' });
    expect(shown(undone).rollout.phase).toBe('undone');
    expect(await lab.document()).toBe('{"/api/payments" : {"rate":30, "burst":5}}');
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(envBefore);
    expect((await run(['rollout', 'undo', '--json'])).code).toBe(2);
  }, 120_000);
});

describe('on a site', () => {
  beforeEach(async () => {
    state.site = await openSite();
  }, 60_000);
  afterEach(() => closeSite(state.site));

  test('a spike of refused payments aborts within two scrapes of the gate’s window', async () => {
    const { run, traffic } = state.site;
    const started = run(['rollout', 'start', 'slow', '--auto', ...quickly, ...patiently, '--json']);
    await once(isWatching('enforce-financial'));
    const before = await shadowOf();
    expect(before['/api/payments']).toBe(false);
    traffic.spike();
    const ran = await started;
    const { rollout, end } = shown(ran);
    expect([ran.code, end, rollout.phase]).toEqual([3, 'aborted', 'aborted']);
    expect(rollout.stages.map(({ outcome }) => outcome)).toEqual(['passed', 'aborted', 'waiting']);
    const begun = rollout.notes.find(({ text }) => text.startsWith('aborts enforce-financial'));
    expect(begun).toMatchObject({ by: 'gates', text: expect.stringMatching(/financial: refused \d+.*% \(≤ 5%\)/) });
    const refusedMs = traffic.firstRefusalMs() ?? Number.NaN;
    const tookMs = Date.parse(begun?.at ?? '') - refusedMs;
    expect(tookMs).toBeGreaterThan(0);
    expect(tookMs).toBeLessThanOrEqual(windowMs + 2 * scrapeMs);
    // The state before the stage, exactly: everything observes again.
    expect(new Set(Object.values(await shadowOf()))).toEqual(new Set([true]));
    const [first, stage, abort] = await changes();
    expect(abort).toMatchObject({
      command: 'rollout abort',
      undoes: stage?.['changeId'],
      revisionAfter: first?.['revisionAfter'],
    });
    // The finding stays one until somebody goes on.
    const later = await run(['rollout', 'status']);
    expect(later.code).toBe(3);
    expect(later.out).toMatch(/ABORTED {2}stage 2 of 3, enforce-financial/);
    expect(later.out).toMatch(/gates .*: FAIL\n {2}financial: refused/);
  }, 90_000);

  test('a gate that fails takes a stage back that found its bucket enforced, into the shadow of the stage below', async () => {
    const { run, traffic } = state.site;
    expect(await run(['rollout', 'start', 'slow', ...quickly, ...patiently])).toMatchObject({ code: 0 });
    const below = await shadowOf();
    expect(await run(['shadow', 'off', 'financial'])).toMatchObject({ code: 0 });
    expect((await shadowOf())['/api/payments']).toBe(false);
    const entered = run(['rollout', 'promote', ...quickly, ...patiently, '--json']);
    await once(isWatching('enforce-financial'));
    traffic.spike();
    const ran = await entered;
    expect([ran.code, shown(ran).end]).toEqual([3, 'aborted']);
    expect(await shadowOf()).toEqual(below);
  }, 90_000);

  test('too few decisions conclude nothing: nothing is passed, and nothing is taken back', async () => {
    const { run } = state.site;
    expect((await run(['rollout', 'start', 'hungry', ...quickly, '--patience', '1m'])).code).toBe(0);
    const ran = await run(['rollout', 'promote', ...quickly, '--patience', '1s', '--json']);
    expect(ran.code).toBe(3);
    const { end, rollout, gates: judged } = shown(ran);
    expect([end, rollout.phase, rollout.stage, judged?.verdict]).toEqual([
      'inconclusive',
      'watching',
      'enforce-financial',
      'inconclusive',
    ]);
    const samples = judged?.readings.find(({ gate }) => gate === 'samples');
    expect(samples).toMatchObject({ verdict: 'inconclusive', bucket: 'financial' });
    expect(samples?.value).toBeGreaterThan(0);
    expect((await shadowOf())['/api/payments']).toBe(false);
    expect((await status()).driver).toBeNull();
  }, 90_000);

  test('without figures nothing is passed, and promote says why; force wants a reason and never goes past a failure', async () => {
    const { run, traffic, prometheus } = state.site;
    await prometheus.stop();
    const blind = await run(['rollout', 'start', 'slow', '--detach', '--json']);
    expect(blind.code).toBe(0);
    const refused = await run(['rollout', 'promote', '--json']);
    expect([refused.code, errorOf(refused).code]).toEqual([6, 'GATES_NOT_PASSED']);
    expect(errorOf(refused).message).toMatch(/^all-shadow has not passed: financial\b[^;]*: no data; /);
    expect(errorOf(refused).hint).toMatch(/rlctl rollout resume.*--force --reason TEXT/);
    expect(errorOf(await run(['rollout', 'promote', '--force', '--json']))).toMatchObject({
      code: 'REASON_MISSING',
      exitCode: 6,
    });
    const planned = await run(['rollout', 'promote', '--force', '--reason', 'night', '--dry-run', '--json']);
    expect(jsonOf(planned.out)).toMatchObject({ kind: 'RolloutPlan', enters: 'enforce-financial' });
    const forced = await run(['rollout', 'promote', '--force', '--reason', 'night', '--detach', '--json']);
    expect(forced).toMatchObject({ code: 0, err: '' });
    expect(shown(forced).rollout.stages[0]).toMatchObject({ outcome: 'passed', isForced: true });
    traffic.spike();
    const seen = await run(['rollout', 'status']);
    expect(seen.code).toBe(0);
    expect(seen.out).toMatch(/nobody watches the gates: rlctl rollout resume/);
    expect(seen.out).toMatch(/INCONCLUSIVE/);
  }, 90_000);

  test('a second operator is kept out, takes over, and the first one’s next write is refused', async () => {
    const { run } = state.site;
    const bob = { env: { RLCTL_ACTOR: 'bob@desk' } };
    const ann = run(['rollout', 'start', 'slow', '--auto', ...quickly, ...patiently, '--json']);
    const { rollout, driver } = await once(isWatching('enforce-financial'));
    expect(driver).toMatchObject({ holder: 'tester@test' });
    for (const verb of ['promote', 'resume', 'abort', 'pause', 'undo']) {
      const kept = errorOf(await run(['rollout', verb, '--json'], bob));
      expect(kept).toMatchObject({ code: 'ROLLOUT_LOCKED', exitCode: 5 });
      expect(kept.message).toMatch(/^tester@test drives the rollout on "lab", until \S+Z \(in \d+s\) unless renewed/);
      expect(kept.hint).toMatch(/--take-over/);
    }
    const paused = await run(['rollout', 'pause', '--take-over', '--reason', 'lunch', '--json'], bob);
    expect(paused).toMatchObject({ code: 0, err: '' });
    const lost = await ann;
    expect([lost.code, errorOf(lost).code]).toEqual([5, 'ROLLOUT_LEASE_LOST']);
    expect(lost.out).toBe('');
    const kept = await status();
    expect(kept.rollout).toMatchObject({ id: rollout.id, phase: 'paused' });
    expect(kept.rollout.notes.map(({ by, text }) => `${by} ${text}`)).toEqual(
      expect.arrayContaining(['bob@desk took over from tester@test', 'bob@desk paused: lunch']),
    );
    const aborted = await run(['rollout', 'abort', '--reason', 'not today', '--json'], bob);
    expect([aborted.code, shown(aborted).rollout.phase]).toEqual([0, 'aborted']);
    expect((await changes()).length).toBe(3);
  }, 90_000);

  test('Ctrl-C takes nothing back and pauses nothing; it says that nobody watches, and another one goes on', async () => {
    const { run } = state.site;
    const held: { host: MemoryHost | null } = { host: null };
    const ran = run(['rollout', 'start', 'quick', ...quickly, '--json'], { onHost: (host) => (held.host = host) });
    await once(({ rollout: { phase } }) => phase === 'watching');
    held.host?.signal('SIGINT');
    const ended = await ran;
    expect([ended.code, errorOf(ended).code]).toEqual([130, 'INTERRUPTED']);
    expect(errorOf(ended).message).toMatch(/all-shadow is in force, and nobody watches its gates now/);
    expect(errorOf(ended).hint).toMatch(/rlctl rollout resume.*rlctl rollout abort/);
    expect(await status()).toMatchObject({ driver: null, rollout: { phase: 'watching' } });
    const resumed = await run(['rollout', 'resume', ...quickly, ...patiently, '--json'], {
      env: { RLCTL_ACTOR: 'bob@desk' },
    });
    expect([resumed.code, shown(resumed).rollout.phase]).toEqual([0, 'passed']);
    expect(Number(await state.site.lab.redis.cli('XLEN', labHistoryKey))).toBe(1);
  }, 90_000);
});

import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverName } from '../../src/domain/config/server-name.js';
import { Secret } from '../../src/domain/secret.js';
import { fleetSecret, startFleet, type FleetBehaviour, type RunningFleet } from '../support/fleet.js';
import { openLab, type Lab } from '../support/lab.js';
import { startRedis, type RunningRedis } from '../support/redis-server.js';
import {
  errorOf,
  jsonOf,
  openWorld,
  type JsonObject,
  type MainOptions,
  type Ran,
  type World,
} from '../support/world.js';

const state = {} as { redis: RunningRedis; world: World; fleet: RunningFleet | null };
const held = { '/api/search': { rate: 120, burst: 20 }, '/api/payments': { rate: 3, burst: 1 } };
const older = { '/api/search': { rate: 5 } };
const key = 'lab:rl:overrides';

beforeAll(async () => {
  state.redis = await startRedis();
  state.world = await openWorld();
  state.fleet = null;
  await state.world.write('secret', fleetSecret);
});
afterAll(async () => {
  await state.redis.stop();
  await state.world.remove();
});
afterEach(async () => {
  await state.fleet?.stop();
  state.fleet = null;
});

interface Opened extends RunningFleet {
  run(this: void, args: readonly string[], options?: MainOptions): Promise<Ran>;
}

/** Starts a fleet and writes the configuration that names it. */
async function open(
  count: number,
  behaviour: Partial<FleetBehaviour> = {},
  environment: (origins: readonly string[]) => JsonObject = (origins) => ({ api: origins }),
): Promise<Opened> {
  const fleet = await startFleet(count, { document: held, before: older, ...behaviour });
  state.fleet = fleet;
  await state.redis.cli('SET', key, JSON.stringify(behaviour.document ?? held));
  const secret = { file: `${state.world.cwd}/secret` };
  const common = { namespace: 'lab', redis: state.redis.url, secret, workers: 1 };
  const path = await state.world.config('fleet.yaml', {
    environments: { lab: { ...common, ...environment(fleet.origins) } },
  });
  const run = (args: readonly string[], options: MainOptions = {}): Promise<Ran> =>
    state.world.main([...args, '--timeout', '25s'], { ...options, env: { RLCTL_CONFIG: path, ...options.env } });
  return { ...fleet, run };
}

interface FleetJson {
  readonly counts: Readonly<Record<string, number>>;
  readonly instances: readonly {
    readonly instance: string;
    readonly state: string;
    readonly faults: readonly string[];
  }[];
  readonly findings: readonly { readonly code: string; readonly hint: string }[];
  readonly [name: string]: unknown;
}

interface ReloadJson {
  readonly proof: { readonly verdict: string };
  readonly fleet: {
    readonly counts: Readonly<Record<string, number>>;
    readonly stoppedBy: string | null;
    readonly instances: readonly { readonly instance: string; readonly state: string }[];
  };
}

describe('fleet status', () => {
  test('a whole fleet is in step: exit 0, and nothing was sent that changes anything', async () => {
    const { run, reloads, origins } = await open(3);
    const ran = await run(['fleet', 'status', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf<FleetJson>(ran.out)).toMatchObject({
      kind: 'FleetStatus',
      counts: { total: 3, inStep: 3, stale: 0, unreachable: 0 },
      reference: 'document',
      storedOverrides: 2,
      confidence: 1,
      groups: [{ count: 3, isMajority: true, isAsStored: true }],
      instances: origins.map((instance) => ({ instance, state: 'inStep', overrides: 2, reloads: 1, shadows: [] })),
      findings: [],
    });
    expect(await reloads()).toEqual([1, 1, 1]);
    expect(await run(['fleet', 'status', '--read-only'])).toMatchObject({ code: 0 });
  });

  test('a split fleet is exit 3: who is stale, why, and the command that mends it', async () => {
    const { run, origins } = await open(4, { stale: [2] });
    const json = jsonOf<FleetJson>((await run(['fleet', 'status', '--json'])).out);
    expect(json.counts).toMatchObject({ inStep: 3, stale: 1 });
    expect(json.instances[2]?.faults.join('; ')).toContain('/api/search (bucket read): rate 5 instead of 120');
    expect(json.findings).toMatchObject([{ code: 'STALE', part: origins[2] }]);
    const table = await run(['-e', 'lab', 'fleet', 'status'], { columns: 100, env: { NO_COLOR: '1' } });
    expect(table.code).toBe(3);
    expect(table.out).toContain('SPLIT  3 of 4 in step, 2 different answers');
    const first = table.out.split('\n').find((line) => line.startsWith('http://'));
    expect(first).toMatch(new RegExp(`^${origins[2]} +stale +1 +0`));
    expect(table.out.replaceAll(/\s+/g, ' ')).toContain(
      `rlctl -e lab --config ${state.world.cwd}/fleet.yaml reload --target ${origins[2]}`,
    );
  });

  test.each([
    ['several instances', (api: readonly string[]): JsonObject => ({ api, namespace: 'elsewhere' })],
    ['one address', ([api]: readonly string[]): JsonObject => ({ api: api ?? '', namespace: 'elsewhere' })],
  ])('where nothing is stored and %s hold overrides no look advises a reload', async (_, environment) => {
    const { run } = await open(2, {}, environment);
    const ran = await run(['fleet', 'status', '--json']);
    expect(ran.code).toBe(3);
    const { findings } = jsonOf<FleetJson>(ran.out);
    expect(findings[0]).toMatchObject({ code: 'OVERRIDES_DIFFER', part: 'overrides' });
    for (const { hint } of findings) expect(hint).toMatch(/^do not reload before it is known where they come from/);
    for (const command of [['fleet', 'status'], ['status'], ['doctor', '--only', 'document']]) {
      const out = (await run([...command], { env: { NO_COLOR: '1' } })).out.replaceAll(/\s+/g, ' ');
      expect(out).not.toMatch(/rlctl \S* ?\S* ?reload/);
      if (command[0] === 'fleet')
        expect(out).toMatch(/nothing is stored under elsewhere:rl:overrides, and \d instances? of/);
    }
  });

  test('what does not answer is a finding; one that hangs takes no more than its share', async () => {
    const { run, origins } = await open(5, { dead: [1], hanging: [3] });
    const ran = await run(['fleet', 'status', '--json', '--instance-timeout', '2s']);
    expect(ran.code).toBe(3);
    const { instances, findings } = jsonOf<FleetJson>(ran.out);
    expect(instances.map((each) => each.state)).toEqual(['inStep', 'unreachable', 'inStep', 'unreachable', 'inStep']);
    expect(findings).toMatchObject([
      { code: 'API_UNREACHABLE', part: origins[1] },
      { code: 'API_TIMEOUT', part: origins[3] },
    ]);
  });

  test('many: those in step are one line, --all shows each', async () => {
    const { run, origins } = await open(14, { stale: [9], shadows: { 4: ['financial'] } });
    const { out } = await run(['fleet', 'status']);
    expect(out).toContain('✓ 12 instances in step');
    expect(out).toMatch(new RegExp(`${origins[4]} +differs +2 +1 +financial`));
    expect(out).not.toContain(origins[0]);
    expect((await run(['fleet', 'status', '--all'])).out.match(/ in step /g)?.length).toBeGreaterThanOrEqual(12);
  });

  test('without Redis the instances are compared with each other', async () => {
    const { run } = await open(3, { stale: [0] }, (api) => ({ api, redis: 'redis://127.0.0.1:1/0' }));
    const ran = await run(['fleet', 'status', '--json']);
    expect(ran.code).toBe(3);
    const { instances, findings, reference } = jsonOf<FleetJson>(ran.out);
    expect(reference).toBe('majority');
    expect(instances.map((each) => each.state)).toEqual(['differs', 'inStep', 'inStep']);
    const table = await run(['fleet', 'status'], { columns: 200 });
    expect(table.out).toContain('SPLIT  2 of 3 alike');
    expect(table.out).not.toContain('in step');
    expect(findings[0]).toMatchObject({ part: 'redis' });
  });

  test('--wait looks again until all are in step, and tells how long that took', async () => {
    const { run, requests, origins } = await open(3, { stale: [1] });
    const mend = async (): Promise<void> => {
      // After the first look at it.
      while ((await requests())[1] === 0) continue;
      await run(['reload', '--target', origins[1] ?? '']);
    };
    const [ran] = await Promise.all([run(['fleet', 'status', '--json', '--wait', '20s']), mend()]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ convergedMs: expect.any(Number) as number, counts: { inStep: 3 } });
    const late = await run(['fleet', 'status', '--json', '--wait', '1s', '--target', 'http://127.0.0.1:1']);
    expect(late.code).toBe(3);
    expect(jsonOf(late.out)).toMatchObject({ convergedMs: null });
  });

  test('everybody agrees on what is not stored: not in step', async () => {
    const { run } = await open(2);
    await state.redis.cli('SET', key, '{"/api/search":{"rate":121}}');
    const ran = await run(['fleet', 'status']);
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('STALE  0 of 2 in step');
    expect(ran.out).toContain('which is not what is stored');
  });

  test('who is named for a change is who made it: one past rlctl is told as that', async () => {
    const { run } = await open(1, { document: {} });
    // The same document was reloaded with overrides in it before: to begin anew is meant.
    await run(['reload', '--force']);
    const set = await run(['override', 'set', '/api/x', '--rate', '9', '--reason', 'mine', '--no-verify']);
    expect(set.code, set.err).toBe(0);
    await state.redis.cli('SET', key, '{}');
    const ran = await run(['fleet', 'status']);
    expect(ran.out).toMatch(/Redis holds 0 overrides at [0-9a-f]{12}, changed past rlctl since the last recorded/);
    expect(ran.out).not.toContain('last changed');
    expect(jsonOf((await run(['fleet', 'status', '--json'])).out)).toMatchObject({ isForeign: true });
    await state.redis.cli('DEL', `{${key}}:history`, `{${key}}:meta`);
  });

  test('a sample is in step as far as it was looked at, and its first line says so', async () => {
    const document = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`/api/${index}`, { rate: 7 }]));
    const { run } = await open(1, { document });
    const ran = await run(['fleet', 'status']);
    expect(ran.code).toBe(0);
    expect(ran.out.split('\n')[0]).toContain('IN STEP as far as looked at (8 of 20 overrides read)');
  });

  test('a hint names the instance that it is about', async () => {
    const { run, origins } = await open(3, { dead: [1] });
    const out = (await run(['fleet', 'status'])).out.replaceAll(/\s+/g, ' ');
    expect(out).toContain(`hint: ${origins[1]}: nothing listens there; check the address`);
  });

  test('more processes than workers says are a remark, with its cure', async () => {
    const { run, origins } = await open(1);
    const memory = { basePath: '/internal', at: '2026-03-01T00:00:00Z', workersSeen: 2 };
    const redis = new Secret(state.redis.url);
    const server = serverName({ name: 'lab', api: origins, redis, namespace: 'lab' });
    const file = `${state.world.stateHome}/rlctl/state.json`;
    await state.world.write(file, JSON.stringify({ detected: { [server]: memory } }));
    const out = (await run(['fleet', 'status'])).out.replaceAll(/\s+/g, ' ');
    expect(out).toContain('at least 2 processes answered an earlier proof, and workers is 1');
    expect(out).toContain(`hint: set workers: 2 in environments.lab of ${state.world.cwd}/fleet.yaml`);
    await rm(file);
  });

  test('an address with several processes is asked on connections of their own, and says how sure that is', async () => {
    const { run } = await open(1, {}, ([api]) => ({ api, workers: 4 }));
    const ran = await run(['fleet', 'status', '--json']);
    expect(jsonOf(ran.out)).toMatchObject({ readsPerInstance: 33, confidence: expect.closeTo(0.99992, 4) as number });
    expect((await run(['fleet', 'status'])).out).toMatch(
      /33 connections: one stale process among 4 would have shown with 99\.99 %/,
    );
  });
});

describe('where the instances are listed', () => {
  const names = (ran: Ran): readonly string[] => jsonOf<FleetJson>(ran.out).instances.map(({ instance }) => instance);
  const status = ['fleet', 'status', '--json'];

  test('a file, stdin and a command of the configuration', async () => {
    const { run, origins } = await open(2, {}, (all) => ({ fleet: { command: ['printf', '%s\\n', ...all] } }));
    expect(names(await run(status))).toEqual(origins);
    await state.world.write('list.txt', `# fleet\n${origins[1]}\n\n${origins[0]} # the first\n`);
    expect(names(await run([...status, '--targets-file', 'list.txt']))).toEqual([origins[1], origins[0]]);
    expect(names(await run([...status, '--targets-file', '-'], { stdin: `${origins[0]}\n` }))).toEqual([origins[0]]);
    expect(names(await run([...status, '--target', origins[1] ?? '']))).toEqual([origins[1]]);
  });

  test('faults of a list name the line; two lists are one too many', async () => {
    const { run, origins } = await open(1);
    const fault = async (text: string): Promise<unknown> =>
      errorOf(await run([...status, '--targets-file', '-'], { stdin: text }));
    expect(await fault(`${origins[0]}\nnope`)).toMatchObject({
      exitCode: 2,
      message: 'stdin:2: "nope" is not an address',
    });
    expect(await fault(`${origins[0]}\n${origins[0]}/`)).toMatchObject({ code: 'DUPLICATE_INSTANCE' });
    expect(await fault('\n# nothing\n')).toMatchObject({ code: 'NO_INSTANCES' });
    const twice = await run([...status, '--target', 'http://127.0.0.1:1', '--target', 'http://127.0.0.1:1']);
    expect(errorOf(twice)).toMatchObject({ code: 'DUPLICATE_INSTANCE' });
    const both = await run([...status, '--target', 'http://127.0.0.1:1', '--targets-file', 'x']);
    expect(errorOf(both).message).toBe('--target and --targets-file both name the instances');
    expect(errorOf(await run([...status, '--targets-file', 'missing']))).toMatchObject({ code: 'FLEET_FILE' });
  });

  test('what a hostile list holds never reaches the terminal as it is', async () => {
    const { run } = await open(1);
    const ran = await run(['fleet', 'status', '--targets-file', '-'], { stdin: 'http://a\u001b[2Jb\u202e' });
    expect(ran.code).toBe(2);
    expect(ran.err).not.toMatch(/[\u001b\u202e]/);
  });

  test('a command that fails, prints rubbish or is not there says so', async () => {
    const failing = async (command: readonly string[]): Promise<unknown> => {
      const { run, stop } = await open(1, {}, () => ({ fleet: { command } }));
      const error = errorOf(await run(status));
      state.fleet = null;
      await stop();
      return error;
    };
    expect(await failing(['false'])).toMatchObject({
      code: 'FLEET_COMMAND',
      exitCode: 2,
      message: 'the command that lists instances "false" ended with 1',
    });
    expect(await failing(['/nowhere/lister'])).toMatchObject({ code: 'FLEET_COMMAND' });
    expect(await failing(['echo', 'https://a', 'https://b'])).toMatchObject({ code: 'API_ADDRESS' });
  });

  test('a file that nobody vouched for runs no command and reads no list, and signs nothing', async () => {
    const { run } = await open(1);
    const own = { namespace: 'lab', redis: state.redis.url, workers: 1 };
    const fleets = [{ command: ['touch', 'ran'] }, { file: 'secret' }];
    for (const fleet of fleets) {
      await state.world.config('rlctl.yaml', { environments: { lab: { ...own, fleet } } });
      const env = { RLCTL_CONFIG: undefined };
      expect(errorOf(await run(status, { env }))).toMatchObject({ code: 'CONFIG_UNTRUSTED', exitCode: 6 });
      const reload = await run(['reload', '--json', '--secret-file', 'secret'], { env });
      expect(errorOf(reload)).toMatchObject({ code: 'CONFIG_UNTRUSTED' });
    }
    expect((await run(['env', 'trust', '--dry-run'], { env: { RLCTL_CONFIG: undefined } })).out).toContain('secret');
    await state.world.write('rlctl.yaml', '{}');
  });

  test('a name that does not resolve', async () => {
    const { run } = await open(1);
    const ran = await run([...status, '--targets-dns', 'http://nowhere.invalid:80']);
    expect(errorOf(ran)).toMatchObject({ code: 'FLEET_DNS', exitCode: 7 });
  });

  test('localhost resolves to itself, and keeps its name in the Host header', async () => {
    const { run, origins } = await open(1);
    const { port } = new URL(origins[0] ?? '');
    const ran = await run([...status, '--targets-dns', `http://localhost:${port}`]);
    expect(jsonOf<FleetJson>(ran.out).instances[0]).toMatchObject({
      instance: `http://localhost:${port} (127.0.0.1)`,
      target: `http://localhost:${port}`,
      address: '127.0.0.1',
      state: 'inStep',
    });
  });
});

describe('reload on a fleet', () => {
  const reload = ['reload', '--json'];

  test('each instance is reloaded once and proven', async () => {
    const { run, reloads, origins } = await open(12, { stale: [2, 7] });
    const ran = await run(reload);
    expect(ran).toMatchObject({ code: 0, err: '' });
    const json = jsonOf<ReloadJson>(ran.out);
    expect(json.proof.verdict).toBe('proven');
    expect(json.fleet.counts).toEqual({ total: 12, done: 12, failed: 0, notTried: 0 });
    expect(json.fleet.instances.map(({ instance }) => instance)).toEqual(origins);
    expect((await reloads()).reduce((sum, each) => sum + each)).toBe(10 + 12);
    expect(await run(['fleet', 'status'])).toMatchObject({ code: 0 });
  });

  test('the evidence of a proven fleet says at how many each line was seen', async () => {
    const { run } = await open(3);
    const ran = await run(['reload'], { columns: 250 });
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('each of 3 instances shows what is stored');
    expect(ran.out).toContain('taking your word that one process is behind each (workers: 1)');
    expect(ran.out).toContain('each of 3: the reload counted 2 overrides');
  });

  test('a canary that is not proven: no other instance is touched', async () => {
    const { run, reloads } = await open(6, { deaf: [0] });
    const ran = await run([...reload, '--canary', '1', '--max-failures', '5']);
    expect(ran).toMatchObject({ code: 8, err: '' });
    expect(jsonOf<ReloadJson>(ran.out)).toMatchObject({
      proof: { verdict: 'contradicted' },
      fleet: { stoppedBy: 'canary', counts: { done: 0, failed: 1, notTried: 5 } },
    });
    expect((await reloads()).slice(1)).toEqual([1, 1, 1, 1, 1]);
    const table = await run(['reload', '--canary', '1']);
    expect(table.out).toContain('a canary was not proven, so no other instance was touched');
    expect(table.out).toMatch(/rlctl .*reload --resume/);
  });

  test('stops on the first contradiction, or after as many failures as it was given', async () => {
    const { run } = await open(8, { dead: [1, 3], deaf: [5] });
    const first = jsonOf<ReloadJson>((await run([...reload, '--parallel', '1'])).out);
    expect(first.fleet).toMatchObject({ stoppedBy: 'failures', counts: { done: 1, failed: 1, notTried: 6 } });
    const third = jsonOf<ReloadJson>((await run([...reload, '--parallel', '1', '--max-failures', '1'])).out);
    expect(third.fleet).toMatchObject({ stoppedBy: 'failures', counts: { done: 2, failed: 2, notTried: 4 } });
    const all = await run([...reload, '--parallel', '1', '--max-failures', '3']);
    expect(all.code).toBe(8);
    expect(jsonOf<ReloadJson>(all.out).fleet).toMatchObject({
      stoppedBy: null,
      counts: { done: 5, failed: 3, notTried: 0 },
    });
  });

  test('--resume takes only those that failed or were not tried, and does nothing where nothing is left', async () => {
    const { run, reloads } = await open(5, { dead: [2] });
    expect((await run([...reload, '--parallel', '1'])).code).toBe(8);
    const before = await reloads();
    const again = jsonOf<ReloadJson>((await run([...reload, '--resume', '--max-failures', '1'])).out);
    expect(again.fleet.counts).toEqual({ total: 3, done: 2, failed: 1, notTried: 0 });
    const after = await reloads();
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([0, 0, 0, 1, 1]);
    await state.redis.cli('SET', key, '{}');
    expect(errorOf(await run([...reload, '--resume']))).toMatchObject({ code: 'DOCUMENT_CHANGED', exitCode: 5 });
    expect(await reloads()).toEqual(after);
  });

  test('--resume with nothing to resume is done; with other instances it is refused', async () => {
    const { run, reloads } = await open(2, {}, (api) => ({ api, siteMode: 'any' }));
    expect((await run([...reload])).code).toBe(0);
    const before = await reloads();
    const ran = await run(['reload', '--resume']);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.out).toContain('nothing was sent');
    expect(await reloads()).toEqual(before);
    const both = await run([...reload, '--resume', '--target', 'http://127.0.0.1:1']);
    expect(errorOf(both)).toMatchObject({ code: 'FLEET_SOURCES', exitCode: 2 });
    const fresh = await run(['reload', '--resume'], { env: { XDG_STATE_HOME: `${state.world.root}/nothing-yet` } });
    expect(fresh).toMatchObject({ code: 0 });
    expect(fresh.out).toContain('no fleet reload of this environment is known');
  });

  test('an interrupt in the middle tells what was done, and --resume goes on', async () => {
    const slow = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [index, index < 2 ? 0 : 3000]));
    const { run, origins, requests } = await open(6, { slow });
    const ran = await run([...reload, '--parallel', '2', '--instance-timeout', '9s'], {
      onHost: (host) => {
        const whenBothAreUnderWay = async (): Promise<void> => {
          for (;;) {
            const asked = await requests();
            if ([2, 3].every((index) => (asked[index] ?? 0) > 0)) return host.signal('SIGINT');
          }
        };
        void whenBothAreUnderWay();
      },
    });
    expect(ran).toMatchObject({ code: 130, out: '' });
    const error = errorOf(ran);
    expect(error.message).toMatch(/^interrupted: 2 of 6 instances reloaded and proven, 2 under way, .*2 not tried$/);
    expect(error.hint).toContain('reload --resume');
    expect(error.details).toMatchObject({ done: origins.slice(0, 2), notTried: origins.slice(4) });
    const plan = jsonOf<{ instances: readonly string[] }>((await run([...reload, '--resume', '--dry-run'])).out);
    expect(plan.instances).toEqual(origins.slice(2));
  });

  test('--dry-run shows the plan and one masked request, and sends nothing; --read-only refuses the rest', async () => {
    const { run, reloads, origins } = await open(3);
    const ran = await run([...reload, '--dry-run', '--canary', '1', '--read-only']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ kind: 'FleetReloadPlan', canary: [origins[0]], instances: origins });
    const all = await run(['reload', '--dry-run', '--canary', '9']);
    expect(all.out).toContain('all of them as canaries, which leaves no other:');
    expect(all.out).not.toContain('at once');
    expect(errorOf(await run([...reload, '--read-only']))).toMatchObject({ code: 'READ_ONLY', exitCode: 6 });
    expect(await reloads()).toEqual([1, 1, 1]);
  });

  test('nobody accepts it: the error of all, exit 7', async () => {
    const { run } = await open(3, { dead: [0, 1, 2] });
    const ran = await run([...reload, '--max-failures', '9']);
    expect(ran).toMatchObject({ code: 7, out: '' });
    expect(errorOf(ran)).toMatchObject({ code: 'API_UNREACHABLE' });
  });

  test.each([
    ['--parallel', '0'],
    ['--parallel', 'many'],
    ['--canary', '-1'],
    ['--max-failures', '1.5'],
    ['--instance-timeout', 'soon'],
  ])('%s %s is refused before anything is sent', async (flag, value) => {
    const { run } = await open(1);
    expect(errorOf(await run([...reload, `${flag}=${value}`])).exitCode).toBe(2);
  });

  test('stdin holds the list or the secret, not both', async () => {
    const { run } = await open(1);
    const ran = await run([...reload, '--targets-file', '-', '--secret-file', '-']);
    expect(errorOf(ran)).toMatchObject({ code: 'FLEET_SOURCES', exitCode: 2 });
  });

  test('--require enforced cannot be proven by one probe for all', async () => {
    const { run } = await open(2);
    expect(errorOf(await run([...reload, '--require', 'enforced']))).toMatchObject({ exitCode: 2 });
  });
});

describe('one address with several processes behind it', () => {
  const openSplit = async (): Promise<Lab> => {
    const lab = await openLab({ workers: 4 });
    await lab.store(JSON.stringify(held));
    // One request reaches one process: the others keep what they hold, which is nothing.
    await lab.world.main(['reload', '--no-verify']);
    return lab;
  };

  test.each([
    ['known', []],
    ['not known', ['RLCTL_WORKERS']],
  ])('their number %s: answers are counted, and disagreeing is exit 3', async (_, unset) => {
    const lab = await openSplit();
    try {
      const environment = { ...lab.environment, ...(unset.length > 0 ? { workers: undefined } : {}) };
      const path = await lab.world.config('own.yaml', { environments: { lab: environment } });
      const ran = await lab.world.main(['--config', path, 'fleet', 'status', '--json', '--timeout', '25s']);
      expect(ran.code).toBe(3);
      const { instances, findings } = jsonOf<FleetJson>(ran.out);
      expect(instances).toMatchObject([{ state: 'split', reads: unset.length > 0 ? 32 : 33, distinctAnswers: 2 }]);
      expect(findings).toMatchObject([{ code: 'SPLIT' }]);
      const table = await lab.world.main(['--config', path, 'fleet', 'status', '--timeout', '25s']);
      expect(table.out).toMatch(/\d+ of 3[23] reads stale/);
      expect(await lab.world.main(['--config', path, 'reload', '--timeout', '25s'])).toMatchObject({ code: 0 });
      expect(await lab.world.main(['--config', path, 'fleet', 'status', '--timeout', '25s'])).toMatchObject({
        code: 0,
      });
    } finally {
      await lab.stop();
    }
  });
});

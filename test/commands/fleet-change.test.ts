import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fleetSecret, startFleet, type FleetBehaviour, type RunningFleet } from '../support/fleet.js';
import { startRedis, type RunningRedis } from '../support/redis-server.js';
import { errorOf, jsonOf, openWorld, type JsonObject, type Ran, type World } from '../support/world.js';

const state = {} as { redis: RunningRedis; world: World; fleet: RunningFleet | null };
const held = { '/api/search': { rate: 120, burst: 20 } };
const next = { '/api/search': { rate: 60, burst: 20 } };
const key = 'lab:rl:overrides';
const metadataKey = `{${key}}:meta`;

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
  await state.redis.cli('FLUSHALL');
});

interface Opened extends RunningFleet {
  run(this: void, ...args: readonly string[]): Promise<Ran>;
}

/** An environment of instances that hold `held`, and take `next` with the next reload. */
async function open(
  count: number,
  behaviour: Partial<FleetBehaviour> = {},
  named: (origins: readonly string[]) => JsonObject = (origins) => ({
    fleet: { command: ['printf', '%s\\n', ...origins] },
  }),
): Promise<Opened> {
  const fleet = await startFleet(count, { document: held, before: held, ...behaviour });
  state.fleet = fleet;
  await fleet.follow(next);
  await state.redis.cli('SET', key, JSON.stringify(held));
  const secret = { file: `${state.world.cwd}/secret` };
  const common = { namespace: 'lab', redis: state.redis.url, secret, workers: 1 };
  const environments = { lab: { ...common, ...named(fleet.origins) } };
  const path = await state.world.config('fleet.yaml', { environments });
  const run = (...args: readonly string[]): Promise<Ran> =>
    state.world.main([...args, '--timeout', '25s'], { env: { RLCTL_CONFIG: path }, columns: 250 });
  return { ...fleet, run };
}

interface ChangeJson {
  readonly reloads: readonly unknown[];
  readonly proof: {
    readonly verdict: string;
    readonly diagnosis: string;
    readonly evidence: readonly { text: string }[];
  };
  readonly fleet: { readonly counts: unknown; readonly instances: readonly { instance: string; state: string }[] };
  readonly hint: string | null;
}

/** What a terminal broke into lines. */
function flat({ out }: Ran): string {
  return out.replaceAll(/\s+/g, ' ');
}

const set = ['override', 'set', '/api/search', '--rate', '60', '--json'];

describe('a change where `fleet` lists the instances', () => {
  test('reloads and proves every instance, though `api` names one address, and status and fleet status agree', async () => {
    const { run, reloads, origins } = await open(4, {}, (all) => ({
      api: all[0] ?? '',
      fleet: { command: ['printf', '%s\\n', ...all] },
    }));
    const ran = await run(...set);
    expect(ran, ran.err).toMatchObject({ code: 0, err: '' });
    const json = jsonOf<ChangeJson>(ran.out);
    expect(json.proof).toMatchObject({ verdict: 'proven', levelReached: 'loaded' });
    expect(json.proof.diagnosis).toContain('each of 4 instances shows what is stored');
    expect(json.fleet.instances.map(({ instance }) => instance)).toEqual(origins);
    expect(await reloads()).toEqual([2, 2, 2, 2]);
    expect(await run('fleet', 'status')).toMatchObject({ code: 0 });
  });

  test('without any `api` as well: set, undo, repair and shadow on', async () => {
    const { run, reloads, follow } = await open(2);
    expect(await run(...set)).toMatchObject({ code: 0 });
    await follow(held);
    expect(await run('override', 'undo', '--json')).toMatchObject({ code: 0 });
    expect(await run('override', 'repair', '--json')).toMatchObject({ code: 0 });
    await follow({ '/api/search': { rate: 120, burst: 20, shadow: true } });
    expect(await run('shadow', 'on', '--route', '/api/search', '--json')).toMatchObject({ code: 0 });
    expect(await reloads()).toEqual([5, 5]);
  });

  test('one that keeps what it held is a contradiction that names it', async () => {
    const { run, origins } = await open(3, { deaf: [2] });
    const ran = await run(...set);
    expect(ran.code).toBe(8);
    const { proof, fleet } = jsonOf<ChangeJson>(ran.out);
    expect(proof.verdict).toBe('contradicted');
    expect(proof.diagnosis).toContain(`2 of 3 instances reloaded and proven; ${origins[2]}: `);
    expect(fleet.counts).toEqual({ total: 3, done: 2, failed: 1, notTried: 0 });
  });

  test('a list that cannot be had is an error before anything is written', async () => {
    const { run } = await open(1, {}, () => ({ fleet: { command: ['false'] } }));
    expect(errorOf(await run(...set))).toMatchObject({ code: 'FLEET_COMMAND', exitCode: 2 });
    expect(await state.redis.cli('GET', key)).toBe(JSON.stringify(held));
    expect(await run(...set, '--no-reload')).toMatchObject({ code: 0 });
  });

  test('nobody answers: nothing is written, exit 7', async () => {
    const { run } = await open(2, { dead: [0, 1] });
    expect(errorOf(await run(...set))).toMatchObject({ code: 'API_UNREACHABLE', exitCode: 7 });
    expect(await state.redis.cli('GET', key)).toBe(JSON.stringify(held));
  });

  test('an address given by flag stands for the list', async () => {
    const { run, origins, reloads } = await open(2);
    expect(await run(...set, '--target', origins[1] ?? '')).toMatchObject({ code: 0 });
    const one = await run('override', 'set', '/api/search', '--rate', '61', '--target', origins[1] ?? '', '--dry-run');
    expect(one.out).toContain(`only ${origins[1]} is reloaded and proven`);
    expect(await reloads()).toEqual([1, 2]);
  });

  test('a probe for all cannot prove each of them', async () => {
    const { run } = await open(2);
    expect(errorOf(await run(...set, '--require', 'enforced'))).toMatchObject({ exitCode: 2 });
  });
});

describe('a change where `api` is a list', () => {
  const listed = (api: readonly string[]): JsonObject => ({ api });

  test('after an undo that is not proven nothing offers another undo: it would take back an older change', async () => {
    const { run } = await open(3, { dead: [1] }, listed);
    const hintOf = async (...args: string[]) => {
      const ran = await run('override', ...args, '--json');
      expect(ran, ran.err).toMatchObject({ code: 8 });
      return jsonOf<ChangeJson>(ran.out).hint;
    };
    const added = (await run('override', 'set', '/api/other', '--rate', '5', '--json')).code;
    expect(added).toBe(8);
    expect(await hintOf('set', '/api/search', '--rate', '60')).toContain('override undo');
    const hint = await hintOf('undo');
    expect(hint).toContain('reload --resume');
    expect(hint).not.toContain('override undo');
  });

  test('one dead and one with another secret: not proven, with both named and what to do', async () => {
    const { run, origins, refused } = await open(6, { dead: [1], foreign: [4] }, listed);
    const ran = await run(...set);
    expect(ran, ran.err).toMatchObject({ code: 8, err: '' });
    const { proof, fleet, hint } = jsonOf<ChangeJson>(ran.out);
    expect(proof.verdict).toBe('notProven');
    expect(proof.diagnosis).toContain('4 of 6 instances reloaded and proven');
    for (const index of [1, 4]) expect(proof.diagnosis).toContain(origins[index]);
    const texts = proof.evidence.map(({ text }) => text).join('\n');
    expect(texts).toContain(`${origins[1]}: nothing listens there`);
    expect(texts).toContain('4 of 6 (');
    expect(fleet.counts).toEqual({ total: 6, done: 4, failed: 2, notTried: 0 });
    expect(hint).toContain('reload --resume');
    expect(hint).not.toContain('no server holds it');
    expect((await refused())[4]).toBeLessThan(5);
    const table = await run('status');
    expect(table.out).toMatch(/last reload.*not proven/);
    const plan = await run('reload', '--resume', '--dry-run', '--json');
    expect(jsonOf<{ instances: unknown }>(plan.out).instances).toEqual([origins[1], origins[4]]);
  });

  test('the one that refuses what others accept is told as that', async () => {
    const { run } = await open(3, { foreign: [2] }, listed);
    const { out } = await run('override', 'set', '/api/search', '--rate', '60');
    expect(out).toContain('2 other instances accepted the same secret');
    expect(out).toContain('reload --resume');
  });
});

describe('an end where one instance refuses the signature', () => {
  const set = ['override', 'set', '/api/other', '--rate', '5', '--for', '1h', '--no-reload', '--json'];
  const overdue = async (): Promise<void> => {
    const metadata = jsonOf<{ routes: Record<string, JsonObject> }>(await state.redis.cli('GET', metadataKey));
    metadata.routes['/api/other'] = { ...metadata.routes['/api/other'], untilMs: Date.now() - 60_000 };
    await state.redis.cli('SET', metadataKey, JSON.stringify(metadata));
  };

  test('the reload came: that one is named with its cure, and no later run reloads the others again', async () => {
    const { run, origins, reloads, follow } = await open(4, { foreign: [2] });
    await follow(held);
    expect(await run(...set)).toMatchObject({ code: 0 });
    await overdue();
    const ran = await run('-e', 'lab', 'override', 'expire');
    expect(ran, ran.err).toMatchObject({ code: 8 });
    expect(ran.out).toContain(`3 of 4 instances reloaded and proven; ${origins[2]}: `);
    expect(ran.out).toMatch(/those that are left: rlctl -e lab .*reload --resume/);
    const after = await reloads();
    expect(await run('override', 'expire')).toMatchObject({
      code: 0,
      out: 'nothing is due, and nothing else is to end\n',
    });
    expect(await reloads()).toEqual(after);
  });

  test('a run that did not come to the reload is made up for once, and every command says the environment', async () => {
    const { run, reloads, follow } = await open(4, { foreign: [2] });
    await follow(held);
    expect(await run(...set)).toMatchObject({ code: 0 });
    await overdue();
    expect(await run('override', 'expire', '--no-reload')).toMatchObject({ code: 0 });
    const ran = await run('-e', 'lab', 'override', 'expire');
    expect(ran, ran.err).toMatchObject({ code: 8 });
    expect(ran.out).toContain('its reload is not known to have come to the servers; sent now:');
    expect(ran.out).toContain('then run: rlctl -e lab ');
    expect(ran.out).not.toContain('rlctl reload');
    const after = await reloads();
    expect(await run('override', 'expire')).toMatchObject({ code: 0 });
    expect(await reloads()).toEqual(after);
  });
});

describe('what only looks', () => {
  const listed = (all: readonly string[]): JsonObject => ({
    api: all[0] ?? '',
    fleet: { command: ['printf', '%s\\n', ...all] },
  });

  test('verify looks at every instance that `fleet` lists, and names the one that is stale', async () => {
    const { run, origins, reloads } = await open(4, { stale: [3], before: { '/api/search': { rate: 5 } } }, listed);
    const ran = await run('verify', '--json');
    expect(ran, ran.err).toMatchObject({ code: 8, err: '' });
    const { proof, fleet } = jsonOf<ChangeJson>(ran.out);
    expect(proof.verdict).toBe('contradicted');
    expect(proof.diagnosis).toContain(`3 of 4 instances proven; ${origins[3]}: `);
    expect(fleet.counts).toMatchObject({ total: 4, done: 3, failed: 1 });
    expect(await reloads()).toEqual([1, 1, 1, 0]);
  });

  test('verify proves all of them, or says who did not answer; with --reload it reloads each', async () => {
    const { run, origins, reloads, follow } = await open(3, {}, listed);
    await follow(held);
    const proven = await run('verify');
    expect(proven.out).toContain('each of 3 instances shows what is stored');
    expect(await run('verify', '/api/search', '--reload')).toMatchObject({ code: 0 });
    expect(await reloads()).toEqual([2, 2, 2]);
    await state.fleet?.stop();
    const { run: again } = await open(3, { dead: [1] }, listed);
    const ran = await again('verify', '--json');
    expect(ran.code).toBe(8);
    expect(jsonOf<ChangeJson>(ran.out).proof.diagnosis).toMatch(/^2 of 3 instances proven; .*nothing listens there/);
    expect(origins).toHaveLength(3);
  });

  test('verify says of a document that is gone what one address says: how to restore it, and that no reload was sent', async () => {
    const { run, follow, reloads } = await open(3, {}, listed);
    await follow(held);
    expect((await run(...set)).code).toBe(8);
    const before = await reloads();
    await state.redis.cli('DEL', key);
    for (const more of [[], ['--reload']]) {
      const ran = await run('verify', ...more, '--json');
      expect(ran.code).toBe(8);
      const { proof, steps } = jsonOf<ChangeJson & { steps: readonly { state: string; detail: string }[] }>(ran.out);
      expect(proof.diagnosis).toMatch(
        / is gone, though the history tells .*drops every override\. .*rlctl .*override repair; do not reload before/,
      );
      expect(ran.out).not.toMatch(/run: rlctl [^"]*reload --target/);
      if (more.length > 0)
        expect(steps[0]).toMatchObject({
          name: 'reload',
          state: 'skipped',
          detail: expect.stringMatching(/^not sent: /),
        });
      else expect(steps.map(({ state: each }) => each)).toEqual(['failed']);
    }
    expect(stripVTControlCharacters(flat(await run('verify', '--reload')))).toMatch(
      /reload not sent: the document is gone/,
    );
    expect(await reloads()).toEqual(before);
  });

  test('verify --reload of a document that no server can read says that no reload was sent', async () => {
    const { run, reloads } = await open(3, {}, listed);
    const before = await reloads();
    await state.redis.cli('SET', key, '{broken');
    const out = stripVTControlCharacters(flat(await run('verify', '--reload')));
    expect(out).toMatch(/reload not sent: it would make the server drop every override/);
    expect(out).not.toContain('instances reloaded');
    expect(await reloads()).toEqual(before);
  });

  test('status without any `api` looks at the fleet, and a stale instance is a finding', async () => {
    const { run, origins } = await open(3, { stale: [1], before: {} }, (all) => ({
      fleet: { command: ['printf', '%s\\n', ...all] },
    }));
    const ran = await run('status', '--json');
    expect(ran.code).toBe(3);
    const json = jsonOf<{ fleet: unknown; findings: readonly { code: string; message: string }[] }>(ran.out);
    expect(json.fleet).toMatchObject({ state: 'ok', value: { counts: { total: 3, inStep: 2, stale: 1 } } });
    expect(json.findings).toMatchObject([{ code: 'FLEET_STALE' }]);
    expect(json.findings[0]?.message).toContain(`1 instance of 3 (${origins[1]})`);
    const table = await run('status');
    expect(table.out).toMatch(/fleet +.*2 of 3 instances in step/);
    expect(table.out).not.toContain('no API configured');
  });

  test('status: a list that cannot be had is a finding, and the rest stays', async () => {
    const { run } = await open(1, {}, ([api]) => ({ api, fleet: { command: ['false'] } }));
    const ran = await run('status', '--json');
    expect(ran.code).toBe(3);
    expect(jsonOf<{ findings: unknown }>(ran.out).findings).toMatchObject([{ code: 'FLEET_COMMAND' }]);
  });
});

describe('--resume', () => {
  const listed = (api: readonly string[]): JsonObject => ({ api });
  const reload = ['reload', '--json'];

  test('where nothing is left, and the document has changed since: refused, dry or not', async () => {
    const { run } = await open(2, { foreign: [] }, listed);
    await state.fleet?.follow(held);
    expect(await run(...reload)).toMatchObject({ code: 0 });
    expect(await run(...reload, '--resume')).toMatchObject({ code: 0 });
    await state.redis.cli('SET', key, '{}');
    for (const more of [[], ['--dry-run']])
      expect(errorOf(await run(...reload, '--resume', ...more))).toMatchObject({
        code: 'DOCUMENT_CHANGED',
        exitCode: 5,
      });
  });

  test('after a reload without a proof all are left for one that proves', async () => {
    const { run, origins, follow } = await open(2, {}, listed);
    await follow(held);
    expect(await run(...reload, '--no-verify')).toMatchObject({ code: 0 });
    const plan = await run(...reload, '--resume', '--dry-run');
    expect(jsonOf<{ instances: unknown }>(plan.out).instances).toEqual(origins);
    const waived = await run('reload', '--resume', '--no-verify');
    expect(waived.out).toContain('none of them proven');
  });

  test('a reload of a part of the fleet leaves the rest of it to do', async () => {
    const { run, origins, follow } = await open(4, { foreign: [3] }, listed);
    await follow(held);
    expect(await run(...reload, '--max-failures', '4')).toMatchObject({ code: 8 });
    const [first = '', second = ''] = origins;
    expect(await run(...reload, '--target', first, '--target', second)).toMatchObject({ code: 0 });
    const plan = await run(...reload, '--resume', '--dry-run');
    expect(jsonOf<{ instances: unknown }>(plan.out).instances).toEqual([origins[3]]);
  });
});

describe('an instance that refused the signature', () => {
  const commands = [['fleet', 'status'], ['status'], ['verify'], ['doctor', '--only', 'document']];

  test('is remembered by every look until it accepts one: no reload alone is advised for it', async () => {
    const { run, origins } = await open(4, { foreign: [1], dead: [2] }, (api) => ({ api }));
    expect(await run(...set)).toMatchObject({ code: 8 });
    for (const command of commands) {
      const out = flat(await run(...command));
      expect(out).toMatch(/refused the signature when (it was )?last reloaded from here/);
      expect(out).not.toContain(`--target ${origins[1]}`);
      if (command[0] !== 'status') expect(out).toMatch(/compare the CONFIG_RELOAD_SECRET there/);
    }
  });

  test.each([
    ['one of several', [1]],
    ['one of those that all differ', [0, 1, 2]],
  ])('policy get advises no reload alone of it: %s', async (_, foreign) => {
    const { run } = await open(3, { foreign }, (api) => ({ api }));
    await run(...set);
    const out = stripVTControlCharacters(flat(await run('policy', 'get', '/api/search', '--bucket', 'read')));
    expect(out).toMatch(/DIFFERENT: .*refused the signature when (it was )?last reloaded from here/);
    expect(out).toMatch(/compare the CONFIG_RELOAD_SECRET there with .*, restart that server, then\s+run:\s+rlctl /);
  });

  test('nor does policy explain, at the only address', async () => {
    const { run } = await open(1, { foreign: [0] }, (api) => ({ api }));
    await run(...set);
    const out = stripVTControlCharacters(flat(await run('policy', 'explain', '/api/search', '--bucket', 'read')));
    expect(out).toMatch(
      /it does not hold what is stored; it refused the signature when it was last reloaded from here/,
    );
    expect(out).toMatch(/compare the CONFIG_RELOAD_SECRET there with .*, restart that server, then\s+run:\s+rlctl /);
  });

  test('is remembered while it is in step as well: that is said, and that the next change fails there', async () => {
    const { run, origins } = await open(4, { foreign: [1] }, (api) => ({ api }));
    await state.fleet?.follow(held);
    expect((await run('reload', '--max-failures', '4')).code).toBe(8);

    const table = await run('fleet', 'status');
    expect(table.code).toBe(0);
    const text = stripVTControlCharacters(table.out);
    expect(text).toMatch(/IN STEP {2}4 of 4, 1 refused the signature/);
    expect(text).toMatch(new RegExp(`${origins[1]} +in step .*refused signature`));
    expect(text.replaceAll(/\s+/g, ' ')).toMatch(
      /the next reload or change fails there hint: compare the CONFIG_RELOAD_SECRET there/,
    );
    const { instances, findings, remarks } = jsonOf<{
      instances: readonly { signatureRefusedAt: string | null }[];
      findings: unknown;
      remarks: unknown;
    }>((await run('fleet', 'status', '--json')).out);
    expect(findings).toEqual([]);
    expect(instances.map(({ signatureRefusedAt: at }) => at !== null)).toEqual([false, true, false, false]);
    expect(remarks).toEqual([expect.stringContaining(`${origins[1]} is in step, but it refused the signature`)]);

    const proof = await run('verify', '--json');
    expect(proof.code).toBe(0);
    expect(jsonOf<{ remarks: unknown; proof: unknown }>(proof.out)).toMatchObject({
      proof: { verdict: 'proven' },
      remarks: [expect.stringMatching(new RegExp(`^in step, but refused the signature .*: ${origins[1]}; .*restart`))],
    });

    const whole = await run('status', '--json');
    expect(whole.code).toBe(3);
    expect(jsonOf<{ findings: unknown }>(whole.out).findings).toMatchObject([
      { code: 'FLEET_REFUSING', message: expect.stringContaining(`1 instance of 4 (${origins[1]}) refused`) as string },
    ]);
    const examined = await run('doctor', '--only', 'document', '--json');
    expect(examined.code).toBe(3);
    expect(jsonOf<{ findings: unknown }>(examined.out).findings).toMatchObject([
      { code: 'REFUSING', severity: 'warning', cure: expect.stringContaining('CONFIG_RELOAD_SECRET') as string },
    ]);
  });

  test('that it was not asked since changes nothing, and the first signature that it accepts ends it', async () => {
    const { run, origins, estrange } = await open(3, { foreign: [2] }, (api) => ({ api }));
    await state.fleet?.follow(held);
    const reload = ['reload', '--max-failures', '3'];
    const isRefusing = async (): Promise<boolean> => flat(await run('verify')).includes('refused the signature');
    await run(...reload);
    expect(await isRefusing()).toBe(true);
    // A canary that fails leaves the last one out.
    await estrange([0, 2]);
    await run('reload', '--canary', '1');
    await estrange([]);
    await run('reload', '--target', origins[0] ?? '');
    expect(flat(await run('verify'))).toMatch(new RegExp(`in step, but refused the signature .*: ${origins[2]};`));
    await run('reload', '--target', origins[2] ?? '');
    expect(await isRefusing()).toBe(false);
  });

  test('verify --reload remembers it as well', async () => {
    const { run } = await open(3, { foreign: [1] }, (api) => ({ api }));
    await state.fleet?.follow(held);
    expect((await run('verify', '--reload')).code).toBe(8);
    expect(stripVTControlCharacters((await run('fleet', 'status')).out)).toMatch(
      /IN STEP {2}3 of 3, 1 refused the signature/,
    );
  });

  describe('at the only address of an environment', () => {
    const one = (origins: readonly string[]): JsonObject => ({ api: origins[0] ?? '' });
    interface Told {
      readonly findings: readonly { code: string; message: string; hint?: string | null; cure?: string | null }[];
    }
    const cure = expect.stringContaining('compare the CONFIG_RELOAD_SECRET') as string;

    test.each([
      ['reload', 4],
      ['verify --reload', 4],
      ['doctor --reload --yes', 3],
      ['override set /api/search --rate 120 --burst 20', 8],
    ])('is remembered after "%s", though it is in step, until it accepts one', async (command, code) => {
      const { run, estrange } = await open(1, { foreign: [0] }, one);
      await state.fleet?.follow(held);
      const failed = await run(...command.split(' '));
      expect(failed.code, failed.out + failed.err).toBe(code);

      const document = await state.redis.cli('GET', key);
      await state.redis.cli('SET', key, '{"/api/search":{"rate":1}}');
      const got = await run('policy', 'get', '/api/search', '--bucket', 'read');
      expect(got.code).toBe(3);
      expect(stripVTControlCharacters(flat(got))).toMatch(
        /; it refused the signature .*restart that server, then\s+run:\s+rlctl /,
      );
      const tests = [{ route: '/api/search', bucket: 'read', expect: { rate: 1 } }];
      const file = await state.world.write('policy-tests.json', JSON.stringify({ tests }));
      const tested = await run('policy', 'test', '-f', file, '--json');
      expect(tested.code).toBe(3);
      expect(jsonOf<{ tests: unknown }>(tested.out).tests).toMatchObject([
        { because: [expect.stringMatching(/something else; it refused the signature .*CONFIG_RELOAD_SECRET/)] },
      ]);
      await state.redis.cli('SET', key, document);

      const fleet = await run('fleet', 'status');
      expect(fleet.code).toBe(0);
      expect(stripVTControlCharacters(fleet.out)).toContain('IN STEP  1 of 1, 1 refused the signature');
      const proof = await run('verify', '--json');
      expect(proof.code).toBe(0);
      expect(jsonOf<{ remarks: unknown }>(proof.out).remarks).toEqual([
        expect.stringMatching(/ is in step, but it refused the signature .*CONFIG_RELOAD_SECRET/),
      ]);
      const whole = await run('status', '--json');
      expect(whole.code).toBe(3);
      expect(jsonOf<Told>(whole.out).findings).toMatchObject([{ code: 'REFUSING', hint: cure }]);
      const examined = await run('doctor', '--only', 'document', '--json');
      expect(examined.code).toBe(3);
      expect(jsonOf<Told>(examined.out).findings).toMatchObject([{ code: 'REFUSING', severity: 'warning', cure }]);

      await estrange([]);
      expect((await run('reload')).code).toBe(0);
      expect((await run('status')).code).toBe(0);
      expect(flat(await run('verify'))).not.toContain('refused the signature');
    });

    test('is what is to be mended first where it is behind, and no advice is a reload alone', async () => {
      const { run } = await open(1, { foreign: [0] }, one);
      expect((await run(...set)).code).toBe(8);
      for (const command of ['status', 'fleet status']) {
        const { findings } = jsonOf<Told>((await run(...command.split(' '), '--json')).out);
        expect(findings.length).toBeGreaterThan(0);
        for (const { hint } of findings) expect(hint).toMatch(/CONFIG_RELOAD_SECRET.*restart that server/);
      }
      expect(flat(await run('verify'))).toContain('it refused the signature');
    });
  });

  test('is one finding of a doctor that reloads', async () => {
    const { run } = await open(2, { foreign: [0] }, (api) => ({ api }));
    await state.fleet?.follow(held);
    await run('reload');
    const { findings } = jsonOf<{ findings: readonly { code: string }[] }>(
      (await run('doctor', '--reload', '--yes', '--json')).out,
    );
    expect(findings.map(({ code }) => code).filter((code) => /REFUS/.test(code))).toEqual(['SIGNATURE_REFUSED']);
  });

  test('is remembered where it was the only one that was named', async () => {
    const { run, origins } = await open(3, { foreign: [1] }, (api) => ({ api }));
    await state.fleet?.follow(held);
    expect((await run('reload', '--target', origins[1] ?? '')).code).toBe(4);
    expect(stripVTControlCharacters((await run('fleet', 'status')).out)).toContain(
      'IN STEP  3 of 3, 1 refused the signature',
    );
    expect(flat(await run('verify'))).toMatch(/in step, but refused the signature .*CONFIG_RELOAD_SECRET/);
  });

  test('verify counts every instance, and says of one that is dead that it is', async () => {
    const { run, origins } = await open(4, { foreign: [1], dead: [2] }, (api) => ({ api }));
    await run(...set);
    const out = flat(await run('verify'));
    expect(out).toContain(`2 of 4 instances proven; ${origins[1]}: the server does not hold what is stored`);
    expect(out).toContain(`failed too: ${origins[2]} (nothing listens there)`);
  });

  test('one that is behind for want of a reload is named in the cure', async () => {
    const { run, origins } = await open(3, { stale: [1] }, (api) => ({ api }));
    await state.redis.cli('SET', key, JSON.stringify(next));
    expect((await run('reload', '--target', origins[0] ?? '', '--target', origins[2] ?? '')).code).toBe(0);
    expect(flat(await run('verify'))).toMatch(new RegExp(`run: rlctl .*reload --target ${origins[1]}; what it`));
  });

  test('a reload gone on from has a cure for each cause, and knows who accepted the secret before', async () => {
    const { run, origins } = await open(4, { foreign: [1], dead: [2] }, (api) => ({ api }));
    await state.redis.cli('SET', key, JSON.stringify(next));
    await run('reload', '--max-failures', '4');
    const { message, hint } = errorOf(await run('reload', '--resume', '--max-failures', '4', '--json'));
    expect(message).toContain(`${origins[1]}: refused the signature of every profile tried`);
    expect(hint).toContain(`${origins[1]}: 2 other instances accepted the same secret`);
    expect(hint).toMatch(new RegExp(`${origins[2]}: check the address`));
    expect(hint?.match(/reload --resume/g)).toHaveLength(1);
  });
});

describe('a fleet reload that goes wrong', () => {
  const listed = (api: readonly string[]): JsonObject => ({ api });

  test('in part: the evidence and the diagnosis name who and why, and no certainty is claimed', async () => {
    const { run, origins, follow } = await open(3, { dead: [1] }, listed);
    await follow(held);
    const ran = await run('reload', '--max-failures', '3', '--json');
    const { proof } = jsonOf<ChangeJson & { proof: { confidence: unknown } }>(ran.out);
    expect(proof).toMatchObject({ verdict: 'notProven', confidence: null });
    expect(proof.diagnosis).toContain(`${origins[1]}: nothing listens there`);
    expect(proof.evidence[0]).toMatchObject({ subject: 'instance', text: `${origins[1]}: nothing listens there` });
  });

  test('at the canary: the error says that it was one, and how to go on', async () => {
    const { run, origins } = await open(3, { foreign: [0] }, listed);
    const error = errorOf(await run('reload', '--canary', '1', '--json'));
    expect(error.message).toContain(`the canary ${origins[0]} did not accept the reload`);
    expect(error.message).toContain('2 more instances not tried');
    expect(error.hint).toContain('reload --resume');
  });

  test('everywhere: each cause with how many it kept', async () => {
    const { run, origins } = await open(3, { dead: [0], foreign: [1, 2] }, listed);
    const error = errorOf(await run('reload', '--max-failures', '3', '--json'));
    expect(error.message).toMatch(
      /^none of 3 instances accepted the reload: \S+: nothing listens there; \S+, \S+: refused/,
    );
    for (const origin of origins) expect(error.message).toContain(origin);
  });

  test('one that hangs: the hint names the limit that it met', async () => {
    const { run } = await open(2, { hanging: [1] }, listed);
    const { out } = await run('fleet', 'status', '--instance-timeout', '500ms');
    expect(out).toContain('fleet status --instance-timeout 10s');
    expect(out).not.toContain('--timeout more time');
  });

  test('a dry run refuses what the run would: a document that no server can read', async () => {
    const { run, origins } = await open(2, {}, listed);
    await state.redis.cli('SET', key, '{broken');
    for (const more of [[], ['--target', origins[0] ?? '']])
      expect(errorOf(await run('reload', '--dry-run', '--json', ...more))).toMatchObject({ exitCode: 6 });
    expect(await run('reload', '--dry-run', '--json', '--force')).toMatchObject({ code: 0 });
  });
});

describe('without Redis', () => {
  const away = (api: readonly string[]): JsonObject => ({ api, redis: 'redis://127.0.0.1:1/0' });

  test('what the instances list is asked, so that other limits under the same prefixes are seen', async () => {
    const { run } = await open(3, { stale: [1], before: { '/api/search': { rate: 5 } } }, away);
    const ran = await run('fleet', 'status', '--json');
    expect(ran.code).toBe(3);
    const json = jsonOf<{ counts: unknown; coverage: unknown }>(ran.out);
    expect(json.counts).toMatchObject({ inStep: 2, differs: 1 });
    expect(json.coverage).toMatchObject({ read: 1 });
  });

  test('as many that say one thing as another: nobody is called right', async () => {
    const { run } = await open(4, { stale: [1, 2], before: { '/api/search': { rate: 5 } } }, away);
    const { out } = await run('fleet', 'status');
    expect(out).toContain('There is no majority: 2 say');
    expect(out).toContain('0 of 4 alike');
  });
});

describe('plain http to instances beyond this machine', () => {
  const pod = (more: JsonObject) => (): JsonObject => ({
    fleet: { command: ['echo', 'http://10.255.255.1:1'], ...more },
  });

  test('is refused; with plainHttp permitted at private addresses, said every time', async () => {
    const { run } = await open(1, {}, pod({}));
    const refused = errorOf(await run('fleet', 'status', '--json'));
    expect(refused).toMatchObject({ code: 'API_INSECURE', exitCode: 2 });
    expect(refused.hint).toContain('plainHttp');
    await state.fleet?.stop();
    const { run: permitted } = await open(1, {}, pod({ plainHttp: true }));
    const ran = await permitted('fleet', 'status', '--json', '--instance-timeout', '300ms');
    const json = jsonOf<{ remarks: readonly string[]; instances: readonly { error: { code: string } }[] }>(ran.out);
    expect(json.remarks[0]).toContain('plain http (fleet.plainHttp)');
    expect(json.instances[0]?.error.code).not.toBe('API_INSECURE');
  });
});

describe('flags of buckets', () => {
  const flagged = (more: (origins: readonly string[]) => JsonObject) => (origins: readonly string[]) => ({
    shadowDriver: { 'env-file': 'limits.env' },
    ...more(origins),
  });
  const shadows = { 0: ['financial'], 1: ['financial'], 2: ['financial'] };
  const on = ['shadow', 'on', 'financial', '--json'];

  test('are reloaded and proven at every instance that `fleet` lists', async () => {
    await state.world.write('limits.env', 'RATE_LIMIT_SHADOW_FINANCIAL=false\n');
    const command = (all: readonly string[]) => ({ fleet: { command: ['printf', '%s\\n', ...all] } });
    const { run, reloads } = await open(3, { shadows }, flagged(command));
    expect(await run(...on)).toMatchObject({ code: 0 });
    expect(await reloads()).toEqual([2, 2, 2]);
  });

  test('are not proven where one address did not take the reload, which is named', async () => {
    await state.world.write('limits.env', 'RATE_LIMIT_SHADOW_FINANCIAL=false\n');
    const { run, origins } = await open(
      3,
      { shadows, dead: [1] },
      flagged((api) => ({ api })),
    );
    const ran = await run(...on);
    expect(ran.code).toBe(8);
    const { proof } = jsonOf<ChangeJson>(ran.out);
    expect(proof.verdict).toBe('notProven');
    expect(proof.diagnosis).toContain(
      `2 of 3 addresses show what is wanted; these did not take the reload: ${origins[1]}`,
    );
  });
});

test('a name without a scheme whose port speaks plain http: how to write it', async () => {
  const { run, origins } = await open(1);
  const ran = await run('fleet', 'status', '--targets-dns', `localhost:${new URL(origins[0] ?? '').port}`, '--json');
  const { instances } = jsonOf<{ instances: readonly { error: { code: string; hint: string } }[] }>(ran.out);
  expect(instances[0]?.error.code).toBe('API_TLS');
  expect(instances[0]?.error.hint).toContain('http://HOST:PORT');
});

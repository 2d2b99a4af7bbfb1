import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { afterEvent } from '../../src/domain/rollout/machine.js';
import type { RolloutState } from '../../src/domain/rollout/state.js';
import { operationsKey } from '../../src/domain/redis-keys.js';
import { labHistoryKey, labKey, labMetadataKey, openLab, type Lab } from '../support/lab.js';
import type { MemoryHost } from '../support/memory-host.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

// What needs no figures: plans, refusals, confirmation, conflicts, and how it is shown. Prometheus is never there.

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const buckets = {
  read: { routes: ['/api'] },
  auth: { routes: ['/auth'] },
  write: { routes: ['/api/bookings'] },
  financial: { routes: ['/api/payments'], alias: ['pay'] },
};
const rollouts = {
  two: {
    stages: [
      { name: 'all-shadow', shadow: 'all', soak: '1s' },
      { name: 'enforce', enforce: ['pay'] },
    ],
  },
};

interface Site {
  readonly entry?: JsonObject;
  readonly rollouts?: JsonObject;
  readonly options?: MainOptions;
}

async function run(args: readonly string[], site: Site = {}): Promise<Ran> {
  const { lab } = state;
  const environment = { ...lab.environment, buckets, prometheus: 'http://127.0.0.1:9', ...site.entry };
  const config = { environments: { lab: environment }, rollouts: site.rollouts ?? rollouts };
  // The user's own file: commands that are printed need not name it.
  await lab.world.write(join(lab.world.configHome, 'rlctl', 'config.yaml'), JSON.stringify(config));
  const { options = {} } = site;
  return lab.world.main(args, { ...options, env: { RLCTL_CONFIG: undefined, ...options.env } });
}

const kept = (): Promise<string> => state.lab.redis.cli('HLEN', operationsKey(labKey));

interface Shown {
  readonly rollout: {
    readonly phase: string;
    readonly stage: string;
    readonly notes: readonly { readonly text: string }[];
    readonly unreached: readonly unknown[];
    readonly stages: readonly { readonly outcome: string; readonly proof: string }[];
  } | null;
  readonly next: readonly string[];
}
const shown = (ran: Ran): Shown => jsonOf<Shown & JsonObject>(ran.out);
const status = async (site: Site = {}): Promise<Shown> => shown(await run(['rollout', 'status', '--json'], site));
const start = ['rollout', 'start', 'two', '--detach'];

/** As if a probe or a reload had shown so much of the server. */
async function remember(traits: JsonObject): Promise<void> {
  const { stateHome } = state.lab.world;
  const path = join(stateHome, 'rlctl', 'state.json');
  const kept = JSON.parse(await readFile(path, 'utf8')) as { readonly detected: Readonly<Record<string, JsonObject>> };
  const detected = Object.fromEntries(
    Object.entries(kept.detected).map(([key, seen]) => [
      key,
      { ...seen, readsOverrides: null, enforcesOverrides: null, ...traits },
    ]),
  );
  await writeFile(path, JSON.stringify({ ...kept, detected }));
}

describe('a panic that is open', () => {
  test('keeps a stage from being entered, and is named with its way back', async () => {
    await run(['panic', 'bucket', 'financial', '--by', 'overrides']);
    const id = /p-[0-9a-f]{8}/.exec((await run(['panic', 'list'])).out)?.[0] ?? 'none';
    const before = await state.lab.document();
    for (const more of [[], ['--dry-run']]) {
      const refused = errorOf(await run([...start, ...more, '--json']));
      expect(refused).toMatchObject({ code: 'PANIC_OPEN', exitCode: 6, details: { panicId: id } });
      expect(refused.hint).toContain(`panic restore ${id}`);
    }
    expect([await state.lab.document(), (await status()).rollout]).toEqual([before, null]);
    await run(['panic', 'restore', id]);
    expect(await run(start)).toMatchObject({ code: 0 });
    // From now on it stands against every gate, whatever the figures say.
    expect(await run(['panic', 'route', '/other'])).toMatchObject({ code: 0 });
    const { out } = await run(['rollout', 'status']);
    expect(out).toMatch(/panic p-\w+ \(panic route \/other\) is open/);
  });
});

test('a stage that sets what a panic once set brings no panic back that is over', async () => {
  const rollouts = { one: { stages: [{ name: 'all', shadow: 'all', soak: '1s' }] } };
  for (const entry of [{}, { shadowDriver: { 'env-file': state.lab.sandbox.envFile } }]) {
    await state.lab.reset();
    const site = { entry, rollouts };
    expect(await run(['panic', 'bucket', 'financial'], site)).toMatchObject({ code: 0 });
    expect(await run(['shadow', 'off', 'financial'], site)).toMatchObject({ code: 0 });
    expect(await run(['rollout', 'start', 'one', '--detach'], site)).toMatchObject({ code: 0 });
    expect((await run(['panic', 'list'], site)).out).not.toMatch(/p-[0-9a-f]{8}/);
    expect((await run(['rollout', 'status'], site)).out).not.toContain('is open');
    expect(await run(['rollout', 'undo'], site)).toMatchObject({ code: 0 });
  }
});

const throughAll = {
  one: {
    stages: [
      { name: 'all', shadow: 'all', soak: '1s' },
      { name: 'pay', enforce: ['pay'] },
      { name: 'rest', enforce: ['read'] },
    ],
  },
};
const force = ['rollout', 'promote', '--force', '--reason', 'seen', '--detach'];

test('a stage takes along what stands earlier, as a panic does, says so, and the one that enforces gives it back', async () => {
  const site = { rollouts: throughAll };
  const own = '"/api/search": {"rate":120, "burst":20},"/api/quiet":{"rate":1,"shadow":false}';
  const before = `{${own},"/api/open":{"shadow":true}}`;
  await state.lab.store(before);
  const started = await run(['rollout', 'start', 'one', '--detach'], site);
  const said = 'all: into shadow as well, for a part of its routes: "/api/search", "/api/quiet"';
  expect([started.code, started.err.includes(said), started.out.includes(said)]).toEqual([0, true, true]);
  const along = await state.lab.document();
  expect(along).toContain('"/api/quiet":{"rate":1,"shadow":true}');
  expect((await status(site)).rollout).toMatchObject({ unreached: [], stages: [{ proof: 'proven' }, {}, {}] });
  expect((await run(['shadow', 'list'], site)).out).not.toContain('in part');
  expect(await run(force, site)).toMatchObject({ code: 0 });
  const enforced = await run(force, site);
  expect(enforced.code).toBe(0);
  expect(enforced.out).toContain(
    'rest: out of shadow, as before an earlier stage took it along: "/api/search", "/api/quiet"',
  );
  expect(await state.lab.document()).toContain(own);
  // What somebody else had in shadow is none of the rollout's.
  expect(enforced.out).toContain('! read without "/api/open", which stands earlier and stays in shadow');
  expect(await run(['rollout', 'abort'], site)).toMatchObject({ code: 0 });
  expect(await state.lab.document()).toContain('"/api/quiet":{"rate":1,"shadow":true}');
  expect(await run(force, site)).toMatchObject({ code: 0 });
  expect(await run(['rollout', 'undo'], site)).toMatchObject({ code: 0 });
  expect(await state.lab.document()).toBe(before);
});

test('what somebody changed of it meanwhile is not given back, and said', async () => {
  const site = { rollouts: throughAll };
  await state.lab.store('{"/api/search":{"rate":120}}');
  await run(['rollout', 'start', 'one', '--detach'], site);
  expect(await run(['override', 'set', '/api/search', '--rate', '90'], site)).toMatchObject({ code: 0 });
  await run(force, site);
  const enforced = await run(force, site);
  expect(enforced.out).toContain('! read without "/api/search", which stands earlier and stays in shadow');
  expect(await state.lab.document()).toContain('"/api/search":{"rate":90,"shadow":true}');
});

test('an entry whose end is overdue does not end by itself: a stage leaves it, and says what applies its end', async () => {
  const site = { rollouts: throughAll };
  await run(['override', 'set', '/api/search', '--rate', '120', '--for', '2h'], site);
  const { redis } = state.lab;
  const metadata = await redis.cli('GET', labMetadataKey);
  await redis.cli('SET', labMetadataKey, metadata.replace(/"untilMs":\d+/, '"untilMs":1000'));
  const { out } = await run(['rollout', 'start', 'one', '--detach', '--dry-run'], site);
  expect(out).toMatch(/"\/api\/search" wins .* was to end 1970-01-01T00:00:01.000Z, .* until: rlctl .*override expire/);
  expect(out).not.toContain('ends by itself');
});

test('a stage leaves what ends by itself: not proven as long as that is blocked, said wherever it is shown, and reckoned anew', async () => {
  const site = { rollouts: throughAll };
  await run(['override', 'set', '/api/search', '--rate', '120', '--for', '2h'], site);
  const said = 'read without "/api/search", which stands earlier and goes on as it is';
  const unreached = [{ prefix: '/api/search', bucket: 'read', isShadow: false }];
  const start = ['rollout', 'start', 'one', '--detach'];
  const dry = await run([...start, '--dry-run'], site);
  expect(dry.out).toContain('"/api/search" wins for its own routes and ends by itself: it stays as it is');
  expect(dry.out).toContain(`! ${said}`);
  const started = await run(start, site);
  expect(started.code).toBe(8);
  expect(started.out).toContain('"/api/search" goes on as before, so what it catches goes on being blocked');
  expect(started.out).toContain('shadow on --route /api/search, then: rlctl rollout resume; or go on without: ');
  expect((await run(['status'], site)).out).toContain('(rollout start, not proven)');
  const resumed = await run(['rollout', 'resume', '--detach', '--require', 'loaded'], site);
  expect(resumed.code).toBe(0);
  expect(resumed.out).toContain(`! ${said}`);
  expect(resumed.out).toContain('not part of that: "/api/search"');
  expect(resumed.err).toContain(`all is in force, ${said}`);
  expect((await run(['rollout', 'status'], site)).out).toContain(`! ${said}`);
  const { rollout } = await status(site);
  expect(rollout).toMatchObject({ unreached, stages: [{ proof: 'proven', unreached }, {}, {}] });
  expect(rollout?.notes.map(({ text }) => text)).toContain(`all: ${said}`);
  const listed = await run(['shadow', 'list'], site);
  expect(listed.out).toMatch(/read +partly shadow by overrides +1 of 1, in part/);
  expect(listed.out).toContain(said);
  expect((await run(['status'], site)).out).toContain('read (1 of 1 route, but not /api/search)');
  expect((await run([...force, '--dry-run'], site)).out).toContain(`! ${said}`);
  // It is gone, and another one came.
  expect(await run(['override', 'unset', '/api/search'], site)).toMatchObject({ code: 0 });
  expect((await status(site)).rollout).toMatchObject({ unreached: [], stages: [{ unreached }, {}, {}] });
  expect(await run(['override', 'set', '/api/new', '--no-shadow'], site)).toMatchObject({ code: 0 });
  for (const looks of [
    ['rollout', 'status'],
    [...force, '--dry-run'],
  ])
    expect((await run(looks, site)).out).toContain(
      '! read without "/api/new", which stands earlier and goes on as it is',
    );
});

test('what a stage leaves blocked is proven once it is put into shadow as the stage says', async () => {
  const site = { rollouts: throughAll };
  await run(['override', 'set', '/api/search', '--no-shadow', '--for', '2h'], site);
  expect((await run(['rollout', 'start', 'one', '--detach'], site)).code).toBe(8);
  expect(await run(['shadow', 'on', '--route', '/api/search'], site)).toMatchObject({ code: 0 });
  expect(await run(['rollout', 'resume', '--detach'], site)).toMatchObject({ code: 0 });
  expect((await status(site)).rollout).toMatchObject({ phase: 'watching', unreached: [] });
});

test('a stage by flags is not proven while an override keeps its bucket enforced, and goes on when that is gone', async () => {
  const rollouts = { one: { stages: [{ name: 'all', shadow: 'all', soak: '1s' }] } };
  const site = { entry: { shadowDriver: { 'env-file': state.lab.sandbox.envFile } }, rollouts };
  const before = await readFile(state.lab.sandbox.envFile, 'utf8');
  await run(['override', 'set', '/api/pay', '--no-shadow'], site);
  const started = await run(['rollout', 'start', 'one', '--detach'], site);
  expect(started).toMatchObject({
    code: 8,
    out: expect.stringContaining('the override "/api/pay" sets shadow: false'),
  });
  const way = /put it into shadow as well: rlctl (.*)/.exec(started.out)?.[1];
  expect(way).toMatch(/shadow on --route \/api\/pay/);
  expect((await status(site)).rollout?.phase).toBe('changing');
  await run(['shadow', 'on', '--route', '/api/pay', '--include-others'], site);
  expect(await run(['rollout', 'resume', '--detach'], site)).toMatchObject({ code: 0 });
  expect((await status(site)).rollout?.phase).not.toBe('changing');
  expect(await run(['rollout', 'undo'], site)).toMatchObject({ code: 0 });
  expect(await readFile(state.lab.sandbox.envFile, 'utf8')).toBe(before);
});

test.each(['overrides', 'flags'])(
  'what is put into force and what is taken back shows its proof, by %s',
  async (way) => {
    const site = way === 'flags' ? { entry: { shadowDriver: { 'env-file': state.lab.sandbox.envFile } } } : {};
    const before = await readFile(state.lab.sandbox.envFile, 'utf8');
    for (const args of [start, ['rollout', 'abort'], ['rollout', 'promote', '--detach'], ['rollout', 'undo']]) {
      expect(await run(args, site)).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^PROVEN \(loaded\) {2}.*\n {2}✓ POST \/config\/reload: /m),
      });
    }
    expect(await run(start, site)).toMatchObject({ code: 0 });
    const undone = await run(['rollout', 'undo', '--no-verify', '--json'], site);
    expect(shown(undone).rollout?.stages[0]).toMatchObject({ outcome: 'undone', proof: 'notAttempted' });
    expect(jsonOf<JsonObject & { readonly changes: readonly JsonObject[] }>(undone.out).changes.at(-1)).toMatchObject({
      proof: { verdict: 'notAttempted' },
    });
    expect(await readFile(state.lab.sandbox.envFile, 'utf8')).toBe(before);
  },
);

test('whoever drives it is named by every verb at once, whatever its gates say; a plan is shown all the same', async () => {
  expect((await run(start)).code).toBe(0);
  // Its gates have no figures: that is no reason for somebody else to be sent to "rollout resume".
  expect(errorOf(await run(['rollout', 'promote', '--json'])).code).toBe('GATES_NOT_PASSED');
  const lease = `${Date.now() + 600_000} another ann@desk`;
  await state.lab.redis.cli('HSET', operationsKey(labKey), 'lease rollout', lease);
  // Whether ann's process still lives shows nowhere: what is printed leads on either way.
  const { out } = await run(['rollout', 'status'], { options: { columns: 80 } });
  for (const line of out.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
  expect(out).toMatch(/ann@desk drives it; if that one is gone, nobody does from \d\d:\d\d:\d\dZ on/);
  expect(out).toContain('to drive it at once: rlctl rollout resume --take-over');
  expect(out).toContain('all-shadow alone: rlctl rollout abort --take-over');
  expect((await status()).next).toContain('to drive it at once: rlctl rollout resume --take-over');
  const seen = jsonOf<{ operations: { open: readonly JsonObject[] } }>((await run(['status', '--json'])).out);
  expect(seen.operations.open).toMatchObject([
    { kind: 'rollout', commands: ['rlctl rollout status -w', 'rlctl rollout abort --take-over'] },
  ]);
  const another = errorOf(await run([...start, '--json']));
  expect([another.code, another.hint?.match(/rlctl rollout (?:resume|undo)[^"]*/g)]).toEqual([
    'ROLLOUT_UNDER_WAY',
    ['rlctl rollout resume --take-over', 'rlctl rollout undo --take-over'],
  ]);
  const verbs = [
    ['promote'],
    ['promote', '--force', '--reason', 'night'],
    ['promote', '--dry-run'],
    ['resume', '--auto'],
  ];
  for (const verb of [...verbs, ['pause'], ['abort'], ['undo']]) {
    const refused = errorOf(await run(['rollout', ...verb, '--json']));
    expect(refused).toMatchObject({ code: 'ROLLOUT_LOCKED', exitCode: 5, details: { holder: 'ann@desk' } });
    expect(refused.hint).toMatch(/--take-over/);
  }
  expect(await run(['rollout', 'abort', '--dry-run'])).toMatchObject({ code: 0 });
  expect(await run(['rollout', 'abort', '--take-over'])).toMatchObject({ code: 0 });
});

test('a rollout whose plan came from a file begins anew from that file', async () => {
  await state.lab.world.write('our stages.yaml', JSON.stringify(rollouts.two));
  expect(await run(['rollout', 'start', '-f', 'our stages.yaml', '--detach'])).toMatchObject({ code: 0 });
  const undone = await run(['rollout', 'undo']);
  expect(undone.code).toBe(0);
  expect((await status()).next).toEqual(["begin anew with: rlctl rollout start -f 'our stages.yaml'"]);
});

describe('what keeps a stage from being taken back', () => {
  test('a history that was removed: that nothing of it still stands cannot be said then', async () => {
    const rollouts = { one: { stages: [{ name: 'all', shadow: 'all', soak: '1s' }] } };
    expect(await run(['rollout', 'start', 'one', '--detach'], { rollouts })).toMatchObject({ code: 0 });
    const before = await state.lab.document();
    await state.lab.redis.cli('DEL', labHistoryKey);
    const ran = await run(['rollout', 'undo', '--json'], { rollouts });
    expect(errorOf(ran)).toMatchObject({
      code: 'HISTORY_GONE',
      message: expect.stringContaining('somebody removed it'),
    });
    expect(await state.lab.document()).toBe(before);
  });

  const one = { one: { stages: [{ name: 'enforce', enforce: ['pay'], soak: '1s' }] } };
  const entry = () => ({ shadowDriver: { 'env-file': state.lab.sandbox.envFile } });

  test('is said by abort, resume, undo and status, with the panic that holds it and the way out', async () => {
    const site = { entry: entry(), rollouts: one };
    const before = await readFile(state.lab.sandbox.envFile, 'utf8');
    expect(await run(['rollout', 'start', 'one', '--detach'], site)).toMatchObject({ code: 0 });
    expect(await run(['panic', 'bucket', 'financial'], site)).toMatchObject({ code: 0 });
    const id = /p-[0-9a-f]{8}/.exec((await run(['panic', 'list'], site)).out)?.[0] ?? 'none';
    const refused = errorOf(await run(['rollout', 'abort', '--json'], site));
    expect(refused).toMatchObject({ exitCode: 5, code: 'UNDO_CONFLICT', details: { panicId: id } });
    expect(refused.message).toContain(`panic ${id} (panic bucket financial) is open`);
    expect(refused.hint).toMatch(new RegExp(`panic restore ${id}\\. .*rlctl rollout abort$`));
    // As where a gate failed and nobody was asked: what is begun stays begun, and is told for what it is.
    await begunAbort(site);
    expect(errorOf(await run(['rollout', 'resume', '--json'], site)).hint).toMatch(/rlctl rollout resume$/);
    const looked = await run(['rollout', 'status'], site);
    expect(looked.out).toMatch(/NOT TAKEN BACK/);
    expect(looked.out).toMatch(new RegExp(`could not be taken back: .*panic ${id}`));
    expect(looked.out).not.toContain('cut off');
    expect(errorOf(await run(['rollout', 'start', 'one', '--json'], site)).message).toContain(
      'it could not be taken back',
    );
    await run(['panic', 'restore', id], site);
    // A gate decided it: that is a finding.
    expect(await run(['rollout', 'resume'], site)).toMatchObject({ code: 3 });
    expect(await readFile(state.lab.sandbox.envFile, 'utf8')).toBe(before);
  });

  test('a flag that a panic has put back already is done with, and what restoring it would do is noted', async () => {
    const { envFile } = state.lab.sandbox;
    const before = await readFile(envFile, 'utf8');
    await writeFile(envFile, `${before}RATE_LIMIT_SHADOW_FINANCIAL=true\n`);
    const site = { entry: entry(), rollouts: one };
    expect(await run(['rollout', 'start', 'one', '--detach'], site)).toMatchObject({ code: 0 });
    await run(['panic', 'bucket', 'financial'], site);
    expect(await run(['rollout', 'abort'], site)).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /panic p-\w+ \(panic bucket financial\) is open: .*restoring it brings the stage back/,
      ),
    });
    expect((await status(site)).rollout?.phase).toBe('aborted');
    await writeFile(envFile, before);
  });

  test.each(['flags', 'overrides'])(
    'is also an open panic that found things as the stage had made them, by %s',
    async (way) => {
      const site = {
        ...(way === 'flags' ? { entry: entry() } : {}),
        rollouts: { one: { stages: [{ name: 'all', shadow: 'all', soak: '1s' }] } },
      };
      const stored = async () => [
        await readFile(state.lab.sandbox.envFile, 'utf8'),
        (await state.lab.document()) ?? '{}',
      ];
      const before = await stored();
      expect(await run(['rollout', 'start', 'one', '--detach'], site)).toMatchObject({ code: 0 });
      expect(await run(['panic', 'bucket', 'financial'], site)).toMatchObject({ code: 0 });
      const inForce = await stored();
      const id = /p-[0-9a-f]{8}/.exec((await run(['panic', 'list'], site)).out)?.[0] ?? 'none';
      for (const args of [['abort', '--dry-run'], ['abort'], ['undo', '--dry-run'], ['undo']]) {
        const refused = errorOf(await run(['rollout', ...args, '--json'], site));
        expect(refused).toMatchObject({ exitCode: 5, code: 'PANIC_STANDS_ON_IT', details: { panicId: id } });
        expect(refused.message).toContain(way === 'flags' ? 'RATE_LIMIT_SHADOW_FINANCIAL' : '"/api/payments"');
        expect(refused.hint).toMatch(new RegExp(`panic restore ${id}\\. .*rlctl rollout ${args[0]}$`));
      }
      expect(await stored()).toEqual(inForce);
      expect((await run(['panic', 'list'], site)).out).toContain(id);
      expect(await run(['panic', 'restore', id], site)).toMatchObject({ code: 0 });
      expect(await run(['rollout', 'undo'], site)).toMatchObject({ code: 0 });
      expect(await stored()).toEqual(before);
    },
  );

  test('where it is no panic, what stood before and what stands there now is said', async () => {
    const { envFile } = state.lab.sandbox;
    const before = await readFile(envFile, 'utf8');
    const site = { entry: entry(), rollouts: one };
    await run(['rollout', 'start', 'one', '--detach'], site);
    await writeFile(envFile, (await readFile(envFile, 'utf8')).replace('FINANCIAL=false', 'FINANCIAL=maybe'));
    const { hint } = errorOf(await run(['rollout', 'abort', '--json'], site));
    expect(hint).toMatch(/it did not stand in the file; now it is maybe\..*rlctl rollout abort$/);
    await writeFile(envFile, before);
  });

  /** The abort written down as a failed gate does it, and not done. */
  async function begunAbort(site: Site): Promise<void> {
    const text = await state.lab.redis.cli('HGET', operationsKey(labKey), 'rollout');
    const kept = JSON.parse(text) as RolloutState;
    const work = {
      changeId: 'c0123456789abcdefghij',
      by: 'gates',
      atMs: kept.startedAtMs,
      why: 'refused',
      cause: 'gate',
    } as const;
    const next = afterEvent(kept, { kind: 'abortBegun', work });
    await state.lab.redis.cli('HSET', operationsKey(labKey), 'rollout', JSON.stringify(next));
    expect((await status(site)).rollout?.phase).toBe('aborting');
  }
});

describe('a server that was seen not to enforce overrides', () => {
  test('is entered by no stage that acts by overrides, and the cure is named', async () => {
    const remembered = { readsOverrides: true, enforcesOverrides: false };
    await remember(remembered);
    for (const more of [[], ['--dry-run']]) {
      const refused = errorOf(await run([...start, ...more, '--json']));
      expect(refused).toMatchObject({ code: 'STAGE_WITHOUT_EFFECT', exitCode: 6 });
      expect(refused.message).toContain('this server does not enforce overrides');
      expect(refused.hint).toMatch(/shadowDriver.*rlctl verify ROUTE --probe URL/);
    }
    expect([await state.lab.document(), (await status()).rollout]).toEqual([null, null]);
    await remember({});
    expect(await run(start)).toMatchObject({ code: 0 });
    // What is learned later stands against every gate.
    await remember(remembered);
    expect((await run(['rollout', 'status'])).out).toContain('the figures show nothing of what the stage does');
    await remember({});
  });
});

describe('before anything is begun', () => {
  test('status says that there is none, and how one begins', async () => {
    const ran = await run(['rollout', 'status']);
    expect(ran).toMatchObject({ code: 0, out: expect.stringMatching(/no rollout\n.*rlctl rollout start --dry-run/) });
    expect(await status()).toMatchObject({ rollout: null });
  });

  test.each(['promote', 'pause', 'resume', 'abort', 'undo'])('%s: there is none', async (verb) => {
    expect(errorOf(await run(['rollout', verb, '--json']))).toMatchObject({ code: 'NO_ROLLOUT', exitCode: 2 });
  });

  test('start --dry-run shows every stage with its gates and the first change, and keeps nothing', async () => {
    const ran = await run(['rollout', 'start', '--dry-run']);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/all-shadow .*would be refused ≤ 5%/);
    expect(ran.out).toMatch(/consider-read-and-auth .*enforce read, auth; asks first/);
    expect(ran.out).toMatch(/now: all-shadow[^]*\+ \/api\/payments .*\n +shadow {2}- → true/);
    const planned = jsonOf((await run(['rollout', 'start', '--dry-run', '--json'])).out);
    expect(planned).toMatchObject({ kind: 'RolloutPlan', enters: 'all-shadow', plan: { name: 'standard' } });
    expect([await state.lab.document(), await kept()]).toEqual([null, '0']);
  });

  test.each([
    ['a plan that is not there', ['rollout', 'start', 'tow'], {}, 'UNKNOWN_PLAN', /there are: standard, two/],
    ['a name and a file', ['rollout', 'start', 'two', '-f', 'x'], {}, 'USAGE', /a plan is named and -f is given/],
    [
      'a faulty plan',
      start,
      { rollouts: { two: { stages: [{ name: 'a', soaks: '1h' }] } } },
      'ROLLOUT_PLAN_INVALID',
      /soaks is unknown; did you mean soak/,
    ],
    [
      'a bucket that is not there',
      start,
      { rollouts: { two: { stages: [{ name: 'a', enforce: ['finance'] }] } } },
      'ROLLOUT_PLAN_INVALID',
      /config\.yaml:1:\d+: stages\[0\]\.enforce\[0\]: there is no bucket "finance"; there are: read, /,
    ],
    [
      'a bucket without routes',
      start,
      { entry: { buckets: { pay: {}, read: { routes: ['/api'] } } } },
      'BUCKET_WITHOUT_ROUTES',
      /^stage enforce: pay has no routes/,
    ],
    ['nothing to judge by', start, { entry: { prometheus: undefined } }, 'NO_METRICS', /./],
    ['to stay and to leave', [...start, '--auto'], {}, 'USAGE', /--auto and --detach/],
  ] as const)('%s is told before anything is kept', async (_, args, site: Site, code, message) => {
    const ran = await run([...args, '--json'], site);
    const error = errorOf(ran);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
    if (code !== 'NO_METRICS') expect(error.code).toBe(code);
    expect([await state.lab.document(), await kept()]).toEqual([null, '0']);
  });

  test('--read-only refuses what changes, and shows what it would do', async () => {
    expect(errorOf(await run([...start, '--read-only', '--json'])).code).toBe('READ_ONLY');
    expect((await run(['rollout', 'start', '--dry-run', '--read-only'])).code).toBe(0);
    expect((await run(['rollout', 'status', '--read-only'])).code).toBe(0);
  });
});

describe('on a protected environment', () => {
  const site = { entry: { protected: true } };

  test('nothing is written down before a reason is given and the name is confirmed', async () => {
    const [bare, reasoned] = [
      await run([...start, '--json'], site),
      await run([...start, '--reason', 'r', '--json'], site),
    ];
    expect(errorOf(bare)).toMatchObject({ code: 'REASON_MISSING', exitCode: 6 });
    expect(errorOf(reasoned)).toMatchObject({ code: 'NOT_CONFIRMED', exitCode: 6 });
    expect([await state.lab.document(), await kept()]).toEqual([null, '0']);
    const confirmed = await run([...start, '--reason', 'r', '--confirm', 'lab', '--json'], site);
    expect([confirmed.code, shown(confirmed).rollout?.phase]).toEqual([0, 'watching']);
    expect((await run(['rollout', 'status'], site)).out).toMatch(/alone: rlctl rollout abort --confirm lab$/m);
    const { operations } = jsonOf<{ operations: { open: { commands: string[] }[] } }>(
      (await run(['status', '--json'], site)).out,
    );
    expect(operations.open[0]?.commands).toContain('rlctl rollout abort --confirm lab');
    // It writes nothing that is in force, and takes what every change here takes.
    const pause = ['rollout', 'pause', '--reason', 'r', '--json', '--confirm'];
    expect(errorOf(await run([...pause, 'other'], site)).code).toBe('NOT_CONFIRMED');
    expect((await run([...pause, 'lab'], site)).code).toBe(0);
    expect(errorOf(await run(['rollout', 'abort', '--json'], site)).code).toBe('NOT_CONFIRMED');
    // The start said why.
    const foretold = await run(['rollout', 'abort', '--dry-run'], site);
    expect([foretold.code, foretold.out + foretold.err]).toEqual([0, expect.not.stringContaining('wants a reason')]);
    const aborted = await run(['rollout', 'abort', '--confirm', 'lab', '--json'], site);
    expect([aborted.code, shown(aborted).rollout?.phase]).toEqual([0, 'aborted']);
  });
});

test('a stage that a guard refuses is not entered: the rollout stands where it stood', async () => {
  const guards = [{ name: 'no-enforcing', buckets: ['financial'], never: 'enforce' }];
  expect((await run(start)).code).toBe(0);
  const before = await state.lab.document();
  const forced = ['rollout', 'promote', '--force', '--reason', 'r', '--detach', '--json'];
  const refused = await run(forced, { entry: { guards } });
  expect(errorOf(refused)).toMatchObject({ exitCode: 6 });
  const { rollout } = await status();
  expect([rollout?.phase, rollout?.stage]).toEqual(['passed', 'all-shadow']);
  expect(rollout?.notes.at(-1)?.text).toMatch(/^could not enter enforce: .*no-enforcing/);
  expect(await state.lab.document()).toBe(before);
  const first = { rollouts: { two: { stages: [{ name: 'enforce', enforce: ['pay'] }] } }, entry: { guards } };
  await state.lab.reset();
  expect((await run([...start, '--json'], first)).code).toBe(6);
  expect(await status()).toMatchObject({ rollout: null });
});

test('what a guard refuses of one part of a stage by flags is found before another part is written', async () => {
  const { envFile } = state.lab.sandbox;
  const text = await readFile(envFile, 'utf8');
  const guards = [{ name: 'no-enforcing', buckets: ['financial'], never: 'enforce' }];
  const site = {
    entry: { guards, shadowDriver: { 'env-file': envFile } },
    rollouts: { two: { stages: [{ name: 'both', shadow: ['read'], enforce: ['pay'] }] } },
  };
  const refused = await run([...start, '--json'], site);
  expect(errorOf(refused)).toMatchObject({ code: 'GUARD_REFUSED', exitCode: 6 });
  expect(await readFile(envFile, 'utf8')).toBe(text);
  expect(await status(site)).toMatchObject({ rollout: null });
});

test.each(['overrides', 'flags'])(
  'guards and records know a stage as the command that enters it, by %s',
  async (way) => {
    const flags = way === 'flags' ? { shadowDriver: { 'env-file': state.lab.sandbox.envFile } } : {};
    const before = await readFile(state.lab.sandbox.envFile, 'utf8');
    const denied = (commands: readonly string[]): Site => ({
      entry: { ...flags, guards: [{ name: 'no', deny: true, commands, buckets: ['financial'] }] },
    });
    const refused = errorOf(await run([...start, '--json'], denied(['rollout start'])));
    expect(refused).toMatchObject({ code: 'GUARD_REFUSED', exitCode: 6 });
    expect(refused.message).toContain('"rollout start"');
    expect(await run(start, denied(['shadow on', 'shadow off']))).toMatchObject({ code: 0 });
    const lastReload = async () => /^last reload .*$/m.exec((await run(['status'], { entry: flags })).out)?.[0];
    expect(await lastReload()).toContain('(rollout start, proven)');
    await run(['rollout', 'abort'], denied(['rollout promote']));
    expect(await lastReload()).toContain('(rollout abort, proven)');
    const again = ['rollout', 'promote', '--detach'];
    expect(errorOf(await run([...again, '--json'], denied(['rollout start']))).code).toBe('GUARD_REFUSED');
    expect(await readFile(state.lab.sandbox.envFile, 'utf8')).toBe(before);
  },
);

test('a route that somebody changed since is a conflict: nothing is written, and the abort goes on when that is settled', async () => {
  expect((await run(start)).code).toBe(0);
  expect((await run(['override', 'set', '/api/payments', '--no-shadow'])).code).toBe(0);
  const theirs = await state.lab.document();
  for (const verb of ['abort', 'undo']) {
    const dry = await run(['rollout', verb, '--dry-run', '--json']);
    expect(errorOf(dry)).toMatchObject({ code: 'UNDO_CONFLICT', exitCode: 5 });
  }
  expect((await status()).rollout?.phase).toBe('watching');
  expect(errorOf(await run(['rollout', 'abort', '--json'])).code).toBe('UNDO_CONFLICT');
  expect(await state.lab.document()).toBe(theirs);
  expect((await run(['override', 'undo'])).code).toBe(0);
  const aborted = await run(['rollout', 'abort', '--json']);
  expect([aborted.code, shown(aborted).rollout?.phase]).toEqual([0, 'aborted']);
  expect(await state.lab.document()).toBe('{}');
  expect((await run(['rollout', 'status'])).out).toMatch(/try all-shadow again with: rlctl rollout promote/);
  const again = await run(['rollout', 'promote', '--detach', '--json']);
  expect([again.code, shown(again).rollout?.phase]).toEqual([0, 'watching']);
});

test('a flag that somebody changed since is a conflict too, and stays as it is', async () => {
  const { envFile } = state.lab.sandbox;
  const before = await readFile(envFile, 'utf8');
  const site = { entry: { shadowDriver: { 'env-file': envFile } } };
  expect((await run(start, site)).code).toBe(0);
  const entered = await readFile(envFile, 'utf8');
  const theirs = entered.replace('RATE_LIMIT_SHADOW_FINANCIAL=true', 'RATE_LIMIT_SHADOW_FINANCIAL=maybe');
  expect(theirs).not.toBe(entered);
  await writeFile(envFile, theirs);
  expect(errorOf(await run(['rollout', 'abort', '--json'], site))).toMatchObject({
    code: 'UNDO_CONFLICT',
    exitCode: 5,
  });
  expect(await readFile(envFile, 'utf8')).toBe(theirs);
  await writeFile(envFile, entered);
  expect((await run(['rollout', 'abort', '--json'], site)).code).toBe(0);
  expect(await readFile(envFile, 'utf8')).toBe(before);
});

test('a rollout under way is not begun again; a finished or taken back one makes room', async () => {
  expect((await run(start)).code).toBe(0);
  expect(errorOf(await run([...start, '--json']))).toMatchObject({ code: 'ROLLOUT_UNDER_WAY', exitCode: 5 });
  expect((await run(['rollout', 'pause', '--reason', 'lunch'])).out).toMatch(
    /PAUSED {2}stage 1 of 2[^]*rlctl rollout resume/,
  );
  expect(errorOf(await run(['rollout', 'promote', '--json']))).toMatchObject({
    code: 'ROLLOUT_PHASE',
    hint: expect.stringContaining('rlctl rollout resume'),
  });
  const resumed = await run(['rollout', 'resume', '--detach', '--json']);
  expect([resumed.code, shown(resumed).rollout?.phase]).toEqual([0, 'watching']);
  expect((await run(['rollout', 'undo'])).code).toBe(0);
  expect((await run([...start, '--json'])).code).toBe(0);
});

test('what is written and not proven is neither watched nor forgotten', async () => {
  const lab = await openLab({ dialect: 'deployed' });
  try {
    const { envFile } = lab.sandbox;
    const before = await readFile(envFile, 'utf8');
    const environment = {
      ...lab.environment,
      buckets,
      prometheus: 'http://127.0.0.1:9',
      shadowDriver: { 'env-file': envFile },
    };
    const path = await lab.world.config('deployed.yaml', { environments: { lab: environment }, rollouts });
    const there = (args: readonly string[]): Promise<Ran> => lab.world.main(args, { env: { RLCTL_CONFIG: path } });
    // Deployed servers take their flags from a process's own environment: a restart is needed.
    const begun = await there([...start, '--json']);
    expect(begun.code).toBe(8);
    expect(shown(begun)).toMatchObject({
      end: 'notProven',
      rollout: { phase: 'changing', stages: [{ outcome: 'entered', proof: 'contradicted' }, {}] },
      changes: [{ kind: 'ShadowChange', manualSteps: expect.arrayContaining([expect.stringMatching(/[Rr]estart/)]) }],
    });
    expect(await readFile(envFile, 'utf8')).not.toBe(before);
    const seen = await there(['rollout', 'status']);
    expect(seen.out).toMatch(
      /CHANGING[^]*not proven[^]*first restart the processes with: RATE_LIMIT_SHADOW_READ=true /,
    );
    expect(seen.out).toMatch(/then prove it with: rlctl .*rollout resume\n.*cannot be proven: rlctl .*rollout abort/);
    expect(jsonOf((await there(['rollout', 'status', '--json'])).out)).toMatchObject({
      rollout: { work: { restart: expect.arrayContaining([{ variable: 'RATE_LIMIT_SHADOW_READ', value: 'true' }]) } },
    });
    const again = await there(['rollout', 'resume', '--detach']);
    expect(again.code).toBe(8);
    expect(again.out).toMatch(
      /once the server starts with its flags\n +first restart [^]*CONTRADICTED[^]*to do by hand:/,
    );
    const back = await there(['rollout', 'abort', '--json']);
    expect(shown(back).rollout?.phase).toMatch(/abort/);
    expect(await readFile(envFile, 'utf8')).toBe(before);
  } finally {
    await lab.stop();
  }
});

describe('the screen', () => {
  test('fits 80 columns, says who drives and what is next, without colour where none is wanted', async () => {
    expect((await run([...start, '--reason', 'enforce limits', '--ticket', 'OPS-12'])).code).toBe(0);
    const { out } = await run(['rollout', 'status'], { options: { columns: 80, env: { NO_COLOR: '1' } } });
    for (const line of out.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
    expect(out).not.toContain('\u001b');
    expect(out).toMatch(/IN FORCE {2}stage 1 of 2, all-shadow/);
    expect(out).toMatch(/begun .* by tester@test: enforce limits \[OPS-12\]/);
    expect(out).toContain('\n! Prometheus at 127.0.0.1:9: nothing listens there\nwithout figures nothing passes, and ');
    expect(out).toMatch(/driver +nobody/);
    expect(out).toMatch(/next +nobody watches the gates: rlctl rollout resume/);
    expect(out).toMatch(/back +all-shadow alone: rlctl rollout abort/);
    const coloured = await run(['rollout', 'status'], { options: { columns: 80 } });
    expect(coloured.out).toContain('\u001b[');
  });

  test('without a verdict it says that it stopped waiting, and how to go on; taken back, how many stages it was', async () => {
    const quick = { soak: '1s', window: '1s' };
    const stages = [
      { name: 'all-shadow', shadow: 'all', ...quick },
      { name: 'pay', enforce: ['pay'] },
    ];
    const site = { rollouts: { quick: { stages } } };
    const ended = await run(['rollout', 'start', 'quick', '--interval', '250ms', '--patience', '1s'], site);
    expect(ended.code).toBe(3);
    expect(ended.out).toContain('next     no verdict within --patience; the stage stays in force as it is');
    expect(ended.out).toContain('or go past them: rlctl rollout promote --force --reason TEXT');
    const refused = errorOf(await run(['rollout', 'promote', '--json'], site));
    expect(refused.message).toBe(
      'all-shadow has not passed: read, auth, write, financial: no data; Prometheus at 127.0.0.1:9: nothing listens there',
    );
    expect((await run(['rollout', 'undo'], site)).out).toContain('TAKEN BACK  1 of 2 stages, no more was entered');
  });

  test('-w shows it again and again, a line of JSON each in a pipe, and renews no lease', async () => {
    expect((await run(start)).code).toBe(0);
    const held: { host: MemoryHost | null } = { host: null };
    const watching = run(['rollout', 'status', '-w', '--interval', '250ms', '--json'], {
      options: { onHost: (host) => (held.host = host) },
    });
    while ((held.host?.out.split('\n').length ?? 0) < 4) await new Promise((resolve) => setTimeout(resolve, 20));
    held.host?.signal('SIGINT');
    const ran = await watching;
    expect(ran.code).toBe(0);
    const lines = ran.out.trim().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(3);
    for (const line of lines)
      expect(jsonOf(line)).toMatchObject({ kind: 'Rollout', driver: null, rollout: { phase: 'watching' } });
  });

  test('the schema is printed as it is', async () => {
    expect(jsonOf((await run(['rollout', 'schema'])).out)).toMatchObject({ title: 'A staged rollout, for rlctl' });
  });
});

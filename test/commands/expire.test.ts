import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expiryKey } from '../../src/domain/redis-keys.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { labKey, labMetadataKey, openLab, type Lab } from '../support/lab.js';
import type { MemoryHost } from '../support/memory-host.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const run = (args: readonly string[], options?: MainOptions): Promise<Ran> => state.lab.world.main(args, options);
const change = async (...args: string[]): Promise<JsonObject> => {
  const ran = await run(['override', ...args, '--json']);
  expect(ran).toMatchObject({ code: 0, err: '' });
  return jsonOf(ran.out);
};
const expire = (...args: string[]): Promise<Ran> => run(['override', 'expire', ...args]);
const reloads = (): number => state.lab.sandbox.workers()[0]?.reloads ?? 0;
const heartbeatKey = expiryKey(labKey);
const heartbeat = async (): Promise<JsonObject | null> => {
  const text = await state.lab.redis.cli('GET', heartbeatKey);
  return text === '' ? null : jsonOf(text);
};

/** Alters what is known of a route, as time would. */
async function alter(route: string, fields: JsonObject): Promise<void> {
  const { redis } = state.lab;
  const metadata = jsonOf<{ routes: Record<string, JsonObject> }>(await redis.cli('GET', labMetadataKey));
  metadata.routes[route] = { ...metadata.routes[route], ...fields };
  await redis.cli('SET', labMetadataKey, JSON.stringify(metadata));
}
const overdue = (route: string, byMs = 60_000): Promise<void> => alter(route, { untilMs: Date.now() - byMs });

async function as(environment: JsonObject): Promise<string> {
  return state.lab.world.config('other.yaml', { environments: { lab: { ...state.lab.environment, ...environment } } });
}

interface Listed {
  readonly overrides: readonly JsonObject[];
  readonly removed: readonly JsonObject[];
}
const list = async (): Promise<Listed> => jsonOf<Listed>((await run(['override', 'list', '--json'])).out);

describe('an end', () => {
  test('is shown by the plan, the change, the list, the entry and the history', async () => {
    await change('set', '/a', '--rate', '1');
    const planned = await run(['override', 'set', '/a', '--rate', '5', '--for', '2h', '--dry-run']);
    expect(planned.out).toMatch(/^ends \d{4}-.*Z \(in 2h\): what stood before returns then$/m);
    const made = await change('set', '/a', '--rate', '5', '--for', '2h', '--reason', 'sale');
    const untilMs = Date.parse(String(made['until']));
    expect(Math.abs(untilMs - Date.now() - 7_200_000)).toBeLessThan(30_000);
    expect((await list()).overrides).toMatchObject([
      { prefix: '/a', until: made['until'], isOverdue: false, previousRaw: '{"rate":1}', raw: '{"rate":5}' },
    ]);
    const table = await run(['override', 'list'], { columns: 80, env: { NO_COLOR: '1' } });
    expect(table.out).toMatch(/UNTIL/);
    expect(table.out).toMatch(/in 1h 59m/);
    for (const line of table.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect((await run(['override', 'get', '/a'])).out).toContain('{"rate":1} returns');
    expect(jsonOf((await run(['override', 'get', '/a', '--json'])).out)).toMatchObject({ until: made['until'] });
    expect((await run(['override', 'history', '/a'])).out).toContain(`  until ${String(made['until'])}`);
    const { entries } = jsonOf<{ entries: JsonObject[] }>((await run(['override', 'history', '--json'])).out);
    expect(entries.map((each) => each['until'])).toEqual([made['until'], null]);
    expect(await state.lab.document()).toBe('{"/a":{"rate":5}}');
  });

  test('of a removal is shown where the entry was', async () => {
    await change('set', '/a', '--rate', '1');
    const { until } = await change('unset', '/a', '--for', '30m');
    expect(await list()).toMatchObject({
      overrides: [],
      removed: [{ prefix: '/a', until, previousRaw: '{"rate":1}' }],
    });
    expect((await run(['override', 'list'])).out).toContain('"/a" is removed for a while; that ends');
    const missing = errorOf(await run(['override', 'get', '/a', '--json']));
    expect([missing.code, missing.message]).toEqual([
      'OVERRIDE_MISSING',
      expect.stringContaining(`until ${String(until)}`),
    ]);
  });

  test('must lie ahead by the server’s clock, and is one of three', async () => {
    const set = ['override', 'set', '/a', '--rate', '1', '--json'];
    const past = await run([...set, '--until', '2020-01-01T00:00:00Z']);
    expect([past.code, errorOf(past).code]).toEqual([2, 'END_PASSED']);
    expect((await run([...set, '--for', '2h', '--permanent'])).code).toBe(2);
    expect((await run([...set, '--until', '2999'])).code).toBe(2);
    expect(await state.lab.document()).toBeNull();
  });

  test('that is cancelled is said', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h');
    const made = await change('set', '/a', '--rate', '5', '--permanent');
    expect(made).toMatchObject({
      isNoop: false,
      until: null,
      changes: [{ route: '/a', kind: 'kept' }],
      remarks: [expect.stringMatching(/^"\/a" was to end at .*: it does not any more$/)],
    });
    expect((await list()).overrides).toMatchObject([{ until: null }]);
  });

  test('without anybody who applies it is warned of, with what to run; a heartbeat ends the warning, its age brings it back', async () => {
    const warn = async (lasting = '2h'): Promise<string> => {
      const set = ['override', 'set', '/a', '--rate', '5', '--for', lasting, '--dry-run', '--json'];
      const ran = await run(['-e', 'lab', ...set]);
      return (jsonOf<{ remarks: string[] }>(ran.out).remarks ?? []).join('\n');
    };
    expect(await warn()).toMatch(/^nothing has ever run that applies ends.*rlctl -e lab .*override expire --every 5m/);
    await expire('--every', '5m');
    expect(await warn('5m')).toBe('');
    expect(await warn('299s')).toBe('what applies ends looks every 5m: it may be taken back up to 5m too late');
    expect(await heartbeat()).toMatchObject({ v: 1, by: 'tester@test', everySeconds: 300, reloaded: null });
    await state.lab.redis.cli(
      'SET',
      heartbeatKey,
      JSON.stringify({ v: 1, atMs: Date.now() - 901_000, by: 'c', everySeconds: 300 }),
    );
    expect(await warn()).toMatch(/^what applies ends ran last 15m .*ago, by c/);
  });

  test('one run by hand is no rhythm, and two are', async () => {
    await run(['override', 'set', '/a', '--rate', '5', '--for', '2h', '--no-reload']);
    await expire();
    const other = ['override', 'set', '/b', '--rate', '5', '--for', '2h', '--dry-run'];
    const once = /what applies ends ran once at 20\S+Z, by hand \(tester@test\): nothing will take it back in time/;
    expect((await run(other)).out).toMatch(once);
    const { findings } = jsonOf<{ findings: JsonObject[] }>((await run(['status', '--json'])).out);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'ENDS_UNATTENDED', message: expect.stringMatching(once) as string }),
    );
    // As if the run before it had been some minutes ago.
    await state.lab.redis.cli(
      'SET',
      heartbeatKey,
      JSON.stringify({ v: 1, atMs: Date.now() - 300_000, by: 'tester@test', everySeconds: null }),
    );
    await expire();
    expect(await heartbeat()).toMatchObject({ everySeconds: null, previousMs: expect.any(Number) as number });
    expect((await run(other)).out).not.toContain('nothing will take it back');
  });
});

describe('a run by hand beside a loop', () => {
  const asked = ['override', 'set', '/b', '--rate', '5', '--for', '2h', '--dry-run', '--json'];

  test('says nothing about who applies ends, and the loop need not reload again what it reloaded', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h');
    await overdue('/a');
    const loop = { v: 1, atMs: Date.now() - 20_000, by: 'loop@host', everySeconds: 30 };
    await state.lab.redis.cli('SET', heartbeatKey, JSON.stringify(loop));
    expect(await expire('--json')).toMatchObject({ code: 0 });
    expect(await heartbeat()).toMatchObject({ ...loop, reloaded: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect((await run(asked)).out).not.toContain('nothing will take it back');
    expect(jsonOf((await expire('--every', '30s', '--json')).out)).toMatchObject({ madeUpFor: null });
  });

  test('counts where the loop is gone', async () => {
    await state.lab.redis.cli(
      'SET',
      heartbeatKey,
      JSON.stringify({ v: 1, atMs: Date.now() - 91_000, by: 'loop@host', everySeconds: 30 }),
    );
    await expire();
    expect(await heartbeat()).toMatchObject({ by: 'tester@test', everySeconds: null });
    expect((await run(asked)).out).toMatch(/ran once at .* by hand/);
  });
});

describe('override expire', () => {
  test('takes back everything that is over in one write, reloads and proves it; again it does nothing', async () => {
    await change('set', '/a', '--rate', '1');
    await change('set', '/a', '--rate', '5', '--for', '2h', '--reason', 'sale');
    await change('set', '/b', '--rate', '6', '--for', '1h');
    await change('set', '/c', '--rate', '7', '--for', '3h');
    await overdue('/a');
    await overdue('/b');
    expect((await list()).overrides).toMatchObject([{ isOverdue: true }, { isOverdue: true }, { isOverdue: false }]);
    const ran = await expire('--json');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({
      kind: 'OverrideExpiry',
      ended: [
        { route: '/a', wrote: '{"rate":5}', restored: '{"rate":1}', reason: 'sale' },
        { route: '/b', wrote: '{"rate":6}', restored: null },
      ],
      skipped: [],
      pending: 1,
      next: { route: '/c' },
      change: { command: 'override expire', proof: { verdict: 'proven' } },
      heartbeat: { isLeft: true },
    });
    expect(await state.lab.document()).toBe('{"/a":{"rate":1},"/c":{"rate":7}}');
    const policy = jsonOf((await run(['policy', 'get', '/a', '--bucket', 'read', '--json'])).out);
    expect(JSON.stringify(policy)).toContain('"ratePerMin":1');
    const before = [reloads(), await state.lab.redis.cli('XLEN', `{${labKey}}:history`)];
    const again = await expire();
    expect(again.code).toBe(0);
    expect(again.out).toMatch(/^nothing is due; next: "\/c" at \d{4}.* \(in 2h 59m\)\n$/);
    expect([reloads(), await state.lab.redis.cli('XLEN', `{${labKey}}:history`)]).toEqual(before);
    const { entries } = jsonOf<{ entries: JsonObject[] }>((await run(['override', 'history', '--json'])).out);
    expect(entries[0]).toMatchObject({ command: 'override expire', reason: 'its end had come' });
  });

  test('an overdue one is a finding of status and doctor, with its cure', async () => {
    await change('set', '/api/a', '--rate', '5', '--for', '2h');
    await overdue('/api/a');
    const status = await run(['status', '--json']);
    expect(status.code).toBe(3);
    expect(jsonOf(status.out)).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({
          code: 'OVERRIDE_OVERDUE',
          hint: expect.stringContaining('override expire') as string,
        }),
      ]) as unknown,
    });
    const doctor = await run(['doctor', '--only', 'document.ends', '--json']);
    expect([doctor.code, doctor.out]).toEqual([3, expect.stringContaining('OVERRIDE_OVERDUE')]);
    expect(await expire()).toMatchObject({ code: 0 });
    expect(await run(['doctor', '--only', 'document.ends'])).toMatchObject({ code: 0 });
    expect((await run(['status', '--json'])).out).not.toContain('OVERRIDE_OVERDUE');
  });

  test.each([
    [
      '{"/api/a":{"rate":9}}',
      'override set /api/a --rate N --permanent',
      ['set', '/api/a', '--rate', '9', '--permanent'],
    ],
    ['{}', 'override unset /api/a', ['unset', '/api/a']],
  ])('an overdue one that expire leaves alone (%s) is told with the cure that works', async (stored, told, cure) => {
    await change('set', '/api/a', '--rate', '1');
    await change('set', '/api/a', '--rate', '5', '--for', '2h');
    await overdue('/api/a');
    await state.lab.store(stored);
    expect(await expire()).toMatchObject({ code: 3 });
    for (const args of [['status'], ['doctor', '--only', 'document.ends']]) {
      const ran = await run([...args, '--json']);
      expect([ran.code, ran.out]).toEqual([3, expect.stringContaining(told)]);
      expect(ran.out).not.toContain('Take it back with');
    }
    await change(...cure);
    expect((await run(['status', '--json'])).out).not.toContain('OVERRIDE_OVERDUE');
    expect(await run(['doctor', '--only', 'document.ends'])).toMatchObject({ code: 0 });
  });

  test('a period that has not passed since is no finding, and an end that nobody will apply is one', async () => {
    await change('set', '/api/a', '--rate', '5', '--for', '2h');
    expect((await run(['doctor', '--only', 'document.ends', '--json'])).out).toContain('ENDS_UNATTENDED');
    await expire('--every', '5m');
    expect(await run(['doctor', '--only', 'document.ends'])).toMatchObject({ code: 0 });
    await overdue('/api/a');
    expect(await run(['doctor', '--only', 'document.ends'])).toMatchObject({ code: 0 });
    await overdue('/api/a', 301_000);
    expect(await run(['doctor', '--only', 'document.ends'])).toMatchObject({ code: 3 });
  });

  test('shadow without an end is forgotten after a week', async () => {
    await change('set', '/api/a', '--shadow');
    const finds = async (): Promise<boolean> => (await run(['status', '--json'])).out.includes('SHADOW_FORGOTTEN');
    expect(await finds()).toBe(false);
    await alter('/api/a', { atMs: Date.now() - 8 * 86_400_000 });
    expect(await finds()).toBe(true);
    const doctor = await run(['doctor', '--only', 'document.ends', '--json']);
    expect(doctor.out).toContain('shadow off --route /api/a');
    await alter('/api/a', { untilMs: Date.now() + 60_000, previous: { value: null, previous: null, next: null } });
    expect(await finds()).toBe(false);
  });

  test('leaves a route alone that somebody changed past rlctl, and shows all three', async () => {
    await change('set', '/a', '--rate', '1');
    await change('set', '/a', '--rate', '5', '--for', '2h');
    await overdue('/a');
    await state.lab.store('{"/a":{"rate":9}}');
    const ran = await expire('--json');
    expect(ran.code).toBe(3);
    expect(jsonOf(ran.out)).toMatchObject({
      ended: [],
      change: null,
      skipped: [{ route: '/a', base: '{"rate":5}', theirs: '{"rate":9}', mine: '{"rate":1}' }],
    });
    expect((await expire()).out).toMatch(/now +\{"rate":9\}[^]*hint: .*override set \/a --rate N --permanent/);
    expect(await state.lab.document()).toBe('{"/a":{"rate":9}}');
    await change('set', '/a', '--rate', '9', '--permanent');
    expect(await expire()).toMatchObject({ code: 0 });
  });

  test('with --dry-run shows it, and leaves nothing, no heartbeat either', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h');
    await overdue('/a');
    const before = [await state.lab.document(), await state.lab.redis.cli('GET', labMetadataKey), reloads()];
    const ran = await expire('--dry-run', '--read-only');
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^- \/a$[^]*nothing has been written/m);
    expect([await state.lab.document(), await state.lab.redis.cli('GET', labMetadataKey), reloads()]).toEqual(before);
    expect(await heartbeat()).toBeNull();
    expect(await expire('--read-only')).toMatchObject({ code: 6 });
  });

  test('asks nobody on a protected environment, and wants neither reason nor end', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h');
    await overdue('/a');
    const config = await as({ protected: true, require: ['reason', 'ticket', 'end'] });
    expect(await run(['--config', config, 'override', 'expire'])).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe('{}');
  });

  test('makes up for a reload that a run before it did not come to, once', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h');
    await overdue('/a');
    expect(await expire('--no-reload')).toMatchObject({ code: 0 });
    const before = reloads();
    const ran = await expire('--json');
    expect(jsonOf(ran.out)).toMatchObject({ change: null, madeUpFor: { proof: { verdict: 'proven' } } });
    const after = reloads();
    expect(after).toBeGreaterThan(before);
    expect(jsonOf((await expire('--json')).out)).toMatchObject({ madeUpFor: null });
    expect(reloads()).toBe(after);
  });

  test('writes nothing where the reload could not be sent', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h');
    await overdue('/a');
    const config = await as({ api: 'http://127.0.0.1:1' });
    expect((await run(['--config', config, 'override', 'expire', '--timeout', '2s'])).code).toBe(7);
    expect(await state.lab.document()).toBe('{"/a":{"rate":5}}');
  });

  test('a user who may not leave the heartbeat applies the end, and is told', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h');
    await overdue('/a');
    const { redis } = state.lab;
    await redis.cli(
      'ACL',
      'SETUSER',
      'few',
      'on',
      '>pw',
      '+@all',
      `~${labKey}`,
      `~{${labKey}}:history`,
      `~${labMetadataKey}`,
    );
    const config = await as({ redis: `redis://few:pw@127.0.0.1:${redis.port}` });
    const ran = await run(['--config', config, 'override', 'expire', '--json']);
    expect(jsonOf(ran.out)).toMatchObject({ ended: [{ route: '/a' }], heartbeat: { isLeft: false } });
    expect(ran.code).toBe(0);
  });
});

/** Runs the loop inside this process until `act` is done with it. */
async function watching(args: readonly string[], act: (out: () => string) => Promise<void>, options: MainOptions = {}) {
  const held = {} as { host: MemoryHost };
  const ended = run(['override', 'expire', '--watch', '--every', '1s', ...args], {
    ...options,
    onHost: (host) => {
      held.host = host;
    },
  });
  try {
    await act(() => held.host.out);
  } finally {
    held.host.signal('SIGTERM');
  }
  return ended;
}
async function shown(out: () => string, text: string): Promise<void> {
  await expect.poll(out, { timeout: 20_000, interval: 20 }).toContain(text);
}
const eventsIn = (text: string): JsonObject[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => jsonOf(line));

describe('override expire --watch', () => {
  test('tells what it does, a line of JSON each, in a pipe; ends cleanly', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h');
    const ran = await watching([], async (out) => {
      await shown(out, '"next"');
      await overdue('/a');
      await shown(out, '"expired"');
    });
    expect(ran).toMatchObject({ code: 0, err: '' });
    const events = eventsIn(ran.out);
    expect(events.map(({ event }) => event)).toEqual(['started', 'next', 'expired', 'next', 'stopped']);
    expect([events[1]?.['next'], events[3]?.['next']]).toEqual([expect.objectContaining({ route: '/a' }), null]);
    expect(events[2]).toMatchObject({
      kind: 'OverrideExpiryEvent',
      environment: 'lab',
      ended: [{ route: '/a', wrote: '{"rate":5}', restored: null }],
      change: { proof: { verdict: 'proven' } },
    });
    expect(await heartbeat()).toMatchObject({ everySeconds: 1 });
    expect(await state.lab.document()).toBe('{}');
  });

  test('on a terminal tells it in words', async () => {
    await change('set', '/a', '--rate', '1');
    await change('set', '/a', '--rate', '5', '--for', '2h');
    await overdue('/a');
    const ran = await watching([], (out) => shown(out, 'ended'), { columns: 120 });
    expect(ran.out).toMatch(/ {2}watching lab, every 1 s; Ctrl-C ends it\n/);
    expect(ran.out).toMatch(/ {2}ended {2}"\/a" {2}\{"rate":5\} → \{"rate":1\} {2}change \S+; proven\n/);
    expect(ran.out).toMatch(/ {2}stopped\n$/);
  });

  test('wakes at the end that it knows of, however seldom it looks, and says what it waits for', async () => {
    await change('set', '/a', '--rate', '5', '--for', '1s', '--no-reload');
    await change('set', '/b', '--rate', '5', '--for', '4s', '--no-reload');
    const ran = await watching(['--every', '1h'], (out) => shown(out, 'nothing else is to end'), { columns: 120 });
    expect(ran.out).toMatch(/ {2}next: "\/b" at 20\S+Z \(in .*\)\n/);
    expect(ran.out).toMatch(/ {2}ended {2}"\/b" /);
    expect(await state.lab.document()).toBe('{}');
  });

  test('a reload that is refused again and again is told once, as what it is', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h', '--no-reload');
    await overdue('/a');
    expect(await expire('--no-reload')).toMatchObject({ code: 0 });
    const config = await as({ secret: { file: await state.lab.world.write('wrong', 'another secret') } });
    const ran = await watching(['--config', config], async (out) => {
      await shown(out, '"reload"');
      const first = (await heartbeat())?.['atMs'];
      await expect.poll(async () => (await heartbeat())?.['atMs'], { timeout: 20_000 }).not.toBe(first);
    });
    const events = eventsIn(ran.out).filter(({ event }) => event !== 'next');
    expect(events.map(({ event }) => event)).toEqual(['started', 'reload', 'stopped']);
    expect(events[1]).toMatchObject({ ended: [], madeUpFor: { reloads: [{ outcome: 'refused' }] } });
  });

  test('what it leaves alone is told once', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h');
    await overdue('/a');
    await state.lab.store('{"/a":{"rate":9}}');
    const ran = await watching([], async (out) => {
      await shown(out, '"skipped"');
      const first = (await heartbeat())?.['atMs'];
      await expect.poll(async () => (await heartbeat())?.['atMs'], { timeout: 20_000 }).not.toBe(first);
    });
    expect(eventsIn(ran.out).map(({ event }) => event)).toEqual(['started', 'skipped', 'stopped']);
  });

  test('survives that Redis is away: says so once, goes on, and says that it works again', async () => {
    await change('set', '/a', '--rate', '5', '--for', '2h');
    const proxy = await startFaultProxy(state.lab.redis.port);
    const config = await as({ redis: `redis://127.0.0.1:${proxy.port}` });
    try {
      const ran = await watching(['--config', config, '--timeout', '2s'], async (out) => {
        await shown(out, 'started');
        proxy.inject({ at: 'connect', action: 'reset', times: Infinity });
        proxy.inject({ at: 'reply', action: 'reset', times: Infinity });
        await shown(out, '"failed"');
        await overdue('/a');
        proxy.clear();
        await shown(out, '"expired"');
      });
      expect(ran.code).toBe(0);
      const events = eventsIn(ran.out).filter(({ event }) => event !== 'next');
      expect(events.map(({ event }) => event)).toEqual(['started', 'failed', 'recovered', 'expired', 'stopped']);
      expect(events[1]).toMatchObject({ code: expect.stringMatching(/^REDIS_/) as string });
    } finally {
      await proxy.stop();
    }
  }, 60_000);

  test('bad input ends it at once', async () => {
    expect(await expire('--watch', '--every', '10ms')).toMatchObject({ code: 2 });
    expect(await expire('--watch', '--dry-run')).toMatchObject({ code: 2 });
    const config = await as({ redis: undefined });
    expect((await run(['--config', config, 'override', 'expire', '--watch'])).code).toBe(2);
  });
});

import { spawnSync } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stateFolder } from '../../src/config.js';
import type { MemoryHost } from '../support/memory-host.js';
import { labHistoryKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

/** What `--json` prints of a change of flags, as far as these tests read it. */
interface Shown {
  readonly isNoop: boolean;
  readonly flags: readonly {
    readonly variable: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
  readonly remarks: readonly string[];
  readonly manualSteps: readonly string[];
  readonly proof: { readonly verdict: string; readonly levelReached: string; readonly trap: string | null };
  readonly steps: readonly { readonly name: string; readonly state: string }[];
}

interface Site {
  readonly lab: Lab;
  run(args: readonly string[], environment?: JsonObject, options?: MainOptions): Promise<Ran>;
}

async function openSite(options: Parameters<typeof openLab>[0]): Promise<Site> {
  const lab = await openLab(options);
  return {
    lab,
    run: async (args, environment = {}, more = {}) => {
      const environments = { lab: { ...lab.environment, ...environment } };
      const path = await lab.world.config('site.yaml', { environments });
      return lab.world.main(args, { ...more, env: { RLCTL_CONFIG: path, ...more.env } });
    },
  };
}

const flagsOf = (lab: Lab): ReadonlyMap<string, boolean> => lab.sandbox.workers()[0]?.switches.bucketFlags ?? new Map();
const historyLength = async (lab: Lab): Promise<number> => Number(await lab.redis.cli('XLEN', labHistoryKey));
const linesOf = async (lab: Lab): Promise<readonly string[]> =>
  (await readFile(lab.sandbox.envFile, 'utf8')).split('\n').filter((line) => line.startsWith('RATE_LIMIT_SHADOW_'));

describe.each(['documented', 'deployed'] as const)('shadow through overrides (%s)', (dialect) => {
  const state = {} as { site: Site };
  const run: Site['run'] = (...args) => state.site.run(...args);
  beforeAll(async () => {
    state.site = await openSite({ dialect });
  });
  afterAll(() => state.site.lab.stop());
  beforeEach(() => state.site.lab.reset());

  test('sets every route of a bucket in one change, proves it, and takes it back exactly', async () => {
    const { lab } = state.site;
    const before = '{"/api/payments" : {"rate":3, "x":1}}';
    await lab.store(before);
    const buckets = { financial: { routes: ['/api/payments', '/api/checkout'], alias: ['pay'] } };
    const on = await run(['shadow', 'on', 'pay', '--reason', 'r', '--json'], { buckets });
    expect(on).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(on.out)).toMatchObject({
      command: 'shadow on',
      changes: [{ route: '/api/payments' }, { route: '/api/checkout' }],
      proof: { verdict: 'proven', levelReached: 'loaded' },
    });
    expect(JSON.parse((await lab.document()) ?? '')).toEqual({
      '/api/payments': { rate: 3, x: 1, shadow: true },
      '/api/checkout': { shadow: true },
    });
    // The snapshot of what stood there before, and one change.
    expect(await historyLength(lab)).toBe(2);

    const again = await run(['shadow', 'on', 'financial', '--json'], { buckets });
    expect(jsonOf(again.out)).toMatchObject({ isNoop: true, changeId: null, proof: { verdict: 'proven' } });

    const off = await run(['shadow', 'off', 'financial', '--json'], { buckets });
    expect(off).toMatchObject({ code: 0 });
    expect(jsonOf(off.out)).toMatchObject({
      undoes: jsonOf(on.out)['changeId'],
      proof: { verdict: 'proven' },
      remarks: [expect.stringContaining('as before change'), expect.stringContaining('as before change')],
    });
    expect(await lab.document()).toBe(before);
  });

  test('writes false where no shadow on stands, and says so', async () => {
    const { lab } = state.site;
    const off = await run(['shadow', 'off', '--route', '/api/search', '--json']);
    expect(off).toMatchObject({ code: 0 });
    expect(jsonOf<{ remarks: string[] }>(off.out).remarks.join('\n')).toContain('its shadow is set to false');
    expect(await lab.document()).toBe('{"/api/search":{"shadow":false}}');

    await run(['shadow', 'on', '--route', '/api/search']);
    await run(['override', 'set', '/api/search', '--rate', '9']);
    const changed = await run(['shadow', 'off', '--route', '/api/search', '--json']);
    expect(jsonOf<{ remarks: string[] }>(changed.out).remarks.join('\n')).toContain('its shadow is set to false');
    expect(await lab.document()).toBe('{"/api/search":{"shadow":false,"rate":9}}');
  });

  test('can be undone like any other change', async () => {
    const { lab } = state.site;
    await run(['shadow', 'on', '--route', '/api/a', '--route', '/api/b']);
    expect(await run(['override', 'undo'])).toMatchObject({ code: 0 });
    expect(await lab.document()).toBe('{}');
    const off = await run(['shadow', 'off', '--route', '/api/a', '--dry-run', '--json']);
    expect(jsonOf<{ remarks: string[] }>(off.out).remarks.join('\n')).toContain('set to false');
    expect(await lab.document()).toBe('{}');
  });

  test('not proven, shadow off names the command that brings the shadow back, and takes no older change along', async () => {
    const { lab } = state.site;
    await run(['override', 'set', '/api/keep', '--rate', '41']);
    await run(['shadow', 'on', '--route', '/api/a']);
    const shadowed = await lab.document();
    const wrong = await lab.world.write('wrong', 'not it');
    const off = await run(['shadow', 'off', '--route', '/api/a', '--secret-file', wrong, '--json']);
    expect(off.code).toBe(8);
    const { hint } = jsonOf<{ hint: string }>(off.out);
    const [words = ''] = /override undo --to [0-9a-f]{12} --if-revision [0-9a-f]{12}/.exec(hint) ?? [];
    expect(await run(words.split(' '))).toMatchObject({ code: 0 });
    expect(await lab.document()).toBe(shadowed);
  });

  test('takes a part of a change back, which is then enforced, and then the rest', async () => {
    const { lab } = state.site;
    await run(['shadow', 'on', '--all']);
    expect(Object.keys(JSON.parse((await lab.document()) ?? '') as object)).toEqual(['/api/payments', '/api']);
    const off = await run(['shadow', 'off', 'financial', '--include-others']);
    expect(off.code).toBe(0);
    expect(off.out).toContain('"/api" is still in shadow and would catch "/api/payments"');
    expect(await lab.document()).toBe('{"/api/payments":{"shadow":false},"/api":{"shadow":true}}');
    expect(await run(['shadow', 'off', 'read'])).toMatchObject({ code: 0 });
    expect(await lab.document()).toBe('{"/api/payments":{"shadow":false}}');
  });

  test('does not take routes of another bucket along unless it may', async () => {
    const { lab } = state.site;
    const refused = await run(['shadow', 'on', 'read', '--json']);
    expect(refused.code).toBe(6);
    expect(errorOf(refused)).toMatchObject({
      code: 'SHADOW_REACHES_OTHERS',
      details: { spills: [{ bucket: 'financial', route: '/api/payments', by: '/api' }] },
    });
    expect(await lab.document()).toBeNull();
    const all = ['shadow', 'on', 'read', '--reason', 'r', '--for', '2h', '--confirm', 'lab', '--json'];
    expect(errorOf(await run(all, { protected: true })).hint).toContain(
      'override set /api/payments --no-shadow --reason TEXT --for 2h --confirm lab), or',
    );
    await run(['override', 'set', '/api/payments', '--no-shadow']);
    expect(await run(['shadow', 'on', 'read'])).toMatchObject({ code: 0 });
    await run(['override', 'unset', '/api/payments']);
    const wide = await run(['shadow', 'on', 'read', '--include-others', '--json']);
    expect(wide.code).toBe(0);
  });

  test('does not write a shadow that another entry would hide', async () => {
    const { lab } = state.site;
    const before = '{"/api":{"rate":5},"/api/search":{"rate":6}}';
    await lab.store(before);
    const ran = await run(['shadow', 'on', '--route', '/api/search', '--json']);
    expect(ran.code).toBe(6);
    expect(errorOf(ran)).toMatchObject({
      code: 'ROUTE_HIDDEN',
      hint: expect.stringMatching(/--before \/api$/) as string,
    });
    const all = [
      'shadow',
      'on',
      '--route',
      '/api/search',
      '--reason',
      'r',
      '--for',
      '2h',
      '--confirm',
      'lab',
      '--json',
    ];
    expect(errorOf(await run(all, { protected: true })).hint).toMatch(
      /--before \/api --reason TEXT --for 2h --confirm lab$/,
    );
    expect(await lab.document()).toBe(before);
  });

  test('of a bucket without routes is a usage error; so are no target and two', async () => {
    for (const [args, code] of [
      [['write'], 'BUCKET_WITHOUT_ROUTES'],
      [['nope'], 'UNKNOWN_BUCKET'],
      [[], 'USAGE'],
      [['read', '--all'], 'USAGE'],
    ] as const) {
      const ran = await run(['shadow', 'on', ...args, '--json']);
      expect(ran.code).toBe(2);
      expect(errorOf(ran).code).toBe(code);
    }
  });

  test('on a protected environment wants a reason, an end and its name', async () => {
    const { lab } = state.site;
    const on = ['shadow', 'on', '--route', '/api/search', '--json'];
    expect(errorOf(await run(on, { protected: true })).code).toBe('REASON_MISSING');
    expect(errorOf(await run([...on, '--reason', 'r'], { protected: true })).code).toBe('END_MISSING');
    on.push('--for', '2h');
    expect(errorOf(await run([...on, '--reason', 'r'], { protected: true })).code).toBe('NOT_CONFIRMED');
    expect(await lab.document()).toBeNull();
    expect(await run([...on, '--reason', 'r', '--confirm', 'lab'], { protected: true })).toMatchObject({ code: 0 });
  });

  test('list shows what is stored beside what the server says, and marks a difference', async () => {
    const { lab } = state.site;
    await run(['shadow', 'on', '--route', '/api/payments', '--reason', 'because']);
    await lab.store('{"/api/payments":{"shadow":false},"/api/x":{"rate":1}}');
    const listed = await run(['shadow', 'list', '--json']);
    expect(listed.code).toBe(3);
    expect(jsonOf(listed.out)).toMatchObject({
      findings: [{ code: 'SHADOW_DIFFERS', part: 'shadow' }],
      driver: 'overrides',
      routes: [
        { route: '/api/payments', bucket: 'financial', isShadow: false, serverIsShadow: true, isDifferent: true },
      ],
    });
    expect((await run(['shadow', 'list'])).out).toMatch(/run: rlctl --config \S+ reload/);
  });

  test('list tells what it can where an address or Redis does not answer', async () => {
    const api = [state.site.lab.sandbox.origin, 'http://127.0.0.1:9'];
    const half = await run(['shadow', 'list', '--json'], { api });
    expect(half.code).toBe(3);
    expect(jsonOf(half.out)).toMatchObject({ findings: [{ part: 'http://127.0.0.1:9' }], routes: [] });
    const words = await run(['shadow', 'list'], { api });
    expect(words.out).toMatch(/financial +enforcing/);
    expect(words.out).toContain('✗ 127.0.0.1:9');
    const noRedis = await run(['shadow', 'list', '--timeout', '3s'], { redis: 'redis://127.0.0.1:9' });
    expect(noRedis.code).toBe(3);
    expect(noRedis.out).toContain('which overrides carry a shadow is not known');
    const nothing = await run(['shadow', 'list', '--json', '--timeout', '3s'], {
      api: 'http://127.0.0.1:9',
      redis: 'redis://127.0.0.1:9',
    });
    expect([nothing.code, nothing.out]).toEqual([7, '']);
  });

  test('--all names the buckets without routes, to which nothing happens', async () => {
    const buckets = { financial: { routes: ['/api/payments'] }, write: { alias: ['put'] } };
    const all = await run(['shadow', 'on', '--all', '--dry-run', '--json'], { buckets });
    expect(jsonOf(all.out)).toMatchObject({
      remarks: ['the bucket write has no routes in the configuration: nothing happens to it'],
    });
  });
});

describe('shadow through an env file', () => {
  const state = {} as { site: Site };
  const driver = (): JsonObject => ({ shadowDriver: { 'env-file': state.site.lab.sandbox.envFile } });
  const run = (args: readonly string[], environment: JsonObject = {}, options?: MainOptions): Promise<Ran> =>
    state.site.run(args, { ...driver(), ...environment }, options);
  const pristine = { text: '' };
  beforeAll(async () => {
    state.site = await openSite({});
    pristine.text = await readFile(state.site.lab.sandbox.envFile, 'utf8');
  });
  afterAll(() => state.site.lab.stop());
  beforeEach(async () => {
    const { lab } = state.site;
    await writeFile(lab.sandbox.envFile, pristine.text);
    await lab.world.write(join(lab.world.stateHome, 'rlctl/state.json'), '{}');
    await rm(join(lab.world.stateHome, 'rlctl/flips'), { recursive: true, force: true });
    await lab.reset();
  });

  test.each(['overrides', 'flags'])('of a bucket, by %s, is not proven while an override of it blocks', async (way) => {
    const site = {
      buckets: { read: { routes: ['/api'] } },
      ...(way === 'overrides' ? { shadowDriver: way } : driver()),
    };
    const said = 'so what it catches goes on being blocked';
    const cure = /put it into shadow as well: rlctl --config \S+ shadow on --route \/api\/search/;
    await run(['override', 'set', '/api/search', '--no-shadow'], site);
    const dry = await run(['shadow', 'on', 'read', '--dry-run', '--json'], site);
    expect(dry.code).toBe(0);
    const { remarks } = jsonOf<Shown>(dry.out);
    expect(remarks).toEqual([expect.stringContaining(said)]);
    expect(remarks[0]).toMatch(cure);
    const on = await run(['shadow', 'on', 'read', '--json'], site);
    expect(on.code).toBe(8);
    const { proof } = jsonOf<{ proof: JsonObject }>(on.out);
    expect(proof).toMatchObject({ verdict: 'notProven', diagnosis: expect.stringContaining(said) });
    expect(proof['diagnosis']).toMatch(cure);
    expect((await run(['status'], site)).out).toMatch(/last reload .* \(shadow on.*, not proven\)/);
    // No more than that was asked for; and then nothing stands against it.
    expect(await run(['shadow', 'on', 'read', '--require', 'loaded'], site)).toMatchObject({ code: 0 });
    expect(await run(['shadow', 'on', '--route', '/api/search'], site)).toMatchObject({ code: 0 });
    expect(await run(['shadow', 'on', 'read'], site)).toMatchObject({ code: 0 });
    expect(await run(['shadow', 'off', 'read'], site)).toMatchObject({ code: 0 });
  });

  test('appends the line, reloads, proves it by the answer, and takes it away again', async () => {
    const { lab } = state.site;
    const on = await run(['shadow', 'on', 'pay', '--reason', 'r', '--json']);
    expect(on).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(on.out)).toMatchObject({
      kind: 'ShadowChange',
      driver: 'env-file',
      flags: [{ bucket: 'financial', variable: 'RATE_LIMIT_SHADOW_FINANCIAL', before: null, after: 'true' }],
      proof: { verdict: 'proven', levelReached: 'loaded', trap: null },
      manualSteps: [],
    });
    expect(flagsOf(lab).get('financial')).toBe(true);
    expect(jsonOf<Shown>((await run(['shadow', 'on', 'financial', '--json'])).out)).toMatchObject({ isNoop: true });

    const off = await run(['shadow', 'off', 'financial', '--json']);
    expect(jsonOf<Shown>(off.out)).toMatchObject({ flags: [{ after: null }], proof: { verdict: 'proven' } });
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(pristine.text);
    expect(flagsOf(lab).has('financial')).toBe(false);
  });

  test('restores the very text that stood there, and does nothing more where it is off', async () => {
    const { lab } = state.site;
    await writeFile(lab.sandbox.envFile, `${pristine.text}export RATE_LIMIT_SHADOW_READ="0" # never\r\n`);
    await chmod(lab.sandbox.envFile, 0o640);
    const before = await readFile(lab.sandbox.envFile, 'utf8');
    await run(['shadow', 'on', 'read']);
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(before.replace('"0"', '"true"'));
    await run(['shadow', 'off', 'read']);
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(before);
    expect((await lstat(lab.sandbox.envFile)).mode & 0o777).toBe(0o640);

    const off = await run(['shadow', 'off', 'read', '--json']);
    expect(jsonOf<Shown>(off.out)).toMatchObject({ isNoop: true });
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(before);
  });

  test.each([
    ['off', ''],
    ['off', 'RATE_LIMIT_SHADOW_READ=false\n'],
    ['on', 'RATE_LIMIT_SHADOW_READ=true\n'],
  ])('%s where it is so already (%j) neither writes nor reloads', async (verb, line) => {
    const { lab } = state.site;
    const text = `${pristine.text}${line}`;
    await writeFile(lab.sandbox.envFile, text);
    await lab.reset();
    const reloads = (): number => lab.sandbox.workers()[0]?.reloads ?? 0;
    const before = reloads();
    const ran = await run(['shadow', verb, 'read']);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('RATE_LIMIT_SHADOW_READ is already as wanted');
    expect(ran.out).toContain('no reload was sent');
    expect([await readFile(lab.sandbox.envFile, 'utf8'), reloads()]).toEqual([text, before]);
    // Whoever asks for more than that gets it.
    expect((await run(['shadow', verb, 'read', '--require', 'loaded'])).out).toContain('PROVEN');
    expect(reloads()).toBe(before + 1);
  });

  test('off where only the server is not off yet says so, reloads and proves', async () => {
    const { lab } = state.site;
    await run(['shadow', 'on', 'read']);
    await lab.world.write(join(lab.world.stateHome, 'rlctl/state.json'), '{}');
    const text = `${pristine.text}RATE_LIMIT_SHADOW_READ=false\n`;
    await writeFile(lab.sandbox.envFile, text);
    const off = await run(['shadow', 'off', 'read', '--json']);
    expect(off.code).toBe(0);
    expect(jsonOf<Shown>(off.out)).toMatchObject({ isNoop: true, proof: { verdict: 'proven' } });
    expect(jsonOf<Shown>(off.out).remarks.join('\n')).toContain('but the server says that read is in shadow');
    expect([flagsOf(lab).get('read'), await readFile(lab.sandbox.envFile, 'utf8')]).toEqual([false, text]);
  });

  test('off without a reload writes false, because a bucket without a flag may follow global shadow', async () => {
    const { lab } = state.site;
    const off = jsonOf<Shown>((await run(['shadow', 'off', 'read', '--no-reload', '--json'])).out);
    expect(off.remarks.join('\n')).toContain('no "shadow on" that still stands');
    expect(await linesOf(lab)).toEqual(['RATE_LIMIT_SHADOW_READ=false']);
  });

  test('off by a colleague, who has no state of the one who set it, restores what stood there, and once only', async () => {
    const { lab } = state.site;
    const env = { RLCTL_ACTOR: 'bob@host', XDG_STATE_HOME: join(lab.world.root, 'state-of-bob') };
    const text = pristine.text.replace(/^RATE_LIMIT_SHADOW=.*$/m, 'RATE_LIMIT_SHADOW=true');
    await writeFile(lab.sandbox.envFile, text);
    expect((await run(['shadow', 'on', 'read'])).code).toBe(0);
    const off = jsonOf<Shown>((await run(['shadow', 'off', 'read', '--json'], {}, { env })).out);
    expect(off).toMatchObject({ flags: [{ before: 'true', after: null }], proof: { verdict: 'proven' } });
    expect(off.remarks.join('\n')).toContain('as before the change of');
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(text);
    // What the first one remembers of it is over with that.
    await writeFile(lab.sandbox.envFile, `${text}RATE_LIMIT_SHADOW_READ=true\n`);
    const guessed = jsonOf<Shown>((await run(['shadow', 'off', 'read', '--json'])).out);
    expect(guessed.flags).toMatchObject([{ before: 'true', after: 'false' }]);
    expect(guessed.remarks.join('\n')).toContain('it ENFORCES, also where global shadow is on');
  });

  test('does not restore over what somebody wrote since', async () => {
    const { lab } = state.site;
    await run(['shadow', 'on', 'read']);
    await writeFile(lab.sandbox.envFile, `${pristine.text}RATE_LIMIT_SHADOW_READ=TRUE\n`);
    await run(['shadow', 'off', 'read']);
    expect(await linesOf(lab)).toEqual(['RATE_LIMIT_SHADOW_READ=false']);
  });

  test('only the text true is true', async () => {
    const { lab } = state.site;
    await writeFile(lab.sandbox.envFile, `${pristine.text}RATE_LIMIT_SHADOW_READ=True\n`);
    await run(['shadow', 'on', 'read', '--no-reload']);
    expect(await linesOf(lab)).toEqual(['RATE_LIMIT_SHADOW_READ=true']);
  });

  test('--dry-run shows the line and touches nothing; --no-reload writes and proves nothing', async () => {
    const { lab } = state.site;
    const dry = await run(['shadow', 'on', 'write', '--dry-run']);
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.out).toMatch(/\+ RATE_LIMIT_SHADOW_WRITE=true\nnothing has been changed/);
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(pristine.text);
    expect([...(await lab.world.files()).values()].join('\n')).not.toContain('SHADOW_WRITE');

    const quiet = await run(['shadow', 'on', 'write', '--no-reload', '--json']);
    expect(jsonOf<Shown>(quiet.out).proof.verdict).toBe('notAttempted');
    expect([quiet.code, flagsOf(lab).has('write')]).toEqual([0, false]);
  });

  test('--all sets every configured bucket in one write', async () => {
    const { lab } = state.site;
    const on = await run(['shadow', 'on', '--all', '--json']);
    expect(jsonOf<Shown>(on.out)).toMatchObject({ flags: [{}, {}], proof: { verdict: 'proven' } });
    expect(jsonOf<Shown>(on.out).remarks.join('\n')).toContain('global shadow does not reach');
    expect(await linesOf(lab)).toEqual(['RATE_LIMIT_SHADOW_READ=true', 'RATE_LIMIT_SHADOW_FINANCIAL=true']);
    await run(['shadow', 'off', '--all']);
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(pristine.text);
  });

  test('routes go through overrides all the same', async () => {
    const { lab } = state.site;
    const on = await run(['shadow', 'on', '--route', '/api/search', '--json']);
    expect(jsonOf(on.out)).toMatchObject({ kind: 'OverrideChange', command: 'shadow on' });
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(pristine.text);
    expect(await lab.document()).toBe('{"/api/search":{"shadow":true}}');
  });

  test('a probe shows enforcement; without one it is not proven where it is asked for', async () => {
    const { lab } = state.site;
    const probe = `${lab.sandbox.origin}/api/payments`;
    const on = await run(['shadow', 'on', 'financial', '--probe', probe, '--json']);
    expect(jsonOf<Shown>(on.out).proof).toMatchObject({ verdict: 'proven', levelReached: 'enforced' });
    const none = await run(['shadow', 'on', 'financial', '--require', 'enforced', '--json']);
    expect(none.code).toBe(8);
    expect(jsonOf<Shown>(none.out).proof).toMatchObject({ verdict: 'notProven', levelReached: 'loaded' });
  });

  test('a reload that is refused after the write is 8, and the file says what was done', async () => {
    const { lab } = state.site;
    const other = await lab.world.write('other-secret', 'not the secret');
    const ran = await run(['shadow', 'on', 'read', '--json'], { secret: { file: other } });
    expect(ran.code).toBe(8);
    expect(jsonOf<Shown>(ran.out)).toMatchObject({
      steps: [{ name: 'write', state: 'done' }, { name: 'reload', state: 'failed' }, { name: 'verify' }],
      proof: { verdict: 'notProven' },
    });
    expect(await linesOf(lab)).toEqual(['RATE_LIMIT_SHADOW_READ=true']);
  });

  test('nothing is written where a reload would cost every override, or no server answers', async () => {
    const { lab } = state.site;
    await lab.store('{broken');
    const broken = await run(['shadow', 'on', 'read', '--json']);
    expect([broken.code, errorOf(broken).code]).toEqual([6, 'DOCUMENT_CORRUPT']);
    await lab.reset();
    const noRedis = await run(['shadow', 'on', 'read', '--json', '--timeout', '3s'], { redis: 'redis://127.0.0.1:9' });
    expect([noRedis.code, errorOf(noRedis).hint]).toEqual([
      7,
      expect.stringMatching(/; --no-reload sets the flag alone\.$/),
    ]);
    const neither = await run(['shadow', 'on', 'read', '--json', '--timeout', '3s'], {
      redis: 'redis://127.0.0.1:9',
      api: 'http://127.0.0.1:9',
    });
    expect(errorOf(neither).code).toBe('REDIS_UNREACHABLE');
    const away = await run(['shadow', 'on', 'read', '--json'], { api: 'http://127.0.0.1:9' });
    expect(away.code).toBe(7);
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(pristine.text);
    expect(await run(['shadow', 'on', 'read', '--no-reload'], { api: 'http://127.0.0.1:9' })).toMatchObject({
      code: 0,
    });
  });

  test('works without a Redis', async () => {
    const ran = await run(['shadow', 'on', 'read'], { redis: undefined, namespace: undefined });
    expect(ran).toMatchObject({ code: 0 });
    expect(await run(['shadow', 'list'], { redis: undefined })).toMatchObject({ code: 0 });
  });

  test('is refused through a symbolic link, a missing file, and where somebody else is editing', async () => {
    const { lab } = state.site;
    const alias = join(lab.world.cwd, 'alias.env');
    await symlink(lab.sandbox.envFile, alias);
    const through = (path: string) => run(['shadow', 'on', 'read', '--json'], { shadowDriver: { 'env-file': path } });
    expect(await through(alias)).toMatchObject({ code: 6, err: expect.stringContaining('ENV_FILE_UNSAFE') as string });
    expect(await through('missing.env')).toMatchObject({
      code: 2,
      err: expect.stringContaining('ENV_FILE_MISSING') as string,
    });
    const text = await lab.world.write('own.env', 'A=1\n');
    await lab.world.write('.own.env.rlctl-tmp', '');
    expect(await through(text)).toMatchObject({ code: 5, err: expect.stringContaining('ENV_FILE_LOCKED') as string });
    expect(await readFile(text, 'utf8')).toBe('A=1\n');
  });

  test('is not held up by what a process left of this user and machine that died', async () => {
    const { lab } = state.site;
    const path = await lab.world.write('left.env', 'A=1\n');
    const { dev, ino, birthtimeNs } = await stat(await lab.world.write('.left.env.rlctl-tmp', 'half'), {
      bigint: true,
    });
    const name = Buffer.from(`env-file ${dev} ${ino} ${birthtimeNs}`).toString('hex');
    const trace = join(stateFolder(lab.world.env), 'leases', `${name}.pid`);
    await mkdir(dirname(trace), { recursive: true });
    const through = () => run(['shadow', 'on', 'read', '--no-reload'], { shadowDriver: { 'env-file': path } });
    const ended = spawnSync('true').pid;
    for (const [pid, code] of [
      [process.pid, 5],
      [ended, 0],
    ]) {
      await writeFile(trace, `${pid} ${hostname()}\n`, { mode: 0o600 });
      expect(await through()).toMatchObject({ code });
    }
    expect(await readFile(path, 'utf8')).toBe('A=1\nRATE_LIMIT_SHADOW_READ=true\n');
    expect(await readdir(dirname(trace))).toEqual([]);
  });

  test('is refused for a project file nobody vouched for, --if-revision, and --read-only', async () => {
    const { lab } = state.site;
    const environments = { lab: { ...lab.environment, ...driver() } };
    await lab.world.config('rlctl.yaml', { environments });
    const untrusted = await lab.world.main(['shadow', 'on', 'read', '--no-reload', '--json'], {
      env: { RLCTL_CONFIG: undefined },
    });
    expect([untrusted.code, errorOf(untrusted).code]).toEqual([6, 'CONFIG_UNTRUSTED']);
    expect((await run(['shadow', 'on', 'read', '--if-revision', 'none'])).code).toBe(2);
    expect((await run(['shadow', 'on', 'read', '--read-only'])).code).toBe(6);
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(pristine.text);
  });

  test('on a protected environment wants a reason and its name', async () => {
    const { lab } = state.site;
    const on = ['shadow', 'on', 'read', '--json'];
    expect(errorOf(await run(on, { protected: true })).code).toBe('REASON_MISSING');
    expect(errorOf(await run([...on, '--reason', 'r'], { protected: true })).code).toBe('NOT_CONFIRMED');
    expect(await readFile(lab.sandbox.envFile, 'utf8')).toBe(pristine.text);
    expect(await run([...on, '--reason', 'r', '--confirm', 'lab'], { protected: true })).toMatchObject({ code: 0 });
  });

  test('a flag cannot end by itself, and says what can', async () => {
    for (const end of [
      ['--for', '2h'],
      ['--until', '2999-01-01T00:00:00Z'],
    ]) {
      const ran = await run(['shadow', 'on', 'read', ...end, '--json']);
      expect([ran.code, errorOf(ran).code]).toEqual([2, 'FLAG_WITHOUT_END']);
      expect(errorOf(ran).hint).toContain('shadow on --route PREFIX --for 2h');
    }
    expect(await readFile(state.site.lab.sandbox.envFile, 'utf8')).toBe(pristine.text);
  });

  test('list shows the file, the server, and who set it', async () => {
    await run(['shadow', 'on', 'read', '--reason', 'load test', '--ticket', 'T-1', '--no-reload']);
    const listed = jsonOf<{ buckets: readonly JsonObject[] }>((await run(['shadow', 'list', '--json'])).out);
    expect(listed.buckets[0]).toMatchObject({
      bucket: 'read',
      isShadow: false,
      file: { raw: 'true', isShadow: true },
      record: { actor: 'tester@test', reason: 'load test', ticket: 'T-1', before: null },
      isDifferent: true,
    });
    const { out } = await run(['shadow', 'list']);
    expect(out).toMatch(/read +enforcing +true .*by tester@test: load test \[T-1\]/);
    expect(out).toContain('global shadow (RATE_LIMIT_SHADOW) does not reach buckets with a flag of their own');
  });
});

describe('shadow through a program', () => {
  const state = {} as { site: Site; script: string };
  // The platform's own tool, in small: it sets one variable of one file.
  const source = `
    const { readFileSync, writeFileSync } = require('node:fs');
    const [file, variable, value, mode] = process.argv.slice(2);
    if (mode === 'fail') { console.error('no such app\\u001b[31m'); process.exit(3); }
    if (mode === 'fail-' + variable) process.exit(4);
    const lines = readFileSync(file, 'utf8').split('\\n').filter((line) => line && !line.startsWith(variable + '='));
    writeFileSync(file, [...lines, variable + '=' + value, ''].join('\\n'));
    if (mode === 'hang' || mode === 'hang-' + variable) setInterval(() => {}, 1000);`;
  const run = (args: readonly string[], mode = 'set', more: JsonObject = {}): Promise<Ran> => {
    const { envFile } = state.site.lab.sandbox;
    const exec = [process.execPath, state.script, envFile, '{variable}', '{value}', mode];
    return state.site.run(args, { shadowDriver: { exec }, ...more });
  };
  beforeAll(async () => {
    state.site = await openSite({});
    state.script = await state.site.lab.world.write('platform.cjs', source);
  });
  afterAll(() => state.site.lab.stop());
  beforeEach(async () => {
    const { lab } = state.site;
    const text = await readFile(lab.sandbox.envFile, 'utf8');
    await writeFile(lab.sandbox.envFile, text.replaceAll(/^RATE_LIMIT_SHADOW_.*\n/gm, ''));
    for (const kept of ['state.json', 'flips'])
      await rm(join(lab.world.stateHome, 'rlctl', kept), { recursive: true, force: true });
    await lab.reset();
  });

  test('runs it once for each bucket, and proves by the answer of the reload', async () => {
    const { lab } = state.site;
    const on = await run(['shadow', 'on', '--all', '--json']);
    expect(on).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(on.out)).toMatchObject({
      driver: 'exec',
      flags: [
        { variable: 'RATE_LIMIT_SHADOW_READ', before: 'false', after: 'true' },
        { variable: 'RATE_LIMIT_SHADOW_FINANCIAL', before: 'false', after: 'true' },
      ],
      steps: [{ name: 'run' }, { name: 'run' }, { name: 'reload' }, { name: 'verify', state: 'done' }],
      proof: { verdict: 'proven' },
    });
    expect(flagsOf(lab).get('financial')).toBe(true);
    const off = await run(['shadow', 'off', 'financial', '--json']);
    expect(jsonOf<Shown>(off.out).remarks.join('\n')).toContain('is as before the change');
    expect(flagsOf(lab).get('financial')).toBe(false);
    const more = await run(['shadow', 'off', 'financial', '--json']);
    expect(jsonOf<Shown>(more.out)).toMatchObject({ isNoop: true, proof: { verdict: 'notAttempted' } });
    expect(more.out).toContain('was not run for financial');
    const waived = await run(['shadow', 'off', 'financial', '--no-reload', '--json']);
    expect(jsonOf<Shown>(waived.out).remarks.join('\n')).toContain('no "shadow on" that still stands');
  });

  test('--dry-run prints its words and does not run it', async () => {
    const before = await readFile(state.site.lab.sandbox.envFile, 'utf8');
    const dry = await run(['shadow', 'on', 'pay', '--dry-run']);
    expect(dry.out).toContain('RATE_LIMIT_SHADOW_FINANCIAL true');
    expect(await readFile(state.site.lab.sandbox.envFile, 'utf8')).toBe(before);
  });

  test('that fails is 4 with its words, and no reload is sent', async () => {
    const reloads = (): number => state.site.lab.sandbox.workers()[0]?.reloads ?? 0;
    const before = reloads();
    const ran = await run(['shadow', 'on', 'read', '--json'], 'fail');
    expect(ran.code).toBe(4);
    expect(errorOf(ran)).toMatchObject({
      code: 'PROGRAM_FAILED',
      message: expect.stringContaining('no such app') as string,
    });
    expect(ran.err).not.toContain('\u001b');
    expect(reloads()).toBe(before);
  });

  test('that fails is shown as it can be run by hand: a hostile name stays one word', async () => {
    const name = "$(touch pwned); '";
    const exec = [process.execPath, '-e', 'process.exit(5)', '{bucket}', '{value}'];
    const ran = await state.site.run(['shadow', 'on', name, '--json'], {
      shadowDriver: { exec },
      buckets: { [name]: {} },
    });
    expect(errorOf(ran).hint).toContain(String.raw` -e 'process.exit(5)' '$(touch pwned); '\''' true`);
  });

  test('that fails after another bucket was set is a failed step of an unproven change', async () => {
    const ran = await run(['shadow', 'on', '--all', '--json'], 'fail-RATE_LIMIT_SHADOW_FINANCIAL');
    expect(ran.code).toBe(8);
    expect(jsonOf<Shown>(ran.out).steps.slice(0, 2)).toMatchObject([
      { name: 'run', state: 'done' },
      { name: 'run', state: 'failed' },
    ]);
  });

  test('that does not end is ended, and nobody can tell what it did', async () => {
    const ran = await run(['shadow', 'on', 'read', '--json', '--timeout', '3s'], 'hang');
    expect(ran.code).toBe(9);
    expect(errorOf(ran)).toMatchObject({
      code: 'PROGRAM_TIMEOUT',
      hint: expect.stringContaining('shadow list') as string,
    });
  });

  test('that does not end after another one did is told with what was done before', async () => {
    const ran = await run(['shadow', 'on', '--all', '--json', '--timeout', '2s'], 'hang-RATE_LIMIT_SHADOW_FINANCIAL');
    expect(ran.code).toBe(9);
    expect(errorOf(ran)).toMatchObject({
      code: 'PROGRAM_TIMEOUT',
      message: expect.stringMatching(
        /for financial .* \(1 flag was set before it\), and no reload was sent$/,
      ) as string,
    });
  });

  test('that is interrupted is ended, and it is said that it may have changed the flag', async () => {
    const { lab } = state.site;
    await run(['shadow', 'off', 'read']);
    const exec = [process.execPath, state.script, lab.sandbox.envFile, '{variable}', '{value}', 'hang'];
    const hosts: MemoryHost[] = [];
    const onHost = (host: MemoryHost): void => void hosts.push(host);
    const running = state.site.run(['shadow', 'on', 'read', '--json'], { shadowDriver: { exec } }, { onHost });
    while (!(await linesOf(lab)).includes('RATE_LIMIT_SHADOW_READ=true'))
      await new Promise((resolve) => setTimeout(resolve, 10));
    hosts[0]?.signal('SIGINT');
    const ran = await running;
    expect(ran.code).toBe(130);
    expect(errorOf(ran)).toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining('may have changed the flag') as string,
    });
  });

  test('that is missing, or that cannot know the value, is a usage error', async () => {
    for (const [exec, code] of [
      [['/no/such/program', '{value}'], 'PROGRAM_NOT_STARTED'],
      [[process.execPath, '{variable}'], 'PROGRAM_WITHOUT_VALUE'],
    ] as const) {
      const ran = await run(['shadow', 'on', 'read', '--json'], 'set', { shadowDriver: { exec } });
      expect([ran.code, errorOf(ran).code]).toEqual([2, code]);
    }
  });
});

describe('flags of a deployed server', () => {
  const state = {} as { site: Site };
  beforeAll(async () => {
    state.site = await openSite({ dialect: 'deployed' });
  });
  afterAll(() => state.site.lab.stop());
  const run = (args: readonly string[]): Promise<Ran> =>
    state.site.run(args, { shadowDriver: { 'env-file': state.site.lab.sandbox.envFile } });

  test('do not change without a restart: 8, the trap by name, and the steps', async () => {
    const { lab } = state.site;
    const ran = await run(['shadow', 'on', 'auth', '--json']);
    expect(ran.code).toBe(8);
    const shown = jsonOf<Shown>(ran.out);
    expect(shown.proof).toMatchObject({ verdict: 'contradicted', trap: 'flagNeedsRestart' });
    expect(shown.flags).toMatchObject([{ variable: 'RATE_LIMIT_SHADOW_AUTH', before: 'false', after: 'true' }]);
    expect(shown.manualSteps.join('\n')).toMatch(
      /RATE_LIMIT_SHADOW_AUTH=true[^]*systemctl restart[^]*rlctl -e lab --config \S+ reload/,
    );
    expect(await linesOf(lab)).toContain('RATE_LIMIT_SHADOW_AUTH=true');
    const text = (await run(['shadow', 'on', 'auth_bootstrap'])).out;
    expect(text).toContain('to do by hand:');
    expect(text).toContain('global shadow is on; it does not reach buckets that have a flag of their own');

    const listed = jsonOf<{ buckets: readonly JsonObject[] }>((await run(['shadow', 'list', '--json'])).out);
    expect(listed.buckets.find(({ bucket }) => bucket === 'auth')).toMatchObject({
      isShadow: false,
      isDifferent: true,
      servers: [{ serverName: 'auth_bootstrap' }],
    });
  });

  test('show as a finding until they are taken back', async () => {
    const listed = await run(['shadow', 'list']);
    expect(listed.code).toBe(3);
    expect(listed.out).toContain('auth: the file says RATE_LIMIT_SHADOW_AUTH=true, the server says enforcing');
  });

  test('can be taken back, which the server proves, and does not show that flags move', async () => {
    const off = await run(['shadow', 'off', 'auth', '--json']);
    expect(off.code).toBe(0);
    expect(jsonOf(off.out)).toMatchObject({
      proof: {
        verdict: 'proven',
        diagnosis:
          'the server says that auth is enforcing, as it said before: this does not show that flags move without a restart',
      },
    });
    expect((await run(['shadow', 'list'])).code).toBe(0);
    expect(jsonOf<Shown>(off.out).flags).toMatchObject([{ before: 'true', after: 'false' }]);
  });
});

describe('flags of several workers', () => {
  test('are reloaded until every one has them', async () => {
    const site = await openSite({ workers: 4 });
    try {
      const shadowDriver = { 'env-file': site.lab.sandbox.envFile };
      const on = await site.run(['shadow', 'on', 'financial', '--json'], { shadowDriver });
      expect(jsonOf<Shown>(on.out).proof).toMatchObject({
        verdict: 'proven',
        confidence: expect.closeTo(1, 3) as number,
      });
      expect(site.lab.sandbox.workers().map(({ switches }) => switches.bucketFlags.get('financial'))).toEqual([
        true,
        true,
        true,
        true,
      ]);
      const unknown = await site.run(['shadow', 'off', 'financial', '--json'], { shadowDriver, workers: undefined });
      expect(jsonOf<Shown>(unknown.out).proof.verdict).toBe('proven');
      expect(site.lab.sandbox.workers().some(({ switches }) => switches.bucketFlags.has('financial'))).toBe(false);
    } finally {
      await site.lab.stop();
    }
  });

  test('of which one keeps what it had are contradicted', async () => {
    const site = await openSite({ workers: 2, behaviour: { staleWorkers: [1] } });
    try {
      const shadowDriver = { 'env-file': site.lab.sandbox.envFile };
      const on = await site.run(['shadow', 'on', 'financial', '--json'], { shadowDriver });
      expect(on.code).toBe(8);
      expect(jsonOf<Shown>(on.out).proof).toMatchObject({ verdict: 'contradicted', trap: 'staleWorkers' });
    } finally {
      await site.lab.stop();
    }
  });

  test('behind an override for every route cannot be seen, and that is said', async () => {
    const site = await openSite({ workers: 2 });
    try {
      await site.lab.store('{"/":{"shadow":false}}');
      const shadowDriver = { 'env-file': site.lab.sandbox.envFile };
      const on = await site.run(['shadow', 'on', 'financial', '--json'], { shadowDriver });
      expect(on.code).toBe(8);
      expect(jsonOf<Shown>(on.out).proof.verdict).toBe('notProven');
      expect(on.out).toContain('catches every route');
    } finally {
      await site.lab.stop();
    }
  });
});

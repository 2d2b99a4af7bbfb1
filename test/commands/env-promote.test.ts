import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { labHistoryKey, labKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

// From a server of the documented dialect to one that reads overrides as deployed ones do.
const state = {} as { preview: Lab; prod: Lab };
beforeAll(async () => {
  [state.preview, state.prod] = await Promise.all([
    openLab({ dialect: 'documented', behaviour: { siteMode: 'preview' } }),
    openLab({ dialect: 'deployed', behaviour: { siteMode: 'prod' } }),
  ]);
});
afterAll(() => Promise.all([state.preview.stop(), state.prod.stop()]));
beforeEach(async () => {
  const { preview, prod } = state;
  await Promise.all([preview.reset(), prod.reset()]);
  // Or a Redis that was emptied after a reload from here would be guarded.
  await rm(join(preview.world.stateHome, 'rlctl'), { recursive: true, force: true });
});

/** Runs a command line; `more` is what the target's environment says beside its addresses. */
async function run(args: readonly string[], more: JsonObject = {}, options: MainOptions = {}): Promise<Ran> {
  const { preview, prod } = state;
  const environments = { preview: preview.environment, prod: { ...prod.environment, ...more } };
  const config = await preview.world.config('pair.yaml', { environments });
  return preview.world.main(args, { ...options, env: { RLCTL_CONFIG: config, ...options.env } });
}

const promote = (args: readonly string[] = [], more: JsonObject = {}): Promise<Ran> =>
  run(['env', 'promote', 'preview', 'prod', ...args], more);
const historyLength = (): Promise<string> => state.prod.redis.cli('XLEN', labHistoryKey);

const here = '{"/api/search":{"rate":120,"burst":20},"/api":{"rate":600},"/b":{"rate":2,"shadow":true}}';
const there = '{ "/b": {"rate": 2, "shadow": true}, "/pay": {"rate": 3}, "/api": {"rate": 600} }';

describe('a promotion', () => {
  test('sets what is wanted in its order, keeps the rest, is proven, and undone as one to the byte', async () => {
    await state.preview.store(here);
    await state.prod.store(there);
    const ran = await promote(['--reason', 'proved in preview', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({
      command: 'env promote preview prod',
      proof: { verdict: 'proven' },
      remarks: ['not promoted and left as it is in prod: "/pay"'],
    });
    const keys = Object.keys(jsonOf((await state.prod.document()) ?? ''));
    expect(keys.filter((key) => key !== '/pay')).toEqual(['/api/search', '/api', '/b']);
    expect(keys).toContain('/pay');
    expect(await state.preview.document()).toBe(here);

    const history = jsonOf<{ entries: readonly JsonObject[] }>(
      (await run(['-e', 'prod', 'override', 'history', '--json'])).out,
    );
    expect(history.entries[0]).toMatchObject({ command: 'env promote preview prod', reason: 'proved in preview' });
    expect(history.entries.filter(({ command }) => command !== null)).toHaveLength(1);
    expect((await run(['-e', 'prod', 'override', 'undo'])).code).toBe(0);
    expect(await state.prod.document()).toBe(there);
  });

  test('afterwards both hold the same, and a second one writes nothing', async () => {
    await state.preview.store(here);
    await promote(['--no-reload']);
    const before = await historyLength();
    const again = await promote(['--json']);
    expect(jsonOf(again.out)).toMatchObject({ isNoop: true });
    expect(await historyLength()).toBe(before);
    const diff = jsonOf((await run(['env', 'diff', 'preview', 'prod', '--json'])).out);
    expect(diff['routes']).toEqual([]);
  });

  test('only the named ones, in the source’s order; values that no file could say keep their text', async () => {
    await state.preview.store('{"/a":{"rate":"7","note":[1, 2]},"/b":{"rate":2},"/c":{"rate":3}}');
    expect((await promote(['/c', '/a', '--no-reload'])).code).toBe(0);
    expect(await state.prod.document()).toBe('{"/a":{"rate":"7","note":[1, 2]},"/c":{"rate":3}}');
    expect((await promote(['--except', '/b', '--no-reload'])).code).toBe(0);
    expect(await state.prod.document()).not.toContain('"/b"');
  });

  test('--dry-run shows it, writes nothing and sends nothing', async () => {
    await state.preview.store(here);
    await state.prod.store(there);
    const reloads = state.prod.sandbox.workers()[0]?.reloads;
    const ran = await promote(['--dry-run']);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('+ /api/search');
    expect(ran.out).toContain('nothing has been written');
    expect(await state.prod.document()).toBe(there);
    expect(state.prod.sandbox.workers()[0]?.reloads).toBe(reloads);
  });
});

describe('what is temporary', () => {
  beforeEach(async () => {
    await state.preview.store('{"/stays":{"rate":1}}');
    await run(['-e', 'preview', 'override', 'set', '/ends', '--rate', '5', '--for', '2h', '--no-reload']);
  });

  test('is left out, and said so', async () => {
    const ran = await promote(['--no-reload']);
    expect(ran.code).toBe(0);
    expect(ran.out.replaceAll(/\s+/g, ' ')).toMatch(/"\/ends" is temporary in preview, until \S+Z: left out/);
    expect(await state.prod.document()).toBe('{"/stays":{"rate":1}}');
  });

  test.each([[['--include-temporary']], [['/ends', '/stays']]])(
    'comes along with %j, without its end',
    async (args) => {
      const ran = await promote([...args, '--no-reload', '--json']);
      expect(String(jsonOf(ran.out)['remarks'])).toContain('that end is not taken over');
      expect(await state.prod.document()).toContain('"/ends"');
      const dump = await run(['-e', 'prod', 'override', 'dump', '--json']);
      expect(dump.out).toContain('"until": null');
    },
  );

  test('gets an end of its own with --for', async () => {
    await promote(['/ends', '--for', '1h', '--no-reload']);
    expect((await run(['-e', 'prod', 'override', 'dump'])).out).toMatch(/# until /);
  });

  test('nothing else is there: that is said, and nothing is sent', async () => {
    await state.preview.redis.cli('SET', labKey, '{"/ends":{"rate":5}}');
    expect(errorOf(await promote(['--json']))).toMatchObject({ code: 'NOTHING_TO_PROMOTE', exitCode: 2 });
  });
});

describe('what is refused before anything is written', () => {
  test('a prefix that the source does not have, with the nearest; both here and in --except', async () => {
    await state.preview.store(here);
    const error = errorOf(await promote(['/api/serch', '--json']));
    expect(error).toMatchObject({ code: 'OVERRIDE_MISSING', exitCode: 2 });
    expect(error.message).toMatch(/^preview: /);
    expect(error.hint).toContain('"/api/search"');
    expect(errorOf(await promote(['--except', '/none', '--json']))).toMatchObject({ code: 'OVERRIDE_MISSING' });
    expect((await promote(['/b', '--except', '/b'])).code).toBe(2);
    expect(await state.prod.document()).toBeNull();
  });

  test.each([
    ['{"/a":{"rate":null},"/b":{"rate":2}}', /"\/a" is skipped by the server: /],
    ['{"/a":5,"/b":{"rate":2}}', /"\/a" is skipped by the server: its value is no object/],
  ])('an override that the server skips, unless it is left out: %s', async (stored, message) => {
    await state.preview.store(stored);
    const error = errorOf(await promote(['--json']));
    expect(error).toMatchObject({ code: 'OVERRIDE_UNUSABLE', exitCode: 2 });
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/rlctl -e preview .*override edit.*--except \/a/);
    expect((await promote(['--except', '/a', '--no-reload'])).code).toBe(0);
    expect(await state.prod.document()).toBe('{"/b":{"rate":2}}');
  });

  test('an empty source, one that cannot be read, and --read-only', async () => {
    expect(errorOf(await promote(['--json']))).toMatchObject({ code: 'NOTHING_TO_PROMOTE', exitCode: 2 });
    await state.preview.store('[]');
    const corrupt = errorOf(await promote(['--json']));
    expect(corrupt).toMatchObject({ code: 'DOCUMENT_CORRUPT', exitCode: 6 });
    expect(corrupt.message).toMatch(/^preview: /);
    await state.preview.store(here);
    expect((await promote(['--read-only'])).code).toBe(6);
    expect(await state.prod.document()).toBeNull();
  });
});

describe('the target’s own rules', () => {
  beforeEach(() => state.preview.store(here));

  test('protected: reason, end and confirmation by the target’s name', async () => {
    const protectedProd = { protected: true };
    const bare = errorOf(await promote(['--json'], protectedProd));
    expect(bare).toMatchObject({ code: 'REASON_MISSING', exitCode: 6 });
    expect(bare.hint).toContain('--permanent');
    const why = ['--reason', 'x', '--permanent'];
    expect(errorOf(await promote([...why, '--json'], protectedProd))).toMatchObject({ code: 'NOT_CONFIRMED' });
    expect((await promote([...why, '--confirm', 'preview'], protectedProd)).code).toBe(6);
    expect(await state.prod.document()).toBeNull();
    expect((await promote([...why, '--confirm', 'prod'], protectedProd)).code).toBe(0);
    expect(await state.prod.document()).toBe(here);
  });

  test('a guard, by its command and by its bounds', async () => {
    const denied = { guards: [{ name: 'review', commands: ['env promote'], deny: true }] };
    const error = errorOf(await promote(['--json'], denied));
    expect(error).toMatchObject({ code: 'GUARD_REFUSED', exitCode: 6 });
    expect(error.message).toContain('review');
    const bounded = { guards: [{ name: 'small', routes: ['/api'], rate: { max: 500 } }] };
    expect(errorOf(await promote(['--json'], bounded))).toMatchObject({ code: 'GUARD_REFUSED' });
    expect(await state.prod.document()).toBeNull();
    const past = ['--override-guard', 'small', '--reason', 'measured'];
    expect((await promote(past, bounded)).code).toBe(0);
    expect(await state.prod.document()).toBe(here);
  });

  test('its site mode: a server that is another site gets nothing', async () => {
    const error = errorOf(await promote(['--json'], { siteMode: 'preview' }));
    expect(error).toMatchObject({ code: 'WRONG_SITE_MODE', exitCode: 6 });
    expect(await state.prod.document()).toBeNull();
  });
});

describe('a plan', () => {
  const planPath = (): string => join(state.preview.world.cwd, 'plan.json');
  const apply = (...args: string[]): Promise<Ran> =>
    run(['-e', 'prod', 'override', 'apply', '--plan', 'plan.json', ...args]);
  beforeEach(async () => {
    await state.preview.store(here);
    await state.prod.store(there);
    await promote(['--out', 'plan.json', '--reason', 'proved']);
  });

  test('is made as shown, by the target’s own command, and recorded as the promotion it is', async () => {
    expect(await state.prod.document()).toBe(there);
    expect((await promote(['--out', 'plan.json', '--reason', 'proved'])).out).toMatch(
      /rlctl -e prod .*override apply --plan plan\.json/,
    );
    expect(jsonOf((await apply('--json')).out)).toMatchObject({ command: 'env promote preview prod' });
    expect((await run(['-e', 'prod', 'override', 'history'])).out).toMatch(/env promote preview prod by \S+: proved/);
    expect((await run(['-e', 'prod', 'override', 'undo'])).code).toBe(0);
    expect(await state.prod.document()).toBe(there);
  });

  test('does not fit another environment, nor a document that moved', async () => {
    const elsewhere = await run(['-e', 'preview', 'override', 'apply', '--plan', 'plan.json', '--json']);
    expect(errorOf(elsewhere).code).toBe('PLAN_ELSEWHERE');
    await state.prod.store('{}');
    const stale = errorOf(await apply('--json'));
    expect(stale).toMatchObject({ code: 'PLAN_STALE', exitCode: 5 });
    expect(stale.hint).toMatch(/env promote preview prod --out plan\.json/);
  });

  test('is guarded as a promotion, whatever its file says', async () => {
    const guards = [{ name: 'review', commands: ['env promote'], deny: true }];
    const args = ['-e', 'prod', 'override', 'apply', '--plan', 'plan.json', '--json'];
    expect(errorOf(await run(args, { guards })).code).toBe('GUARD_REFUSED');
    const text = await readFile(planPath(), 'utf8');
    await writeFile(planPath(), text.replace('env promote preview prod', 'override undo'));
    expect(errorOf(await run(args, { guards }))).toMatchObject({ code: 'PLAN_ALTERED', exitCode: 6 });
    expect(await state.prod.document()).toBe(there);
  });

  test('takes no flag that only the change itself would heed', async () => {
    expect((await promote(['--out', 'plan.json', '--permanent'])).code).toBe(2);
    expect((await promote(['--out', 'plan.json', '--dry-run'])).code).toBe(2);
  });
});

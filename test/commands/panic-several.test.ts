import { readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Dialect } from '../../src/sandbox/behaviour.js';
import { labHistoryKey, labKey, labMetadataKey, openLab, type Lab } from '../support/lab.js';
import { startWebhook } from '../support/receivers.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

// Several panics at once, and panics that somebody else undid: what each stands on, and what closes it.

interface Listed {
  readonly panicId: string;
  readonly command: string;
  readonly state: string;
  readonly isOpen: boolean;
  readonly standsOn: readonly string[];
}

const buckets = {
  read: { routes: ['/api/search'] },
  financial: { routes: ['/api/payments', '/api/checkout'], alias: ['pay'] },
};
const alice: MainOptions = { env: { RLCTL_ACTOR: 'alice@other' } };

interface Site {
  readonly lab: Lab;
  readonly run: (args: readonly string[], options?: MainOptions, environment?: JsonObject) => Promise<Ran>;
  /** The id of the panic that this command declares. */
  readonly panic: (what: readonly string[], options?: MainOptions) => Promise<string>;
  readonly list: () => Promise<readonly Listed[]>;
  readonly open: () => Promise<readonly string[]>;
}

async function openSite(dialect: Dialect, environment: (lab: Lab) => JsonObject = () => ({})): Promise<Site> {
  const lab = await openLab({ dialect });
  const run: Site['run'] = async (args, options = {}, more = {}) => {
    const entry = { ...lab.environment, buckets, ...environment(lab), ...more };
    const path = await lab.world.config('site.yaml', { environments: { lab: entry } });
    return lab.world.main(args, { ...options, env: { RLCTL_CONFIG: path, ...options.env } });
  };
  const list: Site['list'] = async () =>
    jsonOf<{ panics: readonly Listed[] }>((await run(['panic', 'list', '--all', '--json'])).out).panics;
  return {
    lab,
    run,
    list,
    panic: async (what, options) =>
      jsonOf<{ panicId: string }>((await run(['panic', ...what, '--json'], options)).out).panicId,
    open: async () => (await list()).filter(({ isOpen }) => isOpen).map(({ panicId }) => panicId),
  };
}

const remarksOf = (ran: Ran): string => jsonOf<{ remarks: readonly string[] }>(ran.out).remarks.join('\n');

describe.each(['documented', 'deployed'] as const)('several panics through overrides (%s)', (dialect) => {
  const state = {} as { site: Site };
  beforeAll(async () => {
    state.site = await openSite(dialect);
  });
  afterAll(() => state.site.lab.stop());
  beforeEach(() => state.site.lab.reset());
  const before = '{ "/api/payments" : {"rate":3, "x":1},  "/api/checkout": {"rate":9} }';

  test('one that found all as wanted is listed, and the first one leaves it what it stands on', async () => {
    const { lab, run, panic, list, open } = state.site;
    await lab.store(before);
    const first = await panic(['bucket', 'financial']);
    const stored = await lab.document();
    const acted = await run(['panic', 'route', '/api/payments'], alice);
    expect(acted.code).toBe(0);
    expect(acted.out).toContain('is open. It changed nothing; what it found so stays so until you close it: ');
    const [second = ''] = await open();
    expect((await list())[0]).toMatchObject({ command: 'panic route /api/payments', standsOn: ['/api/payments'] });
    expect((await run(['panic', 'list'])).out).toContain('/api/payments (found so)');

    const dry = await run(['panic', 'restore', first, '--dry-run']);
    const said = `${second} (panic route /api/payments, by alice@other) is open as well and stands on "/api/payments": stays as it is until that one is restored`;
    expect(dry.out.replaceAll(/\s+/g, ' ')).toContain(said);
    expect(await lab.document()).toBe(stored);
    const restored = await run(['panic', 'restore', first, '--json']);
    expect(restored.code).toBe(0);
    expect(jsonOf<{ remarks: readonly string[] }>(restored.out).remarks).toContain(said);
    expect(await lab.document()).toBe(
      '{ "/api/payments" : {"rate":3, "x":1, "shadow":true},  "/api/checkout": {"rate":9} }',
    );
    expect(await open()).toEqual([second]);
    expect((await run(['panic', 'restore'])).code).toBe(0);
    expect(await lab.document()).toBe(before);
    expect(await open()).toEqual([]);
  });

  test('shadow for a while on what a panic holds names that panic: no end of its own ends that', async () => {
    const { lab, run, panic } = state.site;
    await lab.store(before);
    const id = await panic(['bucket', 'financial']);
    const ran = await run(['shadow', 'on', 'financial', '--for', '2h', '--json']);
    expect(ran.code).toBe(0);
    const remarks = remarksOf(ran);
    expect(remarks).toContain('what is wanted is already there without an end, so nothing ends');
    expect(remarks).toContain(
      `panic ${id} (panic bucket financial, by tester@test) is open and holds "/api/payments", "/api/checkout" in shadow, until: rlctl`,
    );
    expect(remarksOf(await run(['shadow', 'on', 'financial', '--json']))).not.toContain('is open and holds');
  });

  test('of two that stand on the very same, the last one puts back what stood before the first', async () => {
    const { lab, run, panic, open } = state.site;
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      await lab.reset();
      await lab.store(before);
      const ids = [await panic(['bucket', 'financial']), await panic(['bucket', 'financial'], alice)];
      expect(new Set(ids).size).toBe(2);
      expect(errorOf(await run(['panic', 'restore', '--json']))).toMatchObject({
        code: 'PANIC_AMBIGUOUS',
        exitCode: 2,
      });
      const stored = await lab.document();
      const one = await run(['panic', 'restore', ids[order[0]] ?? '', '--json']);
      expect(one.code).toBe(0);
      expect(jsonOf(one.out)).toMatchObject({ isNoop: true, changeId: null, proof: null });
      expect(await lab.document()).toBe(stored);
      expect(await open()).toEqual([ids[order[1]]]);
      expect((await run(['panic', 'restore'])).code).toBe(0);
      expect(await lab.document()).toBe(before);
    }
  });

  test('of two that are restored at once, the second puts back what both stand on', async () => {
    const { lab, run, panic, open } = state.site;
    for (const other of [
      ['bucket', 'financial'],
      ['route', '/api/payments'],
    ]) {
      await lab.store(before);
      const ids = [await panic(['bucket', 'financial']), await panic(other, alice)];
      const ends = await Promise.all(ids.map((id) => run(['panic', 'restore', id])));
      expect(ends.map(({ code }) => code)).toEqual([0, 0]);
      expect([await lab.document(), await open()]).toEqual([before, []]);
    }
  });

  test('one that an older panic left something to outlives the incident that it was begun in, and puts that back', async () => {
    const { lab, run, panic, open } = state.site;
    await lab.store('{"/api/payments":{"rate":3,"shadow":false}}');
    const first = await panic(['route', '/api/payments']);
    await run(['incident', 'start', 'payments']);
    const held = await lab.document();
    await lab.store((held ?? '').replace('{', '{"/api/payments/hot":{"rate":9,"shadow":false},'));
    const second = await panic(['route', '/api/payments'], alice);
    expect((await run(['panic', 'restore', first])).code).toBe(0);
    expect((await run(['incident', 'status'])).out).not.toContain('ends with it');
    expect(await run(['incident', 'end', '--restore'])).toMatchObject({ code: 0, err: '' });
    expect([await lab.document(), await open()]).toEqual([held, [second]]);
    expect((await run(['panic', 'restore'])).code).toBe(0);
    expect([await lab.document(), await open()]).toEqual(['{"/api/payments":{"rate":3,"shadow":false}}', []]);
  });

  test('global twice, with one in between that went in front: each can be closed, in any order', async () => {
    const { lab, run, panic, open } = state.site;
    const text = '{"/api/search":{"rate":9},"/api/payments":{"rate":3}}';
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [0, 2, 1],
    ]) {
      await lab.reset();
      await lab.store(text);
      const ids = [await panic(['global']), await panic(['route', '/api/new'], alice), await panic(['global'], alice)];
      for (const [done, pick] of order.entries()) {
        const ran = await run(['panic', 'restore', ids[pick] ?? '', '--json']);
        expect(ran.code).toBe(0);
        const left = order.slice(done + 1);
        expect((await open()).toSorted()).toEqual(left.map((each) => ids[each] ?? '').toSorted());
        expect((await lab.document())?.includes('"":{"shadow":true}')).toBe(left.includes(0) || left.includes(2));
      }
      expect(await lab.document()).toBe(text);
    }
  });

  test('one that somebody changed on purpose is a conflict with its cure, and --leave closes it and changes nothing', async () => {
    const { lab, run, panic, list, open } = state.site;
    const id = await panic(['global']);
    await run(['override', 'set', '', '--rate', '50', '--shadow'], alice);
    await lab.store('{"":{"shadow":true,"rate":50}}');
    const text = await lab.document();
    const refused = await run(['panic', 'restore', id]);
    expect(refused.code).toBe(5);
    expect(refused.err).toContain('"" (every route)');
    expect(refused.err).toMatch(new RegExp(`rlctl .*panic restore ${id} --leave`));
    expect((await run(['panic', 'restore', '--leave', '--dry-run'])).out).toContain(
      `the panic ${id} goes on being open`,
    );
    expect(await open()).toEqual([id]);
    const protectedOne = { protected: true };
    expect(errorOf(await run(['panic', 'restore', id, '--leave', '--json'], {}, protectedOne)).code).toBe(
      'REASON_MISSING',
    );
    const closed = await run(['panic', 'restore', id, '--leave', '--reason', 'wanted so', '--json']);
    expect(closed.code).toBe(0);
    expect(jsonOf(closed.out)).toMatchObject({ kind: 'PanicRestore', panicId: id, isLeft: true, isNoop: true });
    expect(await lab.document()).toBe(text);
    expect(await list()).toMatchObject([{ panicId: id, state: 'left', isOpen: false }]);
    expect((await run(['panic', 'list', '--all'])).out).toMatch(/ left /);
    expect(errorOf(await run(['panic', 'restore', id, '--json']))).toMatchObject({ code: 'PANIC_RESTORED' });
  });

  test('one that was put back in another way is over, and restoring it by its name ends with 0', async () => {
    const { lab, run, panic, open, list } = state.site;
    await lab.store('{"/api/search":{"rate":9}}');
    const id = await panic(['route', '/api/search']);
    await run(['override', 'set', '/api/search', '--no-shadow']);
    expect(await open()).toEqual([]);
    expect(await list()).toMatchObject([{ panicId: id, state: 'over', standsOn: [] }]);
    await lab.store('{"/api/search":{"rate":9}}');
    expect((await run(['panic', 'restore', id])).code).toBe(0);
    expect(await list()).toMatchObject([{ panicId: id, state: 'restored' }]);
  });

  test('one whose effect somebody took out stays over when somebody else sets it again, and takes nothing of that back', async () => {
    const { lab, run, panic, open, list } = state.site;
    await lab.store('{"/api/search":{"rate":9}}');
    const changed = await panic(['route', '/api/search']);
    const found = await panic(['route', '/api/search'], alice);
    expect(await open()).toEqual([found, changed]);
    await run(['override', 'set', '/api/search', '--no-shadow']);
    expect(await open()).toEqual([]);
    await run(['override', 'set', '/api/search', '--shadow', '--reason', 'observe'], alice);
    const text = await lab.document();
    expect(await open()).toEqual([]);
    expect((await list()).map((each) => each.state)).toEqual(['over', 'over']);
    const again = await panic(['route', '/api/search']);
    expect(await open()).toEqual([again]);
    for (const id of [changed, found]) {
      const restored = await run(['panic', 'restore', id, '--json']);
      expect(restored.code).toBe(0);
      const { remarks } = jsonOf<{ remarks: readonly string[] }>(restored.out);
      if (id === changed) expect(remarks.join(' ')).toMatch(/"\/api\/search".*(set again since|is open as well)/);
    }
    expect((await run(['panic', 'restore', again])).code).toBe(0);
    expect(await lab.document()).toBe(text);
  });

  test('of one that stands in part, restoring leaves what somebody took out and set again', async () => {
    const { lab, run, panic, list } = state.site;
    await lab.store('{"/api/payments":{"rate":3},"/api/checkout":{"rate":9}}');
    const id = await panic(['bucket', 'financial']);
    await run(['override', 'set', '/api/payments', '--no-shadow'], alice);
    await run(['override', 'set', '/api/payments', '--shadow'], alice);
    expect(await list()).toMatchObject([{ panicId: id, isOpen: true, standsOn: ['/api/checkout'] }]);
    const restored = await run(['panic', 'restore', '--json']);
    expect(restored.code).toBe(0);
    expect(jsonOf<{ remarks: readonly string[] }>(restored.out).remarks.join(' ')).toContain(
      '"/api/payments": taken out of shadow after this panic and set again since',
    );
    expect(JSON.parse((await lab.document()) ?? '')).toEqual({
      '/api/payments': { rate: 3, shadow: true },
      '/api/checkout': { rate: 9 },
    });
  });

  test('a change that took it out and was taken back counts for nothing', async () => {
    const { run, panic, open } = state.site;
    const id = await panic(['route', '/api/search']);
    await run(['override', 'set', '/api/search', '--no-shadow']);
    expect(await open()).toEqual([]);
    expect((await run(['override', 'undo'])).code).toBe(0);
    expect(await open()).toEqual([id]);
  });

  test('a second one of the same person with another reason is one of its own, with the same reason it is that one', async () => {
    const { panic, open } = state.site;
    const first = await panic(['route', '/api/search', '--reason', 'first']);
    const second = await panic(['route', '/api/search', '--reason', 'second']);
    expect(second).not.toBe(first);
    expect(await panic(['route', '/api/search', '--reason', 'second'])).toBe(second);
    expect(await open()).toEqual([second, first]);
  });

  test('shadow off says whose panic it ends, and what another one goes on with, before and after', async () => {
    const { run, panic, open, lab } = state.site;
    const id = await panic(['bucket', 'financial'], alice);
    const off = ['shadow', 'off', '--route', '/api/payments'];
    const part = `panic ${id} (panic bucket financial, by alice@other) is open and stands on "/api/payments": it goes on with "/api/checkout" alone after this`;
    expect(remarksOf(await run([...off, '--dry-run', '--json']))).toContain(part);
    const done = await run([...off, '--json']);
    expect([done.code, remarksOf(done).includes(part)]).toEqual([0, true]);
    expect(await open()).toEqual([id]);
    const rest = await run(['shadow', 'off', 'financial'], { columns: 80 });
    expect(rest.code).toBe(0);
    expect(rest.out.replaceAll(/\s+/g, ' ')).toMatch(
      /stands on "\/api\/checkout": that panic is over with this; to put back all that it changed instead: rlctl .*panic restore p-/,
    );
    expect(await open()).toEqual([]);
    await lab.reset();
    expect(remarksOf(await run([...off, '--json']))).not.toContain('panic p-');
  });

  test('undo says that the last change took others back and is not the one that it takes back', async () => {
    const { run, panic } = state.site;
    await run(['override', 'set', '/api/search', '--rate', '9']);
    await panic(['route', '/api/payments']);
    await run(['panic', 'restore']);
    const undone = await run(['override', 'undo', '--dry-run']);
    const text = undone.out.replaceAll(/\s+/g, ' ');
    expect(text).toMatch(/the last change was "panic restore" of "\/api\/payments" \(\w+\), which took changes back/);
    expect(text).toMatch(/this takes back the one before it that still stands, "override set" \(\w+\)/);
    expect(text).toMatch(/rlctl .*override undo --to [0-9a-f]{12}/);
  });

  test('undo after a restore leaves what somebody else set before, and names the ways on', async () => {
    const { lab, run, panic } = state.site;
    await lab.store(before);
    await run(['override', 'set', '/api/search', '--rate', '41'], alice);
    const kept = await lab.document();
    await panic(['route', '/api/payments']);
    const panicked = await lab.document();
    await run(['panic', 'restore']);
    const entries = await lab.redis.cli('XLEN', labHistoryKey);
    for (const more of [[], ['--dry-run']]) {
      const error = errorOf(await run(['override', 'undo', ...more, '--json']));
      expect(error).toMatchObject({ code: 'UNDO_BEHIND_LAST', exitCode: 6, details: { actor: 'alice@other' } });
      expect(error.message).toContain('"override set" of "/api/search"');
    }
    expect([await lab.document(), await lab.redis.cli('XLEN', labHistoryKey)]).toEqual([kept, entries]);
    const ways = errorOf(await run(['override', 'undo', '--json'])).hint?.match(/override undo --to [0-9a-f]{12}/g);
    const [redo = '', older = ''] = ways ?? [];
    expect((await run(redo.split(' '))).code).toBe(0);
    expect(await lab.document()).toBe(panicked);
    expect((await run(['override', 'undo'])).code).toBe(0);
    expect((await run(older.split(' '))).code).toBe(0);
    expect(await lab.document()).toBe(before);
  });

  test('undo after shadow off leaves an open panic in force, also to whoever declared it', async () => {
    const { lab, run, panic, open } = state.site;
    const id = await panic(['route', '/api/payments']);
    await run(['shadow', 'on', '--route', '/api/search']);
    await run(['shadow', 'off', '--route', '/api/search']);
    const stands = await lab.document();
    const error = errorOf(await run(['override', 'undo', '--json']));
    expect([error.code, error.exitCode]).toEqual(['UNDO_BEHIND_LAST', 6]);
    expect(error.hint).toContain(`panic restore ${id}`);
    expect([await lab.document(), await open()]).toEqual([stands, [id]]);
  });
});

describe.each(['documented', 'deployed'] as const)('several panics by flags (%s)', (dialect) => {
  const state = {} as { site: Site; pristine: string };
  const file = (): Promise<string> => readFile(state.site.lab.sandbox.envFile, 'utf8');
  beforeAll(async () => {
    state.site = await openSite(dialect, (lab) => ({ shadowDriver: { 'env-file': lab.sandbox.envFile } }));
    state.pristine = await file();
  });
  afterAll(() => state.site.lab.stop());
  beforeEach(async () => {
    const { lab } = state.site;
    await writeFile(lab.sandbox.envFile, state.pristine);
    for (const kept of ['state.json', 'flips'])
      await rm(join(lab.world.stateHome, 'rlctl', kept), { recursive: true, force: true });
    await lab.reset();
  });
  const on = 'RATE_LIMIT_SHADOW_FINANCIAL=true';

  test('a bucket, then everything: the flag of the bucket stays until the last one is restored', async () => {
    const { run, panic, open, list } = state.site;
    for (const isFirstFirst of [true, false]) {
      await writeFile(state.site.lab.sandbox.envFile, state.pristine);
      await state.site.lab.reset();
      const bucket = await panic(['bucket', 'financial']);
      const global = await panic(['global'], alice);
      expect((await list())[0]?.standsOn).toContain('RATE_LIMIT_SHADOW_FINANCIAL');
      const [one, other] = isFirstFirst ? [bucket, global] : [global, bucket];
      const restored = await run(['panic', 'restore', one]);
      expect(restored.code).toBe(0);
      expect(restored.out.replaceAll(/\s+/g, ' ')).toContain(`${other} (panic `);
      expect(await file()).toContain(on);
      expect(await open()).toEqual([other]);
      expect((await run(['panic', 'restore'])).code).toBe(0);
      expect(await file()).toBe(state.pristine);
      expect(await open()).toEqual([]);
    }
  });

  test('of two that are restored at once, the second puts back what both stand on', async () => {
    const { lab, run, panic, open } = state.site;
    for (const other of [['bucket', 'financial'], ['global']]) {
      const first = await panic(['bucket', 'financial']);
      const second = await panic(other, alice);
      const ends = await Promise.all([run(['panic', 'restore', first]), run(['panic', 'restore', second], alice)]);
      expect(ends.map(({ code }) => code)).toEqual([0, 0]);
      expect([await file(), await open()]).toEqual([state.pristine, []]);
    }
    expect(await lab.document()).toBeNull();
  });

  test('one that found its flag set is listed, and takes over what the first one leaves', async () => {
    const { run, panic, open } = state.site;
    const first = await panic(['bucket', 'financial']);
    const second = await panic(['bucket', 'pay'], alice);
    expect(await open()).toEqual([second, first]);
    expect((await run(['panic', 'restore', first])).code).toBe(0);
    expect([await file(), await open()]).toEqual([expect.stringContaining(on), [second]]);
    expect((await run(['panic', 'restore', second])).code).toBe(0);
    expect(await file()).toBe(state.pristine);
  });

  test('a flag that stood before all of them stays, and --leave keeps what one set', async () => {
    const { run, panic, open } = state.site;
    await writeFile(state.site.lab.sandbox.envFile, `${state.pristine}\n${on}\n`);
    const found = await panic(['bucket', 'financial']);
    expect((await run(['panic', 'restore', found])).code).toBe(0);
    expect(await file()).toContain(on);
    const left = await panic(['bucket', 'read']);
    expect((await run(['panic', 'restore', left, '--leave'])).code).toBe(0);
    expect(await file()).toContain('RATE_LIMIT_SHADOW_READ=true');
    expect(await open()).toEqual([]);
  });

  test('one whose flag somebody set to off stays over when somebody else sets it on, and takes nothing of that back', async () => {
    const { run, panic, list, open } = state.site;
    const changed = await panic(['bucket', 'financial']);
    const found = await panic(['bucket', 'financial'], alice);
    await run(['shadow', 'off', 'financial'], alice);
    expect(await open()).toEqual([]);
    await run(['shadow', 'on', 'financial', '--reason', 'planned'], alice);
    expect(await open()).toEqual([]);
    expect((await list()).map((each) => each.state)).toEqual(['over', 'over']);
    const status = jsonOf<{ operations: { open: readonly unknown[] } }>((await run(['status', '--json'])).out);
    expect(status.operations.open).toEqual([]);
    for (const id of [changed, found]) expect((await run(['panic', 'restore', id])).code).toBe(0);
    expect(await file()).toContain(on);
    const again = await panic(['bucket', 'financial', '--reason', 'payments emergency'], alice);
    expect([changed, found]).not.toContain(again);
    expect(await open()).toEqual([again]);
  });

  test('shadow off says whose panic it ends, and is not held up where Redis is away', async () => {
    const { run, panic, open } = state.site;
    const id = await panic(['bucket', 'financial'], alice);
    const said = `panic ${id} (panic bucket financial, by alice@other) is open and stands on RATE_LIMIT_SHADOW_FINANCIAL: that panic is over with this`;
    expect(remarksOf(await run(['shadow', 'off', 'pay', '--dry-run', '--json']))).toContain(said);
    expect(await open()).toEqual([id]);
    expect(remarksOf(await run(['shadow', 'off', 'read', '--dry-run', '--json']))).not.toContain('panic p-');
    const away = await run(['shadow', 'off', 'pay', '--no-reload', '--dry-run'], {}, { redis: 'redis://127.0.0.1:9' });
    expect([away.code, away.err.includes('whether an open panic ends with this is not known')]).toEqual([0, true]);
    expect(remarksOf(await run(['shadow', 'off', 'pay', '--json']))).toContain(said);
    expect(await open()).toEqual([]);
  });

  test('an incident that puts its flags back ends it, on every machine', async () => {
    const { run, panic, list } = state.site;
    await run(['incident', 'start', 'payments']);
    const id = await panic(['bucket', 'financial']);
    const ended = await run(['incident', 'end', '--restore']);
    expect([await file(), ended.out]).toEqual([state.pristine, expect.stringContaining('')]);
    expect(await list()).toMatchObject([{ panicId: id, isOpen: false, standsOn: [] }]);
    const elsewhere = { 'env-file': '/nowhere/limiter.env' };
    const there = await run(['panic', 'list', '--json'], {}, { shadowDriver: elsewhere });
    expect(jsonOf(there.out)).toMatchObject({ open: 0 });
  });

  test('its end is told as the end of a panic, and what happens in an open incident as a part of it', async () => {
    const { lab, run } = state.site;
    const key = randomBytes(32);
    const hooks = await startWebhook({ key });
    const secret = await lab.world.write('hook-secret', `whsec_${key.toString('base64')}\n`);
    const notify = { notify: [{ webhook: hooks.origin, secret: { file: secret }, events: ['change', 'panic'] }] };
    try {
      const incident = jsonOf<{ id: string }>((await run(['incident', 'start', 'payments', '--json'])).out).id;
      await run(['panic', 'bucket', 'financial', '--json'], {}, notify);
      await run(['panic', 'restore', '--json'], {}, notify);
      await run(['override', 'set', '/api/search', '--rate', '9', '--json'], {}, notify);
      const part = { kind: 'incident', id: incident };
      const panic = { kind: 'panic', id: expect.stringMatching(/^p-/) as string };
      // Two events of one command are on their way at once: any of them may arrive first.
      const told = hooks.events().toSorted((a, b) => String(a.type).localeCompare(String(b.type)));
      expect(told.map(({ type, partOf }) => [type, partOf])).toEqual([
        ['change.made', [part]],
        ['flags.set', [part, panic]],
        ['flags.set', [part, panic]],
        ['panic.acted', [part, panic]],
        ['panic.restored', [part, panic]],
      ]);
    } finally {
      await hooks.stop();
    }
  });

  test('where Redis is away: what it did not do, what is left, and no id that nobody knows', async () => {
    const { run, list } = state.site;
    const away = { redis: 'redis://127.0.0.1:1' };
    const refused = await run(['panic', 'bucket', 'financial', '--json', '--timeout', '3s'], {}, away);
    expect(refused.code).toBe(7);
    expect(errorOf(refused).message).toMatch(/; nothing was changed$/);
    expect(errorOf(refused).hint).toMatch(/rlctl .*panic bucket financial --by flags --no-reload sets the flag/);
    expect(errorOf(refused).hint).toContain('RATE_LIMIT_SHADOW_FINANCIAL=true');
    expect(errorOf(refused).hint).not.toMatch(/\.;|\.\./);
    expect(await file()).toBe(state.pristine);
    const alone = await run(['panic', 'bucket', 'financial', '--no-reload', '--timeout', '3s'], {}, away);
    expect(alone.code).toBe(0);
    expect(alone.out).not.toMatch(/p-[0-9a-f]{8}/);
    expect(alone.out).toMatch(/this panic is not recorded\. To put back what was before: rlctl .*shadow off financial/);
    expect(await list()).toEqual([]);
  });

  test('where Redis is away the printed reload is one that goes through, of the first panic and of the next', async () => {
    const { run } = state.site;
    const away = { redis: 'redis://127.0.0.1:1' };
    for (const isFirst of [true, false]) {
      const alone = await run(['panic', 'bucket', 'financial', '--no-reload', '--timeout', '3s'], {}, away);
      const reloads = [...alone.out.matchAll(/rlctl (.*\breload\b.*)$/gm)].map(([, words = '']) => words.split(' '));
      expect([isFirst, reloads.length]).toEqual([isFirst, 2]);
      for (const words of reloads)
        expect([words, (await run([...words, '--timeout', '3s'], {}, away)).code]).toEqual([words, 0]);
    }
  });

  test.each([
    ['Redis was emptied', [labKey, labHistoryKey, labMetadataKey], /[^-]reload --force$/gm],
    ['the document is gone', [labKey], /override repair/g],
  ])('where %s nothing that is printed is a reload that would be refused', async (_, keys, wayOut) => {
    const { lab, run } = state.site;
    expect((await run(['override', 'set', '/api/other', '--rate', '7'])).code).toBe(0);
    await lab.redis.cli('DEL', ...keys);
    const alone = await run(['panic', 'bucket', 'financial', '--no-reload']);
    expect(alone.code).toBe(0);
    // The proof that was waived, and the last line.
    expect(alone.out.match(/a plain one is refused: /g)).toHaveLength(2);
    expect(alone.out.match(wayOut)).toHaveLength(2);
    expect(alone.out).not.toMatch(/rlctl .*\breload$/m);
    const { proof } = jsonOf<{ proof: { diagnosis: string } }>(
      (await run(['panic', 'bucket', 'financial', '--no-reload', '--json'])).out,
    );
    expect(proof.diagnosis).toMatch(wayOut);
    expect((await run(['reload', '--force'])).code).toBe(0);
  });

  test('a run that cannot begin because Redis is away names the panic that needs no journal', async () => {
    const { run } = state.site;
    const away = { redis: 'redis://127.0.0.1:1' };
    const wanted = ['-i', 'scope=bucket', '-i', 'bucket=financial', '--yes', '--json', '--timeout', '3s'];
    const refused = await run(['runbook', 'run', 'emergency-rollback', ...wanted], {}, away);
    expect(refused.code).toBe(7);
    expect(errorOf(refused).hint).toMatch(
      /rlctl .*panic bucket financial --by flags --no-reload sets the flag without it/,
    );
    expect(errorOf(refused).hint).toContain('RATE_LIMIT_SHADOW_FINANCIAL=true');
    expect(await file()).toBe(state.pristine);
  });
});

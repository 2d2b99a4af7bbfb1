import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/system/clock.js';
import { systemRandomness } from '../../src/adapters/system/randomness.js';
import { createOperationStore } from '../../src/adapters/redis/operation-store.js';
import { Secret } from '../../src/domain/secret.js';
import { deadlineIn } from '../contracts/override-store.kit.js';
import { labHistoryKey, labKey, labMetadataKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const run = (args: readonly string[], options?: MainOptions): Promise<Ran> => state.lab.world.main(args, options);
const set = (route: string, rate: number, ...more: string[]): Promise<Ran> =>
  run(['override', 'set', route, '--rate', String(rate), ...more]);
const as = (actor: string): MainOptions => ({ env: { RLCTL_ACTOR: actor } });

interface Item {
  readonly kind: string;
  readonly number?: number;
  readonly actor?: string;
  readonly verdict?: string | null;
  readonly changeId?: string;
  readonly takenBackBy?: string | null;
}

interface Shown {
  readonly id: string;
  readonly isOpen: boolean;
  readonly outcome: string | null;
  readonly verdict: string | null;
  readonly changeId: string | null;
  readonly startedBy: string;
  readonly notes: readonly JsonObject[];
}

async function json<Result>(args: readonly string[], options?: MainOptions): Promise<Result> {
  const ran = await run([...args, '--json'], options);
  expect(ran.err).toBe('');
  expect(ran.code).toBe(0);
  return jsonOf<Result>(ran.out);
}

const start = (...more: string[]): Promise<Shown> => json<Shown>(['incident', 'start', 'search is slow', ...more]);
const status = () =>
  json<{
    incident: Shown | null;
    elapsedSeconds: number;
    isCut: boolean;
    timeline: readonly Item[];
    proof: { verdict: string } | null;
    restores: { diff: readonly { route: string; kind: string }[]; refusal: JsonObject | null };
  }>(['incident', 'status']);
const ids = async () =>
  (await json<{ incidents: readonly Shown[] }>(['incident', 'list'])).incidents.map(({ id }) => id);
const kinds = (items: readonly Item[]): readonly string[] => items.map(({ kind, number }) => `${number ?? ''}${kind}`);

describe('from start to end', () => {
  test('what anybody changes is taken back exactly, proven, and what stood before the start stays', async () => {
    await set('/api/before', 5);
    const before = await state.lab.document();
    const { id } = await start('--ticket', 'INC-1');
    await set('/api/search', 30, '--reason', 'calm it');
    await run(['override', 'set', '/api/before', '--rate', '9'], as('bob@host'));
    await state.lab.store('{"/api/before":{"rate":9},"/api/search":{"rate":30},"/past":{"rate":1}}');
    await run(['override', 'unset', '/api/search'], as('eve@host'));
    const ran = await run(['incident', 'end', '--restore', '--json'], as('bob@host'));
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(await state.lab.document()).toBe(before);
    const ended = jsonOf<{ isEnded: boolean; incident: Shown; change: JsonObject; timeline: readonly Item[] }>(ran.out);
    expect(ended).toMatchObject({
      isEnded: true,
      incident: { id, isOpen: false, outcome: 'restored', verdict: 'proven', endedBy: 'bob@host' },
    });
    expect(ended.change).toMatchObject({
      command: 'incident end',
      proof: { verdict: 'proven' },
      changeId: ended.incident.changeId,
    });
    expect(kinds(ended.timeline)).toEqual(['started', '1change', '2change', '3foreign', '4change', '5change', 'ended']);
    expect(ended.timeline.filter(({ kind }) => kind === 'change').map(({ takenBackBy }) => takenBackBy)).toEqual([
      // Set and unset again within it: nothing of that was left for the end.
      null,
      ended.incident.changeId,
      null,
      null,
    ]);
    const history = await json<{ entries: readonly JsonObject[] }>(['override', 'history', '--limit', '1']);
    expect(history.entries[0]).toMatchObject({
      command: 'incident end',
      reason: `end of incident ${id}: search is slow`,
      ticket: 'INC-1',
      partOf: [{ kind: 'incident', id }],
    });
    expect(errorOf(await run(['incident', 'end', '--keep', '--json']))).toMatchObject({
      code: 'NO_INCIDENT',
      exitCode: 2,
    });
  });

  test('--keep leaves everything, writes nothing, and the incident can be read later', async () => {
    const { id } = await start();
    await set('/api/search', 30);
    const document = await state.lab.document();
    const ended = await json<{ incident: Shown; change: null }>(['incident', 'end', '--keep']);
    expect(ended).toMatchObject({ incident: { outcome: 'kept', changeId: null, verdict: null }, change: null });
    expect(await state.lab.document()).toBe(document);
    await set('/api/later', 1);
    const shown = await json<Shown & { timeline: readonly Item[] }>(['incident', 'show', id]);
    expect(kinds(shown.timeline)).toEqual(['started', '1change', 'ended']);
    expect(await json(['incident', 'list'])).toMatchObject({ incidents: [{ id, outcome: 'kept' }] });
  });

  test('without a terminal it wants to be told which; without a change there is nothing to tell', async () => {
    const { id } = await start();
    await set('/api/search', 30);
    const document = await state.lab.document();
    const error = errorOf(await run(['incident', 'end', '--json']));
    expect(error).toMatchObject({ code: 'END_UNSAID', exitCode: 6 });
    expect(error.hint).toContain('incident end --restore');
    expect(error.hint).toContain('incident end --keep');
    const environments = { lab: { ...state.lab.environment, protected: true } };
    const config = ['--config', await state.lab.world.config('protected.yaml', { environments })];
    expect(errorOf(await run([...config, 'incident', 'end', '--json'])).hint).toMatch(
      /incident end --restore --confirm lab; .*incident end --keep$/,
    );
    expect((await run([...config, 'incident', 'status'])).out).toMatch(
      /incident end --restore --confirm lab$[^]*incident end --keep$/m,
    );
    expect(await state.lab.document()).toBe(document);
    expect((await status()).incident?.id).toBe(id);
    expect((await run(['incident', 'end', '--restore', '--keep'])).code).toBe(2);
    await run(['incident', 'end', '--restore']);
    await start();
    expect(await json(['incident', 'end'])).toMatchObject({ incident: { outcome: 'unchanged', isOpen: false } });
  });

  test('--dry-run shows what would be taken back, and ends nothing', async () => {
    await start();
    await set('/api/search', 30);
    const document = await state.lab.document();
    const ran = await run(['incident', 'end', '--restore', '--dry-run']);
    expect(ran.out).toContain('- /api/search');
    expect(ran.out).toContain('nothing has been written');
    expect([await state.lab.document(), (await status()).incident?.isOpen]).toEqual([document, true]);
    expect((await run(['incident', 'end', '--keep', '--dry-run'])).code).toBe(2);
  });

  test('what is taken back and not proven leaves it open, 8; proven later it ends, with the change of before', async () => {
    await start();
    await set('/api/search', 30);
    const unproven = await run([
      'incident',
      'end',
      '--restore',
      '--json',
      '--probe',
      `${state.lab.sandbox.origin}/nowhere`,
      '--require',
      'enforced',
    ]);
    expect(unproven.code).toBe(8);
    const first = jsonOf<{ isEnded: boolean; hint: string; change: { changeId: string } }>(unproven.out);
    expect(first).toMatchObject({ isEnded: false });
    expect(first.hint).toContain('incident end --restore');
    expect(await state.lab.document()).toBe('{}');
    const again = await json<{ incident: Shown }>(['incident', 'end', '--restore']);
    expect(again.incident).toMatchObject({ outcome: 'restored', changeId: first.change.changeId, verdict: 'proven' });
  });

  test('a document that cannot be read now is refused, and the incident stays', async () => {
    await start();
    await state.lab.store('{broken');
    expect(errorOf(await run(['incident', 'end', '--restore', '--json']))).toMatchObject({ exitCode: 6 });
    expect(await state.lab.document()).toBe('{broken');
    await run(['override', 'repair', '--yes', '--no-reload']);
    expect((await run(['incident', 'end', '--keep'])).code).toBe(0);
  });

  test('a panic that set flags and still stands has to be taken back first', async () => {
    await start();
    const atMs = Date.now() + 1000;
    const panics = [
      { id: 'p-1a2b', command: 'panic global', way: 'kill-switch', atMs, actor: 'bob@host', flags: [], restored: null },
    ];
    await state.lab.redis.cli('HSET', `{${labKey}}:operations`, 'panic', JSON.stringify({ v: 1, panics }));
    const error = errorOf(await run(['-e', 'lab', 'incident', 'end', '--restore', '--json']));
    expect(error).toMatchObject({ code: 'OPERATION_STANDS', exitCode: 6 });
    expect(error.hint).toContain('panic restore p-1a2b');
    expect((await run(['incident', 'status'])).out).toContain('panic p-1a2b set flags and still stands');
  });
});

describe('two operators', () => {
  test('a second start is 5, with the id and the holder of the first', async () => {
    const { id } = await start();
    const error = errorOf(await run(['incident', 'start', 'another', '--json'], as('bob@host')));
    expect(error).toMatchObject({ code: 'INCIDENT_OPEN', exitCode: 5, details: { id, holder: 'tester@test' } });
    expect(error.message).toContain(id);
    expect(error.message).toContain('tester@test');
  });

  test('of two starts at once one opens it; notes of both are kept', async () => {
    const codes = (await Promise.all(['ana', 'bob'].map((who) => run(['incident', 'start', who], as(who))))).map(
      ({ code }) => code,
    );
    expect(codes.sort((a, b) => a - b)).toEqual([0, 5]);
    await Promise.all(['ana', 'bob', 'eve'].map((who) => run(['incident', 'note', `from ${who}`], as(who))));
    const { incident } = await status();
    expect(incident?.notes.map(({ actor, text }) => `${String(actor)}: ${String(text)}`).sort()).toEqual([
      'ana: from ana',
      'bob: from bob',
      'eve: from eve',
    ]);
  });

  test('of two ends at once one ends it, the other is told by whom; nothing is taken back twice', async () => {
    await start();
    await set('/api/search', 30);
    const ends = await Promise.all(
      ['ana', 'bob'].map((who) => run(['incident', 'end', '--restore', '--json'], as(who))),
    );
    const codes = ends.map(({ code }) => code).sort((a, b) => a - b);
    // The slower one finds it under way, or over.
    expect([
      [0, 5],
      [0, 2],
    ]).toContainEqual(codes);
    expect(await state.lab.document()).toBe('{}');
    const { entries } = await json<{ entries: readonly JsonObject[] }>(['override', 'history']);
    expect(entries.filter(({ command }) => command === 'incident end')).toHaveLength(1);
  });

  test('whoever is killed while ending it holds it for half a minute at most', async () => {
    await start();
    const { redis } = state.lab;
    await redis.cli('CONFIG', 'SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '1000');
    await redis.cli('SLOWLOG', 'RESET');
    expect((await run(['incident', 'end', '--keep'])).code).toBe(0);
    const asked = await redis.cli('SLOWLOG', 'GET', '1000');
    await redis.cli('CONFIG', 'SET', 'slowlog-log-slower-than', '10000');
    expect([asked.includes('30000'), asked.includes('180000')]).toEqual([true, false]);
  });

  test('whoever was killed in it on this machine holds up nobody', async () => {
    await start();
    const { redis, world } = state.lab;
    const store = createOperationStore(
      { url: new Secret(redis.url), namespace: 'lab' },
      { clock: systemClock, randomness: systemRandomness },
    );
    const held = { holder: 'ann@host', token: 'dead', ttlMs: 60_000, isForced: false };
    await store.lease('incident', held, deadlineIn(10_000));
    store.close();
    const trace = join(
      world.env['XDG_STATE_HOME'] ?? '',
      'rlctl',
      'leases',
      `${Buffer.from('dead').toString('hex')}.pid`,
    );
    const leave = async (pid: number, machine: string): Promise<void> => {
      await mkdir(dirname(trace), { recursive: true });
      await writeFile(trace, `${pid} ${machine}\n`);
    };
    const { pid } = spawnSync('true');
    for (const [whose, machine] of [
      [process.pid, hostname()],
      [pid, 'another'],
    ] as const) {
      await leave(whose, machine);
      expect(errorOf(await run(['incident', 'end', '--keep', '--json'])).code).toBe('INCIDENT_ENDING');
    }
    await leave(pid, hostname());
    expect((await run(['incident', 'status'])).out).not.toContain('being ended by');
    expect((await run(['incident', 'end', '--keep'])).code).toBe(0);
    // Neither its trace nor that of the end is left.
    expect(await readdir(dirname(trace))).toEqual([]);
  });

  test('while one is ending it the other may look and note, and not end it', async () => {
    const { id } = await start();
    const store = createOperationStore(
      { url: new Secret(state.lab.redis.url), namespace: 'lab' },
      { clock: systemClock, randomness: systemRandomness },
    );
    const deadline = deadlineIn(10_000);
    const held = { holder: 'bob@host', token: 'his', ttlMs: 60_000, isForced: false };
    expect(await store.lease('incident', held, deadline)).toMatchObject({ kind: 'held' });
    const error = errorOf(await run(['incident', 'end', '--keep', '--json']));
    expect(error).toMatchObject({ code: 'INCIDENT_ENDING', exitCode: 5, details: { id, holder: 'bob@host' } });
    expect(error.message).toMatch(/being ended by bob@host \(until 20/);
    // A killed one holds nobody up for long: when and how is said.
    expect(error.hint).toMatch(/killed, give the same command again after 20\S+Z;/);
    expect((await run(['incident', 'note', 'go on'])).code).toBe(0);
    expect((await status()).incident?.notes).toHaveLength(1);
    // What would be refused is not advised.
    const shown = await run(['incident', 'status']);
    expect(shown.out).toMatch(/being ended by bob@host, until 20\S+Z unless that is renewed/);
    expect(shown.out).not.toContain('end --restore');
    await store.release('incident', 'his', deadline);
    store.close();
    expect((await run(['incident', 'end', '--keep'])).code).toBe(0);
  });
});

describe('status', () => {
  test('tells elapsed time, who, what with verdicts, notes, and what the end would restore', async () => {
    await start();
    await set('/api/search', 30, '--reason', 'calm it');
    await run(['incident', 'note', 'queue', 'drains']);
    await run(['incident', 'note', '-'], { stdin: 'two\nlines\n' });
    const shown = await status();
    expect(shown).toMatchObject({
      incident: { startedBy: 'tester@test', isOpen: true },
      proof: { verdict: 'proven' },
      restores: { diff: [{ route: '/api/search', kind: 'removed' }], refusal: null },
    });
    expect(shown.elapsedSeconds).toBeGreaterThanOrEqual(0);
    expect(kinds(shown.timeline)).toEqual(['started', '1change', 'note', 'note']);
    expect(shown.timeline[1]).toMatchObject({ verdict: 'proven' });
    const terminal = await run(['incident', 'status', '--color', 'never'], { columns: 80 });
    // The path of the configuration stands in the commands, and is not broken.
    const lines = terminal.out.split('\n').filter((line) => !line.includes('--config'));
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(terminal.out).toMatch(/open for \d+/);
    expect(terminal.out).toContain('note: queue drains');
    expect(terminal.out).toContain('its end would restore:');
    const pipe = await run(['incident', 'status']);
    expect(pipe.out).toContain('in force now: proven');
    expect(pipe.out).not.toContain('\u001b');
    const items = (await run(['incident', 'status', '-o', 'ndjson'])).out.trim().split('\n');
    expect(items.map((line) => jsonOf<Item>(line).kind)).toEqual(['started', 'change', 'note', 'note']);
  });

  test('a change that is not in force any more is not proven', async () => {
    await start();
    await set('/api/search', 30);
    await state.lab.store('{"/api/search":{"rate":31}}');
    const shown = await status();
    expect(shown.proof?.verdict).not.toBe('proven');
    expect(shown.timeline.at(-1)).toMatchObject({ kind: 'foreign', number: 2 });
  });

  test('an edit past rlctl that is not in force leaves the other changes proven', async () => {
    await start();
    await set('/api/search', 30);
    await set('/api/items', 9);
    await state.lab.store('{"/api/search":{"rate":30},"/api/items":{"rate":9},"/api/hand":{"rate":1}}');
    const seen = await status();
    expect(seen.timeline.map(({ kind, verdict }) => [kind, verdict])).toEqual([
      ['started', undefined],
      ['change', 'proven'],
      ['change', 'proven'],
      ['foreign', undefined],
    ]);
    expect(seen.proof?.verdict).toBe('contradicted');
  });

  test('what was done past rlctl is told between two times that do not move, before what was done after it', async () => {
    await start();
    await set('/api/search', 30);
    await state.lab.store('{"/api/search":{"rate":31}}');
    await run(['incident', 'note', 'it is in force now']);
    const rows = async (): Promise<readonly string[]> =>
      (await run(['incident', 'status'], { columns: 200 })).out
        .split('\n')
        .filter((line) => /past rlctl|note/.test(line));
    const [foreign = '', note = ''] = await rows();
    expect(note).toContain('it is in force now');
    const [, from = ''] = /noticed between (\S+Z) and \S+Z/.exec(foreign) ?? [];
    expect(foreign.match(/\d\d:\d\d:\d\dZ/)?.[0]).toBe(from);
    const { timeline } = await status();
    expect(kinds(timeline)).toEqual(['started', '1change', '2foreign', 'note']);
  });

  test.each([
    ['a history that goes back beyond the start', ['/api/before'], labHistoryKey],
    ['one that begins with it', [], labHistoryKey],
    ['one with what stands beside the document', ['/api/before'], `${labHistoryKey} ${labMetadataKey}`],
  ])('%s, and is gone: the story is not whole, and nothing can be taken back', async (_, before, keys) => {
    for (const route of before) await set(route, 5);
    await start();
    expect(await status()).toMatchObject({ isCut: false });
    await set('/api/search', 30);
    await state.lab.redis.cli('DEL', ...keys.split(' '));
    expect(await status()).toMatchObject({ isCut: true, restores: { refusal: { exitCode: 6 } } });
    const { out } = await run(['incident', 'status']);
    expect(out).toContain('the history is not whole from the start on');
    expect(out).not.toContain('nothing was changed');
    expect((await run(['incident', 'end', '--keep'])).code).toBe(0);
  });

  test('with none open says so', async () => {
    expect(await json(['incident', 'status'])).toMatchObject({ isOpen: false, incident: null });
    expect((await run(['incident', 'status'])).out).toContain('no incident is open');
    expect(errorOf(await run(['incident', 'note', 'x', '--json']))).toMatchObject({ code: 'NO_INCIDENT', exitCode: 2 });
    expect((await run(['incident', 'list'])).out).toContain('no incident is known');
  });

  test('what would steer a terminal is spelled out, and a secret in a note is not kept', async () => {
    await start();
    await run(['incident', 'note', 'red \u001b[31m and the secret hunter2hunter2'], {
      env: { CONFIG_RELOAD_SECRET: 'hunter2hunter2' },
    });
    const ran = await run(['incident', 'status'], { columns: 100 });
    expect(ran.out).toContain(String.raw`\u001b[31m`);
    const kept = await state.lab.redis.cli('HGET', `{${labKey}}:operations`, 'incident');
    expect(kept).not.toContain('hunter2');
  });
});

describe('the story as files', () => {
  test('both into a folder, private, under the incident’s id; without Prometheus they say so', async () => {
    const { id } = await start();
    await set('/api/search', 30, '--reason', '<b>bold</b>');
    const ran = await run(['incident', 'end', '--restore', '--out', '.', '--json'], { env: { TZ: 'Asia/Tokyo' } });
    expect(ran).toMatchObject({ code: 0, err: '' });
    const { files } = jsonOf<{ files: { markdown: string; html: string } }>(ran.out);
    expect(files.html).toBe(join(state.lab.world.cwd, `incident-${id}.html`));
    const [page, text] = await Promise.all([readFile(files.html, 'utf8'), readFile(files.markdown, 'utf8')]);
    expect((await stat(files.html)).mode & 0o777).toBe(0o600);
    expect(page).toContain('&lt;b&gt;bold&lt;/b&gt;');
    expect(page).toContain('Asia/Tokyo (UTC+09:00)');
    expect(page).toContain('No figures were at hand: no Prometheus is configured');
    expect(text).toContain('No figures were at hand: no Prometheus is configured');
    expect(text).toContain('| 1 |');
  });

  test('a Prometheus that does not answer is said in the page, and stops nothing', async () => {
    await start();
    await set('/api/search', 30);
    const env = { RLCTL_PROMETHEUS: 'http://127.0.0.1:9' };
    const ran = await run(['incident', 'end', '--restore', '--html', 'down.html', '--json'], { env });
    expect(ran.code).toBe(0);
    const { files } = jsonOf<{ files: { html: string; markdown: null } }>(ran.out);
    expect(files.markdown).toBeNull();
    expect(await readFile(files.html, 'utf8')).toMatch(/No figures were at hand: .*127\.0\.0\.1:9/);
  });

  test('a file that is there is not replaced without --force, and nothing is ended for it', async () => {
    const { id } = await start();
    await set('/api/search', 30);
    await state.lab.world.write('there.md', 'mine');
    const error = errorOf(await run(['incident', 'end', '--restore', '--markdown', 'there.md', '--json']));
    expect(error).toMatchObject({ code: 'PAGE_EXISTS', exitCode: 6 });
    for (const flag of ['--markdown', '--html'])
      expect(errorOf(await run(['incident', 'end', '--restore', flag, 'nowhere/x', '--json']))).toMatchObject({
        code: 'FOLDER_MISSING',
      });
    expect(errorOf(await run(['incident', 'end', '--restore', '--out', 'there.md/pages', '--json']))).toMatchObject({
      code: 'FOLDER_MISSING',
      exitCode: 2,
    });
    expect((await run(['incident', 'end', '--restore', '--force'])).code).toBe(2);
    expect((await run(['incident', 'end', '--keep', '--markdown', 'a', '--html', 'a'])).code).toBe(2);
    expect((await status()).incident?.id).toBe(id);
    expect(await readFile(join(state.lab.world.cwd, 'there.md'), 'utf8')).toBe('mine');
    expect((await run(['incident', 'end', '--restore', '--markdown', 'there.md', '--force'])).code).toBe(0);
    expect((await run(['incident', 'show', id, '--markdown', 'again.md'])).out).toContain('written: ');
  });

  test('a folder that is missing is made, and not by a dry run', async () => {
    await start();
    await set('/api/search', 30);
    const out = ['--out', 'of/the/night'];
    const folder = join(state.lab.world.cwd, 'of');
    expect((await run(['incident', 'end', '--restore', '--dry-run', ...out])).code).toBe(0);
    await expect(stat(folder)).rejects.toThrow('ENOENT');
    const { files } = await json<{ files: { html: string } }>(['incident', 'end', '--restore', ...out]);
    expect(await readFile(files.html, 'utf8')).toContain('search is slow');
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  test('both tell the same: how many changes, and that what was done past rlctl was taken back', async () => {
    await start();
    await set('/api/search', 30);
    await state.lab.store('{"/api/search":{"rate":30},"/past":{"rate":1}}');
    await run(['incident', 'note', 'seen']);
    const ended = await json<{ change: { changeId: string }; files: { markdown: string; html: string } }>([
      'incident',
      'end',
      '--restore',
      '--out',
      '.',
    ]);
    for (const file of [ended.files.markdown, ended.files.html]) {
      const text = await readFile(file, 'utf8');
      expect(text).toContain('2 changes: 1 of overrides, 1 past rlctl; 1 note');
      expect(text).toContain(`no proof: it was made past rlctl; taken back by ${ended.change.changeId}`);
    }
    const shown = await run(['incident', 'show', ...(await ids())], { columns: 100 });
    expect(shown.out).toMatch(/past rlctl.*taken back/s);
  });

  test.each([[['incident', 'show', 'x']], [['incident', 'start', ' ']], [['incident', 'note', '']]])(
    '%j is 2',
    async (args) => {
      expect((await run(args)).code).toBe(2);
    },
  );
});

test('on a protected environment its start and its notes take the confirmation that every change takes', async () => {
  const { lab } = state;
  const environments = { lab: { ...lab.environment, protected: true } };
  const env = { RLCTL_CONFIG: await lab.world.config('protected.yaml', { environments }) };
  for (const words of [
    ['start', 'slow'],
    ['note', 'seen'],
  ]) {
    const other = await run(['incident', ...words, '--confirm', 'other', '--json'], { env });
    expect(errorOf(other)).toMatchObject({ code: 'NOT_CONFIRMED', exitCode: 6 });
    expect(await run(['incident', ...words, '--confirm', 'lab'], { env })).toMatchObject({ code: 0, err: '' });
  }
});

describe('flags of buckets', () => {
  const through = async (args: readonly string[], options: MainOptions = {}, more: JsonObject = {}): Promise<Ran> => {
    const { lab } = state;
    const shadowDriver = { 'env-file': lab.sandbox.envFile };
    const environments = { lab: { ...lab.environment, shadowDriver, ...more } };
    const env = { RLCTL_CONFIG: await lab.world.config('flags.yaml', { environments }), ...options.env };
    return lab.world.main(args, { ...options, env });
  };
  const flag = async (): Promise<string | undefined> =>
    /^RATE_LIMIT_SHADOW_FINANCIAL=(.*)$/m.exec(await readFile(state.lab.sandbox.envFile, 'utf8'))?.[1];
  interface Plan {
    readonly changes: readonly JsonObject[];
    readonly flags: readonly { readonly flags: readonly JsonObject[] }[];
  }

  test('the dry run foretells what the end does to them; a panic that it put back is open no more', async () => {
    const before = await flag();
    await through(['incident', 'start', 'flags']);
    expect((await through(['panic', 'bucket', 'financial'])).code).toBe(0);
    await through(['override', 'set', '/api/search', '--rate', '30']);
    expect(await flag()).toBe('true');
    const ran = await through(['incident', 'end', '--restore', '--dry-run', '--json']);
    expect(jsonOf<Plan>(ran.out)).toMatchObject({
      changes: [{ route: '/api/search', kind: 'removed' }],
      flags: [{ flags: [{ bucket: 'financial', before: 'true', isChanged: true }] }],
      elsewhere: [],
      ends: [{ command: 'panic bucket financial' }],
    });
    const human = await through(['incident', 'end', '--restore', '--dry-run'], { columns: 80 });
    expect(human.out).toContain('- /api/search');
    expect(human.out).toContain('RATE_LIMIT_SHADOW_FINANCIAL=true');
    expect(human.out).toMatch(/panic p-\w+ \(panic bucket financial\) is open, and ends with it/);
    expect([await flag(), (await run(['incident', 'status'])).out.includes('open for')]).toEqual(['true', true]);
    const ended = await through(['incident', 'end', '--restore', '--json']);
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(await flag()).toBe(before);
    const { panics } = jsonOf<{ panics: readonly JsonObject[] }>((await through(['panic', 'list', '--json'])).out);
    expect(panics).toEqual([]);
    expect((await through(['panic', 'list', '--all'])).out).toMatch(/restored .* bucket financial/);
  });

  test.each([
    ['by whatever command', (): Promise<unknown> => through(['shadow', 'off', 'financial', '--no-reload'])],
    ['and that was not recorded', (bytes: Buffer): Promise<unknown> => writeFile(state.lab.sandbox.envFile, bytes)],
  ])('a panic whose flags were put back, %s, does not hold the end up, which proves it', async (_, putBack) => {
    const bytes = await readFile(state.lab.sandbox.envFile);
    await through(['incident', 'start', 'killed']);
    expect((await through(['panic', 'bucket', 'financial'])).code).toBe(0);
    await putBack(bytes);
    expect((await through(['incident', 'status'])).out).not.toContain('to be taken back first');
    const ended = await through(['incident', 'end', '--restore', '--json']);
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ended.out)).toMatchObject({ isEnded: true, incident: { outcome: 'restored', verdict: 'proven' } });
    expect(await readFile(state.lab.sandbox.envFile)).toEqual(bytes);
    expect((await through(['panic', 'list', '--all'])).out).toMatch(/restored .* bucket financial/);
  });

  test('one that was deleted by hand before the start, and set within, is taken back', async () => {
    expect((await through(['shadow', 'on', 'financial'])).code).toBe(0);
    const { envFile } = state.lab.sandbox;
    const text = await readFile(envFile, 'utf8');
    await writeFile(envFile, text.replace(/^RATE_LIMIT_SHADOW_FINANCIAL=.*\n/m, ''));
    await through(['incident', 'start', 'deleted']);
    expect((await through(['shadow', 'on', 'financial'])).code).toBe(0);
    expect(await flag()).toBe('true');
    const ended = await through(['incident', 'end', '--restore', '--json']);
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ended.out)).toMatchObject({ incident: { outcome: 'restored' } });
    expect(await flag()).toBeUndefined();
  });

  test('one whose line was edited by hand meanwhile is a conflict, and nothing is written', async () => {
    const { envFile } = state.lab.sandbox;
    await through(['incident', 'start', 'edited']);
    expect((await through(['shadow', 'on', 'financial'])).code).toBe(0);
    await through(['override', 'set', '/api/search', '--rate', '30']);
    const text = await readFile(envFile, 'utf8');
    const edited = text.replace('RATE_LIMIT_SHADOW_FINANCIAL=true', 'RATE_LIMIT_SHADOW_FINANCIAL=TRUE');
    await writeFile(envFile, edited);
    const document = await state.lab.document();
    const error = errorOf(await through(['incident', 'end', '--restore', '--json']));
    expect(error).toMatchObject({ code: 'UNDO_CONFLICT', exitCode: 5 });
    expect(error.message).toContain('RATE_LIMIT_SHADOW_FINANCIAL was changed in');
    expect(error.hint).toContain('incident end --keep');
    expect([await readFile(envFile, 'utf8'), await state.lab.document()]).toEqual([edited, document]);
    await writeFile(envFile, text);
    expect((await through(['incident', 'end', '--restore'])).code).toBe(0);
    expect(await state.lab.document()).toBe('{}');
  });

  test('they go back past a guard like the overrides beside them, and are told as a part of the end', async () => {
    const guards = [{ name: 'no-hands', commands: ['shadow on', 'shadow off'], deny: true, overridable: false }];
    const before = await flag();
    await through(['incident', 'start', 'guarded']);
    expect((await through(['shadow', 'on', 'financial'])).code).toBe(0);
    await through(['override', 'set', '/api/search', '--rate', '30']);
    expect((await through(['shadow', 'off', 'financial'], {}, { guards })).code).toBe(6);
    const dry = await through(['incident', 'end', '--restore', '--dry-run', '--json'], {}, { guards });
    expect(jsonOf<Plan>(dry.out).flags).toMatchObject([{ command: 'incident end', guards: [] }]);
    const ended = await through(['incident', 'end', '--restore', '--json'], {}, { guards });
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect([await flag(), await state.lab.document()]).toEqual([before, '{}']);
  });

  /** Two people, of whom neither has anything of what the other or another test kept. */
  const people = { tests: 0 };
  beforeEach(() => void (people.tests += 1));
  const person = (name: string): MainOptions => {
    const home = join(state.lab.world.root, `state-of-${name}-${people.tests}`);
    return { env: { RLCTL_ACTOR: `${name}@host`, XDG_STATE_HOME: home } };
  };
  const ann = (): MainOptions => person('ann');
  const bob = (): MainOptions => person('bob');
  const setFlag = ['shadow', 'on', 'financial', '--reason', 'z'];
  const declared = ['panic', 'bucket', 'financial'];

  test.each([
    ['true', setFlag, bob, ann],
    ['false', setFlag, bob, ann],
    ['true', setFlag, ann, bob],
    ['true', declared, bob, ann],
    ['false', declared, ann, bob],
  ])(
    'with global shadow %s, what %j of one set, the end of another takes back to the byte',
    async (all, act, by, end) => {
      const { envFile } = state.lab.sandbox;
      const found = await readFile(envFile, 'utf8');
      const text = found.replace(/^RATE_LIMIT_SHADOW=.*$/m, `RATE_LIMIT_SHADOW=${all}`);
      try {
        await writeFile(envFile, text);
        expect((await through(['incident', 'start', 'shared'], ann())).code).toBe(0);
        expect((await through(act, by())).code).toBe(0);
        expect(await flag()).toBe('true');
        const ended = await through(['incident', 'end', '--restore', '--json'], end());
        expect(ended).toMatchObject({ code: 0, err: '' });
        expect(jsonOf(ended.out)).toMatchObject({
          isEnded: true,
          incident: { outcome: 'restored', verdict: 'proven' },
        });
        expect(await readFile(envFile, 'utf8')).toBe(text);
        expect((await through(['panic', 'list', '--json'], by())).out).toContain('"panics": []');
      } finally {
        await writeFile(envFile, found);
      }
    },
  );

  test.each([
    ['true', 'in shadow by global shadow (RATE_LIMIT_SHADOW=true, line 2)', { raw: 'true', isShadow: true, line: 2 }],
    [
      'false',
      'enforcing by global shadow (RATE_LIMIT_SHADOW=false, line 2)',
      { raw: 'false', isShadow: false, line: 2 },
    ],
    [null, 'global shadow decides, which the file does not set', null],
  ])(
    'with global shadow %s, a flag without a line at the start is left to it, and that is said',
    async (all, how, global) => {
      const { envFile } = state.lab.sandbox;
      const found = await readFile(envFile, 'utf8');
      const line = all === null ? '' : `RATE_LIMIT_SHADOW=${all}\n`;
      const text = found.replace(/^RATE_LIMIT_SHADOW(_FINANCIAL)?=.*\n/gm, '').replace('\n', `\n${line}`);
      try {
        await writeFile(envFile, text);
        await through(['incident', 'start', 'following']);
        expect((await through(setFlag)).code).toBe(0);
        expect((await through(['incident', 'status'])).out).toContain(
          `\n  flag of financial: no line of its own; ${how}\n`,
        );
        const shown = jsonOf<{ restores: JsonObject }>((await through(['incident', 'status', '--json'])).out);
        expect(shown.restores['flags']).toEqual([{ bucket: 'financial', isOn: false, global }]);
        expect((await through(['incident', 'end', '--restore'])).code).toBe(0);
        expect(await readFile(envFile, 'utf8')).toBe(text);
      } finally {
        await writeFile(envFile, found);
      }
    },
  );

  test('an off by somebody who knew of no record is taken back like any other', async () => {
    const { envFile } = state.lab.sandbox;
    const text = await readFile(envFile, 'utf8');
    await through(['incident', 'start', 'unrecorded']);
    await through(setFlag, ann());
    await writeFile(envFile, `${text}RATE_LIMIT_SHADOW_FINANCIAL="true"\n`);
    expect((await through(['shadow', 'off', 'financial'], bob())).code).toBe(0);
    expect(await flag()).toBe('"false"');
    expect((await through(['incident', 'end', '--restore'])).code).toBe(0);
    expect(await readFile(envFile, 'utf8')).toBe(text);
  });

  test('of which nobody kept what stood before are refused, and nothing is written', async () => {
    const { envFile } = state.lab.sandbox;
    const text = await readFile(envFile, 'utf8');
    await through(['incident', 'start', 'untold']);
    await through(setFlag, bob());
    const key = `{${labKey}}:operations`;
    const told = await state.lab.redis.cli('HGET', key, 'flags');
    const { flips } = JSON.parse(told) as { flips: readonly JsonObject[] };
    const untold = { v: 1, flips: flips.map((flip) => ({ ...flip, text: undefined })) };
    await state.lab.redis.cli('HSET', key, 'flags', JSON.stringify(untold));
    const error = errorOf(await through(['incident', 'end', '--restore', '--json']));
    expect(error).toMatchObject({ code: 'BEFORE_UNKNOWN', exitCode: 5 });
    expect(error.hint).toContain('incident end --keep');
    expect(await flag()).toBe('true');
    await writeFile(envFile, text);
    await through(['incident', 'end', '--keep']);
  });

  test('those that a colleague set on another machine are part of it, and are taken back where they were set', async () => {
    await through(['incident', 'start', 'elsewhere']);
    expect((await through(['shadow', 'on', 'financial'], as('bob@host'))).code).toBe(0);
    const log = await state.lab.redis.cli('HGET', `{${labKey}}:operations`, 'flags');
    const moved = log.replace(/"machine":"[^"]*"/, '"machine":"other-host"');
    await state.lab.redis.cli('HSET', `{${labKey}}:operations`, 'flags', moved);
    // What this machine knew itself is what the colleague's would.
    for (const [path] of await state.lab.world.files()) if (path.includes('flips')) await rm(path);
    const shown = jsonOf<{ timeline: readonly JsonObject[]; restores: { elsewhere: readonly JsonObject[] } }>(
      (await through(['incident', 'status', '--json'])).out,
    );
    expect(shown.timeline.at(-1)).toMatchObject({ kind: 'flags', command: 'shadow on financial', actor: 'bob@host' });
    expect(shown.restores.elsewhere).toMatchObject([{ operation: null, buckets: ['financial'] }]);
    const error = errorOf(await through(['incident', 'end', '--restore', '--json']));
    expect(error).toMatchObject({ code: 'OPERATION_STANDS', exitCode: 6 });
    expect(error.hint).toMatch(/shadow off financial, where \S+ on other-host is set/);
    expect((await through(['shadow', 'off', 'financial'])).code).toBe(0);
  });
});

describe('on a deployed server', () => {
  const deployed = {} as { lab: Lab };
  beforeAll(async () => {
    deployed.lab = await openLab({ dialect: 'deployed' });
  });
  afterAll(() => deployed.lab.stop());

  test('the same, proven as far as such a server can show it', async () => {
    const { world } = deployed.lab;
    expect((await world.main(['incident', 'start', 'slow'])).code).toBe(0);
    const set = await world.main(['override', 'set', '/api/search', '--rate', '30', '--burst', '3', '--json']);
    const asked = await world.main(['incident', 'status', '--json']);
    expect(asked.code).toBe(0);
    const ended = await world.main(['incident', 'end', '--restore', '--json']);
    expect([set.code, ended.code]).toEqual([0, 0]);
    expect(jsonOf(ended.out)).toMatchObject({ isEnded: true, incident: { outcome: 'restored' } });
    expect(await deployed.lab.document()).toBe('{}');
  });
});

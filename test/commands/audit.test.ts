import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chainAfter } from '../../src/domain/audit/chain.js';
import { labHistoryKey, labKey, labMetadataKey, openLab, type Lab } from '../support/lab.js';
import { rewriteStream, streamOf, type StreamEntry } from '../support/stream.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  await state.lab.reset();
  await run(['audit', 'verify', '--anchor', 'none']);
});

const run = (args: readonly string[], options?: MainOptions): Promise<Ran> => state.lab.world.main(args, options);
/** Writes without reload: what is in force is not what these tests are about. */
const set = (route: string, rate: number, ...more: string[]): Promise<Ran> =>
  run(['override', 'set', route, '--rate', String(rate), '--no-reload', ...more]);
const undo = (...more: string[]): Promise<Ran> => run(['override', 'undo', '--no-reload', ...more]);

interface Verified {
  readonly isSound: boolean;
  readonly checked: number;
  readonly rebuilt: number;
  readonly head: string | null;
  readonly anchor: JsonObject | null;
  readonly isForeign: boolean;
  readonly isMetadataForeign: boolean;
  readonly findings: readonly { readonly code: string; readonly sequence: number | null; readonly message: string }[];
  readonly remarks: readonly string[];
}

async function verify(...more: string[]): Promise<Verified & { readonly code: number }> {
  const ran = await run(['audit', 'verify', '--json', ...more]);
  expect(ran.err).toBe('');
  return { ...jsonOf<Verified>(ran.out), code: ran.code };
}

/** A history with every kind of entry: first, changes, undo, foreign, repair, restore. Numbers 1 to 10. */
async function example(): Promise<void> {
  await state.lab.store('{"/z":{"rate":1}}');
  await set('/a', 1, '--reason', 'one');
  await set('/b', 2, '--reason', 'two');
  await undo();
  await state.lab.store('{"/foreign":{"rate":9}}');
  await set('/c', 3, '--ticket', 'T-1');
  await state.lab.store('{broken');
  await run(['override', 'repair', '--no-reload']);
  await set('/d', 4);
}

describe('log', () => {
  test('a line for each entry, newest first, with who, what, where, why', async () => {
    await example();
    const ran = await run(['audit', 'log', '--color', 'never'], { columns: 80 });
    expect(ran.code).toBe(0);
    const { entries } = jsonOf<{ entries: readonly JsonObject[] }>((await run(['audit', 'log', '--json'])).out);
    expect(entries.map(({ kind, snapshotOf, command }) => command ?? `${String(kind)} ${String(snapshotOf)}`)).toEqual([
      'override set',
      'override repair',
      'snapshot foreign',
      'override set',
      'snapshot foreign',
      'override undo',
      'override set',
      'override set',
      'snapshot first',
    ]);
    expect(entries.at(-2)).toMatchObject({
      actor: 'tester@test',
      routes: ['/a'],
      reason: 'one',
      isKept: true,
      sequence: 2,
    });
    for (const line of ran.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(ran.out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\dZ +override set +tester@test +\/a +[0-9a-f]{8} +one$/m);
  });

  test('what somebody changed past rlctl comes first, as not yet kept, until a change keeps it', async () => {
    await set('/a', 1);
    await state.lab.store('{"/theirs":{}}');
    const ran = await run(['audit', 'log']);
    expect(ran.out.split('\n')[1]).toMatch(/^not yet kept +foreign change/);
    expect(ran.out).toMatch(/print it with: rlctl .*override history --document [0-9a-f]{12}/);
    const first = async (): Promise<JsonObject | undefined> =>
      jsonOf<{ entries: readonly JsonObject[] }>((await run(['audit', 'log', '--json'])).out).entries[0];
    expect(await first()).toMatchObject({ kind: 'foreign', isKept: false, time: null, entryId: null });
    await set('/b', 1);
    expect(await first()).toMatchObject({ kind: 'change', isKept: true });
    expect((await run(['audit', 'log'])).out).not.toContain('not yet kept');
  });

  test('metadata changed by hand is seen, and kept as it stood by the next change', async () => {
    await set('/a', 1);
    const theirs = '{"v":1,"routes":{}}';
    await state.lab.redis.cli('SET', labMetadataKey, theirs);
    expect((await run(['audit', 'log'])).out).toMatch(/^not yet kept +metadata change/m);
    expect(await verify()).toMatchObject({ code: 0, isMetadataForeign: true });
    await set('/b', 1);
    expect((await run(['audit', 'log'])).out).toContain('found who set what changed past rlctl');
    expect(await verify()).toMatchObject({ code: 0, isMetadataForeign: false });
    const [last] = (await streamOf(state.lab.redis, labHistoryKey)).slice(-1);
    expect(JSON.parse(last?.fields['body']?.toString() ?? '')).toMatchObject({ metadataFound: theirs });
  });

  test.each([
    [['audit', 'log'], 'entries'],
    [['override', 'history'], 'changes'],
  ])('%j says where its limit cut older ones off', async (command, what) => {
    await set('/a', 1);
    await set('/b', 2);
    const cut = await run([...command, '--limit', '1']);
    expect(cut.out).toContain(`… there are older ${what}; to see more: --limit 5`);
    expect(jsonOf((await run([...command, '--limit', '1', '--json'])).out)).toMatchObject({ isMore: true });
    expect((await run([...command, '--limit', '2'])).out).not.toContain('older');
    expect(jsonOf((await run([...command, '--limit', '2', '--json'])).out)).toMatchObject({ isMore: false });
  });

  test('--limit, --actor, --route and --since choose', async () => {
    await set('/a', 1);
    await run(['override', 'set', '/b', '--rate', '1', '--no-reload'], { env: { RLCTL_ACTOR: 'ana@laptop' } });
    const routes = async (...more: string[]): Promise<unknown> => {
      const ran = await run(['audit', 'log', '-o', 'ndjson', ...more]);
      return ran.out
        .split('\n')
        .filter(Boolean)
        .map((line) => jsonOf<{ routes: string[] }>(line).routes[0]);
    };
    expect(await routes()).toEqual(['/b', '/a']);
    expect(await routes('--limit', '1')).toEqual(['/b']);
    expect(await routes('--actor', 'ana')).toEqual(['/b']);
    expect(await routes('--actor', 'ana@laptop')).toEqual(['/b']);
    expect(await routes('--actor', 'an')).toEqual([]);
    expect(await routes('--route', '/a')).toEqual(['/a']);
    expect(await routes('--since', '1h')).toEqual(['/b', '/a']);
    expect(await routes('--since', '0s')).toEqual([]);
    expect(await run(['audit', 'log', '--limit', '0'])).toMatchObject({ code: 2 });
    expect(await run(['audit', 'log', '--since', '7'])).toMatchObject({ code: 2 });
  });

  test('no history is no error', async () => {
    expect(await run(['audit', 'log'])).toMatchObject({ code: 0, out: 'no change has been recorded\n' });
  });
});

describe('verify', () => {
  test('a whole history is whole, to the byte', async () => {
    await example();
    expect(await verify()).toMatchObject({
      code: 0,
      isSound: true,
      checked: 9,
      rebuilt: 5,
      findings: [],
      isForeign: false,
    });
    const ran = await run(['audit', 'verify'], { columns: 80 });
    expect(ran.out).toContain('✓ the history of lab:rl:overrides is whole: 9 entries (1 to 9) checked');
    expect(ran.out).toMatch(/head {2}9:[0-9a-f]{40}/);
    expect(ran.out).toMatch(/still\s+stands/);
  });

  test('an empty history, and a foreign change that no entry keeps yet, are no findings', async () => {
    expect(await verify()).toMatchObject({ code: 0, checked: 0, head: null });
    await set('/a', 1);
    await state.lab.store('{}');
    const found = await verify();
    expect(found).toMatchObject({ code: 0, isForeign: true });
    expect(found.remarks.join()).toContain('changed past rlctl after the last entry');
  });

  const entryOf = (entries: StreamEntry[], sequence: number): StreamEntry => {
    const entry = entries.find(({ fields }) => fields['seq']?.toString() === String(sequence));
    if (entry === undefined) throw new Error(`no entry ${sequence}`);
    return entry;
  };
  const alter = (sequence: number, field: string, text: string | null) => (entries: StreamEntry[]) => {
    const { fields } = entryOf(entries, sequence);
    if (text === null) delete fields[field];
    else fields[field] = Buffer.from(text);
  };
  const replaced = (sequence: number, field: string, from: string, to: string) => (entries: StreamEntry[]) => {
    const { fields } = entryOf(entries, sequence);
    const text = fields[field]?.toString() ?? '';
    expect(text).toContain(from);
    fields[field] = Buffer.from(text.replace(from, to));
  };
  const other = 'f'.repeat(64);
  type Tampering = readonly [
    what: string,
    code: string,
    sequence: number,
    why: RegExp,
    act: (entries: StreamEntry[]) => void,
  ];
  const tamperings: readonly Tampering[] = [
    ['kind', 'ENTRY_UNREADABLE', 3, /the field "why" is missing/, alter(3, 'kind', 'snapshot')],
    ['kind of none', 'ENTRY_UNREADABLE', 3, /neither change nor snapshot/, alter(3, 'kind', 'x')],
    ['id', 'ENTRY_TAMPERED', 3, /its id or the hash itself/, alter(3, 'id', 'cother')],
    ['id after a snapshot', 'ENTRY_TAMPERED', 6, /"id" was altered/, alter(6, 'id', 'cother')],
    ['seq', 'ENTRY_TAMPERED', 3, /its number 30 was altered; it is number 3/, alter(3, 'seq', '30')],
    ['seq of none', 'ENTRY_UNREADABLE', 3, /sequence is not a number/, alter(3, 'seq', 'three')],
    ['prev', 'ENTRY_TAMPERED', 3, /"prev" was altered/, alter(3, 'prev', other)],
    ['next', 'ENTRY_TAMPERED', 3, /"next" was altered/, alter(3, 'next', other)],
    ['chain', 'ENTRY_TAMPERED', 3, /its hash does not follow/, alter(3, 'chain', 'a'.repeat(40))],
    ['since', 'ENTRY_TAMPERED', 3, /counts 7 changes since the last snapshot; there are 2/, alter(3, 'since', '7')],
    ['the actor', 'ENTRY_TAMPERED', 3, /its body/, replaced(3, 'body', 'tester@test', 'nobody@test')],
    ['the reason', 'ENTRY_TAMPERED', 2, /its body/, replaced(2, 'body', '"one"', '"won"')],
    [
      'the edit',
      'ENTRY_TAMPERED',
      3,
      /does not lead to the revision/,
      replaced(3, 'body', '"inserted":",\\"/b', '"inserted":",\\"/x'),
    ],
    ['a body of none', 'ENTRY_UNREADABLE', 3, /not JSON/, alter(3, 'body', '{')],
    [
      'the document of a snapshot',
      'ENTRY_TAMPERED',
      5,
      /carries is not the revision/,
      alter(5, 'doc', '{"/foreign":{"rate":8}}'),
    ],
    ['the first document', 'ENTRY_TAMPERED', 1, /carries is not the revision/, alter(1, 'doc', '{}')],
    ['no document', 'ENTRY_TAMPERED', 5, /should carry is missing/, alter(5, 'doc', null)],
    ['the document of a repair', 'ENTRY_TAMPERED', 8, /carries is not the revision/, alter(8, 'doc', '{}')],
    ['why', 'ENTRY_TAMPERED', 5, /another revision|says/, alter(5, 'why', 'periodic')],
    ['why of the first', 'ENTRY_TAMPERED', 1, /is the first/, alter(1, 'why', 'foreign')],
    ['the last entry', 'ENTRY_TAMPERED', 9, /its body/, replaced(9, 'body', 'tester@test', 'nobody@test')],
    ['no id', 'ENTRY_UNREADABLE', 3, /"id" is missing/, alter(3, 'id', null)],
  ];
  test.each(tamperings)('finds an altered field, alone: %s', async (_, code, sequence, why, act) => {
    await example();
    await rewriteStream(state.lab.redis, labHistoryKey, (entries) => {
      act(entries);
      return entries;
    });
    const found = await verify();
    expect(found.findings).toMatchObject([{ code, sequence, message: expect.stringMatching(why) as string }]);
    expect(found).toMatchObject({ code: 3, isSound: false });
  });

  const removals: readonly (readonly [string, number, readonly string[], RegExp])[] = [
    ['the first', 1, ['START_MISSING'], /begins with change 2/],
    ['one in the middle', 3, ['ENTRY_MISSING'], /^entry 3 is missing between/],
    ['a snapshot', 5, ['ENTRY_MISSING'], /^entry 5 is missing/],
    ['the last', 9, ['CHANGE_MISSING'], /"\/d" was set by change c\w+ at .*, which the history does not hold/],
  ];
  test.each(removals)('finds that %s was removed', async (_, sequence, codes, why) => {
    await example();
    const { entryId } = entryOf(await streamOf(state.lab.redis, labHistoryKey), sequence);
    await state.lab.redis.cli('XDEL', labHistoryKey, entryId);
    const found = await verify();
    expect(found.code).toBe(3);
    expect(found.findings[0]?.message).toMatch(why);
    expect(found.findings.map(({ code }) => code)).toEqual(codes);
  });

  test('says how many edits it could not rebuild, and why', async () => {
    await example();
    const { entryId } = entryOf(await streamOf(state.lab.redis, labHistoryKey), 3);
    await state.lab.redis.cli('XDEL', labHistoryKey, entryId);
    const { out } = await run(['audit', 'verify']);
    expect(out).toMatch(
      /8 entries .* checked, \d edits? rebuilt byte by byte, [1-9] not: what stood before them is missing/,
    );
    expect((await run(['audit', 'verify', '--jq', '.notRebuilt'])).out).toMatch(/^[1-9]\n$/);
  });

  test('finds that entries changed places, and that one was put in', async () => {
    await example();
    const whole = await streamOf(state.lab.redis, labHistoryKey);
    await rewriteStream(state.lab.redis, labHistoryKey, (entries) => {
      const [third, fourth] = [entryOf(entries, 3), entryOf(entries, 4)];
      [third.fields, fourth.fields] = [fourth.fields, third.fields];
      return entries;
    });
    expect((await verify()).findings).toMatchObject([
      { code: 'ENTRY_REORDERED', sequence: 3, message: expect.stringContaining('stands behind number 4') as string },
    ]);
    await rewriteStream(state.lab.redis, labHistoryKey, () =>
      whole.flatMap((entry, index) =>
        index === 3 ? [entry, { entryId: `${entry.entryId.split('-')[0]}-77`, fields: entry.fields }] : [entry],
      ),
    );
    expect((await verify()).findings).toMatchObject([{ code: 'ENTRY_INSERTED', sequence: 4 }]);
    await rewriteStream(state.lab.redis, labHistoryKey, () => whole);
    expect(await verify()).toMatchObject({ code: 0 });
    await state.lab.redis.cli('XADD', labHistoryKey, '*', 'hello', 'world');
    const entryId = (await streamOf(state.lab.redis, labHistoryKey)).at(-1)?.entryId ?? '';
    expect(await verify()).toMatchObject({
      code: 3,
      isForeign: false,
      findings: [{ entryId, message: expect.stringContaining('missing') as string }],
    });
    expect((await run(['audit', 'verify'])).out).toContain(entryId);
    expect(await run(['audit', 'export', '--out', 'foreign.ndjson'])).toMatchObject({ code: 0 });
    expect(await verify('-f', 'foreign.ndjson')).toMatchObject({ code: 3, findings: [{ entryId }], isForeign: false });
    // What stands there is still compared with the last entry that can be read.
    await state.lab.store('{"/past":{}}');
    expect(await verify()).toMatchObject({ code: 3, isForeign: true });
    expect(errorOf(await run(['override', 'list', '--json']))).toMatchObject({
      code: 'HISTORY_CORRUPT',
      exitCode: 6,
      hint: expect.stringMatching(
        /: redis-cli -h 127\.0\.0\.1 -p \d+ XRANGE '.*' \S+ \S+, then redis-cli -h /,
      ) as string,
    });
    // The log goes on, and shows it for what it is.
    const log = await run(['audit', 'log', '--json']);
    expect(log).toMatchObject({ code: 3, err: '' });
    expect(jsonOf<{ entries: JsonObject[] }>(log.out).entries.slice(0, 3)).toMatchObject([
      { kind: 'foreign', isKept: false },
      { kind: 'foreignEntry', entryId, unread: 'the field "kind" is missing', revision: null, actor: null },
      { kind: 'change', unread: null },
    ]);
    const shown = await run(['audit', 'log']);
    expect(shown.out).toMatch(/foreign entry +- +- +- .*the field "kind" is missing/);
    expect(shown.out).toMatch(/is no part of the history: rlctl (?:--config \S+ )?audit verify/);
    expect((await run(['audit', 'log', '--actor', 'ana'])).code).toBe(0);
  });

  test('a history that somebody removed is not one that never was', async () => {
    const never = [await run(['audit', 'log']), await run(['override', 'history'])];
    for (const { out } of never) expect(out).toBe('no change has been recorded\n');
    await run(['override', 'set', '/a', '--rate', '5', '--no-reload']);
    const { entries } = jsonOf<{ entries: { changeId: string }[] }>((await run(['audit', 'log', '--json'])).out);
    await state.lab.redis.cli('DEL', labHistoryKey);
    for (const verb of [
      ['audit', 'log'],
      ['override', 'history'],
    ]) {
      expect((await run(verb)).out).toMatch(
        /^the history is gone, .* of "\/a" at 20.* by tester@test; the next change/s,
      );
      const { lost } = jsonOf<{ lost: JsonObject }>((await run([...verb, '--json'])).out);
      expect(lost).toEqual({
        changeId: entries[0]?.changeId,
        route: '/a',
        actor: 'tester@test',
        time: expect.stringMatching(/^20/) as string,
      });
    }
  });

  test.each([
    [['undo', '--yes']],
    [['undo', '--to', 'abcdef0123', '--yes']],
    [['history', '--document', 'abcdef0123']],
  ])('where the history was removed %j says so, as status does, with its cure', async (verb) => {
    await set('/a', 5);
    await state.lab.redis.cli('DEL', labHistoryKey);
    const { code, out, err } = await run(['-e', 'lab', 'override', ...verb, '--json']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(jsonOf<{ error: unknown }>(err).error).toMatchObject({
      code: 'HISTORY_GONE',
      message: expect.stringMatching(/: the history is gone, .* somebody removed it.* of "\/a" at 20/) as string,
      hint: expect.stringMatching(/^See what else is missing with: rlctl .*-e lab .*audit verify$/) as string,
    });
  });

  test.each([
    ['repair of a document that is gone', ['override', 'repair', '--yes'], 6, 'NOTHING_TO_REPAIR_FROM'],
    ['repair to a revision', ['override', 'repair', '--to', 'abcdef0123', '--yes'], 2, 'HISTORY_GONE'],
    ['panic restore', ['panic', 'restore', '--yes'], 2, 'HISTORY_GONE'],
    ['panic restore of one', ['panic', 'restore', 'p-12345678', '--yes'], 2, 'HISTORY_GONE'],
    ['incident end --restore', ['incident', 'end', '--restore', '--yes'], 6, 'HISTORY_GONE'],
  ])('where the history was removed %s says so as well', async (_, verb, exitCode, code) => {
    if (verb[0] === 'incident') expect((await run(['incident', 'start', 'slow'])).code).toBe(0);
    await set('/a', 5);
    await state.lab.redis.cli('DEL', labHistoryKey);
    if (code === 'NOTHING_TO_REPAIR_FROM') await state.lab.redis.cli('DEL', labKey);
    const ran = await run(['-e', 'lab', ...verb, '--json']);
    expect(ran).toMatchObject({ code: exitCode, out: '' });
    expect(jsonOf<{ error: unknown }>(ran.err).error).toMatchObject({
      code,
      message: expect.stringMatching(/: the history is gone, .* somebody removed it.* of "\/a" at 20/) as string,
    });
  });

  test('a removed history is a finding, and begun anew on purpose it comes clean and stays so', async () => {
    await set('/a', 5);
    expect((await run(['doctor', '--only', 'document.history'])).code).toBe(0);
    await set('/b', 5);
    await state.lab.redis.cli('DEL', labHistoryKey);

    const found = { code: 'HISTORY_GONE', message: expect.stringContaining('somebody removed it') as string };
    const status = await run(['status', '--json']);
    expect(status.code).toBe(3);
    expect(jsonOf<{ findings: unknown }>(status.out).findings).toContainEqual({
      ...found,
      part: 'history',
      hint: expect.stringMatching(/audit verify$/) as string,
    });
    const doctor = await run(['doctor', '--only', 'document.history', '--json']);
    expect(doctor.code).toBe(3);
    expect(jsonOf<{ findings: unknown }>(doctor.out).findings).toMatchObject([{ ...found, severity: 'error' }]);

    for (const more of [['--dry-run'], []])
      expect((await set('/c', 5, ...more)).out.replaceAll(/\s+/g, ' ')).toContain('so this begins a new one');
    expect((await set('/d', 5)).out).not.toContain('begins a new one');

    expect((await verify('--anchor', 'none')).code).toBe(0);
    expect(await verify()).toMatchObject({
      code: 0,
      findings: [],
      olderThanHistory: [{ route: '/a' }, { route: '/b' }],
      remarks: expect.arrayContaining(['older than this history, which was begun anew: what set "/a", "/b"']) as object,
    });
    expect((await run(['status'])).out).not.toContain('the history is gone');
  });

  test('what is missing from before a new beginning is a fault until that is said to be meant; what is newer stays one', async () => {
    await set('/a', 5);
    await state.lab.redis.cli('DEL', labHistoryKey);
    await set('/b', 5);
    const ran = await run(['audit', 'verify']);
    expect(ran.code).toBe(3);
    expect(ran.out).toMatch(/"\/a" was set by change .*which the history does not hold/);
    expect(ran.out.replaceAll(/\s+/g, ' ')).toMatch(
      /begun anew on purpose: rlctl (?:--config \S+ )?audit verify --anchor none/,
    );
    await set('/c', 5);
    const last = (await streamOf(state.lab.redis, labHistoryKey)).at(-1);
    await state.lab.redis.cli('XDEL', labHistoryKey, last?.entryId ?? '');
    const { code, findings } = await verify('--anchor', 'none');
    expect([code, findings.map(({ message }) => /^"\/\w"/.exec(message)?.[0])]).toEqual([3, ['"/c"']]);
  });

  test('a time that was altered is found where it leaves the hour', async () => {
    await example();
    await rewriteStream(state.lab.redis, labHistoryKey, (entries) =>
      entries.map((entry) => {
        const [ms = '', n = ''] = entry.entryId.split('-');
        return { ...entry, entryId: `${Number(ms) - 7_200_000}-${n}` };
      }),
    );
    const found = await verify();
    expect(found.findings.map(({ code }) => code)).toContain('ENTRY_TAMPERED');
    expect(found.findings[0]?.message).toContain('its time is not when it was sent');
  });

  test('a history recomputed as a whole is sound by itself, and not to a head that was kept', async () => {
    await example();
    const { head } = await verify();
    await rewriteStream(state.lab.redis, labHistoryKey, (entries) => {
      const chain = { value: '' };
      for (const { fields } of entries) {
        const text = (name: string): string => fields[name]?.toString() ?? '';
        if (text('seq') === '3') fields['body'] = Buffer.from(text('body').replace('"two"', '"2"'));
        const chained = { kind: text('kind'), changeId: text('id'), sequence: Number(text('seq')), prev: text('prev') };
        chain.value = chainAfter(chain.value, { ...chained, next: text('next'), body: text('body') });
        fields['chain'] = Buffer.from(chain.value);
      }
      return entries;
    });
    expect((await verify()).findings).toMatchObject([{ code: 'PAST_REWRITTEN', sequence: 9 }]);
    expect((await verify('--anchor', head ?? '')).findings).toMatchObject([{ code: 'PAST_REWRITTEN' }]);
    // Findings do not replace what is kept; only saying so does.
    expect(await verify()).toMatchObject({ code: 3, anchor: { state: 'broken', source: 'kept' } });
    expect(await verify('--anchor', 'none')).toMatchObject({ code: 0, anchor: null });
    expect(await verify()).toMatchObject({ code: 0, anchor: { state: 'held' } });
  });

  test('an end that was cut together with the change is found by the head that was kept', async () => {
    await example();
    await verify();
    const entries = await streamOf(state.lab.redis, labHistoryKey);
    await state.lab.redis.cli('XDEL', labHistoryKey, entries.at(-1)?.entryId ?? '');
    await state.lab.redis.cli('DEL', labMetadataKey);
    const found = await verify();
    expect(found.findings.map(({ code, sequence }) => [code, sequence])).toEqual([['END_MISSING', 9]]);
    await state.lab.redis.cli('DEL', labHistoryKey);
    expect((await verify()).findings[0]?.message).toContain('now it is empty');
  });

  test('a head whose own entry was removed does not stand', async () => {
    await set('/a', 1);
    await set('/b', 1);
    const { head } = await verify();
    await set('/c', 1);
    const entries = await streamOf(state.lab.redis, labHistoryKey);
    await state.lab.redis.cli('XDEL', labHistoryKey, entries[1]?.entryId ?? '');
    const found = await verify();
    expect(found).toMatchObject({ code: 3, anchor: { head, state: 'broken' } });
    // The metadata beside the document still names the change that is gone.
    expect(found.findings.map(({ code }) => code)).toEqual(['ENTRY_MISSING', 'CHANGE_MISSING']);
    expect(found.remarks.join()).not.toContain('still stands');
  });

  test('a head that was trimmed since says so; one that is none is refused', async () => {
    await example();
    await verify();
    const entries = await streamOf(state.lab.redis, labHistoryKey);
    await state.lab.redis.cli('XTRIM', labHistoryKey, 'MINID', entries[4]?.entryId ?? '');
    const { head } = await verify();
    const early = `2:${entries[1]?.fields['chain']?.toString()}`;
    const found = await verify('--anchor', early);
    expect(found).toMatchObject({ code: 0, anchor: { state: 'trimmed', source: 'flag' } });
    expect(found.remarks).toContainEqual(expect.stringContaining('the history begins with number 5'));
    expect(await verify('--anchor', head ?? '')).toMatchObject({ code: 0, anchor: { state: 'held' } });
    const ran = await run(['audit', 'verify', '--anchor', '12', '--json']);
    expect([ran.code, errorOf(ran).message]).toEqual([2, expect.stringContaining('--anchor: "12"')]);
  });
});

describe('export', () => {
  const out = (): string => join(state.lab.world.cwd, 'audit.ndjson');
  beforeEach(() => rm(out(), { force: true }));

  test('a file that is there is kept, unless it is to be replaced', async () => {
    await set('/a', 1);
    await writeFile(out(), 'the export of last month\n');
    const refused = await run(['audit', 'export', '--out', 'audit.ndjson', '--json']);
    expect(errorOf(refused)).toMatchObject({ code: 'EXPORT_EXISTS', exitCode: 6 });
    expect(errorOf(refused).hint).toContain('--force');
    expect(await readFile(out(), 'utf8')).toBe('the export of last month\n');
    expect(await run(['audit', 'export', '--out', 'audit.ndjson', '--force'])).toMatchObject({ code: 0 });
    expect(await verify('-f', 'audit.ndjson')).toMatchObject({ code: 0 });
    expect(await run(['audit', 'export', '--out', 'nowhere/audit.ndjson'])).toMatchObject({ code: 2 });
  });

  test('every entry complete, a private file, verified and replayed without Redis', async () => {
    await example();
    await state.lab.store('{"/late":{}}');
    const ran = await run(['audit', 'export', '--out', 'audit.ndjson', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ kind: 'AuditExport', records: 9, file: out() });
    expect((await stat(out())).mode & 0o777).toBe(0o600);
    const lines = (await readFile(out(), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => jsonOf(line));
    expect(lines.at(-1)).toMatchObject({
      kind: 'AuditEnd',
      environment: 'lab',
      key: labKey,
      records: 9,
      isForeign: true,
    });
    expect(lines[0]).toMatchObject({
      kind: 'AuditRecord',
      fields: { kind: 'snapshot', seq: '1', why: 'first' },
      base64: { doc: Buffer.from('{"/z":{"rate":1}}').toString('base64') },
    });
    const found = await verify('-f', 'audit.ndjson');
    expect(found).toMatchObject({ code: 0, isSound: true, checked: 9, rebuilt: 5, isForeign: true });
    expect(await verify('-f', 'audit.ndjson', '--anchor', found.head ?? '')).toMatchObject({
      anchor: { state: 'held' },
    });
    const piped = await run(['audit', 'verify', '-f', '-', '--json'], { stdin: await readFile(out()) });
    expect(jsonOf(piped.out)).toMatchObject({ isSound: true, source: 'stdin' });
  });

  test('to stdout it is the same, and other formats are refused', async () => {
    await example();
    await run(['audit', 'export', '--out', 'audit.ndjson']);
    const ran = await run(['audit', 'export', '-o', 'ndjson']);
    const [file, lines] = [(await readFile(out(), 'utf8')).split('\n'), ran.out.split('\n')];
    expect(lines.slice(0, -2)).toEqual(file.slice(0, -2));
    expect(await run(['audit', 'export', '--json'])).toMatchObject({ code: 2, out: '' });
    expect(await run(['audit', 'export', '--jq', '.'])).toMatchObject({ code: 2, out: '' });
  });

  test('a file that was changed, cut or is none is found out', async () => {
    await example();
    await run(['audit', 'export', '--out', 'audit.ndjson']);
    const lines = (await readFile(out(), 'utf8')).trimEnd().split('\n');
    const codes = async (changed: readonly string[]): Promise<unknown> => {
      await writeFile(out(), changed.map((line) => `${line}\n`).join(''));
      return (await verify('-f', 'audit.ndjson')).findings.map(({ code }) => code);
    };
    expect(await codes(lines)).toEqual([]);
    expect(await codes(lines.slice(0, -1))).toEqual(['END_MISSING']);
    expect(await codes(lines.toSpliced(-2, 1))).toEqual(['END_MISSING']);
    expect(await codes(lines.toSpliced(3, 1))).toEqual(['ENTRY_MISSING', 'ENTRY_MISSING']);
    expect(await codes(lines.slice(1))).toEqual(['START_MISSING', 'ENTRY_MISSING']);
    expect(await codes(lines.with(2, (lines[2] ?? '').replace('tester@test', 'other@test')))).toEqual([
      'ENTRY_TAMPERED',
    ]);
    const [second, third] = [lines[1] ?? '', lines[2] ?? ''];
    expect(await codes(lines.with(1, third).with(2, second))).toEqual(['ENTRY_REORDERED', 'TIME_BACKWARDS']);
    await writeFile(out(), 'hello\n');
    const ran = await run(['audit', 'verify', '-f', 'audit.ndjson', '--json']);
    expect([ran.code, errorOf(ran)]).toMatchObject([2, { code: 'EXPORT_INVALID' }]);
    expect(await run(['audit', 'verify', '-f', 'nowhere.ndjson'])).toMatchObject({ code: 2 });
  });

  test('--since begins at the snapshot before, so that it can be replayed', async () => {
    await example();
    const entries = await streamOf(state.lab.redis, labHistoryKey);
    // The entries before the sixth are a week old.
    await rewriteStream(state.lab.redis, labHistoryKey, (all) =>
      all.map((entry, index) => {
        const [ms = '', n = ''] = entry.entryId.split('-');
        return index < 5 ? { ...entry, entryId: `${Number(ms) - 604_800_000}-${n}` } : entry;
      }),
    );
    await run(['audit', 'export', '--since', '1d', '--out', 'audit.ndjson']);
    expect(await verify('-f', 'audit.ndjson')).toMatchObject({ code: 0, checked: entries.length - 4 });
  });
});

describe('a key of another type', () => {
  const seeded = async (): Promise<void> => {
    await state.lab.redis.cli('RPUSH', labKey, 'x', 'y');
    await set('/a', 1, '--force');
    await set('/b', 2);
  };

  test('whose contents the history keeps is checked as well', async () => {
    await seeded();
    expect(await verify()).toMatchObject({ code: 0, checked: 3 });
    await rewriteStream(state.lab.redis, labHistoryKey, (entries) => {
      const dump = entries[0]?.fields['dump'];
      dump?.writeUInt8(dump.readUInt8(3) ^ 1, 3);
      return entries;
    });
    expect((await verify()).findings).toMatchObject([
      { code: 'ENTRY_TAMPERED', sequence: 1, message: expect.stringContaining('it carries were altered') as string },
    ]);
  });

  test('whose contents are gone, or which is called another, is found', async () => {
    await seeded();
    await rewriteStream(state.lab.redis, labHistoryKey, (entries) => {
      for (const { fields } of entries) if (fields['dump']) fields['why'] = Buffer.from('foreign');
      return entries;
    });
    expect((await verify()).findings).toMatchObject([{ code: 'ENTRY_TAMPERED', sequence: 1 }]);
    await rewriteStream(state.lab.redis, labHistoryKey, (entries) => {
      for (const { fields } of entries) if (fields['dump']) fields['why'] = Buffer.from('wrongType');
      for (const { fields } of entries) delete fields['dump'];
      return entries;
    });
    expect((await verify()).findings).toMatchObject([{ message: expect.stringContaining('are missing') as string }]);
  });
});

describe('the setting "history"', () => {
  const as = (history: JsonObject): Promise<string> =>
    state.lab.world.config('aged.yaml', { environments: { lab: { ...state.lab.environment, history } } });
  const aged = async (count: number): Promise<void> =>
    rewriteStream(state.lab.redis, labHistoryKey, (all) =>
      all.map((entry, index) => {
        const [ms = '', n = ''] = entry.entryId.split('-');
        return index < count ? { ...entry, entryId: `${Number(ms) - 604_800_000}-${n}` } : entry;
      }),
    );
  const numbers = async (): Promise<unknown> =>
    (await streamOf(state.lab.redis, labHistoryKey)).map(({ fields }) => Number(fields['seq']));

  test('cuts what is too old at the next change, back to a snapshot; undo still goes back to it', async () => {
    await example();
    await aged(6);
    const config = await as({ age: '1d' });
    const args = ['--config', config, 'override', 'set', '/e', '--rate', '5', '--no-reload'];
    expect(await run(args)).toMatchObject({ code: 0 });
    expect(await numbers()).toEqual([5, 6, 7, 8, 9, 10]);
    await undo();
    await undo();
    expect(await state.lab.document()).toBe('{"/foreign":{"rate":9},"/c":{"rate":3}}');
  });

  test('left out cuts nothing for its age', async () => {
    await example();
    await aged(6);
    await set('/e', 5);
    expect(await numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('is shown, and refused where it makes no sense, with its place', async () => {
    const shown = async (history: JsonObject): Promise<Ran> =>
      run(['--config', await as(history), 'env', 'show', '--jq', '.settings[] | select(.key == "history") | .value']);
    expect((await shown({ entries: 500, age: '90d' })).out).toBe('500 entries, 90d\n');
    expect((await shown({ age: '2h' })).out).toBe('10000 entries, 2h\n');
    for (const [history, why] of [
      [{ age: '5s' }, /environments\.lab\.history\.age: 5s/],
      [{ age: '90' }, /history\.age: "90" is not a duration/],
      [{ entries: 0 }, /history\.entries/],
      [{ days: 9 }, /history: unknown key "days"/],
    ] as const) {
      const ran = await shown(history);
      expect(ran.code).toBe(2);
      expect(errorOf(ran).message).toMatch(why);
    }
  });
});

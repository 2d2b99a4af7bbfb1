import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/system/clock.js';
import { systemRandomness } from '../../src/adapters/system/randomness.js';
import { scanDocument } from '../../src/domain/override/document.js';
import { setOverride } from '../../src/domain/override/edit.js';
import { revisionOf } from '../../src/domain/revision.js';
import { planChange } from '../../src/procedures/override/plan.js';
import { restoreIntent } from '../../src/procedures/override/restore.js';
import { writePlan } from '../../src/procedures/override/write.js';
import { deadlineIn, storeAt, writeOf } from '../contracts/override-store.kit.js';
import { createFakeOverrides } from '../support/fake-override-store.js';
import { labHistoryKey, openLab, type Lab } from '../support/lab.js';
import { streamOf } from '../support/stream.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const run = (args: readonly string[], options?: MainOptions): Promise<Ran> => state.lab.world.main(args, options);
const set = (route: string, rate: number): Promise<Ran> =>
  run(['override', 'set', route, '--rate', String(rate), '--no-reload']);
const undo = (...more: string[]): Promise<Ran> => run(['override', 'undo', '--no-reload', ...more]);
const revision = (text: string | null): string => revisionOf(text === null ? null : Buffer.from(text));
const length = async (): Promise<number> => Number(await state.lab.redis.cli('XLEN', labHistoryKey));

async function lastBody(): Promise<JsonObject> {
  const last = (await streamOf(state.lab.redis, labHistoryKey)).at(-1);
  return jsonOf(last?.fields['body']?.toString() ?? '');
}

/** Documents after each of: found, /a set, /b set, changed past rlctl, /c set. */
async function history(): Promise<readonly string[]> {
  const documents = [' {"/z" : {"rate":1, "x":"é"} }\n'];
  await state.lab.store(documents[0] ?? '');
  const keep = async (act: Promise<unknown>): Promise<void> => {
    await act;
    documents.push((await state.lab.document()) ?? '');
  };
  await keep(set('/a', 1));
  await keep(set('/b', 2));
  await keep(state.lab.store('{"/b":{"rate":7},"/z":{"rate":1},"/w":{}}'));
  await keep(set('/c', 3));
  return documents;
}

describe('undo --to', () => {
  test('brings every revision of the history back to the byte, as one change that undo takes back', async () => {
    const documents = await history();
    const now = await state.lab.redis.cli('GET', 'lab:rl:overrides');
    for (const document of documents.slice(0, -1)) {
      const ran = await run(['override', 'undo', '--to', revision(document).slice(0, 8), '--json']);
      expect(ran).toMatchObject({ code: 0, err: '' });
      expect(jsonOf(ran.out)).toMatchObject({
        command: 'override undo',
        undoes: null,
        restores: revision(document),
        revisionAfter: revision(document),
        proof: { verdict: 'proven' },
      });
      expect(await lastBody()).toMatchObject({ restores: revision(document), undoes: null });
      expect(await undo()).toMatchObject({ code: 0 });
      expect(await state.lab.redis.cli('GET', 'lab:rl:overrides')).toBe(now);
    }
    expect(await run(['audit', 'verify'])).toMatchObject({ code: 0 });
    expect((await run(['override', 'history', '--limit', '2'])).out).toContain('brings back revision');
  });

  test('takes a change id: as that change left it', async () => {
    const documents = await history();
    const { entries } = jsonOf<{ entries: JsonObject[] }>((await run(['override', 'history', '--json'])).out);
    const second = entries.filter(({ kind }) => kind === 'change').at(-2);
    expect(await undo('--to', String(second?.['changeId']))).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe(documents[2]);
  });

  test('after another change of another route, undo takes only the restored routes back', async () => {
    await set('/a', 1);
    const first = revision(await state.lab.document());
    await set('/b', 2);
    await undo('--to', first.slice(0, 12));
    await state.lab.store('{"/a":{"rate":1},"/new":{"rate":5}}');
    expect(await undo()).toMatchObject({ code: 0 });
    expect(scanDocument(Buffer.from((await state.lab.document()) ?? '')).members.map(({ key }) => key)).toEqual([
      '/a',
      '/b',
      '/new',
    ]);
  });

  test('order is brought back too, and taken back with the rest', async () => {
    await state.lab.store('{"/a":{"rate":1},"/b":{"rate":2},"/c":{"rate":3}}');
    const before = await state.lab.document();
    await run(['override', 'set', '/c', '--rate', '4', '--before', '/a', '--no-reload']);
    const after = await state.lab.document();
    await undo('--to', revision(before).slice(0, 12));
    expect(await state.lab.document()).toBe(before);
    await undo();
    expect(await state.lab.document()).toBe(after);
  });

  test('what is stored already is nothing to write', async () => {
    const documents = await history();
    const entries = await length();
    const ran = await undo('--to', revision(documents.at(-1) ?? '').slice(0, 12), '--json');
    expect(jsonOf(ran.out)).toMatchObject({ isNoop: true, restores: null, changeId: null });
    expect([ran.code, await length()]).toEqual([0, entries]);
  });

  test('a dry run shows the same and writes nothing; --if-revision holds', async () => {
    const documents = await history();
    const [now, entries] = [await state.lab.document(), await length()];
    const to = ['--to', revision(documents[1] ?? '').slice(0, 12)];
    const ran = await undo(...to, '--dry-run', '--json');
    expect(jsonOf(ran.out)).toMatchObject({ kind: 'OverridePlan', revisionAfter: revision(documents[1] ?? '') });
    expect((await undo(...to, '--dry-run')).out).toContain('brings back revision');
    const other = await undo(...to, '--if-revision', 'f'.repeat(8), '--json');
    expect(other.code).toBe(5);
    expect([await state.lab.document(), await length()]).toEqual([now, entries]);
    expect(await undo(...to, '--if-revision', revision(now).slice(0, 8))).toMatchObject({ code: 0 });
  });

  test('a protected environment wants its name and a reason', async () => {
    const documents = await history();
    const config = await state.lab.world.config('protected.yaml', {
      environments: { lab: { ...state.lab.environment, protected: true } },
    });
    const args = [
      '--config',
      config,
      'override',
      'undo',
      '--no-reload',
      '--to',
      revision(documents[0] ?? '').slice(0, 12),
    ];
    expect(await run(args)).toMatchObject({ code: 6 });
    expect(await run([...args, '--reason', 'r'])).toMatchObject({ code: 6 });
    expect(await state.lab.document()).toBe(documents.at(-1));
    expect(await run([...args, '--reason', 'r', '--confirm', 'lab'])).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe(documents[0]);
  });

  test('where the history is longer than what is listed, the command that prints it says the environment', async () => {
    for (let rate = 1; rate <= 11; rate += 1)
      expect(await run(['override', 'set', '/a', '--rate', String(rate), '--no-reload'])).toMatchObject({ code: 0 });
    const { err } = await run(['-e', 'lab', 'override', 'undo', '--to', '0123456789ab']);
    expect(err).toMatch(/There are more in: rlctl -e lab .*override history/);
    expect(err).not.toContain('rlctl override');
  });

  test('what the history does not lead to is refused, with what it does lead to', async () => {
    const documents = await history();
    const ran = await undo('--to', '0123456789ab', '--json');
    const error = errorOf(ran);
    expect(error).toMatchObject({ code: 'REVISION_MISSING', exitCode: 2 });
    expect(error.details?.['revisions']).toContain(revision(documents[1] ?? ''));
    const text = (await undo('--to', '0123456789ab')).err;
    expect(text).toMatch(
      new RegExp(`${revision(documents[1] ?? '').slice(0, 12)} {2}\\S+Z {2}tester@test, override set`),
    );
    expect(text).toContain('somebody past rlctl');
    for (const to of ['none', '0123', '../x', ''])
      expect(errorOf(await undo('--to', to, '--json')).message).toContain('--to');
    expect(await state.lab.document()).toBe(documents.at(-1));
  });

  test('a document that was broken is not brought back', async () => {
    await set('/a', 1);
    await state.lab.store('{broken');
    await run(['override', 'repair', '--no-reload']);
    const now = await state.lab.document();
    const ran = await undo('--to', revision('{broken').slice(0, 12), '--json');
    expect(errorOf(ran)).toMatchObject({ code: 'DOCUMENT_CORRUPT', exitCode: 6 });
    expect(await state.lab.document()).toBe(now);
  });
});

describe('undo --to, in memory', () => {
  const author = { actor: 'ann@host', reason: null, ticket: null, rlctl: '0', environment: 'test' };

  test('somebody else in between is a conflict, and nothing of theirs is lost', async () => {
    const fake = createFakeOverrides({ document: '{"/a":{"rate":1}}' });
    const store = fake.store();
    const ports = { store, clock: systemClock, randomness: systemRandomness, deadline: deadlineIn(5000) };
    const first = await store.read(ports.deadline);
    const { next } = setOverride(scanDocument(first.bytes), '/b', { ratePerMin: 2 });
    await store.write(writeOf(first, Buffer.from(next).toString()), ports.deadline);
    const plan = await planChange(ports, restoreIntent(ports, first.revision, null));
    fake.foreignSet('{"/a":{"rate":1},"/b":{"rate":2},"/theirs":{}}');
    await expect(writePlan(ports, plan, author)).rejects.toMatchObject({ kind: 'conflict', code: 'CONFLICT' });
    expect(Buffer.from(fake.state.bytes ?? []).toString()).toContain('/theirs');
  });

  test('the beginning of two revisions is refused with both', async () => {
    const fake = createFakeOverrides({ document: '{}' });
    const store = fake.store();
    const ports = { store, clock: systemClock, randomness: systemRandomness, deadline: deadlineIn(5000) };
    await store.write(writeOf(await store.read(ports.deadline), '{"/a":{}}'), ports.deadline);
    const [one, two] = ['1', '2'].map((digit) => `abcdef01${digit.repeat(56)}`);
    fake.state.entries = fake.state.entries.map((entry) => ({ ...entry, prev: one ?? '', next: two ?? '' }));
    await expect(planChange(ports, restoreIntent(ports, 'abcdef01', null))).rejects.toMatchObject({
      code: 'REVISION_AMBIGUOUS',
      hint: expect.stringMatching(/abcdef0122222222, abcdef0111111111/) as string,
    });
  });
});

describe('a change set', () => {
  const shadowOn = async (): Promise<Ran> => {
    const environment = { ...state.lab.environment, buckets: { pay: { routes: ['/pay', '/refund', '/payout'] } } };
    const config = await state.lab.world.config('set.yaml', { environments: { lab: environment } });
    return run(['--config', config, 'shadow', 'on', 'pay', '--no-reload']);
  };

  test('of several routes is one entry, and undone as one, to the byte', async () => {
    const before = '{"/refund" : {"rate":3}}';
    await state.lab.store(before);
    expect(await shadowOn()).toMatchObject({ code: 0 });
    expect((await lastBody())['routes']).toHaveLength(3);
    expect(await undo()).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe(before);
  });

  test('partly changed since: every such route is named, and nothing is written', async () => {
    await shadowOn();
    const theirs = '{"/pay":{"shadow":false},"/refund":{"shadow":true},"/payout":{"rate":1}}';
    await state.lab.store(theirs);
    const entries = await length();
    const ran = await undo('--json');
    const error = errorOf(ran);
    expect(error).toMatchObject({ code: 'UNDO_CONFLICT', exitCode: 5 });
    expect(error.message).toMatch(/"\/payout": .*"\/pay": |"\/pay": .*"\/payout": /);
    expect(error.message).not.toContain('"/refund"');
    const routes = (error.details?.['routes'] ?? []) as readonly JsonObject[];
    expect(new Map(routes.map(({ route, theirs: found }) => [route, found]))).toEqual(
      new Map([
        ['/pay', '{"shadow":false}'],
        ['/payout', '{"rate":1}'],
      ]),
    );
    expect([await state.lab.document(), await length()]).toEqual([theirs, entries]);
  });
});

describe('after trimming', () => {
  test('what is kept is still undone, brought back, printed, verified and replayed', async () => {
    const limits = { entries: 20, ageMs: null };
    const store = storeAt(state.lab.redis.url, { namespace: 'lab', limits });
    const actor = state.lab.world.env['RLCTL_ACTOR'] ?? '';
    const author = { actor, reason: null, ticket: null, rlctl: '0', environment: 'lab' };
    const ports = { store, clock: systemClock, randomness: systemRandomness, deadline: deadlineIn(60_000) };
    for (let index = 0; index < 230; index += 1) {
      const intent = {
        command: 'override set',
        routes: [],
        undoes: () => null,
        isForced: false,
        ifRevision: null,
        edit: (document: Parameters<Parameters<typeof planChange>[1]['edit']>[0]) =>
          setOverride(document ?? scanDocument(null), `/r${index % 7}`, { ratePerMin: index + 1 }),
      };
      await writePlan(ports, await planChange(ports, intent), author);
    }
    store.close();
    const entries = await streamOf(state.lab.redis, labHistoryKey);
    expect([entries[0]?.fields['seq']?.toString(), entries[0]?.fields['kind']?.toString()]).toEqual([
      '201',
      'snapshot',
    ]);
    const verified = await run(['audit', 'verify', '--anchor', 'none', '--json']);
    expect(jsonOf(verified.out)).toMatchObject({ isSound: true, firstSequence: 201, findings: [] });
    const now = await state.lab.document();
    for (const entry of [entries[0], entries[10]]) {
      const wanted = entry?.fields['next']?.toString() ?? '';
      const printed = await run(['override', 'history', '--document', wanted.slice(0, 12)]);
      expect(revision(printed.out)).toBe(wanted);
      expect(await undo('--to', wanted.slice(0, 12))).toMatchObject({ code: 0 });
      expect(revision(await state.lab.document())).toBe(wanted);
      expect(await undo()).toMatchObject({ code: 0 });
      expect(await state.lab.document()).toBe(now);
    }
    expect(await undo()).toMatchObject({ code: 0 });
    expect(revision(await state.lab.document())).toBe(entries.at(-1)?.fields['prev']?.toString());
    const gone = await undo('--to', 'c'.repeat(20), '--json');
    expect(errorOf(gone).code).toBe('REVISION_MISSING');
    expect(await run(['audit', 'verify'])).toMatchObject({ code: 0 });
  }, 60_000);
});

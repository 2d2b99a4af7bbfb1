import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { revisionOf } from '../../src/domain/revision.js';
import { labHistoryKey, labKey, labMetadataKey, openLab, type Lab } from '../support/lab.js';
import type { MemoryHost } from '../support/memory-host.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const run = (args: readonly string[], options?: MainOptions): Promise<Ran> => state.lab.world.main(args, options);
const set = (...args: string[]): Promise<Ran> => run(['override', 'set', ...args]);
/** Everything in Redis that rlctl could have touched. */
const everything = async (): Promise<unknown> => ({
  keys: (await state.lab.redis.cli('KEYS', '*')).split('\n').sort(),
  document: await state.lab.document(),
  history: await state.lab.redis.cli('XLEN', labHistoryKey),
  metadata: await state.lab.redis.cli('GET', labMetadataKey),
});
const changes = async (): Promise<number> => {
  const { entries } = jsonOf<{ entries: { kind: string }[] }>((await run(['override', 'history', '--json'])).out);
  return entries.filter(({ kind }) => kind === 'change').length;
};

/** The lab under other settings of its environment. */
async function as(environment: JsonObject): Promise<string> {
  return state.lab.world.config('other.yaml', { environments: { lab: { ...state.lab.environment, ...environment } } });
}

describe('set', () => {
  test('writes strict types, in the order of the fields, and proves it', async () => {
    const ran = await set(
      '/api/search',
      '--rate',
      '120',
      '--burst',
      '20',
      '--window',
      '60',
      '--shadow',
      '--reason',
      'r',
      '--json',
    );
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(await state.lab.document()).toBe('{"/api/search":{"rate":120,"burst":20,"window":60,"shadow":true}}');
    expect(jsonOf(ran.out)).toMatchObject({
      environment: 'lab',
      key: labKey,
      isNoop: false,
      revisionBefore: 'none',
      revisionAfter: revisionOf(Buffer.from((await state.lab.document()) ?? '')),
      changes: [{ route: '/api/search', kind: 'added' }],
      reloads: [{ outcome: 'accepted', profile: 'documented', overridesCount: 1 }],
      proof: { verdict: 'proven', levelReached: 'loaded', trap: null },
    });
    expect(state.lab.sandbox.workers()[0]?.overrides).toMatchObject([{ prefix: '/api/search' }]);
  });

  test('patches the fields named; every other byte stays', async () => {
    const before = '{ "/z" : {"rate":"12","x":[1, 2.50],"burst":1e1},\n\t"/a":{"rate":9007199254740993} }';
    await state.lab.store(before);
    expect(await set('/z', '--rate', '7', '--no-reload')).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe(before.replace('"12"', '7'));
  });

  test('nothing to write writes nothing, adds no history, and still proves', async () => {
    await set('/api/search', '--rate', '5', '--reason', 'once');
    const before = await everything();
    const ran = await set('/api/search', '--rate', '5', '--reason', 'twice', '--json');
    expect(ran.code).toBe(0);
    expect(jsonOf(ran.out)).toMatchObject({ isNoop: true, changeId: null, changes: [], proof: { verdict: 'proven' } });
    expect(await everything()).toEqual(before);
  });

  test('nothing to unset writes nothing, and still proves', async () => {
    const before = await everything();
    const ran = await run(['override', 'unset', '/nothing', '--json']);
    expect(jsonOf(ran.out)).toMatchObject({
      isNoop: true,
      proof: { verdict: 'proven', diagnosis: 'nothing was changed, and the server shows the route as stored' },
    });
    expect(ran.code).toBe(0);
    expect(await everything()).toEqual(before);
  });

  test('unsetting what was never there says so, and names what is near', async () => {
    await state.lab.store('{"/api/search":{"rate":1},"/api/search/items":{},"/x":{}}');
    const args = ['override', 'unset', '/api/serach'];
    const ran = await run([...args, '--json']);
    expect(ran.code).toBe(0);
    expect(jsonOf(ran.out)).toMatchObject({
      isNoop: true,
      missing: [{ route: '/api/serach', near: ['/api/search'] }],
      steps: [{ name: 'write', state: 'skipped', detail: 'there was no such override; nothing written' }, {}, {}],
    });
    const table = await run([...args, '--dry-run']);
    expect(table.out).toContain('there was no such override: "/api/serach"; near it there are: "/api/search"\n');
    expect(table.out).not.toContain('already as wanted');
    const there = await run(['override', 'unset', '/x', '--json']);
    expect(jsonOf(there.out)).toMatchObject({ isNoop: false, missing: [] });
  });

  test.each([
    [['/a'], /--rate, --burst/],
    [['a', '--rate', '1'], /"a"/],
    [['/a', '--rate', '0'], /--rate/],
    [['/a', '--rate', '60001'], /60000/],
    [['/a', '--rate', '1.5'], /--rate/],
    [['/a', '--rate', '1e3'], /--rate/],
    [['/a', '--rate', ' 7'], /--rate/],
    [['/a', '--rate', ''], /--rate/],
    [['/a', '--burst', '-1'], /--burst/],
    [['/a', '--burst', '100001'], /100000/],
    [['/a', '--window', '0'], /--window/],
    [['/a', '--window', '86401'], /86400/],
    [['/a', '--rate', '1', '--if-revision', 'xyz'], /--if-revision/],
    [['/a', '--rate', '1', '--wait', 'long'], /--wait/],
    [['/a', '--rate', '1', '--probe', 'ftp://x'], /probe/],
    [['/a', '--rate', '1', '--signing', 'morse'], /morse/],
    [['/a', '--rate', '1', '--workers', '0'], /workers/],
    [['/a', '--rate', '1', '--target', 'nowhere'], /nowhere/],
    [['/a', '--rate', '1', '--before', '/missing'], /\/missing/],
    [['/a', '--rate', '1', '--after', '/missing'], /\/missing/],
  ])('%j is refused before anything is written', async (args, message) => {
    await state.lab.store('{"/x":{}}');
    const ran = await set(...args);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(message);
    expect(ran.err).toMatch(/\nhint: {2}\S/);
    expect(await state.lab.document()).toBe('{"/x":{}}');
  });

  test('--reason and --ticket are kept, with who and when', async () => {
    await set('/a', '--rate', '1', '--reason', 'because', '--ticket', 'INC-1');
    const history = jsonOf<{ entries: JsonObject[] }>((await run(['override', 'history', '--json'])).out);
    expect(history.entries).toMatchObject([
      { actor: 'tester@test', reason: 'because', ticket: 'INC-1', command: 'override set' },
    ]);
    expect(Math.abs(Date.parse(String(history.entries[0]?.['time'])) - Date.now())).toBeLessThan(60_000);
  });

  test('a TTL of the key is kept and told', async () => {
    await state.lab.store('{"/x":{"rate":1}}');
    await state.lab.redis.cli('EXPIRE', labKey, '1000');
    await set('/x', '--rate', '2');
    expect(Number(await state.lab.redis.cli('TTL', labKey))).toBeGreaterThan(900);
    expect((await run(['override', 'list'])).out).toContain('expires in');
  });
});

describe('--quiet', () => {
  test('leaves out remarks, on stdout and stderr, and nothing else', async () => {
    const config = await as({ protected: true, require: [] });
    const set = ['--config', config, 'override', 'set', '/a', '--rate', '1', '--for', '2h'];
    expect((await run([...set, '--dry-run'])).out).toContain('note:  nothing has ever run that applies ends');
    const dry = await run([...set, '--dry-run', '-q']);
    expect(dry.out).not.toContain('note:');
    expect(dry.out).toContain('+ /a');
    expect((await run(set)).err).toContain('about to write:');
    const refused = await run([...set, '-q']);
    expect(refused.err).not.toContain('about to write:');
    expect(refused).toMatchObject({ code: 6, err: expect.stringContaining('--confirm lab') as string });
    // What is about to be written stands in the result.
    const done = await run([...set, '--confirm', 'lab']);
    expect(done.err).not.toContain('about to write:');
    expect(done.out).toContain('+ /a');
  });
});

test('what no guard is asked about offers no way past one', async () => {
  for (const verb of ['undo', 'repair', 'expire'])
    expect((await run(['override', verb, '--help'])).out).not.toContain('--override-guard');
  expect((await run(['override', 'set', '--help'])).out).toContain('--override-guard');
});

describe('order', () => {
  const order = async (): Promise<readonly string[]> =>
    Object.keys(JSON.parse((await state.lab.document()) ?? '{}') as object);

  test('a new prefix goes before the first entry that would hide it, else to the end', async () => {
    await state.lab.store('{"/x":{"rate":1},"/api":{"rate":1},"/y":{"rate":1}}');
    const first = await set('/api/search', '--rate', '1');
    expect(first.out).toContain('\n+ /api/search  before "/api"\n');
    const second = await set('/z', '--rate', '1');
    expect(second.out).toContain('\n+ /z  last\n');
    expect(await order()).toEqual(['/x', '/api/search', '/api', '/y', '/z']);
  });

  test('--before and --after place it, also where it exists', async () => {
    await state.lab.store('{"/a":{"rate":1},"/b":{"rate":2},"/c":{"rate":3}}');
    await set('/new', '--rate', '1', '--after', '/a');
    expect(await order()).toEqual(['/a', '/new', '/b', '/c']);
    const moved = await set('/c', '--rate', '3', '--before', '/a');
    expect(moved.out).toContain('\n↕ /c  now before "/a"\n');
    expect(await order()).toEqual(['/c', '/a', '/new', '/b']);
  });

  test('an entry that stays hidden is reported, in the result and in the list', async () => {
    await state.lab.store('{"/api":{"rate":1},"/api/search":{"rate":2}}');
    const ran = await set('/api/search', '--rate', '3', '--json', '--no-reload');
    expect(jsonOf(ran.out)).toMatchObject({ hidden: [{ route: '/api/search', by: '/api' }] });
    expect((await set('/api/search', '--rate', '4', '--no-reload')).out).toContain(
      '"/api/search" is hidden: "/api" stands earlier',
    );
    expect(jsonOf((await run(['override', 'list', '--json'])).out)).toMatchObject({
      overrides: [{ hiddenBy: null }, { prefix: '/api/search', hiddenBy: '/api' }],
    });
    expect((await run(['override', 'list'])).out).toMatch(/\/api\/search +4 .* \/api +now by tester@test/);
  });

  test('the change of a hidden entry is not called proven', async () => {
    await state.lab.store('{"/api":{"rate":1},"/api/search":{"rate":2}}');
    const ran = await set('/api/search', '--rate', '3', '--json');
    // The count alone carries it: what the route gets is another entry's policy.
    expect(
      jsonOf<{ proof: { evidence: { text: string }[] } }>(ran.out)
        .proof.evidence.map(({ text }) => text)
        .join(),
    ).toMatch(/hid|\/api"/);
  });
});

describe('--dry-run', () => {
  test.each([
    ['set', ['override', 'set', '/api/search', '--rate', '9', '--reason', 'x']],
    ['unset', ['override', 'unset', '/api/search']],
    ['undo', ['override', 'undo']],
    ['repair', ['override', 'repair']],
  ])('%s writes nothing, sends no reload, and prints the plan that the change then has', async (_, args) => {
    await set('/api/search', '--rate', '5');
    const [before, reloads] = [await everything(), state.lab.sandbox.workers()[0]?.reloads];
    const dry = await run([...args, '--dry-run', '--json']);
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(dry.out)).toMatchObject({ kind: 'OverridePlan' });
    expect(await everything()).toEqual(before);
    expect(state.lab.sandbox.workers()[0]?.reloads).toBe(reloads);
    const real = jsonOf((await run([...args, '--json'])).out);
    const { revisionBefore, revisionAfter, changes: planned, hidden, isNoop } = jsonOf(dry.out);
    expect(real).toMatchObject({ revisionBefore, revisionAfter, changes: planned, hidden, isNoop });
  });

  test('is allowed under --read-only, which refuses the change itself', async () => {
    for (const more of [
      { args: ['--read-only'], env: {} },
      { args: [], env: { RLCTL_READ_ONLY: 'true' } },
    ]) {
      const args = ['override', 'set', '/a', '--rate', '1', '--json', ...more.args];
      expect(await run([...args, '--dry-run'], { env: more.env })).toMatchObject({ code: 0 });
      expect(errorOf(await run(args, { env: more.env }))).toMatchObject({ code: 'READ_ONLY', exitCode: 6 });
    }
    expect(await state.lab.document()).toBeNull();
  });

  test.each([[['override', 'unset', '/a']], [['override', 'undo']], [['override', 'repair']], [['reload']]])(
    '--read-only refuses %j',
    async (args) => {
      expect(errorOf(await run([...args, '--read-only', '--json']))).toMatchObject({ code: 'READ_ONLY', exitCode: 6 });
    },
  );

  test.each([
    [['override', 'list']],
    [['override', 'history']],
    [['policy', 'get', '/api/x']],
    [['policy', 'explain', '/api/x']],
    [['env', 'show']],
  ])('--read-only allows %j', async (args) => {
    expect(await run([...args, '--read-only'])).toMatchObject({ code: 0, err: '' });
  });
});

describe('a protected environment', () => {
  const args = (config: string, ...more: string[]): readonly string[] => [
    '--config',
    config,
    'override',
    'set',
    '/a',
    '--rate',
    '1',
    '--permanent',
    '--json',
    ...more,
  ];

  test('a write wants its name: --yes is not enough, a wrong name neither; no terminal is no hanging prompt', async () => {
    const config = await as({ protected: true });
    for (const more of [[], ['--yes'], ['--confirm', 'production'], ['--no-input']]) {
      const ran = await run(args(config, '--reason', 'r', ...more));
      expect(errorOf({ ...ran, err: lastLine(ran.err) })).toMatchObject({ code: 'NOT_CONFIRMED', exitCode: 6 });
      expect(errorOf({ ...ran, err: lastLine(ran.err) }).hint).toContain('--confirm lab');
      expect(ran.out).toBe('');
    }
    expect(await state.lab.document()).toBeNull();
    expect(await run(args(config, '--reason', 'r', '--confirm', 'lab'))).toMatchObject({ code: 0, err: '' });
    expect(await state.lab.document()).toBe('{"/a":{"rate":1}}');
  });

  test('a change without a reason is refused, a dry run is not', async () => {
    const config = await as({ protected: true });
    const ran = await run(args(config, '--confirm', 'lab'));
    expect(errorOf(ran)).toMatchObject({
      code: 'REASON_MISSING',
      exitCode: 6,
      hint: expect.stringContaining('--reason') as string,
    });
    expect(await run(args(config, '--dry-run'))).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBeNull();
  });

  test('undo, unset and repair want the same', async () => {
    const config = await as({ protected: true });
    await set('/a', '--rate', '1');
    for (const verb of [['undo'], ['unset', '/a']]) {
      const ran = await run(['--config', config, 'override', ...verb, '--reason', 'r', '--yes', '--json']);
      expect(ran.code).toBe(6);
    }
    await state.lab.store('broken');
    expect(await run(['--config', config, 'override', 'repair', '--reason', 'r', '--yes'])).toMatchObject({ code: 6 });
    expect(await state.lab.document()).toBe('broken');
  });

  test('a reload wants --yes', async () => {
    const config = await as({ protected: true });
    const before = state.lab.sandbox.workers()[0]?.reloads;
    const ran = await run(['--config', config, 'reload', '--json']);
    expect(errorOf(ran)).toMatchObject({
      code: 'NOT_CONFIRMED',
      exitCode: 6,
      hint: expect.stringContaining('--yes') as string,
    });
    expect(state.lab.sandbox.workers()[0]?.reloads).toBe(before);
    expect(await run(['--config', config, 'reload', '--yes'])).toMatchObject({ code: 0 });
  });

  test('what it asks for is configurable: a ticket, or nothing', async () => {
    const ticket = await as({ require: ['reason', 'ticket'] });
    const ran = await run(args(ticket, '--reason', 'r'));
    expect(errorOf(ran)).toMatchObject({ code: 'TICKET_MISSING', exitCode: 6 });
    expect(await run(args(ticket, '--reason', 'r', '--ticket', 'T-1'))).toMatchObject({ code: 0 });
    const nothing = await as({ protected: true, require: [] });
    expect(await run(args(nothing, '--confirm', 'lab'))).toMatchObject({ code: 0 });
  });

  test('where nothing is to be written no reason is wanted, and only what its reload wants', async () => {
    const config = await as({ protected: true });
    const unset = ['--config', config, 'override', 'unset', '/never', '--json'];
    const reloads = () => state.lab.sandbox.workers()[0]?.reloads;
    const before = reloads();
    expect(errorOf(await run(unset))).toMatchObject({
      code: 'NOT_CONFIRMED',
      exitCode: 6,
      hint: expect.stringContaining('--yes') as string,
    });
    expect(await run([...unset, '--no-reload'])).toMatchObject({ code: 0, err: '' });
    expect(reloads()).toBe(before);
    for (const more of [['--yes'], ['--confirm', 'lab']])
      expect(await run([...unset, ...more])).toMatchObject({ code: 0, err: '' });
  });

  test('everything that is missing is said at once', async () => {
    const config = await as({ require: ['reason', 'ticket', 'end'] });
    const set = ['--config', config, 'override', 'set', '/a', '--rate', '1', '--json'];
    expect(errorOf(await run(set))).toMatchObject({
      code: 'REASON_MISSING',
      message: 'the environment "lab" wants a reason and a ticket and an end for every change',
      hint: 'Add --reason TEXT and --ticket ID and --for 2h (or --until TIME, or --permanent).',
    });
  });

  test('an end is wanted of a change that leaves an override in force, and said how; a removal has none to say', async () => {
    const config = await as({ protected: true });
    const change = (...words: string[]) =>
      run(['--config', config, 'override', ...words, '--reason', 'r', '--confirm', 'lab', '--json']);
    expect(errorOf(await change('set', '/a', '--rate', '1'))).toMatchObject({
      code: 'END_MISSING',
      exitCode: 6,
      hint: 'Add --for 2h (or --until TIME, or --permanent).',
    });
    expect(await state.lab.document()).toBeNull();
    for (const end of [['--for', '2h'], ['--until', '2999-01-01T00:00Z'], ['--permanent']]) {
      await state.lab.reset();
      const isTooFar = end[0] === '--until';
      expect(await change('set', '/a', '--rate', '1', ...end)).toMatchObject({ code: isTooFar ? 2 : 0 });
    }
    expect(await change('unset', '/a')).toMatchObject({ code: 0 });
    expect(await change('undo')).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe('{"/a":{"rate":1}}');
  });

  test('an empty reason is none', async () => {
    const config = await as({ protected: true });
    for (const reason of ['', '   ']) {
      expect(await run(args(config, '--confirm', 'lab', '--reason', reason))).toMatchObject({ code: 6 });
    }
  });
});

function lastLine(text: string): string {
  return `${text.trimEnd().split('\n').at(-1) ?? ''}\n`;
}

describe('--if-revision', () => {
  test('writes at that revision only; eight digits are enough; none means no document', async () => {
    expect(await set('/a', '--rate', '1', '--if-revision', 'none')).toMatchObject({ code: 0 });
    const { revision } = jsonOf<{ revision: string }>((await run(['override', 'list', '--json'])).out);
    await set('/b', '--rate', '1');
    const before = await everything();
    const late = await set('/c', '--rate', '1', '--json', '--if-revision', revision.slice(0, 8));
    expect(errorOf(late)).toMatchObject({ code: 'REVISION_MISMATCH', exitCode: 5 });
    expect(await set('/c', '--rate', '1', '--json', '--if-revision', 'none')).toMatchObject({ code: 5 });
    expect(await everything()).toEqual(before);
    const now = jsonOf<{ revision: string }>((await run(['override', 'list', '--json'])).out).revision;
    expect(await set('/c', '--rate', '1', '--if-revision', now)).toMatchObject({ code: 0 });
  });
});

describe('undo', () => {
  test('twice walks back to the very bytes, and says what it takes back', async () => {
    const first = ' {"/x" : {"rate":1} }\n';
    await state.lab.redis.cli('SET', labKey, first);
    await set('/x', '--rate', '2');
    const second = await state.lab.document();
    await set('/api/search', '--rate', '3', '--before', '/x');
    expect(await run(['override', 'undo'])).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe(second);
    const ran = await run(['override', 'undo', '--json']);
    expect(jsonOf(ran.out)).toMatchObject({
      command: 'override undo',
      undoes: expect.stringMatching(/^c/) as string,
      proof: { verdict: 'proven' },
    });
    expect(await state.lab.document()).toBe(first);
    const nothing = await run(['override', 'undo', '--json']);
    expect(errorOf(nothing)).toMatchObject({ code: 'NOTHING_TO_UNDO', exitCode: 2 });
  });

  test('brings an unset entry back to its place', async () => {
    await state.lab.store('{"/a":{"rate":1},"/b":{"rate":2, "x":null},"/c":{"rate":3}}');
    const before = await state.lab.document();
    await run(['override', 'unset', '/b']);
    await run(['override', 'undo']);
    expect(await state.lab.document()).toBe(before);
  });

  test('an entry that somebody changed since is a conflict: nothing is written, and all three sides are shown', async () => {
    await set('/a', '--rate', '1');
    await set('/a', '--rate', '2');
    await state.lab.store('{"/a":{"rate":99}}');
    const before = await everything();
    const ran = await run(['override', 'undo', '--json']);
    expect(errorOf(ran)).toMatchObject({
      code: 'UNDO_CONFLICT',
      exitCode: 5,
      details: { routes: [{ route: '/a', base: '{"rate":2}', theirs: '{"rate":99}', mine: '{"rate":1}' }] },
    });
    expect(await everything()).toEqual(before);
    const table = await run(['override', 'undo']);
    expect(table.err).toMatch(/base +\{"rate":2\}\n +theirs +\{"rate":99\}\n +mine +\{"rate":1\}/);
  });

  test('other entries that changed since stay as they are', async () => {
    await set('/a', '--rate', '1');
    await state.lab.store('{"/new":{"rate":5},"/a":{"rate":1}}');
    expect(await run(['override', 'undo'])).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe('{"/new":{"rate":5}}');
  });

  test('undo of the first change of all leaves an empty document, never none and never an empty string', async () => {
    await set('/a', '--rate', '1');
    await run(['override', 'undo']);
    expect(await state.lab.document()).toBe('{}');
  });
});

describe('a document that cannot be read', () => {
  const broken: readonly (readonly [string, string, string])[] = [
    ['broken JSON', '{"/a":{"rate":1},}', 'DOCUMENT_CORRUPT'],
    ['an empty string', '', 'DOCUMENT_CORRUPT'],
    ['a list', '[{"/a":1}]', 'DOCUMENT_CORRUPT'],
    ['a byte order mark', '\ufeff{}', 'DOCUMENT_CORRUPT'],
    ['a key twice', '{"/a":{"rate":1},"/a":{"rate":2}}', 'DOCUMENT_DUPLICATE_KEYS'],
  ];

  test.each(broken)(
    '%s: every reader and writer refuses it with its place, and leaves it alone',
    async (_, text, code) => {
      await state.lab.store(text);
      for (const args of [
        ['override', 'list'],
        ['override', 'get', '/a'],
        ['override', 'set', '/a', '--rate', '1'],
        ['override', 'unset', '/a'],
        // The server takes a key twice, and loses nothing by a reload.
        ...(code === 'DOCUMENT_DUPLICATE_KEYS' ? [] : [['reload']]),
      ]) {
        const ran = await run([...args, '--json']);
        expect([args.join(' '), errorOf(ran)]).toMatchObject([args.join(' '), { code, exitCode: 6 }]);
        expect(errorOf(ran).hint).toMatch(/repair|--force/);
        expect(errorOf(ran).message).toMatch(/line|byte|empty|starts|twice|offset|place/i);
      }
      expect(await state.lab.document()).toBe(text);
      expect(await state.lab.redis.cli('EXISTS', labHistoryKey)).toBe('0');
    },
  );

  test.each([
    ['a key twice', '{"/a":{"rate":1},"/a":{"rate":2}}', true],
    ['NaN', '{"/a":{"rate":1},"/b":{"rate":NaN}}', true],
    ['broken JSON', '{"/a":{"rate":1},}', false],
  ])('%s: the advice goes by whether the server reads it', async (_, text, isRead) => {
    await state.lab.store(text);
    for (const args of [
      ['override', 'set', '/a', '--rate', '1'],
      ['override', 'unset', '/a'],
    ]) {
      const { hint } = errorOf(await run([...args, '--json']));
      expect(hint?.includes('the server would drop every override')).toBe(!isRead);
      expect(hint?.includes('override lint')).toBe(isRead);
      expect(hint).toContain('override repair');
      expect(/by hand/i.test(hint ?? '')).toBe(isRead);
    }
    // Nothing is recorded: what is in force is not thrown away on our advice.
    const repair = errorOf(await run(['override', 'repair', '--json']));
    expect(repair.code).toBe('NOTHING_TO_REPAIR_FROM');
    expect([repair.hint?.includes('by hand'), repair.hint?.includes('--force')]).toEqual([isRead, !isRead]);
    const { findings } = jsonOf<{ findings: readonly { hint: string }[] }>((await run(['status', '--json'])).out);
    const hints = findings.map(({ hint }) => hint).join('\n');
    expect(hints.includes('the server would drop every override')).toBe(!isRead);
  });

  test('repair restores the newest document of the history and keeps the broken bytes', async () => {
    await set('/a', '--rate', '1');
    await set('/b', '--rate', '2');
    const good = await state.lab.document();
    await state.lab.store('{"oops');
    const ran = await run(['override', 'repair', '--reason', 'by hand', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ command: 'override repair', proof: { verdict: 'proven' } });
    expect(await state.lab.document()).toBe(good);
    expect(await state.lab.redis.cli('XRANGE', labHistoryKey, '-', '+')).toContain('{"oops');
    const entries = jsonOf<{ entries: JsonObject[] }>((await run(['override', 'history', '--json'])).out).entries;
    expect(entries.slice(0, 2)).toMatchObject([
      { kind: 'change', command: 'override repair' },
      { kind: 'snapshot', snapshotOf: 'foreign' },
    ]);
  });

  test('repair --to an older revision; a readable document is left alone without it', async () => {
    await set('/a', '--rate', '1');
    const first = await state.lab.document();
    const { revision } = jsonOf<{ revision: string }>((await run(['override', 'list', '--json'])).out);
    await set('/a', '--rate', '2');
    expect(jsonOf((await run(['override', 'repair', '--json'])).out)).toMatchObject({ isNoop: true });
    expect(await run(['override', 'repair', '--to', revision.slice(0, 12)])).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe(first);
    const gone = await run(['override', 'repair', '--to', 'deadbeef', '--json']);
    expect(errorOf(gone)).toMatchObject({ code: 'REVISION_MISSING', exitCode: 2 });
  });

  test('with nothing to repair from it says so and leaves the bytes', async () => {
    await state.lab.store('broken');
    const ran = await run(['override', 'repair', '--json']);
    expect(errorOf(ran)).toMatchObject({ code: 'NOTHING_TO_REPAIR_FROM', exitCode: 6 });
    expect(await state.lab.document()).toBe('broken');
  });

  test('set --force overwrites it, keeps the old bytes in the history, and undo brings them back', async () => {
    await state.lab.store('{"broken');
    const ran = await set('/a', '--rate', '1', '--force', '--reason', 'r');
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.out).toContain('could not be read');
    expect(await state.lab.document()).toBe('{"/a":{"rate":1}}');
    expect(await state.lab.redis.cli('XRANGE', labHistoryKey, '-', '+')).toContain('{"broken');
    // What comes back is what stood there: an unreadable document, and the command says what it thinks of that.
    const undone = await run(['override', 'undo', '--json']);
    expect([0, 5, 6, 8]).toContain(undone.code);
    expect(await state.lab.document()).toBe(undone.code === 5 || undone.code === 6 ? '{"/a":{"rate":1}}' : '{"broken');
  });

  test('a key of the wrong type is refused, and --force keeps its contents', async () => {
    await state.lab.redis.cli('RPUSH', labKey, 'precious');
    for (const args of [['override', 'list'], ['override', 'set', '/a', '--rate', '1'], ['reload']]) {
      expect(errorOf(await run([...args, '--json']))).toMatchObject({
        code: expect.stringMatching(/WRONG_TYPE/) as string,
        exitCode: 6,
      });
    }
    expect(await state.lab.redis.cli('LRANGE', labKey, '0', '-1')).toBe('precious');
    expect(await set('/a', '--rate', '1', '--force')).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe('{"/a":{"rate":1}}');
    expect(await state.lab.redis.cli('XRANGE', labHistoryKey, '-', '+')).toContain('precious');
  });
});

describe('a probe claims what its headers showed', () => {
  const probe = () => ['--probe', `${state.lab.sandbox.origin}/api/search`];
  const proofOf = (ran: Ran) => jsonOf<{ proof: JsonObject & { evidence: JsonObject[] } }>(ran.out).proof;

  test('burst as enforced, rate as loaded, in words and for programs', async () => {
    const args = ['/api/search', '--rate', '120', '--burst', '20', ...probe()];
    const ran = await set(...args);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('PROVEN (enforced: burst; loaded: rate)  ');
    await state.lab.reset();
    const proof = proofOf(await set(...args, '--json'));
    expect(proof).toMatchObject({ verdict: 'proven', levelReached: 'enforced' });
    expect(proof.evidence.at(-1)).toMatchObject({ enforced: ['burst'], loadedOnly: ['ratePerMin'] });
  });

  test('only the rate: loaded, exit 0; asked for as enforced by name: not proven, exit 8', async () => {
    await set('/api/search', '--rate', '120', '--burst', '20');
    const implied = await set('/api/search', '--rate', '90', ...probe(), '--json');
    expect(implied.code).toBe(0);
    expect(proofOf(implied)).toMatchObject({ verdict: 'proven', levelAsked: 'loaded', levelReached: 'loaded' });
    const required = await set('/api/search', '--rate', '80', ...probe(), '--require', 'enforced', '--json');
    expect(required.code).toBe(8);
    expect(proofOf(required)).toMatchObject({ verdict: 'notProven', levelAsked: 'enforced', levelReached: 'loaded' });
  });
});

describe('waived proof', () => {
  test.each([['--no-reload'], ['--no-verify']])('%s: verdict notAttempted, exit 0', async (flag) => {
    const ran = await set('/a', '--rate', '1', flag, '--json');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ proof: { verdict: 'notAttempted', levelReached: 'none' } });
    expect(jsonOf<{ reloads: unknown[] }>(ran.out).reloads).toHaveLength(flag === '--no-reload' ? 0 : 1);
  });

  test('the hint of a waived proof names only commands that exist', async () => {
    const ran = await set('/a', '--rate', '1', '--no-reload');
    const named = /run: rlctl (?:-\S+ \S+ )*(\w+)/.exec(ran.out)?.[1] ?? '';
    const help = await run(['--help']);
    expect(named).not.toBe('');
    expect(help.out).toMatch(new RegExp(`^  ${named} `, 'm'));
  });

  test('without an API, neither flag is an error before any write; with --no-reload it is a write', async () => {
    const { api: _api, ...environment } = state.lab.environment;
    const config = await state.lab.world.config('no-api.yaml', { environments: { lab: environment } });
    const args = ['--config', config, 'override', 'set', '/a', '--rate', '1', '--json'];
    for (const more of [[], ['--no-verify']]) {
      expect(errorOf(await run([...args, ...more]))).toMatchObject({ code: 'NO_API', exitCode: 2 });
    }
    expect(await state.lab.document()).toBeNull();
    expect(await run([...args, '--no-reload'])).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe('{"/a":{"rate":1}}');
  });

  test('--no-reload needs no secret', async () => {
    const { secret: _secret, api: _api, ...environment } = state.lab.environment;
    const config = await state.lab.world.config('no-secret.yaml', { environments: { lab: environment } });
    expect(await run(['--config', config, 'override', 'set', '/a', '--rate', '1', '--no-reload'])).toMatchObject({
      code: 0,
    });
  });
});

test('an API address that is the port of a Redis server is said to be one, before anything is written', async () => {
  const env = { RLCTL_API: `http://127.0.0.1:${new URL(state.lab.redis.url).port}` };
  const error = errorOf(await run(['override', 'set', '/a', '--rate', '1', '--json'], { env }));
  expect(error).toMatchObject({ code: 'API_IS_REDIS', exitCode: 7 });
  expect(error.message).toContain('a Redis server');
  expect(error.hint).toContain('RLCTL_API');
  expect(await state.lab.document()).toBeNull();
});

test('where no override is left, that an empty document stays is said', async () => {
  await set('/a', '--rate', '1', '--no-reload');
  const undo = await run(['override', 'undo', '--no-reload']);
  expect(undo.out).toContain('no override is left; the key stays, with an empty document');
  expect(await state.lab.document()).toBe('{}');
});

describe('a secret that is wrong shows at the reload, after the write', () => {
  test('the hint says what is written, what undo needs, and how to give the right one', async () => {
    const wrong = await state.lab.world.write('wrong', 'not the secret of this server');
    const ran = await set('/a', '--rate', '1', '--secret-file', wrong, '--json');
    expect(ran.code).toBe(8);
    expect(await state.lab.document()).toBe('{"/a":{"rate":1}}');
    const shown = jsonOf<{ hint: string; reloads: { error: { hint: string } }[] }>(ran.out);
    expect(shown.hint).toMatch(/^the change is written/);
    expect(shown.hint).toContain(`(the one used came from: file ${wrong})`);
    expect(shown.hint).toMatch(
      /--secret-file PATH.*run: rlctl .*reload.*override undo --if-revision [0-9a-f]{12}; it reloads too, and needs/,
    );
    for (const { error } of shown.reloads) expect(error.hint).not.toMatch(/:$/);
    expect((await set('/b', '--rate', '1', '--secret-file', wrong)).out).toContain('hint:  the change is written');
    const config = await as({ protected: true });
    const all = ['--config', config, '--reason', 'r', '--for', '2h', '--confirm', 'lab'];
    expect((await set('/c', '--rate', '1', '--secret-file', wrong, ...all)).out.replaceAll(/\s+/g, ' ')).toMatch(
      /override undo --if-revision [0-9a-f]{12} --reason TEXT --confirm lab; it reloads too/,
    );
    // As it says: the right secret, and the reload proves both.
    expect(await run(['reload'])).toMatchObject({ code: 0 });
  });

  test('is the cause, whatever the metrics count: not proven, and no advice to reload as it is', async () => {
    const wrong = await state.lab.world.write('wrong', 'not the secret of this server');
    const metrics = `${state.lab.sandbox.origin}/metrics`;
    const environments = { lab: { ...state.lab.environment, metrics } };
    const config = await state.lab.world.config('metrics.yaml', { environments });
    const ran = await set('/a', '--rate', '1', '--secret-file', wrong, '--json', '--config', config);
    expect(ran.code).toBe(8);
    const { proof } = jsonOf<{ proof: { verdict: string; trap: string | null; diagnosis: string } }>(ran.out);
    expect(proof).toMatchObject({ verdict: 'notProven', trap: null });
    expect(proof.diagnosis).toContain('the reload was refused');
    expect(proof.diagnosis).not.toContain('run: rlctl');
  });

  test('any other failure after a write keeps its way back, and a success needs none', async () => {
    const ran = await set('/a', '--rate', '1', '--json');
    expect(jsonOf(ran.out)).toMatchObject({ hint: null });
  });
});

describe('history', () => {
  test('newest first, by route, by id, and limited', async () => {
    await set('/a', '--rate', '1');
    await set('/b', '--rate', '1');
    await set('/a', '--rate', '2');
    const entries = async (...args: string[]): Promise<readonly JsonObject[]> =>
      jsonOf<{ entries: JsonObject[] }>((await run(['override', 'history', '--json', ...args])).out).entries;
    expect((await entries()).map((each) => each['sequence'])).toEqual([3, 2, 1]);
    expect((await entries('/a')).map((each) => each['sequence'])).toEqual([3, 1]);
    expect(await entries('--limit', '1')).toHaveLength(1);
    const id = String((await entries())[1]?.['changeId']);
    expect(await entries('--id', id)).toMatchObject([{ changeId: id, sequence: 2 }]);
    expect(errorOf(await run(['override', 'history', '--id', 'c0nothing', '--json']))).toMatchObject({
      code: 'CHANGE_MISSING',
      exitCode: 2,
    });
    expect(await changes()).toBe(3);
  });

  test('what somebody wrote past rlctl is noticed at the next change, and said in the list before', async () => {
    await set('/a', '--rate', '1');
    await state.lab.store('{"/a":{"rate":1},"/foreign":{"rate":5}}');
    expect((await run(['override', 'list'])).out).toContain('changed past rlctl');
    const ran = await set('/b', '--rate', '1', '--json');
    expect(jsonOf(ran.out)).toMatchObject({ sawForeignChange: true });
    expect((await run(['override', 'history'])).out).toContain('somebody wrote past rlctl');
  });

  describe('--document', () => {
    // What a careless writer may leave: no JSON, no UTF-8, and what would steer a terminal.
    const foreign = Buffer.concat([Buffer.from('{"/a":\u001b[31m\r\n'), Buffer.from([0xff, 0xfe, 0x00, 0x9b])]);
    const documentOf = async (wanted: string, options: MainOptions = {}) => {
      const seen: { host: MemoryHost | null } = { host: null };
      const args = ['override', 'history', '--document', wanted];
      const ran = await run(args, { ...options, onHost: (host) => (seen.host = host) });
      return { ...ran, bytes: seen.host?.outBytes };
    };
    const storeForeign = () => state.lab.storeBytes(foreign);

    test('prints what somebody left past rlctl, byte for byte, while it stands and after', async () => {
      await set('/a', '--rate', '1', '--no-reload');
      await storeForeign();
      const revision = revisionOf(foreign);
      expect(await documentOf(revision.slice(0, 12))).toMatchObject({ code: 0, err: '', bytes: foreign });
      const forced = await set('/b', '--rate', '1', '--force', '--no-reload', '--json');
      expect(jsonOf(forced.out)).toMatchObject({ sawForeignChange: true, foreignRevision: revision });
      expect(await documentOf(revision)).toMatchObject({ code: 0, bytes: foreign });
      const history = await run(['override', 'history']);
      const [, printed = ''] = /print it with: rlctl (.+)/.exec(history.out) ?? [];
      expect(printed).toContain(`override history --document ${revision.slice(0, 12)}`);
      expect((await run(printed.split(' '))).code).toBe(0);
    });

    test('on a terminal spells out what would steer it; in JSON it is exact', async () => {
      await storeForeign();
      const terminal = await documentOf(revisionOf(foreign), { columns: 100 });
      expect(terminal.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      expect(terminal.out).toContain('\\u001b[31m');
      const json = await run(['override', 'history', '--document', revisionOf(foreign), '--json']);
      expect(jsonOf(json.out)).toMatchObject({
        kind: 'OverrideDocument',
        text: null,
        base64: foreign.toString('base64'),
      });
    });

    test('a change id gives what that change left', async () => {
      const ids: string[] = [];
      for (const rate of ['1', '2', '3'])
        ids.push(String(jsonOf((await set('/a', '--rate', rate, '--no-reload', '--json')).out)['changeId']));
      expect((await documentOf(ids[1] ?? '')).out).toBe('{"/a":{"rate":2}}');
    });

    test.each(['deadbeefdeadbeef', 'none', 'c0nothing', ''])('%j leads to no document: 2', async (wanted) => {
      expect(errorOf(await run(['override', 'history', '--document', wanted, '--json']))).toMatchObject({
        code: 'REVISION_MISSING',
        exitCode: 2,
      });
    });

    test('a secret that the document holds does not come out', async () => {
      const secret = (await readFile(state.lab.sandbox.secretFile, 'utf8')).trim();
      const document = `{"/a":{"note":"${secret}"}}`;
      await state.lab.store(document);
      const ran = await documentOf(revisionOf(Buffer.from(document)), { env: { CONFIG_RELOAD_SECRET: secret } });
      expect(ran.out).toBe('{"/a":{"note":"[redacted]"}}');
    });
  });

  test('an empty history is no error', async () => {
    expect(await run(['override', 'history'])).toEqual({ code: 0, out: 'no change has been recorded\n', err: '' });
  });
});

test('the secret file of the lab was only read', async () => {
  expect(await readFile(state.lab.sandbox.secretFile, 'utf8')).toMatch(/^[0-9a-f]{64}$/);
});

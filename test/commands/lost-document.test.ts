import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type Ran } from '../support/world.js';

const state = {} as { lab: Lab; fleet: string };
beforeAll(async () => {
  state.lab = await openLab({ behaviour: { siteMode: 'preview' } });
  const { lab } = state;
  const listed = { ...lab.environment, fleet: { command: ['printf', '%s\\n', lab.sandbox.origin] } };
  state.fleet = await lab.world.config('listed.yaml', { environments: { lab: listed } });
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const run = (...args: string[]): Promise<Ran> => state.lab.world.main(args);
const reloads = (): number => state.lab.sandbox.workers()[0]?.reloads ?? 0;

interface Findings {
  readonly findings: readonly { readonly code: string; readonly hint: string }[];
}

describe('the document is gone, and its history is there', () => {
  const single = (): string[] => [];
  const listed = (): string[] => ['--config', state.fleet];

  async function lose(): Promise<number> {
    expect(await run('override', 'set', '/api/search', '--rate', '7')).toMatchObject({ code: 0 });
    await state.lab.redis.cli('DEL', labKey);
    return reloads();
  }

  test.each([
    ['one address', single],
    ['a fleet', listed],
  ])('reload refuses, and --dry-run as well: %s', async (_, where) => {
    const before = await lose();
    for (const args of [
      ['reload', '--json'],
      ['reload', '--dry-run', '--json'],
    ]) {
      const refused = errorOf(await run(...where(), ...args));
      expect(refused).toMatchObject({ code: 'DOCUMENT_GONE', exitCode: 6 });
      expect(refused.hint).toContain('override repair');
    }
    expect(reloads()).toBe(before);
    expect((await run(...where(), 'reload', '--force', '--json')).code).not.toBe(6);
    expect(reloads()).toBeGreaterThan(before);
  });

  test.each([
    ['status', single, ['status']],
    ['fleet status', listed, ['fleet', 'status']],
  ])('%s advises to restore it, and no reload', async (_, where, command) => {
    await lose();
    const ran = await run(...where(), ...command, '--json');
    expect(ran.code).toBe(3);
    const { findings } = jsonOf<Findings>(ran.out);
    const gone = findings.find(({ code }) => code === 'DOCUMENT_GONE');
    expect(gone?.hint).toContain('override repair');
    for (const { hint } of findings) expect(hint).not.toMatch(/rlctl( -e \S+)?( --config \S+)? reload/);
    const shown = await run(...where(), ...command);
    expect(shown.out).toContain('do not reload before');
    expect(shown.out).not.toMatch(/run: rlctl\b.* reload/);
  });

  test.each([
    ['set', ['override', 'set', '/api/other', '--rate', '5']],
    ['set, as a plan', ['override', 'set', '/api/other', '--rate', '5', '--dry-run']],
    ['unset of what was never there', ['override', 'unset', '/api/nothere']],
    ['unset without a reload', ['override', 'unset', '/api/search', '--no-reload']],
    ['undo', ['override', 'undo']],
    ['shadow on', ['shadow', 'on', 'financial']],
    ['panic', ['panic', 'bucket', 'financial']],
  ])('a change would begin a new document, and is refused: %s', async (_, command) => {
    const before = await lose();
    const refused = errorOf(await run(...command, '--json'));
    expect(refused).toMatchObject({ code: 'DOCUMENT_GONE', exitCode: 6 });
    expect(refused.hint).toContain('override repair');
    expect(reloads()).toBe(before);
    expect(await state.lab.document()).toBeNull();
    // A panic names the ways that need no document.
    if (!command.includes('panic')) expect(refused.hint).toMatch(/redis-cli -h \S+ -p \d+ SET lab:rl:overrides '\{\}'/);
    await state.lab.redis.cli('SET', labKey, '{}');
    expect(await run('override', 'set', '/api/other', '--rate', '5')).toMatchObject({ code: 0 });
  });

  test.each([
    ['repair', ['override', 'repair', '--yes']],
    ['undo to a revision', ['override', 'undo', '--to']],
  ])('%s brings it back', async (_, command) => {
    await lose();
    const { out } = await run('override', 'history', '--json');
    const revision = jsonOf<{ entries: readonly { revisionAfter: string }[] }>(out).entries[0]?.revisionAfter ?? '';
    const words = command.includes('--to') ? [...command, revision] : command;
    expect(await run(...words)).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe('{"/api/search":{"rate":7}}');
  });

  test.each([
    ['one address', single],
    ['a fleet', listed],
  ])('policy get sends nobody to a reload, and list says what is lost: %s', async (_, where) => {
    await lose();
    const shown = await run(...where(), 'policy', 'get', '/api/search');
    expect(shown.code).toBe(3);
    expect(shown.out).toContain('before any reload, which would drop it, run: rlctl');
    const list = await run(...where(), 'override', 'list');
    expect(list.code).toBe(3);
    expect(list.out).toMatch(/is gone, though the history tells of overrides in it: .*\n.*override repair/);
    const listed = jsonOf<Findings>((await run(...where(), 'override', 'list', '--json')).out);
    expect(listed.findings).toMatchObject([{ code: 'DOCUMENT_GONE' }]);
  });

  test.each([
    ['dump', ['override', 'dump']],
    ['get', ['override', 'get', '/api/search']],
  ])('%s does not pass it off as an empty one', async (_, command) => {
    await lose();
    const ran = await run(...command, '--json');
    expect(errorOf(ran)).toMatchObject({ code: 'DOCUMENT_GONE', exitCode: 6 });
    const print = /history --document ([0-9a-f]{12})$/.exec(errorOf(ran).hint ?? '');
    const printed = await run('override', 'history', '--document', print?.[1] ?? '');
    expect(printed.out).toBe('{"/api/search":{"rate":7}}');
  });

  test('what refuses a change prints how to begin anew at this very Redis', async () => {
    await lose();
    const { code, hint } = errorOf(await run('override', 'set', '/api/other', '--rate', '5', '--json'));
    expect(code).toBe('DOCUMENT_GONE');
    expect(hint).toMatch(/To begin anew on purpose: redis-cli -h 127\.0\.0\.1 -p \d+ SET lab:rl:overrides '\{\}'$/);
  });

  test('audit log prints how to restore it, and no command that would print nothing', async () => {
    await lose();
    const { out } = await run('audit', 'log');
    expect(out).not.toContain('--document none');
    expect(out.replaceAll(/\s+/g, ' ')).toMatch(/lab:rl:overrides is gone, .*Restore .* with: rlctl .*override repair/);
  });

  test('lint finds it', async () => {
    await lose();
    const ran = await run('override', 'lint', '--json');
    expect(ran.code).toBe(3);
    const { findings } = jsonOf<{ findings: readonly object[] }>(ran.out);
    expect(findings).toMatchObject([
      { rule: 'document-gone', severity: 'error', hint: expect.stringContaining('override repair') as string },
    ]);
  });

  test.each([
    ['gone: one address', single, null],
    ['gone: a fleet', listed, null],
    ['unreadable: one address', single, '{"/api/search":{"rate":7},}'],
    ['unreadable: a fleet', listed, '{"/api/search":{"rate":7},}'],
  ])('policy explain tells what a reload would bring from what is now: %s', async (_, where, text) => {
    await lose();
    if (text !== null) await state.lab.store(text);
    const ran = await run(...where(), 'policy', 'explain', '/api/search');
    expect(ran.code).toBe(3);
    expect(ran.out).toMatch(/the next reload drops every override\n.*override repair.*; do not reload before/);
    expect(ran.out).toContain('after a reload no override wins');
    expect(ran.out).toContain('it would mean: 11 requests at once, then one every 1 s');
    expect(ran.out).toContain('now the server says: 11 requests at once, then one every 8.571 s');
    const data = jsonOf<Findings & { server: object }>(
      (await run(...where(), 'policy', 'explain', '/api/search', '--json')).out,
    );
    expect(data).toMatchObject({ server: { ratePerMin: 7 }, isInForce: false, findings: [{}] });
  });

  test('after the last override was taken out there is nothing to lose', async () => {
    await run('override', 'set', '/api/search', '--rate', '7');
    await run('override', 'unset', '/api/search');
    await state.lab.redis.cli('DEL', labKey);
    expect(await run('reload')).toMatchObject({ code: 0 });
  });
});

describe('Redis is emptied, history and all, after a reload from here', () => {
  async function lose(): Promise<number> {
    expect(await run('override', 'set', '/api/search', '--rate', '7')).toMatchObject({ code: 0 });
    await state.lab.redis.cli('FLUSHALL');
    return reloads();
  }

  test('a change is refused as well, until somebody begins anew on purpose', async () => {
    const before = await lose();
    const refused = errorOf(await run('override', 'set', '/api/other', '--rate', '5', '--json'));
    expect(refused).toMatchObject({ code: 'STORE_EMPTIED', exitCode: 6 });
    expect(refused.hint).toMatch(/To begin anew on purpose, which drops what they hold: rlctl .*reload --force$/);
    expect([reloads(), await state.lab.document()]).toEqual([before, null]);
    await run('reload', '--force');
    expect(await run('override', 'set', '/api/other', '--rate', '5')).toMatchObject({ code: 0 });
  });

  test.each([
    ['global', ['global']],
    ['bucket', ['bucket', 'financial']],
    ['route', ['route', '/api/search']],
  ])('a panic names the one command that leads out, and then acts: %s', async (_, target) => {
    await lose();
    const refused = errorOf(await run('panic', ...target, '--json'));
    expect(refused).toMatchObject({ code: 'STORE_EMPTIED', exitCode: 6 });
    expect(refused.hint).not.toContain('override repair');
    // Before the panic is run again, and after a restart by the platform: a plain one would be refused.
    expect(refused.hint?.match(/ reload\b(?! and prove)( --force)?/g)).toEqual([' reload --force', ' reload --force']);
    expect((await run('reload', '--force')).code).toBe(0);
    expect((await run('panic', ...target)).code).toBe(0);
  });

  test.each([
    ['the newest', []],
    ['a revision', ['--to', '3f2a9c01d5e7']],
  ])('repair tells what is known of what was lost, and the way on: %s', async (_, more) => {
    await run('override', 'set', '/api/search', '--rate', '7');
    const digest = createHash('sha256').update((await state.lab.document()) ?? '');
    const before = await lose();
    const refused = errorOf(await run('override', 'repair', ...more, '--yes', '--json'));
    expect(refused).toMatchObject({ code: 'NOTHING_TO_REPAIR_FROM', exitCode: 6 });
    expect(refused.message).toContain('Redis was emptied');
    expect(refused.message).toMatch(/; a server now holds 1 override: "\/api\/search"$/);
    expect(refused.hint).toContain(`by "override set", has the SHA-256 ${digest.digest('hex')}: by that a backup`);
    expect(refused.hint).toMatch(/To begin anew on purpose, which drops what they hold: rlctl .*reload --force$/);
    expect(reloads()).toBe(before);
  });

  test.each([
    ['undo', ['undo']],
    ['undo to a revision', ['undo', '--to', '3f2a9c01d5e7']],
    ['one change', ['history', '--id', '3f2a9c01d5e7']],
    ['one document', ['history', '--document', '3f2a9c01d5e7']],
  ])('what needs the history says that it is gone with the document, and the way on: %s', async (_, args) => {
    const before = await lose();
    const refused = errorOf(await run('override', ...args, '--json'));
    expect(refused).toMatchObject({ code: 'STORE_EMPTIED', exitCode: 6 });
    expect(refused.message).toContain('Redis was emptied');
    expect(refused.hint).toContain('by "override set", has the SHA-256 ');
    expect(refused.hint).toMatch(/To begin anew on purpose, which drops what they hold: rlctl .*reload --force$/);
    expect(reloads()).toBe(before);
  });

  test('history says so as well, and where nothing is known to have been, that nothing was recorded', async () => {
    await lose();
    const shown = await run('override', 'history');
    expect(shown.out).toMatch(/no history, though .*Redis was emptied.* rlctl .*reload --force$/m);
    const { emptied } = jsonOf<{ emptied: object }>((await run('override', 'history', '--json')).out);
    expect(emptied).toMatchObject({ code: 'STORE_EMPTIED' });
    await run('reload', '--force');
    const anew = await run('override', 'history');
    expect(anew.out).toBe('no change has been recorded\n');
  });

  test.each([
    ['one address', () => []],
    ['a fleet', () => ['--config', state.fleet]],
  ])('reload and verify --reload leave the servers their last copy: %s', async (_, where: () => string[]) => {
    const before = await lose();
    for (const args of [
      ['reload', '--json'],
      ['reload', '--dry-run', '--json'],
    ]) {
      const refused = errorOf(await run(...where(), ...args));
      expect(refused).toMatchObject({ code: 'STORE_EMPTIED', exitCode: 6 });
      expect(refused.hint).toContain('policy get');
    }
    for (const more of [[], ['--reload', '--yes']]) {
      const ran = await run(...where(), 'verify', ...more, '--json');
      expect(ran.code).toBe(8);
      const { diagnosis } = jsonOf<{ proof: { diagnosis: string } }>(ran.out).proof;
      expect(diagnosis).toMatch(
        /Redis was emptied, .*the next reload drops .*rlctl .*policy get ROUTE.* for its backup$/,
      );
      expect(diagnosis).not.toContain('verify --reload');
    }
    expect(reloads()).toBe(before);
    await run(...where(), 'reload', '--force');
    expect(reloads()).toBeGreaterThan(before);
    expect((await run(...where(), 'reload', '--json')).code).toBe(0);
  });

  test('fleet status and status say so and advise no reload, whatever name the environment has', async () => {
    await lose();
    const other = await state.lab.world.config('other.yaml', {
      environments: {
        other: {
          ...state.lab.environment,
          redis: state.lab.redis.url.replace('127.0.0.1', 'localhost'),
          fleet: { command: ['printf', '%s\\n', state.lab.sandbox.origin] },
        },
      },
    });
    for (const command of [['status'], ['fleet', 'status'], ['doctor', '--only', 'document']]) {
      const ran = await run('--config', other, ...command);
      expect(ran, ran.err).toMatchObject({ code: 3 });
      expect(ran.out).toContain('Redis was emptied');
      expect(ran.out).not.toMatch(/run: rlctl\b.* reload/);
    }
    const status = await run('--config', other, 'status', '--json');
    expect(jsonOf<{ lastReload: { command: string } }>(status.out).lastReload.command).toBe('override set');
    expect(errorOf(await run('--config', other, 'reload', '--json'))).toMatchObject({ code: 'STORE_EMPTIED' });
  });

  test('another namespace remembers nothing of it', async () => {
    await lose();
    const path = await state.lab.world.config('elsewhere.yaml', {
      environments: { lab: { ...state.lab.environment, namespace: 'elsewhere' } },
    });
    const ran = await run('--config', path, 'status');
    expect(ran.out).toContain('none sent from this machine');
    expect(ran.out).toContain('nothing was ever stored under elsewhere:rl:overrides here');
    expect(ran.out).toMatch(/do not reload before it is known where they come from/);
    expect(ran.out).not.toContain('Redis was emptied');
    const { diagnosis } = jsonOf<{ proof: { diagnosis: string } }>(
      (await run('--config', path, 'verify', '--json')).out,
    ).proof;
    expect(diagnosis).toMatch(/do not reload before it is known .*rlctl .*doctor --only redis$/);
    expect(diagnosis).not.toContain('--reload');
  });

  test('status and doctor say so, and advise no reload', async () => {
    const before = await lose();
    const { findings } = jsonOf<Findings>((await run('status', '--json')).out);
    expect(findings).toMatchObject([{ code: 'STORE_EMPTIED' }]);
    const { out } = await run('status');
    expect(out).toMatch(/^operations +not known \(see below\)$/m);
    expect(out).toMatch(/^overrides +gone \(see below\)$/m);
    expect(out).toMatch(/^last change +not known \(see below\)$/m);
    expect(out).not.toContain('nothing was ever stored');
    const doctor = await run('doctor', '--json');
    expect(doctor.out).toContain('STORE_EMPTIED');
    expect(doctor.out).not.toContain('OVERRIDES_DIFFER');
    expect(reloads()).toBe(before);
  });
});

test('a document that expires is a finding of status, and a remark of verify and fleet status', async () => {
  expect(await run('override', 'set', '/api/search', '--rate', '7')).toMatchObject({ code: 0 });
  expect(await run('status', '--json')).toMatchObject({ code: 0 });
  await state.lab.redis.cli('EXPIRE', labKey, '600');
  const expires = /^the override document expires in (9m \d+s|10m): every override goes with it/;
  const status = await run('status', '--json');
  expect(status.code).toBe(3);
  expect(jsonOf<Findings>(status.out).findings).toMatchObject([
    { code: 'DOCUMENT_EXPIRES', message: expect.stringMatching(expires) as string },
  ]);
  expect((await run('status')).out.match(/every override goes with it/g)).toHaveLength(1);
  for (const command of [['verify'], ['--config', state.fleet, 'verify'], ['fleet', 'status']]) {
    const ran = await run(...command, '--json');
    expect(ran.code).toBe(0);
    const { remarks } = jsonOf<{ remarks: readonly string[] }>(ran.out);
    expect(remarks).toEqual([expect.stringMatching(expires)]);
    expect(remarks[0]).toMatch(/rlctl .*doctor --only redis$/);
    expect((await run(...command)).out.replaceAll(/\s+/g, ' ')).toContain('every override goes with it');
  }
});

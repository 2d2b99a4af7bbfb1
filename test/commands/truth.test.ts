import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readFile, writeFile } from 'node:fs/promises';
import { openLab, type Lab, type LabOptions } from '../support/lab.js';
import { jsonOf, type Ran } from '../support/world.js';

// What has been seen is said, and nothing else is claimed.

interface Shown {
  readonly findings: readonly { readonly code: string; readonly message: string; readonly hint: string }[];
}

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const labs: Lab[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.stop();
});

async function ownLab(options: LabOptions): Promise<Lab> {
  const lab = await openLab(options);
  labs.push(lab);
  return lab;
}

async function found(lab: Lab): Promise<Shown & { code: number; codes: readonly string[] }> {
  const ran = await lab.world.main(['status', '--json']);
  const shown = jsonOf<Shown>(ran.out);
  return { ...shown, code: ran.code, codes: shown.findings.map(({ code }) => code) };
}

const run = (...args: string[]): Promise<Ran> => state.lab.world.main(args);

/** Takes the secret away, so that a reload is refused. */
async function withoutSecret(lab: Lab, ...args: string[]): Promise<Ran> {
  const wrong = await lab.world.write('wrong-secret', 'wrong');
  return lab.world.main([...args, '--secret-file', wrong]);
}

describe('a limiter that is off', () => {
  test('is a finding of status, and said by the reload that showed it', async () => {
    const lab = await ownLab({ behaviour: { environment: { RATE_LIMIT_ENABLED: 'false' } } });
    const said = (await lab.world.main(['reload'])).out;
    expect(said.match(/limiter is off/g)).toHaveLength(1);
    expect(said).toContain('but its limiter is off (RATE_LIMIT_ENABLED), so nothing is enforced');
    expect((await lab.world.main(['reload', '--no-verify'])).out).toContain('✗ it says that the limiter is off');
    const all = await found(lab);
    expect([all.code, all.codes]).toEqual([3, ['LIMITER_OFF']]);
    expect(all.findings[0]?.hint).toMatch(/RATE_LIMIT_ENABLED=true .* run: rlctl --config \S+ reload/);
    expect((await lab.world.main(['status'])).out).not.toContain('nothing found wrong');
  });

  test('enforces nothing, and explain does not claim it', async () => {
    const lab = await ownLab({ behaviour: { environment: { RATE_LIMIT_ENABLED: 'false' } } });
    await lab.world.main(['reload']);
    const { out } = await lab.world.main(['policy', 'explain', '/api/search']);
    expect(out).not.toContain('it enforces');
    expect(out).toContain('the limiter was off when it was last reloaded from here');
    expect(out).toContain('it would mean:');
  });
});

describe('status, where server and Redis differ', () => {
  test('an entry that the server cannot use, while it still holds what stood there', async () => {
    await run('override', 'set', '/api/search', '--rate', '120');
    await state.lab.store('{"/api/search":{"rate":"12.5"}}');
    const all = await found(state.lab);
    expect([all.code, all.codes]).toEqual([3, ['NOT_KNOWN_IN_FORCE', 'ENTRY_SKIPPED']]);
    await run('reload');
    expect((await found(state.lab)).codes).toEqual(['ENTRY_SKIPPED']);
  });

  test('a change past rlctl that the server does not show', async () => {
    await run('override', 'set', '/api/search', '--rate', '120');
    expect(await found(state.lab)).toMatchObject({ code: 0, findings: [] });
    await state.lab.store('{"/api/search":{"rate":5}}');
    const all = await found(state.lab);
    expect([all.code, all.codes]).toEqual([3, ['OVERRIDES_DIFFER']]);
    expect(all.findings[0]).toMatchObject({
      message: 'the server holds other overrides than Redis: "/api/search" is stored with rate 5, the server says 120',
      hint: expect.stringMatching(/^run: rlctl --config \S+ reload$/) as unknown,
    });
  });

  test('the server lists what is not stored, and not what is', async () => {
    await run('override', 'set', '/api/x', '--rate', '120');
    await state.lab.store('{"/api/y":{}}');
    const [finding] = (await found(state.lab)).findings;
    expect(finding?.message).toMatch(/"\/api\/y" is stored, and not there; "\/api\/x" is there, and not stored$/);
  });

  test('a write whose reload was refused', async () => {
    const lab = await ownLab({ dialect: 'deployed' });
    await lab.world.main(['override', 'set', '/api/x', '--rate', '120']);
    expect((await withoutSecret(lab, 'override', 'set', '/api/x', '--rate', '7')).code).toBe(8);
    expect(await found(lab)).toMatchObject({ code: 3, codes: ['REFUSING', 'OVERRIDES_DIFFER'] });
  });

  test('what was taken away without a reload, where the server lists nothing: its policy tells', async () => {
    const lab = await ownLab({ dialect: 'deployed' });
    await lab.world.main(['override', 'set', '/api/x', '--rate', '120']);
    await lab.world.main(['override', 'unset', '/api/x', '--no-reload']);
    const all = await found(lab);
    expect([all.code, all.codes]).toEqual([3, ['OVERRIDES_DIFFER']]);
    expect(all.findings[0]?.message).toMatch(/"\/api\/x" is there, and not stored$/);
    await lab.redis.cli('DEL', 'lab:rl:overrides');
    expect((await found(lab)).codes).toContain('OVERRIDES_DIFFER');
    await lab.world.main(['reload']);
    expect(await found(lab)).toMatchObject({ code: 0, findings: [] });
  });

  test('what another machine set and proved is shown by the server, and no finding', async () => {
    await run('override', 'set', '/api/x', '--rate', '120');
    const env = { XDG_STATE_HOME: `${state.lab.world.root}/other-state` };
    await state.lab.world.main(['override', 'set', '/api/x', '--rate', '90'], { env });
    expect(await found(state.lab)).toMatchObject({ code: 0, findings: [] });
  });

  test('a proof that was contradicted, while the same overrides are stored', async () => {
    await run('override', 'set', '/api/x', '--rate', '120');
    expect((await run('reload', '--expect', '5')).code).toBe(8);
    const all = await found(state.lab);
    expect([all.code, all.codes]).toEqual([3, ['PROOF_CONTRADICTED']]);
    expect(all.findings[0]?.message).toContain('"reload"');
    await run('reload');
    expect((await found(state.lab)).codes).toEqual([]);
  });

  test('overrides without effect stay a finding, however often the server is reloaded', async () => {
    const lab = await ownLab({ dialect: 'deployed' });
    const probe = ['--probe', `${lab.sandbox.origin}/api/search`];
    const set = await lab.world.main(['override', 'set', '/api/search', '--burst', '3', ...probe]);
    expect([set.code, set.out]).toEqual([8, expect.stringContaining('CONTRADICTED')]);
    for (const again of [false, true]) {
      if (again) await lab.world.main(['reload']);
      const all = await found(lab);
      expect([all.code, all.codes]).toEqual([3, ['OVERRIDES_WITHOUT_EFFECT']]);
      expect(all.findings[0]?.message).toContain('1 override stored without effect: it was seen before');
    }
    await lab.world.main(['override', 'undo']);
    expect((await found(lab)).codes).toEqual([]);
  });
});

describe('a server that was seen not to enforce overrides', () => {
  test('explain, get and shadow list say it', async () => {
    const lab = await ownLab({ dialect: 'deployed' });
    const probe = ['--probe', `${lab.sandbox.origin}/api/search`];
    const set = ['override', 'set', '/api/search', '--burst', '3', '--rate', '60', '--no-shadow', ...probe];
    await lab.world.main(set);
    const remark = 'it was seen before that this server does not enforce overrides: the bucket’s own policy holds';
    const explained = await lab.world.main(['policy', 'explain', '/api/search']);
    expect(explained.out).toContain(remark);
    expect(explained.out).not.toContain('it enforces');
    expect(explained.out).toMatch(/the bucket’s own policy means: 11 requests at once/);
    const gotten = await lab.world.main(['policy', 'get', '/api/search', '--json']);
    expect(jsonOf(gotten.out)).toMatchObject({ isSame: true, remarks: [remark] });
    expect((await lab.world.main(['shadow', 'list'])).out).toContain(remark);
    // Of a route that no override wins for, the memory says nothing.
    expect((await lab.world.main(['policy', 'explain', '/api/other'])).out).toContain('it enforces');
  });
});

describe('shadow, told once', () => {
  test('a bucket whose routes are all in shadow by overrides does not enforce, and no other bucket is touched', async () => {
    await run('shadow', 'on', 'financial');
    const listed = (await run('shadow', 'list')).out;
    expect(listed).toMatch(/financial +shadow by overrides +1 of 1/);
    expect(listed).not.toContain('IN THE FILE');
    const { out } = await run('status');
    expect(out).toMatch(/shadow +in shadow by overrides: financial \(1 of 1 route\)\n +enforcing: read, auth, write\n/);
  });

  test('a part of its routes is said as a part', async () => {
    const routes = ['/api/payments', '/api/refunds'];
    const buckets = { financial: { routes } };
    const path = await state.lab.world.config('part.yaml', {
      environments: { lab: { ...state.lab.environment, buckets } },
    });
    const env = { RLCTL_CONFIG: path };
    await state.lab.world.main(['shadow', 'on', '--route', '/api/refunds'], { env });
    expect((await state.lab.world.main(['shadow', 'list'], { env })).out).toMatch(
      /financial +partly shadow by overrides +1 of 2/,
    );
    expect((await state.lab.world.main(['status'], { env })).out).toContain(
      'partly in shadow by overrides: financial (1 of 2 routes)',
    );
  });

  test('a part of one route is a part of its bucket, in both listings', async () => {
    await run('shadow', 'on', '--route', '/api/search');
    expect((await run('shadow', 'list')).out).toMatch(/read +partly shadow by overrides +1 part of them/);
    const { out } = await run('status');
    expect(out).toContain('enforcing: financial, auth, write\n');
    expect(out).toContain('partly in shadow by overrides: read (/api/search)');
  });

  test('what the server denies stays enforcing', async () => {
    await state.lab.store('{"/api/search":{"shadow":true}}');
    expect((await run('shadow', 'list')).out).toMatch(/read +enforcing/);
    await state.lab.store('{"/api/payments":{"shadow":true}}');
    expect((await run('shadow', 'list')).out).toMatch(/financial +enforcing +1 of 1/);
    expect((await run('status')).out).toMatch(/enforcing: .*financial/);
  });

  test('global shadow in the file: a finding until the server shows it, and then the reason', async () => {
    const lab = await ownLab({});
    const file = lab.sandbox.envFile;
    const shadowDriver = { 'env-file': file };
    const path = await lab.world.config('file.yaml', { environments: { lab: { ...lab.environment, shadowDriver } } });
    const inFile = (...args: string[]): Promise<Ran> => lab.world.main(args, { env: { RLCTL_CONFIG: path } });
    const before = await readFile(file, 'utf8');
    await writeFile(file, `${before.replace(/^RATE_LIMIT_SHADOW=.*\n/m, '')}RATE_LIMIT_SHADOW=true\n`);
    for (const command of [['status'], ['shadow', 'list']]) {
      const ran = await inFile(...command);
      expect([ran.code, ran.out]).toEqual([
        3,
        expect.stringMatching(
          /global shadow: the file says RATE_LIMIT_SHADOW=true \(line \d+\), the\s+server says enforcing/,
        ),
      ]);
    }
    await inFile('reload');
    const listed = await inFile('shadow', 'list');
    expect([listed.code, listed.out]).toEqual([
      0,
      expect.stringMatching(/read +shadow .*global shadow in the file, line \d+/),
    ]);
    const shown = await inFile('status');
    expect([shown.code, shown.out]).toEqual([
      0,
      expect.stringMatching(/in shadow: .*\n +by global shadow in the file, line \d+:/),
    ]);
    // A flag that was set and is gone from the file again is not the cause, though this machine remembers it.
    const global = await readFile(file, 'utf8');
    expect((await inFile('shadow', 'on', 'read', '--reason', 't7')).code).toBe(0);
    expect((await inFile('shadow', 'list')).out).toMatch(/read +shadow .*t7/);
    await writeFile(file, global);
    await inFile('reload');
    expect((await inFile('shadow', 'list')).out).toMatch(/read +shadow .*global shadow in the file, line \d+/);
  });

  test('of several workers, list says that one was asked', async () => {
    const path = await state.lab.world.config('many.yaml', {
      environments: { lab: { ...state.lab.environment, workers: 4 } },
    });
    const ran = await state.lab.world.main(['shadow', 'list'], { env: { RLCTL_CONFIG: path } });
    expect(ran.out).toContain('as one of 4 workers says');
  });
});

describe('who set it', () => {
  test('a value changed past rlctl is not credited to the author before', async () => {
    await run('override', 'set', '/api/a', '--rate', '5');
    await run('override', 'set', '/api/b', '--rate', '6');
    await state.lab.store('{"/api/a":{"rate":50},"/api/b":{"rate":6}}');
    const list = await run('override', 'list');
    expect(list.out).toMatch(/\/api\/a .*changed past rlctl; before: .* by tester@test/);
    expect(list.out).not.toMatch(/\/api\/b .*changed past/);
    expect((await run('override', 'get', '/api/a')).out).toMatch(/set +changed past rlctl; before: .* by tester@test/);
    // It stays so when somebody else's route is changed with rlctl afterwards.
    await run('override', 'set', '/api/c', '--rate', '7');
    const { out } = await run('override', 'list', '--json');
    const { overrides } = jsonOf<{ overrides: readonly { prefix: string; isChangedPast: boolean }[] }>(out);
    expect(overrides.map(({ prefix, isChangedPast }) => [prefix, isChangedPast])).toEqual([
      ['/api/a', true],
      ['/api/b', false],
      ['/api/c', false],
    ]);
  });
});

describe('flags in a file', () => {
  async function inFile() {
    const lab = await ownLab({});
    const shadowDriver = { 'env-file': lab.sandbox.envFile };
    const path = await lab.world.config('file.yaml', { environments: { lab: { ...lab.environment, shadowDriver } } });
    return (...args: string[]): Promise<Ran> => lab.world.main(args, { env: { RLCTL_CONFIG: path } });
  }

  test('undo with nothing left asks about a flip, and offers no command that stops enforcing', async () => {
    const command = await inFile();
    await command('shadow', 'on', '--all');
    await command('shadow', 'off', '--all');
    const nothing = await command('override', 'undo');
    expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining('is it that one you mean?')]);
    expect(nothing.err).not.toContain('shadow on');
    expect(nothing.err).toMatch(/See: rlctl --config \S+ shadow list/);
    await command('override', 'set', '/api/x', '--rate', '5');
    await command('override', 'undo');
    expect((await command('override', 'undo')).err).not.toContain('the last change from here');
  });

  test('lines that go are numbered as they stand', async () => {
    const command = await inFile();
    await command('shadow', 'on', '--all');
    const on = (await command('shadow', 'off', '--all', '--dry-run', '--json')).out;
    const { flags } = jsonOf<{ flags: readonly { line: { line: number } }[] }>(on);
    const [first = 0, ...others] = flags.map(({ line }) => line.line);
    expect(others).toEqual(others.map((_, index) => first + index + 1));
    expect(others.length).toBeGreaterThan(0);
  });
});

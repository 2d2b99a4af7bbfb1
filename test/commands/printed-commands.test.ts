import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, openWorld, type MainOptions, type Ran } from '../support/world.js';

const state = {} as { lab: Lab; file: string };
beforeAll(async () => {
  state.lab = await openLab();
  const { environment, world } = state.lab;
  state.file = await world.config('rlctl.yaml', { environments: { lab: environment, other: environment } });
  await run(['env', 'trust']);
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

/** In the project's folder, with nothing said by a variable unless the test says it. */
const run = (args: readonly string[], options: MainOptions = {}): Promise<Ran> =>
  state.lab.world.main(args, { ...options, env: { RLCTL_CONFIG: undefined, ...options.env } });

describe('a printed command goes where the one before it went', () => {
  test.each<[string, readonly string[], NonNullable<MainOptions['env']>, string]>([
    ['-e', ['-e', 'lab'], {}, 'rlctl -e lab reload'],
    ['RLCTL_ENV', [], { RLCTL_ENV: 'lab' }, 'rlctl -e lab reload'],
    ['-e over RLCTL_ENV', ['-e', 'lab'], { RLCTL_ENV: 'other' }, 'rlctl -e lab reload'],
    ['env use, which lasts', [], {}, 'rlctl reload'],
  ])('in a result, chosen by %s', async (_, flags, env, expected) => {
    await run(['env', 'use', 'lab']);
    await state.lab.store('{"/api/search":{"rate":120}}');
    const ran = await run([...flags, 'policy', 'get', '/api/search'], { env });
    expect(ran.code).toBe(3);
    expect(ran.out).toContain(`run: ${expected}\n`);
    const waived = await run([...flags, 'override', 'set', '/a', '--rate', '1', '--no-reload', '--json'], { env });
    expect(jsonOf(waived.out)).toMatchObject({
      proof: { diagnosis: `the proof was waived with --no-reload; run: ${expected}` },
    });
  });

  test('in the hint of an error, for people and for programs', async () => {
    const args = ['-e', 'lab', 'override', 'get', '/missing'];
    expect((await run(args)).err).toContain('rlctl -e lab override list');
    expect(errorOf(await run([...args, '--json'])).hint).toContain('rlctl -e lab override list');
  });

  test('in the proof of a flag, and in what is left to do by hand', async () => {
    const nowhere = await state.lab.world.write('wrong', 'not the secret');
    const shadowDriver = { 'env-file': state.lab.sandbox.envFile };
    const path = await state.lab.world.config('flags.yaml', {
      environments: { lab: { ...state.lab.environment, shadowDriver } },
    });
    const on = ['--config', path, '-e', 'lab', 'shadow', 'on', 'read', '--secret-file', nowhere];
    const ran = await run(on);
    expect(ran.code).toBe(8);
    expect(ran.out).toContain(`to look again, run: rlctl -e lab --config ${path} shadow list`);
    expect(jsonOf((await run([...on, '--json'])).out)).toMatchObject({
      proof: { diagnosis: expect.stringContaining(`rlctl -e lab --config ${path} shadow list`) as string },
    });
  });

  test('with the file, by its whole path, wherever a variable or a flag named it', async () => {
    const hintOf = async (args: readonly string[], options?: MainOptions): Promise<string | null> =>
      errorOf(await run([...args, '--json'], options)).hint;
    const expected = `rlctl -e lab --config ${state.file} override list`;
    const args = ['-e', 'lab', 'override', 'get', '/missing'];
    expect(await hintOf(['--config', 'rlctl.yaml', ...args])).toContain(expected);
    expect(await hintOf(args, { env: { RLCTL_CONFIG: 'rlctl.yaml' } })).toContain(expected);
    const unknown = await hintOf(['--config', 'rlctl.yaml', '-e', 'nowhere', 'override', 'list']);
    expect(unknown).toContain(`rlctl --config ${state.file} env list`);
  });

  test('in the way back after a change without effect', async () => {
    const nowhere = await state.lab.world.write('wrong', 'not the secret');
    const ran = await run(['-e', 'lab', 'override', 'set', '/a', '--rate', '1', '--secret-file', nowhere]);
    expect(ran.code).toBe(8);
    expect(ran.out).toContain('rlctl -e lab override undo');
    expect(ran.out).toContain('rlctl -e lab reload');
  });

  test('with what a protected environment wants of them, in a result, in a hint, and where two are named', async () => {
    const { lab } = state;
    const path = await lab.world.config('protected.yaml', {
      environments: { lab: { ...lab.environment, protected: true }, other: { ...lab.environment, namespace: 'other' } },
    });
    const at = ['--config', path, '-e', 'lab'];
    const signed = ['--for', '2h', '--reason', 'r', '--confirm', 'lab'];
    const ran = await run([...at, 'override', 'set', '/a', '--rate', '1', '--no-reload', ...signed, '--json']);
    expect(jsonOf(ran.out)).toMatchObject({
      proof: {
        diagnosis: `the proof was waived with --no-reload; run: rlctl -e lab --config ${path} reload --confirm lab`,
      },
    });
    await run([...at, 'panic', 'route', '/b', ...signed.slice(2), '--no-reload']);
    await run([...at, 'panic', 'route', '/c', ...signed.slice(2), '--no-reload']);
    const which = errorOf(await run([...at, 'panic', 'restore', '--dry-run', '--json']));
    expect(which.hint).toContain(`rlctl -e lab --config ${path} panic restore ID --reason TEXT --confirm lab`);
    await run(['--config', path, '-e', 'other', 'override', 'set', '/x', '--rate', '1', '--no-reload']);
    await lab.store('{');
    const repair = `rlctl -e lab --config ${path} override repair --reason TEXT --confirm lab`;
    for (const pair of [
      ['lab', 'other'],
      ['other', 'lab'],
    ]) {
      const { hint } = errorOf(await run(['--config', path, 'env', 'promote', ...pair, '--dry-run', '--json']));
      expect(hint).toContain(repair);
    }
  });

  test('the printed command, run as it stands in another folder, does what it says', async () => {
    const elsewhere = await openWorld();
    try {
      const ran = await run([
        '--config',
        'rlctl.yaml',
        '-e',
        'lab',
        'override',
        'set',
        '/a',
        '--rate',
        '1',
        '--no-reload',
      ]);
      const [, printed = ''] = /run: rlctl (.*)$/m.exec(ran.out) ?? [];
      const again = await elsewhere.main(printed.split(' '), { cwd: join(elsewhere.root, 'home') });
      expect(again).toMatchObject({ code: 0 });
      expect(again.out).toContain('PROVEN');
    } finally {
      await elsewhere.remove();
    }
  });
});

import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MemoryHost } from '../support/memory-host.js';
import { errorOf, jsonOf, openWorld, type Ran, type World } from '../support/world.js';

const state = {} as { world: World };
beforeEach(async () => {
  state.world = await openWorld();
});
afterEach(() => state.world.remove());
const run = (...args: string[]): Promise<Ran> => state.world.main(args);

/** Runs `work` while a sandbox is up, and resolves to how the sandbox ended. */
async function duringSandbox(work: () => Promise<unknown>, args: readonly string[] = []): Promise<Ran> {
  const seen: { host: MemoryHost | null } = { host: null };
  const up = state.world.main(['sandbox', 'up', ...args], { onHost: (host) => (seen.host = host) });
  try {
    await expect.poll(() => seen.host?.out, { timeout: 10_000 }).toContain('ready');
    await work();
  } finally {
    seen.host?.signal('SIGINT');
  }
  return up;
}

describe('a sandbox that has ended', () => {
  test('leaves nothing, not even the memory of its server', async () => {
    const ended = await duringSandbox(async () => {
      expect(await run('-e', 'sandbox', 'override', 'set', '/a', '--rate', '1')).toMatchObject({ code: 0 });
      expect([...(await state.world.files()).values()].join('')).toMatch(/"http:\/\/127\.0\.0\.1:\d+ [0-9a-f]{16}"/);
    });
    expect(ended).toMatchObject({ code: 0, err: 'the sandbox has ended; nothing of it is left\n' });
    expect([...(await state.world.files())]).toEqual([]);
  });

  test('but what was somebody else’s stays, and a choice of it is named with the way to forget it', async () => {
    await state.world.config('rlctl.yaml', { environments: { prod: { namespace: 'a' } } });
    await run('env', 'trust');
    const ended = await duringSandbox(() => run('env', 'use', 'sandbox'));
    expect(ended.err).toContain('nothing of it is left');
    expect(ended.err).toContain('rlctl env use --none');
    const texts = [...(await state.world.files()).values()].join('');
    expect(JSON.parse(texts)).toMatchObject({
      trusted: { [`${state.world.cwd}/rlctl.yaml`]: expect.any(String) as string },
    });
    const gone = errorOf(await run('override', 'list', '--json'));
    expect(gone).toMatchObject({ code: 'UNKNOWN_ENVIRONMENT', exitCode: 2 });
    expect(gone.message).toContain('rlctl env use');
    expect(gone.hint).toContain('rlctl sandbox up');
    expect(gone.hint).toContain('rlctl env use --none');
    expect((await run('env', 'list')).out).toContain('"sandbox", which is chosen, is not there');
    expect(await run('env', 'use', '--none')).toMatchObject({ code: 0 });
    expect(jsonOf((await run('env', 'show', '--json')).out)).toMatchObject({ environment: 'prod' });
  });
});

describe('a sandbox with a state folder of its own', () => {
  test('prints commands that find it, and says how another one is started beside it', async () => {
    const ended = await duringSandbox(async () => {
      expect(errorOf(await run('sandbox', 'up', '--json')).hint).toContain('XDG_STATE_HOME=DIR rlctl sandbox up');
    });
    expect(ended.out).toContain(`XDG_STATE_HOME=${state.world.stateHome} rlctl -e sandbox override undo`);
  });
});

describe('a secret that several sandboxes share', () => {
  test('is read from a private file, signs, and stays when the sandbox has ended', async () => {
    const file = await state.world.write('shared', 'one-for-all\n', 0o600);
    const ended = await duringSandbox(async () => {
      expect(await run('reload', '-e', 'sandbox', '--secret-file', file)).toMatchObject({ code: 0 });
      expect(await run('reload', '-e', 'sandbox')).toMatchObject({ code: 0 });
    }, ['--secret-file', 'shared']);
    expect(ended.code).toBe(0);
    expect(await readFile(file, 'utf8')).toBe('one-for-all\n');
  });

  test('a file that others can read, an empty one and one that is not there are refused with the cure', async () => {
    await state.world.write('loose', 'secret', 0o644);
    await state.world.write('empty', '', 0o600);
    const refused = async (file: string) => errorOf(await run('sandbox', 'up', '--secret-file', file, '--json'));
    expect(await refused('loose')).toMatchObject({ code: 'SECRET_FILE_UNSAFE', exitCode: 6 });
    expect((await refused('loose')).hint).toContain('chmod 600');
    expect(await refused('empty')).toMatchObject({ code: 'SECRET_EMPTY', exitCode: 2 });
    expect(await refused('nowhere')).toMatchObject({ code: 'SECRET_MISSING', exitCode: 2 });
    expect([...(await state.world.files())]).toEqual([]);
  });
});

describe('env use', () => {
  test('wants a name or --none, not both and not neither', async () => {
    for (const args of [[], ['prod', '--none']])
      expect(errorOf(await run('env', 'use', ...args, '--json'))).toMatchObject({ code: 'USAGE', exitCode: 2 });
  });

  test('--none where nothing is chosen is done already', async () => {
    const ran = await run('env', 'use', '--none', '--json');
    expect(ran.code).toBe(0);
    expect(jsonOf(ran.out)).toMatchObject({ kind: 'EnvironmentChosen', environment: null });
    expect([...(await state.world.files())]).toEqual([]);
  });

  test('a name that -e gives is not blamed on a choice', async () => {
    const { hint } = errorOf(await run('-e', 'nowhere', 'env', 'show', '--json'));
    expect(hint).not.toContain('--none');
  });
});

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
async function duringSandbox(work: () => Promise<unknown>): Promise<Ran> {
  const seen: { host: MemoryHost | null } = { host: null };
  const up = state.world.main(['sandbox', 'up'], { onHost: (host) => (seen.host = host) });
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
      expect([...(await state.world.files()).values()].join('')).toContain('"sandbox http');
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

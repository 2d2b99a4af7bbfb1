import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { openWorld, type World } from '../support/world.js';

const state = {} as { world: World };
beforeAll(async () => {
  state.world = await openWorld();
});
afterAll(() => state.world.remove());

const leftovers = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('rlctl-demo-'));

describe('the demo', () => {
  test('ends well: each command does what it should, and shadow moves the counters', { timeout: 120_000 }, async () => {
    const before = await leftovers();
    const { cwd, env } = state.world;
    const ran = await runCli(['sandbox', 'demo'], { cwd, env });
    expect(ran).toMatchObject({ code: 0, err: expect.not.stringContaining('error:') as string });
    expect(ran.out).not.toContain('UNEXPECTED');
    const moved = [...ran.out.matchAll(/allowed \+\d+, blocked \+(\d+), shadow-blocked \+(\d+)/g)].map(
      ([, blocked, shadowBlocked]) => [Number(blocked) > 0, Number(shadowBlocked) > 0],
    );
    expect(moved).toEqual([
      [true, false],
      [false, true],
      [true, false],
    ]);
    expect(ran.out).toContain("$ rlctl -e sandbox shadow on financial --reason 'payments are being refused'");
    expect(ran.out).toContain('PROVEN (loaded)  the server says that financial is in shadow');
    expect(await leftovers()).toEqual(before);
  });
});

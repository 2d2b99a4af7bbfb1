import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startCli } from '../support/cli.js';
import { errorOf, openWorld, type World } from '../support/world.js';

const state = {} as { world: World };
beforeEach(async () => {
  state.world = await openWorld();
});
afterEach(() => state.world.remove());

const folder = (): string => join(state.world.env['XDG_STATE_HOME'] ?? '', 'rlctl', 'sandbox');

/** Starts two at once: one comes up, and the other ends. */
async function twoAtOnce() {
  const { env, cwd } = state.world;
  const runs = [0, 1].map(() => startCli(['sandbox', 'up', '--json'], { env, cwd }));
  const second = await Promise.race(runs.map(async (run) => ({ run, end: await run.ended })));
  const first = runs.find((run) => run !== second.run);
  if (first === undefined) throw new TypeError('there are two');
  await expect.poll(first.out, { timeout: 30_000 }).toMatch(/\}\n$/);
  return { first, refused: second.end };
}

test.each([
  ['', null],
  [', where one was that died without a word', '999999999 0a0b0c\n'],
])(
  'of two sandboxes that start at once in one folder%s one comes up, and the other says which',
  async (_, left) => {
    await mkdir(folder(), { recursive: true, mode: 0o700 });
    if (left !== null) await writeFile(join(folder(), 'claim'), left);
    const { first, refused } = await twoAtOnce();
    const { code, exitCode, message, hint } = errorOf({ ...refused, code: refused.code ?? -1 });
    expect([code, exitCode, refused.out]).toEqual(['SANDBOX_RUNNING', 2, '']);
    expect(message).toMatch(/^a sandbox is running already( \(process \d+\))?$/);
    expect(hint).toContain('XDG_STATE_HOME=DIR rlctl sandbox up');
    expect(await readFile(join(folder(), 'limiter.env'), 'utf8')).toContain('RATE_LIMIT_ENABLED');
    expect(await readFile(join(folder(), 'claim'), 'utf8')).toMatch(new RegExp(`^${first.child.pid} `));
    first.child.kill('SIGINT');
    expect(await first.ended).toMatchObject({ code: 0 });
    expect([...(await state.world.files()).keys()]).toEqual([]);
  },
  60_000,
);

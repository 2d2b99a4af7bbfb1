import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { childEnv, launcher, startCli, type CliRun } from '../support/cli.js';
import { labMetadataKey, openLab, type Lab } from '../support/lab.js';
import { openTerminal } from '../support/terminal.js';
import { jsonOf, type JsonObject } from '../support/world.js';

const state = {} as { lab: Lab };
const started: CliRun[] = [];
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});

const routes = Array.from({ length: 12 }, (_, index) => `/api/${'abcdefghijkl'[index]}`);

function loop(): CliRun {
  const { env, cwd } = state.lab.world;
  const run = startCli(['override', 'expire', '--watch', '--every', '1s'], { env, cwd });
  started.push(run);
  return run;
}
const set = async (route: string, ...more: string[]): Promise<void> => {
  const ran = await state.lab.world.main(['override', 'set', route, '--no-reload', ...more]);
  expect(ran).toMatchObject({ code: 0 });
};

/** What was set for a while is over. */
async function overdue(wanted: readonly string[]): Promise<void> {
  const { redis } = state.lab;
  const metadata = jsonOf<{ routes: Record<string, JsonObject> }>(await redis.cli('GET', labMetadataKey));
  for (const route of wanted) metadata.routes[route] = { ...metadata.routes[route], untilMs: Date.now() - 1 };
  await redis.cli('SET', labMetadataKey, JSON.stringify(metadata));
}

test('a loop that is killed in the middle: the other one does the rest, each end once', async () => {
  for (const [index, route] of routes.entries()) {
    await set(route, '--rate', String(index + 1));
    await set(route, '--rate', '500', '--for', '2h');
  }
  const [first, second] = [loop(), loop()];
  for (const { out } of [first, second]) await expect.poll(out, { timeout: 30_000 }).toContain('started');
  await overdue(routes.slice(0, 6));
  const isMoving = async (): Promise<boolean> => (await state.lab.document())?.split('"rate":500').length !== 13;
  await expect.poll(isMoving, { timeout: 30_000, interval: 1 }).toBe(true);
  first.child.kill('SIGKILL');
  await first.ended;
  await overdue(routes.slice(6));
  const rates = async (): Promise<unknown> =>
    Object.values(jsonOf<Record<string, { rate: number }>>((await state.lab.document()) ?? '{}')).map(
      ({ rate }) => rate,
    );
  await expect.poll(rates, { timeout: 30_000 }).toEqual(routes.map((_, index) => index + 1));
  // The server has it too, whoever was killed between the write and the reload.
  const served = async (): Promise<number> => (await state.lab.world.main(['verify'])).code;
  await expect.poll(served, { timeout: 30_000 }).toBe(0);
  second.child.kill('SIGTERM');
  expect(await second.ended).toMatchObject({ code: 0, err: '' });
  const history = await state.lab.world.main(['override', 'history', '--limit', '1000', '--json']);
  const { entries } = jsonOf<{ entries: { command: string; changes: { route: string }[] }[] }>(history.out);
  const ended = entries.filter(({ command }) => command === 'override expire').flatMap(({ changes }) => changes);
  expect(ended.map(({ route }) => route).sort()).toEqual(routes.toSorted());
}, 120_000);

test('on a terminal it tells a line per event, and Ctrl-C is a good end', async () => {
  await set('/api/a', '--rate', '5', '--for', '2h');
  const { env, cwd } = state.lab.world;
  const running = openTerminal(process.execPath, [launcher, 'override', 'expire', '--watch', '--every', '1s'], {
    columns: 100,
    rows: 24,
    env: { ...childEnv(env), TERM: 'xterm-256color' },
    cwd,
  });
  try {
    await running.until('the start', () => running.screen().includes('watching lab, every 1 s'));
    await overdue(['/api/a']);
    await running.until('the end', () => /ended {2}"\/api\/a" {2}\{"rate":5\} → \(no entry\)/.test(running.screen()));
    expect(running.isAlternate()).toBe(false);
    running.type('\u0003');
    expect(await running.ended).toBe(0);
    expect(running.screen()).toContain('stopped');
  } finally {
    await running.close();
  }
}, 60_000);

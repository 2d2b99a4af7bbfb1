import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { labHistoryKey, openLab, type Lab } from '../support/lab.js';
import type { MemoryHost } from '../support/memory-host.js';
import { errorOf, type Ran } from '../support/world.js';

// The outcome of a change is unknown where its answer is lost and nobody answers any more: it is kept, and made later or not.
const state = {} as { lab: Lab; proxy: FaultProxy };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  await state.lab.reset();
  await state.lab.store('{"/kept":{"rate":5}}');
  state.proxy = await startFaultProxy(state.lab.redis.port);
});
afterEach(() => state.proxy.stop());

/**
 * The write, or its answer, is lost, and from then on nobody can be reached. Somebody stops waiting then: the deadline is so
 * far away that no machine is too slow to send the write before it.
 */
async function lose(at: 'request' | 'reply', args: readonly string[]): Promise<Ran> {
  const struck = state.proxy.strike({ at, containing: 'EVAL', action: 'reset' });
  const stop = async (host: MemoryHost): Promise<void> => {
    await struck;
    state.proxy.inject({ at: 'connect', action: 'silence', times: Infinity });
    host.signal('SIGINT');
  };
  const { environment, world } = state.lab;
  const redis = `redis://127.0.0.1:${state.proxy.port}/0`;
  await world.config('lab.yaml', { environments: { lab: { ...environment, redis } } });
  const ran = await world.main([...args, '--no-reload', '--timeout', '60s', '--json', '--reason', 'why'], {
    onHost: (host) => void stop(host),
  });
  await world.config('lab.yaml', { environments: { lab: environment } });
  return ran;
}

function planOf(ran: Ran): string {
  expect([ran.code, errorOf(ran).code]).toEqual([9, 'OUTCOME_UNKNOWN']);
  return String(errorOf(ran).details?.['plan']);
}

/** Another one whose write is lost, through a proxy that lets everything through until then. */
async function loseAnother(args: readonly string[]): Promise<string> {
  await state.proxy.stop();
  state.proxy = await startFaultProxy(state.lab.redis.port);
  return planOf(await lose('request', args));
}

const finish = (path: string): Promise<Ran> =>
  state.lab.world.main(['override', 'apply', '--plan', path, '--no-reload', '--json']);

test('not applied: the kept file makes exactly this change, and is private', async () => {
  const ran = await lose('request', ['override', 'set', '/new', '--rate', '7']);
  const path = planOf(ran);
  expect(errorOf(ran).hint).toMatch(/override history --id c0\w+; if it is not there, .*override apply --plan \S+$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await state.lab.document()).toBe('{"/kept":{"rate":5}}');
  expect(await finish(path)).toMatchObject({ code: 0, err: '' });
  expect(await state.lab.document()).toBe('{"/kept":{"rate":5},"/new":{"rate":7}}');
  expect(await state.lab.redis.cli('XREVRANGE', labHistoryKey, '+', '-', 'COUNT', '1')).toContain('"reason":"why"');
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a kept file is left by what only shows its plan, and goes 30 days later with the next that is kept', async () => {
  const path = planOf(await lose('request', ['override', 'set', '/new', '--rate', '7']));
  await state.lab.world.main(['override', 'apply', '--plan', path, '--no-reload', '--dry-run']);
  const other = join(dirname(path), 'note.json');
  await writeFile(other, '{}');
  const kept = JSON.parse(await readFile(path, 'utf8')) as { plannedAt: string };
  const fresh = await loseAnother(['override', 'set', '/new', '--rate', '8']);
  expect((await readdir(dirname(path))).sort()).toEqual([path, fresh, other].map((each) => basename(each)).sort());
  const plannedAt = new Date(Date.parse(kept.plannedAt) - 31 * 24 * 3_600_000).toISOString();
  await writeFile(path, JSON.stringify({ ...kept, plannedAt }));
  const last = await loseAnother(['override', 'set', '/new', '--rate', '9']);
  expect((await readdir(dirname(path))).sort()).toEqual([fresh, last, other].map((each) => basename(each)).sort());
  // A plan that is somebody's own stays where it is.
  const own = join(state.lab.world.cwd, 'own.json');
  await writeFile(own, await readFile(last));
  expect((await finish(own)).code).toBe(0);
  expect((await stat(own)).isFile()).toBe(true);
});

test('a removal that was not applied is kept as well', async () => {
  const path = planOf(await lose('request', ['override', 'unset', '/kept']));
  expect(await finish(path)).toMatchObject({ code: 0, err: '' });
  expect(await state.lab.document()).toBe('{}');
});

test('applied after all: the kept file changes nothing a second time, and says so', async () => {
  const path = planOf(await lose('reply', ['override', 'set', '/new', '--rate', '7']));
  const applied = await state.lab.document();
  expect(applied).toBe('{"/kept":{"rate":5},"/new":{"rate":7}}');
  const ran = await finish(path);
  expect([ran.code, errorOf(ran).message]).toEqual([5, expect.stringContaining('already is what it leads to')]);
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await state.lab.document()).toBe(applied);
});

test('what was to end by itself is told to end again', async () => {
  const ran = await lose('request', ['override', 'set', '/new', '--rate', '7', '--for', '2h']);
  planOf(ran);
  expect(errorOf(ran).hint).toMatch(/--plan \S+ --until 20\S+Z$/);
});

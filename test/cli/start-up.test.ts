import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { openWorld, type World } from '../support/world.js';

const state = {} as { world: World };
beforeAll(async () => {
  state.world = await openWorld();
});
afterAll(() => state.world.remove());

const preload = `--require=${join(import.meta.dirname, '../support/loaded-chunks.cjs')}`;

/** What a command line loads of the built program, by name. What several chunks share has no name of its own. */
async function loadedBy(args: readonly string[]): Promise<readonly string[]> {
  const { cwd, env } = state.world;
  const { err } = await runCli(args, { cwd, env: { ...env, NODE_OPTIONS: preload } });
  return JSON.parse(/^loaded: (.*)$/m.exec(err)?.[1] ?? '[]') as string[];
}

/** Libraries that only some commands need, by the names of their chunks. */
const heavy = new Set([
  'string-width',
  'wrap-ansi',
  'library',
  'jq',
  'yaml',
  'dist',
  'override-store',
  'control-plane',
  'sandbox',
]);

test.each([
  ['help', 'exit-codes'],
  ['help', 'environment'],
  ['help', 'output'],
  ['help', 'signing'],
  ['help', 'keys'],
  ['--help'],
  ['override', 'set', '--help'],
  ['env', 'list'],
  ['env', 'show'],
])('%s %s loads no library that it does not need', async (...args) => {
  const loaded = await loadedBy(args);
  expect(loaded).toContain('cli');
  expect(loaded.filter((name) => heavy.has(name))).toEqual([]);
});

test.each([['--help'], ['help', 'output']])('%s %s draws no table', async (...args) => {
  expect(await loadedBy(args)).not.toContain('cli-table3');
});

test('what is loaded on demand is found by these names', async () => {
  const loaded = await loadedBy(['env', 'list', '--jq', '.kind']);
  expect(loaded).toContain('jq');
});

import { spawn } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { streams } from '../reliability/trials/streams.js';
import { childEnv, exitOf, launcher, runCli, type CliEnd } from '../support/cli.js';
import { openLab, type Lab } from '../support/lab.js';
import { runQuick } from '../support/trial-run.js';
import { jsonOf, type JsonObject } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  await state.lab.reset();
  await state.lab.store('{"/api/search":{"rate":60,"burst":10}}');
});

const options = () => ({ env: state.lab.world.env, cwd: state.lab.world.cwd });
const run = (...args: string[]): Promise<CliEnd> => runCli(args, options());

describe('stdout is data, stderr is everything else', () => {
  const works: readonly (readonly string[])[] = [
    ['override', 'list'],
    ['override', 'get', '/api/search'],
    ['override', 'set', '/api/search', '--rate', '61'],
    ['override', 'unset', '/api/search', '--dry-run'],
    ['override', 'history'],
    ['override', 'repair'],
    ['reload'],
    ['reload', '--print-request'],
    ['policy', 'get', '/api/other'],
    ['policy', 'explain', '/api/search'],
    ['env', 'list'],
    ['env', 'show'],
    ['help', 'exit-codes'],
  ];
  const fails: readonly (readonly string[])[] = [
    [],
    ['--frobnicate'],
    ['override', 'get', '/nowhere'],
    ['override', 'set', '/a'],
    ['override', 'undo'],
    ['override', 'set', '/a', '--rate', '1', '--if-revision', 'deadbeef'],
    ['reload', '--secret-file', '/nowhere'],
    ['policy', 'get', '/api', '--bucket', 'reed'],
    ['env', 'show', 'nowhere'],
    ['help', 'cooking'],
    ['-e', 'nowhere', 'override', 'list'],
  ];

  test.each(works.map((args) => [args.join(' '), args] as const))('%s --json', async (_, args) => {
    const ran = await run(...args, '--json');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ apiVersion: 'rlctl/v1', kind: expect.any(String) as string });
  });

  test.each(fails.slice(1).map((args) => [args.join(' '), args] as const))(
    '%s --json fails: one JSON object on stderr',
    async (_, args) => {
      const ran = await run(...args, '--json');
      expect(ran.out).toBe('');
      expect(ran.err.trimEnd().split('\n')).toHaveLength(1);
      expect(jsonOf<{ error: JsonObject }>(ran.err).error).toMatchObject({
        exitCode: ran.code,
        hint: expect.any(String) as string,
      });
    },
  );

  test.each(fails.slice(1).map((args) => [args.join(' '), args] as const))(
    '%s for a person: an error and a hint on stderr',
    async (_, args) => {
      const ran = await run(...args);
      expect(ran).toMatchObject({ out: '' });
      expect(ran.err).toMatch(/^error: [^\n]/);
      expect(ran.err).toMatch(/\nhint: {2}[^\n]+\n$/);
      expect(ran.err.match(/^error:/gm)).toHaveLength(1);
    },
  );

  test('no flag makes a stack trace visible to somebody who did not ask for it', async () => {
    expect((await run('env', 'show', 'nowhere')).err).not.toMatch(/^\s+at /m);
  });

  test('--quiet says no remark, --debug only adds to stderr', async () => {
    const plain = await run('override', 'list', '--json');
    const debug = await run('override', 'list', '--json', '--debug');
    expect(debug.out).toBe(plain.out);
    expect((await run('override', 'list', '-q')).err).toBe('');
  });

  test('variables that make libraries talk neither break stdout nor make the Redis library talk', async () => {
    const { world } = state.lab;
    const env = { ...world.env, DEBUG: '*', NODE_DEBUG: 'net,http,undici' };
    const ran = await runCli(['reload', '--json'], { env, cwd: world.cwd });
    expect(jsonOf(ran.out)).toMatchObject({ kind: 'Reload' });
    expect(ran.err).not.toMatch(/ioredis|x-config/i);
  });
});

describe('colour in the real program', () => {
  test('no colour in a pipe, none with NO_COLOR, some with --color always', async () => {
    expect((await run('help', 'output')).out).not.toContain('\u001b');
    expect((await run('help', 'output', '--color', 'always')).out).toContain('\u001b[1m');
    const { world } = state.lab;
    const forced = await runCli(['help', 'output'], {
      env: { ...world.env, FORCE_COLOR: '1', NO_COLOR: '1' },
      cwd: world.cwd,
    });
    expect(forced.out).not.toContain('\u001b');
  });
});

test('slow, full, closed and left streams: all bytes, silence, or the documented code', async () => {
  const { word, faults } = await runQuick(streams, { seed: 17 });
  expect([word, faults]).toEqual(['held', []]);
}, 120_000);

test('a prompt is never opened without a terminal, even with stdin open', async () => {
  const { lab } = state;
  const config = await lab.world.config('protected.yaml', {
    environments: { lab: { ...lab.environment, protected: true } },
  });
  const child = spawn(
    process.execPath,
    [launcher, '--config', config, 'override', 'set', '/a', '--rate', '1', '--reason', 'r', '--permanent'],
    {
      cwd: options().cwd,
      env: childEnv(options().env),
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  // Its stdin stays open: a program that waits for an answer would hang here.
  expect(await exitOf(child)).toBe(6);
  child.stdin?.end();
});

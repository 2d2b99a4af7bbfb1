import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { childEnv, exitOf, launcher, runCli, startCli, type CliEnd } from '../support/cli.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
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

describe('output of five megabytes', () => {
  const count = 12_000;

  beforeEach(async () => {
    const entries = Array.from({ length: count }, (_, index) => `"/api/route-${index}":{"rate":60,"burst":10}`);
    const redis = new Redis(state.lab.redis.url);
    await redis.set(labKey, `{${entries.join(',')}}`);
    redis.disconnect();
  });

  test('arrives whole through a slow pipe', async () => {
    const { child, ended, out } = startCli(['override', 'list', '--json', '--timeout', '30s'], options());
    const stdout = child.stdout;
    let stops = 0;
    stdout.on('data', () => {
      stops += 1;
      stdout.pause();
      setImmediate(() => setImmediate(() => stdout.resume()));
    });
    const { code } = await ended;
    expect(code).toBe(0);
    expect(stops).toBeGreaterThan(10);
    expect(out().length).toBeGreaterThan(4_000_000);
    expect(jsonOf<{ overrides: unknown[] }>(out()).overrides).toHaveLength(count);
  });

  test('a reader that leaves after one line causes no word and no crash', async () => {
    const script = `"$0" "$1" override list --json --timeout 30s | head -1; echo "\${PIPESTATUS[0]}"`;
    const shell = spawn('bash', ['-c', script, process.execPath, launcher], {
      ...options(),
      env: childEnv(options().env),
    });
    const text = { out: '', err: '' };
    shell.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
    shell.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
    await exitOf(shell);
    expect(text.err).toBe('');
    expect(text.out).toMatch(/^\{\n(0|141)\n$/);
  });
});

describe('an stdout that takes nothing', () => {
  test('a full disk is an error, not a success', async () => {
    const full = await open('/dev/full', 'w');
    try {
      const child = spawn(process.execPath, [launcher, 'override', 'list'], {
        cwd: options().cwd,
        env: childEnv(options().env),
        stdio: ['ignore', full.fd, 'pipe'],
      });
      const text = { err: '' };
      child.stderr?.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
      expect(await exitOf(child)).toBe(1);
      expect(text.err).toMatch(/ENOSPC/);
      expect(text.err).not.toMatch(/^\s+at /m);
    } finally {
      await full.close();
    }
  });

  test('closed streams crash nothing', async () => {
    const script = '"$0" "$1" override list >&- 2>&-';
    const shell = spawn('bash', ['-c', script, process.execPath, launcher], {
      ...options(),
      env: childEnv(options().env),
      stdio: 'ignore',
    });
    expect([0, 1]).toContain(await exitOf(shell));
  });
});

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

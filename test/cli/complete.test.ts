import { createServer } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeCommands } from '../../src/command-tree.js';
import { completionFor } from '../../src/complete.js';
import { createRedactor } from '../../src/ui/redactor.js';
import { runCli } from '../support/cli.js';
import { hostileNames } from '../support/hostile-names.js';
import { openLab, type Lab } from '../support/lab.js';
import { createMemoryHost } from '../support/memory-host.js';
import { openWorld, type World } from '../support/world.js';

const tree = await describeCommands();

/** The answer to one TAB inside this process. */
function answer(argv: readonly string[], cwd: string, env: Readonly<Record<string, string | undefined>>) {
  return completionFor(argv, { host: createMemoryHost({ cwd, env }), redactor: createRedactor() }, tree);
}

const first = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));

describe('the hidden command', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await openLab();
    await lab.store(JSON.stringify(Object.fromEntries(hostileNames.map((name) => [name, { rate: 60 }]))));
  });

  afterAll(() => lab?.stop());

  const ask = (...argv: string[]): Promise<string> => answer(argv, lab.world.cwd, lab.world.env);

  it('answers from the built program as from its source', async () => {
    for (const words of [[''], ['override', ''], ['override', 'set', '--'], ['help', ''], ['-e', '']]) {
      const built = await runCli(['__complete', '--', ...words], { env: lab.world.env, cwd: lab.world.cwd });
      expect(built).toMatchObject({ code: 0, err: '', out: await ask('--', ...words) });
    }
  });

  it('knows environments, buckets and overrides', async () => {
    expect(first(await ask('--', '-e', ''))).toEqual(['lab']);
    expect(first(await ask('--', 'policy', 'get', '--bucket', ''))).toEqual(['read', 'financial', 'auth', 'write']);
    expect(await ask('--', 'override', 'get', '/api/*')).toBe('/api/*\trate 60\n');
    expect(first(await ask('--', 'env', 'promote', ''))).toEqual(['lab']);
    expect(await ask('--', 'env', 'promote', 'lab', 'gone', '/api/*')).toBe('/api/*\trate 60\n');
    expect(await ask('--', 'env', 'promote', 'gone', 'lab', '/api/*')).toBe('');
  });

  it('knows incidents, the open one first', async () => {
    const ids: string[] = [];
    for (const [title, isEnded] of [
      ['over', true],
      ['still\u001b[31m here', false],
    ] as const) {
      const started = await lab.world.main(['incident', 'start', title, '--json']);
      ids.unshift((JSON.parse(started.out) as { id: string }).id);
      if (isEnded) await lab.world.main(['incident', 'end', '--keep']);
    }
    expect(first(await ask('--', 'incident', 'show', ''))).toEqual(ids);
    expect(await ask('--', 'incident', 'show', 'i-')).toMatch(/\topen: still/);
    await lab.world.main(['incident', 'end', '--keep']);
  });

  it('knows the guards that may be overridden', async () => {
    const guards = [
      { name: 'payments', buckets: ['read'], rate: { max: 10 } },
      { name: 'closed', deny: true, overridable: false },
    ];
    const path = await lab.world.config('guarded.yaml', { environments: { lab: { ...lab.environment, guards } } });
    const words = ['--config', path, 'override', 'set', '/a', '--override-guard', ''];
    expect(await ask('--', ...words)).toBe('payments\tbuckets read: rate up to 10\n');
  });

  it('knows the panics that are open, by overrides and by flags, the newest first', async () => {
    const own = await openLab();
    try {
      const shadowDriver = { 'env-file': own.sandbox.envFile };
      const path = await own.world.config('flags.yaml', {
        environments: { lab: { ...own.environment, shadowDriver } },
      });
      const words = ['--config', path, 'panic', 'restore', ''];
      const askOwn = (): Promise<string> => answer(['--', ...words], own.world.cwd, own.world.env);
      expect(await askOwn()).toBe('');
      await own.world.main(['--config', path, 'panic', 'route', '/api/search']);
      await own.world.main(['--config', path, 'panic', 'bucket', 'financial']);
      expect((await askOwn()).replaceAll(/p-[0-9a-f]{8}/g, 'ID')).toBe(
        'ID\tpanic bucket financial by tester@test\nID\tpanic route /api/search by tester@test\n',
      );
      // Set to off, and on again as a change of its own: by the file alone it would seem to stand.
      await own.world.main(['--config', path, 'shadow', 'off', 'financial']);
      const openOnly = 'ID\tpanic route /api/search by tester@test\n';
      expect((await askOwn()).replaceAll(/p-[0-9a-f]{8}/g, 'ID')).toBe(openOnly);
      await own.world.main(['--config', path, 'shadow', 'on', 'financial']);
      expect((await askOwn()).replaceAll(/p-[0-9a-f]{8}/g, 'ID')).toBe(openOnly);
    } finally {
      await own.stop();
    }
  });

  it('hands zsh, fish and PowerShell each name exactly as it is, or not at all', async () => {
    const wanted = hostileNames.filter((name) => !name.startsWith('-'));
    const zsh = (await ask('zsh', '--', 'override', 'get', '')).split('\0');
    expect(zsh.filter((_, index) => index % 2 === 1 && index < zsh.length - 1)).toEqual(wanted);
    const fish = (await ask('fish', '--', 'override', 'get', '')).split('\0').slice(1, -1);
    expect(fish.map((line) => line.split('\t')[0])).toEqual(wanted.filter((name) => !name.startsWith('~')));
    const line = Buffer.from(['override', 'get', ''].join('\0')).toString('base64');
    const text = await ask('powershell', '--', line);
    expect(text).toMatch(/^[\x20-\x7e]+\n$/);
    const { candidates } = JSON.parse(text) as { candidates: readonly { value: string }[] };
    expect(candidates.map(({ value }) => value)).toEqual(
      wanted.filter((name) => !/[\u0000-\u001f\u200b\u202e\u2066]/.test(name)),
    );
  });

  it('offers bash only what needs no quotes where the line holds an expansion', async () => {
    const plain = await ask('bash', ' =:', '--', 'rlctl override get $(x) ');
    expect(plain).toBe('plain\0');
    await lab.store('{"/api/search":{},"/api/a b":{}}');
    expect(await ask('bash', ' =:', '--', 'rlctl override get --jq "$X" ')).toBe('plain\0=/api/search\0');
  });

  it.each([['bash'], ['zsh'], ['fish'], ['powershell'], []])('is silent on nonsense (%s)', async (...shell) => {
    for (const rest of [[], ['--'], ['--', ''], ['x'], ['--', 'no', 'such', 'thing', ''], ['--', '\ud800\0"\'`$(']]) {
      await expect(ask(...shell, ...rest)).resolves.toBeTypeOf('string');
    }
  });
});

describe('names that cannot be had', () => {
  let world: World;

  beforeAll(async () => {
    world = await openWorld();
  });

  afterAll(() => world?.remove());

  const get = (env: Readonly<Record<string, string>>) =>
    runCli(['__complete', 'bash', ' =:', '--', 'rlctl override get '], {
      env: { ...world.env, ...env },
      cwd: world.cwd,
    });

  it.each([
    ['no configuration', null],
    ['broken YAML', '{'],
    ['an invalid configuration', 'environments: {x: {nope: 1}}'],
    ['a Redis that is down', 'environments: {x: {namespace: n, redis: "redis://127.0.0.1:1"}}'],
    ['a host that does not exist', 'environments: {x: {namespace: n, redis: "redis://no-such-host.invalid"}}'],
    ['an address that is none', 'environments: {x: {namespace: n, redis: "nonsense"}}'],
  ])('are silence: %s', async (_, text) => {
    const path = text === null ? join(world.root, 'absent.yaml') : await world.write('c.yaml', text);
    expect(await get({ RLCTL_CONFIG: path })).toMatchObject({ code: 0, out: 'plain\0', err: '' });
  });

  it('are silence after a second at most where Redis says nothing', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const sockets: { destroy(): void }[] = [];
    silent.on('connection', (socket) => sockets.push(socket));
    try {
      const path = await world.write('c.yaml', `environments: {x: {namespace: n, redis: "redis://127.0.0.1:${port}"}}`);
      const ran = await get({ RLCTL_CONFIG: path });
      expect(ran).toMatchObject({ code: 0, out: 'plain\0', err: '' });
      expect(sockets).not.toEqual([]);
      expect(ran.tookMs).toBeLessThan(4000);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    }
  });

  it('open no connection and run no command for a project file that nobody trusts', async () => {
    const mark = join(world.root, 'ran');
    const seen: unknown[] = [];
    const redis = createServer((socket) => {
      seen.push(socket);
      socket.destroy();
    });
    await new Promise<void>((resolve) => redis.listen(0, '127.0.0.1', resolve));
    const { port } = redis.address() as { port: number };
    const folder = join(world.root, 'hostile');
    await mkdir(folder);
    await writeFile(
      join(folder, 'rlctl.yaml'),
      `environments:
  x: { namespace: n, redis: "redis://127.0.0.1:${port}", secret: { command: [touch, ${mark}] } }
  $(touch PWNED): {}
`,
    );
    try {
      const ask = (line: string) =>
        runCli(['__complete', 'bash', ' =:', '--', line], {
          env: { ...world.env, RLCTL_REDIS_URL: `redis://127.0.0.1:${port}` },
          cwd: folder,
        });
      expect(await ask('rlctl -e x override get ')).toMatchObject({ code: 0, out: 'plain\0', err: '' });
      expect(seen).toEqual([]);
      // The names of its environments are only text.
      expect(await ask('rlctl -e ')).toMatchObject({ code: 0, out: 'plain\0=x\0=$(touch PWNED)\0' });
      // Somebody vouches for it: now there is a connection, and still no command.
      await runCli(['env', 'trust'], { env: world.env, cwd: folder });
      await ask('rlctl -e x override get ');
      expect(seen).not.toEqual([]);
      await expect(import('node:fs/promises').then(({ access }) => access(mark))).rejects.toThrow('ENOENT');
    } finally {
      await new Promise((resolve) => redis.close(resolve));
    }
  });
});

import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { environmentSettings } from '../../src/domain/config/settings.js';
import { errorOf, jsonOf, openWorld, type JsonObject, type MainOptions, type World } from '../support/world.js';

const state = {} as { world: World };
beforeEach(async () => {
  state.world = await openWorld();
});
afterEach(() => state.world.remove());
const run = (args: readonly string[], options?: MainOptions) => state.world.main(args, options);

interface Setting {
  readonly key: string;
  readonly value: string | null;
  readonly source: string;
}

async function settings(env: Readonly<Record<string, string>> = {}): Promise<ReadonlyMap<string, Setting>> {
  const ran = await run(['env', 'show', '--json'], { env });
  expect(ran).toMatchObject({ code: 0, err: '' });
  return new Map(jsonOf<{ settings: Setting[] }>(ran.out).settings.map((each) => [each.key, each]));
}

const one = (environment: JsonObject): JsonObject => ({ environments: { here: environment } });

describe('where a value comes from', () => {
  const values: Readonly<Record<string, { file: unknown; variable: string; shown: string; fileShown?: string }>> = {
    api: { file: 'http://file.test', variable: 'http://variable.test', shown: 'http://variable.test' },
    basePath: { file: '/file', variable: '/variable', shown: '/variable' },
    origin: { file: 'https://file.test', variable: 'https://variable.test', shown: 'https://variable.test' },
    siteMode: { file: 'file', variable: 'variable', shown: 'variable' },
    namespace: { file: 'file', variable: 'variable', shown: 'variable' },
    redis: {
      file: 'redis://file.test',
      variable: 'redis://variable.test',
      shown: 'redis://variable.test',
      fileShown: 'redis://file.test',
    },
    secret: { file: { file: '/file' }, variable: '/variable', shown: 'file /variable', fileShown: 'file /file' },
    signing: { file: 'empty', variable: 'body', shown: 'body' },
    workers: { file: 3, variable: '5', shown: '5', fileShown: '3' },
    probe: {
      file: [{ url: 'http://file.test/a' }],
      variable: 'http://variable.test/b',
      shown: 'http://variable.test/b',
      fileShown: 'http://file.test/a',
    },
    prometheus: {
      file: 'http://file.test',
      variable: 'http://variable.test',
      shown: 'http://variable.test',
      fileShown: 'http://file.test',
    },
    metrics: {
      file: 'http://file.test',
      variable: 'http://variable.test',
      shown: 'http://variable.test',
      fileShown: 'http://file.test',
    },
  };

  test('every setting that a variable can set is in this table', () => {
    const keys = environmentSettings.filter(({ variable }) => variable !== null).map(({ key }) => key);
    expect(Object.keys(values).sort()).toEqual([...keys].sort());
  });

  test.each(Object.entries(values))(
    '%s: variable > file > default',
    async (key, { file, variable, shown, fileShown }) => {
      const name = environmentSettings.find((each) => each.key === key)?.variable ?? '';
      const path = await state.world.config('c.yaml', one({}));
      const named = { RLCTL_CONFIG: path };
      expect((await settings(named)).get(key)).toMatchObject({ value: null, source: 'default' });
      await state.world.config('c.yaml', one({ [key]: file }));
      expect((await settings(named)).get(key)).toMatchObject({ value: fileShown ?? file, source: path });
      expect((await settings({ ...named, [name]: variable })).get(key)).toMatchObject({ value: shown, source: name });
      expect((await settings({ ...named, [name]: '' })).get(key)).toMatchObject({ source: path });
    },
  );

  test('flags beat variables', async () => {
    const secret = await state.world.write('secret', 'flag-secret');
    const env = {
      RLCTL_API: 'http://127.0.0.1:1',
      RLCTL_SIGNING: 'empty',
      RLCTL_SECRET_FILE: '/nowhere',
      RLCTL_BASE_PATH: '/internal',
      RLCTL_WORKERS: 'nonsense',
    };
    const flags = [
      '--target',
      'http://127.0.0.1:2',
      '--signing',
      'timestamped',
      '--secret-file',
      secret,
      '--workers',
      '2',
    ];
    const ran = await run(['reload', '--print-request', '--json', ...flags], { env });
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({
      profile: 'timestamped',
      request: { url: 'http://127.0.0.1:2/internal/config/reload' },
    });
    const without = await run(['reload', '--print-request', '--json'], { env });
    expect(errorOf(without)).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('RLCTL_WORKERS') as string,
    });
  });

  test.each([
    ['RLCTL_OUTPUT', 'json', (out: string) => out.startsWith('{')],
    ['RLCTL_COLOR', 'always', (out: string) => out.includes('\u001b[')],
  ])('%s sets what its flag sets', async (variable, value, isSo) => {
    const ran = await run(['help', 'output'], { env: { [variable]: value } });
    expect(isSo(ran.out)).toBe(true);
  });

  test('--output beats RLCTL_OUTPUT, and a wrong RLCTL_OUTPUT is named', async () => {
    const ran = await run(['help', 'keys', '-o', 'table'], { env: { RLCTL_OUTPUT: 'json' } });
    expect(ran.out).toContain('Keys in Redis');
    const wrong = await run(['help', 'keys'], { env: { RLCTL_OUTPUT: 'xml' } });
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toContain('RLCTL_OUTPUT: "xml"');
  });

  test('-e beats RLCTL_ENV, which beats env use, which beats current:', async () => {
    const environments = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, { namespace: name }]));
    const env = { RLCTL_CONFIG: await state.world.config('c.yaml', { current: 'a', environments }) };
    const shown = async (args: readonly string[], more = {}): Promise<unknown> =>
      jsonOf((await run([...args, 'env', 'show', '--json'], { env: { ...env, ...more } })).out)['environment'];
    expect(await shown([])).toBe('a');
    expect((await run(['env', 'use', 'b'], { env })).code).toBe(0);
    expect(await shown([])).toBe('b');
    expect(await shown([], { RLCTL_ENV: 'c' })).toBe('c');
    expect(await shown(['-e', 'd'], { RLCTL_ENV: 'c' })).toBe('d');
    expect(await readFile(env.RLCTL_CONFIG, 'utf8')).toContain('"current":"a"');
  });

  test('the nearest rlctl.yaml upwards is used, then the user’s own, and --config before both', async () => {
    const { world } = state;
    await world.write(join(world.configHome, 'rlctl/config.yaml'), JSON.stringify(one({ namespace: 'user' })));
    expect((await settings()).get('namespace')?.value).toBe('user');
    await world.config('rlctl.yaml', one({ namespace: 'project' }));
    await world.write('deep/er/.keep', '');
    const below = await run(['env', 'show', '--json'], { cwd: join(world.cwd, 'deep/er') });
    expect(jsonOf(below.out)).toMatchObject({ config: join(world.cwd, 'rlctl.yaml'), isTrusted: false });
    const named = await world.config('named.yaml', one({ namespace: 'named' }));
    const flag = await run(['--config', 'named.yaml', 'env', 'show', '--json']);
    expect(jsonOf(flag.out)).toMatchObject({ config: named, isTrusted: true });
  });
});

describe('the limiter’s own variables', () => {
  const pairs = [
    ['RATE_LIMIT_NAMESPACE', 'namespace', 'app', 'zzz-elsewhere'],
    ['RATE_LIMIT_REDIS_URL', 'redis', 'redis://a.test', 'redis://b.test'],
  ] as const;

  test.each(pairs)('%s fills a gap', async (variable, key, value) => {
    const path = await state.world.config('c.yaml', one({}));
    expect((await settings({ RLCTL_CONFIG: path, [variable]: value })).get(key)).toMatchObject({ source: variable });
  });

  test.each(pairs)(
    '%s that says the same as the file is fine; one that contradicts is an error',
    async (variable, key, value, other) => {
      const path = await state.world.config('c.yaml', one({ [key]: value }));
      expect((await settings({ RLCTL_CONFIG: path, [variable]: value })).get(key)).toMatchObject({ source: path });
      const ran = await run(['env', 'show', '--json'], { env: { RLCTL_CONFIG: path, [variable]: other } });
      expect(ran.code).toBe(2);
      expect(errorOf(ran)).toMatchObject({
        code: 'ENVIRONMENT_CONTRADICTION',
        message: expect.stringContaining(variable) as string,
      });
      expect(ran.err).not.toContain(other);
    },
  );

  test.each(pairs)('%s loses against a variable of rlctl', async (variable, key, value, other) => {
    const own = environmentSettings.find((each) => each.key === key)?.variable ?? '';
    const path = await state.world.config('c.yaml', one({}));
    expect((await settings({ RLCTL_CONFIG: path, [variable]: value, [own]: other })).get(key)).toMatchObject({
      source: own,
    });
  });

  test('CONFIG_RELOAD_SECRET fills a gap, and contradicts a secret of the environment that differs', async () => {
    const { world } = state;
    const args = ['reload', '--print-request', '--json'];
    const api = 'http://127.0.0.1:1';
    const gap = await world.config('gap.yaml', one({ api }));
    expect(await run(args, { env: { RLCTL_CONFIG: gap, CONFIG_RELOAD_SECRET: 'one-secret' } })).toMatchObject({
      code: 0,
    });
    const file = await world.write('secret', 'one-secret\n');
    const full = await world.config('full.yaml', one({ api, secret: { file } }));
    expect(await run(args, { env: { RLCTL_CONFIG: full, CONFIG_RELOAD_SECRET: 'one-secret' } })).toMatchObject({
      code: 0,
    });
    const ran = await run(args, { env: { RLCTL_CONFIG: full, CONFIG_RELOAD_SECRET: 'another' } });
    expect(errorOf(ran)).toMatchObject({ code: 'ENVIRONMENT_CONTRADICTION', exitCode: 2 });
  });
});

describe('faults of the configuration name the file and the place', () => {
  test.each([
    ['syntax', 'environments: {a: [', /c\.yaml: .*line 1/i],
    ['a tab', 'environments:\n\ta: {}\n', /c\.yaml: .*line 2/i],
    ['a key twice', 'environments:\n  a: {}\n  a: {}\n', /c\.yaml: .*(unique|line 3)/i],
    [
      'an unknown key',
      'environments: {prod: {apii: "http://a.test"}}',
      /c\.yaml[\s\S]*environments\.prod: unknown key "apii"/,
    ],
    [
      'a slip of the keyboard',
      'environments: {prod: {sekret: {env: A}}}',
      /environments\.prod: unknown key "sekret" \(did you mean "secret"\?\)/,
    ],
    ['an unknown key at the top', 'envs: {}', /c\.yaml[\s\S]*unknown key "envs"/],
    ['a wrong type', 'environments: {prod: {workers: many}}', /environments\.prod\.workers: must be/],
    ['a list', '- a\n- b\n', /c\.yaml/],
    ['a wrong secret', 'environments: {prod: {secret: {text: hunter2}}}', /environments\.prod\.secret/],
    [
      'an address with a path',
      'environments: {prod: {api: "https://a.test/internal"}}',
      /c\.yaml: environments\.prod\.api: .*path/,
    ],
    [
      'an address with a password',
      'environments: {prod: {api: "https://u:hunter2@a.test"}}',
      /c\.yaml: environments\.prod\.api: .*password/,
    ],
    [
      'an address that is none',
      'environments: {prod: {api: "nowhere"}}',
      /c\.yaml: environments\.prod\.api: "nowhere"/,
    ],
    ['a base path', 'environments: {prod: {basePath: internal/}}', /c\.yaml: base path "internal\/"/],
    [
      'an unset variable',
      'environments: {prod: {redis: "${NOT_SET_ANYWHERE}"}}',
      /environments\.prod\.redis .*NOT_SET_ANYWHERE/,
    ],
  ])('%s', async (_, text, message) => {
    const path = await state.world.write('c.yaml', text);
    const ran = await run(['--config', path, 'env', 'show']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(message);
    expect(ran.err).toMatch(/hint: {2}\S/);
    expect(ran.err).not.toContain('hunter2');
  });

  test('a file that is not there', async () => {
    const ran = await run(['--config', '/nowhere/rlctl.yaml', 'env', 'list', '--json']);
    expect(errorOf(ran)).toMatchObject({ code: 'CONFIG_MISSING', exitCode: 2 });
  });

  test('an environment that is not there lists those that are', async () => {
    const path = await state.world.config('c.yaml', { environments: { prod: {}, preview: {} } });
    for (const args of [
      ['-e', 'prd', 'override', 'list'],
      ['env', 'use', 'prd'],
      ['env', 'show', 'prd'],
    ]) {
      const ran = await run(['--config', path, ...args, '--json']);
      expect(errorOf(ran)).toMatchObject({ code: 'UNKNOWN_ENVIRONMENT', exitCode: 2 });
      expect(errorOf(ran).message).toContain('prod, preview');
    }
    const none = await run(['--config', path, 'override', 'list', '--json']);
    expect(errorOf(none)).toMatchObject({
      code: 'NO_ENVIRONMENT',
      message: expect.stringContaining('prod, preview') as string,
    });
  });

  test.each(['__proto__', 'constructor', 'toString'])('an environment called %s is not there', async (name) => {
    const path = await state.world.config('c.yaml', one({}));
    const ran = await run(['--config', path, '-e', name, 'env', 'show', '--json']);
    expect(errorOf(ran).code).toBe('UNKNOWN_ENVIRONMENT');
  });

  test('no Redis, no namespace, no API: each is named before anything happens', async () => {
    const code = async (environment: JsonObject, ...args: string[]): Promise<string> => {
      const path = await state.world.config('c.yaml', one(environment));
      const ran = await run(['--config', path, ...args, '--json']);
      expect(ran.code).toBe(2);
      return errorOf(ran).code;
    };
    expect(await code({ namespace: 'a' }, 'override', 'list')).toBe('NO_REDIS');
    expect(await code({ redis: 'redis://127.0.0.1:1' }, 'override', 'list')).toBe('NO_NAMESPACE');
    const both = { namespace: 'a', redis: 'redis://127.0.0.1:1' };
    expect(await code(both, 'override', 'set', '/a', '--rate', '1')).toBe('NO_API');
    expect(await code(both, 'reload')).toBe('NO_API');
    expect(await code({ ...both, api: 'http://127.0.0.1:1' }, 'reload')).toBe('NO_SECRET');
    expect(await code({ ...both, redis: 'http://127.0.0.1:1' }, 'override', 'list')).toBe('REDIS_URL');
  });
});

describe('--timeout', () => {
  test.each([
    [['--timeout', '1999ms'], {}, /--timeout: 1999ms is too short/],
    [['--timeout', '1s'], {}, /2s/],
    [[], { RLCTL_TIMEOUT: '500ms' }, /RLCTL_TIMEOUT: 500ms/],
    [['--timeout', 'soon'], {}, /--timeout: "soon"/],
    [['--timeout', '-5s'], {}, /--timeout/],
  ])('%j %j is refused', async (args, env, message) => {
    const ran = await run([...args, 'override', 'list'], { env });
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(message);
  });

  test('a flag beats a variable that is wrong', async () => {
    expect(await run(['--timeout', '2s', 'env', 'list'], { env: { RLCTL_TIMEOUT: '1s' } })).toMatchObject({ code: 0 });
  });
});

describe('trust in a project’s file', () => {
  const marker = () => join(state.world.root, 'ran');
  const hostile = (): JsonObject =>
    one({
      api: 'http://127.0.0.1:1',
      namespace: 'a',
      secret: { command: ['sh', '-c', `touch '${marker()}'; echo secret-of-command`] },
    });
  const printing = ['reload', '--print-request', '--json'];
  const untrusted = { code: 'CONFIG_UNTRUSTED', exitCode: 6 };

  test('before it is given, a command is not run', async () => {
    await state.world.config('rlctl.yaml', hostile());
    const ran = await run(printing);
    expect(errorOf(ran)).toMatchObject({ ...untrusted, hint: expect.stringContaining('rlctl env trust') as string });
    await expect(stat(marker())).rejects.toThrow('ENOENT');
  });

  test('after it is given, it is; and after an edit it is not again', async () => {
    const { world } = state;
    const path = await world.config('rlctl.yaml', hostile());
    expect(await run(['env', 'trust'])).toMatchObject({ code: 0 });
    expect(await run(printing)).toMatchObject({ code: 0, err: '' });
    expect((await stat(marker())).isFile()).toBe(true);
    expect((await run(['env', 'trust'])).out).toContain('trusted already');
    const named = await run(['env', 'trust', '--config', path]);
    expect(named.out).toMatch(/rlctl\.yaml needs no trust: .*--config/);
    expect(named.out).not.toContain('already');
    await world.write(path, `${JSON.stringify(hostile())}\n# one more line\n`);
    const changed = errorOf(await run(printing));
    expect(changed).toMatchObject(untrusted);
    expect(changed.message).toContain('changed since you trusted it');
    expect(changed.message).not.toContain('not trusted yet');
    expect((await run(['env', 'show'])).out).toContain('changed since you trusted it');
    await world.config('rlctl.yaml', hostile());
    expect(await run(printing)).toMatchObject({ code: 0 });
  });

  test('env trust names what lists instances, and runs nothing to find out', async () => {
    const { world } = state;
    await world.write('fleet.txt', 'https://one.example.com # first\nhttps://two.example.com\n');
    const names = Array.from({ length: 25 }, (_, index) => `https://i${index}.example.com`);
    await world.write('many.txt', names.join('\n'));
    const touched = `${world.cwd}/was-run`;
    await world.config('rlctl.yaml', {
      environments: {
        file: { fleet: { file: 'fleet.txt' } },
        many: { fleet: { file: 'many.txt' } },
        none: { fleet: { file: 'absent.txt' } },
        command: { fleet: { command: ['touch', touched] } },
        dns: { fleet: { dns: 'api.internal:8443', nameServer: '127.0.0.1:8600' } },
        job: { prometheus: 'http://127.0.0.1:9', fleet: { prometheus: 'api', plainHttp: true } },
      },
    });
    const { out } = await run(['env', 'trust', '--dry-run']);
    const lines = out.split('\n').map((line) => line.trim());
    expect(lines).toEqual(
      expect.arrayContaining([
        'file  signed requests go to https://one.example.com',
        'file  signed requests go to https://two.example.com',
        'file  signed requests go to whatever fleet.txt lists later',
        'many  signed requests go to 5 more in many.txt, and whatever it lists later',
        'none  signed requests go to whatever absent.txt lists: that cannot be told now',
        `command  runs touch ${touched}`,
        'command  signed requests go to every address that touch prints, then and later',
        'dns  signed requests go to api.internal:8443',
        'dns  signed requests go to every address that this name resolves to, then and later, as 127.0.0.1:8600 says',
        'job  signed requests go to every target of the job api in http://127.0.0.1:9, then and later',
      ]),
    );
    expect(existsSync(touched)).toBe(false);
  });

  test('env trust shows what it gives: where signatures go, what is run, what is read', async () => {
    await state.world.config('rlctl.yaml', {
      environments: {
        prod: {
          api: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
          redis: 'redis://:${PW}@127.0.0.1:3',
          secret: { command: ['pass', 'show', 'rl'] },
          shadowDriver: { exec: ['./flip', 'it'] },
          killSwitch: { exec: ['./stop', '{value}'] },
        },
        preview: { secret: { env: 'PREVIEW' }, shadowDriver: { 'env-file': '/etc/limiter.env' } },
        figures: {
          prometheus: { url: 'https://prometheus.example.com', bearer: { command: ['pass', 'show', 'prom'] } },
          metrics: {
            url: 'http://127.0.0.1:4/metrics',
            basic: { username: 'me', password: { file: '/etc/metrics-password' } },
          },
        },
        plain: { prometheus: 'http://127.0.0.1:5', metrics: { url: 'http://127.0.0.1:6', bearer: { env: 'TOKEN' } } },
      },
    });
    const dry = await run(['env', 'trust', '--dry-run']);
    expect(dry.out.split('\n').slice(1)).toEqual([
      '  prod  signed requests go to http://127.0.0.1:1',
      '  prod  signed requests go to http://127.0.0.1:2',
      '  prod  runs pass show rl',
      '  prod  runs ./flip it',
      '  prod  runs ./stop {value}',
      '  prod  reads the variable PW',
      '  preview  reads the variable PREVIEW',
      '  preview  reads and writes the file /etc/limiter.env',
      '  figures  reads metrics from https://prometheus.example.com',
      '  figures  runs pass show prom',
      '  figures  reads metrics from http://127.0.0.1:4/metrics',
      '  figures  reads the file /etc/metrics-password',
      '  plain  reads metrics from http://127.0.0.1:5',
      '  plain  reads metrics from http://127.0.0.1:6',
      '  plain  reads the variable TOKEN',
      '',
    ]);
    expect(jsonOf((await run(['env', 'show', 'preview', '--json'])).out)).toMatchObject({ isTrusted: false });
    expect(jsonOf((await run(['env', 'trust', '--json'])).out)).toMatchObject({ isTrusted: true, wasTrusted: false });
    expect(jsonOf((await run(['env', 'show', 'preview', '--json'])).out)).toMatchObject({ isTrusted: true });
  });

  test('what a change will want besides is said with it: nobody is sent back twice', async () => {
    const entry = { protected: true, namespace: 'a', redis: '${R}', secret: { env: 'S' } };
    await state.world.config('rlctl.yaml', one(entry));
    const set = ['override', 'set', '/a', '--rate', '1', '--json'];
    expect(errorOf(await run(set))).toMatchObject(untrusted);
    expect(errorOf(await run(set)).hint).toContain('also want --reason TEXT');
    expect(errorOf(await run([...set, '--reason', 'r'])).hint).not.toContain('--reason');
    // Not at the variable, but at the secret.
    await state.world.config('rlctl.yaml', one({ ...entry, redis: 'redis://127.0.0.1:1', api: 'http://127.0.0.1:1' }));
    expect(errorOf(await run(set)).hint).toContain('also want --reason TEXT');
  });

  test('trust in one file is none in its copy elsewhere', async () => {
    const { world } = state;
    await world.config('rlctl.yaml', hostile());
    await run(['env', 'trust']);
    await world.write('sub/rlctl.yaml', JSON.stringify(hostile()));
    const ran = await run(printing, { cwd: join(world.cwd, 'sub') });
    expect(errorOf(ran)).toMatchObject(untrusted);
  });

  test('a file named by hand is trusted', async () => {
    const path = await state.world.config('rlctl.yaml', hostile());
    expect(await run(['--config', path, ...printing])).toMatchObject({ code: 0 });
  });

  test('an untrusted file gets no variable of the process into its values', async () => {
    await state.world.config('rlctl.yaml', one({ api: 'http://${STOLEN}.evil.test', namespace: 'a' }));
    for (const args of [['env', 'show', '--json'], printing]) {
      const ran = await run(args, { env: { STOLEN: 'canary' } });
      expect(errorOf(ran)).toMatchObject(untrusted);
      expect(ran.err).not.toContain('canary');
    }
  });

  test('an untrusted file gets no secret from a file or a variable that it names', async () => {
    const { world } = state;
    const file = await world.write('secret', 'a-secret');
    for (const secret of [{ file }, { env: 'MY_SECRET' }]) {
      await world.config('rlctl.yaml', one({ api: 'http://127.0.0.1:1', namespace: 'a', secret }));
      expect(errorOf(await run(printing, { env: { MY_SECRET: 'a-secret' } }))).toMatchObject(untrusted);
    }
  });

  test('nor from what the operator’s own environment holds, because the address is the file’s', async () => {
    const { world } = state;
    const file = await world.write(join(world.root, 'mine'), 'a-secret');
    await world.config('rlctl.yaml', one({ api: 'http://127.0.0.1:1', namespace: 'a' }));
    expect(errorOf(await run(printing, { env: { RLCTL_SECRET_FILE: file } }))).toMatchObject(untrusted);
    expect(errorOf(await run(printing, { env: { CONFIG_RELOAD_SECRET: 'a-secret' } }))).toMatchObject(untrusted);
  });

  test('env list and env show work without trust and say that it is missing', async () => {
    await state.world.config('rlctl.yaml', hostile());
    expect(await run(['env', 'list'])).toMatchObject({ code: 0 });
    expect((await run(['env', 'show'])).out).toContain('not trusted');
    await expect(stat(marker())).rejects.toThrow('ENOENT');
  });

  test('nothing to trust is an error', async () => {
    expect(errorOf(await run(['env', 'trust', '--json']))).toMatchObject({ code: 'CONFIG_MISSING', exitCode: 2 });
  });

  test('state is kept private, in the state folder, and a broken one is no obstacle', async () => {
    const { world } = state;
    await world.config('rlctl.yaml', hostile());
    await run(['env', 'trust']);
    const path = join(world.stateHome, 'rlctl/state.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(world.stateHome, 'rlctl'))).mode & 0o777).toBe(0o700);
    for (const broken of ['{', 'null', '[]', '{"trusted":null,"current":5,"detected":null}']) {
      await world.write(path, broken);
      expect(await run(['env', 'list'])).toMatchObject({ code: 0, err: '' });
      expect(errorOf(await run(printing))).toMatchObject(untrusted);
    }
  });
});

describe('env add', () => {
  test('adds to the user’s file, which is private, and what it adds can be used', async () => {
    const { world } = state;
    const args = [
      'env',
      'add',
      'prod',
      '--protected',
      '--api',
      'https://api.test',
      '--namespace',
      'app',
      '--workers',
      '4',
    ];
    const ran = await run([
      ...args,
      '--redis',
      '${PROD_REDIS}',
      '--secret-env',
      'PROD_SECRET',
      '--site-mode',
      'prod',
      '--base-path',
      '/internal',
    ]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    const path = join(world.configHome, 'rlctl/config.yaml');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(parseYaml(await readFile(path, 'utf8'))).toEqual({
      environments: {
        prod: {
          protected: true,
          api: 'https://api.test',
          basePath: '/internal',
          siteMode: 'prod',
          namespace: 'app',
          redis: '${PROD_REDIS}',
          workers: 4,
          secret: { env: 'PROD_SECRET' },
        },
      },
    });
    const show = await settings({ PROD_REDIS: 'redis://x.test' });
    expect(show.get('protected')).toMatchObject({ value: 'true' });
  });

  test('keeps comments and everything else', async () => {
    const path = await state.world.write('c.yaml', '# mine\nenvironments:\n  # first\n  a:\n    namespace: "x"\n');
    expect(await run(['--config', path, 'env', 'add', 'b', '--api', 'https://b.test'])).toMatchObject({ code: 0 });
    const text = await readFile(path, 'utf8');
    expect(text).toContain('# mine\nenvironments:\n  # first\n  a:\n    namespace: "x"\n');
    expect(parseYaml(text)).toMatchObject({ environments: { b: { api: 'https://b.test' } } });
  });

  test.each([
    [['a b', '--api', 'https://a.test'], 'USAGE'],
    [['__proto__', '--api', 'https://a.test'], 'USAGE'],
    [['x', '--api', 'ftp://a.test'], 'API_ADDRESS'],
    [['x', '--api', 'https://a.test', '--redis', 'redis://u:hunter2@r.test'], 'SECRET_IN_ARGV'],
    [['x', '--api', 'https://a.test', '--redis', 'redis://:hunter2@r.test'], 'SECRET_IN_ARGV'],
    [['x', '--api', 'https://a.test', '--redis', 'redis://:hunter/2@r.test'], 'SECRET_IN_ARGV'],
    [['x', '--api', 'https://a.test', '--workers', 'many'], 'CONFIG_INVALID'],
    [['x'], 'USAGE'],
  ])('%j is refused and writes nothing', async (args, code) => {
    const ran = await run(['env', 'add', ...args, '--json']);
    expect(errorOf(ran)).toMatchObject({ code, exitCode: 2 });
    expect(ran.err).not.toContain('hunter');
    expect([...(await state.world.files()).keys()]).toEqual([]);
  });

  test('an environment that is there is not overwritten', async () => {
    const path = await state.world.config('c.yaml', one({ namespace: 'a' }));
    const ran = await run(['--config', path, 'env', 'add', 'here', '--api', 'https://a.test', '--json']);
    expect(errorOf(ran)).toMatchObject({ code: 'ENVIRONMENT_EXISTS', exitCode: 2 });
    expect(await readFile(path, 'utf8')).not.toContain('a.test');
  });

  test('a trusted project’s file does not become untrusted in silence', async () => {
    await state.world.config('rlctl.yaml', one({ namespace: 'a' }));
    await run(['env', 'trust']);
    const ran = await run(['env', 'add', 'b', '--api', 'https://b.test']);
    expect(ran.out).toContain('rlctl env trust');
  });
});

test('env list marks the current one, says what is protected, and one that cannot be resolved does not hide the others', async () => {
  const path = await state.world.config('c.yaml', {
    current: 'prod',
    environments: {
      prod: { protected: true, api: ['https://a.test', 'https://b.test'] },
      broken: { redis: '${NOT_SET_ANYWHERE}' },
    },
  });
  const ran = await run(['--config', path, 'env', 'list']);
  expect(ran.code).toBe(0);
  expect(ran.out).toMatch(/^\* +prod +protected +https:\/\/a\.test, https:\/\/b\.test +/m);
  expect(ran.out).toMatch(/^ +broken +cannot be resolved/m);
});

test('an environment that was chosen and is gone is named', async () => {
  const path = await state.world.config('c.yaml', { environments: { a: {}, b: {} } });
  await run(['--config', path, 'env', 'use', 'b']);
  await state.world.config('c.yaml', { environments: { a: {}, c: {} } });
  const ran = await run(['--config', path, 'override', 'list', '--json']);
  expect(errorOf(ran)).toMatchObject({
    code: 'UNKNOWN_ENVIRONMENT',
    message: expect.stringContaining('rlctl env use') as string,
  });
});

describe('the hint names what to mend', () => {
  const hintOf = async (args: readonly string[], env: MainOptions['env'] = {}): Promise<string> =>
    errorOf(await state.world.main([...args, '--json'], { env })).hint ?? '';

  test.each([
    ['foo', 'Give RLCTL_API as https://api.example.com.'],
    ['ftp://a.test', 'Give RLCTL_API as https://api.example.com.'],
    ['http://u:p@a.test', 'Take them out of RLCTL_API.'],
    ['http://a.test/x', 'Give RLCTL_API as http://a.test, and the path of the internal endpoints as basePath'],
  ])('RLCTL_API=%s: the variable, not the file', async (api, expected) => {
    expect(await hintOf(['override', 'list'], { RLCTL_API: api })).toContain(expected);
  });

  test('the flag and the place in the file likewise', async () => {
    const path = await state.world.config('c.yaml', one({ api: 'foo', namespace: 'a' }));
    expect(await hintOf(['--config', path, 'override', 'list'])).toMatch(
      /^Give \S+c\.yaml: environments\.\w+\.api as /,
    );
    expect(await hintOf(['reload', '--target', 'foo'])).toContain('Give --target as');
  });

  test('where nothing is configured yet: how to begin', async () => {
    for (const env of [{}, { RLCTL_REDIS_URL: 'redis://127.0.0.1:1' }]) {
      const hint = await hintOf(['override', 'list'], env);
      expect(hint).toContain('rlctl env add NAME');
      expect(hint).toContain('rlctl sandbox up');
    }
  });

  test.each(['--timeout', '--wait'])('%s 5: what was probably meant', async (flag) => {
    expect(await hintOf(['override', 'set', '/a', '--rate', '1', flag, '5'])).toMatch(/^Did you mean 5s\? /);
    expect(await hintOf(['override', 'set', '/a', '--rate', '1', flag, 'long'])).not.toContain('Did you mean');
  });

  test.each([
    [['override', 'lst'], 'Did you mean "override list"? See: rlctl override --help'],
    [['overrides', 'lst'], 'Did you mean "override list"? See: rlctl override --help'],
    [['-e', 'prod', 'override', 'explain', '/a'], 'Did you mean "policy explain"? See: rlctl override --help'],
    [['sandbx'], 'Did you mean "sandbox"? See: rlctl --help'],
  ])('%j: near commands', async (args, expected) => {
    const ran = await state.world.main([...args, '--json']);
    expect(errorOf(ran)).toMatchObject({ exitCode: 2, hint: expected });
  });
});

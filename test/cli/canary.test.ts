import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findCanaries, sampleProcesses, spellingsOf, spellingsOfSecret, type Spelling } from '../support/canary.js';
import { exitOf, runCli, type CliEnd } from '../support/cli.js';
import { json, startHttpControlPlane, type HttpControlPlane } from '../support/http-control-plane.js';
import { freePort, startRedis, type RunningRedis } from '../support/redis-server.js';
import { openWorld, type JsonObject, type World } from '../support/world.js';

// Characters that differ in every encoding, so that no spelling is another one by accident.
const secret = 'canary/Secret+"of the tests"?~ü=1';
const password = 'canary/Password+of:the@tests?#é%41';
const wrongPassword = 'canary/Wrong+pass:word@of?#the%42';
const spellings: readonly Spelling[] = [
  ...spellingsOfSecret(secret),
  ...spellingsOf('the password', password),
  ...spellingsOf('the wrong password', wrongPassword),
];

const state = {} as { world: World; redis: RunningRedis; api: HttpControlPlane; admin: Redis };
beforeAll(async () => {
  state.world = await openWorld();
  state.redis = await startRedis({ args: ['--requirepass', password] });
  state.api = await startHttpControlPlane({ secret });
  state.admin = new Redis({ port: state.redis.port, password });
  await state.world.write(join(state.world.root, 'secret'), `${secret}\n`);
});
afterAll(async () => {
  state.admin.disconnect();
  await state.api.stop();
  await state.redis.stop();
  await state.world.remove();
});
beforeEach(async () => {
  await state.admin.flushall();
  await state.admin.set('canary:rl:overrides', '{"/api":{"rate":60,"burst":10}}');
});

const urlWith = (text: string, port = state.redis.port): string =>
  `redis://:${encodeURIComponent(text)}@127.0.0.1:${port}/0`;

/** Everything that stays behind: rlctl's files and all of Redis. */
async function leftovers(): Promise<string> {
  const files = [...(await state.world.files())].flat().join('\n');
  const keys = await state.admin.keys('*');
  const values = await Promise.all(
    keys.map(async (key) =>
      (await state.admin.type(key)) === 'stream'
        ? JSON.stringify(await state.admin.xrange(key, '-', '+'))
        : String(await state.admin.get(key)),
    ),
  );
  return [files, ...keys, ...values].join('\n');
}

const secretFile = (): string => join(state.world.root, 'secret');

/** The configuration, written by hand: it holds no secret, the variables of the process do. */
async function configure(environment: JsonObject = {}): Promise<string> {
  const here = {
    api: state.api.origin,
    redis: '${CANARY_REDIS}',
    namespace: 'canary',
    secret: { file: secretFile() },
    workers: 1,
    buckets: { read: { routes: ['/'] } },
    ...environment,
  };
  return state.world.config('c.yaml', { environments: { here } });
}

const commands: readonly (readonly string[])[] = [
  ['override', 'list'],
  ['override', 'get', '/api'],
  ['override', 'set', '/api', '--rate', '61', '--reason', 'a reason'],
  ['override', 'unset', '/api'],
  ['override', 'history'],
  ['override', 'undo'],
  ['override', 'repair'],
  ['reload'],
  ['verify'],
  ['verify', '/api/search', '--reload'],
  ['reload', '--print-request', '--signing', 'empty'],
  ['policy', 'get', '/api'],
  ['policy', 'explain', '/api'],
  ['env', 'list'],
  ['env', 'show'],
  ['env', 'use', 'here'],
];

const outputs: readonly (readonly string[])[] = [['--debug'], ['--json', '--debug']];

/** Runs every command in every output, two at a time, and returns where a canary was seen. */
async function sweep(
  config: string,
  env: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): Promise<readonly string[]> {
  const { world } = state;
  const sampler = sampleProcesses();
  const sightings: string[] = [];
  const queue = outputs.flatMap((output) => commands.map((command) => [...command, ...output, ...more]));
  const work = async (): Promise<void> => {
    for (let args = queue.shift(); args !== undefined; args = queue.shift()) {
      const end = await runCli(['--config', config, '--timeout', '2s', ...args], {
        env: { ...world.env, ...env },
        cwd: world.cwd,
      });
      sightings.push(...seen(args, end));
    }
  };
  await Promise.all([work(), work()]);
  sampler.stop();
  expect([...sampler.seen].some((line) => line.includes('rlctl.js'))).toBe(true);
  const commandLines = [...sampler.seen].filter((line) => !line.includes('redis-server')).join('\n');
  sightings.push(...findCanaries(spellings, commandLines).map((what) => `ps: ${what}`));
  sightings.push(...findCanaries(spellings, await leftovers()).map((what) => `files or Redis: ${what}`));
  return sightings;
}

function seen(args: readonly string[], { out, err }: CliEnd): readonly string[] {
  return [
    ...findCanaries(spellings, out).map((what) => `rlctl ${args.join(' ')}: stdout: ${what}`),
    ...findCanaries(spellings, err).map((what) => `rlctl ${args.join(' ')}: stderr: ${what}`),
  ];
}

// Each sweep starts 28 processes.
describe('neither secret nor signature nor password is seen', { timeout: 120_000 }, () => {
  test('where everything works', async () => {
    expect(await sweep(await configure(), { CANARY_REDIS: urlWith(password) })).toEqual([]);
    expect(state.api.arrived.some(({ method }) => method === 'POST')).toBe(true);
  });

  test('where the secret comes from a command, and libraries are asked to talk', async () => {
    const config = await configure({ secret: { command: ['cat', secretFile()] } });
    const env = { CANARY_REDIS: urlWith(password), DEBUG: '*', NODE_DEBUG: 'http,net,tls,undici,fetch,child_process' };
    expect(await sweep(config, env)).toEqual([]);
  });

  test('where a server says back whatever it was sent, in every error', async () => {
    const api = await startHttpControlPlane();
    api.behave((request, response, socket) => {
      const everything = JSON.stringify(request.headers) + request.body;
      json(request.method === 'GET' ? 200 : 403, {
        bucket: 'read',
        rate_per_min: 60,
        burst: 10,
        window_s: 60,
        shadow: false,
        detail: `invalid signature: ${everything}`,
      })(request, response, socket);
    });
    try {
      const config = await configure({ api: api.origin });
      expect(await sweep(config, { CANARY_REDIS: urlWith(password) })).toEqual([]);
    } finally {
      await api.stop();
    }
  });

  test('where Redis refuses the password', async () => {
    expect(await sweep(await configure(), { CANARY_REDIS: urlWith(wrongPassword) })).toEqual([]);
  });

  test('where a Redis says back whatever it was sent', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes: Buffer) => {
        const lines = bytes.toString('latin1').split('\r\n');
        const words = lines.filter((line) => !/^[*$]\d+$/.test(line)).map((word) => `'${word}'`);
        const reply = `-ERR unknown command, with args beginning with: ${words.join(' ')}\r\n`;
        // One reply for each command of a pipeline, or the client waits for the others until its deadline.
        socket.write(reply.repeat(lines.filter((line) => /^\*\d+$/.test(line)).length));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      expect(await sweep(await configure(), { CANARY_REDIS: urlWith(password, port) })).toEqual([]);
    } finally {
      server.close();
    }
  });

  test('where nothing is reachable', async () => {
    const config = await configure({ api: `http://127.0.0.1:${await freePort()}` });
    expect(await sweep(config, { CANARY_REDIS: urlWith(password, await freePort()) })).toEqual([]);
  });

  test('where an address is not one, with the password in it', async () => {
    const config = await configure();
    for (const url of [
      `redis://:${password}@127.0.0.1`,
      `rediz://:${encodeURIComponent(password)}@h`,
      `redis://:${encodeURIComponent(password)}@h:99999`,
      `:${password}@h`,
    ]) {
      for (const output of outputs) {
        const args = ['--config', config, 'override', 'list', ...output];
        const end = await runCli(args, { env: { ...state.world.env, CANARY_REDIS: url }, cwd: state.world.cwd });
        expect(end.code).toBe(2);
        expect(seen(args, end)).toEqual([]);
      }
    }
  });

  test('where the secret itself was pasted into a wrong place: a variable that must be a name, and a file name', async () => {
    for (const env of [{ RLCTL_SIGNING: secret }, { RLCTL_BASE_PATH: secret }]) {
      const end = await runCli(['--config', await configure(), 'reload'], {
        env: { ...state.world.env, CANARY_REDIS: urlWith(password), CONFIG_RELOAD_SECRET: secret, ...env },
        cwd: state.world.cwd,
      });
      expect(end.code).toBe(2);
      expect(findCanaries(spellingsOf('the password', password), end.out + end.err)).toEqual([]);
    }
  });
});

describe('the search finds what is there', () => {
  test('in output, in each spelling', () => {
    for (const { what, text } of spellings) expect(findCanaries(spellings, `before${text}after`)).toContain(what);
    expect(findCanaries(spellings, 'nothing of it')).toEqual([]);
  });

  test('in a file and in Redis', async () => {
    const file = await state.world.write(join(state.world.stateHome, 'rlctl/leak.json'), JSON.stringify({ secret }));
    expect(findCanaries(spellings, await leftovers())).toContain('the secret in a JSON text');
    await state.world.write(file, '');
    await state.admin.xadd('leak', '*', 'body', Buffer.from(password).toString('base64'));
    expect(findCanaries(spellings, await leftovers())).toContain('the password in base64');
  });

  test('in a command line', async () => {
    const sampler = sampleProcesses();
    const child = spawn('sh', ['-c', 'read line; true', secret], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = exitOf(child);
    while (findCanaries(spellings, [...sampler.seen].join('\n')).length === 0)
      await new Promise((resolve) => setImmediate(resolve));
    child.stdin?.end('\n');
    await ended;
    sampler.stop();
    expect(findCanaries(spellings, [...sampler.seen].join('\n'))).toContain('the secret as it is');
  });
});

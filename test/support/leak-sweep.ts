import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { leaves } from '../../src/leaves.js';
import { findCanaries, sampleProcesses, spellingsOf, spellingsOfSecret, type Spelling } from './canary.js';
import { startCli, type CliEnd } from './cli.js';
import { json, startHttpControlPlane, type Arrived, type HttpControlPlane } from './http-control-plane.js';
import { freePort, startRedis } from './redis-server.js';
import { openWorld, type JsonObject, type World } from './world.js';

// Every command of the tool, under every condition, with planted secrets that must be seen nowhere.

// Characters that differ in every encoding, so that no spelling is another one by accident.
export const planted = {
  secret: 'canary/Secret+"of the tests"?~ü=1',
  password: 'canary/Password+of:the@tests?#é%41',
  wrongPassword: 'canary/Wrong+pass:word@of?#the%42',
  metricsToken: 'canary/Metrics+token=of?the~tests',
  grafanaToken: 'canary/Grafana+token=of?the~tests',
} as const;
/** The key of a Standard Webhooks secret is Base64 itself. */
const webhookSecret = `whsec_${Buffer.from('canary/Webhook+key of the tests?~').toString('base64')}`;

export const spellings: readonly Spelling[] = [
  ...spellingsOfSecret(planted.secret),
  ...spellingsOf('the password', planted.password),
  ...spellingsOf('the wrong password', planted.wrongPassword),
  ...spellingsOf('the token of the metrics', planted.metricsToken),
  ...spellingsOf('the token of Grafana', planted.grafanaToken),
  ...spellingsOf('the webhook’s secret', webhookSecret),
];

/** Preloaded, it makes a socket throw what it was given to write, at the write of number CRASH_AT. */
export const crashFile = join(import.meta.dirname, 'crash.cjs');

/** The words after each command, by its path; `null`: it never meets the secrets of an environment, and why. */
const lines: Readonly<Record<string, readonly string[] | null>> = {
  reload: ['--print-request', '--signing', 'empty'],
  verify: ['/api/search', '--reload'],
  status: [],
  doctor: ['--reload', '--bundle', 'bundle.json', '--force'],
  'override list': [],
  'override get': ['/api'],
  'override set': ['/api', '--rate', '61', '--reason', 'a reason'],
  'override unset': ['/api'],
  'override edit': ['/api'],
  'override dump': [],
  'override diff': ['-f', 'overrides.json'],
  'override plan': ['-f', 'overrides.json'],
  'override apply': ['-f', 'overrides.json'],
  'override sync': ['-f', 'overrides.json', '--owner', 'team', '--prune'],
  'override schema': [],
  'override history': [],
  'override undo': [],
  'override expire': [],
  'override repair': [],
  'override lint': [],
  'policy get': ['/api'],
  'policy explain': ['/api'],
  'policy test': ['-f', 'tests.json'],
  'policy compare': ['live', 'overrides.json'],
  'shadow list': [],
  'shadow on': ['read'],
  'shadow off': ['read'],
  'decisions show': [],
  'decisions watch': [],
  'fleet status': [],
  'audit log': [],
  'audit verify': [],
  'audit export': [],
  'env list': [],
  'env use': ['here'],
  'env show': [],
  'env add': ['another', '--api', 'http://127.0.0.1:9', '--dry-run'],
  'env trust': ['--dry-run'],
  'env diff': ['here', 'there'],
  'env promote': ['here', 'there'],
  'idem clear': ['POST:/api'],
  'idem show': ['POST:/api'],
  'lock clear': ['42', 'checkout'],
  'lock show': ['42', 'checkout'],
  'runbook lint': ['runtime-change'],
  'runbook list': [],
  'runbook log': [],
  'runbook resume': [],
  'runbook run': ['raise-limit', '-i', 'route=/api', '-i', 'burst=40'],
  'runbook schema': [],
  'runbook show': ['raise-limit', '--markdown'],
  'panic bucket': ['read'],
  'panic global': [],
  'panic list': [],
  'panic restore': [],
  'panic route': ['/api'],
  'notify schema': [],
  'notify test': [],
  'incident end': ['--keep'],
  'incident list': [],
  'incident note': ['a note'],
  'incident show': ['--markdown', 'story.md', '--html', 'story.html', '--force'],
  'incident start': ['a title'],
  'incident status': [],
  'rollout abort': [],
  'rollout pause': [],
  'rollout promote': [],
  'rollout resume': [],
  'rollout schema': [],
  'rollout start': ['--detach'],
  'rollout status': [],
  'rollout undo': [],
  'sandbox up': null,
  'sandbox demo': null,
  completion: ['bash'],
  help: null,
};

const isCommand = (path: string): boolean => lines[path] !== null;
export const sweptCommands: readonly string[] = leaves.map(({ path }) => path).filter(isCommand);

export const conditions = [
  'everything works',
  'libraries are asked to talk',
  'the API says back what it was sent',
  'Redis refuses the password',
  'Redis says back what it was sent',
  'nothing is reachable',
  'a library throws what it sends',
] as const;
export type Condition = (typeof conditions)[number];

const outputs: readonly (readonly string[])[] = [['--debug'], ['--json', '--debug']];
/** Some go on for ever: an interrupt ends them, and what they say then is looked at as well. */
const patienceMs = 4000;

export interface LeakSweep {
  readonly world: World;
  readonly admin: Redis;
  readonly arrived: readonly Arrived[];
  configure(environment?: JsonObject): Promise<string>;
  urlWith(password: string): string;
  /** Runs one command, in each output; where a planted secret was seen, and how many processes were looked at. */
  run(command: string, condition: Condition): Promise<{ readonly seen: readonly string[]; readonly processes: number }>;
  /** Everything that stays behind: rlctl's files, those of the project that it writes, and all of Redis. */
  leftovers(): Promise<string>;
  stop(): Promise<void>;
}

export function seenIn(args: readonly string[], { out, err }: CliEnd): readonly string[] {
  return [
    ...findCanaries(spellings, out).map((what) => `rlctl ${args.join(' ')}: stdout: ${what}`),
    ...findCanaries(spellings, err).map((what) => `rlctl ${args.join(' ')}: stderr: ${what}`),
  ];
}

export async function openLeakSweep(): Promise<LeakSweep> {
  const world = await openWorld();
  const redis = await startRedis({ args: ['--requirepass', planted.password] });
  const api = await startHttpControlPlane({ secret: planted.secret });
  const echo = await startEcho();
  const admin = new Redis({ port: redis.port, password: planted.password });
  const secretFile = await world.write(join(world.root, 'secret'), `${planted.secret}\n`);
  await world.write('overrides.json', '{"/api":{"rate":70}}');
  await world.write('tests.json', JSON.stringify({ tests: [{ route: '/api', expect: { rate: 60 } }] }));
  const nowhere = await freePort();
  const urlWith = (text: string, port = redis.port): string =>
    `redis://:${encodeURIComponent(text)}@127.0.0.1:${port}/0`;

  const configure = (environment: JsonObject = {}): Promise<string> => {
    const here = {
      api: api.origin,
      redis: '${CANARY_REDIS}',
      namespace: 'canary',
      secret: { file: secretFile },
      workers: 1,
      buckets: { read: { routes: ['/'] } },
      prometheus: { url: api.origin, bearer: { env: 'CANARY_METRICS' } },
      notify: [
        { webhook: `${api.origin}/hook`, secret: { env: 'CANARY_WEBHOOK' } },
        { grafana: api.origin, token: { env: 'CANARY_GRAFANA' } },
      ],
      ...environment,
    };
    return world.config('c.yaml', { environments: { here, there: { ...here, namespace: 'other' } } });
  };
  const conditionOf = (condition: Condition): Promise<Setting> => {
    const settings: Record<Condition, Setting> = {
      'everything works': {},
      'libraries are asked to talk': {
        environment: { secret: { command: ['cat', secretFile] } },
        env: { DEBUG: '*', NODE_DEBUG: 'http,net,tls,undici,fetch,child_process' },
      },
      'the API says back what it was sent': {
        environment: { api: echo.origin, prometheus: { url: echo.origin, bearer: { env: 'CANARY_METRICS' } } },
      },
      'Redis refuses the password': { redis: urlWith(planted.wrongPassword) },
      'Redis says back what it was sent': { redis: urlWith(planted.password, echo.redisPort) },
      'nothing is reachable': {
        environment: { api: `http://127.0.0.1:${nowhere}` },
        redis: urlWith(planted.password, nowhere),
      },
      'a library throws what it sends': { env: { NODE_OPTIONS: `--require=${crashFile}` } },
    };
    return Promise.resolve(settings[condition]);
  };

  const leftovers = async (): Promise<string> => {
    const written = ['bundle.json', 'story.md', 'story.html'].map((name) => join(world.cwd, name));
    const project = await Promise.all(written.map((path) => readFile(path, 'utf8').catch(() => '')));
    const files = [...project, ...[...(await world.files())].flat()].join('\n');
    const keys = await admin.keys('*');
    const values = await Promise.all(
      keys.map(async (key) =>
        (await admin.type(key)) === 'stream'
          ? JSON.stringify(await admin.xrange(key, '-', '+'))
          : String(
              (await admin.type(key)) === 'hash' ? JSON.stringify(await admin.hgetall(key)) : await admin.get(key),
            ),
      ),
    );
    return [files, ...keys, ...values].join('\n');
  };

  return {
    world,
    admin,
    arrived: api.arrived,
    configure,
    urlWith,
    leftovers,
    run: async (command, condition) => {
      const words = lines[command];
      if (words === undefined || words === null) throw new Error(`no command line is known for "rlctl ${command}"`);
      await admin.flushall();
      await admin.set('canary:rl:overrides', '{"/api":{"rate":60,"burst":10}}');
      const { environment, env, redis: url } = await conditionOf(condition);
      const config = await configure(environment);
      const sampler = sampleProcesses();
      const seen: string[] = [];
      for (const output of outputs) {
        const args = [
          '--config',
          config,
          '-e',
          'here',
          '--timeout',
          '2s',
          '--no-input',
          ...command.split(' '),
          ...words,
          ...output,
        ];
        const run = startCli(args, {
          env: {
            ...world.env,
            EDITOR: 'true',
            CANARY_REDIS: url ?? urlWith(planted.password),
            CANARY_METRICS: planted.metricsToken,
            CANARY_GRAFANA: planted.grafanaToken,
            CANARY_WEBHOOK: webhookSecret,
            ...env,
          },
          cwd: world.cwd,
        });
        const patience = setTimeout(() => run.child.kill('SIGINT'), patienceMs);
        seen.push(...seenIn(args, await run.ended));
        clearTimeout(patience);
      }
      sampler.stop();
      const commandLines = [...sampler.seen].filter((line) => !line.includes('redis-server'));
      if (!commandLines.some((line) => line.includes('rlctl.js'))) throw new Error('no process was sampled');
      seen.push(...findCanaries(spellings, commandLines.join('\n')).map((what) => `ps: ${what}`));
      seen.push(...findCanaries(spellings, await leftovers()).map((what) => `files or Redis: ${what}`));
      return { seen: seen.map((each) => `${condition}: ${command}: ${each}`), processes: outputs.length };
    },
    stop: async () => {
      admin.disconnect();
      await echo.stop();
      await api.stop();
      await redis.stop();
      await world.remove();
    },
  };
}

interface Setting {
  readonly environment?: JsonObject;
  readonly env?: Readonly<Record<string, string>>;
  readonly redis?: string;
}

/** A server of HTTP and one of Redis that say back whatever they are sent, in every error. */
async function startEcho(): Promise<{ origin: string; redisPort: number; stop: () => Promise<void> }> {
  const api: HttpControlPlane = await startHttpControlPlane();
  api.behave((request, response, socket) => {
    const everything = JSON.stringify(request.headers) + request.body;
    json(request.method === 'GET' ? 200 : 403, {
      bucket: 'read',
      rate_per_min: 60,
      burst: 10,
      window_s: 60,
      shadow: false,
      detail: `invalid signature: ${everything}`,
      error: everything,
    })(request, response, socket);
  });
  const redis = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      const all = bytes.toString('latin1').split('\r\n');
      const words = all.filter((line) => !/^[*$]\d+$/.test(line)).map((word) => `'${word}'`);
      const reply = `-ERR unknown command, with args beginning with: ${words.join(' ')}\r\n`;
      // One reply for each command of a pipeline, or the client waits for the others until its deadline.
      socket.write(reply.repeat(all.filter((line) => /^\*\d+$/.test(line)).length));
    });
  });
  await new Promise<void>((resolve) => redis.listen(0, '127.0.0.1', resolve));
  return {
    origin: api.origin,
    redisPort: (redis.address() as AddressInfo).port,
    stop: async () => {
      redis.close();
      await api.stop();
    },
  };
}

// Redirects of every kind, wherever rlctl asks over HTTP: is a second origin, or a second address, ever asked?
import { goodPolicy, goodReload } from '../../support/http-control-plane.js';
import { startRedis } from '../../support/redis-server.js';
import { runCli } from '../../support/cli.js';
import { openWorld, type JsonObject, type World } from '../../support/world.js';
import { elsewhere, openServers, type Redirect, type RedirectServers } from '../redirects/ground.js';
import type { Trial, UnitOutcome } from '../trial.js';

const namespace = 'redirects';
const secret = 'a-secret-of-the-trial';
const token = 'glsa_not-a-real-token-000';
const key = `${namespace}:rl:overrides`;

/** Where rlctl asks, and what its answer must end in. */
interface Surface {
  readonly name: string;
  readonly args: readonly string[];
  /** What the environment has beside API and Redis. */
  readonly more?: (first: string) => JsonObject;
  readonly isMet: Redirect['isMet'];
  /** What a good answer would hold. */
  readonly body: unknown;
  /** Exit codes that say that it was not done, or not proven. */
  readonly exits: readonly number[];
}

const isPost: Redirect['isMet'] = ({ method, path }) => method === 'POST' && path.includes('/config/reload');
const isQuestion: Redirect['isMet'] = ({ path }) => path.includes('/rate-limit/policy');
const isUnder =
  (prefix: string): Redirect['isMet'] =>
  ({ path }) =>
    path.startsWith(prefix);
const set = ['override', 'set', '/api/search', '--rate', '61', '--reason', 'r'];
const noSeries = { status: 'success', data: { resultType: 'vector', result: [] } };

const hook = (first: string): JsonObject => ({
  notify: [{ webhook: `${first}/hook`, secret: { env: 'HOOK_SECRET' } }],
});
const graph = (first: string): JsonObject => ({
  notify: [{ grafana: `${first}/graph`, token: { env: 'GRAFANA_TOKEN' } }],
});

const surfaces: readonly Surface[] = [
  { name: 'reload', args: ['reload'], isMet: isPost, body: goodReload, exits: [4, 7] },
  { name: 'reload, questions too', args: ['reload'], isMet: () => true, body: goodReload, exits: [4, 7] },
  {
    name: 'policy',
    args: ['policy', 'get', '/api/x', '--bucket', 'read'],
    isMet: isQuestion,
    body: goodPolicy,
    exits: [4, 7],
  },
  { name: 'verify', args: ['verify'], isMet: isQuestion, body: goodPolicy, exits: [3, 4, 7, 8] },
  { name: 'change: looking before', args: set, isMet: isQuestion, body: goodPolicy, exits: [4, 7] },
  { name: 'change: reload', args: set, isMet: isPost, body: goodReload, exits: [8] },
  {
    name: 'metrics',
    args: ['decisions', 'show', '--since', '1s'],
    more: (first) => ({ metrics: { url: `${first}/metrics`, bearer: { env: 'GRAFANA_TOKEN' } } }),
    isMet: isUnder('/metrics'),
    body: '',
    exits: [4, 7],
  },
  {
    name: 'Prometheus',
    args: ['decisions', 'show'],
    more: (first) => ({ prometheus: { url: `${first}/prometheus`, bearer: { env: 'GRAFANA_TOKEN' } } }),
    isMet: isUnder('/prometheus'),
    body: noSeries,
    exits: [4, 7],
  },
  { name: 'webhook', args: ['notify', 'test'], more: hook, isMet: isUnder('/hook'), body: {}, exits: [3, 4, 7, 8] },
  {
    name: 'Grafana',
    args: ['notify', 'test'],
    more: graph,
    isMet: isUnder('/graph'),
    body: { id: 1 },
    exits: [3, 4, 7, 8],
  },
  { name: 'doctor', args: ['doctor'], more: hook, isMet: () => true, body: goodPolicy, exits: [3, 4, 7] },
  { name: 'status', args: ['status'], more: graph, isMet: () => true, body: goodPolicy, exits: [3, 4, 7] },
];

const statuses = [301, 302, 303, 307, 308, 300, 305, 304];

/** The kinds of place that a redirect can name, by the ports of the first and the second server. */
const places: readonly { readonly name: string; readonly of: (first: number, second: number) => readonly string[] }[] =
  [
    { name: 'another port', of: (_, second) => [`http://127.0.0.1:${second}/${elsewhere}`] },
    { name: 'another name', of: (_, second) => [`http://localhost:${second}/${elsewhere}`] },
    { name: 'another scheme', of: (_, second) => [`https://127.0.0.1:${second}/${elsewhere}`] },
    { name: 'no scheme', of: (_, second) => [`//127.0.0.1:${second}/${elsewhere}`] },
    { name: 'backslashes', of: (_, second) => [`http:\\\\127.0.0.1:${second}\\${elsewhere}`] },
    {
      name: 'a user that looks like a host',
      of: (first, second) => [`http://127.0.0.1:${first}@127.0.0.1:${second}/${elsewhere}`],
    },
    { name: 'another path', of: () => [`/${elsewhere}`] },
    { name: 'a path beside it', of: () => [elsewhere] },
    { name: 'another path, in full', of: (first) => [`http://127.0.0.1:${first}/${elsewhere}`] },
    {
      name: 'two places',
      of: (first, second) => [`http://127.0.0.1:${second}/${elsewhere}`, `http://127.0.0.1:${first}/${elsewhere}`],
    },
    { name: 'nowhere', of: () => [] },
  ];

const total = surfaces.length * statuses.length * places.length;
/** So that the first units are of all kinds. It has no divisor in common with the number of units. */
const stride = 233;

interface Parts {
  readonly world: World;
  readonly servers: RedirectServers;
  readonly redis: string;
}

/** In a process of its own, the built tool; else the whole program in this one. */
async function run({ world, servers, redis }: Parts, surface: Surface, isProcess: boolean) {
  const first = `http://127.0.0.1:${servers.firstPort}`;
  const environment = {
    api: first,
    redis,
    namespace,
    workers: 1,
    secret: { env: 'RELOAD_SECRET' },
    ...surface.more?.(first),
  };
  const config = await world.config('redirects.yaml', { environments: { redirects: environment } });
  const env = { RELOAD_SECRET: secret, HOOK_SECRET: secret, GRAFANA_TOKEN: token };
  const args = ['--config', config, ...surface.args, '--json', '--timeout', '4s'];
  return isProcess ? runCli(args, { env: { ...world.env, ...env }, cwd: world.cwd }) : world.main(args, { env });
}

async function unit(parts: Parts, index: number): Promise<UnitOutcome> {
  const at = (index * stride) % total;
  const surface = surfaces[at % surfaces.length] as Surface;
  const status = statuses[Math.floor(at / surfaces.length) % statuses.length] ?? 301;
  const place = places[Math.floor(at / surfaces.length / statuses.length)] ?? { name: '', of: () => [] };
  const { servers } = parts;
  const locations = place.of(servers.firstPort, servers.secondPort);
  const body = typeof surface.body === 'string' ? surface.body : JSON.stringify(surface.body);
  servers.behave({ status, locations, isMet: surface.isMet, body });
  const isProcess = index % 8 === 0;
  const ran = await run(parts, surface, isProcess);
  const { given, followed, strangers } = servers;
  const said = `${ran.out}${ran.err}`;
  const what = `${surface.name}, ${status} to ${place.name}`;
  const faults = [
    ...strangers.map((bytes) => `the second origin was asked: ${bytes.slice(0, 200)}`),
    ...followed.map((each) => `the redirect was followed: ${each}`),
    ...(given === 0 ? ['the redirect was never met'] : []),
    ...(surface.exits.includes(ran.code ?? -1)
      ? []
      : [`exit ${ran.code} is none of ${surface.exits.join(', ')}: ${said.slice(0, 400)}`]),
    ...(/redirect/i.test(said) ? [] : [`what it says does not name a redirect: ${said.slice(0, 400)}`]),
    ...(said.includes(secret) || said.includes(token) ? ['a secret was printed'] : []),
  ];
  return {
    counts: {
      commands: 1,
      'in processes of their own': isProcess ? 1 : 0,
      'redirects given': given,
      'requests at a second origin': strangers.length,
      'redirects followed': followed.length,
    },
    faults: faults.map((fault) => `${what}: ${fault}`),
  };
}

export const redirects: Trial = {
  name: 'redirects',
  about: `redirects of ${statuses.length} kinds to ${places.length} kinds of places, wherever rlctl asks over HTTP: none is followed`,
  units: total,
  quick: 32,
  least: { commands: total, 'redirects given': total, 'in processes of their own': Math.floor(total / 8) },
  open: async () => {
    const [redis, world, servers] = [await startRedis(), await openWorld(), await openServers()];
    const parts = { world, servers, redis: redis.url };
    return {
      unit: async (index) => {
        await redis.cli('SET', key, '{"/api/search":{"rate":60,"burst":10}}');
        return unit(parts, index);
      },
      close: async () => {
        await servers.stop();
        await redis.stop();
        await world.remove();
        return { counts: {}, faults: [] };
      },
    };
  },
};

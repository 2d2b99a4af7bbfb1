import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fleetSecret, startFleet, type RunningFleet } from '../support/fleet.js';
import { goodPolicy, json, startHttpControlPlane, type HttpControlPlane } from '../support/http-control-plane.js';
import { startNameServer, type NameServer } from '../support/name-server.js';
import { startPrometheus } from '../support/prometheus.js';
import { errorOf, jsonOf, openWorld, type JsonObject, type Ran, type World } from '../support/world.js';

const state = {} as { world: World; fleet: RunningFleet; names: NameServer; fake: HttpControlPlane };
const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];

beforeAll(async () => {
  state.world = await openWorld();
  state.fleet = await startFleet(2, { document: {} });
  state.names = await startNameServer({ 'api.localhost': addresses, 'far.localhost': ['127.0.0.1', '192.0.2.1'] });
  state.fake = await startHttpControlPlane();
  await state.world.write('secret', fleetSecret);
});
afterAll(async () => {
  await state.fleet.stop();
  await state.names.stop();
  await state.fake.stop();
  await state.world.remove();
});

async function status(environment: JsonObject, ...args: readonly string[]): Promise<Ran> {
  const path = await state.world.config('fleet.yaml', {
    environments: { lab: { namespace: 'lab', workers: 1, ...environment } },
  });
  return state.world.main(['--config', path, 'fleet', 'status', '--json', ...args]);
}

interface Shown {
  readonly instances: readonly { readonly instance: string; readonly address: string | null; readonly state: string }[];
}

/** Servers on one port of several addresses of this machine, and the Host header that each was sent. */
async function listenEverywhere(): Promise<{ port: number; hosts: Map<string, string>; stop(): Promise<void> }> {
  const hosts = new Map<string, string>();
  const servers: Server[] = [];
  let port = 0;
  for (const address of addresses) {
    const server = createServer((request, response) => {
      hosts.set(address, request.headers.host ?? '');
      const isPolicy = request.url?.startsWith('/internal/rate-limit/policy') === true;
      response.writeHead(isPolicy ? 200 : 404, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(isPolicy ? goodPolicy : { detail: 'Not Found' }));
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve));
    ({ port } = server.address() as AddressInfo);
    servers.push(server);
  }
  const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  return { port, hosts, stop: async () => void (await Promise.all(servers.map(close))) };
}

test('a name with several addresses: each is asked at its own, under the name', async () => {
  const everywhere = await listenEverywhere();
  try {
    const dns = `http://api.localhost:${everywhere.port}`;
    const ran = await status({ fleet: { dns, nameServer: state.names.address } });
    expect(ran).toMatchObject({ code: 0, err: '' });
    const { instances } = jsonOf<Shown>(ran.out);
    expect(new Set(instances.map(({ address }) => address))).toEqual(new Set(addresses));
    expect(instances.map(({ instance }) => instance)).toContain(`${dns} (127.0.0.2)`);
    for (const address of addresses) expect(everywhere.hosts.get(address)).toBe(`api.localhost:${everywhere.port}`);
  } finally {
    await everywhere.stop();
  }
});

test('a name that leads elsewhere is not asked in plain http, whatever it is called', async () => {
  const ran = await status({ fleet: { dns: 'http://far.localhost:80', nameServer: state.names.address } });
  expect(errorOf(ran)).toMatchObject({ code: 'API_INSECURE', exitCode: 2 });
});

test('a name that the name server does not know', async () => {
  const ran = await status({ fleet: { dns: 'gone.localhost', nameServer: state.names.address } });
  expect(errorOf(ran)).toMatchObject({ code: 'FLEET_DNS', exitCode: 7 });
  expect(errorOf(ran).message).toContain(`does not resolve (asked ${state.names.address})`);
});

const targets = (active: readonly object[]): ReturnType<typeof json> =>
  json(200, { status: 'success', data: { activeTargets: active, droppedTargets: [] } });
const scraped = (scrapeUrl: string, job = 'api', more: JsonObject = {}) => ({ scrapeUrl, labels: { job, ...more } });

test('what Prometheus scrapes as a job, each address once, with the labels of the environment', async () => {
  const [first = '', second = ''] = state.fleet.origins;
  state.fake.behave(
    targets([
      scraped(`${first}/internal/metrics`, 'api', { env: 'prod' }),
      scraped(`${first}/metrics`, 'api', { env: 'prod' }),
      scraped(`${second}/internal/metrics`, 'api', { env: 'preview' }),
      scraped(`http://127.0.0.1:1/metrics`, 'node'),
    ]),
  );
  const all = await status({ prometheus: state.fake.origin }, '--targets-prometheus', 'api');
  expect(jsonOf<Shown>(all.out).instances).toMatchObject([{ instance: first }, { instance: second }]);
  const prometheus = { url: state.fake.origin, labels: { env: 'prod' } };
  const own = await status({ prometheus, fleet: { prometheus: 'api' } });
  expect(jsonOf<Shown>(own.out).instances).toMatchObject([{ instance: first, reloads: 1 }]);
  const unknown = await status({ prometheus: state.fake.origin }, '--targets-prometheus', 'apy');
  expect(errorOf(unknown)).toMatchObject({ code: 'FLEET_JOB', exitCode: 2 });
  expect(errorOf(unknown).message).toContain('it has: api, node');
});

test('a Prometheus that answers something else, hostile names, or is not configured', async () => {
  state.fake.behave(json(200, { status: 'success', data: [] }));
  const ask = (): Promise<Ran> => status({ prometheus: state.fake.origin }, '--targets-prometheus', 'api');
  expect(errorOf(await ask())).toMatchObject({ code: 'PROMETHEUS_NOT_ITS_OWN', exitCode: 4 });
  state.fake.behave(targets([scraped('file:///etc/\u001b[2Jpasswd')]));
  const hostile = await ask();
  expect(errorOf(hostile)).toMatchObject({ code: 'API_ADDRESS' });
  expect(hostile.err).not.toContain('\u001b');
  state.fake.behave(json(401, {}));
  expect(errorOf(await ask())).toMatchObject({ code: 'PROMETHEUS_UNAUTHORISED' });
  expect(errorOf(await status({}, '--targets-prometheus', 'api'))).toMatchObject({ code: 'NO_METRICS', exitCode: 2 });
});

test('a real Prometheus', async () => {
  const [first = ''] = state.fleet.origins;
  const prometheus = await startPrometheus({ jobs: [{ name: 'api', url: `${first}/internal/metrics` }] });
  try {
    const ask = (): Promise<Ran> => status({ prometheus: prometheus.url, fleet: { prometheus: 'api' } });
    let ran = await ask();
    // It is ready before it has read its list of targets.
    while (ran.code === 2 && errorOf(ran).code === 'FLEET_JOB') ran = await ask();
    expect(jsonOf<Shown>(ran.out).instances).toMatchObject([{ instance: first, state: 'inStep', reloads: 1 }]);
  } finally {
    await prometheus.stop();
  }
});

test('env show says where the instances come from; a setting that is none is refused', async () => {
  const path = await state.world.config('shown.yaml', {
    environments: { lab: { fleet: { command: ['lister', '--secret-word'], metrics: '/m' } } },
  });
  const { out } = await state.world.main(['--config', path, 'env', 'show']);
  expect(out).toContain('command lister, metrics under /m');
  for (const fleet of [{ dns: 'a b' }, { file: 'x', command: ['y'] }, { command: [] }, { metrics: 'm' }, {}])
    expect(errorOf(await status({ fleet })).exitCode).toBe(2);
});

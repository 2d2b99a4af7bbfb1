import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFaultProxy } from '../support/fault-proxy.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import {
  startBlackHole,
  startEcho,
  startGrafana,
  startRedirect,
  startWebhook,
  type TestReceiver,
} from '../support/receivers.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions, type Ran } from '../support/world.js';

const key = randomBytes(32);
const token = 'glsa_not-a-real-token-000';
const state = {} as { lab: Lab; secret: string; opened: TestReceiver[] };
beforeAll(async () => {
  state.lab = await openLab();
  state.secret = await state.lab.world.write('hook-secret', `whsec_${key.toString('base64')}\n`);
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  state.opened = [];
  await state.lab.reset();
});
afterEach(async () => {
  for (const each of state.opened) await each.stop();
});

/** Stopped after the test. */
async function opened<T extends TestReceiver>(starting: Promise<T>): Promise<T> {
  const receiver = await starting;
  state.opened.push(receiver);
  return receiver;
}

const webhook = (first?: Parameters<typeof startWebhook>[0]['first']) =>
  opened(startWebhook({ key, ...(first === undefined ? {} : { first }) }));
const grafana = (options: Partial<Parameters<typeof startGrafana>[0]> = {}) =>
  opened(startGrafana({ authorization: `Bearer ${token}`, ...options }));
const hook = (url: string, more: JsonObject = {}): JsonObject => ({
  webhook: url,
  secret: { file: state.secret },
  ...more,
});
const dashboard = (url: string, more: JsonObject = {}): JsonObject => ({
  grafana: url,
  token: { env: 'GRAFANA_TOKEN' },
  ...more,
});

/** Runs a command in the lab with these receivers. */
async function run(
  notify: readonly JsonObject[],
  args: readonly string[],
  options: MainOptions = {},
  more: JsonObject = {},
): Promise<Ran> {
  const environment = { ...state.lab.environment, ...more, notify };
  const path = await state.lab.world.config('notify.yaml', { environments: { lab: environment } });
  return state.lab.world.main(args, { ...options, env: { RLCTL_CONFIG: path, GRAFANA_TOKEN: token, ...options.env } });
}
const setArgs = ['override', 'set', '/api/search', '--rate', '5', '--reason', 'flash sale', '--ticket', 'INC-42'];

interface ChangeSaid {
  readonly changeId: string;
  readonly notifications: readonly JsonObject[];
}

describe('a change', () => {
  test('has one id in the history, in the webhook and in the annotation', async () => {
    const [hooks, graphs] = [await webhook(), await grafana()];
    const notify = [hook(`${hooks.origin}/in?key=abc`), dashboard(graphs.origin, { tags: ['limits'] })];
    const ran = await run(notify, [...setArgs, '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    const { changeId, notifications } = jsonOf<ChangeSaid>(ran.out);
    expect(notifications).toEqual([
      {
        target: 'webhook',
        isDelivered: true,
        detail: expect.stringMatching(/^answered 204 in \d+ ms$/),
        eventId: changeId,
        code: null,
        attempts: 1,
      },
      {
        target: 'grafana',
        isDelivered: true,
        detail: expect.stringMatching(/^annotation 1 in \d+ ms$/),
        eventId: changeId,
        code: null,
        attempts: 1,
      },
    ]);
    const history = jsonOf<{ entries: { kind: string; changeId: string }[] }>(
      (await run([], ['override', 'history', '--json'])).out,
    );
    expect(history.entries.filter(({ kind }) => kind === 'change').map((each) => each.changeId)).toEqual([changeId]);
    expect(hooks.posts()).toHaveLength(1);
    expect(hooks.posts()[0]).toMatchObject({ url: '/in?key=abc', headers: { 'webhook-id': changeId } });
    expect(hooks.events()).toEqual([
      {
        apiVersion: 'rlctl/v1',
        kind: 'Event',
        type: 'change.made',
        id: changeId,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        since: null,
        environment: 'lab',
        actor: 'tester@test',
        rlctl: '0.0.0-test',
        command: 'override set',
        summary: 'override set changed /api/search on lab: proven',
        routes: ['/api/search'],
        routesTotal: 1,
        changeId,
        verdict: 'proven',
        reason: 'flash sale',
        ticket: 'INC-42',
        partOf: [],
      },
    ]);
    expect(graphs.annotations()).toEqual([
      {
        time: Date.parse(String(hooks.events()[0]?.['time'])),
        tags: ['limits', 'rlctl', 'environment:lab', 'event:change.made', `change:${changeId}`],
        text: `override set changed /api/search on lab: proven\nby tester@test: flash sale [INC-42]\nchange ${changeId}`,
      },
    ]);
  });

  test('is a part of the open incident, and of none that has ended and was not put away', async () => {
    const hooks = await webhook();
    const { id } = jsonOf<{ id: string }>((await run([], ['incident', 'start', 'slow', '--json'])).out);
    await run([hook(hooks.origin)], setArgs);
    await run([], ['incident', 'end', '--keep']);
    const operations = `{${labKey}}:operations`;
    const ended = await state.lab.redis.cli('HGET', operations, `incident:${id}`);
    await state.lab.redis.cli('HSET', operations, 'incident', ended);
    await run([hook(hooks.origin)], [...setArgs, '--burst', '3']);
    expect(hooks.events().map(({ partOf }) => partOf)).toEqual([[{ kind: 'incident', id }], []]);
  });

  test.each([[[]], [['--json']]])('%j: the end of an incident is told with all that it took back', async (format) => {
    const hooks = await webhook();
    const driver = { shadowDriver: { 'env-file': state.lab.sandbox.envFile } };
    const told = (args: readonly string[]) => run([hook(hooks.origin)], args, {}, driver);
    const { id } = jsonOf<{ id: string }>((await run([], ['incident', 'start', 'slow', '--json'])).out);
    await run([], setArgs);
    await run([], ['shadow', 'on', 'financial'], {}, driver);
    expect(await told(['incident', 'end', '--restore', ...format])).toMatchObject({ code: 0, err: '' });
    const types = hooks.events().map(({ type }) => type);
    expect(new Set(types)).toEqual(new Set(['change.made', 'flags.set', 'incident.ended']));
    for (const { partOf } of hooks.events()) expect(partOf).toEqual([{ kind: 'incident', id }]);
  });

  test('and with the panics that ended with it, by flags and by overrides; --no-notify keeps it to itself', async () => {
    const hooks = await webhook();
    const driver = { shadowDriver: { 'env-file': state.lab.sandbox.envFile } };
    const told = (args: readonly string[]) => run([hook(hooks.origin)], args, {}, driver);
    const panic = async (...args: string[]): Promise<string> =>
      jsonOf<{ panicId: string }>((await run([], ['panic', ...args, '--json'], {}, driver)).out).panicId;
    const incident = jsonOf<{ id: string }>((await run([], ['incident', 'start', 'slow', '--json'])).out).id;
    const began = [await panic('bucket', 'financial'), await panic('route', '/api/search')];
    expect(await told(['incident', 'end', '--restore'])).toMatchObject({ code: 0, err: '' });
    const over = hooks.events().filter(({ type }) => type === 'panic.restored');
    const partOf = (id: string) => [
      { kind: 'incident', id: incident },
      { kind: 'panic', id },
    ];
    const restored = (id: string) => ({ command: 'incident end', verdict: 'proven', partOf: partOf(id) });
    expect(over).toHaveLength(2);
    expect(over).toEqual(expect.arrayContaining(began.map((id) => expect.objectContaining(restored(id)))));
    const before = hooks.received.length;
    await run([], ['incident', 'start', 'again']);
    expect(await told(['incident', 'end', '--keep', '--no-notify'])).toMatchObject({ code: 0, err: '' });
    expect(hooks.received).toHaveLength(before);
  });

  test('and with one that goes on standing on what it found so, which stays: that one is over too', async () => {
    const hooks = await webhook();
    const list = async (...args: string[]) =>
      jsonOf<{ panics: readonly JsonObject[] }>((await run([], ['panic', 'list', ...args, '--json'])).out).panics;
    const before = '{"/api/orders/hot":{"rate":9,"shadow":false},"/api/orders":{"rate":5,"shadow":true}}';
    await state.lab.store(before);
    const incident = jsonOf<{ id: string }>((await run([], ['incident', 'start', 'slow', '--json'])).out).id;
    const ran = await run([], ['panic', 'route', '/api/orders', '--json']);
    const { panicId: id } = jsonOf<{ panicId: string }>(ran.out);
    expect(await list()).toMatchObject([{ panicId: id, standsOn: ['/api/orders/hot', '/api/orders'] }]);
    expect((await run([], ['incident', 'status'])).out).toContain(`panic ${id} (panic route /api/orders) is open, and`);
    expect(await run([hook(hooks.origin)], ['incident', 'end', '--restore'])).toMatchObject({ code: 0, err: '' });
    expect([await state.lab.document(), await list()]).toEqual([before, []]);
    expect(await list('--all')).toMatchObject([{ panicId: id, state: 'restored' }]);
    const over = hooks.events().filter(({ type }) => type === 'panic.restored');
    const partOf = [
      { kind: 'incident', id: incident },
      { kind: 'panic', id },
    ];
    expect(over).toMatchObject([{ command: 'incident end', verdict: 'proven', partOf }]);
  });

  test('one that changed nothing, and found what stood before the incident, is not said to end and stays open', async () => {
    await state.lab.store('{"/api/orders":{"rate":5,"shadow":true}}');
    await run([], ['incident', 'start', 'slow']);
    await run([], setArgs);
    await run([], ['panic', 'route', '/api/orders']);
    expect((await run([], ['incident', 'status'])).out).not.toContain('ends with it');
    expect(await run([], ['incident', 'end', '--restore'])).toMatchObject({ code: 0, err: '' });
    expect(jsonOf((await run([], ['panic', 'list', '--json'])).out)).toMatchObject({ open: 1 });
  });

  test('says nothing more to people where everybody was told', async () => {
    const hooks = await webhook();
    const [plain, told] = [await run([], setArgs), await run([hook(hooks.origin)], [...setArgs, '--burst', '3'])];
    expect(plain).toMatchObject({ code: 0, err: '' });
    expect(told).toMatchObject({ code: 0, err: '' });
    expect(hooks.events()).toHaveLength(1);
  });

  test('that is planned, not needed or kept to itself tells nobody', async () => {
    const hooks = await webhook();
    const notify = [hook(hooks.origin)];
    expect(await run(notify, [...setArgs, '--dry-run'])).toMatchObject({ code: 0 });
    expect(await run(notify, [...setArgs, '--no-notify'])).toMatchObject({ code: 0 });
    expect(jsonOf((await run(notify, [...setArgs, '--json'])).out)).toMatchObject({ isNoop: true, notifications: [] });
    expect(hooks.received).toEqual([]);
  });

  test('that is taken back, or over by itself, is a change like any other', async () => {
    const hooks = await webhook();
    const notify = [hook(hooks.origin)];
    await run(notify, [...setArgs, '--for', '1s']);
    await run(notify, ['override', 'undo']);
    await run(notify, [...setArgs, '--for', '1s']);
    await expect
      .poll(
        async () =>
          jsonOf<{ ended: unknown[] }>((await run(notify, ['override', 'expire', '--json'])).out).ended.length,
        {
          timeout: 10_000,
          interval: 200,
        },
      )
      .toBe(1);
    expect(hooks.events().map(({ command }) => command)).toEqual([
      'override set',
      'override undo',
      'override set',
      'override expire',
    ]);
  });
});

describe('a flag', () => {
  test('that is set through an env file is told', async () => {
    const [hooks, file] = [
      await webhook(),
      await state.lab.world.write('limiter.env', 'RATE_LIMIT_SHADOW_READ=false\n'),
    ];
    const environment = { ...state.lab.environment, shadowDriver: { 'env-file': file }, notify: [hook(hooks.origin)] };
    const path = await state.lab.world.config('flags.yaml', { environments: { lab: environment } });
    const ran = await state.lab.world.main(['shadow', 'on', 'read', '--no-reload', '--json'], {
      env: { RLCTL_CONFIG: path },
    });
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ notifications: [{ isDelivered: true }] });
    expect(hooks.events()).toMatchObject([
      { type: 'flags.set', changeId: null, summary: 'shadow on set the flag of read on lab: its proof was waived' },
    ]);
  });
});

describe('a reload', () => {
  test('is told only to whoever asks for it', async () => {
    const [asking, other] = [await webhook(), await webhook()];
    const notify = [hook(asking.origin, { events: ['reload'] }), hook(other.origin)];
    const ran = await run(notify, ['reload', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ notifications: [{ target: 'webhook', isDelivered: true }] });
    expect(asking.events()).toMatchObject([
      { type: 'reload.sent', verdict: 'proven', summary: 'lab was reloaded: proven' },
    ]);
    expect(other.received).toEqual([]);
  });
});

describe('a receiver that fails', () => {
  test.each([
    ['a server error, twice', 503, 2, 'NOTIFY_SERVER_ERROR'],
    ['a refusal', 400, 1, 'NOTIFY_REFUSED'],
    ['a path that is not there', 404, 1, 'NOTIFY_GONE'],
    ['a limit', 429, 1, 'NOTIFY_RATE_LIMITED'],
  ])('with %s is reported, and the change is as good as ever', async (_, status, attempts, code) => {
    const hooks = await webhook(() => ({ status }));
    const ran = await run([hook(hooks.origin)], [...setArgs, '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({ notifications: [{ isDelivered: false, attempts, code }] });
    expect(hooks.posts()).toHaveLength(attempts);
  });

  test.each([
    ['a server error', { status: 500 }],
    ['a connection that breaks', 'reset'],
  ] as const)('once with %s is told again, under the same id and with a signature of its own', async (_, answer) => {
    const hooks = await webhook((post) => (post === 1 ? answer : undefined));
    const ran = await run([hook(hooks.origin)], [...setArgs, '--json']);
    const { changeId } = jsonOf<ChangeSaid>(ran.out);
    expect(jsonOf(ran.out)).toMatchObject({ notifications: [{ isDelivered: true, attempts: 2 }] });
    expect(hooks.posts().map(({ headers }) => headers['webhook-id'])).toEqual([changeId, changeId]);
    expect(hooks.events()).toHaveLength(1);
  });

  test('tells people who was not told of what, why, and what to do', async () => {
    const hooks = await webhook(() => ({ status: 404 }));
    const ran = await run([hook(`${hooks.origin}/T0/secret-path`, { name: 'ops' })], setArgs);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('PROVEN');
    expect(ran.err).toMatch(
      /^warning: "ops" was not told of c\w+: webhook at http:\/\/127\.0\.0\.1:\d+ answered 404\nhint: {2}Check the path of \S+notify\.yaml: environments\.lab\.notify\[0\]\.\n$/,
    );
    expect(ran.out + ran.err).not.toContain('secret-path');
  });

  test('does not keep the others from being told', async () => {
    const [down, up] = [await webhook(() => ({ status: 500 })), await webhook()];
    const ran = await run([hook(down.origin), hook(up.origin)], [...setArgs, '--json']);
    expect(jsonOf(ran.out)).toMatchObject({
      notifications: [
        { target: 'webhook', isDelivered: false },
        { target: 'webhook-2', isDelivered: true },
      ],
    });
  });

  test('by saying nothing holds a command no longer than its share', async () => {
    const hole = await opened(startBlackHole());
    const startMs = performance.now();
    const ran = await run([hook(hole.origin)], [...setArgs, '--timeout', '60s', '--json']);
    expect(performance.now() - startMs).toBeLessThan(30_000);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({
      proof: { verdict: 'proven' },
      notifications: [{ isDelivered: false, code: 'NOTIFY_TIMEOUT', attempts: 1 }],
    });
  });

  test('by saying nothing keeps no result from people', async () => {
    const hole = await opened(startBlackHole());
    const shownAt: number[] = [];
    const startMs = performance.now();
    const ran = await run([hook(hole.origin)], [...setArgs, '--timeout', '60s'], {
      onHost: (host) => {
        const write = host.stdout.write.bind(host.stdout);
        Object.assign(host.stdout, {
          write: (text: string) => {
            shownAt.push(performance.now());
            return write(text);
          },
        });
      },
    });
    const endMs = performance.now();
    expect(ran.code).toBe(0);
    expect(ran.err).toContain('connected, but no answer came in time');
    // The result stands there long before the command gives up on the receiver.
    expect(endMs - (shownAt[0] ?? 0)).toBeGreaterThan(2000);
    expect(endMs - startMs).toBeLessThan(30_000);
  });

  test.each([301, 302, 303, 307, 308])('with a redirect (%i) leads nobody to another place', async (status) => {
    const other = await webhook();
    const redirect = await opened(startRedirect(status, `${other.origin}/in`));
    const graph = await opened(startRedirect(status, `${other.origin}/api/annotations`));
    const ran = await run([hook(redirect.origin), dashboard(graph.origin)], [...setArgs, '--json']);
    expect(ran.code).toBe(0);
    expect(jsonOf(ran.out)).toMatchObject({
      notifications: [
        { isDelivered: false, code: 'NOTIFY_REDIRECT', attempts: 1 },
        { isDelivered: false, code: 'NOTIFY_REDIRECT', attempts: 1 },
      ],
    });
    expect(other.received).toEqual([]);
  });

  test('whose secret cannot be had is one that is not told', async () => {
    const hooks = await webhook();
    const open = await state.lab.world.write('open-secret', 'whsec_AAAA', 0o644);
    const ran = await run([hook(hooks.origin, { secret: { file: open } })], [...setArgs, '--json']);
    expect(ran.code).toBe(0);
    expect(jsonOf(ran.out)).toMatchObject({ notifications: [{ isDelivered: false, code: 'SECRET_FILE_UNSAFE' }] });
    expect(hooks.posts()).toEqual([]);
  });

  test('whose address lacks a variable is one that is not told', async () => {
    const ran = await run([hook('${HOOK_URL}')], [...setArgs, '--json']);
    expect(ran.code).toBe(0);
    expect(jsonOf(ran.out)).toMatchObject({
      notifications: [
        { isDelivered: false, code: 'NOTIFY_ADDRESS', detail: expect.stringContaining('HOOK_URL, which is not set') },
      ],
    });
  });
});

describe('an annotation', () => {
  test('belongs to the panel of the dashboard that is named, under the path where Grafana stands', async () => {
    const graphs = await grafana({ path: '/grafana' });
    const place = { dashboardUID: 'jcIIG-07z', panelId: 2 };
    const ran = await run([dashboard(`${graphs.origin}/grafana/`, place)], [...setArgs, '--json']);
    expect(jsonOf(ran.out)).toMatchObject({ notifications: [{ isDelivered: true }] });
    expect(graphs.annotations()).toMatchObject([place]);
  });

  test('takes a user and a password', async () => {
    const graphs = await grafana({ authorization: `Basic ${Buffer.from('bot:pw of bot').toString('base64')}` });
    const basic = { username: 'bot', password: { command: ['printf', 'pw of bot'] } };
    const ran = await run([{ grafana: graphs.origin, basic }], [...setArgs, '--json']);
    expect(jsonOf(ran.out)).toMatchObject({ notifications: [{ isDelivered: true }] });
  });

  test('that Grafana refuses is reported in its own words', async () => {
    const graphs = await grafana({ authorization: 'Bearer another' });
    const ran = await run([dashboard(graphs.origin)], setArgs);
    expect(ran.code).toBe(0);
    expect(ran.err).toContain('refused the credential (401: Invalid API key)');
    expect(ran.err).not.toContain(token);
  });

  test('is not made by a 200 of somebody else', async () => {
    const page = { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html>sign in</html>' };
    const graphs = await grafana({ first: () => page });
    const ran = await run([dashboard(graphs.origin)], [...setArgs, '--json']);
    expect(jsonOf(ran.out)).toMatchObject({ notifications: [{ isDelivered: false, code: 'NOTIFY_NOT_ITS_OWN' }] });
  });

  test('is not tried again where it may have been taken', async () => {
    const graphs = await grafana({ first: () => 'reset' });
    await run([dashboard(graphs.origin)], setArgs);
    expect(graphs.posts()).toHaveLength(1);
  });

  test('holds no markup of whoever gave the reason', async () => {
    const graphs = await grafana();
    await run([dashboard(graphs.origin)], [...setArgs.slice(0, 5), '--reason', '<img src=x onerror=alert(1)>']);
    expect(graphs.annotations()[0]?.['text']).toContain('‹img src=x onerror=alert(1)›');
  });
});

describe('what leaves', () => {
  test('holds no secret and no escape, whatever somebody writes into a reason', async () => {
    const [hooks, graphs] = [await webhook(), await grafana()];
    const notify = [hook(hooks.origin), dashboard(graphs.origin)];
    const reason = `look: whsec_${key.toString('base64')} and ${token} \u001b[31mred\u001b[0m \u202edecoy`;
    const ran = await run(notify, [...setArgs.slice(0, 5), '--reason', reason, '--debug']);
    expect(ran.code).toBe(0);
    const sent = [...hooks.posts(), ...graphs.posts()].map(({ body }) => body);
    for (const text of [...sent, ran.out, ran.err]) {
      expect(text).not.toContain(key.toString('base64'));
      expect(text).not.toContain(token);
      expect(text).not.toMatch(/[\u001b\u202e]/);
    }
    const [event] = hooks.events();
    expect(event?.['reason']).toBe('look: [redacted] and [redacted] \\u001b[31mred\\u001b[0m \\u202edecoy');
    const signature = hooks.posts()[0]?.headers['webhook-signature'] ?? '';
    expect(ran.err).toContain(`debug: POST ${hooks.origin} 204 in`);
    expect(ran.err).not.toContain(signature.slice(3));
  });
});

describe('a receiver that says aloud what it got', () => {
  test('makes nobody else hear it', async () => {
    const hooks = await webhook();
    const loud = await opened(
      startEcho((headers) => ({ status: 400, body: { message: Object.values(headers).join(' ') } })),
    );
    const notify = [hook(hooks.origin), hook(loud.origin), dashboard(loud.origin)];
    const all = [
      await run(notify, [...setArgs, '--debug']),
      await run(notify, ['notify', 'test', '--json']),
      await run(notify, ['doctor', '--only', 'notify', '--debug']),
    ];
    expect(loud.posts()).toHaveLength(4);
    const signatures = loud.posts().flatMap(({ headers }) => headers['webhook-signature']?.slice(3) ?? []);
    expect(signatures).toHaveLength(2);
    for (const { out, err } of all) {
      for (const secret of [...signatures, key.toString('base64'), token]) expect(out + err).not.toContain(secret);
    }
  });
});

describe('a change of which nobody knows whether it was made', () => {
  test('is told as such, and ends in 9 all the same', async () => {
    const hooks = await webhook();
    const proxy = await startFaultProxy(state.lab.redis.port);
    try {
      proxy.inject({ at: 'reply', containing: 'flash sale', action: 'silence' });
      const environment = {
        ...state.lab.environment,
        redis: `redis://127.0.0.1:${proxy.port}`,
        notify: [hook(hooks.origin)],
      };
      const path = await state.lab.world.config('unknown.yaml', { environments: { lab: environment } });
      const running = state.lab.world.main([...setArgs, '--json', '--timeout', '6s'], { env: { RLCTL_CONFIG: path } });
      // The answer to the write is lost; from then on nobody gets through.
      await expect.poll(() => proxy.struck, { interval: 5 }).toBe(1);
      proxy.inject({ at: 'connect', action: 'reset', times: Infinity });
      const ran = await running;
      const { details } = errorOf(ran);
      expect(ran.code).toBe(9);
      expect(hooks.events()).toMatchObject([
        { type: 'change.unknown', changeId: details?.['changeId'], routes: ['/api/search'], verdict: null },
      ]);
    } finally {
      await proxy.stop();
    }
  });
});

describe('a file that nobody has vouched for', () => {
  test('tells nobody, gets no secret, and says so once', async () => {
    const hooks = await webhook();
    const { world, environment } = state.lab;
    const notify = [hook(hooks.origin), hook(hooks.origin), dashboard(hooks.origin)];
    const { secret: _, ...rest } = environment;
    await world.config('rlctl.yaml', { environments: { lab: { ...rest, notify } } });
    const env = { RLCTL_CONFIG: undefined, RLCTL_API: String(environment['api']) };
    const args = ['override', 'set', '/api/search', '--rate', '7', '--no-reload'];
    const ran = await world.main(args, { env });
    expect(ran.code).toBe(0);
    expect(ran.err.match(/is not trusted yet/g)).toHaveLength(1);
    expect(ran.err).toContain('nobody is told');
    const program = await world.main(['override', 'set', '/api/search', '--rate', '8', '--no-reload', '--json'], {
      env,
    });
    expect(jsonOf(program.out)).toMatchObject({
      notifications: [{ isDelivered: false, code: 'CONFIG_UNTRUSTED', attempts: 0 }, {}, {}],
    });
    expect(errorOf(await world.main(['notify', 'test', '--json'], { env })).code).toBe('CONFIG_UNTRUSTED');
    expect(hooks.received).toEqual([]);
    const trust = await world.main(['env', 'trust', '--dry-run'], { env });
    expect(trust.out).toContain(`tells what happens to ${hooks.origin}`);
    expect(trust.out).toContain('reads the variable GRAFANA_TOKEN');
  });
});

describe('notify test', () => {
  test('sends every receiver one event, whatever it wants to hear of', async () => {
    const [hooks, graphs] = [await webhook(), await grafana()];
    const notify = [hook(hooks.origin, { events: ['panic'] }), dashboard(graphs.origin)];
    const ran = await run(notify, ['notify', 'test']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('answered 204');
    expect(hooks.events()).toMatchObject([
      { type: 'notify.test', changeId: null, summary: 'a test from rlctl: nothing was changed on lab' },
    ]);
    expect(graphs.annotations()).toMatchObject([{ tags: ['rlctl', 'environment:lab', 'event:notify.test'] }]);
  });

  test('ends in 3 where one does not take it, with the cause and the cure', async () => {
    const [down, up] = [await webhook(() => ({ status: 403 })), await webhook()];
    const ran = await run([hook(down.origin), hook(up.origin)], ['notify', 'test', '--json']);
    expect(ran).toMatchObject({ code: 3, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({
      kind: 'NotifyTest',
      receivers: [
        { isDelivered: false, code: 'NOTIFY_REFUSED', hint: expect.stringContaining("is the receiver's") },
        { isDelivered: true, code: null, hint: null },
      ],
    });
  });

  test('who gave no answer may have heard of it: that is not the same as not told', async () => {
    const hole = await opened(startBlackHole());
    const [silent, gone] = [hook(hole.origin, { name: 'silent' }), hook('http://127.0.0.1:9', { name: 'gone' })];
    const ran = await run([silent, gone], ['notify', 'test', '--color', 'never'], { columns: 100 });
    expect(ran.code).toBe(3);
    expect(ran.out).toMatch(/✗ +silent .* no answer; it may have arrived/);
    expect(ran.out).toMatch(/✗ +gone .* not told/);
    expect(ran.out).toMatch(/"silent" may not have been told of/);
    const { receivers } = jsonOf<{ receivers: readonly JsonObject[] }>(
      (await run([silent, gone], ['notify', 'test', '--json'])).out,
    );
    expect(receivers.map(({ mayHaveArrived }) => mayHaveArrived)).toEqual([true, false]);
  });

  test('can be for some of them, and for none that is not there', async () => {
    const [one, two] = [await webhook(), await webhook()];
    const notify = [hook(one.origin), hook(two.origin, { name: 'ops' })];
    expect(await run(notify, ['notify', 'test', 'ops'])).toMatchObject({ code: 0 });
    expect([one.events().length, two.events().length]).toEqual([0, 1]);
    expect(errorOf(await run(notify, ['notify', 'test', 'opz', '--json']))).toMatchObject({
      exitCode: 2,
      hint: 'Did you mean ops?',
    });
    expect(errorOf(await run([], ['notify', 'test', '--json']))).toMatchObject({ code: 'NO_RECEIVERS', exitCode: 2 });
  });

  test('shows what it would send, and sends nothing', async () => {
    const hooks = await webhook();
    const ran = await run([hook(hooks.origin)], ['notify', 'test', '--dry-run', '--read-only']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('"type": "notify.test"');
    expect(hooks.received).toEqual([]);
    expect(await run([hook(hooks.origin)], ['notify', 'test', '--read-only'])).toMatchObject({ code: 6 });
  });
});

describe('env show', () => {
  test('says who is told of what, and no more of an address than its origin', async () => {
    const ran = await run([hook('https://hooks.example.com/T0/secret-path', { name: 'ops' })], ['env', 'show']);
    expect(ran.out).toMatch(/^ops {2,}webhook at https:\/\/hooks\.example\.com/m);
    expect(ran.out).toContain('signed with file');
    expect(ran.out).not.toContain('secret-path');
  });
});

describe('doctor', () => {
  const looked = async (notify: readonly JsonObject[], ...args: string[]) => {
    const ran = await run(notify, ['doctor', '--only', 'notify', '--json', ...args]);
    return {
      code: ran.code,
      ...jsonOf<{ findings: JsonObject[]; checks: { state: string; evidence: string }[] }>(ran.out),
    };
  };

  test('looks at secrets and addresses, and sends no event', async () => {
    const [hooks, graphs] = [await webhook(), await grafana()];
    const report = await looked([hook(hooks.origin), dashboard(graphs.origin)]);
    expect(report).toMatchObject({ code: 0, findings: [] });
    expect(report.checks.map(({ evidence }) => evidence)).toEqual([
      `webhook: signed with file ${state.secret}; grafana: token from variable GRAFANA_TOKEN`,
      `webhook: ${hooks.origin} answers (405 to HEAD; no event was sent); grafana: ${graphs.origin} answers, and takes the credential`,
    ]);
    expect([...hooks.posts(), ...graphs.posts()]).toEqual([]);
    expect(graphs.annotations()).toEqual([]);
  });

  test('a credential that may not read annotations may well make them', async () => {
    const graphs = await grafana({ mayRead: false });
    const report = await looked([dashboard(graphs.origin)]);
    expect(report).toMatchObject({ code: 0, findings: [] });
    expect(report.checks[1]?.evidence).toContain('is not seen');
  });

  test.each([
    [
      'a secret that others can read',
      'SECRET_FILE_UNSAFE',
      'error',
      async () =>
        hook('http://127.0.0.1:1', { secret: { file: await state.lab.world.write('wide', 'whsec_AAAA', 0o644) } }),
    ],
    [
      'a secret that cannot sign',
      'SECRET_FORMAT',
      'warning',
      async () =>
        hook('http://127.0.0.1:1', { secret: { file: await state.lab.world.write('odd', 'whsec_not base64') } }),
    ],
    [
      'a secret that is not there',
      'SECRET_MISSING',
      'warning',
      async () => hook('http://127.0.0.1:1', { secret: { env: 'NOBODY_SET_IT' } }),
    ],
    ['nobody at the address', 'NOTIFY_UNREACHABLE', 'warning', async () => hook('http://127.0.0.1:1')],
    [
      'a redirect',
      'NOTIFY_REDIRECT',
      'warning',
      async () => hook((await opened(startRedirect(301, 'https://elsewhere.example.com/'))).origin),
    ],
    [
      'a token that is not taken',
      'NOTIFY_REFUSED',
      'warning',
      async () => dashboard((await grafana({ authorization: 'Bearer other' })).origin),
    ],
    ['no Grafana there', 'NOTIFY_GONE', 'warning', async () => dashboard((await grafana({ path: '/grafana' })).origin)],
    ['an address without its variable', 'NOTIFY_ADDRESS', 'warning', async () => hook('${NOBODY_SET_IT}')],
  ] as const)('finds %s', async (_, code, severity, receiver) => {
    const report = await looked([await receiver()]);
    expect(report.code).toBe(3);
    const own = report.findings.find((each) => each['code'] === code);
    expect(own).toMatchObject({ severity, part: expect.stringContaining('notify'), cure: expect.stringMatching(/./) });
  });

  test('--fix narrows a secret that others can read', async () => {
    const hooks = await webhook();
    const file = await state.lab.world.write('wide', `whsec_${key.toString('base64')}`, 0o644);
    expect(await looked([hook(hooks.origin, { secret: { file } })], '--fix')).toMatchObject({ code: 0 });
    expect(await looked([hook(hooks.origin, { secret: { file } })])).toMatchObject({ code: 0, findings: [] });
  });

  test('does not look where nobody is to be told', async () => {
    expect((await looked([])).checks.map((each) => each.state)).toEqual(['notChecked', 'notChecked']);
  });
});

describe('a rollout', () => {
  test.each(['overrides', 'env-file'])('by %s: the events name what the history has', async (driver) => {
    const hooks = await webhook();
    const flags = driver === 'overrides' ? {} : { shadowDriver: { 'env-file': state.lab.sandbox.envFile } };
    const more = { ...flags, prometheus: 'http://127.0.0.1:9' };
    const plan = JSON.stringify({ stages: [{ name: 'first', shadow: ['financial'], soak: '1h' }] });
    const file = await state.lab.world.write('plan.yaml', plan);
    const notify = [hook(hooks.origin)];
    expect(await run(notify, ['rollout', 'start', '-f', file, '--detach', '--json'], {}, more)).toMatchObject({
      code: 0,
      err: '',
    });
    expect(await run(notify, ['rollout', 'abort', '--json'], {}, more)).toMatchObject({ code: 0, err: '' });
    expect(await run(notify, ['rollout', 'promote', '--detach', '--json'], {}, more)).toMatchObject({
      code: 0,
      err: '',
    });
    expect(await run(notify, ['rollout', 'undo', '--json'], {}, more)).toMatchObject({ code: 0, err: '' });
    const told = hooks
      .events()
      .map(({ type, changeId, partOf }) => ({ type, changeId, partOf }))
      .filter(({ type }) => String(type).startsWith('rollout.'));
    const history = jsonOf<{ entries: { command: string; changeId: string }[] }>(
      (await run([], ['override', 'history', '--json'])).out,
    );
    const changes = history.entries.filter(({ command }) => command.startsWith('rollout ')).toReversed();
    const commands = ['rollout start', 'rollout abort', 'rollout start', 'rollout undo'];
    expect(changes.map(({ command }) => command)).toEqual(driver === 'overrides' ? commands : []);
    const ids = commands.map((_, index) => changes[index]?.changeId ?? null);
    const rollout = { kind: 'rollout', id: expect.any(String) as string };
    expect(told).toEqual([
      { type: 'rollout.stage', changeId: ids[0], partOf: [{ ...rollout, step: 'first' }] },
      { type: 'rollout.aborted', changeId: ids[1], partOf: [{ ...rollout, step: 'first' }] },
      { type: 'rollout.stage', changeId: ids[2], partOf: [{ ...rollout, step: 'first' }] },
      { type: 'rollout.undone', changeId: ids[3], partOf: [rollout] },
    ]);
  });
});

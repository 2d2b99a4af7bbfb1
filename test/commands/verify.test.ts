import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { until } from '../support/until.js';
import { goodPolicy, json, startHttpControlPlane, type HttpControlPlane } from '../support/http-control-plane.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { reloadRaw } from '../support/raw-reload.js';
import { errorOf, jsonOf, type JsonObject, type MainOptions } from '../support/world.js';

interface Shown {
  readonly proof: JsonObject & { readonly evidence: readonly { subject: string; verdict: string; text: string }[] };
  readonly steps: readonly { name: string; state: string; detail: string }[];
}

const state = {} as { lab: Lab; api: HttpControlPlane };
const document = '{"/api/search":{"rate":120,"burst":20},"/api/payments":{"rate":3,"burst":1}}';

beforeAll(async () => {
  state.lab = await openLab();
  state.api = await startHttpControlPlane();
});
afterAll(async () => {
  await state.api.stop();
  await state.lab.stop();
});
beforeEach(async () => {
  await state.lab.reset();
  await state.lab.store(document);
  await reloadRaw(state.lab.sandbox);
});

const run = (args: readonly string[], options: MainOptions = {}) => state.lab.world.main(['verify', ...args], options);

const reloads = (): number => state.lab.sandbox.workers().reduce((sum, each) => sum + each.reloads, 0);

async function proofOf(args: readonly string[], options: MainOptions = {}): Promise<Shown & { readonly code: number }> {
  const ran = await run([...args, '--json'], options);
  expect(ran.err).toBe('');
  return { ...jsonOf<Shown & JsonObject>(ran.out), code: ran.code };
}

describe('what is stored', () => {
  test('is proven without a reload, and the JSON holds every observation', async () => {
    const before = reloads();
    const shown = await proofOf([]);
    expect(shown).toMatchObject({
      code: 0,
      kind: 'Verification',
      routes: [],
      reloads: [],
      proof: { verdict: 'proven', trap: null, levelReached: 'loaded', distinctAnswers: 1 },
    });
    const observed = shown.proof['observed'] as { policies: { route: string; answers: { times: number }[] }[] };
    expect(observed.policies.map(({ route }) => route).sort()).toEqual(['/api/payments', '/api/search']);
    expect(observed.policies.every(({ answers }) => answers.length === 1)).toBe(true);
    expect(shown.proof['convergedMs']).toBeGreaterThanOrEqual(0);
    expect(reloads()).toBe(before);
  });

  test('one route: only that one is read, as often as it takes', async () => {
    const { proof } = await proofOf(['/api/search', '--workers', '2']);
    expect(proof).toMatchObject({ verdict: 'proven', distinctAnswers: 1 });
    expect(proof.evidence.find(({ subject }) => subject === 'policy')?.text).toContain('14 of 14 reads');
  });

  test('a route that is no override: its expected policy is held against the server’s', async () => {
    const shown = await proofOf(['/api/items']);
    expect(shown).toMatchObject({ code: 0, proof: { verdict: 'proven' } });
    expect(shown.proof['diagnosis']).toContain('the server shows the route as stored');
    expect(shown.proof.evidence.map(({ text }) => text).join()).toContain('its own policy, as it should without');
  });

  test('a word that is no route: says how one is written', async () => {
    const ran = await run(['api/search', '--json']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(errorOf(ran).hint).toContain('verify /api/search');
  });

  test('many overrides: a sample, and it says so', async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`/api/r${index}/`, { rate: 7 }]));
    await state.lab.store(JSON.stringify(many));
    await reloadRaw(state.lab.sandbox);
    const { proof } = await proofOf(['--samples', '20']);
    expect(proof).toMatchObject({ verdict: 'proven', coverage: { sampled: 20, of: 192 } });
    expect(proof.evidence.find(({ subject }) => subject === 'sample')?.text).toContain('20 of 192 other prefixes');
  });

  test.each(['{"/api/search":{"rate":"12.5","burst":20}}', '{"/api/search":5}'])(
    'an entry that the server will skip: what it still holds there contradicts, and a reload mends it (%s)',
    async (text) => {
      await state.lab.store('{"/api/search":{"rate":120,"burst":20}}');
      await reloadRaw(state.lab.sandbox);
      await state.lab.store(text);
      const stale = await proofOf([]);
      expect(stale).toMatchObject({ code: 8, proof: { verdict: 'contradicted', trap: 'notLoaded' } });
      expect(stale.proof.evidence.map(({ text: line }) => line).join()).toContain('rate 120 instead of 60');
      const loaded = await proofOf(['--reload']);
      expect(loaded).toMatchObject({ code: 0, proof: { verdict: 'proven' } });
      expect(loaded.proof['diagnosis']).toContain('the server does not use 1 stored entry');
    },
  );

  test.each(['/', ''])(
    'an entry for every route that the server will skip ("%s"), of a server that lists none',
    async (prefix) => {
      const deployed = await openLab({ dialect: 'deployed' });
      try {
        await deployed.store(JSON.stringify({ [prefix]: { rate: 120, burst: 20 } }));
        await reloadRaw(deployed.sandbox);
        await deployed.store(JSON.stringify({ [prefix]: { rate: null } }));
        const verify = (...args: string[]) => deployed.world.main(['verify', ...args, '--jq', '.proof.verdict']);
        expect(await verify()).toMatchObject({ code: 8, out: 'contradicted\n' });
        expect(await verify('--reload')).toMatchObject({ code: 0, out: 'proven\n' });
      } finally {
        await deployed.stop();
      }
    },
  );

  test.each([[[]], [['--reload']]])(
    'looked for in the wrong place: never the environment variable (%s)',
    async (flags) => {
      const shown = await proofOf(flags, { env: { RLCTL_NAMESPACE: 'elsewhere' } });
      expect(shown).toMatchObject({ code: 8, proof: { verdict: 'contradicted' } });
      expect(shown.proof['trap']).toBe('otherNamespaceOrRedisUnreachable');
      expect(shown.proof['diagnosis']).toContain('nothing is stored where rlctl looks');
      expect(shown.proof['diagnosis']).not.toContain('restart');
    },
  );

  test('all of many, where that is asked for', async () => {
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`/api/r${index}/`, { rate: 7 }]));
    await state.lab.store(JSON.stringify(many));
    await reloadRaw(state.lab.sandbox);
    const { proof } = await proofOf(['--samples', 'all']);
    expect(proof).toMatchObject({ verdict: 'proven', coverage: { sampled: 72, of: 72 } });
    expect(proof['diagnosis']).toBe('the server holds the 80 stored overrides');
    expect((await proofOf([])).proof['diagnosis']).toBe(
      'the server shows 58 of 80 stored overrides that were read as stored',
    );
  });

  test('a document that became unreadable: what the server still shows is told', async () => {
    await state.lab.store('{"/api/search":');
    const { proof } = await proofOf([]);
    expect(proof['diagnosis']).toContain('at its next reload; now it still shows 2 overrides');
  });

  test('none stored: the list of a documented server is proof, and what it still holds contradicts', async () => {
    await state.lab.store('{}');
    expect(await proofOf([])).toMatchObject({ code: 8, proof: { verdict: 'contradicted' } });
    await reloadRaw(state.lab.sandbox);
    expect(await proofOf([])).toMatchObject({ code: 0, proof: { verdict: 'proven' } });
  });

  test('none stored, and a server that lists none: the answer of a reload has to count them', async () => {
    await state.lab.redis.cli('DEL', labKey);
    state.api.behave(json(200, goodPolicy));
    const shown = await proofOf(['--target', state.api.origin]);
    expect(shown).toMatchObject({ code: 8, proof: { verdict: 'notProven' } });
    expect(shown.proof['diagnosis']).toContain('verify --reload');
  });

  test('a document that cannot be read: no reload is sent, and the cure is named', async () => {
    await state.lab.store('{"/api/search":');
    const before = reloads();
    const shown = await proofOf(['--reload']);
    expect(shown).toMatchObject({ code: 8, proof: { verdict: 'contradicted', trap: 'documentDropped' } });
    expect(shown.proof['diagnosis']).toContain('override repair');
    expect(shown.steps[0]).toMatchObject({ name: 'reload', state: 'skipped' });
    expect(reloads()).toBe(before);
  });
});

describe('--reload', () => {
  test('sends one, and its count is evidence', async () => {
    const before = reloads();
    const shown = await proofOf(['--reload']);
    expect(shown).toMatchObject({ code: 0, reloads: [{ outcome: 'accepted' }], proof: { verdict: 'proven' } });
    expect(shown.proof.evidence[0]).toMatchObject({ subject: 'count', verdict: 'proven' });
    expect(reloads()).toBe(before + 1);
  });

  test('--read-only refuses it, and allows the rest', async () => {
    const before = reloads();
    const ran = await run(['--reload', '--read-only', '--json']);
    expect(ran).toMatchObject({ code: 6, out: '' });
    expect(errorOf(ran)).toMatchObject({ code: 'READ_ONLY' });
    expect(await run(['--read-only'])).toMatchObject({ code: 0 });
    expect(await run([], { env: { RLCTL_READ_ONLY: 'true' } })).toMatchObject({ code: 0 });
    expect(reloads()).toBe(before);
  });
});

describe('probes', () => {
  const probed = () => state.api.arrived.filter(({ url }) => url.startsWith('/api/'));
  beforeEach(() => {
    state.api.behave((request, response, socket) => {
      const isPolicy = request.url.includes('/rate-limit/policy');
      const isStored = request.url.includes('route=%2Fapi%2Fsearch');
      const policy = isStored ? { ...goodPolicy, rate_per_min: 120, burst: 20 } : goodPolicy;
      const headers = { 'X-RateLimit-Policy': 'read', 'X-RateLimit-Shadow': 'false', 'X-RateLimit-Limit': '21' };
      (isPolicy ? json(200, policy) : json(200, {}, headers))(request, response, socket);
    });
  });
  const url = (path = '/api/search') => ['--probe', `${state.api.origin}${path}`];
  const at = () => ['/api/search', '--target', state.api.origin];

  test('ask with GET, and show what is enforced', async () => {
    const before = probed().length;
    const shown = await proofOf([...at(), ...url()]);
    expect(shown).toMatchObject({ code: 0, proof: { verdict: 'proven', levelReached: 'enforced' } });
    expect(shown.proof['observed']).toMatchObject({ probes: [{ method: 'GET', answer: { status: 200, limit: 21 } }] });
    expect(
      probed()
        .slice(before)
        .map(({ method }) => method),
    ).toEqual(['GET']);
  });

  test('ask with HEAD where told to', async () => {
    const before = probed().length;
    expect(await proofOf([...at(), ...url(), '--probe-method', 'head'])).toMatchObject({ code: 0 });
    expect(
      probed()
        .slice(before)
        .map(({ method }) => method),
    ).toEqual(['HEAD']);
  });

  test('ask with a method that may change something only where that is allowed', async () => {
    const before = probed().length;
    const ran = await run([...at(), ...url(), '--probe-method', 'POST', '--json']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(errorOf(ran)).toMatchObject({ code: 'PROBE_UNSAFE' });
    const allowed = ['--probe-method', 'POST', '--allow-unsafe'];
    const refused = await run([...at(), ...url(), ...allowed, '--read-only', '--json']);
    expect(refused).toMatchObject({ code: 6, out: '' });
    expect(probed()).toHaveLength(before);
    expect(await proofOf([...at(), ...url(), ...allowed])).toMatchObject({ code: 0 });
    expect(
      probed()
        .slice(before)
        .map(({ method }) => method),
    ).toEqual(['POST']);
  });

  test('never use up more than --max-requests, also while waiting', async () => {
    const before = probed().length;
    const three = [...url('/api/search?a'), ...url('/api/search?b'), ...url('/api/search?c')];
    const shown = await proofOf([...at(), ...three, '--max-requests', '2', '--wait', '2s']);
    expect(shown).toMatchObject({ code: 8, proof: { verdict: 'notProven' } });
    expect(shown.proof['diagnosis']).toContain('--max-requests allows only 2');
    expect(probed().length - before).toBe(2);
  });

  test('a number of requests that is none is refused', async () => {
    expect(await run([...at(), ...url(), '--max-requests', 'few', '--json'])).toMatchObject({ code: 2, out: '' });
  });
});

describe('what stands in the way', () => {
  test('no API: says what to set', async () => {
    const path = await state.lab.world.config('bare.yaml', {
      environments: { bare: { namespace: 'lab', redis: state.lab.redis.url } },
    });
    const ran = await run(['--json'], { env: { RLCTL_CONFIG: path } });
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(errorOf(ran)).toMatchObject({ code: 'NO_API' });
  });

  test('an API that is down is no verdict', async () => {
    const ran = await run(['--target', 'http://127.0.0.1:1', '--json']);
    expect(ran).toMatchObject({ code: 7, out: '' });
  });

  test('the deadline: what was seen by then is told', async () => {
    const asked = { count: 0 };
    state.api.behave((request, response, socket) => {
      asked.count += 1;
      if (asked.count <= 3) json(200, { ...goodPolicy, rate_per_min: 120, burst: 20 })(request, response, socket);
    });
    const startedMs = performance.now();
    const shown = await proofOf(['/api/search', '--target', state.api.origin, '--timeout', '2s']);
    expect(shown).toMatchObject({ code: 8, proof: { verdict: 'notProven' } });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s while the API hangs: ends at once', async (signal, code) => {
    const ran = await run(['--target', state.api.origin, '--timeout', '20s', '--json'], {
      onHost: (host) => state.api.behave(() => host.signal(signal)),
    });
    expect(ran).toMatchObject({ code, out: '' });
    expect(errorOf(ran).exitCode).toBe(code);
  });
});

describe('--wait', () => {
  test('looks again until it is proven, and measures how long that took', async () => {
    await state.lab.store('{"/api/search":{"rate":90,"burst":9}}');
    const reloaded: Promise<unknown>[] = [];
    const ran = await run(['--wait', '20s'], {
      columns: 80,
      onHost: (host) => {
        reloaded.push(until(() => host.err.includes('not proven yet')).then(() => reloadRaw(state.lab.sandbox)));
      },
    });
    await Promise.all(reloaded);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('PROVEN');
    expect(ran.out).toMatch(/in force after \d/);
  });

  test('an API that is away may come back within it', async () => {
    const asked = { count: 0 };
    state.api.behave((request, response, socket) => {
      asked.count += 1;
      const policy = { ...goodPolicy, rate_per_min: 120, burst: 20 };
      (asked.count <= 2 ? json(503, { detail: 'starting' }) : json(200, policy))(request, response, socket);
    });
    const at = ['/api/search', '--target', state.api.origin];
    expect(await run([...at, '--json'])).toMatchObject({ code: 7, out: '' });
    // Every other route is answered alike, so that nothing tells the override apart: what counts is that it was asked.
    expect((await proofOf([...at, '--wait', '3s'])).proof['reads']).toBeGreaterThan(0);
  });

  test('says on a terminal what it waits for', async () => {
    await state.lab.store('{"/api/search":{"rate":90,"burst":9}}');
    const ran = await run(['--wait', '2s'], { columns: 80 });
    expect(ran.code).toBe(8);
    expect(ran.err).toMatch(/not proven yet after \d+ s/);
  });
});

describe('output', () => {
  test('table, YAML and jq say the same', async () => {
    const ran = await run([]);
    expect(ran.out).toMatch(/^PROVEN \(loaded\) {2}the server holds the 2 stored overrides/);
    const yaml = parseYaml((await run(['-o', 'yaml'])).out) as Shown;
    expect(yaml.proof['verdict']).toBe('proven');
    expect(await run(['--jq', '.proof.verdict + " " + .kind'])).toMatchObject({
      out: 'proven Verification\n',
      err: '',
    });
  });
});

describe('what is remembered of the server', () => {
  const memory = async () =>
    jsonOf<{ detected: JsonObject }>((await state.lab.world.main(['env', 'show', '--json'])).out);

  test('env show tells each trait with its date', async () => {
    await run(['--reload', '--probe', `${state.lab.sandbox.origin}/api/search`]);
    expect((await memory()).detected).toMatchObject({
      basePath: '/internal',
      profile: 'documented',
      readsOverrides: true,
      enforcesOverrides: true,
      keyLayout: 'rl:overrides',
    });
    const { out } = await state.lab.world.main(['env', 'show']);
    expect(out).toMatch(/reads overrides from Redis\s+\d{4}-\d\d-\d\d \d\d:\d\dZ/);
  });

  test('a write relies on none of it: everything remembered is wrong, and the change is made and proven', async () => {
    const { lab } = state;
    await run(['--reload']);
    const path = [...(await lab.world.files()).keys()].find((each) => each.endsWith('state.json')) ?? '';
    const kept = jsonOf<{ detected: Record<string, JsonObject> }>((await lab.world.files()).get(path) ?? '');
    const wrong = { basePath: '/api/v1/internal', profile: 'empty', readsOverrides: false, enforcesOverrides: false };
    const detected = Object.fromEntries(
      Object.entries(kept.detected).map(([key, each]) => [
        key,
        { ...each, ...wrong, movesFlags: false, workersSeen: 9 },
      ]),
    );
    await lab.world.write(path, JSON.stringify({ ...kept, detected }));
    const ran = await lab.world.main(['override', 'set', '/api/search', '--rate', '70', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(ran.out)).toMatchObject({
      reloads: [{ outcome: 'accepted', basePath: '/internal', profile: 'documented' }],
      proof: { verdict: 'proven' },
    });
    expect((await memory()).detected).toMatchObject({
      basePath: '/internal',
      profile: 'documented',
      readsOverrides: true,
    });
  });
});

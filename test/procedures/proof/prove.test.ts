import { beforeEach, describe, expect, it } from 'vitest';
import type { PolicyAnswer, ReloadReport } from '../../../src/domain/control-plane.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { effectivePolicy, loadOverrides, matchOverride } from '../../../src/domain/policy/matching.js';
import type { Proof } from '../../../src/domain/proof/proof.js';
import type { MetricObservations } from '../../../src/domain/proof/metric-observations.js';
import type { MetricQuestion } from '../../../src/procedures/proof/metric-reader.js';
import { prove, type ProofInput } from '../../../src/procedures/proof/prove.js';
import type { ProofPorts } from '../../../src/procedures/proof/policy-reader.js';
import { pickSome } from '../../../src/procedures/proof/sampling.js';
import type { PolicyResult } from '../../../src/ports/control-plane.js';
import {
  createFakeControlPlane,
  policyAnswer,
  refused,
  report,
  type FakeControlPlane,
  type PolicyCall,
} from '../../support/fake-control-plane.js';
import { createFakeClock, createFakeDeadline, createFakeRandomness, type FakeClock } from '../../support/fake-time.js';

const endpoint = { origin: 'https://api.example.com', basePath: '/internal' };
const stored = '{"/a":{"rate":120,"burst":20},"/b":{"burst":5}}';
const base = { bucket: 'read', ratePerMin: 60, burst: 10, windowSeconds: 60, isShadow: false };
const reset = new RlctlError('unreachable', 'api.example.com:443: the connection was reset', {
  code: 'API_RESET',
  hint: 'look',
});

let plane: FakeControlPlane;
let clock: FakeClock;
let ports: ProofPorts;

beforeEach(() => {
  plane = createFakeControlPlane();
  clock = createFakeClock();
  ports = { controlPlane: plane, clock, randomness: createFakeRandomness(), deadline: createFakeDeadline(clock) };
});

function input(fields: Partial<ProofInput> = {}): ProofInput {
  return {
    endpoints: [endpoint],
    reports: [report({ overridesCount: 2 })],
    reloadSentMs: null,
    storedBytes: Buffer.from(stored),
    changed: ['/a'],
    workers: 1,
    levelAsked: 'loaded',
    probes: [],
    siteMode: null,
    resend: null,
    waitMs: 0,
    ...fields,
  };
}

/** What a server that holds this document says for a route. */
function says(text: string | null, route: string, more: Partial<PolicyAnswer> = {}): PolicyResult {
  const override = matchOverride(loadOverrides(text === null ? null : Buffer.from(text)), route);
  return policyAnswer({ ...base, ...effectivePolicy(base, override), ...more });
}

/** A server whose workers hold these documents, taking turns by connection; `null`: nothing is held. */
function serve(documents: readonly (string | null)[]): { documents: (string | null)[]; turn: number } {
  const state = { documents: [...documents], turn: 0 };
  const reply = ({ query, options }: PolicyCall): PolicyResult => {
    const text = state.documents[options.isFresh ? state.turn++ % state.documents.length : 0] ?? null;
    return says(text, query.route);
  };
  plane.expectPolicy({}, reply, 'atLeastOnce');
  return state;
}

/** Reloads one worker after another of such a server. */
function reloader(state: { documents: (string | null)[] }): {
  calls: number;
  resend: () => Promise<readonly ReloadReport[]>;
} {
  const counter = {
    calls: 0,
    resend: async () => {
      state.documents[counter.calls++ % state.documents.length] = stored;
      return [report({ overridesCount: 2 })];
    },
  };
  return counter;
}

const texts = (proof: Proof): string => proof.evidence.map(({ text }) => text).join('\n');

describe('one worker', () => {
  it('takes exactly the reads it needs: the base, the changed prefix and the sample', async () => {
    plane.expectPolicy({ route: '/a', bucket: 'read' }, says(stored, '/a'));
    plane.expectPolicy({ route: '/b', bucket: 'read' }, says(stored, '/b'));
    plane.expectPolicy({ bucket: 'read' }, policyAnswer());
    const proof = await prove(ports, input());
    plane.assertDone();
    expect(proof).toMatchObject({
      verdict: 'proven',
      levelReached: 'loaded',
      trap: null,
      confidence: 1,
      reads: 3,
      distinctAnswers: 1,
      coverage: { sampled: 1, of: 1 },
    });
    // Only the changed prefix wants a connection of its own: to one worker alone, all of them lead.
    expect(plane.policies.map(({ options }) => options.isFresh)).toEqual([false, true, false]);
    expect(plane.policies[0]?.query.route).toMatch(/^\/rlctl-[0-9a-f]{16}$/);
  });

  it('the base is asked for per bucket where the server maps routes to its own', async () => {
    plane.expectPolicy({ route: '/a' }, says(stored, '/a', { bucket: 'financial', isShadow: true }));
    plane.expectPolicy({ route: '/b' }, says(stored, '/b'));
    plane.expectPolicy({ bucket: 'financial' }, policyAnswer({ bucket: 'financial', isShadow: true }));
    plane.expectPolicy({ bucket: 'read' }, policyAnswer());
    expect(await prove(ports, input())).toMatchObject({ verdict: 'proven' });
    plane.assertDone();
  });

  it('an override for everything leaves no base: only what the override sets is compared', async () => {
    const text = '{"/":{"burst":5}}';
    plane.expectPolicy({ route: '/' }, policyAnswer({ burst: 5, ratePerMin: 9999 }));
    const proof = await prove(ports, input({ storedBytes: Buffer.from(text), changed: ['/'], reports: [report()] }));
    expect(proof).toMatchObject({ verdict: 'proven', reads: 1 });
    plane.assertDone();
  });

  it('an unreadable document is not worth a single read', async () => {
    const proof = await prove(
      ports,
      input({ storedBytes: Buffer.from('{"/a":'), reports: [report({ overridesCount: 0 })], waitMs: 60_000 }),
    );
    expect(proof).toMatchObject({ verdict: 'contradicted', trap: 'documentDropped', reads: 0 });
    expect(clock.slept).toEqual([]);
    plane.assertDone();
  });

  it('every endpoint is asked', async () => {
    const endpoints = [endpoint, { origin: 'https://api-2.example.com', basePath: '/internal' }];
    plane.expectPolicy(
      { origin: endpoints[0]?.origin as string },
      ({ query }) => says(stored, query.route),
      'atLeastOnce',
    );
    plane.expectPolicy(
      { origin: endpoints[1]?.origin as string },
      ({ query }) => says(null, query.route),
      'atLeastOnce',
    );
    const proof = await prove(
      ports,
      input({ endpoints, reports: [report({ overridesCount: 2 }), report({ overridesCount: 0 })] }),
    );
    expect(proof).toMatchObject({ verdict: 'contradicted', trap: 'staleWorkers' });
    expect(
      proof.evidence.find(({ verdict, subject }) => verdict === 'contradicted' && subject === 'policy')?.source,
    ).toContain('api-2');
    plane.assertDone();
  });
});

describe('each step failing in turn', () => {
  const failing = (
    route: string | undefined,
    reply: PolicyResult | RlctlError,
    times: number | 'atLeastOnce' = 'atLeastOnce',
  ) => {
    plane.expectPolicy(route === undefined ? {} : { route }, reply, times);
    if (route !== undefined) plane.expectPolicy({}, ({ query }) => says(stored, query.route), 'atLeastOnce');
  };

  it.each<[string, PolicyResult | RlctlError, RegExp]>([
    ['404', refused(404, { detail: 'Not Found' }), /answered 404/],
    ['429', refused(429, { retry_after: 59 }), /answered 429/],
    ["a proxy's 401", refused(401, {}), /answered 401/],
    ['a reset, twice', reset, /reset/],
    ['5xx, twice', refused(503, {}), /answered 503/],
  ])('the policy endpoint: %s is not proven, with the cause', async (_, reply, cause) => {
    failing(undefined, reply);
    const proof = await prove(ports, input());
    expect(proof).toMatchObject({
      verdict: 'notProven',
      levelReached: 'none',
      trap: null,
      coverage: { sampled: 0, of: 1 },
    });
    expect(texts(proof)).toMatch(cause);
    expect(proof.reads).toBeLessThanOrEqual(2);
  });

  it('the changed prefix: a 429 there is not proven', async () => {
    failing('/a', refused(429, { retry_after: 59 }), 1);
    expect(await prove(ports, input())).toMatchObject({ verdict: 'notProven', coverage: { sampled: 0 } });
  });

  it('a reset that does not repeat itself is no matter', async () => {
    failing('/a', reset, 1);
    expect(await prove(ports, input())).toMatchObject({ verdict: 'proven', reads: 4 });
  });

  it('the sample: a 429 there is not proven, with the coverage', async () => {
    failing('/b', refused(429, { retry_after: 59 }), 1);
    const proof = await prove(ports, input());
    expect(proof).toMatchObject({ verdict: 'notProven', coverage: { sampled: 0, of: 1 } });
    expect(texts(proof)).toContain('0 of 1 other prefixes were read, 1 were wanted');
  });

  it('the probe: no answer is not proven at enforced', async () => {
    serve([stored]);
    plane.expectProbe('https://api.example.com/a/x', reset);
    const proof = await prove(
      ports,
      input({ levelAsked: 'enforced', probes: [{ url: 'https://api.example.com/a/x', bucket: 'read' }] }),
    );
    expect(proof).toMatchObject({ verdict: 'notProven', levelReached: 'loaded' });
    expect(texts(proof)).toContain('the probe got no answer');
    plane.assertDone();
  });

  it('the repeated reload: one that fails leaves the other workers stale, and that is seen', async () => {
    serve([stored, null]);
    const resend = async (): Promise<readonly ReloadReport[]> => Promise.reject(reset);
    expect(await prove(ports, input({ workers: null, resend }))).toMatchObject({
      verdict: 'contradicted',
      trap: 'staleWorkers',
    });
  });

  it('a defect of our own is thrown and not taken for evidence', async () => {
    plane.expectPolicy({}, new TypeError('defect'));
    await expect(prove(ports, input())).rejects.toThrow('defect');
  });
});

describe('the deadline', () => {
  it('in the middle of the reads is not proven, and no exception', async () => {
    plane.expectPolicy(
      {},
      ({ query }) => {
        clock.advance(1000);
        return says(stored, query.route);
      },
      'atLeastOnce',
    );
    const proof = await prove(ports, input({ workers: null }));
    expect(proof).toMatchObject({ verdict: 'notProven', trap: null });
    expect(texts(proof)).toContain('the deadline was reached');
    expect(proof.reads).toBeLessThan(20);
  });

  it('passed before the first read', async () => {
    ports = { ...ports, deadline: createFakeDeadline(clock, 0) };
    expect(await prove(ports, input({ waitMs: 60_000 }))).toMatchObject({ verdict: 'notProven', reads: 0 });
    plane.assertDone();
  });

  it('passed before the sample: what was seen so far is told', async () => {
    plane.expectPolicy({ route: '/a' }, () => {
      clock.advance(9990);
      return says(stored, '/a');
    });
    plane.expectPolicy({}, policyAnswer());
    const proof = await prove(ports, input());
    expect(proof).toMatchObject({ verdict: 'notProven', coverage: { sampled: 0, of: 1 } });
    expect(texts(proof)).toContain('the server shows what is stored');
  });

  it('an interrupt ends it, with a verdict', async () => {
    const controller = new AbortController();
    ports = { ...ports, deadline: createFakeDeadline(clock, 10_000, controller.signal) };
    plane.expectPolicy({}, () => {
      controller.abort();
      return policyAnswer();
    });
    const proof = await prove(ports, input({ waitMs: 60_000 }));
    expect(proof.verdict).toBe('notProven');
    expect(texts(proof)).toContain('interrupted');
  });
});

describe('several workers', () => {
  it('their number known: reloads until all agree, no more than needed', async () => {
    const state = serve([stored, null, null, null]);
    const reload = reloader(state);
    const proof = await prove(ports, input({ workers: 4, resend: reload.resend }));
    expect(proof).toMatchObject({ verdict: 'proven', distinctAnswers: 1 });
    expect(proof.confidence).toBeGreaterThan(0.9999);
    expect(reload.calls).toBe(4);
  });

  it('not known: reloads only where answers disagree', async () => {
    serve([stored]);
    const idle = reloader({ documents: [stored] });
    expect(await prove(ports, input({ workers: null, resend: idle.resend }))).toMatchObject({
      verdict: 'proven',
      reads: 1 + 32 + 1,
    });
    expect(idle.calls).toBe(0);
  });

  it('not known and disagreeing: reloads more each time, until they agree', async () => {
    const state = serve([stored, null, null, null, null, null]);
    const reload = reloader(state);
    expect(await prove(ports, input({ workers: null, resend: reload.resend }))).toMatchObject({ verdict: 'proven' });
    expect(reload.calls).toBe(12);
  });

  it('one that never follows: gives up after enough reloads and says so', async () => {
    serve([stored, stored, stored, null]);
    const stubborn = reloader({ documents: [] });
    const proof = await prove(ports, input({ workers: 4, resend: stubborn.resend }));
    expect(proof).toMatchObject({ verdict: 'contradicted', trap: 'staleWorkers', distinctAnswers: 2 });
    expect(stubborn.calls).toBe(36);
    expect(proof.diagnosis).toContain('some workers');
  });

  it('answers that differ and are all wrong are no reason to reload, but every read is made', async () => {
    serve(['{"/a":{"burst":1}}', '{"/a":{"burst":2}}']);
    const idle = reloader({ documents: [] });
    const proof = await prove(ports, input({ workers: 2, resend: idle.resend }));
    expect(proof).toMatchObject({ verdict: 'contradicted', distinctAnswers: 2 });
    expect(texts(proof)).toContain('all 14 reads');
    expect(idle.calls).toBe(2);
  });

  it('without a reload (verify) it only looks', async () => {
    serve([stored, null]);
    const proof = await prove(ports, input({ workers: 2, reports: [] }));
    expect(proof).toMatchObject({
      verdict: 'contradicted',
      trap: 'staleWorkers',
      diagnosis: expect.stringContaining('run rlctl reload') as string,
    });
  });

  it('nothing changed: one stored override stands for all, and is read as often', async () => {
    serve([stored]);
    const proof = await prove(ports, input({ changed: [], workers: 4, reports: [] }));
    expect(proof).toMatchObject({ verdict: 'proven', coverage: { sampled: 1, of: 1 }, reads: 1 + 33 + 1 });
  });

  it('many changed prefixes share the reads', async () => {
    const text = JSON.stringify(
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`/r${index}/`, { burst: 20 + index }])),
    );
    plane.expectPolicy({}, ({ query }) => says(text, query.route), 'atLeastOnce');
    const changed = [...loadOverrides(Buffer.from(text)).entries].map(({ prefix }) => prefix);
    const proof = await prove(
      ports,
      input({ storedBytes: Buffer.from(text), changed, workers: null, reports: [report({ overridesCount: 100 })] }),
    );
    expect(proof).toMatchObject({ verdict: 'proven', reads: 1 + 6 * 100 });
    expect(proof.confidence).toBeGreaterThan(0.9999);
  });
});

describe('more processes seen before than are configured', () => {
  const known = { readsOverrides: true, enforcesOverrides: null, workersSeen: 2 };

  it('the larger number decides how often is read, and it is said', async () => {
    plane.expectPolicy({}, ({ query }) => says('{"/a":{"burst":20}}', query.route), 'atLeastOnce');
    const seen = { storedBytes: Buffer.from('{"/a":{"burst":20}}'), changed: ['/a'], reports: [], resend: null };
    const proof = await prove(ports, input({ ...seen, workers: 1, known }));
    expect(proof).toMatchObject({ verdict: 'proven', reads: 1 + 14 });
    expect(proof.evidence.map(({ text }) => text).join()).toContain('the configuration says 1');
    // Seen over two addresses, it is one for each.
    const two = ['https://a.example.com', 'https://b.example.com'].map((origin) => ({ origin, basePath: '/internal' }));
    const each = await prove(ports, input({ ...seen, workers: 1, known, endpoints: two }));
    expect(each).toMatchObject({ verdict: 'proven', reads: 2 + 2 });
  });
});

describe('the sample', () => {
  const text = JSON.stringify(
    Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`/r${index}/`, { burst: 20 }])),
  );
  const many = (fields: Partial<ProofInput> = {}) =>
    input({ storedBytes: Buffer.from(text), changed: ['/r7/'], reports: [report({ overridesCount: 200 })], ...fields });
  const asked = (): string[] => plane.policies.map(({ query }) => query.route).slice(2);

  it.each([
    [{}, 50],
    [{ samples: 120 }, 120],
    [{ samples: Infinity }, 199],
  ])('is 50 others or as many as asked for, and the coverage is stated (%j)', async (wanted, sampled) => {
    plane.expectPolicy({}, ({ query }) => says(text, query.route), 'atLeastOnce');
    expect(await prove(ports, many(wanted))).toMatchObject({
      verdict: 'proven',
      coverage: { sampled, of: 199 },
    });
    expect(new Set(asked()).size).toBe(sampled);
    expect(asked()).not.toContain('/r7/');
  });

  it('ends early where every answer lists thousands of overrides', async () => {
    const prefixes = Array.from({ length: 10_000 }, (_, index) => `/r${index}/`);
    const huge = JSON.stringify(Object.fromEntries(prefixes.map((prefix) => [prefix, { burst: 20 }])));
    plane.expectPolicy({}, ({ query }) => says(huge, query.route, { activeOverrides: prefixes }), 'atLeastOnce');
    const reports = [report({ overridesCount: 10_000 })];
    const proof = await prove(ports, many({ storedBytes: Buffer.from(huge), reports }));
    expect(proof).toMatchObject({ verdict: 'proven', coverage: { of: 9999 } });
    // Those under way are finished: eight at once.
    expect(proof.coverage.sampled).toBeGreaterThanOrEqual(5);
    expect(proof.coverage.sampled).toBeLessThanOrEqual(12);
  });

  it.each([
    [1, false],
    [4, true],
    [null, true],
  ])('takes connections of its own wherever there may be another worker (%j)', async (workers, isFresh) => {
    plane.expectPolicy({}, ({ query }) => says(text, query.route), 'atLeastOnce');
    await prove(ports, many({ workers, samples: 5 }));
    expect(plane.policies.slice(-5).map(({ options }) => options.isFresh)).toEqual(Array(5).fill(isFresh));
  });

  it('is the same for the same chance, and another for another', async () => {
    plane.expectPolicy({}, ({ query }) => says(text, query.route), 'atLeastOnce');
    const runs: string[][] = [];
    for (const seed of [3, 3, 4]) {
      const before = plane.policies.length;
      await prove({ ...ports, randomness: createFakeRandomness(seed) }, many({ samples: 5 }));
      runs.push(plane.policies.slice(before + 2).map(({ query }) => query.route));
    }
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]).not.toEqual(runs[2]);
    expect(runs[0]).toHaveLength(5);
  });

  it('one that differs contradicts', async () => {
    plane.expectPolicy({ route: '/r7/' }, says(text, '/r7/'));
    plane.expectPolicy(
      {},
      ({ query }) => says(query.route.startsWith('/r') && !query.route.startsWith('/rlctl') ? null : text, query.route),
      'atLeastOnce',
    );
    expect(await prove(ports, many())).toMatchObject({ verdict: 'contradicted' });
  });

  it('picks each item at most once, and all where few', () => {
    const picked = pickSome([1, 2, 3, 4, 5], 9, createFakeRandomness(5));
    expect(new Set(picked)).toEqual(new Set([1, 2, 3, 4, 5]));
    expect(picked).toHaveLength(5);
    expect(pickSome([], 3, createFakeRandomness())).toEqual([]);
    const counts = new Map<number, number>();
    const randomness = createFakeRandomness(9);
    for (let run = 0; run < 3000; run += 1)
      for (const item of pickSome([0, 1, 2, 3, 4, 5], 2, randomness)) counts.set(item, (counts.get(item) ?? 0) + 1);
    expect([...counts.values()].every((count) => count > 850 && count < 1150)).toBe(true);
  });
});

describe('probes', () => {
  const url = 'https://api.example.com/a/x?q=1';
  const met = { status: 200, bucket: 'read', isShadow: false, limit: 21, remaining: 3, retryAfterSeconds: null };
  const probed = (fields: Partial<ProofInput> = {}) =>
    input({
      levelAsked: 'enforced',
      probes: [
        { url, bucket: null },
        { url: 'https://api.example.com/other', bucket: null },
      ],
      ...fields,
    });

  it('only those that a changed prefix reaches, each once, compared with the bucket they met', async () => {
    serve([stored]);
    plane.expectProbe(url, met);
    expect(await prove(ports, probed())).toMatchObject({
      verdict: 'proven',
      levelReached: 'enforced',
      learned: { enforcesOverrides: true },
    });
    plane.assertDone();
  });

  it('shown and not enforced', async () => {
    serve([stored]);
    plane.expectProbe(url, { ...met, limit: 11 });
    expect(await prove(ports, probed())).toMatchObject({
      verdict: 'contradicted',
      levelReached: 'loaded',
      trap: 'overridesNotEnforced',
      diagnosis: expect.stringContaining('shows overrides but does not enforce them') as string,
    });
  });

  it('the path is matched as the server decodes it', async () => {
    serve(['{"/ä":{"burst":20}}']);
    plane.expectProbe('https://api.example.com/%C3%A4/x', met);
    const fields = {
      storedBytes: Buffer.from('{"/ä":{"burst":20}}'),
      changed: ['/ä'],
      reports: [report()],
      probes: [{ url: 'https://api.example.com/%C3%A4/x', bucket: 'read' }],
    };
    expect(await prove(ports, probed(fields))).toMatchObject({ verdict: 'proven', levelReached: 'enforced' });
  });

  it('none is sent where only loaded is asked for', async () => {
    serve([stored]);
    expect(await prove(ports, probed({ levelAsked: 'loaded' }))).toMatchObject({
      verdict: 'proven',
      levelReached: 'loaded',
    });
    plane.assertDone();
  });
});

describe('metrics', () => {
  it('a reload counts from its sending on, and the overrides it loads only once it is done', async () => {
    serve([stored]);
    const asked: MetricQuestion[] = [];
    const read = async (question: MetricQuestion): Promise<MetricObservations> => {
      asked.push(question);
      const failure = 'could not be read';
      return {
        ...question,
        source: '',
        isScraped: false,
        instances: [],
        spellings: [],
        failure,
        isOtherNamespace: false,
      };
    };
    const doneMs = clock.nowMs();
    await prove({ ...ports, metrics: { open: async () => undefined, read } }, input({ reloadSentMs: doneMs - 700 }));
    expect(asked).toEqual([{ sinceMs: doneMs, reload: { sentMs: doneMs - 700, doneMs } }]);
  });
});

describe('waiting', () => {
  it('looks again until it is proven, with growing pauses, and reloads once each time', async () => {
    const state = serve([null]);
    const reload = { calls: 0 };
    const resend = async (): Promise<readonly ReloadReport[]> => {
      if ((reload.calls += 1) === 3) state.documents[0] = stored;
      return [report({ overridesCount: reload.calls >= 3 ? 2 : 0 })];
    };
    const proof = await prove(ports, input({ reports: [report({ overridesCount: 0 })], resend, waitMs: 9000 }));
    expect(proof).toMatchObject({ verdict: 'proven' });
    expect(clock.slept).toHaveLength(3);
    expect(clock.slept[2]).toBeGreaterThan(clock.slept[0] ?? Infinity);
    expect(proof.tookMs).toBe(clock.slept.reduce((sum, ms) => sum + ms, 0));
  });

  it('ends with the last verdict when the time is over', async () => {
    serve([null]);
    const proof = await prove(ports, input({ waitMs: 3000 }));
    expect(proof).toMatchObject({ verdict: 'contradicted' });
    expect(proof.tookMs).toBeLessThanOrEqual(3000);
    expect(clock.slept.length).toBeGreaterThan(1);
  });

  it('waits as long as the general limiter says, or not at all', async () => {
    plane.expectPolicy({}, refused(429, { retry_after: 4 }), 1);
    plane.expectPolicy({}, ({ query }) => says(stored, query.route), 'atLeastOnce');
    expect(await prove(ports, input({ waitMs: 8000 }))).toMatchObject({ verdict: 'proven' });
    expect(clock.slept).toEqual([4000]);
  });

  it('does not start a wait that the limiter would outlast', async () => {
    plane.expectPolicy({}, refused(429, { retry_after: 59 }), 1);
    expect(await prove(ports, input({ waitMs: 8000 }))).toMatchObject({ verdict: 'notProven' });
    expect(clock.slept).toEqual([]);
  });
});

it('another site proves nothing', async () => {
  plane.expectPolicy({}, ({ query }) => ({ ...says(stored, query.route), siteMode: 'preview' }), 'atLeastOnce');
  const proof = await prove(ports, input({ siteMode: 'prod' }));
  expect(proof).toMatchObject({ verdict: 'notProven', levelReached: 'none' });
  expect(proof.evidence[0]).toMatchObject({ subject: 'siteMode' });
});

it('says what it waits for', async () => {
  serve([stored]);
  const steps: string[] = [];
  await prove(ports, input(), (text) => steps.push(text));
  expect(steps).toEqual(['reading the policy of one prefix, once', 'reading a sample of one prefix']);
});

import { beforeEach, describe, expect, test } from 'vitest';
import { loadOverrides, effectivePolicy, matchOverride } from '../../../src/domain/policy/matching.js';
import type { Expected } from '../../../src/domain/policy-test/policy-test.js';
import { readsEach } from '../../../src/procedures/policy-test/ask-server.js';
import { testLive, type LiveTestInput } from '../../../src/procedures/policy-test/test-live.js';
import type { PolicyResult } from '../../../src/ports/control-plane.js';
import {
  createFakeControlPlane,
  policyAnswer,
  refused,
  type FakeControlPlane,
  type PolicyCall,
} from '../../support/fake-control-plane.js';
import { createFakeOverrides } from '../../support/fake-override-store.js';
import { createFakeClock, createFakeDeadline, createFakeRandomness, type FakeClock } from '../../support/fake-time.js';

const document = '{"/a":{"rate":5}}';
const base = { bucket: 'read', ratePerMin: 60, burst: 10, windowSeconds: 60, isShadow: false };

let plane: FakeControlPlane;
let clock: FakeClock;

beforeEach(() => {
  plane = createFakeControlPlane();
  clock = createFakeClock();
});

const honest = ({ query }: PolicyCall): PolicyResult => {
  const winner = matchOverride(loadOverrides(Buffer.from(document)), query.route);
  return policyAnswer({ ...base, ...effectivePolicy(base, winner), bucket: query.bucket });
};

function run(tests: readonly (readonly [route: string, expected: Expected])[], fields: Partial<LiveTestInput> = {}) {
  const store = createFakeOverrides({ document }).store();
  const ports = {
    store,
    controlPlane: plane,
    clock,
    randomness: createFakeRandomness(),
    deadline: createFakeDeadline(clock),
  };
  const place = () => ({ file: 't', line: 1, column: 1 });
  return testLive(
    ports,
    {
      tests: tests.map(([route, expected]) => ({
        test: { name: route, route, method: 'PUT', bucket: null, expected, place },
        bucket: 'read',
      })),
      bases: new Map(),
      targets: ['https://api.example.com'],
      basePaths: ['/internal'],
      siteMode: null,
      lastRevision: null,
      refused: new Map(),
      workers: 1,
      ...fields,
    },
    () => undefined,
  );
}

describe('tests against servers', () => {
  test('ask each question once where one process answers, with its method', async () => {
    plane.expectPolicy({}, honest, 'atLeastOnce');
    const { results } = await run([
      ['/a', { rate: 5 }],
      ['/a', { burst: 10 }],
      ['/b', { rate: 60 }],
    ]);
    expect(results.map(({ state }) => state)).toEqual(['passed', 'passed', 'passed']);
    const asked = plane.policies.filter(({ query }) => ['/a', '/b'].includes(query.route));
    expect(asked.map(({ query, options }) => [query.route, query.method, options.isFresh])).toEqual([
      ['/a', 'PUT', false],
      ['/b', 'PUT', false],
    ]);
  });

  test('ask as often as a proof does where several processes may answer, each on a connection of its own', async () => {
    plane.expectPolicy({}, honest, 'atLeastOnce');
    const { results, readsEach: each } = await run([['/a', { rate: 5 }]], { workers: 4 });
    const asked = plane.policies.filter(({ query }) => query.route === '/a');
    expect(asked).toHaveLength(33);
    expect([each, results[0]?.sides[1]?.reads]).toEqual([33, 33]);
    expect(asked.every(({ options }) => options.isFresh)).toBe(true);
  });

  test.each([
    [1, 5, 1],
    [null, 16, 32],
    [null, 32, 16],
    [4, 100_000, 1],
  ])('%j processes and %i questions: %i reads each', (workers, questions, reads) => {
    expect(readsEach(workers, questions)).toBe(reads);
  });

  test('a refusal of one question leaves the others', async () => {
    plane.expectPolicy({ route: '/a' }, refused(422, { detail: 'no such route' }), 'atLeastOnce');
    plane.expectPolicy({}, honest, 'atLeastOnce');
    const { results } = await run([
      ['/a', { rate: 5 }],
      ['/b', { rate: 60 }],
    ]);
    expect(results.map(({ state }) => state)).toEqual(['error', 'passed']);
    expect(results[0]?.because.join()).toMatch(
      /the server could not be asked in full: 0 of 1 read answered.*no such route/,
    );
  });

  test('a server that asks to wait is asked nothing more', async () => {
    plane.expectPolicy({ route: '/' }, honest);
    plane.expectPolicy({ route: '/r0' }, refused(429, { code: 'RATE_LIMIT_EXCEEDED', retry_after: 59 }), 'atLeastOnce');
    plane.expectPolicy({}, honest, 'atLeastOnce');
    const many = Array.from({ length: 100 }, (_, index): readonly [string, Expected] => [`/r${index}`, { rate: 60 }]);
    const { results } = await run(many);
    expect(results.at(-1)?.state).toBe('error');
    expect(results.at(-1)?.because.join()).toContain('asked to wait 59 s');
    expect(plane.policies.length).toBeLessThan(20);
  });

  test('where no question is answered at all, that is an error and no report', async () => {
    plane.expectPolicy({ route: '/' }, honest);
    plane.expectPolicy({}, refused(500, { detail: 'down' }), 'atLeastOnce');
    await expect(run([['/a', { rate: 5 }]])).rejects.toMatchObject({ kind: 'unreachable', code: 'POLICY_UNANSWERED' });
  });

  test('a server that is another environment is a guard', async () => {
    plane.expectPolicy({}, { ...policyAnswer(base), siteMode: 'prod' }, 'atLeastOnce');
    await expect(run([['/a', { rate: 5 }]], { siteMode: 'preview' })).rejects.toMatchObject({ kind: 'guard' });
  });
});

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createControlPlane } from '../../src/adapters/http/control-plane.js';
import { createDeadline } from '../../src/adapters/system/deadline.js';
import { systemClock } from '../../src/adapters/system/clock.js';
import { Secret } from '../../src/domain/secret.js';
import { profilesFor } from '../../src/domain/signing/profile.js';
import type { Learned, Proof, Verdict } from '../../src/domain/proof/proof.js';
import type { TrapId } from '../../src/domain/proof/traps.js';
import { prove } from '../../src/procedures/proof/prove.js';
import { reloadAgain, sendReload } from '../../src/procedures/reload/send.js';
import type { Behaviour, Dialect } from '../../src/sandbox/behaviour.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js';
import { createFakeRandomness } from '../support/fake-time.js';
import { startRedis, type RunningRedis } from '../support/redis-server.js';

let redis: RunningRedis;
const running: { sandbox?: Sandbox; folder?: string; redis?: RunningRedis } = {};
let namespaces = 0;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(async () => redis.stop());

afterEach(async () => {
  await running.sandbox?.stop();
  if (running.folder !== undefined) await rm(running.folder, { recursive: true, force: true });
  await running.redis?.stop();
  delete running.redis;
  delete running.sandbox;
  delete running.folder;
});

interface Scenario {
  readonly dialect: Dialect;
  readonly workers: number;
  readonly knowsWorkers?: boolean;
  readonly behaviour?: Partial<Behaviour>;
  /** What is stored before the server starts; the change is then made on top. */
  readonly before?: string;
  readonly stored?: string;
  readonly changed?: readonly string[];
  /** At the reload: the server's Redis is gone, or the document is not where the server looks. */
  readonly redis?: 'down' | 'elsewhere';
  readonly probe?: boolean;
  readonly known?: Learned;
}

const document = '{"/api/search":{"rate":120,"burst":20},"/api/payments":{"rate":3,"burst":1}}';

/** Starts a sandbox, changes the document behind its back, reloads and proves. */
async function run(scenario: Scenario): Promise<Proof> {
  const namespace = `proof${(namespaces += 1)}`;
  const key = `${namespace}:rl:overrides`;
  const server = scenario.redis === 'down' ? (running.redis = await startRedis()) : redis;
  if (scenario.before !== undefined) await server.cli('SET', key, scenario.before);
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-proof-'));
  running.folder = folder;
  const options = {
    dialect: scenario.dialect,
    workers: scenario.workers,
    trafficPerSecond: 0,
    redisUrl: server.url,
    port: 0,
    namespace,
    folder,
  };
  const sandbox = await startSandbox({ ...options, behaviour: { redisTimeoutMs: 5000, ...scenario.behaviour } });
  running.sandbox = sandbox;
  const stored = scenario.stored ?? document;
  await server.cli('SET', key, stored);
  if (scenario.redis === 'elsewhere') await server.cli('RENAME', key, `${namespace}:elsewhere`);
  if (scenario.redis === 'down') await server.stop();
  return reloadAndProve(sandbox, scenario, stored);
}

async function reloadAndProve(sandbox: Sandbox, scenario: Scenario, stored: string): Promise<Proof> {
  const controlPlane = createControlPlane({});
  const deadline = createDeadline(systemClock, 20_000, new AbortController().signal);
  const ports = { controlPlane, clock: systemClock, randomness: createFakeRandomness(), deadline };
  const secret = new Secret((await readFile(sandbox.secretFile, 'utf8')).trim());
  const reload = {
    targets: [sandbox.origin],
    basePaths: ['/internal', '/api/v1/internal'],
    profiles: profilesFor('auto'),
    secret,
    origin: null,
    siteMode: null,
  };
  try {
    const reloads = await sendReload(ports, reload);
    expect(reloads).toMatchObject([
      { outcome: 'accepted', profile: sandbox.behaviour.signing, endpoint: { basePath: sandbox.basePath } },
    ]);
    return await prove(ports, {
      endpoints: reloads.flatMap(({ endpoint }) => endpoint ?? []),
      reports: reloads.flatMap(({ report }) => report ?? []),
      reloadSentMs: null,
      storedBytes: Buffer.from(stored),
      changed: scenario.changed ?? ['/api/search'],
      workers: scenario.knowsWorkers === false ? null : scenario.workers,
      levelAsked: scenario.probe === true ? 'enforced' : 'loaded',
      probes: scenario.probe === true ? [{ url: `${sandbox.origin}/api/search`, bucket: 'read' }] : [],
      siteMode: null,
      resend: reloadAgain(ports, reload, reloads),
      waitMs: 0,
      ...(scenario.known === undefined ? {} : { known: scenario.known }),
    });
  } finally {
    controlPlane.close();
  }
}

const reader: Learned = { readsOverrides: true, enforcesOverrides: null };

type Row = readonly [
  string,
  Omit<Scenario, 'dialect' | 'workers'>,
  Record<Dialect, readonly [Verdict, Proof['levelReached'], TrapId | null]>,
];

/** Chance that repeats: a load balancer that does not take turns. */
function byChance(connection: number, workers: number): number {
  return createHash('sha256').update(String(connection)).digest().readUInt32BE() % workers;
}

const table: readonly Row[] = [
  ['healthy', {}, { documented: ['proven', 'loaded', null], deployed: ['proven', 'loaded', null] }],
  [
    'healthy, its workers not known',
    { knowsWorkers: false },
    { documented: ['proven', 'loaded', null], deployed: ['proven', 'loaded', null] },
  ],
  [
    'healthy, an override removed',
    { before: document, stored: '{"/api/payments":{"rate":3,"burst":1}}' },
    { documented: ['proven', 'loaded', null], deployed: ['proven', 'loaded', null] },
  ],
  [
    'healthy, the last override removed',
    { before: document, stored: '{}' },
    { documented: ['proven', 'loaded', null], deployed: ['proven', 'loaded', null] },
  ],
  [
    'healthy, an override that equals the base',
    { stored: '{"/api/search":{"rate":60,"burst":10}}' },
    { documented: ['proven', 'loaded', null], deployed: ['proven', 'loaded', null] },
  ],
  [
    'healthy, nothing changed',
    { changed: [] },
    { documented: ['proven', 'loaded', null], deployed: ['proven', 'loaded', null] },
  ],
  [
    'healthy, hidden by an earlier prefix',
    { stored: '{"/api":{"burst":7},"/api/search":{"burst":20}}' },
    { documented: ['proven', 'loaded', null], deployed: ['proven', 'loaded', null] },
  ],
  [
    'healthy, everything matched by an empty prefix',
    { stored: '{"":{"burst":7},"/api/search":{"burst":20}}', changed: [''] },
    { documented: ['proven', 'loaded', null], deployed: ['proven', 'loaded', null] },
  ],
  [
    'healthy and probed',
    { probe: true, behaviour: { enforcesOverrides: true } },
    { documented: ['proven', 'enforced', null], deployed: ['proven', 'enforced', null] },
  ],
  [
    'shown but not enforced',
    { probe: true, behaviour: { enforcesOverrides: false } },
    {
      documented: ['contradicted', 'loaded', 'overridesNotEnforced'],
      deployed: ['contradicted', 'loaded', 'overridesNotEnforced'],
    },
  ],
  [
    'probed, where only the rate changed',
    { probe: true, stored: '{"/api/search":{"rate":120}}', behaviour: { enforcesOverrides: true } },
    { documented: ['notProven', 'loaded', null], deployed: ['notProven', 'loaded', null] },
  ],
  // Which of the two it is cannot be seen from outside: a server that lists overrides is taken for one that reads them.
  [
    'overrides ignored',
    { behaviour: { readsOverridesAtReload: false } },
    {
      documented: ['contradicted', 'none', 'otherNamespaceOrRedisUnreachable'],
      deployed: ['contradicted', 'none', 'overridesNotRead'],
    },
  ],
  [
    'another namespace',
    { redis: 'elsewhere', known: reader },
    {
      documented: ['contradicted', 'none', 'otherNamespaceOrRedisUnreachable'],
      deployed: ['contradicted', 'none', 'otherNamespaceOrRedisUnreachable'],
    },
  ],
  [
    'Redis down at the reload',
    { redis: 'down', known: reader },
    {
      documented: ['contradicted', 'none', 'otherNamespaceOrRedisUnreachable'],
      deployed: ['contradicted', 'none', 'otherNamespaceOrRedisUnreachable'],
    },
  ],
  [
    'healthy, connections spread by chance',
    { behaviour: { pickWorker: byChance } },
    { documented: ['proven', 'loaded', null], deployed: ['proven', 'loaded', null] },
  ],
  [
    'the same, its workers not known',
    { knowsWorkers: false, behaviour: { pickWorker: byChance } },
    { documented: ['proven', 'loaded', null], deployed: ['proven', 'loaded', null] },
  ],
  [
    'environment overrides in front',
    { behaviour: { environmentOverrides: '{"/api":{"rate":1,"burst":0}}' } },
    {
      documented: ['contradicted', 'none', 'environmentOverridesInFront'],
      deployed: ['contradicted', 'none', 'environmentOverridesInFront'],
    },
  ],
  [
    'environment overrides elsewhere',
    { behaviour: { environmentOverrides: '{"/auth":{"rate":1,"burst":0}}' } },
    {
      documented: ['contradicted', 'none', 'environmentOverridesInFront'],
      deployed: ['contradicted', 'none', 'environmentOverridesInFront'],
    },
  ],
  [
    'a broken document',
    { stored: '{"/api/search":{"rate":120,}' },
    { documented: ['contradicted', 'none', 'documentDropped'], deployed: ['contradicted', 'none', 'documentDropped'] },
  ],
  [
    'a document that is a list',
    { stored: '[]' },
    { documented: ['contradicted', 'none', 'documentDropped'], deployed: ['contradicted', 'none', 'documentDropped'] },
  ],
];

for (const dialect of ['documented', 'deployed'] as const) {
  for (const workers of [1, 4]) {
    describe(`${dialect}, ${workers} worker(s)`, () => {
      it.each(table)('%s', async (_, scenario, expected) => {
        const proof = await run({ ...scenario, dialect, workers });
        const [verdict, level, trap] = expected[dialect];
        expect([proof.verdict, proof.levelReached, proof.trap], JSON.stringify(proof, null, 1)).toEqual([
          verdict,
          level,
          trap,
        ]);
        expect(proof.diagnosis).not.toBe('');
      });
    });
  }

  describe(`${dialect}, one stale worker among 4`, () => {
    const stale = { dialect, workers: 4, behaviour: { staleWorkers: [2] } };

    it.each([
      ['their number known', {}],
      ['their number not known', { knowsWorkers: false }],
      ['nothing changed', { changed: [] }],
      ['nothing visible', { stored: '{"/api/search":{"rate":60,"burst":10}}' }],
    ])('is found: %s', async (_, more) => {
      const proof = await run({ ...stale, ...more });
      expect([proof.verdict, proof.trap], JSON.stringify(proof, null, 1)).toEqual(['contradicted', 'staleWorkers']);
    });
  });

  it(`${dialect}: reloads are repeated until every worker had one, though their number is not known`, async () => {
    const proof = await run({ dialect, workers: 4, knowsWorkers: false, changed: ['/api/search'] });
    expect(proof).toMatchObject({ verdict: 'proven', distinctAnswers: 1 });
    expect(running.sandbox?.workers().every(({ reloads }) => reloads > 0)).toBe(true);
  });
}

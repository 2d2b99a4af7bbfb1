import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/adapters/system/clock.js';
import { createEnvFiles } from '../../../src/adapters/system/env-files.js';
import { systemRandomness } from '../../../src/adapters/system/randomness.js';
import { createOverrideStore } from '../../../src/adapters/redis/override-store.js';
import { bucketNamed } from '../../../src/domain/config/bucket-names.js';
import { Secret } from '../../../src/domain/secret.js';
import { planChange } from '../../../src/procedures/override/plan.js';
import { writePlan } from '../../../src/procedures/override/write.js';
import { envFileDriver } from '../../../src/procedures/shadow/env-file-driver.js';
import { shadowOnIntent } from '../../../src/procedures/shadow/route-intent.js';
import { deadlineIn } from '../../contracts/override-store.kit.js';
import { startRedis } from '../../support/redis-server.js';

describe('an env file that somebody else changes in between', () => {
  const state = { folder: '', path: '' };
  beforeEach(async () => {
    state.folder = await mkdtemp(join(tmpdir(), 'rlctl-conflict-'));
    state.path = join(state.folder, 'limiter.env');
    await writeFile(state.path, 'A=1\nRATE_LIMIT_SHADOW_READ=false\n');
  });
  afterEach(() => rm(state.folder, { recursive: true, force: true }));

  const planned = async () => {
    const driver = envFileDriver({ envFiles: createEnvFiles(), clock: systemClock }, state.path);
    const bucket = bucketNamed({ buckets: new Map() }, 'read');
    const wishes = [{ bucket, isOn: true, record: null, serverSays: null, pending: null }];
    const flags = await driver.plan(wishes);
    return () => driver.apply(wishes, flags);
  };

  test('on the same line is a conflict that shows all three, and nothing is written', async () => {
    const apply = await planned();
    await writeFile(state.path, 'A=1\nRATE_LIMIT_SHADOW_READ=1\n');
    await expect(apply()).rejects.toMatchObject({
      kind: 'conflict',
      details: { variables: [{ variable: 'RATE_LIMIT_SHADOW_READ', base: 'false', theirs: '1', mine: 'true' }] },
    });
    expect(await readFile(state.path, 'utf8')).toBe('A=1\nRATE_LIMIT_SHADOW_READ=1\n');
  });

  test('on another line keeps both', async () => {
    const apply = await planned();
    await writeFile(state.path, 'A=2\nB=3\nRATE_LIMIT_SHADOW_READ=false\nC=4');
    await apply();
    expect(await readFile(state.path, 'utf8')).toBe('A=2\nB=3\nRATE_LIMIT_SHADOW_READ=true\nC=4');
  });
});

describe('a document that somebody else changes in between', () => {
  test('is a conflict where a route of the bucket changed, and merged where another one did', async () => {
    const redis = await startRedis();
    const ports = { clock: systemClock, randomness: systemRandomness };
    const store = createOverrideStore({ url: new Secret(redis.url), namespace: 'n' }, ports);
    try {
      const environment = { name: 'e', isProtected: false, requirements: [] };
      const wanted = {
        routes: ['/a', '/b'],
        others: [],
        left: [],
        isSpillAllowed: false,
        ifRevision: null,
        environment,
      };
      const author = { actor: 'a', reason: null, ticket: null, rlctl: '0', environment: 'e' };
      const all = { ...ports, store, deadline: deadlineIn(8000) };
      const first = await planChange(all, shadowOnIntent(wanted, { kind: 'unsaid' }));
      await redis.cli('SET', 'n:rl:overrides', '{"/c":{"rate":1}}');
      expect(await writePlan(all, first, author)).toMatchObject({ conflicts: 1 });
      expect(JSON.parse(await redis.cli('GET', 'n:rl:overrides'))).toEqual({
        '/c': { rate: 1 },
        '/a': { shadow: true },
        '/b': { shadow: true },
      });

      await redis.cli('SET', 'n:rl:overrides', '{}');
      const second = await planChange(all, shadowOnIntent(wanted, { kind: 'unsaid' }));
      await redis.cli('SET', 'n:rl:overrides', '{"/b":{"rate":1}}');
      await expect(writePlan(all, second, author)).rejects.toMatchObject({ kind: 'conflict', code: 'CONFLICT' });
      expect(await redis.cli('GET', 'n:rl:overrides')).toBe('{"/b":{"rate":1}}');
    } finally {
      store.close();
      await redis.stop();
    }
  });
});

import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { reloadRaw } from '../../support/raw-reload.js';
import { startRedis, type RunningRedis } from '../../support/redis-server.js';
import { jsonOf, openWorld, type JsonObject, type World } from '../../support/world.js';
import { matrix, type Cell, type Row } from './matrix.js';

const namespace = 'matrix';
const key = `${namespace}:rl:overrides`;
const document = '{"/api/search":{"rate":120,"burst":20},"/api/payments":{"rate":3,"burst":1,"shadow":true}}';

interface Running {
  readonly world: World;
  readonly sandbox: Sandbox;
}

const state = {} as { redis: RunningRedis; running: Running | null };
beforeAll(async () => {
  state.redis = await startRedis();
});
afterAll(() => state.redis.stop());
afterEach(async () => {
  const { running } = state;
  state.running = null;
  await running?.sandbox.stop();
  await running?.world.remove();
  await state.redis.cli('FLUSHALL');
});

/** The server of a row, with the document stored and every worker reloaded, in front of a user who has seen none of it. */
async function open(row: Row): Promise<Running> {
  const { redis } = state;
  const world = await openWorld();
  const proxy = row.afterwards === 'redisDown' ? await startFaultProxy(redis.port) : null;
  const sandbox = await startSandbox({
    dialect: row.dialect,
    workers: row.workers,
    trafficPerSecond: 0,
    redisUrl: proxy === null ? redis.url : `redis://127.0.0.1:${proxy.port}`,
    port: 0,
    namespace: row.stored === 'otherNamespace' ? 'other' : namespace,
    folder: join(world.root, 'sandbox'),
    behaviour: { redisTimeoutMs: proxy === null ? 5000 : 300, ...row.behaviour },
  });
  state.running = { world, sandbox };
  const database = row.stored === 'otherDatabase' ? '1' : '0';
  await redis.cli('-n', database, 'SET', key, document);
  // From now on nothing reaches its Redis.
  await proxy?.stop();
  await reloadRaw(sandbox, 2 * row.workers);
  if (row.afterwards === 'brokenJson') await redis.cli('SET', key, '{"/api/search":{"rate":120,}');
  if (row.afterwards === 'wrongType') await redis.cli('DEL', key).then(() => redis.cli('LPUSH', key, 'x'));
  if (row.afterwards === 'unusableEntry') await redis.cli('SET', key, document.replace('120', '"12.5"'));
  const lab = {
    api: sandbox.origin,
    namespace: row.isLookingElsewhere === true ? 'nothing' : namespace,
    redis: `${redis.url.replace(/\/\d*$/, '')}/${database}`,
    secret: { file: sandbox.secretFile },
    workers: row.workers,
    metrics: `${sandbox.origin}/metrics`,
    ...(row.siteMode === undefined ? {} : { siteMode: row.siteMode }),
  };
  await world.config('lab.yaml', { environments: { lab } });
  return state.running;
}

async function cellOf({ world, sandbox }: Running, row: Row, flags: readonly string[]) {
  const probe = row.isProbed === true ? ['--probe', `${sandbox.origin}/api/search`] : [];
  const ran = await world.main(['verify', ...flags, ...probe, '--json'], {
    env: { RLCTL_CONFIG: join(world.cwd, 'lab.yaml') },
  });
  expect(ran.err).toBe('');
  const { proof } = jsonOf<{ proof: JsonObject }>(ran.out);
  return { cell: { verdict: proof['verdict'], trap: proof['trap'], exit: ran.code }, proof };
}

function expectCell({ cell, proof }: Awaited<ReturnType<typeof cellOf>>, expected: Cell): void {
  expect(cell, JSON.stringify(proof, null, 1)).toEqual(expected);
  if (expected.trap !== null) expect(String(proof['diagnosis']).length).toBeGreaterThan(40);
}

describe('every kind of server', () => {
  test.each(matrix.map((row) => [row.server, row] as const))('%s', async (_, row) => {
    const running = await open(row);
    const reloads = () => running.sandbox.workers().reduce((sum, each) => sum + each.reloads, 0);
    const before = reloads();
    expectCell(await cellOf(running, row, []), row.verify);
    expect(reloads()).toBe(before);
    expectCell(await cellOf(running, row, ['--reload']), row.withReload);
  });
});

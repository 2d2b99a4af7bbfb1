import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { operationsKey } from '../../src/domain/redis-keys.js';
import { startCli } from '../support/cli.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { jsonOf, type JsonObject, type ShownError } from '../support/world.js';

// A panic that the API keeps waiting, or that somebody interrupts: on record before it acts, and not begun where it is not.

const state = {} as { lab: Lab; redis: FaultProxy; api: FaultProxy; config: string; seen: string; flags: string };
beforeAll(async () => {
  const lab = await openLab();
  const redis = await startFaultProxy(lab.redis.port);
  const api = await startFaultProxy(Number(new URL(String(lab.environment['api'])).port));
  const seen = join(lab.world.root, 'seen');
  // What a platform's program finds on record when it is run.
  const script = await lab.world.write(
    'platform.sh',
    [
      `redis-cli -p ${lab.redis.port} HGET '${operationsKey(labKey)}' panic > '${seen}'`,
      'sed -i "s/^${2%%=*}=.*/$2/" "$1"',
    ].join('\n'),
  );
  const environment = {
    ...lab.environment,
    redis: `redis://127.0.0.1:${redis.port}`,
    api: `http://127.0.0.1:${api.port}`,
    shadowDriver: { 'env-file': lab.sandbox.envFile },
    killSwitch: { exec: ['sh', script, lab.sandbox.envFile, '{variable}={value}'] },
  };
  const config = await lab.world.config('cut.yaml', { environments: { lab: environment } });
  Object.assign(state, { lab, redis, api, config, seen, flags: await readFile(lab.sandbox.envFile, 'utf8') });
});
afterAll(async () => {
  await state.redis.stop();
  await state.api.stop();
  await state.lab.stop();
});
beforeEach(async () => {
  state.redis.clear();
  state.api.clear();
  await writeFile(state.lab.sandbox.envFile, state.flags);
  await writeFile(state.seen, '');
  await state.lab.reset();
});

const file = (): Promise<string> => readFile(state.lab.sandbox.envFile, 'utf8');

function startPlain(...args: readonly string[]) {
  const { world } = state.lab;
  const env = { ...world.env, RLCTL_CONFIG: state.config };
  return startCli(args, { env, cwd: world.cwd });
}

const start = (...args: readonly string[]) => startPlain(...args, '--json');

async function openPanics(): Promise<readonly JsonObject[]> {
  const listed = await start('panic', 'list').ended;
  return jsonOf<{ panics: readonly JsonObject[] }>(listed.out).panics;
}

describe('an API that does not answer', () => {
  test('does not cost a kill switch its record or its program', async () => {
    const asked = state.api.strike({ at: 'request', containing: 'GET /', action: 'silence', times: 100 });
    const ran = await start('panic', 'global', '--timeout', '10s').ended;
    await asked;
    expect([ran.code, ran.err]).toEqual([0, '']);
    const { panicId } = jsonOf<{ panicId: string }>(ran.out);
    expect(await readFile(state.seen, 'utf8')).toContain(panicId);
    expect(await file()).toContain('RATE_LIMIT_ENABLED=false');
    expect(await openPanics()).toMatchObject([{ panicId, way: 'kill-switch' }]);
  });

  test('when it is asked for the flags does not cost a panic by flags its record', async () => {
    // It answers who it is, and is silent once it is asked how the bucket stands.
    const asked = state.api.strike({ at: 'request', containing: 'bucket=financial', action: 'silence' });
    const ran = await start('panic', 'bucket', 'financial', '--timeout', '10s').ended;
    await asked;
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(await file()).toContain('RATE_LIMIT_SHADOW_FINANCIAL=true');
    expect(await openPanics()).toMatchObject([{ panicId: jsonOf(ran.out)['panicId'], way: 'flags' }]);
  });

  test('is named with the way that needs none of it, which is on record', async () => {
    state.api.inject({ at: 'connect', action: 'reset', times: 100 });
    const failed = await start('panic', 'bucket', 'financial').ended;
    const { error } = jsonOf<{ error: ShownError }>(failed.err);
    expect([failed.code, error.code.startsWith('API_')]).toEqual([7, true]);
    expect(error.message).toMatch(/nothing was changed$/);
    const way = /Or: rlctl (?<words>.*?--no-reload) sets the flag and records it without the API/.exec(
      error.hint ?? '',
    );
    const [, ...words] = /panic .*/.exec(way?.groups?.['words'] ?? '')?.[0].split(' ') ?? [];
    expect(words).toEqual(['bucket', 'financial', '--by', 'flags', '--no-reload']);
    const acted = await start('panic', ...words).ended;
    expect([acted.code, (await openPanics()).length]).toEqual([0, 1]);
  });
});

test('a Redis that is away does not cost a kill switch its program, and it says that nobody else sees it', async () => {
  state.redis.inject({ at: 'connect', action: 'reset', times: 100 });
  const ran = await startPlain('panic', 'global').ended;
  expect(ran.code).toBe(0);
  expect(ran.err).toContain('this panic is not recorded, so nobody else sees it');
  expect(await file()).toContain('RATE_LIMIT_ENABLED=false');
});

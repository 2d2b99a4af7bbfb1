import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { operationsKey } from '../../src/domain/redis-keys.js';
import { startCli } from '../support/cli.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { until } from '../support/until.js';
import { jsonOf, type JsonObject, type ShownError } from '../support/world.js';

// A panic that the API keeps waiting, or that somebody interrupts: on record before it acts, and not begun where it is not.

const state = {} as {
  lab: Lab;
  redis: FaultProxy;
  api: FaultProxy;
  config: string;
  seen: string;
  flags: string;
  /** What a command is given beside what every one is. */
  env: Readonly<Record<string, string>>;
};
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
      'if [ "$HANGS" = true ]; then exec tail -f /dev/null; fi',
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
  Object.assign(state, { lab, redis, api, config, seen, env: {}, flags: await readFile(lab.sandbox.envFile, 'utf8') });
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
  const env = { ...world.env, RLCTL_CONFIG: state.config, ...state.env };
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

describe('interrupted', () => {
  /** Starts a command, and interrupts it at a moment, before which it must not end. */
  async function interrupted(moment: Promise<void>, ...args: readonly string[]): Promise<ShownError> {
    const running = start(...args, '--timeout', '20s');
    const early = running.ended.then(({ code, err }) => expect.fail(`it ended by itself: ${code} ${err}`));
    await Promise.race([moment, early]);
    running.child.kill('SIGINT');
    const end = await running.ended;
    expect([end.code, end.out]).toEqual([130, '']);
    return jsonOf<{ error: ShownError }>(end.err).error;
  }
  const recorded = async (name: string): Promise<string> => state.lab.redis.cli('HGET', operationsKey(labKey), name);

  test.each(['request', 'reply'] as const)(
    'while it is put on record (%s), it sets nothing and leaves no record',
    async (at) => {
      const moment = state.redis.strike({ at, containing: '"command":"panic bucket', action: 'silence' });
      const error = await interrupted(moment, 'panic', 'bucket', 'financial');
      expect(error.message).toBe('interrupted; nothing was changed');
      expect([await file(), await openPanics()]).toEqual([state.flags, []]);
    },
  );

  test.each(['request', 'reply'] as const)(
    'while a flag is told (%s), shadow on sets nothing and leaves nothing told',
    async (at) => {
      const moment = state.redis.strike({ at, containing: '"isBegun":true', action: 'silence' });
      await interrupted(moment, 'shadow', 'on', 'financial');
      expect(await file()).toBe(state.flags);
      expect(await recorded('flags')).not.toContain('financial');
    },
  );

  const looks = {
    'Redis is read': () => state.redis.strike({ at: 'request', containing: 'GETRANGE', action: 'silence' }),
    'the API is asked': () => state.api.strike({ at: 'request', containing: 'GET /', action: 'silence' }),
  };
  test.each<readonly [keyof typeof looks, string, readonly string[]]>([
    ['Redis is read', 'changed', ['panic', 'bucket', 'financial']],
    ['Redis is read', 'written', ['shadow', 'on', 'financial']],
    ['the API is asked', 'changed', ['panic', 'bucket', 'financial']],
    ['the API is asked', 'changed', ['panic', 'global']],
  ])('while %s: nothing was %s, and that is all', async (at, done, args) => {
    const error = await interrupted(looks[at](), ...args);
    expect(error).toMatchObject({
      message: `interrupted; nothing was ${done}`,
      hint: 'Nothing has to be cleaned up: run the command again.',
    });
    expect([await file(), await openPanics()]).toEqual([state.flags, []]);
  });

  test('after it is set, it names its panic and the way back, and everybody is told', async () => {
    const moment = state.api.strike({ at: 'request', containing: 'POST /', action: 'silence' });
    const error = await interrupted(moment, 'panic', 'bucket', 'financial');
    const id = String(error.details?.['panicId']);
    expect(error.message).toContain(`it is recorded as panic ${id}`);
    expect(error.hint).toContain(`panic restore ${id}`);
    expect(await file()).toContain('RATE_LIMIT_SHADOW_FINANCIAL=true');
    expect(await openPanics()).toMatchObject([{ panicId: id }]);
    expect(await recorded('flags')).toContain('financial');
    expect((await start('panic', 'restore', id).ended).code).toBe(0);
    expect(await file()).toBe(state.flags);
  });

  test('after shadow on set a flag, it prints the command that takes that flag back', async () => {
    const moment = state.api.strike({ at: 'request', containing: 'POST /', action: 'silence' });
    const error = await interrupted(moment, 'shadow', 'on', 'financial');
    expect(error.hint).toContain('shadow off financial" to take it back');
    expect((await start('shadow', 'off', 'financial').ended).code).toBe(0);
    expect(await file()).toBe(state.flags);
  });

  test('while the program of a kill switch runs, it names its panic: the program may have done it', async () => {
    state.env = { HANGS: 'true' };
    const begun = until(async () => (await file()).includes('RATE_LIMIT_ENABLED=false'), 'the program to set it');
    const error = await interrupted(begun, 'panic', 'global').finally(() => {
      state.env = {};
    });
    const id = String(error.details?.['panicId']);
    expect(error.message).toContain(
      `it may have changed the flag, and no reload was sent; it is recorded as panic ${id}`,
    );
    expect(error.hint).toContain(`panic restore ${id}`);
    expect(await openPanics()).toMatchObject([{ panicId: id, way: 'kill-switch' }]);
  });
});

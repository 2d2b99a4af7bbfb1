import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { operationsKey } from '../../src/domain/redis-keys.js';
import { startCli } from '../support/cli.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject, type Ran } from '../support/world.js';

// A flag in a file whose writer dies without a word: what stood there is known to everybody, and only what was written counts.

const state = {} as {
  lab: Lab;
  redis: FaultProxy;
  api: FaultProxy;
  direct: string;
  through: string;
  flags: string;
  tests: number;
};
beforeAll(async () => {
  const lab = await openLab();
  const redis = await startFaultProxy(lab.redis.port);
  const api = await startFaultProxy(Number(new URL(String(lab.environment['api'])).port));
  Object.assign(state, { lab, redis, api, tests: 0, flags: await readFile(lab.sandbox.envFile, 'utf8') });
  const direct = { ...lab.environment, shadowDriver: { 'env-file': lab.sandbox.envFile } };
  const through = { redis: `redis://127.0.0.1:${redis.port}`, api: `http://127.0.0.1:${api.port}` };
  state.direct = await lab.world.config('direct.yaml', { environments: { lab: direct } });
  state.through = await lab.world.config('through.yaml', { environments: { lab: { ...direct, ...through } } });
});
afterAll(async () => {
  await state.redis.stop();
  await state.api.stop();
  await state.lab.stop();
});
beforeEach(async () => {
  state.tests += 1;
  await state.lab.reset();
});

/** Somebody who has nothing of what anybody else kept. */
const person = (name: string, config: 'direct' | 'through'): Record<string, string> => ({
  RLCTL_CONFIG: state[config],
  RLCTL_ACTOR: `${name}@host`,
  XDG_STATE_HOME: join(state.lab.world.root, `state-of-${name}-${state.tests}`),
});
const by = (name: string, ...args: string[]): Promise<Ran> =>
  state.lab.world.main([...args, '--json'], { env: person(name, 'direct') });

async function json<Result>(...args: readonly [string, ...string[]]): Promise<Result> {
  const ran = await by(...args);
  expect([ran.code, ran.err]).toEqual([0, '']);
  return jsonOf<Result & JsonObject>(ran.out);
}

const moments = {
  'before it is written': () => state.redis.strike({ at: 'reply', containing: '"isBegun":true', action: 'silence' }),
  'before it is proven': () => state.api.strike({ at: 'request', containing: '/config/reload', action: 'silence' }),
};

/** Runs the built program as ann, and kills it at a moment, before which it must not end. */
async function killed(at: keyof typeof moments, args: readonly string[]): Promise<void> {
  const { world } = state.lab;
  const moment = moments[at]();
  const env = { ...world.env, ...person('ann', 'through') };
  const running = startCli([...args, '--json'], { env, cwd: world.cwd });
  const ended = running.ended.then(({ code, err }) => expect.fail(`it ended by itself: ${code} ${err}`));
  await Promise.race([moment, ended]);
  running.child.kill('SIGKILL');
  expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
}

const file = (): Promise<string> => readFile(state.lab.sandbox.envFile, 'utf8');
const isOn = async (): Promise<boolean> => (await file()).includes('RATE_LIMIT_SHADOW_FINANCIAL=true');
const line = /^RATE_LIMIT_SHADOW_FINANCIAL=.*\n/m;
const texts: readonly (readonly [string, (flags: string) => string])[] = [
  ['a line of its own', (flags) => flags],
  ['no line', (flags) => flags.replace(line, '')],
];

describe.each(texts)('a flag with %s', (_, textOf) => {
  const begin = async (): Promise<string> => {
    const text = textOf(state.flags);
    await writeFile(state.lab.sandbox.envFile, text);
    await json('ann', 'incident', 'start', 'slow');
    return text;
  };
  const commands = async (): Promise<readonly unknown[]> => {
    const { timeline } = await json<{ timeline: readonly JsonObject[] }>('bob', 'incident', 'status');
    return timeline.flatMap(({ kind, command }) => (kind === 'flags' ? [command] : []));
  };

  test('set and killed before it is proven is put back to the byte by a colleague, with the incident', async () => {
    const text = await begin();
    await killed('before it is proven', ['shadow', 'on', 'financial']);
    expect([await isOn(), await commands()]).toEqual([true, ['shadow on financial']]);
    expect(await json('bob', 'incident', 'end', '--restore')).toMatchObject({ incident: { outcome: 'restored' } });
    expect(await file()).toBe(text);
  });

  test('and by shadow off', async () => {
    const text = await begin();
    await killed('before it is proven', ['shadow', 'on', 'financial']);
    await json('bob', 'shadow', 'off', 'financial');
    expect(await file()).toBe(text);
  });

  test('that was to be set, and whose writer was killed before, was not set for anybody', async () => {
    const text = await begin();
    await killed('before it is written', ['shadow', 'on', 'financial']);
    expect([await file(), await commands()]).toEqual([text, []]);
    expect(await json('bob', 'incident', 'end', '--restore')).toMatchObject({ incident: { outcome: 'unchanged' } });
    expect(await file()).toBe(text);
  });

  test.each<[keyof typeof moments, boolean]>([
    ['before it is written', true],
    ['before it is proven', false],
  ])('set, and off by somebody who is killed %s, is put back by a colleague', async (at, isStillOn) => {
    const text = await begin();
    await json('ann', 'shadow', 'on', 'financial');
    await killed(at, ['shadow', 'off', 'financial']);
    expect(await isOn()).toBe(isStillOn);
    await json('bob', 'incident', 'end', '--restore');
    expect(await file()).toBe(text);
  });

  test('killed before it is written, then set by a colleague and off again, counts for nothing', async () => {
    const text = await begin();
    await killed('before it is written', ['shadow', 'on', 'financial']);
    await json('bob', 'shadow', 'on', 'financial');
    await json('bob', 'shadow', 'off', 'financial');
    expect([await file(), await commands()]).toEqual([text, ['shadow on financial', 'shadow off financial']]);
  });
});

test('what is refused before it is written is told to nobody', async () => {
  const { envFile } = state.lab.sandbox;
  const lock = join(dirname(envFile), `.${basename(envFile)}.rlctl-tmp`);
  await json('ann', 'incident', 'start', 'slow');
  await writeFile(lock, '');
  const refused = await by('ann', 'shadow', 'on', 'financial');
  await rm(lock);
  expect([refused.code, errorOf(refused).code]).toEqual([5, 'ENV_FILE_LOCKED']);
  const { flips } = jsonOf<{ flips: readonly JsonObject[] }>(
    await state.lab.redis.cli('HGET', operationsKey(labKey), 'flags'),
  );
  expect(flips).toEqual([]);
});

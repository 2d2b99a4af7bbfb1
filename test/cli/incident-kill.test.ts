import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { operationsKey } from '../../src/domain/redis-keys.js';
import { startCli } from '../support/cli.js';
import { startFaultProxy, type FaultProxy, type FaultRule } from '../support/fault-proxy.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { jsonOf, type JsonObject, type Ran } from '../support/world.js';

// The end of an incident whose process dies without a word: whoever ends it again does what was left, and nothing twice.

const state = {} as { lab: Lab; proxy: FaultProxy; direct: string; proxied: string; flags: string };
beforeAll(async () => {
  state.lab = await openLab();
  const { lab } = state;
  state.proxy = await startFaultProxy(lab.redis.port);
  state.flags = await readFile(lab.sandbox.envFile, 'utf8');
  const environment = { ...lab.environment, shadowDriver: { 'env-file': lab.sandbox.envFile } };
  const through = { ...environment, redis: `redis://127.0.0.1:${state.proxy.port}` };
  state.direct = await lab.world.config('direct.yaml', { environments: { lab: environment } });
  state.proxied = await lab.world.config('proxied.yaml', { environments: { lab: through } });
});
afterAll(async () => {
  await state.proxy.stop();
  await state.lab.stop();
});
beforeEach(() => state.lab.reset());

const run = (args: readonly string[]): Promise<Ran> =>
  state.lab.world.main(args, { env: { RLCTL_CONFIG: state.direct } });

async function json<Result>(...args: string[]): Promise<Result> {
  const ran = await run([...args, '--json']);
  expect([ran.code, ran.err]).toEqual([0, '']);
  return jsonOf<Result & JsonObject>(ran.out);
}

/** Runs the built program, and kills it at a moment of what it says to Redis, which then hears no more of it. */
async function killedAt(rule: Pick<FaultRule, 'at' | 'containing'>, args: readonly string[]): Promise<void> {
  const { world } = state.lab;
  const struck = state.proxy.strike({ ...rule, action: 'silence' });
  const running = startCli([...args, '--json'], { env: { ...world.env, RLCTL_CONFIG: state.proxied }, cwd: world.cwd });
  const ended = running.ended.then(({ code, err }) => expect.fail(`it ended by itself: ${code} ${err}`));
  await Promise.race([struck, ended]);
  running.child.kill('SIGKILL');
  expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
  // As half a minute later.
  await state.lab.redis.cli('HDEL', operationsKey(labKey), 'lease incident');
}

interface Listed {
  readonly panics: readonly { readonly panicId: string; readonly isOpen: boolean }[];
}

const before = '{"/api/orders/hot":{"rate":9,"shadow":false},"/api/orders":{"rate":5,"shadow":true}}';

/** An incident with a panic that changed an entry and found another as wanted, and with one that set a flag. */
async function begun(): Promise<{ readonly id: string; readonly panics: readonly string[] }> {
  await state.lab.store(before);
  const { id } = await json<{ id: string }>('incident', 'start', 'slow');
  const panic = async (...args: string[]): Promise<string> =>
    (await json<{ panicId: string }>('panic', ...args)).panicId;
  const panics = [await panic('route', '/api/orders'), await panic('bucket', 'financial')];
  expect(await readFile(state.lab.sandbox.envFile, 'utf8')).not.toBe(state.flags);
  return { id, panics };
}

const moments: readonly (readonly [string, Pick<FaultRule, 'at' | 'containing'>])[] = [
  ['before it keeps what goes back with it', { at: 'request', containing: '"ending":{' }],
  ['before the document is written', { at: 'request', containing: '"command":"incident end"' }],
  ['after the document is written', { at: 'reply', containing: '"command":"incident end"' }],
  ['before a panic is closed', { at: 'request', containing: '"restored":{' }],
  ['after a panic is closed', { at: 'reply', containing: '"restored":{' }],
  ['before the end is recorded', { at: 'request', containing: '"outcome":"restored"' }],
];

describe.each(moments)('killed %s', (_, moment) => {
  test('the incident is open, and ending it again takes back all of it, with the panics that ended with it', async () => {
    const { id, panics } = await begun();
    await killedAt(moment, ['incident', 'end', '--restore']);
    expect(await json('incident', 'status')).toMatchObject({ isOpen: true, incident: { id } });
    const ended = await json<JsonObject>('incident', 'end', '--restore');
    expect(ended).toMatchObject({ isEnded: true, incident: { id, outcome: 'restored', verdict: 'proven' } });
    const left = [await state.lab.document(), await readFile(state.lab.sandbox.envFile, 'utf8')];
    expect(left).toEqual([before, state.flags]);
    expect(await json('panic', 'list')).toMatchObject({ open: 0 });
    const { panics: all } = await json<Listed>('panic', 'list', '--all');
    expect(new Set(all.map(({ panicId }) => panicId))).toEqual(new Set(panics));
    const kept = jsonOf<{ end: { panics: readonly { id: string }[] } }>(
      await state.lab.redis.cli('HGET', operationsKey(labKey), `incident:${id}`),
    );
    expect(new Set(kept.end.panics.map((each) => each.id))).toEqual(new Set(panics));
    const { entries } = await json<{ entries: readonly JsonObject[] }>('override', 'history');
    expect(entries.filter(({ command }) => command === 'incident end')).toHaveLength(1);
  });
});

test.each([
  ['that a panic set', ['panic', 'bucket', 'financial']],
  ['that somebody set', ['shadow', 'on', 'financial']],
])('where all that goes back is a flag %s, ending it again says that it was', async (_, act) => {
  const { envFile } = state.lab.sandbox;
  await state.lab.store(before);
  for (const text of [state.flags, state.flags.replace(/^RATE_LIMIT_SHADOW_FINANCIAL=.*\n/m, '')]) {
    await writeFile(envFile, text);
    const { id } = await json<{ id: string }>('incident', 'start', 'slow');
    await json(...act);
    expect(await readFile(envFile, 'utf8')).not.toBe(text);
    await killedAt({ at: 'request', containing: '"outcome":"restored"' }, ['incident', 'end', '--restore']);
    expect(await readFile(envFile, 'utf8')).toBe(text);
    const ended = await json<JsonObject>('incident', 'end', '--restore');
    expect(ended).toMatchObject({ isEnded: true, incident: { id, outcome: 'restored' } });
    expect(await readFile(envFile, 'utf8')).toBe(text);
  }
});

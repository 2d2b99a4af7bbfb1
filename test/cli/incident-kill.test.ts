import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { operationsKey } from '../../src/domain/redis-keys.js';
import { startCli } from '../support/cli.js';
import { startFaultProxy, type FaultProxy, type FaultRule } from '../support/fault-proxy.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { startWebhook } from '../support/receivers.js';
import { until } from '../support/until.js';
import { errorOf, jsonOf, type JsonObject, type Ran } from '../support/world.js';

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

/** Runs the built program, and kills it at a moment, before which it must not end. */
async function killedWhen(moment: Promise<void>, args: readonly string[], config: string): Promise<void> {
  const { world } = state.lab;
  const running = startCli([...args, '--json'], { env: { ...world.env, RLCTL_CONFIG: config }, cwd: world.cwd });
  const ended = running.ended.then(({ code, err }) => expect.fail(`it ended by itself: ${code} ${err}`));
  await Promise.race([moment, ended]);
  running.child.kill('SIGKILL');
  expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
  // As half a minute later.
  await state.lab.redis.cli('HDEL', operationsKey(labKey), 'lease incident');
}

/** The same at a moment of what it says to Redis, which then hears no more of it. */
function killedAt(
  rule: Pick<FaultRule, 'at' | 'containing'>,
  args: readonly string[],
  config = state.proxied,
): Promise<void> {
  return killedWhen(state.proxy.strike({ ...rule, action: 'silence' }), args, config);
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

describe('what others are to be told of an end', () => {
  interface Event extends JsonObject {
    readonly type: string;
    readonly id: string;
  }

  /** A receiver that answers nobody until `busy` is over, and who tells it: directly, and through the proxy. */
  const receiver = async () => {
    const { lab } = state;
    const key = randomBytes(32);
    const busy = { isSo: false };
    const hooks = await startWebhook({ key, first: () => (busy.isSo ? null : undefined) });
    const secret = await lab.world.write('hook-secret', `whsec_${key.toString('base64')}\n`);
    const events = ['incident', 'panic'];
    const notify = [{ webhook: hooks.origin, secret: { file: secret }, events }];
    const configOf = (name: string, redis: unknown): Promise<string> => {
      const environment = { ...lab.environment, shadowDriver: { 'env-file': lab.sandbox.envFile }, notify, redis };
      return lab.world.config(name, { environments: { lab: environment } });
    };
    return {
      busy,
      hooks,
      through: await configOf('telling-through.yaml', `redis://127.0.0.1:${state.proxy.port}`),
      telling: await configOf('telling.yaml', lab.environment['redis']),
      told: () => (hooks.events() as readonly Event[]).map(({ type, id }) => [type, id]),
    };
  };
  const expected = (changeId: string, panics: readonly string[]) =>
    new Set([
      ['incident.ended', `${changeId}-incident-ended`],
      ...panics.map((panic) => ['panic.restored', `${changeId}-panic-restored-${panic}`]),
    ]);
  const untold = async (): Promise<unknown> => (await json<JsonObject>('incident', 'status'))['untold'];

  test('is told by whoever ends it again, where the process died as soon as the end was recorded', async () => {
    const { id, panics } = await begun();
    const { hooks, told, telling, through } = await receiver();
    try {
      await killedAt({ at: 'reply', containing: '"outcome":"restored"' }, ['incident', 'end', '--restore'], through);
      expect([told(), await untold()]).toEqual([[], id]);
      const again = ['incident', 'end', '--restore', '--out', 'story', '--json'];
      const ran = await state.lab.world.main(again, { env: { RLCTL_CONFIG: telling, RLCTL_ACTOR: 'bob@other' } });
      expect([ran.code, ran.err]).toEqual([0, '']);
      const ended = jsonOf<{ incident: { changeId: string; endedAt: string }; files: { html: string } }>(ran.out);
      expect(ended).toMatchObject({ isEnded: true, incident: { id, outcome: 'restored', endedBy: 'tester@test' } });
      expect(await readFile(ended.files.html, 'utf8')).toContain(id);
      const { changeId, endedAt } = ended.incident;
      expect(new Set(told())).toEqual(expected(changeId, panics));
      for (const event of hooks.events()) expect(event).toMatchObject({ actor: 'tester@test', time: endedAt });
      expect(await untold()).toBeNull();
      expect(errorOf(await run([...again, '--force']))).toMatchObject({ code: 'NO_INCIDENT' });
    } finally {
      await hooks.stop();
    }
  });

  test.each([['start', 'next'], ['end']])(
    'is told under the same ids by `incident %s`, where it died in telling',
    async (...next) => {
      const { id } = await json<{ id: string }>('incident', 'start', 'slow');
      const { busy, hooks, told, telling, through } = await receiver();
      try {
        busy.isSo = true;
        const isAsked = until(() => hooks.posts().length > 0, 'somebody who tells');
        await killedWhen(isAsked, ['incident', 'end', '--keep'], through);
        busy.isSo = false;
        const [asked] = hooks.posts().map(({ headers }) => headers['webhook-id']);
        expect([told(), asked]).toEqual([[], `${id}-incident-ended`]);
        const ran = await state.lab.world.main(['incident', ...next], { env: { RLCTL_CONFIG: telling } });
        expect(ran.code).toBe(0);
        expect(told()).toContainEqual(['incident.ended', asked]);
        const { incidents } = await json<{ incidents: readonly { id: string }[] }>('incident', 'list');
        expect(incidents.map((each) => each.id)).toContain(id);
        expect(await state.lab.redis.cli('HGET', operationsKey(labKey), `incident:${id}`)).not.toContain('untold');
      } finally {
        await hooks.stop();
      }
    },
  );
});

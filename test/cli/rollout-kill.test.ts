import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operationsKey } from '../../src/domain/redis-keys.js';
import { startCli } from '../support/cli.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { until } from '../support/until.js';
import { errorOf, jsonOf, type JsonObject, type Ran } from '../support/world.js';

// A rollout whose driver dies without a word at any moment: whoever resumes finds out what was done, and does the rest once.

const state = {} as { lab: Lab; envFile: string };
beforeAll(async () => {
  state.lab = await openLab();
  state.envFile = await readFile(state.lab.sandbox.envFile, 'utf8');
});
afterAll(() => state.lab.stop());

const stored = '{"/api/payments" : {"rate":30}}';
const rollouts = { one: { stages: [{ name: 'all-shadow', shadow: 'all', soak: '1h' }] } };

interface Shown {
  readonly rollout: {
    readonly phase: string;
    readonly work: JsonObject | null;
    readonly stages: readonly { readonly changeId: string }[];
  } | null;
  readonly driver: JsonObject | null;
}

const run = (args: readonly string[]): Promise<Ran> => state.lab.world.main([...args, '--json']);
const status = async (): Promise<Shown> => jsonOf<Shown & JsonObject>((await run(['rollout', 'status'])).out);

const key = operationsKey(labKey);

/** Resolves a while after a text stands in what is kept of the rollout; gives up after five seconds. */
async function kept(text: string, moreMs: number): Promise<void> {
  const startedMs = performance.now();
  while (!(await state.lab.redis.cli('HGET', key, 'rollout')).includes(text))
    if (performance.now() - startedMs > 5000) return;
  await after(moreMs);
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs the built program and kills it at a moment; true: it died of that. */
async function killed(args: readonly string[], moment: Promise<void>): Promise<boolean> {
  const { world } = state.lab;
  const running = startCli([...args, '--json'], { env: world.env, cwd: world.cwd });
  void moment.then(() => running.child.kill('SIGKILL'));
  const { signal, code, err } = await running.ended;
  if (signal === null) expect([code, err]).toEqual([0, '']);
  return signal !== null;
}

const never = new Promise<void>(() => undefined);

/** What a driver leaves beside the env file that dies while it replaces it: seldom met by chance. */
const leaveLock = (): Promise<void> => {
  const { envFile } = state.lab.sandbox;
  return writeFile(join(dirname(envFile), `.${basename(envFile)}.rlctl-tmp`), 'half');
};

/** Goes on where the dead one left off; a lock that it left beside the env file is removed, as the hint says. */
async function finish(verb: readonly string[], flags: readonly string[]): Promise<void> {
  const ran = await run(['rollout', ...verb, ...flags, '--take-over']);
  if (!ran.err.includes('ENV_FILE_LOCKED')) return expect([ran.code, ran.err]).toEqual([0, '']);
  const removal = / this helps at once: (rm [^;]+)/.exec(errorOf(ran).hint ?? '')?.[1];
  await promisify(execFile)('sh', ['-c', removal ?? 'exit 1']);
  const { rollout } = await status();
  return finish(rollout === null || rollout.work === null ? verb : ['resume'], flags);
}

/** Every change that the history has, oldest first. */
async function changes(): Promise<readonly JsonObject[]> {
  const { entries } = jsonOf<{ entries: readonly JsonObject[] }>((await run(['override', 'history'])).out);
  return entries.filter(({ kind }) => kind === 'change').toReversed();
}

/** What a rollout is about: the document and the file of flags. */
async function held(): Promise<readonly (string | null)[]> {
  return [await state.lab.document(), await readFile(state.lab.sandbox.envFile, 'utf8')];
}

describe.each([
  ['overrides', 12],
  ['env-file', 8],
] as const)('killed at any moment (%s)', (driver, kills) => {
  const prepare = async (): Promise<void> => {
    await writeFile(state.lab.sandbox.envFile, state.envFile);
    await state.lab.reset();
    await state.lab.store(stored);
  };

  /** What an undisturbed run leaves, and how long it takes. */
  const undisturbed = async () => {
    await prepare();
    const before = await held();
    const startedMs = performance.now();
    expect(await killed(['rollout', 'start', 'one', '--detach'], never)).toBe(false);
    const betweenMs = performance.now();
    const entered = await held();
    expect(entered).not.toEqual(before);
    expect(await killed(['rollout', 'abort'], never)).toBe(false);
    expect(await held()).toEqual(before);
    return { before, entered, startMs: betweenMs - startedMs, abortMs: performance.now() - betweenMs };
  };

  beforeAll(async () => {
    const { lab } = state;
    const flags = driver === 'overrides' ? {} : { shadowDriver: { 'env-file': lab.sandbox.envFile } };
    const environment = { ...lab.environment, ...flags, prometheus: 'http://127.0.0.1:9' };
    await lab.world.config('lab.yaml', { environments: { lab: environment }, rollouts });
  }, 60_000);

  test(`the stage is entered once, and taken back once: ${kills} of each`, async () => {
    const known = await undisturbed();
    const seen = new Set<string>();
    for (let index = 0; index < kills; index += 1) {
      // Every second one dies when its work is written down, or little later; the others at any time.
      const share = (index + 1) / kills;
      const isMidway = index % 2 === 0;
      const midMs = index * 4;
      await prepare();
      const atStart = isMidway ? kept('"phase":"changing"', midMs) : after(share * known.startMs);
      await killed(['rollout', 'start', 'one', '--detach'], atStart);
      const { rollout } = await status();
      seen.add(`start ${rollout?.phase ?? 'nothing'}`);
      // Nothing written down: nothing was done either.
      if (rollout === null) expect(await held()).toEqual(known.before);
      const again = rollout === null ? ['start', 'one'] : ['resume'];
      if (index === 0 && driver === 'env-file') await leaveLock();
      await finish(again, ['--detach']);
      const entered = await status();
      expect([entered.rollout?.phase, entered.rollout?.work, entered.driver]).toEqual(['watching', null, null]);
      expect(await held()).toEqual(known.entered);
      const once = await changes();
      if (driver === 'overrides')
        expect(once.map(({ changeId }) => changeId)).toEqual([entered.rollout?.stages[0]?.changeId]);

      const atAbort = isMidway ? kept('"phase":"aborting"', midMs) : after(share * known.abortMs);
      await killed(['rollout', 'abort'], atAbort);
      const midway = await status();
      seen.add(`abort ${midway.rollout?.phase ?? 'nothing'}`);
      const phase = midway.rollout?.phase;
      if (phase !== 'aborted') {
        if (index === 0 && driver === 'env-file') await leaveLock();
        await finish([phase === 'aborting' ? 'resume' : 'abort'], []);
      }
      const aborted = await status();
      expect(aborted.rollout).toMatchObject({ phase: 'aborted', work: null });
      expect(await held()).toEqual(known.before);
      if (driver === 'overrides') {
        const [stage, abort, ...more] = await changes();
        expect(more).toEqual([]);
        expect(abort).toMatchObject({ command: 'rollout abort', undoes: stage?.['changeId'] });
      }
    }
    expect([...seen]).toEqual(expect.arrayContaining(['start changing', 'abort aborting']));
  }, 240_000);
});

test('as a step of a runbook: the run goes on, and is taken back, without waiting for the lease of the dead one', async () => {
  const { world, environment, redis } = state.lab;
  const withMetrics = { ...environment, prometheus: 'http://127.0.0.1:9' };
  await world.config('lab.yaml', { environments: { lab: withMetrics }, rollouts });
  const undo = { rlctl: ['rollout', 'undo'] };
  const step = { id: 'enter', title: 'The stage', rlctl: ['rollout', 'start', 'one'], undo };
  const runbook = { title: 'T', summary: 'S', steps: [step] };
  await world.write('runbooks/staged.yaml', JSON.stringify(runbook));
  await state.lab.reset();
  await state.lab.store(stored);
  const before = await held();
  const lease = (): Promise<string> => redis.cli('HGET', key, 'lease rollout');
  const isWatched = async (): Promise<boolean> => (await status()).rollout?.phase === 'watching';
  /** Drives until the stage is watched, under another lease than that one, and dies. */
  const die = async (args: readonly string[], last: string): Promise<string> => {
    const running = startCli([...args, '--json'], { env: world.env, cwd: world.cwd });
    const isDriving = async (): Promise<boolean> => (await isWatched()) && (await lease()) !== last;
    await until(async () => running.child.exitCode !== null || isDriving(), 'another driver');
    running.child.kill('SIGKILL');
    expect(await running.ended).toMatchObject({ signal: 'SIGKILL', err: '' });
    return lease();
  };
  const first = await die(['runbook', 'run', 'staged'], '');
  const { runs } = jsonOf<{ runs: readonly [{ run: string }] }>((await run(['runbook', 'log'])).out);
  const [{ run: id }] = runs;
  await die(['runbook', 'resume', id], first);
  expect(await changes()).toHaveLength(1);
  // Others, who cannot see that it is dead, are kept out until the lease runs out.
  const elsewhere = { env: { XDG_STATE_HOME: join(world.root, 'elsewhere') } };
  expect(errorOf(await world.main(['rollout', 'abort', '--json'], elsewhere)).code).toBe('ROLLOUT_LOCKED');
  expect(await run(['runbook', 'resume', id, '--undo'])).toMatchObject({ code: 0, err: '' });
  expect(await status()).toMatchObject({ rollout: { phase: 'undone', work: null }, driver: null });
  expect(await held()).toEqual(before);
});

test('by itself: whoever goes on with it on the same machine waits for no lease of the dead one', async () => {
  const { world, environment } = state.lab;
  await world.config('lab.yaml', {
    environments: { lab: { ...environment, prometheus: 'http://127.0.0.1:9' } },
    rollouts,
  });
  await state.lab.reset();
  await state.lab.store(stored);
  const before = await held();
  const running = startCli(['rollout', 'start', 'one', '--json'], { env: world.env, cwd: world.cwd });
  const isWatched = async (): Promise<boolean> => (await status()).rollout?.phase === 'watching';
  await until(async () => running.child.exitCode !== null || isWatched(), 'a stage that is watched');
  expect((await status()).driver).not.toBeNull();
  expect(errorOf(await run(['rollout', 'abort'])).code).toBe('ROLLOUT_LOCKED');
  running.child.kill('SIGKILL');
  expect(await running.ended).toMatchObject({ signal: 'SIGKILL', err: '' });
  expect((await status()).driver).toBeNull();
  expect(await run(['rollout', 'abort'])).toMatchObject({ code: 0, err: '' });
  expect(await held()).toEqual(before);
});

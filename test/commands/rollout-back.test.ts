import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject, type Ran } from '../support/world.js';

// What an abort leaves behind where somebody else had a hand in what the stage is about.

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const drivers = ['overrides', 'env-file'] as const;
type Driver = (typeof drivers)[number];

const buckets = {
  read: { routes: ['/api'] },
  financial: { routes: ['/api/payments', '/api/checkout'], alias: ['pay'] },
};
const rollouts = {
  alone: { stages: [{ name: 'enforce', enforce: ['pay'] }] },
  two: {
    stages: [
      { name: 'all-shadow', shadow: 'all', soak: '1s' },
      { name: 'enforce', enforce: ['pay'] },
    ],
  },
};

/** Runs a line, and again as it is printed: with `rlctl` in front. */
type Run = (line: string, actor?: string) => Promise<Ran>;

async function as(driver: Driver): Promise<Run> {
  const { lab } = state;
  const shadowDriver = driver === 'overrides' ? driver : { 'env-file': lab.sandbox.envFile };
  const environment = { ...lab.environment, buckets, shadowDriver, prometheus: 'http://127.0.0.1:9' };
  const config = { environments: { lab: environment }, rollouts };
  // The user's own file: commands that are printed need not name it.
  await lab.world.write(join(lab.world.configHome, 'rlctl', 'config.yaml'), JSON.stringify(config));
  return (line, actor = 'ana') =>
    lab.world.main(line.replace(/^rlctl /, '').split(' '), { env: { RLCTL_CONFIG: undefined, RLCTL_ACTOR: actor } });
}

/** Everything that tells whether a bucket is in shadow. */
async function stored(): Promise<readonly string[]> {
  return [await readFile(state.lab.sandbox.envFile, 'utf8'), (await state.lab.document()) ?? '{}'];
}

const phaseOf = (ran: Ran): string => jsonOf<{ rollout: { phase: string } } & JsonObject>(ran.out).rollout.phase;
const begin = 'rollout start two --detach';
const enter = 'rollout promote --force --reason seen --detach';

async function ok(run: Run, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) expect([line, (await run(line)).code]).toEqual([line, 0]);
}

async function panicId(run: Run): Promise<string> {
  const { out } = await run('panic list --json');
  return jsonOf<{ panics: readonly { panicId: string }[] } & JsonObject>(out).panics[0]?.panicId ?? 'none';
}

describe.each(drivers)('by %s', (driver) => {
  test('a stage that found its bucket enforced is taken back into the shadow that the stage below left', async () => {
    const run = await as(driver);
    const before = await stored();
    await ok(run, begin);
    const below = await stored();
    expect(await run('shadow off financial', 'ben')).toMatchObject({ code: 0 });
    await ok(run, enter);
    const planned = await run('rollout abort --dry-run');
    expect(planned.out).toContain('enforced before the stage already');
    const aborted = await run('rollout abort --json');
    expect([aborted.code, phaseOf(aborted)]).toEqual([0, 'aborted']);
    expect(aborted.out).toContain('enforced before the stage already');
    expect(await stored()).toEqual(below);
    await ok(run, 'rollout undo');
    expect(await stored()).toEqual(before);
  });

  test('a panic over a stage that was taken back meanwhile is closed, not restored, and the rollout goes back', async () => {
    const run = await as(driver);
    const before = await stored();
    await ok(run, begin);
    const below = await stored();
    await ok(run, enter, 'panic bucket financial');
    const id = await panicId(run);
    const close = `rlctl panic restore ${id} --leave`;
    const aborted = await run('rollout abort');
    expect(aborted).toMatchObject({ code: 0, out: expect.stringContaining(close) });
    const looked = await run('-e lab rollout status');
    expect(looked.out).toContain(close.replace('rlctl', 'rlctl -e lab'));
    const refused = errorOf(await run('rollout undo --json'));
    expect([refused.code, refused.hint]).toEqual([
      'PANIC_STANDS_ON_IT',
      `When the emergency is over, close the panic and leave what stands: ${close}. Then take it back with: rlctl rollout undo`,
    ]);
    await ok(run, close);
    expect(await stored()).toEqual(below);
    await ok(run, 'rollout undo');
    expect(await stored()).toEqual(before);
  });

  test('where it was restored, the bucket is enforced again: a second abort ends that, and undo names what does', async () => {
    const run = await as(driver);
    const before = await stored();
    await ok(run, begin);
    const below = await stored();
    await ok(run, enter, 'panic bucket financial', 'rollout abort');
    await ok(run, `panic restore ${await panicId(run)}`);
    expect(await stored()).not.toEqual(below);
    await ok(run, enter, 'rollout abort');
    expect(await stored()).toEqual(below);
    expect(await run('shadow off financial', 'ben')).toMatchObject({ code: 0 });
    const refused = errorOf(await run('rollout undo --json'));
    const shadowOn =
      driver === 'overrides'
        ? 'rlctl shadow on --route /api/checkout --route /api/payments'
        : 'rlctl shadow on financial';
    expect([refused.code, refused.exitCode]).toEqual(['UNDO_CONFLICT', 5]);
    expect(refused.hint).toBe(
      `Put back into shadow what the rollout left there: ${shadowOn}; then take it back with: rlctl rollout undo`,
    );
    await ok(run, shadowOn, 'rollout undo');
    expect(await stored()).toEqual(before);
  });

  test('a stage that found its bucket enforced, and below which nothing had it in shadow, says that it still is', async () => {
    const run = await as(driver);
    const { envFile } = state.lab.sandbox;
    const before = await readFile(envFile, 'utf8');
    if (driver === 'overrides') await state.lab.store('{"/api/payments":{"shadow":false}}');
    else await writeFile(envFile, `${before}RATE_LIMIT_SHADOW_FINANCIAL=false\n`);
    await ok(run, 'rollout start alone --detach');
    const aborted = await run('-e lab rollout abort');
    expect(aborted.code).toBe(0);
    const said =
      'financial goes on being enforced, as it was before the stage; to let it pass: rlctl -e lab shadow on financial';
    expect([aborted.out.includes(said), aborted.err.includes(said)]).toEqual([true, true]);
    await writeFile(envFile, before);
  });

  test('what goes on being refused all the same keeps the abort open, and is named with what ends it', async () => {
    const run = await as(driver);
    await ok(run, begin, enter);
    const prefix = '/api/payments/new';
    expect(await run(`override set ${prefix} --rate 5 --no-shadow`, 'ben')).toMatchObject({ code: 0 });
    const aborted = await run('rollout abort --json');
    expect([aborted.code, phaseOf(aborted)]).toEqual([8, 'aborting']);
    const shadowOn = `rlctl shadow on --route ${prefix}`;
    expect(aborted.out).toContain(shadowOn);
    expect(await run('rollout resume')).toMatchObject({ code: 8 });
    await ok(run, shadowOn);
    const resumed = await run('rollout resume --json');
    expect([resumed.code, phaseOf(resumed)]).toEqual([0, 'aborted']);
  });
});

test('an entry that somebody moved in front keeps the abort open as well', async () => {
  const run = await as('overrides');
  await ok(run, begin, enter);
  expect(await run('override set /api --no-shadow --before /api/payments', 'ben')).toMatchObject({ code: 0 });
  const aborted = await run('rollout abort --json');
  expect([aborted.code, phaseOf(aborted)]).toEqual([8, 'aborting']);
  const cure = 'rlctl override set /api/payments --shadow --before /api';
  expect(aborted.out).toContain(cure);
  await ok(run, cure, 'rlctl override set /api/checkout --shadow --before /api', 'rollout resume');
});

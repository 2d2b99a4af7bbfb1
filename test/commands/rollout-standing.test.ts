import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { operationsKey } from '../../src/domain/redis-keys.js';
import { afterEvent } from '../../src/domain/rollout/machine.js';
import type { RolloutState } from '../../src/domain/rollout/state.js';
import { labKey, openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject, type Ran } from '../support/world.js';

// Whether what a rollout says to be in force stands in what is stored. Prometheus is never there.

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(() => state.lab.reset());

const buckets = {
  read: { routes: ['/api'] },
  auth: { routes: ['/auth'] },
  write: { routes: ['/api/bookings'] },
  financial: { routes: ['/api/payments'] },
};
const rollouts = {
  three: {
    stages: [
      { name: 'all-shadow', shadow: 'all', soak: '1s' },
      { name: 'enforce', enforce: ['financial'] },
      { name: 'rest', enforce: ['write'] },
    ],
  },
};
const names = 'read, auth, write, financial';

interface Site {
  readonly run: (args: readonly string[], actor?: string) => Promise<Ran>;
  /** What is stored of shadow, so that two moments can be compared. */
  readonly stored: () => Promise<string>;
}

async function siteBy(driver: 'overrides' | 'flags'): Promise<Site> {
  const { lab } = state;
  const { envFile } = lab.sandbox;
  const entry = driver === 'flags' ? { shadowDriver: { 'env-file': envFile } } : {};
  const environment = { ...lab.environment, buckets, prometheus: 'http://127.0.0.1:9', ...entry };
  const config = { environments: { lab: environment }, rollouts };
  // The user's own file: commands that are printed need not name it.
  await lab.world.write(join(lab.world.configHome, 'rlctl', 'config.yaml'), JSON.stringify(config));
  const run: Site['run'] = (args, actor = 'ana') =>
    lab.world.main(args, { env: { RLCTL_CONFIG: undefined, RLCTL_ACTOR: actor } });
  return { run, stored: async () => `${await readFile(envFile, 'utf8')}${(await lab.document()) ?? '{}'}` };
}

interface Shown {
  readonly fallen: readonly JsonObject[];
  readonly next: readonly string[];
  readonly rollout: { readonly phase: string };
}
const shown = (ran: Ran): Shown => jsonOf<Shown & JsonObject>(ran.out);

const start = ['rollout', 'start', 'three', '--detach'];
const promote = ['rollout', 'promote', '--detach'];
const force = [...promote, '--force', '--reason', 'seen'];
const resume = ['rollout', 'resume', '--detach'];

/** The stage it is in passes, as a watch with figures has it. */
async function pass(): Promise<void> {
  const text = await state.lab.redis.cli('HGET', operationsKey(labKey), 'rollout');
  const kept = JSON.parse(text) as RolloutState;
  const report = { verdict: 'pass', readings: [], windowMs: 1000, doubts: [] } as const;
  const next = afterEvent(kept, { kind: 'judged', atMs: kept.startedAtMs + 3_600_000, report });
  expect(next?.phase).toBe('passed');
  await state.lab.redis.cli('HSET', operationsKey(labKey), 'rollout', JSON.stringify(next));
}

describe.each(['overrides', 'flags'] as const)('a stage that somebody took back (%s)', (driver) => {
  test('by the end of an incident: said by status, gone past by nobody, and entered anew as it says', async () => {
    const { run, stored } = await siteBy(driver);
    const before = await stored();
    expect(await run(['incident', 'start', 'slow'])).toMatchObject({ code: 0 });
    expect(await run(start)).toMatchObject({ code: 0 });
    const inForce = await stored();
    await pass();
    expect((await run(['rollout', 'status'])).out).not.toContain('no longer stands');
    const named = /rollout r-\w+ is open \(stage 1 of 3, all-shadow; passed\): .* see: rlctl .*rollout status/;
    expect((await run(['incident', 'status'])).out.replaceAll(/\s+/g, ' ')).toMatch(named);
    expect((await run(['incident', 'end', '--restore', '--dry-run'], 'ben')).err).toMatch(named);
    const ended = await run(['incident', 'end', '--restore'], 'ben');
    expect([ended.code, ended.err]).toEqual([0, expect.stringMatching(named)]);
    expect(await stored()).toBe(before);

    const said = `all-shadow no longer stands: ${names} taken back by ben, incident end`;
    const looked = await run(['rollout', 'status']);
    expect([looked.code, looked.out]).toEqual([3, expect.stringContaining(`! ${said}`)]);
    expect(looked.out).toMatch(/NO LONGER STANDS[^]*✗ +all-shadow .* no longer stands/);
    for (const args of [resume, promote, [...promote, '--dry-run'], ['rollout', 'resume', '--auto']]) {
      const refused = errorOf(await run([...args, '--json']));
      expect(refused).toMatchObject({ code: 'STAGE_FALLEN', exitCode: 5, message: said });
      expect(refused.hint).toMatch(/rlctl rollout promote".*: rlctl rollout abort;/);
    }
    expect(await stored()).toBe(before);

    expect(await run(['rollout', 'abort'])).toMatchObject({ code: 0 });
    expect(await run(promote)).toMatchObject({ code: 0 });
    expect(await stored()).toBe(inForce);
    expect(shown(await run(['rollout', 'status', '--json']))).toMatchObject({
      fallen: [],
      rollout: { phase: 'watching' },
    });
    expect(await run(['rollout', 'undo'])).toMatchObject({ code: 0 });
    expect(await stored()).toBe(before);
  });

  test('in part, below the stage it is in: nothing goes on until that is set again, or all of it taken back', async () => {
    const { run, stored } = await siteBy(driver);
    const before = await stored();
    expect(await run(start)).toMatchObject({ code: 0 });
    expect(await run(force)).toMatchObject({ code: 0 });
    // The stage that enforces took the place of what the one before it said of its bucket.
    expect(shown(await run(['rollout', 'status', '--json'])).fallen).toEqual([]);
    expect(await run(['shadow', 'off', 'auth'], 'ben')).toMatchObject({ code: 0 });
    expect(await run(['shadow', 'on', 'financial'], 'cleo')).toMatchObject({ code: 0 });
    const [off, on] = driver === 'flags' ? ['shadow off auth', 'shadow on financial'] : ['shadow off', 'shadow on'];
    const refused = errorOf(await run([...force, '--json']));
    expect(refused).toMatchObject({ code: 'STAGE_FALLEN', exitCode: 5 });
    expect(refused.message.split('; ').toSorted()).toEqual([
      `all-shadow no longer stands: auth taken back by ben, ${off}`,
      `enforce no longer stands: financial taken back by cleo, ${on}`,
    ]);
    const way = 'rlctl shadow on auth; and: rlctl shadow off financial';
    expect(refused.hint).toContain('rlctl rollout undo');
    expect(refused.hint?.endsWith(way)).toBe(true);
    expect(await run(['shadow', 'on', 'auth'])).toMatchObject({ code: 0 });
    expect(await run(['shadow', 'off', 'financial'])).toMatchObject({ code: 0 });
    expect(await run(force)).toMatchObject({ code: 0 });
    expect(await run(['rollout', 'undo'])).toMatchObject({ code: 0 });
    expect(await stored()).toBe(before);
  });

  test('what the next stage sets itself need not stand, and what a panic holds is told as the panic', async () => {
    const { run } = await siteBy(driver);
    expect(await run(start)).toMatchObject({ code: 0 });
    expect(await run(['shadow', 'off', 'financial'], 'ben')).toMatchObject({ code: 0 });
    expect(errorOf(await run([...resume, '--json'])).message).toMatch(/: financial taken back by ben, /);
    const promoted = await run(force);
    expect([promoted.code, promoted.err]).toEqual([
      0,
      expect.stringContaining('no longer stands: financial taken back'),
    ]);
    expect(await run(['panic', 'bucket', 'financial'], 'cleo')).toMatchObject({ code: 0 });
    const { out } = await run(['rollout', 'status']);
    expect(out).toMatch(/panic p-\w+ \(panic bucket financial\) is open/);
    expect(out).not.toContain('no longer stands');
  });
});

test('a stage that was not proven and then undone is not in force because it once was written', async () => {
  const { run, stored } = await siteBy('overrides');
  expect(await run(['override', 'set', '/api/search', '--rate', '120', '--for', '2h'])).toMatchObject({ code: 0 });
  const before = await stored();
  const started = await run(start);
  // What takes the change alone back leaves the rollout behind, and is offered nowhere in it.
  expect([started.code, started.out]).toEqual([8, expect.stringContaining('take it back with: rlctl rollout abort')]);
  expect(`${started.out}${started.err}`).not.toContain('override undo');
  expect(await run(['override', 'undo'], 'ben')).toMatchObject({ code: 0 });
  const resumed = await run([...resume, '--require', 'loaded', '--json']);
  expect(errorOf(resumed)).toMatchObject({
    code: 'STAGE_FALLEN',
    message: `all-shadow no longer stands: ${names} taken back by ben, override undo`,
  });
  expect(resumed.out).not.toContain('proven');
  expect(shown(await run(['rollout', 'status', '--json'])).rollout.phase).toBe('changing');
  expect(await run(['rollout', 'abort'])).toMatchObject({ code: 0 });
  expect(await stored()).toBe(before);
});

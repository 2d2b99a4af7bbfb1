import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf, type JsonObject, type Ran } from '../support/world.js';

// Two environments of one configuration reach the same server and the same Redis: `over` flips shadow by overrides, `flags` by
// the env file, and has a program for the kill switch. Two people, of whom neither has anything of the other's state.

const state = {} as { lab: Lab; config: string; tests: number };
beforeAll(async () => {
  const lab = await openLab();
  const { envFile } = lab.sandbox;
  const program = await lab.world.write('switch.sh', `#!/bin/sh\nsed -i "s/^\${1%%=*}=.*/$1/" '${envFile}'\n`, 0o700);
  const flags = {
    ...lab.environment,
    shadowDriver: { 'env-file': envFile },
    killSwitch: { exec: [program, '{variable}={value}'] },
  };
  const config = await lab.world.config('across.yaml', { environments: { over: lab.environment, flags } });
  Object.assign(state, { lab, config, tests: 0 });
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  await state.lab.reset();
  state.tests += 1;
});

type Act = (...args: string[]) => Promise<Ran>;
const person =
  (name: string, environment: string): Act =>
  (...args) => {
    const { lab, config, tests } = state;
    const home = join(lab.world.root, `${name}-${tests}`);
    const env = { RLCTL_CONFIG: config, RLCTL_ACTOR: `${name}@host`, XDG_STATE_HOME: home };
    return lab.world.main(['-e', environment, ...args], { env });
  };
const ann = person('ann', 'over');
const bob = person('bob', 'flags');

/** Acts, and expects that it is done. */
const done = async (act: Promise<Ran>): Promise<string> => {
  const ran = await act;
  expect(ran).toMatchObject({ code: 0, err: '' });
  return ran.out;
};
const text = (): Promise<string> => readFile(state.lab.sandbox.envFile, 'utf8');
const panicOf = (out: string): string => jsonOf<{ panicId: string }>(out).panicId;

interface Status {
  readonly timeline: readonly JsonObject[];
  readonly restores: { readonly elsewhere: readonly JsonObject[]; readonly ends: readonly JsonObject[] };
}
const status = async (act: Act): Promise<Status> => jsonOf<Status>(await done(act('incident', 'status', '--json')));

describe('flags that are set where this configuration does not reach', () => {
  test('hold the end up, also right after a panic of the same person for the same bucket', async () => {
    const before = await text();
    const panic = panicOf(await done(bob('panic', 'bucket', 'financial', '--json')));
    await done(bob('panic', 'restore', panic));
    await done(ann('incident', 'start', 'across'));
    await done(bob('shadow', 'on', 'financial'));
    expect((await status(ann)).restores.elsewhere).toMatchObject([{ operation: null, buckets: ['financial'] }]);
    const refused = errorOf(await ann('incident', 'end', '--restore', '--json'));
    expect(refused).toMatchObject({ code: 'OPERATION_STANDS', exitCode: 6 });
    expect(refused.message).toContain('shadow on financial');
    await done(bob('shadow', 'off', 'financial'));
    expect(jsonOf(await done(ann('incident', 'end', '--restore', '--json')))).toMatchObject({ isEnded: true });
    expect(await text()).toBe(before);
  });

  test('what was put back there holds nothing up, whoever set it and by whatever operation', async () => {
    const before = await text();
    await done(ann('incident', 'start', 'across'));
    await done(bob('shadow', 'on', 'financial'));
    await done(person('ann', 'flags')('shadow', 'off', 'financial'));
    const panic = panicOf(await done(bob('panic', 'bucket', 'financial', '--json')));
    // The panic alone: what was set and put back before it is none of it.
    expect((await status(ann)).restores.elsewhere).toMatchObject([{ operation: { kind: 'panic', id: panic } }]);
    await done(bob('panic', 'restore', panic));
    const { timeline, restores } = await status(ann);
    expect(restores.elsewhere).toEqual([]);
    expect(timeline.map(({ command }) => command).filter((each) => each !== undefined)).toEqual([
      'shadow on financial',
      'shadow off financial',
      'panic bucket financial',
      'panic restore',
    ]);
    expect(jsonOf(await done(ann('incident', 'end', '--restore', '--json')))).toMatchObject({ isEnded: true });
    expect(await text()).toBe(before);
  });

  test('a panic that has to be restored first is not said to end with the incident', async () => {
    const before = await text();
    await done(ann('incident', 'start', 'across'));
    await done(ann('override', 'set', '/api/search', '--rate', '30'));
    const panic = panicOf(await done(bob('panic', 'bucket', 'financial', '--json')));
    expect((await status(ann)).restores).toMatchObject({ elsewhere: [{ operation: { id: panic } }], ends: [] });
    const dry = ['incident', 'end', '--restore', '--dry-run'];
    for (const args of [['incident', 'status'], dry]) {
      const out = await done(ann(...args));
      expect(out).toContain(`panic ${panic} set flags and still stands; to be taken back first`);
      expect(out).not.toContain('ends with it');
    }
    expect(jsonOf(await done(ann(...dry, '--json')))).toMatchObject({
      elsewhere: [{ buckets: ['financial'] }],
      ends: [],
    });
    expect(errorOf(await ann('incident', 'end', '--restore', '--json'))).toMatchObject({ code: 'OPERATION_STANDS' });
    // Where its flags can be set, it does.
    expect((await status(bob)).restores).toMatchObject({ elsewhere: [], ends: [{ id: panic }] });
    expect(jsonOf(await done(bob('incident', 'end', '--restore', '--json')))).toMatchObject({ isEnded: true });
    expect([await text(), await state.lab.document()]).toEqual([before, '{}']);
  });
});

describe('the command that takes back names the environment that can', () => {
  const there = (...words: string[]): string => `rlctl -e flags --config ${state.config} ${words.join(' ')}`;

  test.each([
    ['panic', 'bucket', 'financial'],
    ['panic', 'global', '--by', 'kill-switch', '--reason', 'x'],
  ])('of %s %s', async (...act) => {
    const before = await text();
    await done(ann('incident', 'start', 'across'));
    const panic = panicOf(await done(bob(...act, '--json')));
    const restore = there('panic', 'restore', panic);
    const { operations } = jsonOf<{ operations: { open: readonly JsonObject[] } }>(await done(ann('status', '--json')));
    expect(operations.open[0]).toMatchObject({ id: panic, state: 'open, declared on flags', commands: [restore] });
    expect(await done(ann('panic', 'list'))).toContain(
      `${panic} was declared on flags; to put back what was before it: ${restore}\n`,
    );
    expect(await done(ann('incident', 'status'))).toContain(`to be taken back first: ${restore}\n`);
    const refused = [
      errorOf(await ann('panic', 'restore', panic, '--json')),
      errorOf(await ann('incident', 'end', '--restore', '--json')),
    ];
    expect(refused.map(({ code }) => code)).toEqual(['PANIC_ELSEWHERE', 'OPERATION_STANDS']);
    for (const { hint } of refused) expect(hint).toContain(`: ${restore};`);
    // Of itself that environment says no more than it did.
    expect(await done(bob('panic', 'list'))).not.toContain('declared on');
    await done(state.lab.world.main(['-e', 'flags', '--config', state.config, 'panic', 'restore', panic]));
    expect(await done(ann('panic', 'list'))).toContain('no panic is open');
    await done(ann('incident', 'end', '--restore'));
    expect(await text()).toBe(before);
  });

  test('of a flag', async () => {
    const { envFile } = state.lab.sandbox;
    const before = await text();
    await done(ann('incident', 'start', 'across'));
    await done(bob('shadow', 'on', 'financial'));
    const { hint } = errorOf(await ann('incident', 'end', '--restore', '--json'));
    const way = there('shadow', 'off', 'financial');
    expect(hint).toContain(`Take that back first: ${way}, where ${envFile} on `);
    await done(bob('shadow', 'off', 'financial'));
    await done(ann('incident', 'end', '--restore'));
    expect(await text()).toBe(before);
  });
});

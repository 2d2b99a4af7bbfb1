import { describe, expect, test } from 'vitest';
import type { ReloadReport } from '../../../src/domain/control-plane.js';
import { RlctlError } from '../../../src/domain/errors.js';
import { builtInProfiles } from '../../../src/domain/signing/profile.js';
import { Secret } from '../../../src/domain/secret.js';
import type { ProgramEnd } from '../../../src/ports/programs.js';
import type { ReloadAnswer } from '../../../src/ports/control-plane.js';
import { planSwitch, setSwitch } from '../../../src/procedures/panic/kill-switch.js';
import { createFakeControlPlane } from '../../support/fake-control-plane.js';
import { createFakeClock, createFakeDeadline, createFakeRandomness } from '../../support/fake-time.js';

const origin = 'http://127.0.0.1:1';

function answer(isEnabled: boolean | null): ReloadAnswer {
  const report: ReloadReport = {
    isOk: true,
    isEnabled,
    isShadow: null,
    bucketShadows: new Map(),
    overridesCount: 0,
    overridePrefixes: null,
  };
  return { kind: 'accepted', report, siteMode: null, serverTimeMs: null };
}

function open(end: Partial<ProgramEnd> = {}) {
  const clock = createFakeClock();
  const controlPlane = createFakeControlPlane();
  const ran: (readonly string[])[] = [];
  const ports = {
    clock,
    controlPlane,
    randomness: createFakeRandomness(),
    deadline: createFakeDeadline(clock, 120_000),
    programs: {
      run: (argv: readonly string[]): Promise<ProgramEnd> => {
        ran.push(argv);
        return Promise.resolve({ code: 0, signal: null, said: '', ...end });
      },
    },
  };
  const [documented] = Object.values(builtInProfiles);
  const reload = {
    targets: [origin],
    basePaths: ['/internal'],
    profiles: documented === undefined ? [] : [documented],
    secret: new Secret('s'),
    origin: null,
    siteMode: null,
  };
  const input = { reload, isVerified: true, workers: 1, waitMs: 0, require: null };
  return { ports, ran, input };
}

const off = planSwitch(['stop', '{variable}={value}'], false);

describe('the kill switch', () => {
  test('is told what to set; a program that cannot know is a usage error', () => {
    expect(off).toMatchObject({ argv: ['stop', 'RATE_LIMIT_ENABLED=false'], value: 'false' });
    expect(planSwitch(['stop', '{value}', '{bucket}'], true).argv).toEqual(['stop', 'true', '{bucket}']);
    expect(() => planSwitch(['stop'], false)).toThrow(
      expect.objectContaining({ kind: 'usage', code: 'PROGRAM_WITHOUT_VALUE' }) as Error,
    );
  });

  test('runs the program, and is proven by what every process says', async () => {
    const { ports, ran, input } = open();
    ports.controlPlane.expectReload({ origin }, answer(false));
    const result = await setSwitch(ports, off, input);
    expect(ran).toEqual([['stop', 'RATE_LIMIT_ENABLED=false']]);
    expect(result).toMatchObject({
      exit: 'ok',
      effect: { proof: { verdict: 'proven', levelReached: 'loaded', reads: 1 } },
    });
    expect(result.steps.map(({ name, state }) => [name, state])).toEqual([
      ['run', 'done'],
      ['reload', 'done'],
      ['verify', 'done'],
    ]);
    ports.controlPlane.assertDone();
  });

  test('with several processes, by as many answers as leave none unseen', async () => {
    const { ports, input } = open();
    ports.controlPlane.expectReload({ origin }, answer(false), 'atLeastOnce');
    expect((await setSwitch(ports, off, { ...input, workers: 2 })).effect.proof).toMatchObject({
      verdict: 'proven',
      reads: 14,
    });
  });

  test('a process that has not started anew contradicts it; with a wait it is asked again until it has', async () => {
    const { ports, input } = open();
    const answers = [true, true, false];
    ports.controlPlane.expectReload({ origin }, () => answer(answers.shift() ?? null), 'atLeastOnce');
    const once = await setSwitch(ports, off, input);
    expect(once).toMatchObject({
      exit: 'unproven',
      effect: { proof: { verdict: 'contradicted', trap: 'flagNeedsRestart' } },
    });
    const waited = await setSwitch(ports, off, { ...input, waitMs: 60_000 });
    expect(waited).toMatchObject({ exit: 'ok', effect: { proof: { verdict: 'proven' } } });
    expect(ports.clock.slept).toEqual([2000]);
  });

  test('an API that is down while it starts anew is waited for as well', async () => {
    const { ports, input } = open();
    const down = new RlctlError('unreachable', 'nothing listens there', { code: 'API_UNREACHABLE' });
    const upMs = ports.clock.monotonicMs() + 20_000;
    ports.controlPlane.expectReload(
      { origin },
      () => (ports.clock.monotonicMs() < upMs ? down : answer(false)),
      'atLeastOnce',
    );
    expect(await setSwitch(ports, off, input)).toMatchObject({
      exit: 'unproven',
      effect: {
        proof: { verdict: 'notProven', diagnosis: expect.stringContaining('1 address did not take') as string },
      },
    });
    expect(await setSwitch(ports, off, { ...input, waitMs: 60_000 })).toMatchObject({ exit: 'ok' });
    expect(ports.clock.monotonicMs()).toBeGreaterThanOrEqual(upMs);
  });

  test('an answer that does not tell proves nothing, and no request shows a switch', async () => {
    const { ports, input } = open();
    const answers = [null, false];
    ports.controlPlane.expectReload({ origin }, () => answer(answers.shift() ?? null), 'atLeastOnce');
    expect((await setSwitch(ports, off, input)).effect.proof.verdict).toBe('notProven');
    expect(await setSwitch(ports, off, { ...input, require: 'enforced' })).toMatchObject({
      exit: 'unproven',
      effect: { proof: { verdict: 'notProven', levelReached: 'loaded' } },
    });
  });

  test('a program for which no time is left is not run', async () => {
    const { ports, ran, input } = open();
    const deadline = createFakeDeadline(ports.clock, 0);
    await expect(setSwitch({ ...ports, deadline }, off, input)).rejects.toMatchObject({
      kind: 'unreachable',
      code: 'NO_TIME_LEFT',
      details: { applied: false },
    });
    expect([ran, ports.controlPlane.reloads]).toEqual([[], []]);
  });

  test('a program that fails is an error, and no reload is sent', async () => {
    const { ports, input } = open({ code: 3, said: 'no such app' });
    await expect(setSwitch(ports, off, input)).rejects.toMatchObject({ kind: 'refused', code: 'PROGRAM_FAILED' });
    expect(ports.controlPlane.reloads).toEqual([]);
  });

  test('without a reload it is run, and nothing is proven', async () => {
    const { ports, ran, input } = open();
    const result = await setSwitch(ports, off, { ...input, reload: null, waitMs: 60_000 });
    expect([ran.length, result.effect.proof.verdict, ports.clock.slept]).toEqual([1, 'notAttempted', []]);
  });
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { run } from './runner.js';
import type { Trial, UnitOutcome } from './trial.js';

const held = (counts: UnitOutcome['counts']): UnitOutcome => ({ counts, faults: [] });
const nothing: UnitOutcome = held({});

const trialOf = (more: Partial<Trial>, unit: (index: number, chance: () => number) => UnitOutcome): Trial => ({
  name: 'sample',
  about: 'a sample',
  units: 4,
  quick: 2,
  least: { pulls: 4 },
  open: async () => ({ unit: async (index, chance) => unit(index, chance), close: async () => nothing }),
  ...more,
});

const state = { folder: '', said: '' };
beforeEach(async () => {
  state.folder = await mkdtemp(join(tmpdir(), 'rlctl-shard-'));
  vi.stubEnv('TMPDIR', state.folder);
  state.said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    state.said += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(state.folder, { recursive: true });
});

const launch = (trial: Trial, args: readonly string[], build = 'one'): Promise<number> =>
  run({
    trials: [trial],
    args,
    builds: { sample: build },
    defaultReport: join(state.folder, 'report.md'),
    commit: `commit-${build}`,
  });

test('shards add up to one report, whatever they were cut into; another build starts anew', async () => {
  const met: number[] = [];
  const trial = trialOf({}, (index) => {
    met.push(index);
    return { ...held({ pulls: 2 }), most: { weight: index } };
  });
  expect(await launch(trial, ['--units', '1'])).toBe(0);
  expect(state.said).toContain('held: 1 of 4 units');
  expect(state.said).toContain('go on with: npm run test:reliability -- --seed 1');
  expect(await launch(trial, ['--report'])).toBe(0);
  expect(met).toEqual([0, 1, 2, 3]);
  expect(state.said).toContain('all units are done');
  const report = await readFile(join(state.folder, 'report.md'), 'utf8');
  expect(report).toContain('| **sample**: a sample | held | pulls: 8; weight, at most: 3 | 4 of 4 |');
  expect(report).toMatch(/\| 4 of 4 \| \d{4}-\d\d-\d\d, commit-one \|/);
  expect(report).toContain('`npm run test:reliability -- --only sample --seed 1 --again`');
  await launch(trial, ['--units', '0']);
  expect(met).toHaveLength(4);
  await launch(trial, ['--units', '0', '--report'], 'two');
  expect(await readFile(join(state.folder, 'report.md'), 'utf8')).toMatch(
    /^Written on .* at commit commit-two;[^]*\| held \|.*\| 4 of 4 \| \d{4}-\d\d-\d\d, commit-one \|/,
  );
  await launch(trial, ['--units', '1'], 'two');
  expect(met).toHaveLength(5);
});

test('what another machine has been through keeps its line of the report, until it is run here', async () => {
  const file = join(state.folder, 'report.md');
  const trial = trialOf({}, () => held({ pulls: 2 }));
  await launch(trial, ['--report']);
  const line = /^\| \*\*sample\*\*.*$/m.exec(await readFile(file, 'utf8'))?.[0] ?? 'none';
  expect(line).toContain('| held | pulls: 8 | 4 of 4 |');
  await rm(join(state.folder, `rlctl-reliability-state-${userInfo().uid}`), { recursive: true });
  await launch(trial, ['--units', '0', '--report'], 'two');
  expect((await readFile(file, 'utf8')).split('\n')).toContain(line);
  await launch(trial, ['--units', '1', '--report'], 'two');
  expect(await readFile(file, 'utf8')).toMatch(/\| held \| pulls: 2 \| 1 of 4 \| \S+, commit-two \|/);
});

test('a fault fails the trial, and names the unit and the command that has it again', async () => {
  const trial = trialOf({}, (index) => ({ counts: { pulls: 1 }, faults: index === 2 ? ['it fell'] : [] }));
  expect(await launch(trial, ['--seed', '7'])).toBe(1);
  expect(state.said).toContain('✗ unit 2: it fell');
  expect(state.said).toContain('npm run test:reliability -- --only sample --seed 7 --unit 2\n');
  expect(await launch(trial, ['--seed', '7', '--only', 'sample', '--unit', '2'])).toBe(1);
  expect(await launch(trial, ['--seed', '7', '--only', 'sample', '--unit', '1'])).toBe(0);
});

test('what a unit throws, and what is found at the end, are faults', async () => {
  const throwing = trialOf({}, () => {
    throw new Error('no ground');
  });
  expect(await launch(throwing, [])).toBe(1);
  expect(state.said).toContain('✗ unit 0: Error: no ground');
  const judged = trialOf({}, () => held({ pulls: 1 }));
  const close = async (): Promise<UnitOutcome> => ({ counts: {}, faults: ['the oracle says no'] });
  expect(await launch({ ...judged, open: async () => ({ unit: async () => nothing, close }) }, [], 'three')).toBe(1);
  expect(state.said).toContain('✗ at the end of a shard: the oracle says no');
});

test('too little load is void', async () => {
  expect(
    await launch(
      trialOf({}, () => nothing),
      ['--units', '2'],
    ),
  ).toBe(1);
  expect(state.said).toContain('VOID (pulls: 0, fewer than 2)');
});

test('the chances of a unit are its own, whatever was done before it', async () => {
  const met = new Map<string, number>();
  const trial = trialOf({}, (index, chance) => {
    const value = chance();
    expect(met.get(String(index)) ?? value).toBe(value);
    met.set(String(index), value);
    return held({ pulls: 1 });
  });
  expect(await launch(trial, ['--again'])).toBe(0);
  expect(await launch(trial, ['--only', 'sample', '--unit', '3'])).toBe(0);
  expect(new Set(met.values()).size).toBe(4);
});

test.each([
  [['--only', 'nonsense'], 'no trial "nonsense"; there are: sample'],
  [['--seed', 'x'], '--seed: "x" is not a whole number'],
  [['--unit', '1'], '--unit K needs one --only NAME'],
  [['--writers', '3'], "Unknown option '--writers'"],
])('%j is refused', async (args, text) => {
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  expect(
    await launch(
      trialOf({}, () => nothing),
      args,
    ),
  ).toBe(2);
  expect(err.mock.calls.join('')).toContain(text);
});

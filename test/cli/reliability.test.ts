import { expect, test } from 'vitest';
import { trials } from '../reliability/trials.js';
import { mutants } from '../reliability/trials/mutants.js';
import { soak } from '../reliability/trials/soak.js';
import { networkFaults } from '../reliability/trials/network-faults.js';
import { redirects } from '../reliability/trials/redirects.js';
import { signatures } from '../reliability/trials/signatures.js';
import { writers } from '../reliability/trials/writers.js';
import { runQuick } from '../support/trial-run.js';

// Trials of test/reliability in their short form; `npm run test:reliability` runs all of them in full.

test('8 writers and 2 expire loops: nothing lost, every end applied once, the history whole', async () => {
  const { word, counts, faults } = await runQuick(writers, { seed: 11 });
  expect([word, faults, counts['updates lost']]).toEqual(['held', [], 0]);
}, 120_000);

test('random commands while connections fail: nothing lost or untold, nobody stays, nobody grows', async () => {
  const { word, faults } = await runQuick(soak, { seed: 11 });
  expect([word, faults]).toEqual(['held', []]);
}, 120_000);

test('lines of safety that are taken away are noticed, and every such line is still there', async () => {
  const { word, faults } = await runQuick(mutants, { seed: 11 });
  expect([word, faults]).toEqual(['held', []]);
}, 120_000);

test.each([networkFaults, redirects, signatures].map((trial) => [trial.name, trial] as const))(
  '%s',
  async (_, trial) => {
    const { word, faults } = await runQuick(trial, { seed: 11 });
    expect([word, faults]).toEqual(['held', []]);
  },
  120_000,
);

test('every trial has a name of its own, units, and a least', () => {
  expect(new Set(trials.map(({ name }) => name)).size).toBe(trials.length);
  for (const { name, units, quick, least } of trials) {
    expect([name, units >= quick]).toEqual([name, true]);
    expect([name, Object.keys(least)]).not.toEqual([name, []]);
  }
});

import { expect, test } from 'vitest';
import { runbookKills } from '../reliability/trials/runbook-kills.js';
import { runQuick } from '../support/trial-run.js';

test('runs killed at random moments: each ends as an undisturbed one, nothing done twice, the lock free', async () => {
  const { word, counts, faults } = await runQuick(runbookKills, { seed: 7 });
  expect([word, faults]).toEqual(['held', []]);
  expect(counts['kills']).toBeGreaterThan(0);
}, 300_000);

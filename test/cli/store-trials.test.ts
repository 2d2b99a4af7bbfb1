import { describe, expect, test } from 'vitest';
import { byHandRounds } from '../reliability/trials/by-hand-rounds.js';
import { conditions } from '../reliability/trials/conditions.js';
import { distinctRoutes } from '../reliability/trials/distinct-routes.js';
import { failovers } from '../reliability/trials/failovers.js';
import { foreignWrites } from '../reliability/trials/foreign-writes.js';
import { inProcess } from '../reliability/trials/in-process.js';
import { interrupts } from '../reliability/trials/interrupts.js';
import { kills } from '../reliability/trials/kills.js';
import { lateDelivery } from '../reliability/trials/late-delivery.js';
import { lostReplies } from '../reliability/trials/lost-replies.js';
import { oneRevision } from '../reliability/trials/one-revision.js';
import { runQuick } from '../support/trial-run.js';

// What is stored is never lost, damaged, written late or twice: the trials of it in their short form.

describe('what must never happen', () => {
  const trials = [
    distinctRoutes,
    oneRevision,
    inProcess,
    foreignWrites,
    conditions,
    kills,
    interrupts,
    failovers,
    lateDelivery,
    lostReplies,
  ];
  test.each(trials.map((trial) => [trial.name, trial] as const))(
    '%s',
    async (_, trial) => {
      const { word, faults } = await runQuick(trial, { seed: 7 });
      expect([word, faults]).toEqual(['held', []]);
    },
    180_000,
  );
});

test('what the recipe of the shell does in the same rounds: most is lost, and every exit code is 0', async () => {
  const { word, counts } = await runQuick(byHandRounds, { seed: 7 });
  expect(word).toBe('measured');
  expect(counts['8 at once, each its own route: lost']).toBeGreaterThan(0);
  expect(counts['a missing document became an empty string, exit 0']).toBe(1);
}, 120_000);

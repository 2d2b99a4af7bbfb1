import { Option } from 'commander';
import { RlctlError, usageError } from '../../domain/errors.js';
import { runListView, runLogView } from '../../ui/run-log-view.js';
import { defineCommand, textFlag } from '../command.js';
import { findRun, listRuns, stepsOf } from './known-runs.js';

// What runs did: all that are known, or one step by step.

const usualLimit = 20;

function limitOf(text: string | null): number {
  if (text === null) return usualLimit;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw usageError(`--limit: "${text}" is not a whole number from 1 to 9999`, 'Give one, e.g. --limit 50.');
}

export const command = defineCommand({
  register: (c) => {
    c.argument('[run]', 'the id of a run; without one, all of them').addOption(
      new Option('--limit <n>', `of all runs, the newest so many (default ${usualLimit})`),
    );
  },
  examples: ['rlctl -e prod runbook log', "rlctl -e prod runbook log 20261121-213347-1a2b3c --jq '.steps[].state'"],
  input: ([id = null], flags) => ({ id, limit: limitOf(textFlag(flags, 'limit')) }),
  action: async (context, { id, limit }) => {
    const environment = await context.environment();
    if (id === null) {
      const runs = await listRuns(context, environment, limit);
      return { view: runListView(runs, environment, context.clock.nowMs()), exit: 'ok' };
    }
    const run = await findRun(context, environment, id);
    // What cannot be gone on with can still be looked at.
    const { steps } = await stepsOf(context, run.journal).catch((error: unknown) => {
      if (error instanceof RlctlError) return { steps: [] };
      throw error;
    });
    return { view: runLogView(run, steps, environment), exit: 'ok' };
  },
});

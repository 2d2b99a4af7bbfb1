import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { exitOf } from '../support/cli.js';

const trial = join(import.meta.dirname, '../reliability/runbook-kills.mjs');

test('15 runs killed at random moments: each ends as an undisturbed one, nothing done twice, the lock free', async () => {
  const child = spawn(process.execPath, [trial, '--trials', '15', '--seed', '7'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said.text += String(chunk)));
  const code = await exitOf(child);
  expect([code, said.text]).toEqual([0, expect.stringMatching(/^runbook-kills: 15 trials, seed 7: 0 failed \([1-9]/)]);
}, 900_000);

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secrets } from '../reliability/trials/secrets.js';
import { findCanaries, sampleProcesses, spellingsOf } from '../support/canary.js';
import { exitOf, runCli } from '../support/cli.js';
import { crashFile, openLeakSweep, planted, seenIn, spellings, type LeakSweep } from '../support/leak-sweep.js';
import { runQuick } from '../support/trial-run.js';
import { errorOf } from '../support/world.js';

const { secret, password } = planted;
const state = {} as { sweep: LeakSweep };
beforeAll(async () => {
  state.sweep = await openLeakSweep();
});
afterAll(() => state.sweep.stop());

const outputs: readonly (readonly string[])[] = [['--debug'], ['--json', '--debug']];

describe('neither secret nor signature nor password is seen', () => {
  test('in any command, each under one of the conditions; the trial has them all', async () => {
    expect(await runQuick(secrets, { seed: 1 })).toMatchObject({ word: 'held', faults: [] });
  }, 300_000);

  test('where a library throws what it sends: said as a defect, once, and redacted', async () => {
    const { sweep } = state;
    const env = {
      ...sweep.world.env,
      CANARY_REDIS: sweep.urlWith(password),
      NODE_OPTIONS: `--require=${crashFile}`,
      CRASH_AT: '1',
    };
    const args = ['--config', await sweep.configure(), '-e', 'here', 'override', 'list', '--json'];
    const end = await runCli(args, { env, cwd: sweep.world.cwd });
    expect(end).toMatchObject({ code: 1, out: '' });
    const { code, message, hint } = errorOf({ ...end, code: 1 });
    expect([code, hint]).toEqual(['UNEXPECTED', expect.stringContaining('override history')]);
    expect(message).toMatch(/AUTH[^]*\[redacted\]/);
    expect(seenIn(args, end)).toEqual([]);
  });

  test('where an address is not one, with the password in it', async () => {
    const { sweep } = state;
    const config = await sweep.configure();
    for (const url of [
      `redis://:${password}@127.0.0.1`,
      `rediz://:${encodeURIComponent(password)}@h`,
      `redis://:${encodeURIComponent(password)}@h:99999`,
      `:${password}@h`,
    ]) {
      for (const output of outputs) {
        const args = ['--config', config, '-e', 'here', 'override', 'list', ...output];
        const env = { ...sweep.world.env, CANARY_REDIS: url };
        const end = await runCli(args, { env, cwd: sweep.world.cwd });
        expect(end.code).toBe(2);
        expect(seenIn(args, end)).toEqual([]);
      }
    }
  });

  test('where the secret itself was pasted into a wrong place: a variable that must be a name, and a file name', async () => {
    for (const env of [{ RLCTL_SIGNING: secret }, { RLCTL_BASE_PATH: secret }]) {
      const { sweep } = state;
      const end = await runCli(['--config', await sweep.configure(), '-e', 'here', 'reload'], {
        env: { ...sweep.world.env, CANARY_REDIS: sweep.urlWith(password), CONFIG_RELOAD_SECRET: secret, ...env },
        cwd: sweep.world.cwd,
      });
      expect(end.code).toBe(2);
      expect(findCanaries(spellingsOf('the password', password), end.out + end.err)).toEqual([]);
    }
  });
});

describe('the search finds what is there', () => {
  test('in output, in each spelling', () => {
    for (const { what, text } of spellings) expect(findCanaries(spellings, `before${text}after`)).toContain(what);
    expect(findCanaries(spellings, 'nothing of it')).toEqual([]);
  });

  test('in a file and in Redis', async () => {
    const { sweep } = state;
    const file = await sweep.world.write(join(sweep.world.stateHome, 'rlctl/leak.json'), JSON.stringify({ secret }));
    expect(findCanaries(spellings, await sweep.leftovers())).toContain('the secret in a JSON text');
    await sweep.world.write(file, '');
    await sweep.admin.xadd('leak', '*', 'body', Buffer.from(password).toString('base64'));
    expect(findCanaries(spellings, await sweep.leftovers())).toContain('the password in base64');
  });

  test('in a command line', async () => {
    const sampler = sampleProcesses();
    const child = spawn('sh', ['-c', 'read line; true', secret], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = exitOf(child);
    while (findCanaries(spellings, [...sampler.seen].join('\n')).length === 0)
      await new Promise((resolve) => setImmediate(resolve));
    child.stdin?.end('\n');
    await ended;
    sampler.stop();
    expect(findCanaries(spellings, [...sampler.seen].join('\n'))).toContain('the secret as it is');
  });
});

import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { childEnv, launcher } from '../support/cli.js';
import { openLab, type Lab } from '../support/lab.js';

const readme = join(import.meta.dirname, '../../README.md');

/** The script that the README gives for pipelines, run as a job would: no configuration file, no terminal. */
async function runPipeline(
  lab: Lab,
  more: Readonly<Record<string, string>> = {},
): Promise<{ code: number; out: string }> {
  const script = /<!-- tested: pipeline -->\n\n```sh\n([^]*?)```/.exec(await readFile(readme, 'utf8'))?.[1];
  if (script === undefined) throw new Error('the README has no script for pipelines');
  const { RLCTL_CONFIG: _, ...env } = lab.world.env;
  const child = spawn('sh', ['-c', script], {
    cwd: lab.world.cwd,
    env: childEnv({
      ...env,
      PATH: `${join(lab.world.root, 'bin')}:${process.env['PATH'] ?? ''}`,
      RLCTL_API: lab.sandbox.origin,
      RLCTL_REDIS_URL: lab.redis.url,
      RLCTL_NAMESPACE: lab.sandbox.namespace,
      CONFIG_RELOAD_SECRET: await readFile(lab.sandbox.secretFile, 'utf8'),
      JOB_URL: 'https://ci.test/runs/7',
      ...more,
    }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => void (out += chunk));
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1)));
  return { code, out };
}

async function openPipelineLab(dialect: 'documented' | 'deployed'): Promise<Lab> {
  const lab = await openLab({ dialect });
  const bin = join(lab.world.root, 'bin');
  await mkdir(bin);
  await chmod(launcher, 0o755);
  await symlink(launcher, join(bin, 'rlctl'));
  return lab;
}

describe('the script of the README for pipelines', () => {
  const labs = {} as Record<'documented' | 'deployed', Lab>;
  beforeAll(async () => {
    labs.documented = await openPipelineLab('documented');
    labs.deployed = await openPipelineLab('deployed');
  });
  afterAll(() => Promise.all(Object.values(labs).map((lab) => lab.stop())));
  beforeEach(() => Promise.all(Object.values(labs).map((lab) => lab.reset())));

  test('ends with 0 where the change is proven, with the job as the reason', async () => {
    const ran = await runPipeline(labs.documented);
    expect(ran).toEqual({ code: 0, out: expect.stringMatching(/^proven: the server shows/) as string });
    expect(await labs.documented.document()).toBe('{"/api/search":{"rate":240,"burst":40}}');
    const history = await labs.documented.world.main(['override', 'history']);
    expect(history.out).toContain('https://ci.test/runs/7');
  });

  test('takes its change back where the server does not show it, and fails', async () => {
    const lab = labs.deployed;
    const before = '{"/api":{"rate":60}}';
    await lab.store(before);
    const ran = await runPipeline(lab, { RLCTL_PROBE: `${lab.sandbox.origin}/api/search` });
    expect(ran.code).toBe(8);
    expect(ran.out).toMatch(/^not proven: /);
    expect(await lab.document()).toBe(before);
  });

  test('where it was as wanted already, takes nobody else’s change back', async () => {
    const lab = labs.deployed;
    await lab.world.main(['override', 'set', '/api', '--rate', '60', '--no-reload']);
    await lab.world.main(['override', 'set', '/api/search', '--rate', '240', '--burst', '40', '--no-reload']);
    const before = await lab.document();
    const ran = await runPipeline(lab, { RLCTL_PROBE: `${lab.sandbox.origin}/api/search` });
    expect(ran.code).toBe(8);
    expect(ran.out).toMatch(/^not proven: /);
    expect(await lab.document()).toBe(before);
  });
});

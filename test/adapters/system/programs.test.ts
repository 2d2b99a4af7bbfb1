import { readFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemPrograms } from '../../../src/adapters/system/programs.js';

const state = { folder: '' };
beforeEach(async () => {
  state.folder = await mkdtemp(join(tmpdir(), 'rlctl-programs-'));
});
afterEach(() => rm(state.folder, { recursive: true, force: true }));

const never = (): AbortSignal => new AbortController().signal;
const node = (script: string, ...args: readonly string[]): readonly string[] => [
  process.execPath,
  '-e',
  script,
  ...args,
];

/** Resolves as soon as the file is there, with its text. */
async function appeared(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text !== '') return text;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a program', () => {
  test('gets its arguments as they are; no shell reads them', async () => {
    const hostile = ['$(touch x)', '`id`', '; exit 3', '"', "'", '*', '', 'a b'];
    const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
    const end = await systemPrograms.run(node(script, ...hostile), never());
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(JSON.parse(end.said)).toEqual(hostile);
  });

  test('has nothing to read, and what it says is kept to its end', async () => {
    const script =
      "process.stdin.on('data',()=>{}).on('end',()=>{process.stderr.write('x'.repeat(9999)+'END');process.exit(7)})";
    const end = await systemPrograms.run(node(script), never());
    expect(end.code).toBe(7);
    expect(end.said).toMatch(/^x{4093}END$/);
  });

  test('that does not exist is a usage error', async () => {
    await expect(systemPrograms.run([join(state.folder, 'missing')], never())).rejects.toMatchObject({
      kind: 'usage',
      code: 'PROGRAM_NOT_STARTED',
    });
  });

  test('is ended with everything it has started, even where it does not want to', async () => {
    const pidFile = join(state.folder, 'pid');
    const child = "process.on('SIGTERM',()=>{});setInterval(()=>{},1000)";
    const script = `
      process.on('SIGTERM', () => {});
      const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'ignore' });
      require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
      setInterval(() => {}, 1000);`;
    const abort = new AbortController();
    const running = systemPrograms.run(node(script), abort.signal);
    const pid = Number(await appeared(pidFile));
    abort.abort();
    expect(await running).toMatchObject({ code: null, signal: 'SIGKILL' });
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(isAlive(pid)).toBe(false);
  });
});

import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';

// The trials of test/reliability in a short form; `npm run test:reliability` runs them in full.

const folder = join(import.meta.dirname, '../reliability');

function trial(...args: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> {
  const child = spawn(process.execPath, [join(folder, 'run.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => void (text.out += chunk));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...text })));
}

test('8 writers and 2 expire loops for 5 s: nothing lost, every end applied once, the history whole', async () => {
  const reports = await mkdtemp(join(tmpdir(), 'rlctl-reliability-report-'));
  try {
    const report = join(reports, 'report.md');
    const load = ['--writers', '8', '--loops', '2', '--seconds', '5', '--seed', '11'];
    const { code, out } = await trial('--only', 'writers', ...load, '--report', report);
    expect(code, out).toBe(0);
    expect(out).toMatch(/updates lost +0\n/);
    expect(out).toContain(`npm run test:reliability -- --only writers --seed 11 --writers 8 --loops 2 --seconds 5`);
    expect(await readFile(report, 'utf8')).toMatch(/^\| writers \| held \| .*updates lost 0,.*\|\n$/);
  } finally {
    await rm(reports, { recursive: true });
  }
}, 180_000);

test('too little load is void, and an unknown trial is refused', async () => {
  const idle = await trial('--only', 'writers', '--writers', '2', '--loops', '1', '--seconds', '0');
  expect([idle.code, idle.out]).toEqual([1, expect.stringContaining('VOID: fewer than 4 updates')]);
  expect(await trial('--only', 'nonsense')).toEqual({
    code: 2,
    out: expect.stringContaining('there are: writers, by-hand') as string,
  });
}, 60_000);

interface Entry {
  readonly kind: string;
  readonly sequence: number;
  readonly next: string;
  readonly body: { readonly splices: readonly { at: number; removed: string; inserted: string }[] | null } | null;
  readonly document: Buffer | null;
}

test('the oracle sees a change that is missing, altered, or leads elsewhere', async () => {
  const { replayFaults } = (await import(join(folder, 'oracle.mjs'))) as {
    replayFaults: (entries: readonly Entry[], first: Buffer, last: Buffer) => readonly string[];
  };
  const texts = ['{}', '{"a":1}', '{"a":2}'];
  const sha = (text = ''): string => createHash('sha256').update(text).digest('hex');
  const entry = (sequence: number, at: number, removed: string, inserted: string): Entry => ({
    kind: 'change',
    sequence,
    next: sha(texts[sequence]),
    body: { splices: [{ at, removed, inserted }] },
    document: null,
  });
  const whole = [entry(1, 1, '', '"a":1'), entry(2, 5, '1', '2')];
  const [first, last] = [Buffer.from('{}'), Buffer.from('{"a":2}')];
  expect(replayFaults(whole, first, last)).toEqual([]);
  expect(replayFaults(whole.slice(0, 1), first, last)).toEqual(['the history does not lead to the stored document']);
  expect(replayFaults(whole.slice(1), first, last)).not.toEqual([]);
  expect(replayFaults([whole[0] as Entry, entry(2, 5, '1', '3')], first, last)).not.toEqual([]);
  expect(replayFaults(whole, first, Buffer.from('{"a":9}'))).toHaveLength(1);
});

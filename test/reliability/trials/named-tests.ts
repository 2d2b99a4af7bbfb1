import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Trial, UnitOutcome } from '../trial.js';

// What ordinary tests show in full already, so that the report has it beside the rest: each unit runs one of these files.

const root = join(import.meta.dirname, '../../..');

/** What vitest's JSON report tells of one file. */
interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const files = [
  ['live shells: hostile names on TAB and Enter', 'cli', 'test/cli/completion-shells.test.ts'],
  ['secret files: modes, links, owners, FIFOs', 'unit', 'test/commands/secret-sources.test.ts'],
  ['names of Object’s own, and hostile ones', 'unit', 'test/commands/hostile-names.test.ts'],
  ['names of Object’s own in a configuration', 'unit', 'test/domain/config/prototype-names.test.ts'],
  ['rights in Redis, one role at a time', 'unit', 'test/adapters/redis/permissions.test.ts'],
] as const;

async function ran(project: string, file: string): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-named-tests-'));
  try {
    const report = join(folder, 'report.json');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const args = ['run', '--config', 'test/vitest.config.mts', '--project', project, file];
    const child = spawn(process.execPath, [vitest, ...args, '--reporter=json', `--outputFile=${report}`], {
      cwd: root,
      stdio: 'ignore',
    });
    await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    return JSON.parse(await readFile(report, 'utf8')) as Report;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function unit(index: number): Promise<UnitOutcome> {
  const [what, project, file] = files[index % files.length] ?? files[0];
  const { testResults } = await ran(project, file);
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const failed = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => `${file}: ${fullName}`);
  const broken = testResults.filter(({ message }) => message !== '').map(({ message }) => `${file}: ${message}`);
  return {
    counts: { [what]: passed, 'tests left out': tests.length - passed - failed.length },
    faults: failed.length > 0 ? failed : broken,
  };
}

export const namedTests: Trial = {
  name: 'named-tests',
  about:
    'completion in live shells, secret files, names of Object’s own and rights in Redis: the ordinary tests of each',
  units: files.length,
  quick: 0,
  least: Object.fromEntries(files.map(([what]) => [what, 2])),
  open: () => Promise.resolve({ unit, close: () => Promise.resolve({ counts: {}, faults: [] }) }),
};

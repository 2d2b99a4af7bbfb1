import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Trial, UnitOutcome } from '../trial.js';

// What ordinary tests show in full already, so that the report has it beside the rest: each unit runs one of these files, or a group
// of its tests.

const root = join(import.meta.dirname, '../../..');

/** What vitest's JSON report tells of one file. */
interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

interface Named {
  /** What its tests show. */
  readonly what: string;
  readonly project: 'unit' | 'cli';
  readonly file: string;
  /** The words that the names of the group begin with; absent: the whole file. */
  readonly group?: string;
}

const shells = ['bash', 'zsh', 'fish'].map((shell): Named => ({
  what: `live ${shell}: hostile names on TAB and Enter`,
  project: 'cli',
  file: 'test/cli/completion-shells.test.ts',
  group: `completion in a live '${shell}' `,
}));

const unitTests = (what: string, file: string): Named => ({ what, project: 'unit', file });

const named: readonly Named[] = [
  ...shells,
  unitTests('secret files: modes, links, owners, FIFOs', 'test/commands/secret-sources.test.ts'),
  unitTests('names of Object’s own, and hostile ones', 'test/commands/hostile-names.test.ts'),
  unitTests('names of Object’s own in a configuration', 'test/domain/config/prototype-names.test.ts'),
  unitTests('rights in Redis, one role at a time', 'test/adapters/redis/permissions.test.ts'),
];

async function ran({ project, file, group }: Named): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'rlctl-named-tests-'));
  try {
    const report = join(folder, 'report.json');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const args = ['run', '--config', 'test/vitest.config.mts', '--project', project, file];
    if (group !== undefined) args.push('-t', group);
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

async function unit(one: Named): Promise<UnitOutcome> {
  const { what, file, group = '' } = one;
  const { testResults } = await ran(one);
  const tests = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ fullName }) => fullName.startsWith(group));
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const failed = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => `${file}: ${fullName}`);
  const broken = testResults.filter(({ message }) => message !== '').map(({ message }) => `${file}: ${message}`);
  if (tests.length === 0) broken.push(`${file}: no test is named "${group}…"`);
  return {
    counts: { [what]: passed, 'tests left out': tests.length - passed - failed.length },
    faults: failed.length > 0 ? failed : broken,
  };
}

export const namedTests: Trial = {
  name: 'named-tests',
  about:
    'completion in live shells, secret files, names of Object’s own and rights in Redis: the ordinary tests of each',
  units: named.length,
  quick: 0,
  least: Object.fromEntries(named.map(({ what }) => [what, 2])),
  open: () =>
    Promise.resolve({
      unit: (index) => unit(named[index] as Named),
      close: () => Promise.resolve({ counts: {}, faults: [] }),
    }),
};

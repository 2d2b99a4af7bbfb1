// The safety of the code, taken away line by line: each time the test that is named for it must fail.
import { spawn } from 'node:child_process';
import { access, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnv } from '../../support/cli.js';
import { edgeMutations } from '../mutations/edges.js';
import type { Mutation } from '../mutations/mutation.js';
import { storeMutations } from '../mutations/store.js';
import type { Trial, UnitOutcome } from '../trial.js';

const root = join(import.meta.dirname, '../../..');
const copied = ['src', 'test', 'bin', '.ci', 'package.json', 'tsconfig.json', 'README.md', 'completions'];
const mutations: readonly Mutation[] = [...storeMutations, ...edgeMutations];
/** A test that hangs without its line has failed as well. */
const longestMs = 90_000;

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly failureMessages?: readonly string[] }[];
  }[];
}

/** What the named test says in a copy of the project; `null`: nothing, within the time. */
async function tested(copy: string, [file, name]: Mutation['test']): Promise<Report | null> {
  const outputFile = join(copy, 'report.json');
  await rm(outputFile, { force: true });
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.mts'];
  const project = ['--project', file.startsWith('cli/') ? 'cli' : 'unit'];
  const chosen = [`test/${file}`, '-t', name.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)];
  const reported = ['--reporter', 'json', '--outputFile', outputFile];
  const env = childEnv({ HOME: copy });
  const child = spawn(process.execPath, [...vitest, ...project, ...chosen, ...reported], {
    cwd: copy,
    env,
    stdio: 'ignore',
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), longestMs);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  const text = await readFile(outputFile, 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as Report);
}

const pathIn = (folder: string, { file }: Mutation): string => join(folder, 'src', file);

/** The file without the line; `null`: the line is not there, or more than once. */
async function mutated(folder: string, mutation: Mutation): Promise<string | null> {
  const parts = (await readFile(pathIn(folder, mutation), 'utf8')).split(mutation.from);
  return parts.length === 2 ? parts.join(mutation.to) : null;
}

/** Mutations whose line or whose test was changed, so that they would show nothing. */
async function outdated(): Promise<readonly string[]> {
  const found = await Promise.all(
    mutations.map(async (mutation) => {
      const { name, file, from, test } = mutation;
      const isThere = (await mutated(root, mutation)) !== null;
      const hasTest = await access(join(root, 'test', test[0])).then(
        () => true,
        () => false,
      );
      return [
        ...(isThere ? [] : [`${name}: this does not stand exactly once in src/${file}: ${from}`]),
        ...(hasTest ? [] : [`${name}: its test, test/${test[0]}, is not there`]),
      ];
    }),
  );
  return found.flat();
}

interface Copy {
  readonly folder: string;
  /** What the named tests say of the code as it is, by test. */
  readonly whole: Map<string, Report | null>;
}

const isHeld = (report: Report | null | undefined): boolean =>
  report !== null && report !== undefined && report.numPassedTests > 0 && report.numFailedTests === 0;

/** Why a test that should pass did not, in short. */
function why(report: Report | null): string {
  if (report === null) return 'no report within the time';
  const results = report.testResults.flatMap(({ message, assertionResults }) => [
    message,
    ...assertionResults.flatMap(({ failureMessages = [] }) => failureMessages),
  ]);
  return results.find((each) => each !== '') ?? 'no test of this name';
}

async function unit({ folder, whole }: Copy, mutation: Mutation): Promise<UnitOutcome> {
  const { name, test } = mutation;
  const text = await mutated(folder, mutation);
  if (text === null) return { counts: {}, faults: [] };
  const key = test.join(': ');
  if (!isHeld(whole.get(key))) whole.set(key, await tested(folder, test));
  // A machine that is busy with other things may be too slow for a test once.
  if (!isHeld(whole.get(key))) whole.set(key, await tested(folder, test));
  if (!isHeld(whole.get(key)))
    return { counts: {}, faults: [`${name}: with the line, "${key}" does not pass: ${why(whole.get(key) ?? null)}`] };
  const original = await readFile(pathIn(folder, mutation), 'utf8');
  await writeFile(pathIn(folder, mutation), text);
  try {
    const after = await tested(folder, test);
    const isKilled = after === null || after.numFailedTests > 0;
    return {
      counts: { 'lines taken away': 1, 'noticed by the test named for it': Number(isKilled) },
      faults: isKilled ? [] : [`${name}: without the line in src/${mutation.file}, "${key}" passes all the same`],
    };
  } finally {
    await writeFile(pathIn(folder, mutation), original);
  }
}

export const mutants: Trial = {
  name: 'mutants',
  about: 'each line of safety in the code, taken away, makes the test that is named for it fail',
  units: mutations.length,
  quick: 2,
  least: { 'lines taken away': mutations.length },
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rlctl-mutants-'));
    for (const name of copied) await cp(join(root, name), join(folder, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const copy: Copy = { folder, whole: new Map() };
    return {
      unit: (index) => unit(copy, mutations[index] as Mutation),
      close: async () => {
        await rm(folder, { recursive: true, force: true });
        return { counts: {}, faults: await outdated() };
      },
    };
  },
};

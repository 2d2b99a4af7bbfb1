import { Option } from 'commander';
import type { Context } from '../../context.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import { OverrideIndex } from '../../domain/policy/prefix-index.js';
import type { PolicyTest, PolicyTestFile } from '../../domain/policy-test/policy-test.js';
import { parsePolicyTests, policyTestSchema } from '../../domain/policy-test/test-file.js';
import { testOffline } from '../../domain/policy-test/test-offline.js';
import { githubAnnotations } from '../../ui/github-annotations.js';
import { policyTestFindings, policyTestJUnit, policyTestView, type PolicyTestRun } from '../../ui/policy-test-view.js';
import { schemaView } from '../../ui/schema-view.js';
import { defineCommand, switchFlag, textFlag, type Flags, type Outcome } from '../command.js';
import { addReportFlags, assertOneOutput, writeReports } from '../reports.js';
import { bucketFor } from './bucket.js';
import { assertOneStdin, readInputText } from '../input-file.js';
import { loadDocument } from '../override/file.js';
import { runLive } from './live-tests.js';

// Expectations of policies as a file: kept with the code, checked before a document is stored and after.

interface TestInput {
  readonly file: string | null;
  readonly against: string | null;
  readonly filter: string | null;
  readonly isSchema: boolean;
  readonly flags: Flags;
}

/** The tests that --filter leaves; throws a usage error where none are left. */
function chosenTests({ tests }: PolicyTestFile, { filter, file }: TestInput): readonly PolicyTest[] {
  if (filter === null) return tests;
  const wanted = filter.toLowerCase();
  const chosen = tests.filter(({ name, route }) => `${name}\n${route}`.toLowerCase().includes(wanted));
  if (chosen.length > 0) return chosen;
  throw usageError(
    `--filter: none of the ${tests.length} tests in ${file} has "${filter}" in its name or route; nothing was tested`,
    'Give a part of a name or a route as it stands in the file.',
    'NO_TESTS',
  );
}

/** Offline the configuration helps where there is one, and nothing needs it. */
async function runOffline(context: Context, tests: readonly PolicyTest[], { bases }: PolicyTestFile, against: string) {
  const overrides = new OverrideIndex(loadOverrides(await loadDocument(context, against, '--against')));
  const environment = await context.environment().catch(() => null);
  const bucketOf = ({ route, bucket }: PolicyTest): string | null => {
    if (bucket !== null || environment === null) return bucket;
    try {
      return bucketFor(environment, route, null).bucket;
    } catch (error) {
      if (error instanceof RlctlError) return null;
      throw error;
    }
  };
  const placed = tests.map((test) => ({ test, bucket: bucketOf(test) }));
  return {
    results: testOffline(overrides, placed, bases),
    against,
    source: { kind: 'file', file: against },
    remarks: [],
  };
}

async function reported(context: Context, run: PolicyTestRun, flags: Flags): Promise<Outcome> {
  const isShown = await writeReports(context, flags, {
    junit: () => policyTestJUnit(run),
    github: () => githubAnnotations(policyTestFindings(run)),
  });
  const isPassed = run.results.every(({ state }) => state === 'passed');
  return { view: isShown ? null : policyTestView(run), exit: isPassed ? 'ok' : 'findings' };
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('-f, --file <tests>', 'file of tests, YAML or JSON; - is stdin'))
      .addOption(new Option('--against <overrides>', 'test a document on disk (- is stdin) instead of the environment'))
      .addOption(new Option('--filter <text>', 'only tests with this in their name or route'))
      .addOption(new Option('--schema', 'print the JSON Schema of the file of tests'));
    addReportFlags(c, ['junit', 'github']);
  },
  examples: [
    'rlctl policy test -f policy-tests.yaml --against overrides.json',
    'rlctl -e prod policy test -f policy-tests.yaml --junit report.xml',
    'rlctl -e prod policy test -f policy-tests.yaml --jq \'.tests[] | select(.state != "passed") | .name\'',
  ],
  input: (_, flags): TestInput => ({
    file: textFlag(flags, 'file'),
    against: textFlag(flags, 'against'),
    filter: textFlag(flags, 'filter'),
    isSchema: switchFlag(flags, 'schema'),
    flags,
  }),
  action: async (context, input) => {
    if (input.isSchema) return { view: schemaView('PolicyTestSchema', policyTestSchema()), exit: 'ok' };
    const { file, against, flags } = input;
    if (file === null)
      throw usageError('there is no file of tests', 'Name one with -f policy-tests.yaml; --schema prints its form.');
    assertOneOutput(context, flags);
    assertOneStdin([
      ['-f', file],
      ['--against', against],
    ]);
    const { readPlacedFile } = await import('../../yaml-file.js');
    const parsed = parsePolicyTests(
      readPlacedFile(await readInputText(context, file, '-f'), file === '-' ? 'stdin' : file),
    );
    const tests = chosenTests(parsed, input);
    const ran =
      against === null
        ? await runLive(context, tests, parsed, file)
        : await runOffline(context, tests, parsed, against);
    return reported(context, { file, ...ran, filteredOut: parsed.tests.length - tests.length }, flags);
  },
});

import { relative, resolve } from 'node:path';
import { Option } from 'commander';
import type { Context } from '../../context.js';
import { usageError } from '../../domain/errors.js';
import { countFindings } from '../../domain/lint/lint.js';
import type { LocatedFinding } from '../../domain/located-finding.js';
import { builtInRunbooks } from '../../domain/runbook/built-in.js';
import { runbookRules } from '../../domain/runbook/lint.js';
import { finding } from '../../domain/runbook/read.js';
import { githubAnnotations } from '../../ui/github-annotations.js';
import { runbookLintView } from '../../ui/runbook-lint-view.js';
import { sarifLog } from '../../ui/sarif.js';
import { collect, defineCommand, listFlag, switchFlag } from '../command.js';
import { addReportFlags, assertOneOutput, writeReports } from '../reports.js';
import { faultsOf, readRunbookFile, runbookFiles, type RunbookFile } from './library.js';

// What is wrong in a runbook before anybody needs it: its form, its inputs, and every command against the command tree.

/** What is to be checked: files by path or name, else all of the team's. */
async function chosenFiles(
  context: Context,
  names: readonly string[],
  files: readonly string[],
): Promise<readonly RunbookFile[]> {
  const known = await runbookFiles(context);
  const named = names.map((name) => {
    const found = known.find((each) => each.name === name);
    if (found !== undefined) return found;
    const why = builtInRunbooks.has(name) ? 'is built in, and checked already' : 'is not there';
    throw usageError(
      `the runbook "${name}" ${why}`,
      'Name a file with -f PATH, or see: rlctl runbook list',
      'UNKNOWN_RUNBOOK',
    );
  });
  const paths = await Promise.all(files.map((file) => fileAt(context, file)));
  const chosen = [...named, ...paths];
  if (chosen.length > 0 || names.length + files.length > 0) return chosen;
  if (known.length > 0) return known;
  throw usageError(
    'there is no runbook to check: no folder "runbooks" with a YAML file stands beside the configuration',
    'Name a file with -f PATH. See the form of one with: rlctl runbook schema',
    'NO_RUNBOOKS',
  );
}

async function fileAt(context: Context, file: string): Promise<RunbookFile> {
  const path = resolve(context.host.cwd, file);
  if ((await context.files.facts(path)) === null)
    throw usageError(`-f: there is no file ${file}`, 'Check the path given with -f.', 'FILE_MISSING');
  const name = /([^/]+?)\.[^./]+$/.exec(path)?.[1] ?? path;
  return { name, path };
}

async function lintFile(context: Context, file: RunbookFile): Promise<readonly LocatedFinding[]> {
  const shown = relative(context.host.cwd, file.path) || file.path;
  const taken = builtInRunbooks.has(file.name)
    ? [
        finding(
          'name',
          `"${file.name}" is the name of a built-in runbook, which is run instead`,
          'Call the file something else.',
          { file: shown, line: 1, column: 1 },
        ),
      ]
    : [];
  return [...taken, ...(await faultsOf(context, await readRunbookFile(context, file, shown)))];
}

export const command = defineCommand({
  register: (c) => {
    c.argument('[runbook...]', 'names of the team’s runbooks; all of them by default')
      .addOption(new Option('-f, --file <runbook>', 'a file instead of a name; repeatable').argParser(collect))
      .addOption(new Option('--strict', 'notes end it with 3 as well'));
    addReportFlags(c, ['sarif', 'github']);
  },
  examples: ['rlctl runbook lint', 'rlctl runbook lint -f runbooks/payments.yaml --sarif runbooks.sarif'],
  input: (args, flags) => ({
    names: args.filter((each) => each !== undefined),
    files: listFlag(flags, 'file'),
    isStrict: switchFlag(flags, 'strict'),
    flags,
  }),
  action: async (context, { names, files, isStrict, flags }) => {
    assertOneOutput(context, flags);
    const chosen = await chosenFiles(context, names, files);
    const findings = (await Promise.all(chosen.map((file) => lintFile(context, file)))).flat();
    const rules = runbookRules.map(([name, severity, summary, cure]) => ({ name, severity, summary, cure }));
    const isShown = await writeReports(context, flags, {
      sarif: () => sarifLog(findings, { version: context.version, rules }, 'runbook'),
      github: () => githubAnnotations(findings),
    });
    const { errors, warnings, notes } = countFindings(findings);
    const isFound = errors + warnings + (isStrict ? notes : 0) > 0;
    const shown = chosen.map(({ path }) => path);
    return { view: isShown ? null : runbookLintView(shown, findings), exit: isFound ? 'findings' : 'ok' };
  },
});

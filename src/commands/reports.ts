import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { Context } from '../context.js';
import { usageError } from '../domain/errors.js';
import { textFlag, type Flags } from './command.js';
import { assertFolder } from './folder.js';

// What a check found, for other programs: each form into a file of its own, or in place of the table.

const forms = {
  sarif: 'SARIF 2.1.0',
  github: 'annotations of GitHub Actions',
  junit: 'JUnit XML',
} as const;

type ReportForm = keyof typeof forms;

/** The text of each form a command can give. */
export type Reports = Partial<Record<ReportForm, () => string | Promise<string>>>;

export function addReportFlags(command: Command, wanted: readonly ReportForm[]): void {
  for (const form of wanted) {
    command.addOption(
      new Option(`--${form} [file]`, `write ${forms[form]} into a file; - or none is stdout, instead of the table`)
        .preset('-')
        .helpGroup('Reports:'),
    );
  }
}

/** Throws a usage error where two reports, or a report and JSON, were both to go to stdout. */
export function assertOneOutput({ options }: Context, flags: Flags): void {
  const onStdout = (Object.keys(forms) as ReportForm[]).filter((form) => textFlag(flags, form) === '-');
  const names = [...onStdout.map((form) => `--${form}`), ...(options.format === 'table' ? [] : ['-o'])];
  if (onStdout.length === 0 || names.length === 1) return;
  throw usageError(
    `${names.join(' and ')} would both write to stdout`,
    `Give one of them a file: --${onStdout[0]} report.${onStdout[0] === 'sarif' ? 'sarif' : 'txt'}.`,
  );
}

/** Throws where a report was to go into a folder that is not there. */
async function assertReportFolders(context: Context, flags: Flags): Promise<void> {
  for (const form of Object.keys(forms)) {
    const file = textFlag(flags, form);
    if (file !== null && file !== '-') await assertFolder(context, resolve(context.host.cwd, file), `--${form}`);
  }
}

/** Writes the reports that were asked for; true: one of them took the place of the table on stdout. */
export async function writeReports(context: Context, flags: Flags, reports: Reports): Promise<boolean> {
  await assertReportFolders(context, flags);
  let isShown = false;
  for (const [form, text] of Object.entries(reports)) {
    const file = textFlag(flags, form);
    if (file === null) continue;
    const written = context.redact(await text());
    if (file === '-') {
      isShown = true;
      await context.host.stdout.write(written);
    } else await context.files.writePrivate(resolve(context.host.cwd, file), written);
  }
  return isShown;
}

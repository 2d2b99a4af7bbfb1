import { dirname, join } from 'node:path';
import { configDigest, loadState } from '../../config.js';
import type { Context } from '../../context.js';
import { untrusted } from '../../domain/config/trust.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { FilePlace, LocatedFinding } from '../../domain/located-finding.js';
import { nearNames } from '../../domain/near-names.js';
import { placeText, type PlacedFile } from '../../domain/placed-file.js';
import { builtInRunbook, builtInRunbooks } from '../../domain/runbook/built-in.js';
import { runbookFilePattern } from '../../domain/runbook/file-name.js';
import { exampleCommands, type ExampleCommand } from '../../domain/runbook/example-commands.js';
import { lintRead } from '../../domain/runbook/lint.js';
import { byPlace, finding, readRunbook } from '../../domain/runbook/read.js';
import type { Runbook } from '../../domain/runbook/runbook.js';
import type { WrittenRunbook } from '../../domain/runbook/schema.js';

// Where runbooks come from: the program itself, and the folder "runbooks" beside the configuration file.

/** A runbook's file of the team's own. */
export interface RunbookFile {
  readonly name: string;
  readonly path: string;
}

/** A runbook that was found and can be run, with what is known of where it comes from. */
export interface FoundRunbook {
  readonly runbook: Runbook;
  readonly written: WrittenRunbook;
  /** `null`: it came with rlctl. */
  readonly path: string | null;
  /** Why its programs are not run here; `null`: they are. */
  readonly noPrograms: string | null;
}

/** The team's runbooks, by name; empty where there is no configuration file or no such folder. */
export async function runbookFiles(context: Context): Promise<readonly RunbookFile[]> {
  const { path } = await context.config();
  if (path === null) return [];
  const folder = join(dirname(path), 'runbooks');
  const names = (await context.files.names(folder)) ?? [];
  return names.flatMap((file) => {
    const name = runbookFilePattern.exec(file)?.[1];
    return name === undefined ? [] : [{ name, path: join(folder, file) }];
  });
}

/** The runbook of a name. Throws a usage error that lists what there is, or what is wrong with its file. */
export async function findRunbook(context: Context, name: string): Promise<FoundRunbook> {
  const own = builtInRunbook(name);
  if (own !== null) return { ...own, path: null, noPrograms: null };
  const files = await runbookFiles(context);
  const file = files.find((each) => each.name === name);
  if (file === undefined) throw unknownRunbook(name, [...builtInRunbooks.keys(), ...files.map((each) => each.name)]);
  const read = await readRunbookFile(context, file);
  const { runbook, written, text } = read;
  const errors = (await faultsOf(context, read)).filter(({ severity }) => severity === 'error');
  if (runbook === null || written === null || errors.length > 0) throw faultyRunbook(file, errors);
  return { runbook, written, path: file.path, noPrograms: await whyNoPrograms(context, file.path, text) };
}

/** What a file holds, and everything that is wrong with it. */
export interface ReadFile {
  readonly runbook: Runbook | null;
  readonly written: WrittenRunbook | null;
  readonly text: string;
  /** Without what only the command tree can tell. */
  readonly findings: readonly LocatedFinding[];
  /** Its commands with example values, as far as they can be tried. */
  readonly commands: readonly { readonly argv: readonly string[]; readonly place: FilePlace }[];
}

/** Reads a file of a runbook; what is wrong with it is a finding, and not an error. */
export async function readRunbookFile(context: Context, { name, path }: RunbookFile, shown = path): Promise<ReadFile> {
  const text = (await context.files.readText(path)) ?? '';
  const { readPlacedFile } = await import('../../yaml-file.js');
  try {
    const placed = readPlacedFile(text, shown);
    const read = readRunbook(name, placed);
    const findings = lintRead(read, placed);
    if (read.kind === 'read') {
      const { runbook, written } = read;
      return { runbook, written, text, findings, commands: placedCommands(exampleCommands(runbook), placed) };
    }
    const examples = read.rest === null ? [] : exampleCommands(read.rest, read.sound.inputs);
    return { ...nothingRead, text, findings, commands: placedCommands(examples, placed) };
  } catch (error) {
    if (!(error instanceof RlctlError) || error.code !== 'FILE_SYNTAX') throw error;
    return { ...nothingRead, text, findings: [syntaxFinding(error, shown)], commands: [] };
  }
}

const nothingRead = { runbook: null, written: null } as const;

function placedCommands(examples: readonly ExampleCommand[], placed: PlacedFile): ReadFile['commands'] {
  return examples.map(({ argv, path }) => ({ argv, place: placed.placeOf(path) }));
}

/** Everything that is wrong with a file: its form, what it means, and its commands tried against the command tree. */
export async function faultsOf(context: Context, { findings, commands }: ReadFile): Promise<readonly LocatedFinding[]> {
  const refused = await Promise.all(
    commands.map(async ({ argv, place }) => {
      const error = await context.check(argv);
      if (!(error instanceof RlctlError)) return [];
      const text = `rlctl ${argv.slice(0, 2).join(' ')}: ${error.message}`;
      return [finding('command', text, error.hint ?? null, place)];
    }),
  );
  return [...findings, ...refused.flat()].sort(byPlace);
}

function syntaxFinding({ message, hint }: RlctlError, file: string): LocatedFinding {
  const [, line, column] = /:(\d+):(\d+): /.exec(message) ?? [];
  const place = { file, line: Number(line ?? 1), column: Number(column ?? 1) };
  const text = message.startsWith(`${placeText(place)}: `) ? message.slice(placeText(place).length + 2) : message;
  return { rule: 'form', severity: 'error', message: text, hint: hint ?? null, route: null, place };
}

/** A program is run only where somebody vouched for the very file that names it. */
async function whyNoPrograms(context: Context, path: string, text: string): Promise<string | null> {
  const config = await context.config();
  const isNamed = context.options.config !== null;
  if (config.isTrusted && (isNamed || !(await isProjectFile(context, config.path)))) return null;
  const state = await loadState(context);
  if (config.isTrusted && state.trusted[path] === configDigest(text)) return null;
  return `${path} is not trusted to run programs (rlctl env trust).`;
}

/** A file found upwards from the working directory, in contrast to the user's own. */
async function isProjectFile(context: Context, path: string | null): Promise<boolean> {
  const { userConfigPath } = await import('../../config.js');
  return path !== null && path !== userConfigPath(context.host.env);
}

/** Throws where the team's own runbook stands beside a configuration that nobody vouched for. */
export async function assertTrusted(context: Context, { path }: FoundRunbook): Promise<void> {
  const config = await context.config();
  if (path === null || config.isTrusted) return;
  throw untrusted(config.path ?? path, 'the right to run its runbooks', { isChanged: config.isChanged });
}

function unknownRunbook(name: string, known: readonly string[]): RlctlError {
  const near = nearNames(name, known);
  const meant = near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `;
  return usageError(
    `there is no runbook "${name}"`,
    `${meant}See them all with: rlctl runbook list`,
    'UNKNOWN_RUNBOOK',
  );
}

const mostLines = 20;

function faultyRunbook({ name, path }: RunbookFile, errors: readonly LocatedFinding[]): RlctlError {
  const lines = errors.map(({ place, message }) => `${place === null ? path : placeText(place)}: ${message}`);
  const more = lines.length > mostLines ? [`… and ${lines.length - mostLines} more`] : [];
  return new RlctlError(
    'usage',
    [`the runbook "${name}" is faulty:`, ...lines.slice(0, mostLines), ...more].join('\n  '),
    {
      code: 'RUNBOOK_INVALID',
      hint: `Correct it, and check it with: rlctl runbook lint ${name}`,
      details: { findings: errors },
    },
  );
}

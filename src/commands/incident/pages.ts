import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { Context } from '../../context.js';
import { bucketSpellings } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { numberedIn } from '../../domain/incident/timeline.js';
import { readFigures, type Figures } from '../../procedures/incident/figures.js';
import type { IncidentReport, IncidentStory } from '../../procedures/incident/report.js';
import { switchFlag, textFlag, type Flags } from '../command.js';
import { namespaceOf } from '../decisions/question.js';
import { assertNewFile, assertReachable } from '../folder.js';

// The story of an incident as files: Markdown to be pasted into a ticket, and a page that opens from disk.

export interface PageFlags {
  readonly out: string | null;
  readonly markdown: string | null;
  readonly html: string | null;
  readonly isForced: boolean;
}

/** The absolute paths of what is to be written; `null`: it is not wanted. */
export interface PageFiles {
  readonly markdown: string | null;
  readonly html: string | null;
}

export function addPageFlags(command: Command): void {
  command
    .addOption(
      new Option('--out <dir>', 'write both into this folder, which is made where it is missing').helpGroup('Story:'),
    )
    .addOption(new Option('--markdown <file>', 'write the timeline as Markdown').conflicts('out').helpGroup('Story:'))
    .addOption(
      new Option('--html <file>', 'write it as a page with figures, in one file').conflicts('out').helpGroup('Story:'),
    )
    .addOption(new Option('--force', 'replace these files').helpGroup('Story:'));
}

export function pageFlags(flags: Flags): PageFlags {
  const [out, markdown, html] = ['out', 'markdown', 'html'].map((name) => textFlag(flags, name));
  const page = {
    out: out ?? null,
    markdown: markdown ?? null,
    html: html ?? null,
    isForced: switchFlag(flags, 'force'),
  };
  if (page.isForced && page.out === null && page.markdown === null && page.html === null)
    throw usageError('--force has no file to replace', 'Give --out DIR, or --markdown FILE and --html FILE.');
  return page;
}

/** Where the files go. Throws, before anything is done, where one of them could not be written. */
export async function pageFiles(context: Context, flags: PageFlags, id: string): Promise<PageFiles> {
  const path = (name: string | null, ending: string): string | null => {
    if (flags.out !== null) return join(resolve(context.host.cwd, flags.out), `incident-${id}.${ending}`);
    return name === null ? null : resolve(context.host.cwd, name);
  };
  const files = { markdown: path(flags.markdown, 'md'), html: path(flags.html, 'html') };
  if (files.markdown !== null && files.markdown === files.html)
    throw usageError('--markdown and --html name the same file', 'Give each a file of its own.');
  for (const [form, file] of Object.entries(files)) {
    if (file === null) continue;
    const place = { flag: flags.out === null ? `--${form}` : '--out', code: 'PAGE_EXISTS', isForced: flags.isForced };
    // A folder that was named as one is made; nobody shall have to, in an incident.
    await (flags.out === null ? assertNewFile : assertReachable)(context, file, place);
  }
  return files;
}

function wantsPages({ markdown, html }: PageFiles): boolean {
  return markdown !== null || html !== null;
}

/** Writes what was asked for, with the figures that are at hand. */
export async function writePages(
  context: Context,
  environment: Environment,
  story: IncidentStory,
  files: PageFiles,
): Promise<void> {
  if (!wantsPages(files)) return;
  context.progress.step('asking for the figures');
  const report: IncidentReport = { ...story, ...(await figuresOf(context, environment, story)) };
  const zone = zoneOf(context);
  if (files.markdown !== null) {
    const { incidentMarkdown } = await import('../../ui/incident-markdown.js');
    await context.files.writePrivate(files.markdown, context.redact(incidentMarkdown(report, zone)));
  }
  if (files.html !== null) {
    const { incidentPage } = await import('../../ui/incident-page.js');
    await context.files.writePrivate(files.html, context.redact(incidentPage(report, zone)));
  }
}

/** What metrics may take, beside what is left of the command's own time, milliseconds. */
const patienceMs = 8000;

/** What the limiter decided around the changes. That it cannot be had is said in the page, and stops nothing. */
async function figuresOf(context: Context, environment: Environment, story: IncidentStory): Promise<Figures> {
  const { deadline } = context;
  deadline.extend(Math.max(0, patienceMs - deadline.leftMs()));
  try {
    const source =
      environment.prometheus === null && environment.metrics === null
        ? null
        : await context.metricsSource(environment, 1000);
    return await readFigures(
      { source, deadline },
      {
        namespace: namespaceOf(environment),
        configured: [...environment.buckets].map(([name, { alias }]) => ({
          name,
          spellings: bucketSpellings(name, alias),
        })),
        workers: environment.workers,
        marks: numberedIn(story.timeline).map(({ number, atMs }) => ({ number, atMs })),
        nowMs: story.nowMs,
      },
    );
  } catch (error) {
    if (!(error instanceof RlctlError) || deadline.interrupted.aborted) throw error;
    return { figures: [], withoutFigures: error.message };
  }
}

/** The operator's own zone, by its name: TZ, else that of the machine. */
function zoneOf({ host }: Context): string {
  const usual = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const wanted = host.env['TZ']?.replace(/^:/, '') || usual;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: wanted }).resolvedOptions().timeZone;
  } catch {
    return usual;
  }
}

import { dirname, join, resolve } from 'node:path';
import { stateFolder } from '../../config.js';
import type { Context } from '../../context.js';
import { RlctlError } from '../../domain/errors.js';
import { followedBy } from '../../domain/followed-by.js';
import { parsePlanFile } from '../../domain/override/plan-file.js';
import { addressed } from '../../domain/printed-command.js';
import { shellWord } from '../../domain/shell-words.js';
import type { ChangePlan } from '../../procedures/override/plan.js';
import { planFileOf } from '../../procedures/override/planned.js';
import type { Author } from '../../procedures/override/write.js';
import { planFileText } from '../../ui/plan-file-view.js';

// A change of which nobody can tell whether it was applied stands nowhere but here: it is kept as a plan, which does exactly
// this on the same document, or nothing.

/** Commands that say values; the others are computed anew when they are run again. */
const kept: ReadonlySet<string> = new Set([
  'override set',
  'override unset',
  'override edit',
  'override apply',
  'override sync',
]);

/** The error with the way to make the change after all, where its outcome is unknown; any other as it is. */
export async function keepUnfinished(
  context: Context,
  plan: ChangePlan,
  author: Author,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof RlctlError) || error.kind !== 'unknownOutcome' || !isKept(plan)) return error;
  const changeId = String(error.details?.['changeId']);
  const path = join(folderOf(context), `${changeId}.json`);
  await dropOld(context);
  const file = { ...planFileOf(plan, author, context.clock.nowMs()), command: plannedAs(plan) };
  try {
    await context.files.writePrivate(path, context.redact(planFileText(file)));
  } catch {
    // The outcome is what matters; that its plan could not be kept changes nothing about it.
    return error;
  }
  const until = plan.untilMs === null ? '' : ` --until ${new Date(plan.untilMs).toISOString()}`;
  const again = addressed(`rlctl override apply --plan ${shellWord(path)}${until}`, context.address);
  return new RlctlError(error.kind, error.message, {
    code: error.code,
    hint: followedBy(error.hint, `if it is not there, make exactly this change with: ${again}`),
    details: { ...error.details, plan: path },
    cause: error.cause,
  });
}

function folderOf({ host }: Pick<Context, 'host'>): string {
  return join(stateFolder(host.env), 'unfinished');
}

/** Takes away a kept plan whose change has been made; every other file is somebody's own. */
export async function settleUnfinished(context: Pick<Context, 'host' | 'files'>, path: string): Promise<void> {
  const file = resolve(context.host.cwd, path);
  if (dirname(file) !== folderOf(context)) return;
  // The change is made: that its plan stays does no harm.
  await context.files.remove(file).catch(() => undefined);
}

/** A plan fits the document as it was alone: after so long nobody makes it any more. */
const keptMs = 30 * 24 * 3_600_000;

async function dropOld(context: Context): Promise<void> {
  const { files, clock } = context;
  const names = (await files.names(folderOf(context)).catch(() => null)) ?? [];
  for (const name of names) {
    const path = join(folderOf(context), name);
    try {
      const { plannedAt } = parsePlanFile((await files.readText(path)) ?? '', path);
      if (clock.nowMs() - Date.parse(plannedAt) > keptMs) await files.remove(path);
    } catch {
      // What is no plan is not ours to take away.
    }
  }
}

function isKept({ intent, edit, document }: ChangePlan): boolean {
  return kept.has(intent.command) && edit.splices !== null && document !== null;
}

/** Plans are made for these two: the one never takes an entry away. */
function plannedAs({ intent, edit }: ChangePlan): string {
  if (intent.command === 'override sync') return intent.command;
  return edit.changes.some(({ after }) => after === null) ? 'override sync' : 'override apply';
}

import { guardedName } from '../../domain/guard/commands.js';
import type { PlanFile } from '../../domain/override/plan-file.js';
import { RlctlError } from '../../domain/errors.js';
import { diffDocuments } from '../../domain/override/diff.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import { applySplices } from '../../domain/override/splices.js';
import { revisionOf } from '../../domain/revision.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { rawOf, type ChangeIntent, type ChangePlan } from './plan.js';
import type { Author } from './write.js';

/** What of a plan is kept in a file, so that it can be made later as it was shown. */
export function planFileOf(plan: ChangePlan, author: Author, nowMs: number): PlanFile {
  const { intent, stored, edit } = plan;
  return {
    environment: author.environment,
    key: stored.key,
    command: intent.command,
    revisionBefore: plan.revisionBefore,
    revisionAfter: plan.revisionAfter,
    routes: edit.changes,
    splices: edit.splices ?? [],
    owner: intent.terms?.().owner ?? null,
    plannedBy: author.actor,
    plannedAt: new Date(nowMs).toISOString(),
    reason: author.reason,
    ticket: author.ticket,
  };
}

/**
 * Makes a planned change exactly as it was planned. Throws a guard where it was planned for another place
 * (`PLAN_ELSEWHERE`) or does not lead to what it says (`PLAN_ALTERED`), and a conflict where the document is another one by
 * now (`PLAN_STALE`).
 */
export function plannedIntent(plan: PlanFile, environment: string, ifRevision: string | null): ChangeIntent {
  return {
    command: plan.command,
    routes: [],
    fileRoutes: plan.routes.map(({ route }) => route),
    isForced: false,
    ifRevision,
    undoes: () => null,
    remarks: () => [`planned by ${plan.plannedBy} at ${plan.plannedAt}`],
    ...(plan.owner === null ? {} : { terms: () => ({ owner: plan.owner ?? '' }) }),
    edit: (document, stored) => {
      assertCommand(plan);
      assertPlace(plan, environment, stored);
      assertFresh(plan, stored);
      return plannedEdit(plan, document ?? scanDocument(null));
    },
  };
}

function assertPlace(plan: PlanFile, environment: string, stored: StoredOverrides): void {
  if (plan.environment === environment && plan.key === stored.key) return;
  throw new RlctlError(
    'guard',
    `this is a plan for "${plan.environment}" (${plan.key}), not for "${environment}" (${stored.key}); nothing was written`,
    { code: 'PLAN_ELSEWHERE', hint: 'Name its environment with -e, or plan for this one: rlctl override plan -f FILE' },
  );
}

function assertFresh(plan: PlanFile, stored: StoredOverrides): void {
  if (stored.revision === plan.revisionBefore) return;
  const isDone = stored.revision === plan.revisionAfter;
  const since = isDone
    ? 'the document already is what it leads to'
    : `the document is at revision ${stored.revision.slice(0, 12)}, and was at ${plan.revisionBefore.slice(0, 12)} when it was planned`;
  throw new RlctlError('conflict', `the plan no longer fits: ${since}; nothing was written`, {
    code: 'PLAN_STALE',
    hint: isDone
      ? 'See who made the change with: rlctl override history'
      : `See what changed since with "rlctl override history", then plan again: ${planningCommand(plan)}`,
    details: { planned: plan.revisionBefore, found: stored.revision },
  });
}

/** How a plan like this one is made. */
function planningCommand({ command }: PlanFile): string {
  return guardedName(command) === 'env promote'
    ? `rlctl ${quoteOutside(command)} --out plan.json`
    : 'rlctl override plan -f FILE --out plan.json';
}

/** Guards ask what a plan does by its command: one that no plan is made for would pass them by. */
const plannedCommands: ReadonlySet<string> = new Set(['override apply', 'override sync', 'env promote']);

function assertCommand({ command }: PlanFile): void {
  if (!plannedCommands.has(guardedName(command))) throw altered('its command is none that is planned');
}

function altered(why: string): RlctlError {
  return new RlctlError('guard', `the plan was altered after it was made: ${why}; nothing was written`, {
    code: 'PLAN_ALTERED',
    hint: 'Do not mend it by hand; plan again: rlctl override plan -f FILE --out plan.json',
  });
}

/** The plan's edit, every part of it checked against the others. */
function plannedEdit(plan: PlanFile, document: OverrideDocument): Edit {
  const next = splicedBytes(plan, document);
  if (plan.splices.length > 0 && revisionOf(next) !== plan.revisionAfter)
    throw altered('what it writes does not lead to the revision that it names');
  const diff = diffDocuments(document, scanned(next)).filter(({ kind }) => kind !== 'moved');
  const said = new Map(plan.routes.map((change) => [change.route, change]));
  const isTold = diff.every(({ route, before, after }) => {
    const change = said.get(route);
    return change !== undefined && change.before === before && change.after === after;
  });
  const told = new Set(diff.map(({ route }) => route));
  const isTrue = plan.routes.every(
    ({ route, before, after }) => told.has(route) || (before === after && rawOf(document, route) === before),
  );
  if (!isTold || !isTrue) throw altered('the routes that it names are not those that it changes');
  return { next, splices: plan.splices, changes: plan.routes };
}

function scanned(bytes: Uint8Array): OverrideDocument {
  try {
    return scanDocument(bytes);
  } catch (error) {
    if (error instanceof RlctlError && error.kind === 'guard') throw altered('what it writes is no document');
    throw error;
  }
}

function splicedBytes(plan: PlanFile, document: OverrideDocument): Uint8Array {
  try {
    return applySplices(document.bytes, plan.splices);
  } catch (error) {
    if (error instanceof RlctlError && error.code === 'SPLICE_MISMATCH')
      throw altered('it takes away what does not stand there');
    throw error;
  }
}

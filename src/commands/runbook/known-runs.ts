import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { runIdPattern, type RunJournal } from '../../domain/runbook/journal.js';
import { isSameJson } from '../../domain/json.js';
import { builtInRunbook } from '../../domain/runbook/built-in.js';
import { inputsOf } from '../../domain/runbook/journal.js';
import { lintRead } from '../../domain/runbook/lint.js';
import { readRunbook } from '../../domain/runbook/read.js';
import { resolveSteps, type ResolvedStep } from '../../domain/runbook/resolve.js';
import { ownDeadline } from '../../procedures/runbook/own-deadline.js';
import { readRun, readRuns, type ListedRun, type RunsPorts } from '../../procedures/runbook/runs.js';
import { optionalStore } from '../optional-store.js';
import { findRunbook } from './library.js';
import { localJournals, localRunIds } from './local-journals.js';

/** One run, the newest of what Redis and this machine know of it. Throws a usage error where neither knows it. */
export async function findRun(context: Context, environment: Environment, id: string): Promise<ListedRun> {
  if (!runIdPattern.test(id)) throw unknownRun(id);
  const deadline = ownDeadline(context.clock, context.options.timeoutMs);
  const run = await readRun({ ...(await runsPorts(context, environment)), deadline }, id);
  if (run === null) throw unknownRun(id);
  const { journal } = run;
  if (journal.environment === environment.name) return run;
  throw usageError(
    `run ${id} belongs to the environment "${journal.environment}", and this is "${environment.name}"`,
    `Name it: rlctl -e ${journal.environment} runbook log ${id}`,
    'RUN_ELSEWHERE',
  );
}

/** The runs of an environment that Redis or this machine know, the newest first. */
export async function listRuns(
  context: Context,
  environment: Environment,
  limit: number,
): Promise<readonly ListedRun[]> {
  return readRuns(await runsPorts(context, environment), environment.name, limit);
}

async function runsPorts(context: Context, environment: Environment): Promise<RunsPorts> {
  const hasStore = (await optionalStore(context, environment)) !== null;
  const store = hasStore ? await context.operationStore(environment) : null;
  return { store, local: localJournals(context), localIds: () => localRunIds(context), deadline: context.deadline };
}

function unknownRun(id: string): RlctlError {
  return usageError(`there is no run "${id}"`, 'See those that are known with: rlctl runbook log', 'UNKNOWN_RUN');
}

/** The steps of a run as they were when it began, and whether its programs are run on this machine. */
export interface RunSteps {
  readonly steps: readonly ResolvedStep[];
  readonly noPrograms: string | null;
}

/**
 * What Redis keeps of a run was written by anybody who may write there: it is checked as a file is, and programs in it are
 * run only where the very same runbook stands on this machine and is trusted. Throws a guard where it does not hold up.
 */
export async function stepsOf(context: Context, journal: RunJournal): Promise<RunSteps> {
  const { runbook: name, written, isBuiltIn } = journal;
  const text = JSON.stringify(written);
  const own = builtInRunbook(name);
  const isOwn = isBuiltIn && own !== null && isSameJson(JSON.stringify(own.written), text);
  if (isOwn) return { steps: stepsFor(journal, resolveSteps(own.runbook, inputsOf(journal))), noPrograms: null };
  const placed = {
    file: `run ${journal.id}`,
    value: written,
    placeOf: () => ({ file: `run ${journal.id}`, line: 1, column: 1 }),
  };
  const read = readRunbook(name, placed);
  const fault = lintRead(read, placed).find(({ severity }) => severity === 'error');
  if (read.kind === 'faulty' || fault !== undefined) throw odd(journal, fault?.message ?? 'its steps cannot be read');
  const steps = stepsFor(journal, resolveSteps(read.runbook, inputsOf(journal)));
  const local = await findRunbook(context, name).catch((error: unknown) => {
    if (error instanceof RlctlError) return null;
    throw error;
  });
  if (local !== null && local.path !== null && isSameJson(JSON.stringify(local.written), text))
    return { steps, noPrograms: local.noPrograms };
  const elsewhere = steps.some(({ precheck, action, postcheck }) =>
    [...precheck, action, ...postcheck].some((act) => act.kind === 'http' && act.target.kind === 'url'),
  );
  if (elsewhere)
    throw odd(journal, 'it looks at addresses of its own, and the runbook does not stand on this machine as it was');
  return { steps, noPrograms: `The runbook "${name}" does not stand on this machine as it was when the run began.` };
}

function stepsFor(journal: RunJournal, steps: readonly ResolvedStep[]): readonly ResolvedStep[] {
  const known = new Set(steps.map(({ step }) => step.id));
  if (journal.steps.every(({ id }) => known.has(id)) && journal.steps.length === steps.length) return steps;
  throw odd(journal, 'its steps are not those of its runbook');
}

function odd({ id }: RunJournal, why: string): RlctlError {
  return new RlctlError('guard', `run ${id} cannot be gone on with here: ${why}`, {
    code: 'RUN_UNFIT',
    hint: `See how far it came with: rlctl runbook log ${id}; and start anew with: rlctl runbook run NAME`,
  });
}

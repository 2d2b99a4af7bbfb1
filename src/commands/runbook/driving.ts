import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError, type ErrorKind } from '../../domain/errors.js';
import { exitCodes, type ExitName } from '../../domain/exit-codes.js';
import { addressed } from '../../domain/printed-command.js';
import { followedBy } from '../../domain/followed-by.js';
import type { RunJournal } from '../../domain/runbook/journal.js';
import { interruptedRunText } from '../../domain/runbook/outcome.js';
import { lookAnew } from '../../domain/runbook/look.js';
import type { ResolvedStep } from '../../domain/runbook/resolve.js';
import { leftAsItIs, resumeCommand } from '../../domain/runbook/resume-command.js';
import { stepCommandOf } from '../../domain/runbook/step-command.js';
import {
  driveRun,
  noteInterrupt,
  type OnRun,
  type RunChoices,
  type RunEnd,
  type RunPorts,
} from '../../procedures/runbook/drive.js';
import { JournalKeeper } from '../../procedures/runbook/keeper.js';
import { hasWayBack, takeBack } from '../../procedures/runbook/take-back.js';
import { momentView, runEndView } from '../../ui/run-view.js';
import type { Outcome } from '../command.js';
import { optionalStore } from '../optional-store.js';
import { actPorts, undoChanges } from './acting.js';
import { localJournals } from './local-journals.js';

// What starting a run and going on with one have in common.

/** The keeper of one run: in Redis where the environment has one, and on this machine. */
export async function keeperOf(context: Context, environment: Environment, id: string): Promise<JournalKeeper> {
  const { clock, randomness, options } = context;
  const hasStore = (await optionalStore(context, environment)) !== null;
  const store = hasStore ? await context.operationStore(environment) : null;
  const [holder, token] = [await context.actor(), randomness.hex(16)];
  const local = localJournals(context);
  return new JournalKeeper({ store, local, clock, patienceMs: options.timeoutMs, holder, token }, id);
}

export interface Drive {
  readonly environment: Environment;
  readonly keeper: JournalKeeper;
  readonly journal: RunJournal;
  readonly steps: readonly ResolvedStep[];
  readonly choices: RunChoices;
  /** Why programs are not run on this machine; `null`: they are. */
  readonly noPrograms: string | null;
  readonly isTakingBack: boolean;
}

/** Drives a run whose lease is held to its end or to where it stops, and gives the lease back whatever happens. */
export async function drive(context: Context, wanted: Drive): Promise<Outcome> {
  const { environment, keeper, journal, steps, choices, isTakingBack } = wanted;
  const ports: RunPorts = {
    keeper,
    acts: actPorts(context, environment, journal, wanted.noPrograms),
    clock: context.clock,
    by: await context.actor(),
    interrupted: context.deadline.interrupted,
  };
  const onRun: OnRun = async (moment) => {
    if (moment.kind === 'begins') context.progress.step(moment.step.step.title);
    else if (context.options.format === 'table') await context.show(momentView(moment, steps, environment));
  };
  try {
    const end = isTakingBack
      ? await takeBack(
          { ...ports, undoChanges: undoChanges(context, environment, journal) },
          journal,
          steps,
          choices,
          onRun,
        )
      : await driveRun(ports, journal, steps, choices, onRun);
    return outcomeOf(end, wanted);
  } catch (error) {
    await noteInterrupt(ports, error);
    throw error instanceof RlctlError ? resumable(error, wanted) : error;
  } finally {
    await keeper.release();
  }
}

/** Whatever stopped a run, the way on is the same. */
function resumable(error: RlctlError, { journal: { id }, environment, isTakingBack }: Drive): RlctlError {
  const { kind, code, message, hint, details } = error;
  if (['RUN_DRIVEN', 'RUN_WAITS', 'RUN_STOPPED'].includes(code)) return error;
  const hasOwn = kind !== 'interrupted' && kind !== 'terminated';
  const on = `go on with: ${resumeCommand(id, { isTakingBack })}`;
  const said = addressed(followedBy(hasOwn ? hint : null, on), environment.address);
  const interruptedText = hasOwn ? message : interruptedRunText(id, kind, message);
  return new RlctlError(kind, interruptedText, { code, hint: said, details: { ...details, run: id } });
}

function outcomeOf(end: RunEnd, { steps, environment, noPrograms }: Drive): Outcome {
  const isDone = (id: string): boolean =>
    end.journal.steps.some((each) => each.id === id && !['pending', 'skipped', 'undone'].includes(each.state));
  const canGoBack = steps.some((step) => hasWayBack(step) && isDone(step.step.id));
  const view = runEndView(end, steps, environment, canGoBack);
  const exit = exitOf(end, steps);
  if (exit === 'ok' || exit === 'findings' || exit === 'unproven') return { view, exit };
  throw stopped(end, exit, environment, { steps, noPrograms });
}

/**
 * A run that has changed something and did not come to its end is partly applied, whatever stopped it; so is a way back of
 * which a part is done.
 */
function exitOf({ journal, stoppedAt }: RunEnd, steps: readonly ResolvedStep[]): ExitName {
  // Of a run that is taken back nothing is left that could be without effect.
  const isEffective = journal.state === 'undone' || journal.steps.every(({ state }) => state !== 'noEffect');
  if (stoppedAt === null) return isEffective ? 'ok' : 'unproven';
  const { outcome } = stoppedAt;
  if (outcome.kind === 'waits') return 'guard';
  const name = exitCodes.find(({ code }) => code === outcome.exitCode)?.name ?? 'unexpected';
  if (name === 'unknownOutcome') return name;
  const isBack = journal.steps.some(({ state }) => state === 'undoing');
  const touched = isBack ? ['undone'] : ['done', 'noEffect', 'undone'];
  const hasChanged = journal.steps.some(({ id, state }) => {
    const found = steps.find(({ step }) => step.id === id);
    const action = found?.action;
    const isChange =
      action?.kind === 'exec' ||
      (action?.kind === 'manual' && found?.step.isNothingToUndo === false) ||
      (action?.kind === 'rlctl' && stepCommandOf(action.argv).isChange);
    return isChange && touched.includes(state);
  });
  return outcome.kind === 'noEffect' || hasChanged ? 'unproven' : name === 'ok' ? 'findings' : name;
}

/** How a program is run once more; where none may run here, why not, unless it is `said` already. */
function againText(noPrograms: string | null, said: string, again: string): string {
  if (noPrograms === null) return `; or run it once more with: ${again}`;
  return said.includes(noPrograms) ? '' : `; here it cannot be run once more: ${noPrograms.replace(/\.$/, '')}`;
}

function stopped(
  { journal, stoppedAt }: RunEnd,
  exit: ErrorKind,
  environment: Environment,
  { steps, noPrograms }: Pick<Drive, 'steps' | 'noPrograms'>,
): RlctlError {
  const [step, outcome] = [stoppedAt?.step.step.id ?? '', stoppedAt?.outcome];
  const { id, state } = journal;
  const isWaiting = state === 'waiting';
  const flag = isWaiting ? ` --done ${step}` : '';
  const isBack = journal.steps.some((each) => each.state === 'undoing');
  const on = `rlctl runbook resume ${id}${isBack ? ' --undo' : ''}${flag}`;
  const message = isWaiting
    ? `run ${id} waits for step "${step}": ${outcome?.text ?? ''}`
    : `run ${id} stopped at step "${step}": ${outcome?.text ?? ''}`;
  const isProgram = stoppedAt?.step.action.kind === 'exec' && !isBack;
  const once = isProgram
    ? againText(noPrograms, outcome?.text ?? '', `rlctl runbook resume ${id} --again ${step}`)
    : '';
  const isShownAnew = !isBack && lookAnew(journal, steps).askedAgain.size > 0;
  const going = isShownAnew ? 'going on shows what stands there now, and asks again' : 'then go on with';
  const past = isBack ? `; or ${leftAsItIs(id, step)}` : '';
  const way = isWaiting ? `when it is done, go on with: ${on}${once}` : `${going}: ${on}${past}`;
  const again = followedBy(outcome?.hint, way);
  return new RlctlError(exit, addressed(message, environment.address), {
    code: isWaiting ? 'RUN_WAITS' : 'RUN_STOPPED',
    hint: addressed(again, environment.address),
    details: { run: id, step, state, said: outcome?.text ?? null },
  });
}

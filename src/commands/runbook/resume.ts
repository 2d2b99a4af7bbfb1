import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { usageError } from '../../domain/errors.js';
import {
  inputsOf,
  nextStep,
  stepsLeft,
  stepsToUndo,
  withState,
  type RunJournal,
} from '../../domain/runbook/journal.js';
import { lookAnew, type LookedAnew } from '../../domain/runbook/look.js';
import type { Runbook } from '../../domain/runbook/runbook.js';
import type { RunChoices } from '../../procedures/runbook/drive.js';
import { whyLeft } from '../../procedures/runbook/take-back.js';
import { runPlanText, runPlanView, type RunPlan } from '../../ui/runbook-view.js';
import { collect, defineCommand, listFlag, switchFlag, textFlag, type Outcome } from '../command.js';
import { confirmChange, type Consent } from '../confirmation.js';
import { confirmationRemarks } from '../demands.js';
import { consentOf } from './acting.js';
import { drive, keeperOf } from './driving.js';
import { findRun, listRuns, stepsOf, type RunSteps } from './known-runs.js';

// Going on where a run was stopped or cut off, on this machine or another one; or taking back what it did.

interface ResumeInput extends Consent {
  readonly id: string | null;
  readonly choices: RunChoices;
  readonly isTakingBack: boolean;
  /** Leave out every step that is left. */
  readonly isSkippingRest: boolean;
  readonly isTakeOver: boolean;
  readonly isDryRun: boolean;
}

/** So many open runs are named, the newest first. */
const mostNamed = 5;

/** The run that was meant; without an id the only one that is not at its end. */
async function chosenRun(context: Context, environment: Environment, id: string | null): Promise<RunJournal> {
  if (id !== null) return (await findRun(context, environment, id)).journal;
  const open = (await listRuns(context, environment, 50)).filter(
    ({ journal }) => !['done', 'undone'].includes(journal.state),
  );
  const [only, ...others] = open;
  if (only !== undefined && others.length === 0) return only.journal;
  if (only === undefined)
    throw usageError(
      'there is no run that is not at its end',
      'See all of them with: rlctl runbook log',
      'RUN_UNNAMED',
    );
  const names = open.slice(0, mostNamed).map(({ journal }) => `${journal.id} (${journal.runbook})`);
  const more = open.length > mostNamed ? [`and ${open.length - mostNamed} more`] : [];
  const newest = only.journal;
  const on = `rlctl runbook resume ${newest.id}`;
  const back = `${on} --undo`;
  const ways = isBeingUndone(newest)
    ? back
    : `${on}; or take back what it did, which ends it: ${back}; or end it and leave what it did: ${on} --skip-rest`;
  throw usageError(
    `several runs are not at their end: ${[...names, ...more].join(', ')}`,
    `See how each stands with: rlctl runbook log; go on with the newest: ${ways}`,
    'RUN_UNNAMED',
  );
}

function assertSteps({ steps, id }: RunJournal, { done, again, skip }: RunChoices): void {
  const known = new Set(steps.map((step) => step.id));
  const unknown = [...done, ...again, ...skip].find((step) => !known.has(step));
  if (unknown === undefined) return;
  throw usageError(`run ${id} has no step "${unknown}"`, `Its steps are: ${[...known].join(', ')}.`, 'UNKNOWN_STEP');
}

function planOf(
  environment: Environment,
  journal: RunJournal,
  { steps, noPrograms }: RunSteps,
  { isTakingBack, isSkippingRest, choices, confirm }: ResumeInput,
): RunPlan {
  const runbook: Runbook = {
    name: journal.runbook,
    title: isTakingBack ? 'taken back' : 'what is left',
    summary: '',
    inputs: [],
    oneOf: [],
    steps: [],
  };
  const left = (isTakingBack ? stepsToUndo(journal) : stepsLeft(journal)).map(({ id }) => id);
  const chosen = left
    .flatMap((id) => steps.filter(({ step }) => step.id === id))
    .filter((step) => !isSkippingRest && (!isTakingBack || whyLeft('', journal, step, choices) === null));
  return {
    runbook,
    values: inputsOf(journal),
    steps: chosen,
    environment,
    noPrograms,
    consentOf: (argv) => consentOf(environment, journal, argv),
    remarks: confirmationRemarks(environment, { confirm }, 'the run'),
  };
}

async function resume(context: Context, environment: Environment, input: ResumeInput): Promise<Outcome> {
  const { choices, isTakingBack, isSkippingRest, isTakeOver } = input;
  const chosen = await chosenRun(context, environment, input.id);
  assertSteps(chosen, choices);
  const wanted = await stepsOf(context, chosen);
  const goneOnWith = (journal: RunJournal): LookedAnew =>
    isTakingBack ? { journal, askedAgain: new Set() } : lookAnew(journal, wanted.steps);
  const { journal: seen } = goneOnWith(chosen);
  if (input.isDryRun) return { view: runPlanView(planOf(environment, seen, wanted, input)), exit: 'ok' };
  const keeper = await keeperOf(context, environment, seen.id);
  if (isOver(seen, isTakingBack)) await keeper.releaseOrphan();
  assertOpen(seen, isTakingBack);
  await confirmChange(context, environment, input, {
    isNoop: false,
    isReloading: false,
    preview: async () => runPlanText(planOf(environment, seen, wanted, input), await context.theme()),
  });
  await keeper.take(isTakeOver, input);
  // Whoever drove until now may have gone on after the first look.
  const now = await keeper.read();
  if (now === null)
    throw usageError(`run ${seen.id} is gone`, 'See what is known with: rlctl runbook log', 'UNKNOWN_RUN');
  const by = {
    atMs: context.clock.nowMs(),
    by: await context.actor(),
    step: null,
    what: isTakingBack ? 'taking back' : 'resumed',
  };
  const { journal: left, askedAgain } = goneOnWith(now);
  const journal = await keeper.save(withState(left, 'running', by));
  // Said of what was shown before, not of what stands there now.
  const done = new Set([...choices.done].filter((step) => !askedAgain.has(step)));
  const skip = isSkippingRest ? new Set(stepsLeft(journal).map(({ id }) => id)) : choices.skip;
  const driven = { environment, keeper, journal, choices: { ...choices, done, skip }, isTakingBack };
  return drive(context, { ...driven, ...wanted });
}

/** Nothing is left to do of what is asked. */
function isOver(journal: RunJournal, isTakingBack: boolean): boolean {
  return isTakingBack ? journal.state === 'undone' : nextStep(journal) === null && journal.state === 'done';
}

function assertOpen(journal: RunJournal, isTakingBack: boolean): void {
  const { id } = journal;
  if (!isTakingBack && isBeingUndone(journal))
    throw usageError(
      `run ${id} is being taken back`,
      `Go on with that: rlctl runbook resume ${id} --undo`,
      'RUN_UNDOING',
    );
  if (!isOver(journal, isTakingBack)) return;
  throw usageError(
    `run ${id} is ${isTakingBack ? 'taken back' : 'at its end'}; there is nothing left to do`,
    `See what it did with: rlctl runbook log ${id}`,
    'RUN_OVER',
  );
}

function isBeingUndone({ steps }: RunJournal): boolean {
  return steps.some(({ state }) => state === 'undoing' || state === 'undone');
}

export const command = defineCommand({
  register: (c) => {
    c.argument('[run]', 'the id of the run; without one the only one that is not at its end')
      .addOption(new Option('--undo', 'take back what the run did, the last step first'))
      .addOption(new Option('--done <step>', 'this step is done, as somebody saw to; repeatable').argParser(collect))
      .addOption(new Option('--again <step>', 'do this step once more; repeatable').argParser(collect))
      .addOption(new Option('--skip <step>', 'leave this step out; repeatable').argParser(collect))
      .addOption(
        new Option('--skip-rest', 'leave out all that is left: the run ends, and what it did stays').conflicts([
          'undo',
          'done',
          'again',
          'skip',
        ]),
      )
      .addOption(new Option('--take-over', 'also from somebody who drives it'))
      .addOption(new Option('--dry-run', 'show what is left; run nothing'))
      .addOption(new Option('-y, --yes', 'answer y/N questions with yes'))
      .addOption(new Option('--confirm <name>', 'confirm on a protected environment by its name'));
  },
  examples: [
    'rlctl -e prod runbook resume 20261121-213347-1a2b3c --confirm prod',
    'rlctl -e prod runbook resume 20261121-213347-1a2b3c --done set --confirm prod',
    'rlctl -e prod runbook resume 20261121-213347-1a2b3c --undo --confirm prod',
  ],
  input: ([id = null], flags): ResumeInput => ({
    id,
    choices: {
      done: new Set(listFlag(flags, 'done')),
      again: new Set(listFlag(flags, 'again')),
      skip: new Set(listFlag(flags, 'skip')),
    },
    isTakingBack: switchFlag(flags, 'undo'),
    isSkippingRest: switchFlag(flags, 'skipRest'),
    isTakeOver: switchFlag(flags, 'takeOver'),
    isDryRun: switchFlag(flags, 'dryRun'),
    isYes: switchFlag(flags, 'yes'),
    confirm: textFlag(flags, 'confirm'),
  }),
  action: async (context, input) => resume(context, await context.environment(), input),
});

import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { assertNoDemand } from '../../domain/demand.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { End } from '../../domain/override/end.js';
import { runId, withEvent, type RunJournal } from '../../domain/runbook/journal.js';
import { resolveSteps, type ResolvedStep } from '../../domain/runbook/resolve.js';
import { stepCommandOf } from '../../domain/runbook/step-command.js';
import { shellWords } from '../../domain/shell-words.js';
import type { Values } from '../../domain/runbook/template.js';
import type { JsonValue } from '../../domain/json.js';
import { leftByHand, runPlanText, runPlanView, type RunPlan } from '../../ui/runbook-view.js';
import { collect, defineCommand, listFlag, switchFlag, textFlag, type Flags } from '../command.js';
import { confirmChange, type Consent } from '../confirmation.js';
import { changeDemands, confirmationRemarks, demandRemarks } from '../demands.js';
import { addEndFlags, endOf } from '../mutation.js';
import { consentOf } from './acting.js';
import { drive, keeperOf } from './driving.js';
import { completeInputs, givenInputs } from './given-inputs.js';
import { assertTrusted, findRunbook, type FoundRunbook } from './library.js';
import { dropOldRuns } from './old-runs.js';

// A procedure of the handbook from its first look to its last proof; whoever is stopped can go on, and so can anybody else.

interface RunInput extends Consent {
  readonly name: string;
  readonly given: Values;
  readonly isDryRun: boolean;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly end: End;
  /** The end as it was given, for the steps that leave something in force. */
  readonly endWords: readonly string[];
}

function endWords(flags: Flags): readonly string[] {
  const [duration, time] = [textFlag(flags, 'for'), textFlag(flags, 'until')];
  if (duration !== null) return ['--for', duration];
  if (time !== null) return ['--until', time];
  return switchFlag(flags, 'permanent') ? ['--permanent'] : [];
}

/** Everything that can be told before the first step: whoever runs this is not to be stopped in the middle by a slip. */
async function assertRunnable(
  context: Context,
  environment: Environment,
  steps: readonly ResolvedStep[],
  input: RunInput,
): Promise<void> {
  const commands = commandsOf(steps);
  for (const argv of commands) {
    const error = await context.check(argv);
    if (error instanceof RlctlError)
      throw usageError(
        `rlctl ${shellWords(argv)}: ${error.message}`,
        error.hint ?? 'Correct the runbook.',
        'RUNBOOK_COMMAND',
      );
  }
  const { said, isNoop } = toSign(commands, input);
  const demands = changeDemands(context, environment, said, { isNoop, isReloading: false });
  if (demands.some(({ code }) => code !== 'NOT_CONFIRMED')) assertNoDemand('runbook run', demands);
}

/** Every command that the steps may run. */
function commandsOf(steps: readonly ResolvedStep[]): readonly (readonly string[])[] {
  return steps
    .flatMap(({ precheck, action, postcheck, undo }) => [
      ...precheck,
      action,
      ...postcheck,
      ...(undo === null ? [] : [undo]),
    ])
    .flatMap((act) => (act.kind === 'rlctl' ? [act.argv] : []));
}

/** What was said of the changes of a run; an end is asked for where a command takes it and has none. */
function toSign(commands: readonly (readonly string[])[], input: RunInput) {
  const isLasting = commands.some(
    (argv) => stepCommandOf(argv).hasEnd && !argv.some((word) => /^--(?:for|until|permanent)\b/.test(word)),
  );
  const end: End = isLasting ? input.end : { kind: 'permanent' };
  return { said: { ...input, end }, isNoop: commands.every((argv) => !stepCommandOf(argv).isChange) };
}

/** What the run itself would be refused for, as remarks of its plan. */
function refusalRemarks(
  environment: Environment,
  steps: readonly ResolvedStep[],
  input: RunInput,
  isChange: boolean,
): readonly string[] {
  const { said, isNoop } = toSign(commandsOf(steps), input);
  const verb = 'the run';
  return [
    ...(isNoop ? [] : demandRemarks(environment, said, verb)),
    ...(isChange ? confirmationRemarks(environment, said, verb) : []),
  ];
}

async function newJournal(
  context: Context,
  environment: Environment,
  { runbook, written, path }: FoundRunbook,
  steps: readonly ResolvedStep[],
  values: Values,
  input: RunInput,
): Promise<RunJournal> {
  const { clock, randomness } = context;
  const nowMs = clock.nowMs();
  const actor = await context.actor();
  const journal: RunJournal = {
    v: 1,
    rev: 0,
    id: runId(nowMs, randomness.hex(3)),
    state: 'running',
    runbook: runbook.name,
    written: written as unknown as JsonValue,
    isBuiltIn: path === null,
    environment: environment.name,
    inputs: [...values],
    actor,
    reason: input.reason,
    ticket: input.ticket,
    end: input.endWords,
    startedAtMs: nowMs,
    steps: steps.map(({ step }) => ({
      id: step.id,
      state: 'pending',
      changeId: randomness.changeId(),
      undoId: randomness.changeId(),
      pin: null,
      startedAtMs: null,
      endedAtMs: null,
      said: null,
      exitCode: null,
    })),
    events: [],
  };
  return withEvent(journal, { atMs: nowMs, by: actor, step: null, what: 'started' });
}

/** Takes the run and writes its journal down; nothing else is begun before that. */
async function begin(context: Context, environment: Environment, journal: RunJournal) {
  const keeper = await keeperOf(context, environment, journal.id);
  await dropOldRuns(context, environment);
  await keeper.take(false, { isTakingBack: false });
  if (context.options.format === 'table' && !context.options.isQuiet)
    await context.note(`run ${journal.id} of ${journal.runbook} on ${environment.name}`);
  return { keeper, kept: await keeper.save(journal) };
}

export const command = defineCommand({
  register: (c) => {
    c.argument('<runbook>', 'its name, as "rlctl runbook list" shows it')
      .addOption(new Option('-i, --input <name=value>', 'one input; repeatable').argParser(collect))
      .addOption(new Option('--dry-run', 'show every command and request; run nothing'))
      .addOption(new Option('--reason <text>', 'why; kept with every change of the run').helpGroup('Change:'))
      .addOption(new Option('--ticket <id>', 'ticket; kept with every change of the run').helpGroup('Change:'))
      .addOption(new Option('-y, --yes', 'answer y/N questions with yes').helpGroup('Change:'))
      .addOption(
        new Option('--confirm <name>', 'confirm the run on a protected environment by its name').helpGroup('Change:'),
      );
    addEndFlags(c);
  },
  examples: [
    'rlctl -e prod runbook run raise-limit --input route=/api/search --input burst=40 --dry-run',
    'rlctl -e prod runbook run raise-limit -i route=/api/search -i burst=40 --for 2h --reason INC-42 --confirm prod',
  ],
  input: ([name = ''], flags): RunInput => ({
    name,
    given: givenInputs(listFlag(flags, 'input')),
    isDryRun: switchFlag(flags, 'dryRun'),
    reason: textFlag(flags, 'reason'),
    ticket: textFlag(flags, 'ticket'),
    isYes: switchFlag(flags, 'yes'),
    confirm: textFlag(flags, 'confirm'),
    end: endOf(flags),
    endWords: endWords(flags),
  }),
  action: async (context, input) => {
    const found = await findRunbook(context, input.name);
    const environment = await context.environment();
    const values = await completeInputs(context, environment, found.runbook, input.given);
    const steps = resolveSteps(found.runbook, values);
    const journal = await newJournal(context, environment, found, steps, values, input);
    const { noPrograms } = found;
    const changes = steps.some(({ action }) => action.kind !== 'rlctl' || stepCommandOf(action.argv).isChange);
    const plan: RunPlan = {
      ...found,
      values,
      steps,
      environment,
      consentOf: (argv) => consentOf(environment, journal, argv),
      remarks: refusalRemarks(environment, steps, input, changes),
    };
    if (input.isDryRun) return { view: runPlanView(plan), exit: 'ok' };
    await assertTrusted(context, found);
    await assertRunnable(context, environment, steps, input);
    await confirmChange(context, environment, input, {
      isNoop: !changes,
      isReloading: false,
      preview: async () => runPlanText(plan, await context.theme()),
    });
    const left = leftByHand(plan);
    if (left !== null) await context.note(left);
    const { keeper, kept } = await begin(context, environment, journal).catch(async (error: unknown) => {
      const { emergencyOfRun } = await import('../panic/emergency.js');
      throw emergencyOfRun(error, environment, commandsOf(steps));
    });
    const choices = { done: new Set<string>(), again: new Set<string>(), skip: new Set<string>() };
    return drive(context, { environment, keeper, journal: kept, steps, choices, noPrograms, isTakingBack: false });
  },
});

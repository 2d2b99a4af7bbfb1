import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { assertSecure, parseHttpUrl } from '../../domain/api-endpoint.js';
import { formatDuration } from '../../domain/duration.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { isPartOf } from '../../domain/operation/reference.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { panicIdOf } from '../../domain/panic/target.js';
import type { RunJournal } from '../../domain/runbook/journal.js';
import type { CommandEnd } from '../../domain/runbook/outcome.js';
import { stepCommandOf } from '../../domain/runbook/step-command.js';
import { undoOperationIntent } from '../../procedures/override/undo-operation.js';
import { keptPanics } from '../../procedures/panic/keep.js';
import type { ActPorts, StepAs } from '../../procedures/runbook/acts.js';
import { ownDeadline } from '../../procedures/runbook/own-deadline.js';
import { changeView } from '../../ui/change-view.js';
import { flagResultView } from '../../ui/shadow-view.js';
import type { View } from '../../ui/view.js';
import { canAsk, outsideDeadline } from '../confirmation.js';
import { makeChange } from '../override/change.js';

/** The command by which the history knows what takes a run back. */
const undoCommand = 'runbook undo';

/** How the acts of a run reach the world, confirmed and signed for as the run was. */
export function actPorts(
  context: Context,
  environment: Environment,
  journal: RunJournal,
  noPrograms: string | null,
): ActPorts {
  const { clock, options } = context;
  const deadline = () => ownDeadline(clock, options.timeoutMs);
  return {
    noPrograms,
    invoke: (argv, as) => invoke(context, environment, journal, argv, as),
    page: async ({ method, target }) => {
      const url = target.kind === 'url' ? parseHttpUrl(target.text, 'the check') : urlOn(environment, target.text);
      assertSecure(url, false);
      const signal = deadline().signal();
      return (await context.pages()).look(url, method, signal).catch((error: unknown) => {
        throw signal.aborted ? noAnswer(url.href, options.timeoutMs, error) : error;
      });
    },
    numbers: async (query) => {
      const own = deadline();
      return (await context.promql(environment)).numbers(query, own).catch((error: unknown) => {
        throw own.leftMs() < timerSlackMs ? noAnswer('Prometheus', options.timeoutMs, error) : error;
      });
    },
    program: async ([program = '', ...args]) => {
      const programs = await context.programs();
      const signal = deadline().signal();
      const end = await programs.run([program, ...args], signal).catch((error: unknown) => {
        throw error instanceof RlctlError && error.code === 'PROGRAM_NOT_STARTED' ? notStarted(error, program) : error;
      });
      if (signal.aborted && end.code !== 0) throw cutShort(program, options.timeoutMs, end.said);
      return end;
    },
    ask: async (question) => {
      if (!canAsk(context)) return null;
      const { askYesNo } = await import('../../ui/prompt.js');
      const { term } = await import('../../ui/term.js');
      const theme = await context.theme();
      return outsideDeadline(context, () => askYesNo(`${term(question)}\nDone?`, theme));
    },
  };
}

/** Timers fire up to so much before their time. */
const timerSlackMs = 5;

const longer = 'Give each step longer on the command line, e.g. --timeout 60s';

/** What a look met when the time of one step was up. */
function noAnswer(place: string, timeoutMs: number, error: unknown): unknown {
  if (!(error instanceof RlctlError)) return error;
  const message = `${place} did not answer within the ${formatDuration(timeoutMs)} that --timeout gives a step`;
  return new RlctlError(error.kind, message, { code: error.code, hint: longer });
}

/** A program that rlctl itself ended. */
function cutShort(program: string, timeoutMs: number, said: string): RlctlError {
  const last = quoteOutside(said, 400);
  const message = `${program} did not end within the ${formatDuration(timeoutMs)} that --timeout gives a step: rlctl ended it, and what it had done is not known${last === '' ? '' : `; it said ${last}`}`;
  return new RlctlError('unproven', message, { code: 'PROGRAM_TIMEOUT', hint: longer });
}

function notStarted({ message }: RlctlError, program: string): RlctlError {
  return usageError(message, `Check the runbook: "${program}" is started without a shell, by its path or from PATH.`);
}

function urlOn({ api, name }: Environment, path: string): URL {
  const [origin] = api;
  if (origin === undefined)
    throw usageError(`the environment "${name}" has no API address to look at`, 'Set environments.NAME.api.', 'NO_API');
  const url = new URL(path, origin);
  if (url.origin === new URL(origin).origin) return url;
  throw usageError(
    `the path ${JSON.stringify(path)} leads away from ${origin}`,
    'Write a path that starts with one "/".',
  );
}

async function invoke(
  context: Context,
  environment: Environment,
  journal: RunJournal,
  argv: readonly string[],
  { step, changeId }: StepAs,
): Promise<CommandEnd> {
  const command = stepCommandOf(argv);
  const partOf = [...context.partOf, { kind: 'runbook', id: journal.id, step } as const];
  const words = command.path.split(' ').length;
  const line = [...argv.slice(0, words), ...consentOf(environment, journal, argv), ...argv.slice(words)];
  return context.invoke(line, { partOf, changeId: command.isChange ? changeId : null });
}

/** What the run was confirmed with and signed for, as far as the command takes it. */
export function consentOf(
  environment: Pick<Environment, 'isProtected' | 'name' | 'shadowDriver'>,
  journal: Pick<RunJournal, 'reason' | 'ticket' | 'end' | 'runbook' | 'id'>,
  argv: readonly string[],
): readonly string[] {
  const { isChange, hasAuthor, hasEnd } = stepCommandOf(argv);
  if (!isChange) return [];
  const says = (...flags: string[]): boolean => flags.some((flag) => argv.some((word) => word.split('=')[0] === flag));
  const reason = journal.reason ?? `runbook ${journal.runbook}`;
  // A flag of the server has no end.
  const isFlag = argv[0] === 'shadow' && !says('--route') && environment.shadowDriver !== 'overrides';
  return [
    '--yes',
    ...(environment.isProtected ? ['--confirm', environment.name] : []),
    ...(hasAuthor && !says('--reason') ? ['--reason', reason] : []),
    ...(hasAuthor && journal.ticket !== null && !says('--ticket') ? ['--ticket', journal.ticket] : []),
    ...(hasEnd && !isFlag && !says('--for', '--until', '--permanent') ? journal.end : []),
  ];
}

/**
 * Takes back what one step changed: the flags that it set past the override document, a panic past it as `panic restore` does, or as one change what it did in the document.
 */
export function undoChanges(
  context: Context,
  environment: Environment,
  journal: RunJournal,
): (step: string, undoId: string) => Promise<CommandEnd> {
  return async (step, undoId) => {
    const part = { kind: 'runbook', id: journal.id, step } as const;
    context.deadline.extend(context.options.timeoutMs);
    const mutation = {
      isDryRun: false,
      reason: journal.reason ?? `runbook ${journal.runbook} taken back`,
      ticket: journal.ticket,
      end: { kind: 'permanent' },
      isYes: true,
      confirm: environment.name,
      overriddenGuards: [],
      ifRevision: null,
      effect: { isReloading: true, isVerifying: true, require: null, waitMs: 0, settings: {} },
    } as const;
    const within = { ...context, partOf: [...context.partOf, part], changeId: undoId };
    try {
      const { undoFlags } = await import('./undo-flags.js');
      const flags = await undoFlags(within, environment, { part, command: undoCommand, mutation });
      if (flags !== null) return await endOf(flags.exit, flagResultView(flags, environment));
      const panic = await panicBeside(context, environment, journal, step);
      if (panic !== null)
        return await invoke(context, environment, journal, ['panic', 'restore', panic], { step, changeId: undoId });
      const made = await makeChange(within, mutation, (ports) =>
        undoOperationIntent(ports, {
          command: undoCommand,
          belongs: ({ body }) => body?.command !== undoCommand && isPartOf(body?.partOf, part),
          ifRevision: null,
          what: `step "${step}" of run ${journal.id}`,
        }),
      );
      if (made.kind === 'planned') throw new TypeError('nothing was to be planned');
      return await endOf(made.result.exit, changeView(made.result, environment));
    } catch (error) {
      if (!(error instanceof RlctlError)) throw error;
      const { code, message, hint = null, exitCode } = error;
      return { exitCode, document: null, error: { code, message, hint } };
    }
  };
}

/**
 * The open panic that a step declared past the document, by the kill switch or by flags that nobody told of because whoever set
 * them was killed; `null`: none, or it is over.
 */
async function panicBeside(
  context: Context,
  environment: Environment,
  { steps }: RunJournal,
  step: string,
): Promise<string | null> {
  const declared = steps.find(({ id }) => id === step);
  if (declared === undefined) return null;
  const panic = panicIdOf(declared.changeId);
  const operations = await context.operationStore(environment);
  const kept = await keptPanics({ operations, deadline: context.deadline });
  const open = kept.find(({ id, way, restored }) => id === panic && way !== 'overrides' && restored === null);
  return open?.id ?? null;
}

async function endOf(exit: ExitName, { kind, data }: Pick<View, 'kind' | 'data'>): Promise<CommandEnd> {
  const { exitCodeOf } = await import('../../domain/exit-codes.js');
  const document = JSON.parse(JSON.stringify({ kind, ...data })) as CommandEnd['document'];
  return { exitCode: exitCodeOf(exit), document, error: null };
}

import { Option, type Command } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { parseDurationMs } from '../../domain/duration.js';
import { usageError } from '../../domain/errors.js';
import type { RolloutSession, SessionPorts } from '../../procedures/rollout/session.js';
import { switchFlag, textFlag, type Flags } from '../command.js';
import { guardOption } from '../guard-flags.js';
import { tracedOperations } from '../local-leases.js';
import { addEffectFlags, confirmOption, mutationInput, notifyOption, type MutationInput } from '../mutation.js';

// What the verbs of a rollout have in common.

/** How a rollout is driven from here. */
export interface DriveFlags {
  readonly mutation: MutationInput;
  /** Go on through every stage that does not ask. */
  readonly isAuto: boolean;
  /** Leave as soon as the stage is in force. */
  readonly isDetached: boolean;
  readonly intervalMs: number;
  /** How long a verdict that is due may stay out; `null`: as long as the gates look back. */
  readonly patienceMs: number | null;
  readonly isSpillAllowed: boolean;
  readonly isTakeOver: boolean;
}

const usualIntervalMs = 5000;
const leastIntervalMs = 250;

/** What everything that takes back takes: no guard is asked about it. */
export function addBackFlags(command: Command): void {
  const inGroup = (option: Option): Option => option.helpGroup('Change:');
  command
    .addOption(inGroup(new Option('--reason <text>', 'why; kept in the history')))
    .addOption(inGroup(new Option('--ticket <id>', 'ticket; kept in the history')))
    .addOption(inGroup(new Option('--dry-run', 'show what would be done; do nothing')))
    .addOption(inGroup(new Option('-y, --yes', 'answer y/N questions with yes')))
    .addOption(inGroup(confirmOption()))
    .addOption(inGroup(notifyOption()));
  addEffectFlags(command);
  addTakeOverFlag(command);
}

/** What everything that enters a stage takes. */
export function addChangeFlags(command: Command): void {
  addBackFlags(command);
  command.addOption(guardOption().helpGroup('Change:'));
}

export function addTakeOverFlag(command: Command): void {
  command.addOption(new Option('--take-over', 'drive it although somebody else does; theirs stops'));
}

export function addDriveFlags(command: Command): void {
  command
    .addOption(new Option('--auto', 'go on through all stages that pass, but for those that ask'))
    .addOption(new Option('--detach', 'leave when the stage is in force; nobody watches its gates then'));
  addIntervalFlag(command, 'time between two looks at the gates');
  command
    .addOption(
      new Option(
        '--patience <duration>',
        'how long an inconclusive verdict is waited for (default: the gates’ window)',
      ),
    )
    .addOption(new Option('--include-others', 'go on where routes of a bucket catch routes of other buckets'));
}

export function addIntervalFlag(command: Command, what: string): void {
  command.addOption(new Option('--interval <duration>', `${what} (default 5s)`));
}

export function intervalOf(flags: Flags): number {
  const text = textFlag(flags, 'interval');
  if (text === null) return usualIntervalMs;
  const ms = parseDurationMs(text, '--interval');
  if (ms >= leastIntervalMs) return ms;
  throw usageError(`--interval: ${text} would only be a load`, 'Give at least 250ms, e.g. --interval 5s.');
}

export function driveFlags(flags: Flags): DriveFlags {
  const patience = textFlag(flags, 'patience');
  if (switchFlag(flags, 'auto') && switchFlag(flags, 'detach'))
    throw usageError(
      '--auto and --detach are both given: going on through the stages takes somebody who stays',
      'Give one of them.',
    );
  return {
    mutation: mutationInput(flags),
    isAuto: switchFlag(flags, 'auto'),
    isDetached: switchFlag(flags, 'detach'),
    intervalMs: intervalOf(flags),
    patienceMs: patience === null ? null : parseDurationMs(patience, '--patience'),
    isSpillAllowed: switchFlag(flags, 'includeOthers'),
    isTakeOver: switchFlag(flags, 'takeOver'),
  };
}

export async function sessionPorts(context: Context, environment: Environment): Promise<SessionPorts> {
  const { clock, deadline } = context;
  return { operations: await tracedOperations(context, environment), clock, deadline };
}

/** The run of a runbook that this command is a step of; `null`: none. */
export function runOf({ partOf }: Context): string | null {
  return partOf.find(({ kind }) => kind === 'runbook')?.id ?? null;
}

/** A lease outlives everything that is done between two renewals: a look at the gates, and a change with its proof. */
export async function takeLease(
  context: Context,
  environment: Environment,
  { mutation, intervalMs, isTakeOver }: Pick<DriveFlags, 'mutation' | 'intervalMs' | 'isTakeOver'>,
): Promise<RolloutSession> {
  const { openSession } = await import('../../procedures/rollout/session.js');
  const ttlMs = Math.max(30_000, context.options.timeoutMs + mutation.effect.waitMs + 2 * intervalMs + 10_000);
  const token = context.randomness.hex(12);
  const wish = { environment: environment.name, token, run: runOf(context), ttlMs, isTakeOver };
  return openSession(await sessionPorts(context, environment), { ...wish, holder: await context.actor() });
}

/** Who says nothing of it says why, and for which ticket, what its start said. */
export function saidAtStart(
  mutation: MutationInput,
  { reason, ticket }: { readonly reason: string | null; readonly ticket: string | null },
): MutationInput {
  return { ...mutation, reason: mutation.reason ?? reason, ticket: mutation.ticket ?? ticket };
}

/** What a change of a rollout takes that was confirmed as a whole, under the reasons that it was begun with. */
export function confirmedMutation(
  mutation: MutationInput,
  environment: Environment,
  said: { readonly reason: string | null; readonly ticket: string | null },
): MutationInput {
  return { ...saidAtStart(mutation, said), isDryRun: false, isYes: true, confirm: environment.name };
}

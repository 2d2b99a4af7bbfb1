/** The commands that a guard can be about, by their path in the command tree. */
export const guardedCommands = [
  'override set',
  'override unset',
  'override apply',
  'override sync',
  'override edit',
  'env promote',
  'shadow on',
  'shadow off',
  'reload',
  'panic global',
  'panic bucket',
  'panic route',
  'rollout start',
  'rollout promote',
] as const;

export type GuardedCommand = (typeof guardedCommands)[number];

/** The guarded command of what the history calls a change, which may go on: `env promote preview prod`. */
export function guardedName(command: string): string {
  return guardedCommands.find((each) => command.startsWith(`${each} `)) ?? command;
}

/**
 * They bring back what was: a guard that stood in their way would keep a mistake in force. What is kept of an incident
 * changes nothing by itself, and neither does pausing or resuming a rollout: a stage that is entered then is asked about as
 * one of `rollout promote`. The steps of a runbook are asked about one by one, as the commands they are; a lock or an
 * idempotency entry is one caller's, and no limit; and telling somebody changes none either.
 */
export const exemptCommands = [
  'override undo',
  'override expire',
  'override repair',
  'panic restore',
  'incident end',
  'incident note',
  'incident start',
  'rollout abort',
  'rollout pause',
  'rollout resume',
  'rollout undo',
  'runbook run',
  'runbook resume',
  'lock clear',
  'idem clear',
  'notify test',
] as const;

/** True for a command that no guard is asked about. */
export function isExempt(command: string): boolean {
  return exemptCommands.some((each) => each === command);
}

/** True for a command that no freeze holds up: an emergency does not wait for Monday. Its other limits count all the same. */
export function isPastFreeze(command: string): boolean {
  return command.startsWith('panic ');
}

/** Commands that leave an override in force which could be given an end; the others end one, or have none to give. */
const lasting: ReadonlySet<string> = new Set([
  'override set',
  'override apply',
  'override sync',
  'override edit',
  'env promote',
  'shadow on',
]);

/** True where an end can be asked of a command that leaves an override in force. */
export function canEnd(command: string): boolean {
  return lasting.has(command);
}

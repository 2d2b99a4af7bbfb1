import type { Environment } from '../domain/config/environment.js';
import { addressed } from '../domain/printed-command.js';
import type { OpenOperation } from '../domain/operation/open.js';
import type { OpenOperations } from '../procedures/operation/open-operations.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import { isoTime, relativeTime } from './time.js';

/** More than this is for the commands that list them all. */
const mostShown = 5;

/** What is open: each with since when, by whom, and how to go on with it or take it back. */
export function operationLines(
  { open, failures }: OpenOperations,
  { environment, nowMs, theme }: { readonly environment: Environment; readonly nowMs: number; readonly theme: Theme },
): readonly string[] {
  const left = open.length - mostShown;
  const lines = open
    .slice(0, mostShown)
    .flatMap((each) => [
      theme.warn(`${wordOf(each)}: ${term(each.what)}`),
      `  ${term(each.state)}, begun ${relativeTime(each.sinceMs, nowMs)} by ${term(each.by)}`,
      theme.dim(`  ${commandsOf(each, environment).map(term).join('; or: ')}`),
    ]);
  return [
    ...(open.length === 0 && failures.length === 0 ? [theme.dim('none open')] : lines),
    ...(left > 0 ? [theme.dim(`… ${left} more in --json`)] : []),
    ...failures.map(({ kind, error }) => theme.warn(`? ${plural[kind]} not known: ${term(error.message)}`)),
  ];
}

/** As they can be pasted. */
function commandsOf({ commands }: Pick<OpenOperation, 'commands'>, environment: Environment): readonly string[] {
  return commands.map((command) => addressed(command, environment.address));
}

function wordOf({ kind, id }: OpenOperation): string {
  return `${kind === 'runbook' ? 'run' : kind} ${term(id)}`;
}

const plural = {
  panic: 'open panics',
  incident: 'an open incident',
  rollout: 'a rollout',
  runbook: 'runs of runbooks',
} as const satisfies Record<OpenOperation['kind'], string>;

/** The same for programs. */
export function operationsJson({ open, failures }: OpenOperations, environment: Environment) {
  return {
    open: open.map(({ sinceMs, commands, ...each }) => ({
      ...each,
      since: isoTime(sinceMs),
      commands: commandsOf({ commands }, environment),
    })),
    failures: failures.map(({ kind, error: { code, message, hint } }) => ({ kind, code, message, hint: hint ?? null })),
  };
}

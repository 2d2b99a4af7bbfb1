import { Option } from 'commander';
import type { End } from '../domain/override/end.js';
import { collect } from './command.js';

/** What a command line says of guards, and carries for them. */
export interface GuardFlags {
  /** The names of the guards to go past. */
  readonly overriddenGuards: readonly string[];
  readonly reason: string | null;
  readonly ticket: string | null;
  /** Absent: of a reload alone, which has none. */
  readonly end?: End;
  readonly isDryRun: boolean;
}

/** Nothing was asked. */
export const noGuards = { verdicts: [], overridden: [], remarks: [], demands: [] } as const;

export function guardOption(): Option {
  return new Option('--override-guard <name>', 'go past this guard; recorded, wants --reason; repeatable').argParser(
    collect,
  );
}

/** What is remembered of a reload alone: no history in Redis tells of it. */
export function causeOf(
  { reason }: Pick<GuardFlags, 'reason'>,
  { overridden }: { readonly overridden: readonly string[] },
) {
  return { command: 'reload', reason, ticket: null, ...(overridden.length === 0 ? {} : { guards: overridden }) };
}

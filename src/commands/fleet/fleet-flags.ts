import { Option, type Command } from 'commander';
import { isFleet, type Environment } from '../../domain/config/environment.js';
import { switchFlag, type Flags } from '../command.js';
import { addInstanceFlags, instanceFlags, wholeFlag, type InstanceFlags } from './instance-flags.js';

/** How a fleet is reloaded. */
export interface FleetFlags extends InstanceFlags {
  /** `null`: not said. */
  readonly canary: number | null;
  readonly maxFailures: number | null;
  readonly isResuming: boolean;
}

export function addFleetFlags(command: Command): void {
  addInstanceFlags(command);
  command
    .addOption(new Option('--canary <n>', 'instances to reload and prove before any other').helpGroup('Fleet:'))
    .addOption(
      new Option('--max-failures <n>', 'instances that may fail before no other is started (0)').helpGroup('Fleet:'),
    )
    .addOption(
      new Option('--resume', 'only those that failed or were not tried in the last fleet reload').helpGroup('Fleet:'),
    );
}

export function fleetFlags(flags: Flags): FleetFlags {
  return {
    ...instanceFlags(flags),
    canary: wholeFlag(flags, 'canary', '--canary', 0, 10_000),
    maxFailures: wholeFlag(flags, 'maxFailures', '--max-failures', 0, 10_000),
    isResuming: switchFlag(flags, 'resume'),
  };
}

/** True where several instances are configured, or a flag about a fleet is given. */
export function wantsFleet(environment: Environment, flags: FleetFlags): boolean {
  const { dns, file, prometheus, parallel, timeoutMs, canary, maxFailures, isResuming } = flags;
  const isAsked = [dns, file, prometheus, parallel, timeoutMs, canary, maxFailures].some((each) => each !== null);
  return isAsked || isResuming || isFleet(environment);
}

import { Option, type Command } from 'commander';
import { parseDurationMs } from '../../domain/duration.js';
import { usageError } from '../../domain/errors.js';
import { listFlag, textFlag, type Flags } from '../command.js';

/** Which instances, and how many at once. */
export interface InstanceFlags {
  readonly targets: readonly string[];
  readonly dns: string | null;
  readonly file: string | null;
  readonly prometheus: string | null;
  /** `null`: not said. */
  readonly parallel: number | null;
  readonly timeoutMs: number | null;
}

const usualParallel = 32;
const mostParallel = 256;
const usualTimeoutMs = 3000;

/** The flags that name instances; `--target` is registered by whoever has it already. */
export function addInstanceFlags(command: Command): void {
  const group = 'Fleet:';
  command
    .addOption(new Option('--targets-dns <name>', 'every address that NAME[:PORT] resolves to').helpGroup(group))
    .addOption(new Option('--targets-file <file>', 'file with one URL per line; - is stdin').helpGroup(group))
    .addOption(
      new Option('--targets-prometheus <job>', 'what the environment’s Prometheus scrapes as this job').helpGroup(
        group,
      ),
    )
    .addOption(new Option('--parallel <n>', `instances at once (${usualParallel})`).helpGroup(group))
    .addOption(
      new Option('--instance-timeout <duration>', 'the longest that one answer may take (3s)').helpGroup(group),
    );
}

export function instanceFlags(flags: Flags): InstanceFlags {
  const timeout = textFlag(flags, 'instanceTimeout');
  return {
    targets: listFlag(flags, 'target'),
    dns: textFlag(flags, 'targetsDns'),
    file: textFlag(flags, 'targetsFile'),
    prometheus: textFlag(flags, 'targetsPrometheus'),
    parallel: wholeFlag(flags, 'parallel', '--parallel', 1, mostParallel),
    timeoutMs: timeout === null ? null : parseDurationMs(timeout, '--instance-timeout'),
  };
}

/** Where no flag names an instance. */
export const noInstanceFlags: InstanceFlags = {
  targets: [],
  dns: null,
  file: null,
  prometheus: null,
  parallel: null,
  timeoutMs: null,
};

/** A flag that is a whole number within bounds; `null`: not given. */
export function wholeFlag(flags: Flags, key: string, name: string, least: number, most: number): number | null {
  const text = textFlag(flags, key);
  if (text === null) return null;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usageError(`${name}: "${text}" is not a whole number from ${least} to ${most}`, `Give ${name} ${least}, say.`);
}

/** How many at once, and for how long each. */
export function pace({ parallel, timeoutMs }: InstanceFlags): {
  readonly parallel: number;
  readonly timeoutMs: number;
} {
  return { parallel: parallel ?? usualParallel, timeoutMs: timeoutMs ?? usualTimeoutMs };
}

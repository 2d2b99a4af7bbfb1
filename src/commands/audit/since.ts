import { Option, type Command } from 'commander';
import { parseDurationMs } from '../../domain/duration.js';
import { textFlag, type Flags } from '../command.js';

export function addSinceFlag(command: Command, what: string): void {
  command.addOption(new Option('--since <duration>', `${what}: 24h, 7d`));
}

/** `null`: not given. */
export function sinceFlag(flags: Flags): number | null {
  const text = textFlag(flags, 'since');
  return text === null ? null : parseDurationMs(text, '--since');
}

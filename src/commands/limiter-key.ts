import { Option, type Command } from 'commander';
import type { Context } from '../context.js';
import { usageError } from '../domain/errors.js';
import type { LimiterKey } from '../domain/limiter-keys/keys.js';
import { assertValue, clearKey, findKey } from '../procedures/limiter-keys/clear.js';
import { clearedKeyView, limiterKeyView } from '../ui/limiter-key-view.js';
import { switchFlag, textFlag, type Flags, type Outcome } from './command.js';
import { confirmChange, type Consent } from './confirmation.js';

// What locks and idempotency entries have in common: one key, looked at by its type first, and cleared by comparing.

export interface ClearFlags extends Consent {
  readonly isDryRun: boolean;
  readonly ifValue: string | null;
}

export function addClearFlags(command: Command): void {
  command
    .addOption(new Option('--dry-run', 'show what would be cleared; remove nothing'))
    .addOption(new Option('--if-value <digest>', 'only if its value has this SHA-256 (8 digits or more), or none'))
    .addOption(new Option('-y, --yes', 'answer y/N questions with yes'))
    .addOption(new Option('--confirm <name>', 'confirm on a protected environment by its name'));
}

export function clearFlags(flags: Flags): ClearFlags {
  const ifValue = textFlag(flags, 'ifValue');
  if (ifValue !== null && !/^(?:[0-9a-f]{8,64}|none)$/.test(ifValue))
    throw usageError(
      `--if-value: "${ifValue}" is no digest`,
      'Give at least 8 hex digits, as --dry-run --json prints it.',
    );
  return {
    isDryRun: switchFlag(flags, 'dryRun'),
    ifValue,
    isYes: switchFlag(flags, 'yes'),
    confirm: textFlag(flags, 'confirm'),
  };
}

type KeyOf = (namespace: string) => LimiterKey;

async function open(context: Context, keyOf: KeyOf) {
  const environment = await context.environment();
  const keys = await context.limiterKeys(environment);
  const ports = { keys, deadline: context.deadline };
  context.progress.step('reading the key');
  return { environment, ports, found: await findKey(ports, keyOf(environment.namespace ?? '')) };
}

export async function showKey(context: Context, keyOf: KeyOf): Promise<Outcome> {
  const { environment, found } = await open(context, keyOf);
  return { view: limiterKeyView(found, environment, false), exit: 'ok' };
}

export async function clearLimiterKey(context: Context, flags: ClearFlags, keyOf: KeyOf): Promise<Outcome> {
  const { environment, ports, found } = await open(context, keyOf);
  if (flags.ifValue !== null) assertValue(found, flags.ifValue);
  if (flags.isDryRun) return { view: limiterKeyView(found, environment, true), exit: 'ok' };
  await confirmChange(context, environment, flags, {
    isNoop: found.digest === null,
    isReloading: false,
    preview: async () => limiterKeyView(found, environment, true).human(await context.theme()),
  });
  const cleared = await clearKey(ports, found);
  return { view: clearedKeyView(cleared, environment), exit: cleared.exit };
}

import { Option, type Command } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { parseDurationMs } from '../../domain/duration.js';
import { usageError } from '../../domain/errors.js';
import type { Effect } from '../../procedures/effect.js';
import { expireCommand } from '../../domain/override/expiry.js';
import { beforeAnything } from '../../domain/nothing-done.js';
import { expireDue } from '../../procedures/override/expire.js';
import { expiryView } from '../../ui/expiry-view.js';
import { withReports } from '../announce.js';
import { announceChange } from '../announce-change.js';
import { defineCommand, switchFlag, textFlag, type Flags } from '../command.js';
import { recall, remember } from '../detection.js';
import {
  addEffectFlags,
  changePorts,
  effectFlags,
  effectInput,
  isTelling,
  notifyOption,
  type EffectFlags,
} from '../mutation.js';
import { watchExpiry, type ToldRound } from './expire-watch.js';

// The end of every "per-route override" that was set for a while: what stood before returns, is reloaded and proven. Nobody
// is asked: whoever set the end agreed to it.

const usualEveryMs = 30_000;

function register(command: Command): void {
  const inGroup = (option: Option): Option => option.helpGroup('Change:');
  command
    .addOption(inGroup(new Option('--watch', 'go on until Ctrl-C, a line per event; wakes at each end')))
    .addOption(inGroup(new Option('--every <duration>', 'how often it looks (default 30s), or how often cron runs it')))
    .addOption(inGroup(new Option('--reason <text>', 'kept in the history instead of "its end had come"')))
    .addOption(inGroup(new Option('--ticket <id>', 'ticket; kept in the history')))
    .addOption(inGroup(notifyOption()))
    .addOption(inGroup(new Option('--dry-run', 'show what is over; write nothing').conflicts('watch')))
    .addOption(new Option('--no-reload', 'only write; send no reload, prove nothing').helpGroup('Proof:'));
  addEffectFlags(command);
  command.addHelpText(
    'after',
    '\nIt asks for no confirmation, on a protected environment neither: whoever set an end agreed to it.',
  );
}

interface ExpireInput {
  readonly isWatching: boolean;
  /** `null`: not said. */
  readonly everyMs: number | null;
  readonly reason: string;
  readonly ticket: string | null;
  readonly isDryRun: boolean;
  readonly isTelling: boolean;
  readonly effect: EffectFlags;
}

function inputOf(flags: Flags): ExpireInput {
  const every = textFlag(flags, 'every');
  const everyMs = every === null ? null : parseDurationMs(every, '--every');
  if (everyMs !== null && everyMs < 1000)
    throw usageError('--every: less than 1s would only be a load', 'Give at least 1s, e.g. --every 30s.');
  return {
    isWatching: switchFlag(flags, 'watch'),
    everyMs,
    reason: textFlag(flags, 'reason') ?? 'its end had come',
    ticket: textFlag(flags, 'ticket'),
    isDryRun: switchFlag(flags, 'dryRun'),
    isTelling: isTelling(flags),
    effect: effectFlags(flags),
  };
}

/** What one look takes, made ready once: the connections, the secret, who acts. */
async function roundOf(
  context: Context,
  environment: Environment,
  input: ExpireInput,
): Promise<() => Promise<ToldRound>> {
  const { reason, ticket, isDryRun } = input;
  const ports = await changePorts(context, environment);
  const effect = await effectInput(context, environment, input.effect, await recall(context, environment));
  const author = {
    actor: await context.actor(),
    reason,
    ticket,
    rlctl: context.version,
    environment: environment.name,
  };
  const everyMs = input.everyMs ?? (input.isWatching ? usualEveryMs : null);
  const everySeconds = everyMs === null ? null : everyMs / 1000;
  const keep = async (taken: Effect, revision: string): Promise<void> => {
    const seen = await recall(context, environment);
    await remember(context, environment, taken, { seen, by: { command: expireCommand, reason, ticket, revision } });
  };
  return async () => {
    const looked = expireDue(ports, { author, effect, everySeconds, isDryRun }, (text) => context.progress.step(text));
    const round = await beforeAnything(looked, 'written');
    const taken = round.change?.effect ?? round.madeUpFor;
    if (taken !== null) await keep(taken, round.plan.revisionAfter);
    context.progress.clear();
    const { change } = round;
    const told = change === null ? Promise.resolve([]) : announceChange(context, environment, input, change);
    return { round, told };
  };
}

export const command = defineCommand({
  register,
  examples: [
    'rlctl -e prod override expire --every 5m  # in a crontab, every five minutes',
    'rlctl -e prod override expire --watch | tee -a expired.ndjson',
    'rlctl -e prod override expire --dry-run',
  ],
  input: (_, flags) => inputOf(flags),
  action: async (context, input) => {
    const environment = await context.environment(input.effect.settings);
    const round = await roundOf(context, environment, input);
    if (input.isWatching) {
      await watchExpiry(context, environment, round, input.everyMs ?? usualEveryMs);
      return { view: null, exit: 'ok' };
    }
    context.progress.step('reading the document');
    const done = await round();
    const view = await withReports(expiryView(done.round, environment), done.told);
    return { view, exit: done.round.exit };
  },
});

import { Option } from 'commander';
import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { assertNoDemand } from '../domain/demand.js';
import { RlctlError, usageError } from '../domain/errors.js';
import type { Revision } from '../domain/revision.js';
import { maskedRequest, signReload } from '../domain/signing/sign.js';
import type { ChangePorts } from '../procedures/override/change.js';
import { assertReloadable, reloadSafely } from '../procedures/reload/safely.js';
import { printedRequestView, reloadView } from '../ui/reload-view.js';
import { addFleetFlags, fleetFlags, wantsFleet, type FleetFlags } from './fleet/fleet-flags.js';
import { withReports } from './announce.js';
import { announceReload } from './announce-change.js';
import { defineCommand, listFlag, switchFlag, textFlag, type Outcome } from './command.js';
import { confirmationDemand, confirmReload } from './confirmation.js';
import { recall, remember } from './detection.js';
import { causeOf, guardOption, noGuards } from './guard-flags.js';
import type { GuardAnswer } from './guards.js';
import { lastRevision } from './last-reload.js';
import {
  addEffectFlags,
  changePorts,
  effectFlags,
  effectInput,
  isTelling,
  notifyOption,
  type EffectFlags,
} from './mutation.js';

// The runbook's "reload": sign, send, and prove that the server now holds what Redis holds.

interface ReloadCommandInput {
  readonly effect: EffectFlags;
  readonly fleet: FleetFlags;
  readonly expect: number | null;
  readonly isForced: boolean;
  readonly isPrinting: boolean;
  readonly isDryRun: boolean;
  readonly isYes: boolean;
  readonly confirm: string | null;
  readonly overriddenGuards: readonly string[];
  readonly reason: string | null;
  readonly isTelling: boolean;
}

function expectedCount(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw usageError(`--expect: "${text}" is not a number of overrides`, 'Give a whole number, e.g. 3.');
}

function isDry({ isPrinting, isDryRun }: ReloadCommandInput): boolean {
  return isPrinting || isDryRun;
}

/** A reload is a change: what is frozen is not made to take hold either. */
async function guardsOf(context: Context, environment: Environment, input: ReloadCommandInput): Promise<GuardAnswer> {
  if (environment.guards.length === 0 && input.overriddenGuards.length === 0) return noGuards;
  const { askGuards } = await import('./guards.js');
  const flags = { ...input, ticket: null, isDryRun: isDry(input) };
  const answer = await askGuards(context, environment, flags, { command: 'reload', isReloadOnly: true, flags: [] });
  if (!flags.isDryRun && answer.demands.length > 0) {
    const confirmation = confirmationDemand(context, environment, input, { isNoop: true, isReloading: true });
    assertNoDemand('reload', [...answer.demands, ...(confirmation === null ? [] : [confirmation])]);
  }
  return answer;
}

/** Shows the request as it would be sent, signature masked; sends nothing. */
async function printRequest(
  context: Context,
  environment: Environment,
  effect: EffectFlags,
  guards: GuardAnswer,
): Promise<Outcome> {
  const { reload } = await effectInput(context, environment, effect, await recall(context, environment));
  const [profile, basePath, origin] = [reload?.profiles[0], reload?.basePaths[0], reload?.targets[0]];
  if (!reload || !profile || basePath === undefined || origin === undefined) {
    throw new RlctlError('unexpected', 'there is no request to print', { code: 'UNEXPECTED' });
  }
  const nowSeconds = Math.floor(context.clock.nowMs() / 1000);
  const nonce = context.randomness.hex(16);
  const request = signReload(profile, reload.secret, {
    endpoint: { origin, basePath },
    origin: reload.origin,
    nowSeconds,
    nonce,
  });
  return { view: printedRequestView(maskedRequest(request), profile.name, guards), exit: 'ok' };
}

/** What the reload itself would refuse is refused before it as well. */
async function assertSafe({ store, deadline }: ChangePorts, last: Revision | null): Promise<void> {
  assertReloadable(await store.read(deadline), last, '--force reloads all the same.');
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--print-request', 'show the request, its signature masked; send nothing'))
      .addOption(new Option('--expect <n>', 'the number of overrides the server must report'))
      .addOption(
        new Option('--force', 'reload even where the document cannot be read and every override would be lost'),
      )
      .addOption(new Option('--dry-run', 'show what would be done; send nothing'))
      .addOption(new Option('-y, --yes', 'answer y/N questions with yes'))
      .addOption(new Option('--confirm <name>', 'confirm by the environment’s name'))
      .addOption(new Option('--reason <text>', 'why; remembered, and wanted where a guard is overridden'))
      .addOption(guardOption())
      .addOption(notifyOption());
    addEffectFlags(c);
    addFleetFlags(c);
  },
  examples: [
    'rlctl -e preview reload',
    'rlctl -e prod reload --yes --target https://10-0-0-1.example.com --target https://10-0-0-2.example.com',
    'rlctl -e prod reload --yes --targets-dns api.internal:8443 --canary 1 --max-failures 2',
    'rlctl -e prod reload --yes --resume',
  ],
  input: (_, flags): ReloadCommandInput => ({
    effect: effectFlags(flags),
    fleet: fleetFlags(flags),
    expect: expectedCount(textFlag(flags, 'expect')),
    isForced: switchFlag(flags, 'force'),
    isPrinting: switchFlag(flags, 'printRequest'),
    isDryRun: switchFlag(flags, 'dryRun'),
    isYes: switchFlag(flags, 'yes'),
    confirm: textFlag(flags, 'confirm'),
    overriddenGuards: listFlag(flags, 'overrideGuard'),
    reason: textFlag(flags, 'reason'),
    isTelling: isTelling(flags),
  }),
  action: async (context, input) => {
    const environment = await context.environment(input.effect.settings);
    const guards = await guardsOf(context, environment, input);
    if (wantsFleet(environment, input.fleet) && (!input.isPrinting || environment.api.length === 0)) {
      const { reloadFleetCommand } = await import('./fleet/reload-fleet.js');
      return reloadFleetCommand(context, environment, { ...input, isDryRun: isDry(input), guards });
    }
    if (input.isPrinting) return printRequest(context, environment, input.effect, guards);
    const ports = await changePorts(context, environment);
    const last = await lastRevision(context, environment);
    if (input.isDryRun) {
      if (input.effect.isVerifying && !input.isForced) await assertSafe(ports, last);
      return printRequest(context, environment, input.effect, guards);
    }
    const seen = await recall(context, environment);
    const effect = await effectInput(context, environment, input.effect, seen);
    await confirmReload(context, environment, input);
    const { expect, isForced } = input;
    const result = await reloadSafely(ports, { effect, expect, isForced, lastRevision: last }, (text) =>
      context.progress.step(text),
    );
    await remember(context, environment, result.effect, {
      seen,
      by: { ...causeOf(input, guards), revision: result.stored?.revision ?? null },
    });
    const told = announceReload(context, environment, input, result.effect);
    return { view: await withReports(reloadView(result, environment, guards), told), exit: result.exit };
  },
});

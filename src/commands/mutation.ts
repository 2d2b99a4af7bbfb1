import { Option, type Command } from 'commander';
import type { Context } from '../context.js';
import { isFleet, type Environment } from '../domain/config/environment.js';
import type { SettingKey } from '../domain/config/settings.js';
import type { Detected } from '../domain/dialect/dialect.js';
import { parseDurationMs } from '../domain/duration.js';
import { RlctlError, usageError } from '../domain/errors.js';
import { parseEnd, type End } from '../domain/override/end.js';
import { profilesFor } from '../domain/signing/profile.js';
import type { EffectInput, FleetEffects } from '../procedures/effect.js';
import type { ChangePorts } from '../procedures/override/change.js';
import type { ReloadInput } from '../procedures/reload/walk.js';
import type { Author } from '../procedures/override/write.js';
import { collect, listFlag, switchFlag, textFlag, type Flags } from './command.js';
import { basePathsByMemory, hearing, knownOf } from './detection.js';
import { guardOption } from './guard-flags.js';
import { metricsPort } from './proof-metrics.js';

/** What every change of the document takes. */
export interface MutationInput {
  readonly isDryRun: boolean;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** When what it writes ends; `permanent` for a change that takes no end. */
  readonly end: End;
  readonly isYes: boolean;
  readonly confirm: string | null;
  /** The guards to go past. */
  readonly overriddenGuards: readonly string[];
  /** False: nobody is told (`--no-notify`); absent: whoever wants to know is. */
  readonly isTelling?: boolean;
  /** A write wants y/N also where the environment is not protected; absent: it does not. */
  readonly isAsked?: boolean;
  readonly ifRevision: string | null;
  readonly effect: EffectFlags;
}

/** How the reload after a change, and its proof, were asked for. */
export interface EffectFlags {
  readonly isReloading: boolean;
  readonly isVerifying: boolean;
  readonly require: 'loaded' | 'enforced' | null;
  readonly waitMs: number;
  /** Settings given as flags. */
  readonly settings: Partial<Record<SettingKey, string>>;
}

/** What every change of the document takes that no guard is asked about. */
export function addExemptFlags(command: Command): void {
  command
    .addOption(new Option('--reason <text>', 'why; kept in the history').helpGroup('Change:'))
    .addOption(new Option('--ticket <id>', 'ticket; kept in the history').helpGroup('Change:'))
    .addOption(new Option('--dry-run', 'show what would be written; write nothing').helpGroup('Change:'))
    .addOption(
      new Option('--if-revision <hash>', 'only if the document is still at this revision').helpGroup('Change:'),
    )
    .addOption(new Option('-y, --yes', 'answer y/N questions with yes').helpGroup('Change:'))
    .addOption(confirmOption().helpGroup('Change:'))
    .addOption(notifyOption().helpGroup('Change:'))
    .addOption(new Option('--no-reload', 'only write; send no reload, prove nothing').helpGroup('Proof:'));
  addEffectFlags(command);
}

/** What every other change takes. */
export function addMutationFlags(command: Command): void {
  addExemptFlags(command);
  command.addOption(guardOption().helpGroup('Change:'));
}

/** The same of every command that changes something; where nothing is asked it does no harm. */
export function confirmOption(): Option {
  return new Option('--confirm <name>', 'confirm a change of a protected environment by its name');
}

/** For whatever would be told: `isTelling` reads it. */
export function notifyOption(): Option {
  return new Option('--no-notify', 'tell no receiver of "notify" in rlctl.yaml');
}

/** Whether others are told. */
export function isTelling(flags: Flags): boolean {
  return flags['notify'] !== false;
}

/** For changes that leave an override in force: `endOf` reads them. */
export function addEndFlags(command: Command): void {
  command
    .addOption(
      new Option('--for <duration>', 'temporary: what stood before returns after this time, e.g. 2h').helpGroup(
        'Change:',
      ),
    )
    .addOption(new Option('--until <time>', 'the same, until a time, e.g. 2026-11-22T08:00:00Z').helpGroup('Change:'))
    .addOption(
      new Option('--permanent', 'it stays; a protected environment wants one of the three').helpGroup('Change:'),
    );
}

/** The end that the flags of `addEndFlags` say. */
export function endOf(flags: Flags): End {
  return parseEnd({
    for: textFlag(flags, 'for'),
    until: textFlag(flags, 'until'),
    isPermanent: switchFlag(flags, 'permanent'),
  });
}

export function addEffectFlags(command: Command): void {
  command.addOption(new Option('--no-verify', 'reload without proving its effect').helpGroup('Proof:'));
  addProofFlags(command);
}

/** What says how far something is to be proven, where, and how it is signed. */
export function addProofFlags(command: Command): void {
  command
    .addOption(
      new Option('--require <level>', 'how far the effect must be proven; a probe shows burst and shadow, never a rate')
        .choices(['loaded', 'enforced'])
        .helpGroup('Proof:'),
    )
    .addOption(
      new Option('--probe <url>', 'address whose answer shows what is enforced; repeatable')
        .argParser(collect)
        .helpGroup('Proof:'),
    )
    .addOption(new Option('--wait <duration>', 'go on proving for this long').helpGroup('Proof:'))
    .addOption(
      new Option('--target <url>', 'API address to reload instead of the configured; repeatable')
        .argParser(collect)
        .helpGroup('Proof:'),
    )
    .addOption(new Option('--workers <n>', 'processes behind the address').helpGroup('Proof:'))
    .addOption(new Option('--signing <profile>', 'signing profile (rlctl help signing)').helpGroup('Proof:'))
    .addOption(
      new Option('--secret-file <path>', 'file that holds the signing secret; - is stdin').helpGroup('Proof:'),
    );
}

/** `end`: for changes that leave an override in force, what `endOf` says; all others are asked for none. */
export function mutationInput(flags: Flags, end: End = { kind: 'permanent' }): MutationInput {
  const ifRevision = textFlag(flags, 'ifRevision');
  if (ifRevision !== null && !/^(?:[0-9a-f]{8,64}|none)$/.test(ifRevision)) {
    throw usageError(
      `--if-revision: "${ifRevision}" is not a revision`,
      'Give at least 8 hex digits of one, as "rlctl override list" prints it.',
    );
  }
  return {
    isDryRun: switchFlag(flags, 'dryRun'),
    reason: textFlag(flags, 'reason'),
    ticket: textFlag(flags, 'ticket'),
    end,
    isYes: switchFlag(flags, 'yes'),
    confirm: textFlag(flags, 'confirm'),
    overriddenGuards: listFlag(flags, 'overrideGuard'),
    ifRevision,
    isTelling: isTelling(flags),
    effect: effectFlags(flags),
  };
}

export function effectFlags(flags: Flags): EffectFlags {
  const wait = textFlag(flags, 'wait');
  const settings: Partial<Record<SettingKey, string>> = {};
  const set = (key: SettingKey, value: string | null): void => {
    if (value !== null && value !== '') settings[key] = value;
  };
  set('api', listFlag(flags, 'target').join(','));
  set('probe', listFlag(flags, 'probe').join(','));
  set('workers', textFlag(flags, 'workers'));
  set('signing', textFlag(flags, 'signing'));
  set('secret', textFlag(flags, 'secretFile'));
  return {
    isReloading: flags['reload'] !== false,
    isVerifying: flags['verify'] !== false,
    require: textFlag(flags, 'require') as 'loaded' | 'enforced' | null,
    waitMs: wait === null ? 0 : parseDurationMs(wait, '--wait'),
    settings,
  };
}

/** The ports of a change, with both connections already on their way: they overlap whatever comes first. */
export async function changePorts(context: Context, environment: Environment): Promise<ChangePorts> {
  const [store, controlPlane] = await Promise.all([context.store(environment), context.controlPlane()]);
  store.open(context.deadline);
  const fleet = isFleet(environment) ? fleetEffects(context, environment) : null;
  // Each instance gets connections of its own.
  if (fleet === null) for (const origin of environment.api) controlPlane.open(origin);
  const { clock, deadline, changeId } = context;
  const randomness = changeId === null ? context.randomness : { ...context.randomness, changeId: () => changeId };
  const metrics = metricsPort(context, environment);
  // A change does not wait for what stands before it.
  void metrics?.open();
  const hear = hearing(context, environment);
  return { store, controlPlane, clock, randomness, deadline, metrics, fleet, hear };
}

/** Loaded where it is used: one address needs nothing of it. */
function fleetEffects(context: Context, environment: Environment): FleetEffects {
  const load = async (): Promise<FleetEffects> =>
    (await import('./fleet/fleet-effects.js')).openFleetEffects(context, environment);
  let opened: Promise<FleetEffects> | null = null;
  const fleet = (): Promise<FleetEffects> => (opened ??= load());
  return {
    preflight: async (reload) => (await fleet()).preflight(reload),
    take: async (...asked) => (await fleet()).take(...asked),
  };
}

/** How the change takes hold on this environment. Throws before anything is written where it cannot. */
export async function effectInput(
  context: Context,
  environment: Environment,
  flags: EffectFlags,
  seen: Detected | null,
): Promise<EffectInput> {
  context.deadline.extend(flags.waitMs);
  const common = {
    isVerified: flags.isVerifying,
    require: flags.require,
    probes: environment.probes,
    workers: environment.workers,
    waitMs: flags.waitMs,
    known: knownOf(seen),
  };
  if (!flags.isReloading) return { ...common, reload: null };
  if (isFleet(environment) && flags.require === 'enforced') throw noProbeForAll();
  assertApi(environment, '; --no-reload only writes');
  return { ...common, reload: await reloadInput(context, environment, seen) };
}

function noProbeForAll(): RlctlError {
  return usageError(
    '--require enforced: a probe is one request for all, and cannot prove each instance of a fleet',
    'Leave it out, then prove one address: rlctl verify ROUTE --target URL --probe URL --require enforced',
  );
}

/** Throws a usage error where there is no address at which anything could be seen; `otherwise`: what else can be done. */
export function assertApi(environment: Environment, otherwise = ''): void {
  if (environment.api.length > 0 || isFleet(environment)) return;
  throw usageError(
    `the environment "${environment.name}" has no API address, so nothing could be reloaded or proven`,
    `Set environments.NAME.api (or fleet) in rlctl.yaml, or give --target URL${otherwise}.`,
    'NO_API',
  );
}

/** How a reload is signed and sent on this environment. */
export async function reloadInput(
  context: Context,
  environment: Environment,
  seen: Detected | null,
): Promise<ReloadInput> {
  return {
    targets: environment.api,
    basePaths: basePathsByMemory(environment, seen),
    profiles: profilesFor(environment.signing, seen?.profile ?? null),
    secret: await context.secret(environment),
    origin: environment.origin,
    siteMode: environment.siteMode,
  };
}

/** Who makes the change. */
export async function authorOf(
  context: Context,
  environment: Environment,
  input: Pick<MutationInput, 'reason' | 'ticket'>,
): Promise<Author> {
  const { reason, ticket } = input;
  return { actor: await context.actor(), reason, ticket, rlctl: context.version, environment: environment.name };
}

import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { Instance } from '../../domain/fleet/instance.js';
import { leftToDo, type FleetReloadRecord } from '../../domain/fleet/reload-record.js';
import { describeInstances } from '../../domain/fleet/source.js';
import { maskedRequest, signReload } from '../../domain/signing/sign.js';
import type { EffectInput } from '../../procedures/effect.js';
import { fleetEffect } from '../../procedures/fleet/fleet-effect.js';
import { fleetReloadError, fleetReloadExit } from '../../procedures/fleet/reload-end.js';
import { readForFleet, reloadFleet } from '../../procedures/fleet/reload.js';
import type { ReloadInput } from '../../procedures/reload/walk.js';
import { fleetPlanView, fleetReloadView, nothingToResumeView } from '../../ui/fleet-reload-view.js';
import { withReports } from '../announce.js';
import { announceReload } from '../announce-change.js';
import type { Outcome } from '../command.js';
import { confirmReload } from '../confirmation.js';
import { recall, remember } from '../detection.js';
import { causeOf } from '../guard-flags.js';
import type { GuardAnswer } from '../guards.js';
import { lastRevision } from '../last-reload.js';
import { effectInput, type EffectFlags } from '../mutation.js';
import type { FleetFlags } from './fleet-flags.js';
import { pace } from './instance-flags.js';
import { listInstances, sourceOfInstances } from './instances.js';
import { keepFleetReload, lastFleetReload } from './last-fleet-reload.js';

export interface FleetReloadFlags {
  readonly fleet: FleetFlags;
  readonly effect: EffectFlags;
  readonly expect: number | null;
  readonly isForced: boolean;
  readonly isDryRun: boolean;
  readonly isYes: boolean;
  readonly confirm: string | null;
  readonly reason: string | null;
  readonly isTelling: boolean;
  readonly guards: GuardAnswer;
}

/** Reloads every instance, or shows what would be done. */
export async function reloadFleetCommand(
  context: Context,
  environment: Environment,
  input: FleetReloadFlags,
): Promise<Outcome> {
  const { fleet, effect: flags } = input;
  if (flags.require === 'enforced') throw noProbes();
  if (fleet.file === '-' && flags.settings.secret === '-') throw bothFromStdin();
  const { instances, source, earlier } = await chosen(context, environment, input);
  const store = await context.store(environment);
  const wanted = {
    revision: earlier?.revision ?? null,
    lastRevision: await lastRevision(context, environment),
    isForced: input.isForced,
    effect: { isVerified: flags.isVerifying },
  };
  const isIdle = instances.length === 0;
  // What a real run would refuse is refused here as well.
  if (isIdle ? earlier !== null : input.isDryRun) await readForFleet({ store, deadline: context.deadline }, wanted);
  if (isIdle) return { view: nothingToResumeView(environment, earlier), exit: 'ok' };
  const seen = await recall(context, environment);
  const effect = await effectInput(
    context,
    { ...environment, api: instances.map(({ origin }) => origin) },
    flags,
    seen,
  );
  const run = {
    instances,
    expect: input.expect,
    isForced: input.isForced,
    ...pace(fleet),
    canary: Math.min(fleet.canary ?? 0, instances.length),
    maxFailures: fleet.maxFailures ?? 0,
    effect: withReload(effect),
    revision: wanted.revision,
    lastRevision: wanted.lastRevision,
    acceptedBefore: earlier?.instances.filter(({ state }) => state === 'done').length ?? 0,
  };
  if (input.isDryRun) {
    const { request, profile } = requestOf(context, run.effect.reload, instances[0]?.origin ?? '');
    return { view: fleetPlanView({ ...run, source, request, profile, environment, guards: input.guards }), exit: 'ok' };
  }
  await confirmReload(context, environment, input);
  const { clock, randomness, deadline } = context;
  const ports = { store, open: await context.openInstance(environment), clock, randomness, deadline };
  const result = await reloadFleet(ports, run, (text) => context.progress.step(text));
  const revision = result.stored?.revision ?? null;
  const isNamed = earlier === null ? isNamingInstances(fleet) : earlier.isPart === true;
  await keepFleetReload(context, environment, { instances: result.instances, revision, isPart: isNamed });
  const error = fleetReloadError(result, deadline.interrupted.reason);
  if (error !== null) throw error;
  const { guards } = input;
  const whole = fleetEffect(result, { workers: effect.workers, isReloaded: true, whole: null });
  // What was left of a whole fleet completes it, where it was done.
  const isWhole = !isNamed && (earlier === null || result.instances.every(({ state }) => state === 'done'));
  const part = isWhole ? {} : { part: instances.map(({ name }) => name) };
  await remember(context, environment, whole, { seen, by: { ...causeOf(input, guards), revision, ...part } });
  const shown = { ...run, result, effect: whole, environment, source, guards };
  const told = announceReload(context, environment, input, whole);
  const view = await withReports(fleetReloadView({ ...shown, isResumed: earlier !== null }), told);
  return { view, exit: fleetReloadExit(result) };
}

/** True where flags name the instances. */
function isNamingInstances({ targets, dns, file, prometheus }: FleetFlags): boolean {
  return targets.length > 0 || [dns, file, prometheus].some((each) => each !== null);
}

interface Chosen {
  readonly instances: readonly Instance[];
  readonly source: string;
  /** The record that this reload goes on from; `null`: it starts anew. */
  readonly earlier: FleetReloadRecord | null;
}

async function chosen(
  context: Context,
  environment: Environment,
  { fleet: flags, effect }: FleetReloadFlags,
): Promise<Chosen> {
  const { untrustedFile, isChangedSinceTrusted: isChanged, fleet } = environment;
  const refuse = (): never => {
    throw untrusted(untrustedFile ?? '', 'the signing secret', { isChanged });
  };
  if (!flags.isResuming) {
    const placed = sourceOfInstances(environment, flags);
    if (untrustedFile !== null && placed === fleet.source) refuse();
    const instances = await listInstances(context, environment, placed);
    return { instances, source: describeInstances(placed.source), earlier: null };
  }
  if (isNamingInstances(flags)) {
    throw usageError(
      '--resume goes on with the instances of the last fleet reload, and others are named too',
      'Leave out --resume, or what names the instances.',
      'FLEET_SOURCES',
    );
  }
  if (untrustedFile !== null) refuse();
  const earlier = await lastFleetReload(context, environment);
  return {
    instances: earlier === null ? [] : leftToDo(earlier, effect.isVerifying),
    source: 'the last fleet reload',
    earlier,
  };
}

function bothFromStdin(): RlctlError {
  return usageError('--targets-file and --secret-file both want stdin', 'Give one of them as a file.', 'FLEET_SOURCES');
}

function noProbes(): RlctlError {
  return usageError(
    '--require enforced: a probe is one request for all, and cannot prove each instance of a fleet',
    'Reload the fleet without it, then prove one address: rlctl reload --target URL --require enforced',
  );
}

function withReload(effect: EffectInput): EffectInput & { readonly reload: ReloadInput } {
  if (effect.reload === null) throw new TypeError('a fleet reload without a reload');
  return { ...effect, reload: effect.reload };
}

/** The first request as it would be sent, its signature masked. */
function requestOf(context: Context, reload: ReloadInput, origin: string) {
  const [profile, basePath] = [reload.profiles[0], reload.basePaths[0]];
  if (!profile || basePath === undefined) throw new TypeError('there is no request to show');
  const request = signReload(profile, reload.secret, {
    endpoint: { origin, basePath },
    origin: reload.origin,
    nowSeconds: Math.floor(context.clock.nowMs() / 1000),
    nonce: context.randomness.hex(16),
  });
  return { request: maskedRequest(request), profile: profile.name };
}

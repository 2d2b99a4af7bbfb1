import { counted } from '../../domain/counted.js';
import { RlctlError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import type { Instance } from '../../domain/fleet/instance.js';
import type { OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import { allRefused } from '../effect.js';
import { instanceDeadlines, type InstanceDeadlines } from './instance-deadline.js';
import { inParallel } from '../reload/in-parallel.js';
import { assertReadable } from '../reload/safely.js';
import type { OnStep } from '../step.js';
import {
  reloadInstance,
  untried,
  type FleetPorts,
  type InstanceReload,
  type InstanceReloadInput,
} from './reload-instance.js';

export interface FleetReloadInput extends Omit<InstanceReloadInput, 'storedBytes' | 'samples'> {
  readonly instances: readonly Instance[];
  /** Reload although the servers would lose every override by it. */
  readonly isForced: boolean;
  /** Instances at once, from 1. */
  readonly parallel: number;
  /** Instances that go first, and must be proven before any other is touched; 0: none. */
  readonly canary: number;
  /** The revision that a reload gone on from was about: another one now is a conflict; `null`: any will do. */
  readonly revision: string | null;
  /** Instances that may fail before no other is started. */
  readonly maxFailures: number;
}

/** Why a fleet reload ended before its last instance. */
export type StopCause = 'canary' | 'failures' | 'deadline' | 'interrupted';

export interface FleetReload {
  /** What Redis holds; `null`: the proof was waived, and Redis not asked. */
  readonly stored: StoredOverrides | null;
  /** In the order of the fleet. */
  readonly instances: readonly InstanceReload[];
  /** `null`: every instance was tried. */
  readonly stoppedBy: StopCause | null;
  readonly tookMs: number;
}

/** Prefixes sampled in the whole fleet. In a larger one the prefix that stands for all, another at each, is enough. */
const samplesInAll = 50;
/** Below this an instance could not be finished any more. */
const leastMs = 250;

/**
 * Reloads a fleet instance by instance, a bounded number at once, and proves each: the canaries first, and no other before
 * they are proven; then the rest, until more have failed than may. What is under way is always finished. Redis is read
 * first, as for any reload. Never throws for what a server does: every instance is in the result.
 */
export async function reloadFleet(
  ports: FleetPorts & { readonly store: OverrideStore },
  input: FleetReloadInput,
  onStep?: OnStep,
): Promise<FleetReload> {
  const startMs = ports.clock.monotonicMs();
  const { instances, canary, effect } = input;
  onStep?.('reading the document');
  const stored = effect.isVerified ? await ports.store.read(ports.deadline) : null;
  if (stored !== null && input.revision !== null && stored.revision !== input.revision) throw changedSince();
  if (stored !== null && !input.isForced) assertReadable(stored, '--force reloads all the same.');
  const each: InstanceReloadInput = {
    ...input,
    storedBytes: stored?.bytes ?? null,
    samples: instances.length > samplesInAll ? 0 : Math.ceil(samplesInAll / instances.length),
  };
  const run = new FleetRun(ports, input, each, onStep ?? (() => undefined));
  await run.start(instances.slice(0, canary), 0);
  const isCanaryFine = run.failures === 0;
  if (isCanaryFine) await run.start(instances.slice(canary), input.maxFailures);
  const results = instances.map((instance) => run.results.get(instance.name) ?? untried(instance));
  const isWhole = results.every(({ state }) => state !== 'notTried');
  const cause = run.stopCause(isCanaryFine ? input.maxFailures : 0);
  return {
    stored,
    instances: results,
    stoppedBy: isWhole ? null : cause === 'failures' && !isCanaryFine ? 'canary' : cause,
    tookMs: ports.clock.monotonicMs() - startMs,
  };
}

function changedSince(): RlctlError {
  return new RlctlError(
    'conflict',
    'the document has changed since the fleet reload that is to be resumed: instances done then would stay behind',
    { code: 'DOCUMENT_CHANGED', hint: 'Reload all of them: rlctl reload' },
  );
}

/** One run over a fleet: what has come of it so far decides whether another instance is started. */
class FleetRun {
  readonly results = new Map<string, InstanceReload>();
  failures = 0;
  readonly #deadlines: InstanceDeadlines;

  constructor(
    private readonly ports: FleetPorts,
    private readonly input: FleetReloadInput,
    private readonly each: InstanceReloadInput,
    private readonly onStep: OnStep,
  ) {
    this.#deadlines = instanceDeadlines(ports.deadline, ports.clock);
  }

  async start(instances: readonly Instance[], maxFailures: number): Promise<void> {
    await inParallel(instances, this.input.parallel, async (instance) => {
      if (this.stopCause(maxFailures) !== null) return;
      const result = await reloadInstance(this.ports, instance, this.each, this.#deadlines);
      this.results.set(instance.name, result);
      if (result.state === 'failed') this.failures += 1;
      const failed = this.failures === 0 ? '' : `, ${this.failures} failed`;
      this.onStep(
        `reloaded and proved ${this.results.size - this.failures} of ${this.input.instances.length}${failed}`,
      );
    });
  }

  /** Why nothing more is to be started; `null`: it may. */
  stopCause(maxFailures: number): StopCause | null {
    const { deadline } = this.ports;
    if (deadline.interrupted.aborted) return 'interrupted';
    if (this.failures > maxFailures) return 'failures';
    return deadline.leftMs() < leastMs ? 'deadline' : null;
  }
}

/** The row of the exit-code table that a fleet reload ends in. */
export function fleetReloadExit({ instances }: FleetReload): ExitName {
  return instances.every(({ state }) => state === 'done') ? 'ok' : 'unproven';
}

/**
 * The error that a fleet reload ends in: an interrupt, with what was done by then, or that no instance accepted it, so that
 * nothing was changed. `null`: the result itself is to be shown.
 */
export function fleetReloadError(result: FleetReload, reason: unknown): RlctlError | null {
  const { instances, stoppedBy } = result;
  const isCut = stoppedBy === 'interrupted' || instances.some(({ isCutShort }) => isCutShort);
  if (isCut && reason instanceof RlctlError) return interruptedFleet(result, reason);
  if (instances.some(({ reload }) => reload?.outcome === 'accepted')) return null;
  return refused(
    instances.filter(({ state }) => state === 'failed'),
    instances.length,
  );
}

function refused(tried: readonly InstanceReload[], of: number): RlctlError | null {
  const refusal = allRefused(tried.flatMap(({ reload }) => (reload === null ? [] : [reload])));
  const left = of - tried.length;
  if (refusal === null || left === 0) return refusal;
  const { kind, message, code, hint, details } = refusal;
  return new RlctlError(kind, `${message}; ${counted(left, 'more instance')} not tried`, {
    code,
    ...(hint === undefined ? {} : { hint }),
    details: { ...details, notTried: left },
  });
}

function interruptedFleet({ instances }: FleetReload, reason: RlctlError): RlctlError {
  const named = (wanted: (each: InstanceReload) => boolean): readonly string[] =>
    instances.filter(wanted).map(({ instance }) => instance.name);
  const done = named(({ state }) => state === 'done');
  const underWay = named(({ isCutShort }) => isCutShort);
  const failed = named(({ state, isCutShort }) => state === 'failed' && !isCutShort);
  const notTried = named(({ state }) => state === 'notTried');
  const parts = [
    `${done.length} of ${counted(instances.length, 'instance')} reloaded and proven`,
    ...(failed.length === 0 ? [] : [`${failed.length} failed`]),
    ...(underWay.length === 0 ? [] : [`${underWay.length} under way, which may have reloaded`]),
    `${notTried.length} not tried`,
  ];
  return new RlctlError(reason.kind, `${reason.kind}: ${parts.join(', ')}`, {
    code: reason.code,
    hint: 'Go on with those that are left: rlctl reload --resume',
    details: { done, failed, underWay, notTried },
  });
}

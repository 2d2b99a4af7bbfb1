import { counted } from '../../domain/counted.js';
import { RlctlError } from '../../domain/errors.js';
import type { Instance } from '../../domain/fleet/instance.js';
import { beforeAnything } from '../../domain/nothing-done.js';
import type { OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import { instanceDeadlines, type InstanceDeadlines } from './instance-deadline.js';
import { inParallel } from '../reload/in-parallel.js';
import { assertReloadable } from '../reload/safely.js';
import type { OnStep } from '../step.js';
import {
  reloadInstance,
  untried,
  type FleetPorts,
  type InstanceReload,
  type InstanceReloadInput,
} from './reload-instance.js';

export interface FleetReloadInput extends Omit<InstanceReloadInput, 'expected' | 'samples'> {
  readonly instances: readonly Instance[];
  /** Reload although the servers would lose every override by it. */
  readonly isForced: boolean;
  /** Instances at once, from 1. */
  readonly parallel: number;
  /** Instances that go first, and must be proven before any other is touched; 0: none. */
  readonly canary: number;
  /** The revision that a reload gone on from was about: another one now is a conflict; `null`: any will do. */
  readonly revision: string | null;
  /** The document of the last reload sent from here; `null`: not known. */
  readonly lastRevision: string | null;
  /** Instances that may fail before no other is started. */
  readonly maxFailures: number;
  /** Instances of the reload gone on from that had accepted the secret; absent: none is gone on from. */
  readonly acceptedBefore?: number;
}

/** A run over the instances, once it is known what is to hold. */
export interface FleetRunInput
  extends Omit<FleetReloadInput, 'isForced' | 'revision' | 'lastRevision'>, Pick<InstanceReloadInput, 'expected'> {}

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
 * Reloads a fleet instance by instance, and proves each. Redis is read first, as for any reload. Never throws for what a
 * server does: every instance is in the result.
 */
export async function reloadFleet(
  ports: FleetPorts & { readonly store: OverrideStore },
  input: FleetReloadInput,
  onStep?: OnStep,
): Promise<FleetReload> {
  const stored = await readForFleet(ports, input, onStep);
  const expected = { storedBytes: stored?.bytes ?? null, changed: [] };
  return { ...(await runFleet(ports, { ...input, expected }, onStep)), stored };
}

/**
 * What Redis holds, where a fleet may be reloaded now; `null`: the proof is waived, and Redis is not asked. Throws a
 * conflict where the document is not that of the reload gone on from, and a guard where a reload would make every server
 * drop its overrides.
 */
export async function readForFleet(
  { store, deadline }: Pick<FleetPorts, 'deadline'> & { readonly store: OverrideStore },
  {
    effect,
    revision,
    lastRevision,
    isForced,
  }: Pick<FleetReloadInput, 'isForced' | 'revision' | 'lastRevision'> & {
    readonly effect: Pick<FleetReloadInput['effect'], 'isVerified'>;
  },
  onStep?: OnStep,
): Promise<StoredOverrides | null> {
  if (!effect.isVerified) return null;
  onStep?.('reading the document');
  const stored = await beforeAnything(store.read(deadline), 'sent');
  if (revision !== null && stored.revision !== revision) throw changedSince();
  if (!isForced) assertReloadable(stored, lastRevision, '--force reloads all the same.');
  return stored;
}

/**
 * Reloads and proves the instances, a bounded number at once: the canaries first, and no other before they are proven;
 * then the rest, until more have failed than may. What is under way then is finished; an interrupt cuts it short. Never
 * throws for what a server does.
 */
export async function runFleet(
  ports: FleetPorts,
  input: FleetRunInput,
  onStep?: OnStep,
): Promise<Omit<FleetReload, 'stored'>> {
  const startMs = ports.clock.monotonicMs();
  const { instances, canary } = input;
  const samples = instances.length > samplesInAll ? 0 : Math.ceil(samplesInAll / instances.length);
  const reload = { ...input.effect.reload, accepted: { profile: null } };
  const each = { ...input, effect: { ...input.effect, reload }, samples };
  const run = new FleetRun(ports, input, each, onStep ?? (() => undefined));
  await run.start(instances.slice(0, canary), 0);
  const isCanaryFine = run.failures === 0;
  if (isCanaryFine) await run.start(instances.slice(canary), input.maxFailures);
  const results = knownElsewhere(
    instances.map((instance) => run.results.get(instance.name) ?? untried(instance)),
    input.acceptedBefore ?? 0,
  );
  const isWhole = results.every(({ state }) => state !== 'notTried');
  const cause = run.stopCause(isCanaryFine ? input.maxFailures : 0);
  return {
    instances: results,
    stoppedBy: isWhole ? null : cause === 'failures' && !isCanaryFine ? 'canary' : cause,
    tookMs: ports.clock.monotonicMs() - startMs,
  };
}

/** Where others have accepted the very secret that one refuses, it is that one whose secret is another. */
function knownElsewhere(results: readonly InstanceReload[], before: number): readonly InstanceReload[] {
  const accepted = before + results.filter(({ reload }) => reload?.outcome === 'accepted').length;
  if (accepted === 0) return results;
  return results.map((each) => {
    if (each.error?.code !== 'SIGNATURE_REFUSED' || each.reload === null) return each;
    const { kind, message, code, details } = each.error;
    const hint = `${counted(accepted, 'other instance')} accepted the same secret: compare the CONFIG_RELOAD_SECRET of this one with theirs, restart it, then run: rlctl reload --resume`;
    const error = new RlctlError(kind, message, { code, hint, ...(details === undefined ? {} : { details }) });
    return { ...each, error, reload: { ...each.reload, error } };
  });
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
    private readonly input: Pick<FleetRunInput, 'instances' | 'parallel'>,
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

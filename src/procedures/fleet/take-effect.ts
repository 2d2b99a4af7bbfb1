import { RlctlError } from '../../domain/errors.js';
import type { Instance } from '../../domain/fleet/instance.js';
import type { Proof } from '../../domain/proof/proof.js';
import type { ControlPlane } from '../../ports/control-plane.js';
import { proofInput, type Effect, type EffectPorts, type Expectation, type ReloadingInput } from '../effect.js';
import { preflight } from '../preflight.js';
import { prove } from '../proof/prove.js';
import { inParallel } from '../reload/in-parallel.js';
import { firstSentMs } from '../reload/send.js';
import type { ReloadInput } from '../reload/walk.js';
import type { OnStep } from '../step.js';
import { fleetEffect } from './fleet-effect.js';
import { instanceDeadlines } from './instance-deadline.js';
import { slowInstance, type FleetPorts, type InstanceReload } from './reload-instance.js';
import { runFleet } from './reload.js';

/** The instances that take an effect, and how fast. */
export interface FleetPace {
  readonly instances: readonly Instance[];
  /** Instances at once, from 1. */
  readonly parallel: number;
  /** The longest that one answer may take, milliseconds. */
  readonly timeoutMs: number;
}

/** `controlPlane`: for what is sent to no instance in particular. */
export type FleetEffectPorts = FleetPorts & Pick<EffectPorts, 'metrics' | 'controlPlane'>;

/**
 * Asks every instance for a policy before anything is written. Resolves to the reload with the base paths that answered in
 * front. Throws a guard where one says that it is another environment, and the first cause where none answers.
 */
export async function preflightFleet(ports: FleetPorts, pace: FleetPace, reload: ReloadInput): Promise<ReloadInput> {
  const deadlines = instanceDeadlines(ports.deadline, ports.clock);
  const asked = await inParallel(pace.instances, pace.parallel, async (instance) => {
    const link = ports.open(instance);
    const deadline = deadlines.start(pace.timeoutMs);
    try {
      const own = { ...reload, targets: [instance.origin] };
      return await preflight({ controlPlane: link.controlPlane, deadline }, own, '/', { isRequired: true });
    } catch (error) {
      if (error instanceof RlctlError) return slowInstance(ports, error);
      throw error;
    } finally {
      deadline.end();
      link.close();
    }
  });
  if (ports.deadline.interrupted.aborted) throw ports.deadline.interrupted.reason;
  const errors = asked.filter((each) => each instanceof RlctlError);
  const guard = errors.find(({ kind }) => kind === 'guard');
  const [first] = errors;
  if (guard !== undefined) throw guard;
  if (first !== undefined && errors.length === asked.length) throw first;
  const worked = asked.flatMap((each) => (each instanceof RlctlError ? [] : each.basePaths.slice(0, 1)));
  return { ...reload, basePaths: [...new Set([...worked, ...reload.basePaths])] };
}

/** What an effect on a fleet comes to, instance by instance. */
export interface TakenEffect {
  readonly effect: Effect;
  readonly instances: readonly InstanceReload[];
}

/**
 * Reloads and proves every instance, whatever becomes of the others: what is stored now is to hold everywhere. Never throws
 * for what a server does.
 */
export async function takeFleetEffect(
  ports: FleetEffectPorts,
  input: FleetPace & { readonly effect: ReloadingInput; readonly expected: Expectation },
  onStep?: OnStep,
): Promise<TakenEffect> {
  const { instances, effect } = input;
  const all = { ...input, canary: 0, maxFailures: instances.length, expect: null };
  const result = await runFleet(ports, all, onStep);
  const whole = await proveWhole(ports, input, result.instances, onStep);
  return {
    effect: fleetEffect(result, { workers: effect.workers, isReloaded: true, whole }),
    instances: result.instances,
  };
}

/** What only shows of all together: the metrics, and real requests, each met by whichever instance. `null`: neither is there. */
async function proveWhole(
  ports: FleetEffectPorts,
  { effect, expected }: { readonly effect: ReloadingInput; readonly expected: Expectation },
  instances: readonly InstanceReload[],
  onStep: OnStep | undefined,
): Promise<Proof | null> {
  const done = instances.find(({ state, proof }) => state === 'done' && proof?.verdict === 'proven');
  if (done?.reload?.endpoint == null || ports.deadline.interrupted.aborted) return null;
  const link = ports.open(done.instance);
  try {
    const own = { ...ports, controlPlane: withProbesOf(link.controlPlane, ports.controlPlane) };
    const asked = proofInput(own, effect, effect.reload, [done.reload], expected);
    if (asked.probes.length === 0 && !ports.metrics) return null;
    // The metrics are of all instances: the reload that is to be seen there began with the first of them.
    const reloadSentMs = firstSentMs(instances.flatMap(({ reload }) => reload ?? []));
    const shown = { ...asked, reloadSentMs, workers: 1, samples: 0, resend: null };
    return sharedProof(await prove(own, shown, onStep));
  } finally {
    link.close();
  }
}

/** An instance may be reached at an address of its own: a probe goes where its URL says all the same. */
export function withProbesOf(instance: ControlPlane, whole: ControlPlane): ControlPlane {
  return { ...instance, probe: (...asked) => whole.probe(...asked) };
}

const shared: ReadonlySet<string> = new Set(['metrics', 'enforcement']);

/** Of a proof seen from one instance what is about all of them: it may contradict theirs, and never replaces one. */
export function sharedProof(proof: Proof): Proof {
  const evidence = proof.evidence.filter(({ subject }) => shared.has(subject));
  const isDenied = evidence.some(({ verdict }) => verdict === 'contradicted');
  return { ...proof, verdict: isDenied ? 'contradicted' : 'proven', evidence };
}

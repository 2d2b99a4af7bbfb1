import { RlctlError } from '../../domain/errors.js';
import type { Instance } from '../../domain/fleet/instance.js';
import {
  nextFails,
  refusedBefore,
  refusedCure,
  refusedText,
  type RefusedSignatures,
} from '../../domain/fleet/refused-signatures.js';
import type { Proof } from '../../domain/proof/proof.js';
import { lostFinding } from '../../domain/override/document-gone.js';
import { traps } from '../../domain/proof/traps.js';
import { shellWords } from '../../domain/shell-words.js';
import type { OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import type { ChangePorts } from '../override/change.js';
import { inParallel } from '../reload/in-parallel.js';
import type { OnStep } from '../step.js';
import { endRemarks } from '../verify/remarks.js';
import { verifyStored, whyWithheld, withheldStep, type VerifyInput, type VerifyResult } from '../verify/verify.js';
import { namedInstances } from './failed-instances.js';
import { fleetEffect } from './fleet-effect.js';
import { instanceDeadlines, type InstanceDeadlines } from './instance-deadline.js';
import { slowInstance, untried, type FleetPorts, type InstanceReload } from './reload-instance.js';
import { sharedProof, withProbesOf, type FleetPace } from './take-effect.js';

export type FleetVerifyInput = VerifyInput & FleetPace;

export type FleetVerifyPorts = ChangePorts & Pick<FleetPorts, 'open'>;

/** Overrides looked at in the whole fleet; in a larger one those that stand for all, others at each, are enough. */
const samplesInAll = 50;

/**
 * Proves that what is stored now is in force at every instance, each by itself and over connections of its own. Redis is
 * read once. Throws what verifying one address throws for the document and the routes, and the first cause where no
 * instance answers.
 */
export async function verifyFleet(
  ports: FleetVerifyPorts,
  input: FleetVerifyInput,
  onStep?: OnStep,
): Promise<VerifyResult> {
  const startMs = ports.clock.monotonicMs();
  const { instances, parallel } = input;
  const store = readOnce(ports.store);
  // What is wrong with the document, or with a route that was named, is wrong for all of them.
  onStep?.('reading the document');
  const stored = await store.read(ports.deadline);
  const own = { ...ports, store };
  const deadlines = instanceDeadlines(ports.deadline, ports.clock);
  const results: InstanceReload[] = await inParallel(instances, parallel, async (instance) => {
    const result = await verifyInstance(own, instance, input, deadlines);
    onStep?.(`looked at one more of ${instances.length} instances`);
    return result;
  });
  if (ports.deadline.interrupted.aborted) throw ports.deadline.interrupted.reason;
  const [silent] = results.flatMap(({ error }) => (error === null ? [] : [error]));
  if (silent !== undefined && results.every(({ proof }) => proof === null)) throw silent;
  const whole = await verifyWhole(own, input, results, onStep);
  const tookMs = ports.clock.monotonicMs() - startMs;
  const withheld = input.reload === null ? null : whyWithheld(stored, input.lastRevision);
  const isReloaded = input.reload !== null && withheld === null;
  const effect = fleetEffect({ instances: results, tookMs }, { workers: input.workers, isReloaded, whole });
  const steps = withheld === null ? effect.steps : [withheldStep(withheld), ...effect.steps];
  return resultOf(stored, input, { ...effect, steps }, results);
}

function resultOf(
  stored: StoredOverrides,
  { routes, refused }: FleetVerifyInput,
  effect: VerifyResult['effect'],
  results: readonly InstanceReload[],
): VerifyResult {
  const exit = effect.proof.verdict === 'proven' ? 'ok' : 'unproven';
  const remarks = [...refusingRemarks(results, refused), ...endRemarks(stored)];
  return { stored, routes, effect, signs: {}, remarks, exit };
}

/** Those that show what is stored and refused the signature before: that is proven, and the next change is not. */
function refusingRemarks(results: readonly InstanceReload[], refused: RefusedSignatures): readonly string[] {
  const all = results.filter(
    ({ instance, state, reload }) => state === 'done' && reload === null && refused.has(instance.name),
  );
  if (all.length === 0) return [];
  return [`in step, but ${refusedBefore}: ${namedInstances(all)}; ${nextFails}. The cure: ${refusedCure}`];
}

/** Many instances ask the same of one Redis. */
function readOnce(store: OverrideStore): OverrideStore {
  let stored: Promise<StoredOverrides> | null = null;
  const histories = new Map<string, ReturnType<OverrideStore['history']>>();
  return {
    read: (deadline) => (stored ??= store.read(deadline)),
    history: (query, deadline) => {
      const key = JSON.stringify(query);
      const known = histories.get(key) ?? store.history(query, deadline);
      histories.set(key, known);
      return known;
    },
    records: (query, deadline) => store.records(query, deadline),
    newestRecords: (query, deadline) => store.newestRecords(query, deadline),
    write: (write, deadline) => store.write(write, deadline),
    beat: (next, deadline) => store.beat(next, deadline),
    open: (deadline) => store.open(deadline),
    close: () => store.close(),
  };
}

async function verifyInstance(
  ports: FleetVerifyPorts,
  instance: Instance,
  input: FleetVerifyInput,
  deadlines: InstanceDeadlines,
): Promise<InstanceReload> {
  const startMs = ports.clock.monotonicMs();
  const link = ports.open(instance);
  const deadline = deadlines.start(input.timeoutMs, input.waitMs);
  const { reload, samples, instances } = input;
  const own = { ...ports, controlPlane: link.controlPlane, deadline, metrics: null };
  const asked = {
    ...input,
    targets: [instance.origin],
    reload: reload === null ? null : { ...reload, targets: [instance.origin] },
    samples: Number.isFinite(samples) ? Math.min(samples, Math.floor(samplesInAll / instances.length)) : samples,
    require: 'loaded' as const,
    probes: [],
  };
  try {
    const { effect, exit, stored } = await verifyStored(own, asked);
    const isLost = lostFinding(stored, input.lastRevision) !== null;
    const diagnosis = isLost ? effect.proof.diagnosis : ownDiagnosis(effect.proof, instance, input.refused);
    const [sent] = effect.reloads;
    return {
      instance,
      state: exit === 'ok' ? 'done' : 'failed',
      reload: sent === undefined ? null : { ...sent, target: instance.name },
      error: sent?.error ?? null,
      proof: { ...effect.proof, diagnosis },
      isCutShort: false,
      tookMs: ports.clock.monotonicMs() - startMs,
    };
  } catch (error) {
    if (!(error instanceof RlctlError) || error.kind === 'usage') throw error;
    const tookMs = ports.clock.monotonicMs() - startMs;
    return {
      ...untried(instance),
      state: 'failed',
      error: slowInstance(ports, error, 'rlctl fleet status --instance-timeout 10s'),
      tookMs,
    };
  } finally {
    deadline.end();
    link.close();
  }
}

/** The cure of an instance that is behind is its own reload, and where that was refused, what it takes to have it accepted. */
function ownDiagnosis(
  { trap, diagnosis }: Proof,
  { name, origin, address }: Instance,
  refused: RefusedSignatures,
): string {
  if (trap !== 'notLoaded') return diagnosis;
  const { meaning, cure } = traps[trap];
  const at = refused.get(name);
  if (at !== undefined) return `${meaning}; ${refusedText(at)}: ${refusedCure}`;
  const command = shellWords(['rlctl', 'reload', '--target', origin]);
  return address === null ? `${meaning}; ${cure.replace('rlctl reload', command)}` : diagnosis;
}

/** What only shows of all together, seen from one that is proven. */
async function verifyWhole(
  ports: FleetVerifyPorts,
  input: FleetVerifyInput,
  results: readonly InstanceReload[],
  onStep: OnStep | undefined,
) {
  const done = results.find(({ state }) => state === 'done');
  if (done === undefined || (input.probes.length === 0 && !ports.metrics)) return null;
  const link = ports.open(done.instance);
  try {
    const own = { ...ports, controlPlane: withProbesOf(link.controlPlane, ports.controlPlane) };
    const asked = { ...input, targets: [done.instance.origin], reload: null, samples: 0, workers: 1 };
    return sharedProof((await verifyStored(own, asked, onStep)).effect.proof);
  } finally {
    link.close();
  }
}

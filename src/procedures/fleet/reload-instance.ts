import { RlctlError } from '../../domain/errors.js';
import type { Instance } from '../../domain/fleet/instance.js';
import type { ReloadState } from '../../domain/fleet/reload-record.js';
import { notAttempted, type Proof } from '../../domain/proof/proof.js';
import type { ControlPlane } from '../../ports/control-plane.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OpenInstance } from '../../ports/instance-link.js';
import type { Randomness } from '../../ports/randomness.js';
import { reloadAndProve, type Effect, type EffectInput, type EffectPorts, type ProveReload } from '../effect.js';
import { preflight } from '../preflight.js';
import { prove } from '../proof/prove.js';
import { reloadAgain, type ReloadInput, type TargetReload } from '../reload/send.js';
import type { InstanceDeadlines } from './instance-deadline.js';

export interface FleetPorts {
  readonly open: OpenInstance;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly deadline: Deadline;
}

/** What became of one instance. */
export interface InstanceReload {
  readonly instance: Instance;
  /** `done`: reloaded, and proven where a proof was asked for. */
  readonly state: ReloadState;
  /** `null`: it was not tried. An attempt that ended before anything was sent counts 0 requests. */
  readonly reload: TargetReload | null;
  /** `null`: there was nothing to prove. */
  readonly proof: Proof | null;
  /** True where the operator's interrupt came while it was under way. */
  readonly isCutShort: boolean;
  readonly tookMs: number;
}

export interface InstanceReloadInput {
  /** Its `reload` has the instance's own targets put in. */
  readonly effect: EffectInput & { readonly reload: ReloadInput };
  /** The document that is to hold; `null`: no key. */
  readonly storedBytes: Uint8Array | null;
  /** Prefixes read beside the one that stands for all. */
  readonly samples: number;
  /** The longest that one answer may take, milliseconds. */
  readonly timeoutMs: number;
  /** The number of overrides it must report; `null`: whatever Redis explains. */
  readonly expect: number | null;
}

/** An instance that nobody asked. */
export function untried(instance: Instance): InstanceReload {
  return { instance, state: 'notTried', reload: null, proof: null, isCutShort: false, tookMs: 0 };
}

/**
 * Asks an instance whether it is there and the right one, reloads it, and proves it, over connections of its own. Never
 * throws for what a server or a network does.
 */
export async function reloadInstance(
  ports: FleetPorts,
  instance: Instance,
  input: InstanceReloadInput,
  deadlines: InstanceDeadlines,
): Promise<InstanceReload> {
  const startMs = ports.clock.monotonicMs();
  const link = ports.open(instance);
  const deadline = deadlines.start(input.timeoutMs, input.effect.waitMs);
  try {
    const controlPlane = input.effect.workers === 1 ? onOneConnection(link.controlPlane) : link.controlPlane;
    const own: EffectPorts = { ...ports, controlPlane, deadline };
    const effect = await reloadOne(own, instance, input);
    const tookMs = ports.clock.monotonicMs() - startMs;
    const isCutShort = ports.deadline.interrupted.aborted;
    if (effect instanceof RlctlError) {
      const reload = unsent(instance, effect, tookMs);
      return { ...untried(instance), state: 'failed', reload, isCutShort, tookMs };
    }
    const reload = effect.reloads[0] ?? null;
    const isProven = effect.proof.verdict === 'proven' || effect.proof.verdict === 'notAttempted';
    const isDone = reload?.outcome === 'accepted' && isProven;
    return {
      instance,
      state: isDone ? 'done' : 'failed',
      reload,
      proof: reload?.outcome === 'accepted' ? effect.proof : null,
      isCutShort: isCutShort && !isDone,
      tookMs,
    };
  } finally {
    deadline.end();
    link.close();
  }
}

/** Where one process is all there is, a connection of its own for each read could reach nobody else. */
function onOneConnection(controlPlane: ControlPlane): ControlPlane {
  return {
    ...controlPlane,
    reload: (request, call) => controlPlane.reload(request, { ...call, isFresh: false }),
    policy: (endpoint, query, call) => controlPlane.policy(endpoint, query, { ...call, isFresh: false }),
  };
}

/** An attempt that ended before anything was sent. */
function unsent({ origin }: Instance, error: RlctlError, tookMs: number): TargetReload {
  return {
    target: origin,
    outcome: error.kind === 'guard' || error.kind === 'refused' ? 'refused' : 'unreachable',
    endpoint: null,
    profile: null,
    report: null,
    error,
    attempts: 0,
    isMaybeApplied: false,
    siteMode: null,
    serverTimeMs: null,
    tookMs,
  };
}

/** What keeps an instance from being asked at all: then nothing that is signed goes there either. */
const silent = new Set(['API_TIMEOUT', 'API_UNREACHABLE', 'API_DNS', 'API_TLS', 'API_NOT_HTTP', 'API_IS_REDIS']);

async function reloadOne(
  ports: EffectPorts,
  { origin }: Instance,
  input: InstanceReloadInput,
): Promise<Effect | RlctlError> {
  const { effect, expect } = input;
  const wanted: ReloadInput = { ...effect.reload, targets: [origin] };
  const reload = await checked(ports, wanted);
  if (reload instanceof RlctlError) return reload;
  const result = await reloadAndProve(ports, { reload, isVerified: effect.isVerified }, proofOf(ports, input));
  const count = result.reloads[0]?.report?.overridesCount ?? null;
  if (expect === null || count === null || count === expect || result.proof.verdict === 'notAttempted') return result;
  return { ...result, proof: { ...result.proof, ...contradiction(count, expect, origin, result.proof) } };
}

/** The reload with the base path that answered first; or why nothing is to be sent. */
async function checked(ports: EffectPorts, reload: ReloadInput): Promise<ReloadInput | RlctlError> {
  try {
    return await preflight(ports, reload, '/', { isRequired: true });
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    const isOver = ports.deadline.interrupted.aborted || error.kind === 'guard' || silent.has(error.code);
    return isOver ? error : reload;
  }
}

function proofOf(ports: EffectPorts, { effect, storedBytes, samples }: InstanceReloadInput): ProveReload {
  return async (reload, reloads) => {
    const accepted = reloads.filter(({ outcome }) => outcome === 'accepted');
    if (accepted.length === 0) return notAttempted('--no-verify');
    return prove(ports, {
      endpoints: accepted.flatMap(({ endpoint }) => (endpoint === null ? [] : [endpoint])),
      reports: accepted.flatMap(({ report }) => (report === null ? [] : [report])),
      storedBytes,
      changed: [],
      workers: effect.workers,
      levelAsked: 'loaded',
      isLevelImplied: true,
      probes: [],
      siteMode: reload.siteMode,
      samples,
      resend: reloadAgain(ports, reload, accepted),
      waitMs: effect.waitMs,
      known: effect.known,
    });
  };
}

/** The operator's own expectation is evidence like any other. */
function contradiction(count: number, expect: number, origin: string, proof: Proof): Partial<Proof> {
  const text = `${count} overrides reported, ${expect} expected`;
  const source = `--expect, ${origin}`;
  return {
    verdict: 'contradicted',
    levelReached: 'none',
    diagnosis: `the server does not report the ${expect} overrides you expect`,
    evidence: [{ subject: 'count', verdict: 'contradicted', text, source, route: null }, ...proof.evidence],
  };
}

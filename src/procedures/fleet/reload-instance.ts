import { RlctlError } from '../../domain/errors.js';
import type { Instance } from '../../domain/fleet/instance.js';
import type { ReloadState } from '../../domain/fleet/reload-record.js';
import { notAttempted, type Proof } from '../../domain/proof/proof.js';
import type { ControlPlane } from '../../ports/control-plane.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OpenInstance } from '../../ports/instance-link.js';
import type { Randomness } from '../../ports/randomness.js';
import {
  proofInput,
  reloadAndProve,
  type Effect,
  type EffectPorts,
  type Expectation,
  type ProveReload,
  type ReloadingInput,
} from '../effect.js';
import { preflight } from '../preflight.js';
import { prove } from '../proof/prove.js';
import type { ReloadInput, TargetReload } from '../reload/send.js';
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
  /** `done`: reloaded where a reload was asked for, and proven where a proof was. */
  readonly state: ReloadState;
  /** `null`: none was sent. An attempt that ended before anything was sent counts 0 requests. */
  readonly reload: TargetReload | null;
  /** Why it was not reloaded, or could not be looked at; `null`: it was, or was not tried. */
  readonly error: RlctlError | null;
  /** `null`: there was nothing to prove. */
  readonly proof: Proof | null;
  /** True where the operator's interrupt came while it was under way. */
  readonly isCutShort: boolean;
  readonly tookMs: number;
}

export interface InstanceReloadInput {
  /** Its `reload` has the instance's own targets put in. */
  readonly effect: ReloadingInput;
  /** What is to hold at each. */
  readonly expected: Expectation;
  /** Prefixes read beside the one that stands for all. */
  readonly samples: number;
  /** The longest that one answer may take, milliseconds. */
  readonly timeoutMs: number;
  /** The number of overrides it must report; `null`: whatever Redis explains. */
  readonly expect: number | null;
}

/** Below this the time of the whole command is up. */
const leastMs = 50;

/** An instance that nobody asked. */
export function untried(instance: Instance): InstanceReload {
  return { instance, state: 'notTried', reload: null, error: null, proof: null, isCutShort: false, tookMs: 0 };
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
      const error = slowInstance(ports, effect);
      const reload = unsent(instance, error, tookMs);
      return { ...untried(instance), state: 'failed', reload, error, isCutShort, tookMs };
    }
    const [sent] = effect.reloads;
    const error = sent?.error ? slowInstance(ports, sent.error) : null;
    const reload = sent === undefined ? null : { ...sent, target: instance.name, error };
    const isProven = effect.proof.verdict === 'proven' || effect.proof.verdict === 'notAttempted';
    const isDone = reload?.outcome === 'accepted' && isProven;
    return {
      instance,
      state: isDone ? 'done' : 'failed',
      reload,
      error,
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
function unsent({ name }: Instance, error: RlctlError, tookMs: number): TargetReload {
  return {
    target: name,
    outcome: error.kind === 'guard' || error.kind === 'refused' ? 'refused' : 'unreachable',
    endpoint: null,
    profile: null,
    report: null,
    error,
    attempts: 0,
    isMaybeApplied: false,
    siteMode: null,
    serverTimeMs: null,
    sentMs: null,
    tookMs,
  };
}

/** Where the time of the whole command is not up, it is the instance's own share that was too small. */
export function slowInstance(
  { deadline }: Pick<FleetPorts, 'deadline'>,
  error: RlctlError,
  again = 'rlctl reload --resume --instance-timeout 10s',
): RlctlError {
  if (error.code !== 'API_TIMEOUT' || deadline.leftMs() < leastMs) return error;
  const { kind, message, code, details } = error;
  const hint = `look at its health, or let each answer take longer: ${again}`;
  return new RlctlError(kind, message, { code, hint, ...(details === undefined ? {} : { details }) });
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

function proofOf(ports: EffectPorts, { effect, expected, samples }: InstanceReloadInput): ProveReload {
  return async (reload, reloads) => {
    if (reloads.every(({ outcome }) => outcome !== 'accepted')) return notAttempted('--no-verify');
    // A probe is one request for all, and says nothing of this one.
    const own = { ...effect, probes: [], require: 'loaded' as const };
    return prove(ports, { ...proofInput(ports, own, reload, reloads, expected), isLevelImplied: true, samples });
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

import type { Probe } from '../domain/config/environment.js';
import { RlctlError } from '../domain/errors.js';
import type { Known } from '../domain/proof/proof.js';
import type { Clock } from '../ports/clock.js';
import type { ControlPlane } from '../ports/control-plane.js';
import type { Deadline } from '../ports/deadline.js';
import type { Randomness } from '../ports/randomness.js';
import type { InstanceReload } from './fleet/reload-instance.js';
import type { ProofMetrics } from './proof/metric-reader.js';
import { notAttempted, prove, type Proof, type ProofInput } from './proof/prove.js';
import { firstSentMs, reloadAgain, sendReload, type TargetReload } from './reload/send.js';
import type { ReloadInput, ReloadStep } from './reload/walk.js';
import type { OnStep, Step } from './step.js';

export interface EffectPorts {
  readonly controlPlane: ControlPlane;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly deadline: Deadline;
  /** Told what every target came to, before anything ends for it; absent: nobody listens. */
  readonly hear?: (reloads: readonly TargetReload[]) => Promise<void>;
  /** The limiter's metrics; absent or `null`: none are configured. */
  readonly metrics?: ProofMetrics | null;
  /** How several instances take an effect; absent or `null`: there is one address. */
  readonly fleet?: FleetEffects | null;
}

/** Several instances: each is reloaded and proven by itself, and one proof speaks for all of them. */
export interface FleetEffects {
  /**
   * Asks every instance whether it is there, before anything is written. Throws what listing them throws, a guard where
   * one says that it is another environment, and the first cause where none answers.
   */
  preflight(reload: ReloadInput): Promise<ReloadInput>;
  /** Never throws for what an instance does. */
  take(input: ReloadingInput, expected: Expectation, onStep?: OnStep): Promise<Effect>;
}

/** An effect that is to be had by a reload. */
export type ReloadingInput = EffectInput & { readonly reload: ReloadInput };

/** How a change is to take hold, and how far that is to be proven. */
export interface EffectInput {
  /** `null`: no reload is sent (`--no-reload`), and so nothing is proven. */
  readonly reload: ReloadInput | null;
  /** False: `--no-verify`. */
  readonly isVerified: boolean;
  /** Level asked for with --require; `null`: enforced where a probe reaches a changed route, else loaded. */
  readonly require: 'loaded' | 'enforced' | null;
  readonly probes: readonly Probe[];
  readonly workers: number | null;
  /** What was seen of this server before. */
  readonly known: Known;
  /** `--wait`: how long the proof may go on polling, ms. */
  readonly waitMs: number;
}

export interface Effect {
  readonly reloads: readonly TargetReload[];
  readonly proof: Proof;
  readonly steps: readonly Step[];
  /** What became of each instance; absent: there was one address. */
  readonly instances?: readonly InstanceReload[];
  /** True: somebody changed what it is about again, before it could be proven. Absent: nobody is known to have. */
  readonly isOvertaken?: boolean;
}

/** What is to be proven: the document as stored now, and the prefixes a change touched. */
export interface Expectation {
  readonly storedBytes: Uint8Array | null;
  readonly changed: readonly string[];
  /** The document before the change; absent: nothing was changed. */
  readonly bytesBefore?: Uint8Array | null | undefined;
}

/**
 * Sends the reload and proves its effect, at one address or at every instance of a fleet. Never throws for a refusal: that
 * is a failed step and a missing proof.
 */
export async function takeEffect(
  ports: EffectPorts,
  input: EffectInput,
  expected: Expectation,
  onStep?: OnStep,
): Promise<Effect> {
  const { reload: wanted } = input;
  if (wanted !== null && ports.fleet) return ports.fleet.take({ ...input, reload: wanted }, expected, onStep);
  const proveStored: ProveReload = (reload, reloads) =>
    prove(ports, proofInput(ports, input, reload, reloads, expected), onStep);
  return reloadAndProve(ports, input, proveStored, onStep);
}

/** Proves something of the reloads just sent; never throws for what a server or a network does. */
export type ProveReload = (reload: ReloadInput, reloads: readonly TargetReload[]) => Promise<Proof>;

/** Sends the reload and lets `proveIt` prove what it was sent for. Never throws for a refusal. */
export async function reloadAndProve(
  ports: EffectPorts,
  input: Pick<EffectInput, 'reload' | 'isVerified'>,
  proveIt: ProveReload,
  onStep?: OnStep,
): Promise<Effect> {
  const { reload } = input;
  if (reload === null) {
    return {
      reloads: [],
      proof: notAttempted('--no-reload'),
      steps: [skipped('reload', '--no-reload'), skipped('verify', '--no-reload')],
    };
  }
  onStep?.(`reloading ${reload.targets.join(', ')}`);
  const startedMs = ports.clock.monotonicMs();
  const reloads = await sendReload(ports, reload, (step) => onStep?.(inWords(step)));
  const reloadStep = reloadStepOf(reloads, ports.clock.monotonicMs() - startedMs);
  if (!input.isVerified)
    return { reloads, proof: notAttempted('--no-verify'), steps: [reloadStep, skipped('verify', '--no-verify')] };
  onStep?.('proving the effect');
  const proof = withRefusals(withUnreached(await proveIt(reload, reloads), reloads), reloads);
  return { reloads, proof, steps: [reloadStep, verifyStep(proof)] };
}

const verifyStates = {
  proven: 'done',
  notAttempted: 'skipped',
  notProven: 'unverified',
  contradicted: 'failed',
} as const satisfies Record<Proof['verdict'], Step['state']>;

/** What a proof came to, as the step that it is. */
export function verifyStep({ verdict, diagnosis, tookMs }: Proof): Step {
  return { name: 'verify', state: verifyStates[verdict], detail: diagnosis, tookMs };
}

/** The same steps where more is known than the proof alone could tell: its step says what it comes to now. */
export function judgedAnew(steps: readonly Step[], proof: Proof): readonly Step[] {
  return steps.map((step) => (step.name === 'verify' ? { ...verifyStep(proof), tookMs: step.tookMs } : step));
}

/** The same effect with another verdict on it. */
export function withProof(effect: Effect, proof: Proof): Effect {
  return { ...effect, proof, steps: judgedAnew(effect.steps, proof) };
}

/** What was seen at those that took the reload proves nothing of an address that did not. */
function withUnreached(proof: Proof, reloads: readonly TargetReload[]): Proof {
  const failed = reloads.filter(({ outcome }) => outcome !== 'accepted');
  if (failed.length === 0 || failed.length === reloads.length || proof.verdict !== 'proven') return proof;
  const names = failed.map(({ target }) => target).join(', ');
  const diagnosis = `${reloads.length - failed.length} of ${reloads.length} addresses show what is wanted; these did not take the reload: ${names}`;
  const lines = failed.map(({ target, error }) => ({
    subject: 'instance' as const,
    verdict: 'notProven' as const,
    text: error?.message ?? `${target} did not take the reload`,
    source: 'POST /config/reload',
    route: null,
  }));
  return { ...proof, verdict: 'notProven', levelReached: 'none', diagnosis, evidence: [...lines, ...proof.evidence] };
}

/** Where every address refused the reload, what they still hold contradicts nothing: it had none, and that is the cause. */
function withRefusals(proof: Proof, reloads: readonly TargetReload[]): Proof {
  const isRefused = reloads.every(({ outcome, isMaybeApplied }) => outcome === 'refused' && !isMaybeApplied);
  const [first] = reloads;
  if (!isRefused || first === undefined || proof.verdict !== 'contradicted') return proof;
  const why = first.error?.message ?? `${first.target} did not take it`;
  const diagnosis = `the reload was refused, so no server holds what is stored: ${why}`;
  return { ...proof, verdict: 'notProven', levelReached: 'none', trap: null, diagnosis };
}

/** What is asked of a proof after these reloads. */
export function proofInput(
  ports: EffectPorts,
  input: EffectInput,
  reload: ReloadInput,
  reloads: readonly TargetReload[],
  expected: Expectation,
): ProofInput {
  const accepted = reloads.filter(({ outcome }) => outcome === 'accepted');
  const probes = reachedProbes(input.probes, expected);
  return {
    endpoints: accepted.flatMap(({ endpoint }) => (endpoint === null ? [] : [endpoint])),
    reports: accepted.flatMap(({ report }) => (report === null ? [] : [report])),
    reloadSentMs: firstSentMs(accepted),
    ...expected,
    workers: input.workers,
    levelAsked: input.require ?? (probes.length > 0 ? ('enforced' as const) : ('loaded' as const)),
    isLevelImplied: input.require === null,
    probes,
    hasProbesAside: probes.length === 0 && input.probes.length > 0,
    siteMode: reload.siteMode,
    resend: reloadAgain(ports, reload, accepted),
    waitMs: input.waitMs,
    known: input.known,
  };
}

function inWords({ target, basePath, outcome }: ReloadStep): string {
  return `reloading ${target}${basePath}: ${outcome}`;
}

/** The probes whose path a changed prefix reaches; with nothing changed, all of them. */
function reachedProbes(probes: readonly Probe[], { changed }: Expectation): readonly Probe[] {
  return probes.filter(
    ({ url }) => changed.length === 0 || changed.some((prefix) => new URL(url).pathname.startsWith(prefix)),
  );
}

function reloadStepOf(reloads: readonly TargetReload[], tookMs: number): Step {
  const failed = reloads.filter(({ outcome }) => outcome !== 'accepted');
  const first = failed[0]?.error;
  const detail = first ? first.message : `${reloads.length} of ${reloads.length} accepted`;
  return { name: 'reload', state: failed.length === 0 ? 'done' : 'failed', detail, tookMs };
}

function skipped(name: string, why: string): Step {
  return { name, state: 'skipped', detail: why, tookMs: 0 };
}

/** The row of the exit-code table an effect ends in: proven or waived is ok; everything else after a write is unproven. */
export function effectExit({ proof, reloads, instances }: Effect): 'ok' | 'unproven' {
  if (reloads.some(({ outcome }) => outcome !== 'accepted')) return 'unproven';
  if (instances?.some(({ state }) => state !== 'done')) return 'unproven';
  return proof.verdict === 'proven' || proof.verdict === 'notAttempted' ? 'ok' : 'unproven';
}

/** The error of a reload that no target accepted, with every target's own; `null`: at least one accepted it. */
export function allRefused(reloads: readonly TargetReload[]): RlctlError | null {
  const first = reloads.find(({ error }) => error !== null)?.error;
  if (!first || reloads.some(({ outcome }) => outcome === 'accepted')) return null;
  if (first.kind === 'interrupted' || first.kind === 'terminated') return interruptedReload(first, reloads);
  if (reloads.length === 1) return first;
  const targets = reloads.map(({ target, error }) => ({
    target,
    code: error?.code ?? null,
    message: error?.message ?? null,
  }));
  return new RlctlError(
    first.kind,
    `none of ${reloads.length} targets accepted the reload; the first: ${first.message}`,
    {
      code: first.code,
      ...(first.hint ? { hint: first.hint } : {}),
      details: { targets },
    },
  );
}

/** What an interrupt left open: an answer that was not awaited does not say that the reload was not done. */
function interruptedReload(error: RlctlError, reloads: readonly TargetReload[]): RlctlError {
  const sent = reloads.filter(({ attempts }) => attempts > 0).map(({ target }) => target);
  if (sent.length === 0) return error;
  return new RlctlError(
    error.kind,
    `${error.kind} while a reload was under way at ${sent.join(', ')}; it may have taken effect`,
    {
      code: error.code,
      hint: 'A reload may be repeated without harm, and then proves its effect: rlctl reload',
      details: { sent },
    },
  );
}

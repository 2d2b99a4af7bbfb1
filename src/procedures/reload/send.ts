import type { ApiEndpoint } from '../../domain/api-endpoint.js';
import type { ReloadReport } from '../../domain/control-plane.js';
import { RlctlError, type ErrorKind } from '../../domain/errors.js';
import type { ReloadAnswer } from '../../ports/control-plane.js';
import type { Budget, ReloadPorts } from './attempt.js';
import { inParallel } from './in-parallel.js';
import { siteModeError, walkTarget, type ReloadInput, type ReloadStep } from './walk.js';

export type { ReloadInput, ReloadStep };

/** What became of one target. */
export interface TargetReload {
  /** As it was given. */
  readonly target: string;
  /** `refused` also covers a wrong site mode (error of kind `guard`) and an answer that says `ok: false`. */
  readonly outcome: 'accepted' | 'refused' | 'unreachable';
  /** Where it was accepted, or tried last; `null`: the target is no address. */
  readonly endpoint: ApiEndpoint | null;
  /** The profile that was accepted, worth remembering; `null`: none was. */
  readonly profile: string | null;
  /** `null`: no answer of the API's own came. */
  readonly report: ReloadReport | null;
  /** `null` where it was accepted. */
  readonly error: RlctlError | null;
  /** Requests sent. */
  readonly attempts: number;
  /** True where an answer was lost or a 5xx, so that the server may have reloaded although no answer says so. */
  readonly isMaybeApplied: boolean;
  /** X-Site-Mode; `null`: not sent. */
  readonly siteMode: string | null;
  /** The Date header, epoch milliseconds; `null`: not sent. */
  readonly serverTimeMs: number | null;
  /** When the first request was about to be sent, by this machine's clock, epoch milliseconds; `null`: none was. */
  readonly sentMs: number | null;
  readonly tookMs: number;
}

const width = 8;
const unanswered = new Set<ErrorKind | undefined>(['unreachable', 'interrupted', 'terminated']);

/**
 * Sends a signed reload to every target, eight at a time, and reports every one; a target that fails stops no other.
 * Base paths are walked on a 404, profiles on a 403 for the signature. Never throws for what a server or a network did.
 */
export async function sendReload(
  ports: ReloadPorts,
  input: ReloadInput,
  onStep?: (step: ReloadStep) => void,
): Promise<readonly TargetReload[]> {
  const reloads = await inParallel(input.targets, width, (target) =>
    reloadTarget(ports, input, target, onStep ?? (() => undefined)),
  );
  await ports.hear?.(reloads);
  return reloads;
}

/** When the first of these was sent, epoch milliseconds; `null`: none was. */
export function firstSentMs(reloads: readonly TargetReload[]): number | null {
  const sent = reloads.flatMap(({ sentMs }) => sentMs ?? []);
  return sent.length === 0 ? null : Math.min(...sent);
}

/**
 * The same reload once more on a connection of its own, in the way that was accepted before: for the workers behind an
 * address that have not had it. Resolves to the reports that came, which may be none.
 */
export function reloadAgain(
  ports: ReloadPorts,
  input: ReloadInput,
  accepted: readonly TargetReload[],
): () => Promise<readonly ReloadReport[]> {
  return async () => {
    const repeated = await inParallel(accepted, width, async ({ target, endpoint, profile }) => {
      const profiles = input.profiles.filter(({ name }) => name === profile);
      const known = endpoint === null ? input.basePaths : [endpoint.basePath];
      return sendReload(ports, { ...input, targets: [target], basePaths: known, profiles, isFresh: true });
    });
    return repeated
      .flat()
      .flatMap(({ report, outcome }) => (report !== null && outcome === 'accepted' ? [report] : []));
  };
}

async function reloadTarget(
  ports: ReloadPorts,
  input: ReloadInput,
  target: string,
  onStep: (step: ReloadStep) => void,
): Promise<TargetReload> {
  const startMs = ports.clock.monotonicMs();
  const sentMs = ports.clock.nowMs();
  const budget: Budget = { attempts: 0, retriesLeft: 2, waitsLeft: 3, isMaybeApplied: false };
  const found = await walkTarget(ports, input, target, budget, onStep);
  const answer = found.outcome !== null && 'answer' in found.outcome ? found.outcome.answer : null;
  const error = found.error ?? siteModeError(input, target, answer) ?? notOkError(target, answer);
  const isAccepted = error === null && answer !== null;
  return {
    target,
    outcome: isAccepted ? 'accepted' : unanswered.has(error?.kind) ? 'unreachable' : 'refused',
    endpoint: found.endpoint,
    profile: answer?.kind === 'accepted' ? found.profile : null,
    report: answer?.kind === 'accepted' ? answer.report : null,
    error,
    attempts: budget.attempts,
    isMaybeApplied: budget.isMaybeApplied && !isAccepted,
    siteMode: answer?.siteMode ?? null,
    serverTimeMs: answer?.serverTimeMs ?? null,
    sentMs: budget.attempts === 0 ? null : sentMs,
    tookMs: ports.clock.monotonicMs() - startMs,
  };
}

function notOkError(target: string, answer: ReloadAnswer | null): RlctlError | null {
  if (answer?.kind !== 'accepted' || answer.report.isOk) return null;
  return new RlctlError('refused', `${target}: answered 200, but says itself that the reload was not ok`, {
    code: 'RELOAD_NOT_OK',
    hint: 'look at the log of the server, then run: rlctl reload',
  });
}

import { parseOrigin, type ApiEndpoint } from '../../domain/api-endpoint.js';
import { RlctlError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { Secret } from '../../domain/secret.js';
import type { SigningProfile } from '../../domain/signing/profile.js';
import type { AnswerFacts } from '../../ports/control-plane.js';
import { attemptReload, errorOf, refusalOf, type Budget, type Outcome, type ReloadPorts } from './attempt.js';

/** What to reload, and how. */
export interface ReloadInput {
  /** Origins: `https://api.example.com`; every one is tried and reported. */
  readonly targets: readonly string[];
  /** Tried in order; the next one on a 404 only. */
  readonly basePaths: readonly string[];
  /** Tried in order; the next one on a 403 for the signature only. */
  readonly profiles: readonly SigningProfile[];
  readonly secret: Secret;
  /** The Origin header; `null`: none is sent. */
  readonly origin: string | null;
  /** What X-Site-Mode must say where the server sends one; `null`: whatever it says. */
  readonly siteMode: string | null;
  /** True: a connection of its own per request, so that it may reach another worker. Absent: false. */
  readonly isFresh?: boolean;
  /** What another instance of the same fleet has accepted by now: then no other profile is tried. Absent: there is none. */
  readonly accepted?: { profile: string | null };
}

/** One request of a reload has ended. */
export interface ReloadStep {
  readonly target: string;
  readonly basePath: string;
  readonly profile: string;
  /** In words: `accepted`, or why not. */
  readonly outcome: string;
}

/** Where a walk ended. */
export interface Walk {
  readonly endpoint: ApiEndpoint | null;
  readonly profile: string | null;
  readonly outcome: Outcome | null;
  readonly error: RlctlError | null;
}

/** Base paths in order while the answer is 404, and under each the profiles in order while it is a 403 for the signature. */
export async function walkTarget(
  ports: ReloadPorts,
  input: ReloadInput,
  target: string,
  budget: Budget,
  onStep: (step: ReloadStep) => void,
): Promise<Walk> {
  const origin = originOf(target);
  if (origin instanceof RlctlError) return { endpoint: null, profile: null, outcome: null, error: origin };
  let last: Walk = { endpoint: null, profile: null, outcome: null, error: nothingToTry(target) };
  for (const basePath of input.basePaths) {
    const skewed: RlctlError[] = [];
    const tried: string[] = [];
    for (const profile of input.profiles) {
      const settled = input.accepted?.profile ?? null;
      if (settled !== null && settled !== profile.name && isOffered(input, settled)) continue;
      tried.push(profile.name);
      const endpoint = { origin, basePath };
      const outcome = await attemptReload(
        ports,
        { ...input, isFresh: input.isFresh ?? false },
        profile,
        endpoint,
        budget,
      );
      const error = errorOf(outcome, target);
      if (error === null && input.accepted !== undefined) input.accepted.profile = profile.name;
      onStep({ target, basePath, profile: profile.name, outcome: error?.message ?? 'accepted' });
      last = { endpoint, profile: profile.name, outcome, error };
      const guard = 'answer' in outcome ? siteModeError(input, target, outcome.answer) : null;
      if (guard !== null) return { ...last, error: guard };
      if (!isForSignature(outcome)) break;
      if (error?.code === 'CLOCK_SKEW') skewed.push(error);
      last = { ...last, error: exhausted(tried, target, error, skewed) };
    }
    if (last.outcome === null || refusalOf(last.outcome)?.cause !== 'wrongPath') return last;
    last = { ...last, error: noPath(input, target, last.error) };
  }
  return last;
}

function originOf(target: string): string | RlctlError {
  try {
    return parseOrigin(target);
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
}

function isOffered({ profiles }: ReloadInput, wanted: string): boolean {
  return profiles.some(({ name }) => name === wanted);
}

/** Only this answer leaves open that another profile is the right one. */
function isForSignature(outcome: Outcome): boolean {
  const refusal = refusalOf(outcome);
  return refusal?.status === 403 && (refusal.cause === 'signature' || refusal.cause === 'clockSkew');
}

function nothingToTry(target: string): RlctlError {
  return new RlctlError('usage', `nothing was sent to ${target}: no base path or no signing profile is given`, {
    code: 'NOTHING_TO_TRY',
    hint: 'give at least one of each',
  });
}

/** Every profile tried so far was refused for its signature: says which, and prefers a wrong clock as the cause. */
function exhausted(
  names: readonly string[],
  target: string,
  error: RlctlError | null,
  skewed: readonly RlctlError[],
): RlctlError | null {
  const cause = skewed[0] ?? error;
  if (cause === null || names.length === 1) return cause;
  const clock = skewed.length > 0 ? `; ${skewed[0]?.message.slice(target.length + 2) ?? ''}` : '';
  return new RlctlError(
    cause.kind,
    `${target}: refused the signature of every profile tried (${names.join(', ')})${clock}`,
    {
      code: cause.code,
      hint:
        skewed.length > 0
          ? `${cause.hint ?? ''}; then compare the secret`
          : 'compare the secret with the CONFIG_RELOAD_SECRET of this environment, or write a profile of its own as the setting "signing" (rlctl help signing)',
      ...(cause.details === undefined ? {} : { details: cause.details }),
    },
  );
}

function noPath({ basePaths }: ReloadInput, target: string, error: RlctlError | null): RlctlError | null {
  if (error === null || basePaths.length < 2) return error;
  return new RlctlError(error.kind, `${target}: answered 404 under every base path (${basePaths.join(', ')})`, {
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.details === undefined ? {} : { details: error.details }),
  });
}

/** An answer that names another site than the one configured; `null`: it fits, or names none. */
export function siteModeError(
  { siteMode }: Pick<ReloadInput, 'siteMode'>,
  target: string,
  answer: Pick<AnswerFacts, 'siteMode'> | null,
): RlctlError | null {
  const said = answer?.siteMode ?? null;
  if (siteMode === null || said === null || said.trim().toLowerCase() === siteMode.toLowerCase()) return null;
  return new RlctlError('guard', `${target} says that it is "${quoteOutside(said, 40)}", not "${siteMode}"`, {
    code: 'WRONG_SITE_MODE',
    hint: 'check "api" and "siteMode" of this environment; nothing more was sent there',
    details: { expected: siteMode, found: quoteOutside(said, 40) },
  });
}

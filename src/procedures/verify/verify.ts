import type { Signs } from '../../domain/dialect/dialect.js';
import { signsOf } from '../../domain/dialect/signs.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { loadOverrides, matchOverride, startsRoute } from '../../domain/policy/matching.js';
import { routeOfPrefix } from '../../domain/proof/expectation.js';
import { emptiedText, isDocumentGone, isStoreEmptied, lostFinding } from '../../domain/override/document-gone.js';
import type { RefusedSignatures } from '../../domain/fleet/refused-signatures.js';
import type { Revision } from '../../domain/revision.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { shellWord } from '../../domain/shell-words.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { allRefused, type Effect, type EffectInput } from '../effect.js';
import type { ChangePorts } from '../override/change.js';
import { prove, type Proof } from '../proof/prove.js';
import type { Probe } from '../proof/observation-input.js';
import type { ProbeMethod } from '../../domain/control-plane.js';
import { firstSentMs, reloadAgain, sendReload } from '../reload/send.js';
import type { ReloadInput } from '../reload/walk.js';
import type { OnStep, Step } from '../step.js';
import { endRemarks, refusingRemarks } from './remarks.js';
import { findEndpoints, type FoundEndpoints } from './find-endpoints.js';

/** What is to be proven of what is stored now. */
export interface VerifyInput extends Pick<EffectInput, 'require' | 'workers' | 'known' | 'waitMs'> {
  /** Routes or prefixes; empty: every stored override, sampled where there are many. */
  readonly routes: readonly string[];
  readonly targets: readonly string[];
  /** Tried in order; the next one on a 404 only. */
  readonly basePaths: readonly string[];
  readonly siteMode: string | null;
  /** Other stored overrides to look at once; `Infinity`: all of them. */
  readonly samples: number;
  /** Sent before the proof, for the count in its answer; `null`: none is. */
  readonly reload: ReloadInput | null;
  /** The document of the last reload sent from here; `null`: not known. */
  readonly lastRevision: Revision | null;
  /** Those that refused the signature when they were last reloaded from here. */
  readonly refused: RefusedSignatures;
  readonly probes: readonly Probe[];
  readonly probeMethod: ProbeMethod;
  /** Probe requests at most. */
  readonly maxRequests: number;
}

export interface VerifyResult {
  readonly stored: StoredOverrides;
  readonly routes: readonly string[];
  readonly effect: Effect;
  /** What the reads showed of the server's dialect; nothing of a server that says it is another environment. */
  readonly signs: Signs;
  /** What is in force and should not be any more; empty: nothing. */
  readonly remarks: readonly string[];
  readonly exit: ExitName;
}

/** Stored overrides that are each read as often as a changed one would be. */
const witnesses = 8;

/**
 * Proves that what is stored now is in force. Changes nothing, but where a reload is asked for it is sent first: not to a
 * server that says it is another environment, and not while that would make every server drop its overrides; the proof is
 * then made without. Throws where Redis or every address is out of reach, and where no target accepted the reload.
 */
export async function verifyStored(ports: ChangePorts, input: VerifyInput, onStep?: OnStep): Promise<VerifyResult> {
  const startMs = ports.clock.monotonicMs();
  onStep?.('reading the document');
  const inTime = <T>(what: string, ask: () => Promise<T>): Promise<T> => askInTime(ports, input, { what, ask, onStep });
  const [{ stored, former }, found] = await Promise.all([
    inTime('Redis does not answer yet', () => readStored(ports, input)),
    inTime('no address answers yet', () => findEndpoints(ports, input)),
  ]);
  assertRoutes(input.routes, stored);
  const unreadable = whyUnreadable(stored);
  const lost = lostFinding(stored, input.lastRevision);
  const withheld = found.wrongSiteMode?.message ?? whyWithheld(stored, input.lastRevision);
  const sent = await sendWanted(ports, input, found, { withheld, onStep });
  const accepted = sent.reloads.filter(({ outcome }) => outcome === 'accepted');
  onStep?.('proving what is stored');
  const proof = await prove(
    ports,
    {
      ...proofBasis(input, stored),
      waitMs: Math.max(0, input.waitMs - (ports.clock.monotonicMs() - startMs)),
      endpoints: found.endpoints,
      unreachable: found.errors.map(({ message }) => message),
      storedBytes: stored.bytes,
      unreadable,
      former,
      lost: lost && `${lost.message}. ${lost.hint}`,
      changedAtMs: stored.lastEntry?.timeMs ?? null,
      reports: accepted.flatMap(({ report }) => (report === null ? [] : [report])),
      reloadSentMs: firstSentMs(accepted),
      resend: input.reload === null || accepted.length === 0 ? null : reloadAgain(ports, input.reload, accepted),
    },
    onStep,
  );
  if (ports.deadline.interrupted.aborted) throw ports.deadline.interrupted.reason;
  const steps = [...sent.steps, verifyStep(proof)];
  const isProven = proof.verdict === 'proven' && accepted.length === sent.reloads.length;
  return {
    stored,
    routes: input.routes,
    effect: { reloads: sent.reloads, proof, steps },
    signs: found.wrongSiteMode === null ? signsOf({ endpoint: found.endpoints[0] ?? null, profile: null }, proof) : {},
    remarks: [...(sent.reloads.length > 0 ? [] : refusingRemarks(input, proof)), ...endRemarks(stored)],
    exit: isProven ? 'ok' : 'unproven',
  };
}

function proofBasis(input: VerifyInput, stored: StoredOverrides) {
  const { routes, require, probeMethod, maxRequests, samples, workers, siteMode, known, waitMs } = input;
  const probes = tellingProbes(input, stored);
  return {
    changed: routes,
    isAsked: routes.length > 0,
    isCheck: true,
    witnesses,
    levelAsked: require ?? (probes.length > 0 ? ('enforced' as const) : ('loaded' as const)),
    isLevelImplied: require === null,
    probes,
    hasProbesAside: probes.length === 0 && input.probes.length > 0,
    probeMethod,
    maxRequests,
    samples,
    workers,
    siteMode,
    known,
    waitMs,
  };
}

/** The probes that tell of a named route: those whose path goes by the same override. Where none is named, all of them. */
function tellingProbes({ routes, probes }: VerifyInput, { bytes }: StoredOverrides): readonly Probe[] {
  if (routes.length === 0) return probes;
  const loaded = loadOverrides(bytes);
  return probes.filter(({ url }) => {
    const path = new URL(url).pathname;
    const met = matchOverride(loaded, path);
    return routes.map(routeOfPrefix).some((route) => {
      const wanted = matchOverride(loaded, route);
      return wanted === null ? met === null && startsRoute(route, path) : wanted === met;
    });
  });
}

const gone =
  'the document is gone, though its history is there, and the server would drop every override; to restore it, run: rlctl override repair; where that is meant, run: rlctl reload --force';

const firstPauseMs = 500;
const longestPauseMs = 5000;

/** Asks until there is an answer; within `--wait` what is away may come back. */
async function askInTime<T>(
  ports: ChangePorts,
  { waitMs }: VerifyInput,
  { what, ask, onStep }: { what: string; ask: () => Promise<T>; onStep: OnStep | undefined },
): Promise<T> {
  const { clock, deadline, randomness } = ports;
  const startMs = clock.monotonicMs();
  for (let round = 0; ; round += 1) {
    try {
      return await ask();
    } catch (error) {
      const leftMs = waitMs - (clock.monotonicMs() - startMs);
      const backoffMs = Math.min(longestPauseMs, firstPauseMs * 2 ** round) * (0.5 + randomness.fraction());
      // The last look is at the end of the time that was given, however long the next pause would be.
      const pauseMs = Math.min(backoffMs, leftMs);
      const isWorthWaiting = error instanceof RlctlError && error.kind === 'unreachable';
      const isLate = leftMs <= 0 || deadline.leftMs() <= pauseMs;
      if (!isWorthWaiting || isLate || deadline.interrupted.aborted) throw error;
      onStep?.(`${what}; looking again`);
      await clock.sleep(pauseMs, deadline.interrupted);
    }
  }
}

/** Why the server could not read what is stored; `null`: it can. */
function whyUnreadable({ key, type, bytes }: StoredOverrides): string | null {
  if (type !== 'string' && type !== 'none') return `the key ${key} holds a ${type}, not a string`;
  return loadOverrides(bytes).droppedBecause;
}

/** Why no reload may be sent of what is stored: every server would drop its overrides; `null`: it may. */
export function whyWithheld(stored: StoredOverrides, lastRevision: Revision | null): string | null {
  const unreadable = whyUnreadable(stored);
  return unreadable === null
    ? whyLost(stored, lastRevision)
    : `it would make the server drop every override (${quoteOutside(unreadable, 160)})`;
}

/** The step that was not made, and why. */
export function withheldStep(why: string): Step {
  return { name: 'reload', state: 'skipped', detail: `not sent: ${why}`, tookMs: 0 };
}

/** Why a reload would cost the servers the last copy; `null`: it would not. */
function whyLost(stored: StoredOverrides, lastRevision: Revision | null): string | null {
  if (isDocumentGone(stored)) return gone;
  return isStoreEmptied(stored, lastRevision)
    ? `${emptiedText(stored)}; where that is meant, run: rlctl reload --force`
    : null;
}

/** Throws where a word can be no route: neither stored under that name nor led by a slash. */
function assertRoutes(routes: readonly string[], { bytes }: StoredOverrides): void {
  const stored = new Set(loadOverrides(bytes).entries.map(({ prefix }) => prefix));
  const wrong = routes.find((route) => !route.startsWith('/') && !stored.has(route));
  if (wrong === undefined) return;
  throw usageError(
    `"${quoteOutside(wrong)}" is no route, and no override is stored under that name`,
    `A route starts with a slash: rlctl verify ${shellWord(`/${wrong}`)}; what is stored lists: rlctl override list`,
  );
}

/** What is stored, and the prefixes that were lately: all that are known, where no route is named. */
async function readStored(ports: ChangePorts, { routes }: VerifyInput) {
  const stored = await ports.store.read(ports.deadline);
  const former = routes.length > 0 ? formerPrefixes([stored.lastEntry]) : await lately(ports, stored);
  return { stored, former };
}

/** History entries that are looked through for what was removed. */
const mostEntries = 20;

/** The prefixes of the last changes; of the very last alone, where this user may not read the history. */
async function lately({ store, deadline }: ChangePorts, { lastEntry }: StoredOverrides): Promise<readonly string[]> {
  if (lastEntry === null) return [];
  try {
    return formerPrefixes(await store.history({ limit: mostEntries }, deadline));
  } catch (error) {
    if (error instanceof RlctlError && !deadline.interrupted.aborted) return formerPrefixes([lastEntry]);
    throw error;
  }
}

/** Every prefix that these entries tell of, the newest first: what was changed, and what stood in a whole document. */
function formerPrefixes(newestFirst: readonly (HistoryEntry | null)[]): readonly string[] {
  const all = newestFirst.flatMap((entry) => [
    ...(entry?.body?.routes ?? []).map(({ route }) => route),
    ...(entry?.document ? loadOverrides(entry.document).entries.map(({ prefix }) => prefix) : []),
  ]);
  return [...new Set(all)];
}

async function sendWanted(
  ports: ChangePorts,
  { reload }: VerifyInput,
  found: FoundEndpoints,
  { withheld, onStep }: { readonly withheld: string | null; readonly onStep: OnStep | undefined },
): Promise<Pick<Effect, 'reloads' | 'steps'>> {
  if (reload === null) return { reloads: [], steps: [] };
  if (withheld !== null) {
    return { reloads: [], steps: [withheldStep(withheld)] };
  }
  onStep?.(`reloading ${reload.targets.join(', ')}`);
  const startedMs = ports.clock.monotonicMs();
  const worked = found.endpoints.map(({ basePath }) => basePath);
  const basePaths = [...new Set([...worked, ...reload.basePaths])];
  const reloads = await sendReload(ports, { ...reload, basePaths });
  const refusal = allRefused(reloads);
  if (refusal !== null) throw refusal;
  const failed = reloads.filter(({ outcome }) => outcome !== 'accepted');
  const step: Step = {
    name: 'reload',
    state: failed.length === 0 ? 'done' : 'failed',
    detail: failed[0]?.error?.message ?? `${reloads.length} of ${reloads.length} accepted`,
    tookMs: ports.clock.monotonicMs() - startedMs,
  };
  return { reloads, steps: [step] };
}

function verifyStep({ verdict, diagnosis, tookMs }: Proof): Step {
  const state = verdict === 'proven' ? 'done' : verdict === 'contradicted' ? 'failed' : 'unverified';
  return { name: 'verify', state, detail: diagnosis, tookMs };
}

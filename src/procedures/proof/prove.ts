import type { ReloadReport } from '../../domain/control-plane.js';
import { RlctlError } from '../../domain/errors.js';
import { isMetricPending } from '../../domain/proof/judge-metrics.js';
import { judge, type Judgement } from '../../domain/proof/judge.js';
import type { MetricObservations, ReloadSpan } from '../../domain/proof/metric-observations.js';
import type { Observations } from '../../domain/proof/observations.js';
import { observedOf } from '../../domain/proof/observed.js';
import { notAttempted, type Proof } from '../../domain/proof/proof.js';
import { reloadsNeeded } from '../../domain/proof/reads-needed.js';
import { inParallel } from '../reload/in-parallel.js';
import type { OnStep } from '../step.js';
import type { ObservationInput } from './observation-input.js';
import { Observer, type Reports } from './observe.js';
import type { ProofPorts } from './policy-reader.js';

export { notAttempted };
export type { Proof };

/** What is to be proven, and how hard to try. */
export interface ProofInput extends ObservationInput {
  /** The reports of the reload just sent; empty: none was sent (`verify`). */
  readonly reports: readonly ReloadReport[];
  /** When the first of it was sent, epoch milliseconds; `null`: none was. */
  readonly reloadSentMs: number | null;
  /** Sends the reload once more to every target, each on a connection of its own; `null`: no reload may be sent. */
  readonly resend: (() => Promise<readonly ReloadReport[]>) | null;
  /** Go on looking for so long, milliseconds, until it is proven; 0: look once. The deadline ends it all the same. */
  readonly waitMs: number;
  /** True: a disagreement ends the reads of a look, and a server that holds nothing is asked how it is. Absent: false. */
  readonly isCheck?: boolean;
  /** When the document was changed last, epoch milliseconds; absent or `null`: not known. */
  readonly changedAtMs?: number | null;
}

const width = 8;
/** Reloads at most where the number of workers is not known. */
const mostReloads = 40;
const firstPauseMs = 500;
const longestPauseMs = 5000;

/**
 * Proves that what is stored is in force. Never throws for what a server or a network does, nor at the deadline: what
 * could not be seen makes the verdict `notProven`, with the cause among the evidence.
 */
export async function prove(ports: ProofPorts, asked: ProofInput, onStep?: OnStep): Promise<Proof> {
  const input = withSeenWorkers(asked);
  const startMs = ports.clock.monotonicMs();
  const elapsedMs = (): number => ports.clock.monotonicMs() - startMs;
  const state: LookState = {
    budget: { left: input.maxRequests ?? Infinity },
    reload: input.reloadSentMs === null ? null : { sentMs: input.reloadSentMs, doneMs: ports.clock.nowMs() },
  };
  const step = onStep ?? ((): void => undefined);
  let reports: readonly ReloadReport[] = input.reports;
  let convergedMs: number | null = null;
  let look = await lookOnce(ports, input, { reports, state }, step);
  for (let round = 0; ; round += 1) {
    const isProven = look.judgement.verdict === 'proven';
    convergedMs = isProven ? (convergedMs ?? Math.round(elapsedMs())) : null;
    const isDone = isProven ? !look.isMetricPending : look.observer.isDecided || state.budget.left < 0;
    if (isDone || elapsedMs() >= input.waitMs || !(await pause(ports, look, round, input.waitMs - elapsedMs()))) {
      return { ...proofOf(look, elapsedMs()), convergedMs };
    }
    const seconds = Math.round(elapsedMs() / 1000);
    step(
      `${isProven ? 'proven, but not seen in the metrics yet' : 'not proven yet'} after ${seconds} s; looking again`,
    );
    if (isProven) {
      // What is proven need not be read again for the sake of what is scraped later.
      look = judged(look.observer, { ...look.seen, metrics: await readMetrics(ports, input, state) });
      continue;
    }
    const resent = await resendOnce(input);
    reports = resent.length > 0 ? resent : reports;
    const { reads } = look.observer.reader;
    look = await lookOnce(ports, input, { reports, state }, step);
    look.observer.reader.reads += reads;
  }
}

/** Where more processes were seen than are configured, the larger number decides how often is read. */
function withSeenWorkers(input: ProofInput): ProofInput {
  const { workers, known, endpoints } = input;
  // Processes are seen over all addresses, and configured for each.
  const seen = Math.ceil((known?.workersSeen ?? 0) / Math.max(1, endpoints.length));
  return workers === null || seen <= workers ? input : { ...input, workers: seen, workersConfigured: workers };
}

/** What outlives one look. */
interface LookState {
  /** Probe requests that may still be sent; below 0: one more was wanted. */
  readonly budget: { left: number };
  readonly reload: ReloadSpan | null;
}

interface Look {
  readonly observer: Observer;
  readonly seen: Observations;
  readonly judgement: Judgement;
  /** True where the metrics will only later show what is to be proven. */
  readonly isMetricPending: boolean;
}

function judged(observer: Observer, seen: Observations): Look {
  const isPending = seen.metrics ? isMetricPending(seen.metrics, seen.loaded) : false;
  return { observer, seen, judgement: judge(seen), isMetricPending: isPending };
}

/** One whole look: reloads until the workers agree where that helps, then the sample, the metrics and the probes. */
async function lookOnce(
  ports: ProofPorts,
  input: ProofInput,
  { reports: first, state }: { readonly reports: readonly ReloadReport[]; readonly state: LookState },
  onStep: OnStep,
): Promise<Look> {
  const observer = new Observer(ports, input, onStep);
  const none: Reports = { all: first, last: first };
  if (observer.isDecided) {
    if (input.isCheck === true) await observer.readHeld();
    return judged(observer, observer.observations(none, { metrics: await readMetrics(ports, input, state) }));
  }
  const reports = await reachWorkers(input, observer, none, onStep);
  const reading = readMetrics(ports, input, state);
  await observer.readSample();
  const metrics = await reading;
  // Where a look may be followed by another, a request is worth its cost only once the policy is shown.
  const isWorthProbing =
    input.waitMs === 0 || judge(observer.observations(reports, { metrics })).levelReached !== 'none';
  if (isWorthProbing) await observer.readProbes(state.budget);
  return judged(observer, await withHealth(ports, input, observer.observations(reports, { metrics })));
}

async function readMetrics(
  { metrics }: ProofPorts,
  { changedAtMs }: ProofInput,
  { reload }: LookState,
): Promise<MetricObservations | null> {
  return (await metrics?.read({ sinceMs: reload?.doneMs ?? changedAtMs ?? null, reload })) ?? null;
}

/** Where nothing of what is stored is held, the servers are asked how they are: one without its Redis has a cause of its own. */
async function withHealth(ports: ProofPorts, input: ProofInput, seen: Observations): Promise<Observations> {
  const holdsNothing = ['notLoaded', 'overridesNotRead', 'otherNamespaceOrRedisUnreachable'];
  const trap = input.isCheck === true ? judge(seen).trap : null;
  if (trap === null || !holdsNothing.includes(trap)) return seen;
  const origins = [...new Set(input.endpoints.map(({ origin }) => origin))];
  const without = await inParallel(origins, width, async (origin) =>
    (await lacksRedis(ports, origin)) ? [origin] : [],
  );
  return { ...seen, withoutRedis: without.flat() };
}

async function lacksRedis({ controlPlane, deadline }: ProofPorts, origin: string): Promise<boolean> {
  try {
    const signal = deadline.signal(Math.max(50, deadline.leftMs() / 2));
    const answer = await controlPlane.health(origin, 'ready', { signal, isFresh: true });
    if (answer.kind !== 'health') return false;
    return answer.health.components.some(({ name, status }) => /redis/i.test(name) && /^unhealthy$/i.test(status));
  } catch (error) {
    if (error instanceof RlctlError) return false;
    throw error;
  }
}

/**
 * A reload reaches one process. Reads the changed prefixes, and repeats the reload while answers disagree, or while
 * nothing that can be read tells one worker from another: until each was reached with a miss chance under 1e-4.
 */
async function reachWorkers(input: ProofInput, observer: Observer, first: Reports, onStep: OnStep): Promise<Reports> {
  const { workers, resend } = input;
  const limit = workers === null ? mostReloads : reloadsNeeded(workers);
  const canResend = resend !== null && workers !== 1;
  let reports = first;
  let sent = reports.all.length > 0 ? 1 : 0;
  let size = workers ?? 4;
  let isWanted = canResend && workers !== null;
  for (;;) {
    const wave = isWanted && observer.reader.hasTime() ? Math.min(size, limit - sent) : 0;
    if (wave > 0) {
      onStep(`repeating the reload ${wave} times, to reach every worker`);
      const last = (await inParallel(Array.from({ length: wave }), width, () => resendOnce(input))).flat();
      sent += wave;
      if (workers === null) size *= 2;
      if (last.length > 0) reports = { all: [...reports.all, ...last], last };
      else sent = limit;
    }
    const isBrief = input.isCheck === true || (canResend && sent < limit);
    const { isSplit, isVisible, verdict } = await compareWorkers(observer, reports, isBrief);
    isWanted = isSplit || (workers !== null && !isVisible && verdict !== 'contradicted');
    if (!canResend || !isWanted || sent >= limit || !observer.reader.hasTime()) return reports;
  }
}

/** Reads the changed prefixes: briefly, where one disagreement is enough to reload again, and completely otherwise. */
async function compareWorkers(observer: Observer, reports: Reports, isBrief: boolean): Promise<Judgement> {
  const isComplete = await observer.readChanged(isBrief);
  const judgement = judge(observer.observations(reports));
  if (isComplete || judgement.isSplit) return judgement;
  await observer.readChanged(false);
  return judge(observer.observations(reports));
}

async function resendOnce({ resend }: ProofInput): Promise<readonly ReloadReport[]> {
  try {
    return resend === null ? [] : await resend();
  } catch (error) {
    // A reload that could not be repeated leaves the workers unreached: the reads tell.
    if (error instanceof RlctlError) return [];
    throw error;
  }
}

/** Waits before the next look; false where there is no time left for one. */
async function pause(ports: ProofPorts, { observer }: Look, round: number, leftMs: number): Promise<boolean> {
  const backoffMs = Math.min(longestPauseMs, firstPauseMs * 2 ** round) * (0.5 + ports.randomness.fraction());
  const pauseMs = Math.max(Math.min(backoffMs, leftMs), observer.reader.retryAfterSeconds * 1000);
  if (pauseMs > leftMs || pauseMs >= ports.deadline.leftMs() || ports.deadline.interrupted.aborted) return false;
  try {
    await ports.clock.sleep(pauseMs, ports.deadline.interrupted);
    return true;
  } catch {
    return false;
  }
}

function proofOf({ judgement, observer, seen }: Look, tookMs: number): Proof {
  const { isSplit: _isSplit, isVisible: _isVisible, ...rest } = judgement;
  const sampled = seen.sample.filter(({ answers }) => answers.length > 0).length;
  const coverage = { sampled, of: seen.others };
  return { ...rest, reads: observer.reader.reads, coverage, observed: observedOf(seen), tookMs };
}

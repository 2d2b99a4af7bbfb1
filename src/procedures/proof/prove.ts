import type { ReloadReport } from '../../domain/control-plane.js';
import { RlctlError } from '../../domain/errors.js';
import { judge, type Judgement } from '../../domain/proof/judge.js';
import { notAttempted, type Proof } from '../../domain/proof/proof.js';
import { reloadsNeeded } from '../../domain/proof/reads-needed.js';
import { inParallel } from '../reload/in-parallel.js';
import type { OnStep } from '../step.js';
import { Observer, type ObservationInput, type Reports } from './observe.js';
import type { ProofPorts } from './policy-reader.js';

export { notAttempted };
export type { Proof };

/** What is to be proven, and how hard to try. */
export interface ProofInput extends ObservationInput {
  /** The reports of the reload just sent; empty: none was sent (`verify`). */
  readonly reports: readonly ReloadReport[];
  /** Sends the reload once more to every target, each on a connection of its own; `null`: no reload may be sent. */
  readonly resend: (() => Promise<readonly ReloadReport[]>) | null;
  /** Go on looking for so long, milliseconds, until it is proven; 0: look once. The deadline ends it all the same. */
  readonly waitMs: number;
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
export async function prove(ports: ProofPorts, input: ProofInput, onStep?: OnStep): Promise<Proof> {
  const startMs = ports.clock.monotonicMs();
  const elapsedMs = (): number => ports.clock.monotonicMs() - startMs;
  let reports: readonly ReloadReport[] = input.reports;
  let reads = 0;
  for (let round = 0; ; round += 1) {
    const look = await lookOnce(ports, input, reports, onStep ?? (() => undefined));
    reads += look.observer.reader.reads;
    const isOver = look.judgement.verdict === 'proven' || look.observer.isDecided || elapsedMs() >= input.waitMs;
    if (isOver || !(await pause(ports, look, round, input.waitMs - elapsedMs()))) {
      return proofOf(look, reads, elapsedMs());
    }
    onStep?.('not proven yet; looking again');
    const resent = await resendOnce(input);
    reports = resent.length > 0 ? resent : reports;
  }
}

interface Look {
  readonly observer: Observer;
  readonly judgement: Judgement;
  readonly coverage: Proof['coverage'];
}

/** One whole look: reloads until the workers agree where that helps, then the sample and the probes. */
async function lookOnce(
  ports: ProofPorts,
  input: ProofInput,
  first: readonly ReloadReport[],
  onStep: OnStep,
): Promise<Look> {
  const observer = new Observer(ports, input, onStep);
  let reports: Reports = { all: first, last: first };
  if (!observer.isDecided) {
    reports = await reachWorkers(input, observer, reports, onStep);
    await observer.readSample();
    await observer.readProbes();
  }
  const seen = observer.observations(reports);
  const sampled = seen.sample.filter(({ answers }) => answers.length > 0).length;
  return { observer, judgement: judge(seen), coverage: { sampled, of: seen.others } };
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
    const { isSplit, isVisible, verdict } = await compareWorkers(observer, reports, canResend && sent < limit);
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

function proofOf({ judgement, coverage }: Look, reads: number, tookMs: number): Proof {
  const { isSplit: _isSplit, isVisible: _isVisible, ...judged } = judgement;
  return { ...judged, reads, coverage, tookMs };
}

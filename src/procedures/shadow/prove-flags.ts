import type { ApiEndpoint } from '../../domain/api-endpoint.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import type { ReloadReport } from '../../domain/control-plane.js';
import type { Proof } from '../../domain/proof/proof.js';
import { readsNeeded, reloadsNeeded } from '../../domain/proof/reads-needed.js';
import {
  flagIn,
  type ExpectedFlag,
  type FlagObservations,
  type FlagProbe,
} from '../../domain/shadow/flag-observations.js';
import { judgeFlags, type FlagJudgement } from '../../domain/shadow/judge-flags.js';
import type { EffectPorts } from '../effect.js';
import { PolicyReader } from '../proof/policy-reader.js';
import { inParallel } from '../reload/in-parallel.js';
import type { OnStep } from '../step.js';

/** A probe that reaches a bucket whose flag is to be proven. */
interface SentProbe extends Pick<FlagProbe, 'url'> {
  readonly flag: ExpectedFlag;
  /** As in `FlagProbe`. */
  readonly decidedBy: string | null;
}

/** What is to be proven about flags, and how hard to try. */
export interface FlagProofInput {
  readonly flags: readonly ExpectedFlag[];
  /** True: a flag was changed for it; false: all of them already stood as wanted. */
  readonly isChange: boolean;
  readonly endpoints: readonly ApiEndpoint[];
  readonly reports: readonly ReloadReport[];
  /** Sends the reload once more to every target, each on a connection of its own. */
  readonly resend: () => Promise<readonly ReloadReport[]>;
  readonly workers: number | null;
  readonly siteMode: string | null;
  /** Why the policy endpoint cannot show flags: an override for every route covers them. `null`: it can. */
  readonly unreadable: string | null;
  readonly require: 'loaded' | 'enforced' | null;
  readonly probes: readonly SentProbe[];
  /** Go on looking for so long, milliseconds; 0: look once. */
  readonly waitMs: number;
}

const width = 8;
/** Reloads at most where the number of workers is not known. */
const mostReloads = 40;
const pauseMs = 1000;

/**
 * Proves that flags are in force: by the answer of the reload, and where there are more workers than the one it reached, by
 * reads on connections of their own, with further reloads while some worker lags behind. Never throws for what a server or
 * a network does.
 */
export async function proveFlags(ports: EffectPorts, input: FlagProofInput, onStep?: OnStep): Promise<Proof> {
  const startMs = ports.clock.monotonicMs();
  const elapsedMs = (): number => ports.clock.monotonicMs() - startMs;
  let { reports } = input;
  let reads = 0;
  for (;;) {
    const look = await lookOnce(ports, input, reports, onStep);
    reads += look.reads;
    const isOver = look.judgement.verdict === 'proven' || elapsedMs() + pauseMs > input.waitMs;
    if (isOver || !(await pause(ports))) return proofOf(input, look.judgement, reads, elapsedMs());
    onStep?.('not proven yet; reloading again');
    const resent = await input.resend();
    reports = resent.length > 0 ? resent : reports;
  }
}

async function pause({ clock, deadline }: EffectPorts): Promise<boolean> {
  if (deadline.leftMs() < 2 * pauseMs || deadline.interrupted.aborted) return false;
  try {
    await clock.sleep(pauseMs, deadline.interrupted);
    return true;
  } catch {
    return false;
  }
}

async function lookOnce(
  ports: EffectPorts,
  input: FlagProofInput,
  first: readonly ReloadReport[],
  onStep: OnStep | undefined,
): Promise<{ readonly judgement: FlagJudgement; readonly reads: number }> {
  const reader = new PolicyReader(ports, input.siteMode);
  let reports = first;
  let seen = observe(input, reports, reader, []);
  const limit = input.workers === null ? mostReloads : reloadsNeeded(input.workers);
  for (let sent = 1, size = input.workers ?? 4; input.workers !== 1 && isWorthReading(judgeFlags(seen), input);) {
    seen = observe(input, reports, reader, await readFlags(ports, input, reports, reader));
    const wave = judgeFlags(seen).isSplit ? Math.min(size, limit - sent) : 0;
    if (wave <= 0 || !reader.hasTime()) break;
    onStep?.(`repeating the reload ${wave} times, to reach every worker`);
    const more = await inParallel(Array.from({ length: wave }), width, () => input.resend());
    sent += wave;
    if (input.workers === null) size *= 2;
    reports = [...reports, ...more.flat()];
    seen = observe(input, reports, reader, []);
  }
  const probes = await Promise.all(input.probes.map((probe) => probeOnce(reader, probe)));
  return { judgement: judgeFlags({ ...seen, probes }), reads: reader.reads };
}

/** Where the workers that were reloaded do not show the flag, others need not be asked. */
function isWorthReading({ evidence }: FlagJudgement, { unreadable }: FlagProofInput): boolean {
  return (
    unreadable === null && evidence.every(({ subject, verdict }) => subject !== 'flag' || verdict !== 'contradicted')
  );
}

function observe(
  input: FlagProofInput,
  reports: readonly ReloadReport[],
  { failures }: PolicyReader,
  reads: FlagObservations['reads'],
): FlagObservations {
  return {
    flags: input.flags,
    reports,
    reads,
    readsWanted: readsWanted(input),
    endpointCount: input.endpoints.length,
    workers: input.workers,
    failures: [...(input.unreadable === null ? [] : [input.unreadable]), ...failures],
    levelAsked: levelOf(input),
    isLevelImplied: input.require === null,
    probes: [],
  };
}

function readsWanted({ workers, endpoints }: FlagProofInput): number {
  return workers === 1 ? 0 : readsNeeded(workers) * endpoints.length;
}

function levelOf({ require, probes }: FlagProofInput): 'loaded' | 'enforced' {
  return require ?? (probes.length > 0 ? 'enforced' : 'loaded');
}

/** Reads the flags in turn, each read on a connection of its own, until one is wrong or there are enough. */
async function readFlags(
  ports: EffectPorts,
  input: FlagProofInput,
  reports: readonly ReloadReport[],
  reader: PolicyReader,
): Promise<FlagObservations['reads']> {
  const named = input.flags.flatMap((flag) => {
    const name = flag.names.find((each) => reports.some(({ bucketShadows }) => bucketShadows.has(each)));
    return name === undefined ? [] : [{ flag, name }];
  });
  const route = baseRoute(ports.randomness.hex(6));
  const reads: { bucket: string; isShadow: boolean }[] = [];
  const state = { isWrong: named.length === 0 };
  await inParallel(Array.from({ length: readsWanted(input) }), width, async (_, index) => {
    const asked = named[index % named.length];
    const endpoint = input.endpoints[index % input.endpoints.length];
    if (state.isWrong || !asked || !endpoint) return;
    const answer = await reader.read(endpoint, route, asked.name, true);
    if (answer === null) return;
    reads.push({ bucket: asked.flag.bucket, isShadow: answer.isShadow });
    state.isWrong ||= answer.isShadow !== (asked.flag.isShadow ?? reportedOf(reports, asked.flag));
  });
  return reads;
}

function reportedOf(reports: readonly ReloadReport[], flag: ExpectedFlag): boolean {
  return reports.some((report) => flagIn(report, flag) === true);
}

async function probeOnce(reader: PolicyReader, { url, flag, decidedBy }: SentProbe): Promise<FlagProbe> {
  const answer = await reader.probe(url);
  return typeof answer === 'string'
    ? { url, expected: flag, decidedBy, answer: null, failure: answer }
    : { url, expected: flag, decidedBy, answer, failure: null };
}

/** Whether a flag that was changed moved by a reload alone; `null`: none was changed, or it cannot be told. */
function movesFlags({ isChange }: FlagProofInput, { trap, verdict }: FlagJudgement): boolean | null {
  if (trap === 'flagNeedsRestart') return false;
  return isChange && verdict === 'proven' ? true : null;
}

function proofOf(input: FlagProofInput, judgement: FlagJudgement, reads: number, tookMs: number): Proof {
  const { isSplit: _isSplit, ...judged } = judgement;
  return {
    ...judged,
    levelAsked: levelOf(input),
    reads,
    coverage: { sampled: 0, of: 0 },
    convergedMs: judgement.verdict === 'proven' ? Math.round(tookMs) : null,
    learned: { readsOverrides: null, enforcesOverrides: null, movesFlags: movesFlags(input, judgement) },
    tookMs,
  };
}

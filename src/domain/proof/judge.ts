import type { ReloadReport } from '../control-plane.js';
import { quoteOutside } from '../outside-text.js';
import { asideLines, isCountAside, judgesAlone, listFaultAt, saidAside } from './aside.js';
import { OverrideIndex } from '../policy/prefix-index.js';
import { diagnose } from './diagnose.js';
import { findTrap, holdsForeign, isFormer, isMixed, showsStored } from './find-trap.js';
import { isLimiterOff, judgeLists, judgeReports, standingOf } from './judge-count.js';
import { judgeProbe } from './judge-enforcement.js';
import { judgeMetrics } from './judge-metrics.js';
import { changedLine, isSplit, judgePrefix, sampleLines, type PrefixJudgement } from './judge-policy.js';
import type { Observations } from './observations.js';
import { heldLines } from './still-held.js';
import { learn } from './learn.js';
import { missingCarrier } from './missing-carrier.js';
import type { Evidence, Proof, Verdict } from './proof.js';
import { confidenceOf, reloadsNeeded } from './reads-needed.js';

/** What the observations come to. */
export type Judgement = Pick<
  Proof,
  | 'verdict'
  | 'levelAsked'
  | 'levelReached'
  | 'evidence'
  | 'trap'
  | 'diagnosis'
  | 'confidence'
  | 'distinctAnswers'
  | 'learned'
> & {
  /** True where some answers fit and others do not: another reload may reach the workers that stay behind. */
  readonly isSplit: boolean;
  /** True where a read showed what is stored and could not have shown it otherwise. */
  readonly isVisible: boolean;
};

/** So many look-ups by looking at each entry in turn cost less than an index of all. */
const fewLookUps = 20;

/** Judges what was seen: a pure function, so that the same observations always come to the same verdict. */
export function judge(seen: Observations): Judgement {
  // What cannot be read sets no expectation: what the server shows is then told, and not judged.
  const isDropped = seen.loaded.droppedBecause !== null;
  const changed = isDropped ? [] : seen.changed.map((reads) => judgePrefix(seen.loaded, reads));
  const index = seen.sample.length > fewLookUps ? new OverrideIndex(seen.loaded) : undefined;
  const sample = seen.sample.map((reads) => judgePrefix(seen.loaded, reads, index));
  const isVisible = changed.some(({ shown }) => shown > 0);
  const isAgreed =
    isVisible &&
    changed.every(({ differing, reads, comparisons }) => differing === 0 && comparisons.length >= reads.wanted);
  // Reads that agree cover every worker: then an earlier reload's count is history.
  const reports = isAgreed ? seen.lastReports : seen.reports;
  const confidence = isVisible ? confidenceIn(seen, changed) : null;
  const own = changed.map((each) =>
    judgesAlone(seen) ? changedLine(each, seen.loaded, listFaultAt) : changedLine(each, seen.loaded),
  );
  const metrics = isDropped ? [] : judgeMetrics(seen.metrics, seen.loaded);
  const loading = [
    ...siteModeLine(seen),
    ...judgeReports(seen.loaded, reports),
    ...(isDropped ? heldLines(seen) : []),
    ...own,
    ...asideLines(seen, changed, own),
    ...judgeLists(seen),
    ...moreWorkersLine(seen),
    ...workersLine(seen, { isAgreed, isVisible, confidence }),
    ...sampleLines(sample, seen),
    ...(isCountAside(seen, changed) ? saidAside(metrics) : metrics),
    ...healthLines(seen),
    ...seen.failures.map((text): Evidence => ({
      subject: 'limits',
      verdict: 'notProven',
      text,
      source: 'GET /rate-limit/policy',
      route: null,
    })),
  ];
  const carried = saidOnce(loading.concat(missingCarrier(seen, changed, loading)));
  const enforcement = [...limiterOff(seen, reports), ...seen.probes.map((probe) => judgeProbe(seen, probe))];
  // Another environment's server neither proves nor contradicts anything about this one.
  const loadedVerdict = seen.wrongSiteMode === null ? worst(carried) : 'notProven';
  const isEnforcedAsked = seen.levelAsked === 'enforced';
  const verdict = loadedVerdict === 'proven' && isEnforcedAsked ? enforcedVerdict(seen, enforcement) : loadedVerdict;
  const isEnforced = verdict === 'proven' && enforcement.some((line) => line.verdict === 'proven');
  const levelReached = loadedVerdict !== 'proven' ? 'none' : isEnforcedAsked && isEnforced ? 'enforced' : 'loaded';
  const evidence = [...carried, ...enforcement, ...noProbe(seen)];
  const isNotEnforced = enforcement.some((line) => line.verdict === 'contradicted');
  const trap =
    loadedVerdict === 'contradicted'
      ? findTrap({ ...seen, reports }, changed, sample)
      : seen.wrongSiteMode !== null
        ? 'otherEnvironment'
        : verdict === 'contradicted' && isNotEnforced
          ? 'overridesNotEnforced'
          : null;
  return {
    verdict,
    // A probe that can show nothing of the change was not asked for more than it can show.
    levelAsked: verdict === 'proven' && levelReached === 'loaded' ? 'loaded' : seen.levelAsked,
    levelReached,
    evidence,
    trap,
    diagnosis: diagnose(
      { ...seen, reports },
      {
        verdict,
        levelReached,
        evidence,
        trap,
        // Asked for only where something is contradicted: each looks at everything that is listed or stored.
        get isForeignHeld() {
          return holdsForeign({ ...seen, reports }, [...changed, ...sample]);
        },
        get isFormer() {
          return isFormer({ ...seen, reports }, [...changed, ...sample]);
        },
        isSplit: changed.some(isSplit),
        get isStoredShown() {
          return showsStored({ ...seen, reports }, [...changed, ...sample]);
        },
      },
    ),
    confidence,
    distinctAnswers: Math.max(0, ...[...changed, ...sample].map(({ distinct }) => distinct)),
    learned: learn(seen, changed, enforcement, trap),
    isSplit:
      changed.some(isSplit) || isMixed(new Set(seen.lastReports.map((report) => standingOf(report, seen.loaded)))),
    isVisible,
  };
}

/** What was seen at several routes alike is one line. */
function saidOnce(lines: readonly Evidence[]): readonly Evidence[] {
  const said = new Set<string>();
  return lines.filter(({ subject, verdict, text, source }) => {
    const key = JSON.stringify([subject === 'sample' ? 'policy' : subject, verdict, text, source]);
    return said.has(key) ? false : said.add(key);
  });
}

/** A server that answers with its limiter off holds what is stored and enforces nothing of it. */
function limiterOff({ levelAsked }: Observations, reports: readonly ReloadReport[]): Evidence[] {
  if (!isLimiterOff(reports)) return [];
  const text = 'the server says that its limiter is off (RATE_LIMIT_ENABLED): nothing is enforced';
  const verdict = levelAsked === 'enforced' ? 'notProven' : 'neutral';
  return [{ subject: 'flag', verdict, text, source: 'POST /config/reload', route: null }];
}

/** Where probes were to show something, and none reaches what was changed. */
function noProbe({ levelAsked, probes, hasProbesAside }: Observations): Evidence[] {
  if (probes.length > 0 || (levelAsked !== 'enforced' && hasProbesAside !== true)) return [];
  const line = { subject: 'enforcement', source: 'the configuration', route: null } as const;
  const text = 'no probe reached such a route, so enforcement was not looked at';
  return [{ ...line, verdict: levelAsked === 'enforced' ? 'notProven' : 'neutral', text }];
}

function worst(lines: readonly Evidence[]): Verdict {
  if (lines.some(({ verdict }) => verdict === 'contradicted')) return 'contradicted';
  return lines.length === 0 || lines.some(({ verdict }) => verdict === 'notProven') ? 'notProven' : 'proven';
}

/** Where enforcement was asked for by name, a request has to have shown it. */
function enforcedVerdict({ isLevelImplied }: Observations, lines: readonly Evidence[]): Verdict {
  const verdict = worst(lines);
  const isShown = isLevelImplied === true || lines.some((line) => line.verdict === 'proven');
  return verdict === 'proven' && !isShown ? 'notProven' : verdict;
}

/** More than this many changed prefixes share the reads: any of them shows a stale worker. */
const manyPrefixes = 16;

function confidenceIn({ workers }: Observations, changed: readonly PrefixJudgement[]): number {
  const reads = changed.map(({ shown }) => shown).filter((shown) => shown > 0);
  return confidenceOf(
    workers,
    reads.length > manyPrefixes ? reads.reduce((sum, each) => sum + each, 0) : Math.min(...reads),
  );
}

function siteModeLine({ wrongSiteMode, siteModeUnsaid = null }: Observations): Evidence[] {
  if (wrongSiteMode === null && siteModeUnsaid !== null) {
    const text = `the server does not say which environment it is, so nothing shows that it is "${siteModeUnsaid}"`;
    return [{ subject: 'siteMode', verdict: 'neutral', text, source: 'X-Site-Mode', route: null }];
  }
  if (wrongSiteMode === null) return [];
  const text = `the server says that it is "${quoteOutside(wrongSiteMode, 40)}": what it shows proves nothing about this environment`;
  return [{ subject: 'siteMode', verdict: 'notProven', text, source: 'X-Site-Mode', route: null }];
}

function healthLines({ withoutRedis }: Observations): Evidence[] {
  return (withoutRedis ?? []).map((origin) => ({
    subject: 'health',
    verdict: 'neutral',
    text: 'the server says itself that its Redis does not answer, so a reload there drops every override',
    source: `GET ${origin}/health/ready`,
    route: null,
  }));
}

/** The configuration is what the operator says; what was seen is what answered. */
function moreWorkersLine({ workers, workersConfigured, known }: Observations): Evidence[] {
  if (workersConfigured === undefined) return [];
  const at = known.workersSeenAt ? ` (${known.workersSeenAt.slice(0, 10)})` : '';
  const text = `at least ${workers} processes were seen${at}, the configuration says ${workersConfigured}: ${workersConfigured === 1 ? 'one read does' : 'reads for so many do'} not speak for them`;
  return [{ subject: 'workers', verdict: 'neutral', text, source: 'what was seen before', route: null }];
}

interface Agreement {
  readonly isAgreed: boolean;
  readonly isVisible: boolean;
  readonly confidence: number | null;
}

function workersLine(seen: Observations, { isAgreed, isVisible, confidence }: Agreement): Evidence[] {
  const { workers, workersConfigured, reports } = seen;
  const line = { subject: 'workers', route: null } as const;
  if (workers === 1) return [];
  if (isAgreed && confidence !== null) {
    const which =
      workers === null
        ? 'that takes a quarter of the connections (their number is not known)'
        : `among ${workersConfigured === undefined ? '' : 'at least '}${workers}`;
    const text = `reads on connections of their own agree: one stale worker ${which} would have shown with ${percent(confidence)}`;
    return [{ ...line, source: 'GET /rate-limit/policy', verdict: 'neutral', text }];
  }
  if (workers === null || isVisible || reports.length === 0 || seen.loaded.droppedBecause !== null) return [];
  const needed = reloadsNeeded(workers) * seen.endpointCount;
  const text = `no read can show what each of ${workers} workers holds; to reach them all takes ${needed} reloads, and ${reports.length} were answered`;
  return [
    { ...line, source: 'POST /config/reload', verdict: reports.length >= needed ? 'neutral' : 'notProven', text },
  ];
}

/** Rounds down: 99.99 % must not be claimed early. */
function percent(chance: number): string {
  return `${(Math.floor(chance * 10_000) / 100).toFixed(2)} %`;
}

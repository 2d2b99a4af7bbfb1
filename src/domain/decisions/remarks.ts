import { formatDuration } from '../duration.js';
import { countText } from '../quantities.js';
import { quoteOutside } from '../outside-text.js';
import type { BucketDecisions, Remark, RemarkCode } from './decisions.js';
import { actionOf, actionSpellings, shadowSpellings } from './labels.js';
import type { LabelledNumber, WindowReadings } from './readings.js';

/** What is known before anything is read. */
export interface Expectation {
  /** Buckets there should be, each with every name under which its series may stand. */
  readonly buckets: readonly { readonly name: string; readonly spellings: readonly string[] }[];
  /** The length of the window that was asked for, milliseconds. */
  readonly windowMs: number;
  /** Processes behind the address; `null`: not known. */
  readonly workers: number | null;
  /** True where an address of /metrics was asked and not a Prometheus that adds all processes up. */
  readonly isScraped: boolean;
}

/** A sample may be this old before it is remarked, milliseconds: a minute is the longest usual scrape interval. */
const staleAfterMs = 75_000;

/** What has to be said about the figures, the gravest first. */
export function remarksOn(
  readings: WindowReadings,
  buckets: readonly BucketDecisions[],
  expected: Expectation,
): readonly Remark[] {
  const remark = (
    code: RemarkCode,
    isWarning: boolean,
    text: string | null,
    hint: string | null = null,
  ): readonly Remark[] => (text === null ? [] : [{ code, isWarning, text, hint }]);
  return [
    ...remark('ALTERNATING_WORKERS', true, alternatingText(readings, expected)),
    ...remark('ONE_OF_SEVERAL_WORKERS', true, oneOfSeveralText(readings, expected)),
    ...remark('STALE', true, staleText(readings)),
    ...remark('UNKNOWN_LABELS', true, unknownLabelsText(readings.decisions)),
    ...remark('FIRST_SEEN', true, firstSeenText(readings.firstSeen)),
    ...remark('OVERRIDES_DIFFER', true, overridesText(readings.activeOverrides), 'run: rlctl reload'),
    ...remark('EVALUATION_ERRORS', true, evaluationText(buckets), 'whether Redis is well: rlctl status'),
    ...remark('NO_DECISIONS', false, noDecisionsText(readings)),
    ...remark('BUCKET_WITHOUT_DATA', false, withoutDataText(buckets, expected)),
    ...remark('SHORT_WINDOW', false, shortWindowText(readings, expected), longerHint),
    ...remark('COUNTER_RESETS', false, resetsText(readings)),
    ...readings.warnings.flatMap((text) =>
      remark('SOURCE_WARNING', true, `the source warns: ${quoteOutside(text, 200)}`),
    ),
  ];
}

function alternatingText({ processes }: WindowReadings, { isScraped, workers }: Expectation): string | null {
  if (!processes.isAlternating) return null;
  const seen = 'counters go back and forth between scrapes: several workers answer under one address in turn';
  if (!isScraped) {
    return `${seen} (or one restarts again and again). Each return counts as a reset, so the counts are too high: let Prometheus scrape each worker under an address of its own`;
  }
  const isKnown = workers !== null && processes.seen !== null && processes.seen <= workers;
  const found = `${processes.seen ?? 'several'} seen${isKnown ? ` of ${workers}` : ''}`;
  return `${seen} (${found}). Their figures were kept apart and added up; what did not answer twice is missing`;
}

function oneOfSeveralText({ processes }: WindowReadings, { isScraped, workers }: Expectation): string | null {
  if (!isScraped || processes.isAlternating) return null;
  if (workers === null || workers <= 1) return null;
  return `one scrape sees one worker of ${workers}: these are its figures, not the sum`;
}

function staleText({ newestMs, endMs, decisions }: WindowReadings): string | null {
  if (newestMs === null) {
    return decisions.length === 0
      ? null
      : 'nothing exports these series any more: the figures end before the window does';
  }
  const ageMs = endMs - newestMs;
  return ageMs <= staleAfterMs ? null : `the newest sample is ${formatDuration(ageMs)} old`;
}

function unknownLabelsText(decisions: readonly LabelledNumber[]): string | null {
  const unknown = decisions.filter(({ action, shadow, value }) => actionOf(action, shadow) === null && value !== 0);
  if (unknown.length === 0) return null;
  const shown = new Set(
    unknown.map(({ action, shadow }) => `action="${quoteOutside(action, 30)}" shadow="${quoteOutside(shadow, 30)}"`),
  );
  return `decisions with labels nobody knows are left out: ${[...shown].slice(0, 3).join('; ')}. Known are action ${actionSpellings.join('|')} with shadow ${shadowSpellings.join('|')}`;
}

function firstSeenText(firstSeen: readonly LabelledNumber[]): string | null {
  const words = { allow: 'allowed', block: 'blocked', shadowBlock: 'shadow-blocked' } as const;
  const counts = new Map<string, number>();
  for (const { bucket, action, shadow, value } of firstSeen) {
    const meaning = actionOf(action, shadow);
    if (meaning === null || value === null || !(value > 0)) continue;
    const key = `${quoteOutside(bucket, 30)} ${words[meaning]}`;
    counts.set(key, (counts.get(key) ?? 0) + value);
  }
  if (counts.size === 0) return null;
  const shown = [...counts].map(([key, value]) => `${key} ${Math.round(value)}`);
  return `some counters began within the window, and what they held when first seen is in no increase: ${shown.join(', ')}`;
}

function overridesText(counts: readonly number[]): string | null {
  const known = new Set(counts.filter((each) => Number.isFinite(each)));
  if (known.size < 2) return null;
  return `processes differ in their active overrides (${[...known].sort((a, b) => a - b).join(', ')}): some have not loaded them`;
}

/** Such requests passed, and are in no other figure. */
function evaluationText(buckets: readonly BucketDecisions[]): string | null {
  const failed = buckets.flatMap(({ bucket, evalErrors }) =>
    evalErrors !== null && evalErrors > 0 ? [{ bucket, evalErrors }] : [],
  );
  if (failed.length === 0) return null;
  const total = failed.reduce((sum, { evalErrors }) => sum + evalErrors, 0);
  const shown = failed.map(({ bucket, evalErrors }) => `${quoteOutside(bucket, 30)} ${countText(evalErrors)}`);
  return `the limiter could not evaluate ${countText(total)} requests, and such ones pass unlimited: ${shown.join(', ')}`;
}

function noDecisionsText({ decisions, firstSeen }: WindowReadings): string | null {
  if (decisions.length > 0 || firstSeen.length > 0) return null;
  return 'no decision was counted twice in this window: no series, so no data';
}

function withoutDataText(buckets: readonly BucketDecisions[], expected: Expectation): string | null {
  const silent = buckets
    .filter(({ total }) => total === null)
    .map(({ bucket }) => {
      const sought = expected.buckets.find(({ name }) => name === bucket)?.spellings ?? [];
      const shown = quoteOutside(bucket, 30);
      return sought.length < 2
        ? shown
        : `${shown} (looked for ${sought.map((each) => quoteOutside(each, 30)).join(', ')})`;
    });
  if (silent.length === 0) return null;
  return `no data for ${silent.join(', ')}: a bucket has no series before its first request`;
}

function shortWindowText({ windowMs }: WindowReadings, expected: Expectation): string | null {
  if (!expected.isScraped || windowMs + timerSlackMs >= expected.windowMs) return null;
  return `without Prometheus, only what happened between scrapes of /metrics can be told: ${formatDuration(windowMs)} so far, not ${formatDuration(expected.windowMs)}`;
}

/** A timer and the clock differ by so much at most. */
const timerSlackMs = 50;

const longerHint = 'a longer one takes as long: rlctl decisions show --since 1m; or set environments.NAME.prometheus';

function resetsText({ processes }: WindowReadings): string | null {
  if (processes.isAlternating || processes.resets === 0) return null;
  return `counters began anew (a process restarted) within the window, and were added up across that`;
}

import type { ReloadReport } from '../control-plane.js';
import { counted } from '../counted.js';
import { quoteOutside } from '../outside-text.js';
import type { Evidence } from '../proof/proof.js';
import { confidenceOf } from '../proof/reads-needed.js';
import {
  flagIn,
  type ExpectedFlag,
  type FlagObservations,
  type FlagProbe,
  type FlagStanding,
  wasSoBefore,
} from './flag-observations.js';

const line = { subject: 'flag', source: 'POST /config/reload', route: null } as const;

/** What the reports and the reads say about one flag. */
export function flagLine({ flag, right, wrong, readsWrong }: FlagStanding, { reports }: FlagObservations): Evidence {
  const name = flag.bucket;
  const wanted = wantedText(flag, reports);
  if (reports.length === 0) return { ...line, verdict: 'notProven', text: `nothing was reported about ${name}` };
  if (right + wrong === 0)
    return { ...line, verdict: 'notProven', text: `the server reports no bucket ${name}${namesOf(reports)}` };
  if (wrong > 0) {
    const opposite = inWords(flag.isShadow === null || !flag.isShadow);
    const often = right > 0 ? ` in ${wrong} of ${counted(right + wrong, 'answer')}` : '';
    return { ...line, verdict: 'contradicted', text: `${name} is still ${opposite} after the reload${often}` };
  }
  if (readsWrong > 0) {
    const text = `${counted(readsWrong, 'answer')} came from a worker where this does not hold: ${name} is ${wanted}`;
    return { ...line, verdict: 'contradicted', source: 'GET /rate-limit/policy', text };
  }
  const already = wasSoBefore(flag, reports) ? `, as it was before: ${showsNoMove}` : '';
  return { ...line, verdict: 'proven', text: `${name} is ${wanted}${already}` };
}

/** What the sameness of before and after leaves open. */
export const showsNoMove = 'this does not show that flags move without a restart';

function wantedText(flag: ExpectedFlag, reports: readonly ReloadReport[]): string {
  if (flag.isShadow !== null) return inWords(flag.isShadow);
  const last = reports.at(-1);
  return `${inWords(last !== undefined && flagIn(last, flag) === true)}, without a flag of its own`;
}

/** A flag in words. */
export function inWords(isShadow: boolean): string {
  return isShadow ? 'in shadow' : 'enforcing';
}

function namesOf(reports: readonly ReloadReport[]): string {
  const names = [...new Set(reports.flatMap(({ bucketShadows }) => [...bucketShadows.keys()]))];
  return names.length === 0 ? '' : `; it reports: ${quoteOutside(names.join(', '), 120)}`;
}

/** What the flags cannot change: the two switches that are bound when the server starts. */
export function switchLines({ flags, reports }: FlagObservations): Evidence[] {
  const last = reports.at(-1);
  const lines: Evidence[] = [];
  if (last?.isEnabled === false)
    lines.push({
      ...line,
      verdict: 'neutral',
      text: 'the limiter is switched off (RATE_LIMIT_ENABLED): no flag has an effect',
    });
  if (last?.isShadow === true) {
    const isFollowing = flags.some((flag) => flag.isShadow === null && flagIn(last, flag) === true);
    const text = isFollowing
      ? 'global shadow is on, and a bucket without a flag of its own follows it, as it did before'
      : 'global shadow is on; it does not reach buckets that have a flag of their own';
    lines.push({ ...line, verdict: 'neutral', text });
  }
  return lines;
}

/** With which certainty the other workers were seen. */
export function workersLine(seen: FlagObservations, standings: readonly FlagStanding[]): Evidence[] {
  const { workers, reads, readsWanted, failures } = seen;
  if (workers === 1 || standings.some(({ right, wrong, readsWrong }) => right === 0 || wrong + readsWrong > 0))
    return [];
  const common = { ...line, subject: 'workers', source: 'GET /rate-limit/policy' } as const;
  if (reads.length < readsWanted) {
    const why = failures[0] ?? 'no other worker was asked';
    return [
      {
        ...common,
        verdict: 'notProven',
        text: `${counted(reads.length, 'read')} of ${readsWanted} that would show a stale worker: ${why}`,
      },
    ];
  }
  const which =
    workers === null ? 'that takes a quarter of the connections (their number is not known)' : `among ${workers}`;
  const chance = Math.floor(confidenceIn(seen) * 10_000) / 100;
  return [
    {
      ...common,
      verdict: 'neutral',
      text: `reads on connections of their own agree: one stale worker ${which} would have shown with ${chance.toFixed(2)} %`,
    },
  ];
}

/** The chance that one stale worker would have been seen, 0…1. */
export function confidenceIn({ workers, reads, endpointCount }: FlagObservations): number {
  return confidenceOf(workers, Math.floor(reads.length / Math.max(1, endpointCount)));
}

/** Enforcement was asked for, and nothing could look at it. */
export const noProbe: Evidence = {
  subject: 'enforcement',
  verdict: 'notProven',
  text: 'no probe reaches a changed bucket, so enforcement was not looked at',
  source: 'the configuration',
  route: null,
};

/** What a real request met. One that can show nothing of a flag that is gone or off spoils no proof that nobody asked for. */
export function probeLine(
  { url, expected, answer, failure, decidedBy = null }: FlagProbe,
  { reports, isLevelImplied }: Pick<FlagObservations, 'reports' | 'isLevelImplied'>,
): Evidence {
  const common = { subject: 'enforcement', source: `GET ${url}`, route: null } as const;
  if (answer === null) return { ...common, verdict: 'notProven', text: failure ?? 'no answer' };
  const { isShadow, bucket } = answer;
  if (bucket !== null && !expected.names.includes(bucket))
    return {
      ...common,
      verdict: 'notProven',
      text: `it falls into ${quoteOutside(bucket, 40)}, not ${expected.bucket}`,
    };
  const silent = isLevelImplied === true && expected.isShadow !== true ? 'neutral' : 'notProven';
  if (isShadow === null)
    return { ...common, verdict: silent, text: 'the answer does not say whether it was in shadow' };
  const last = reports.at(-1);
  // Without a flag of its own it is as the server says.
  const wanted = expected.isShadow ?? (last === undefined ? null : flagIn(last, expected)) ?? false;
  const isRight = isShadow === wanted;
  if (!isRight && !wanted && decidedBy !== null) {
    const text = `the override ${quoteOutside(decidedBy, 60)} decides there and is in shadow, which shows nothing of the flag`;
    return { ...common, verdict: silent, text };
  }
  return {
    ...common,
    verdict: isRight ? 'proven' : 'contradicted',
    text: `a real request met ${expected.bucket} ${inWords(isShadow)}`,
  };
}

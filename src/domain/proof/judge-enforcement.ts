import type { Policy, ProbeAnswer } from '../control-plane.js';
import { effectivePolicy, loadOverrides, matchOverride, type LoadedOverrides } from '../policy/matching.js';
import { quoteOutside } from '../outside-text.js';
import type { ProbeObservation } from './observations.js';
import { fieldsInWords, type EnforcedField, type Evidence } from './proof.js';

type Line = Pick<Evidence, 'verdict' | 'text' | 'enforced' | 'loadedOnly' | 'isServerShadow' | 'isBaseUnknown'>;

/** What a probe is judged by. */
export interface ProbeStandards {
  readonly loaded: LoadedOverrides;
  /** What was stored before the change, `null`: nothing; absent: nothing was changed. */
  readonly bytesBefore?: Uint8Array | null | undefined;
  /** True: nobody asked for `enforced` by name, so what no header can show is no failure. */
  readonly isLevelImplied?: boolean | undefined;
}

/**
 * What one probe shows about enforcement, by the limiter's own headers: they tell bucket, burst and shadow, never the
 * rate. The line claims the fields that a header showed, and no other.
 */
export function judgeProbe(standards: ProbeStandards, probe: ProbeObservation): Evidence {
  const base: Pick<Evidence, 'subject' | 'source' | 'route'> = {
    subject: 'enforcement',
    source: `${probe.method ?? 'GET'} ${quoteOutside(probe.url, 120)}`,
    route: probe.route,
  };
  const { answer } = probe;
  if (answer === null)
    return { ...base, verdict: 'notProven', text: `the probe got no answer: ${probe.failure ?? 'it was not sent'}` };
  return { ...base, ...judgeHeaders(standards, probe, answer) };
}

function judgeHeaders(standards: ProbeStandards, probe: ProbeObservation, answer: ProbeAnswer): Line {
  if (answer.limit === null && answer.isShadow === null) {
    const how = answer.status === 429 ? 'was refused with 429' : `was answered with ${answer.status}`;
    return notProven(`the probe ${how} without rate-limit headers, which shows nothing about this limiter`);
  }
  if (probe.bucket !== null && answer.bucket !== null && probe.bucket !== answer.bucket) {
    return notProven(`the probe met the bucket "${quoteOutside(answer.bucket, 40)}", not "${probe.bucket}"`);
  }
  if (probe.base === null) return judgeWithoutBase(standards, probe.route, answer);
  return compareHeaders(standards, probe.route, probe.base, answer);
}

/**
 * Where an override takes every route, no answer shows the bucket's own policy. A request that is let through by a shadow
 * meets what is stored all the same, though perhaps not because of it; one that is not does not meet it.
 */
function judgeWithoutBase({ loaded, bytesBefore }: ProbeStandards, route: string, { isShadow }: ProbeAnswer): Line {
  const wanted = matchOverride(loaded, route)?.fields?.isShadow;
  const isTouched =
    bytesBefore === undefined || matchOverride(loadOverrides(bytesBefore), route)?.fields?.isShadow !== wanted;
  const unknown = "the bucket's own limit is not known, so the headers cannot tell it from an override";
  if (wanted === undefined || isShadow === null) return notProven(unknown);
  const header = `X-RateLimit-Shadow ${isShadow}`;
  if (isShadow !== wanted)
    return { verdict: 'contradicted', text: `the probe did not meet the override: ${header} instead of ${wanted}` };
  if (!isShadow || !isTouched) return notProven(unknown);
  const text = `the probe met what is stored: ${header}; whether the bucket is in shadow by itself is not known`;
  return { verdict: 'proven', text, enforced: ['isShadow'], loadedOnly: [], isBaseUnknown: true };
}

function compareHeaders(standards: ProbeStandards, route: string, base: Policy, answer: ProbeAnswer): Line {
  const winner = matchOverride(standards.loaded, route);
  const expected = effectivePolicy(base, winner);
  const limit = compareHeader('X-RateLimit-Limit', answer.limit, expected.burst + 1, base.burst + 1);
  const shadow = compareHeader('X-RateLimit-Shadow', answer.isShadow, expected.isShadow, base.isShadow);
  const seen = [limit.text, shadow.text].filter((text) => text !== '').join(', ');
  if (limit.kind === 'asBase' || shadow.kind === 'asBase') {
    return { verdict: 'contradicted', text: `the probe met the bucket's own policy, not the override: ${seen}` };
  }
  // Another limiter may overwrite the limit, but the shadow header is this one's own.
  const isDoubtful = shadow.kind === 'foreign' || (limit.kind === 'foreign' && shadow.kind !== 'asStored');
  if (isDoubtful) return notProven(`the headers fit neither the override nor the bucket: ${seen}`);
  const claimed = claimedFields(standards, route, base, expected);
  const isShown = { ratePerMin: false, burst: limit.isExpected, isShadow: shadow.isExpected };
  const enforced = claimed.filter((field) => isShown[field]);
  const loadedOnly = claimed.filter((field) => !isShown[field]);
  const claims = { enforced, loadedOnly };
  if (enforced.length > 0) {
    const rest = loadedOnly.length === 0 ? '' : `; no header shows the ${fieldsInWords(loadedOnly)}`;
    const isServerShadow = answer.isShadow === true && winner?.fields?.isShadow !== true;
    const idle = isServerShadow ? '; nothing is blocked, because the server is in shadow, which no entry sets' : '';
    const text = `the probe met what is stored: ${seen}${rest}${idle}`;
    return { verdict: 'proven', text, ...claims, ...(isServerShadow ? { isServerShadow } : {}) };
  }
  if (loadedOnly.some((field) => field !== 'ratePerMin'))
    return {
      ...notProven(`the answer lacks the header that would show the ${fieldsInWords(loadedOnly)}: ${seen}`),
      ...claims,
    };
  if (winner === null && claimed.length === 0) {
    const text = `no stored override covers this path, so it shows nothing of one: ${seen}`;
    return { verdict: 'neutral', text, ...claims };
  }
  const text = `neither burst nor shadow tells here, and the headers cannot show a rate: ${seen}`;
  return { verdict: standards.isLevelImplied === true ? 'neutral' : 'notProven', text, ...claims };
}

const enforceable = ['ratePerMin', 'burst', 'isShadow'] as const satisfies readonly EnforcedField[];

/** The fields that are to be shown in force: those the change touched; where it touched none, those the override sets apart. */
function claimedFields(
  { bytesBefore }: ProbeStandards,
  route: string,
  base: Policy,
  expected: Policy,
): readonly EnforcedField[] {
  const before =
    bytesBefore === undefined ? null : effectivePolicy(base, matchOverride(loadOverrides(bytesBefore), route));
  const touched = before === null ? [] : enforceable.filter((field) => expected[field] !== before[field]);
  return touched.length > 0 ? touched : enforceable.filter((field) => expected[field] !== base[field]);
}

interface HeaderCheck {
  /** `same`: with and without the override it would read alike. */
  readonly kind: 'asStored' | 'asBase' | 'foreign' | 'same' | 'absent';
  readonly text: string;
  /** True where the header came and says what is stored. */
  readonly isExpected: boolean;
}

function compareHeader<T extends number | boolean>(name: string, found: T | null, expected: T, base: T): HeaderCheck {
  const isExpected = found === expected;
  if (found === null) return { kind: 'absent', text: '', isExpected };
  const text = found === expected ? `${name} ${found}` : `${name} ${found} instead of ${expected}`;
  if (expected === base) return { kind: isExpected ? 'same' : 'foreign', text, isExpected };
  return { kind: isExpected ? 'asStored' : found === base ? 'asBase' : 'foreign', text, isExpected };
}

function notProven(text: string): Line {
  return { verdict: 'notProven', text };
}

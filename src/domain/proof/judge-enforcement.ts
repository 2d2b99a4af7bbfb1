import type { Policy, ProbeAnswer } from '../control-plane.js';
import { effectivePolicy, matchOverride, type LoadedOverride, type LoadedOverrides } from '../policy/matching.js';
import { quoteOutside } from '../outside-text.js';
import type { ProbeObservation } from './observations.js';
import type { Evidence } from './proof.js';

type Line = Pick<Evidence, 'verdict' | 'text'>;

/** What one probe shows about enforcement, by the limiter's own headers: they tell bucket, burst and shadow, never the rate. */
export function judgeProbe(loaded: LoadedOverrides, probe: ProbeObservation): Evidence {
  const base: Pick<Evidence, 'subject' | 'source' | 'route'> = {
    subject: 'enforcement',
    source: `GET ${quoteOutside(probe.url, 120)}`,
    route: probe.route,
  };
  const { answer } = probe;
  if (answer === null)
    return { ...base, verdict: 'notProven', text: `the probe got no answer: ${probe.failure ?? 'it was not sent'}` };
  return { ...base, ...judgeHeaders(loaded, probe, answer) };
}

function judgeHeaders(loaded: LoadedOverrides, probe: ProbeObservation, answer: ProbeAnswer): Line {
  if (answer.limit === null && answer.isShadow === null) {
    const how = answer.status === 429 ? 'was refused with 429' : `was answered with ${answer.status}`;
    return notProven(`the probe ${how} without rate-limit headers, which shows nothing about this limiter`);
  }
  if (probe.bucket !== null && answer.bucket !== null && probe.bucket !== answer.bucket) {
    return notProven(`the probe met the bucket "${quoteOutside(answer.bucket, 40)}", not "${probe.bucket}"`);
  }
  if (probe.base === null)
    return notProven("the bucket's own limit is not known, so the headers cannot tell it from an override");
  return compareHeaders(matchOverride(loaded, probe.route), probe.base, answer);
}

function compareHeaders(winner: LoadedOverride | null, base: Policy, answer: ProbeAnswer): Line {
  const expected = effectivePolicy(base, winner);
  const limit = compareHeader('X-RateLimit-Limit', answer.limit, expected.burst + 1, base.burst + 1);
  const shadow = compareHeader('X-RateLimit-Shadow', answer.isShadow, expected.isShadow, base.isShadow);
  const seen = [limit.text, shadow.text].filter((text) => text !== '').join(', ');
  if (limit.kind === 'asBase' || shadow.kind === 'asBase') {
    return { verdict: 'contradicted', text: `the probe met the bucket's own policy, not the override: ${seen}` };
  }
  const isProven = limit.kind === 'asStored' || shadow.kind === 'asStored' || winner === null;
  // Another limiter may overwrite the limit, but the shadow header is this one's own.
  const isDoubtful = shadow.kind === 'foreign' || (limit.kind === 'foreign' && shadow.kind !== 'asStored');
  if (isDoubtful) return notProven(`the headers fit neither the override nor the bucket: ${seen}`);
  if (isProven) return { verdict: 'proven', text: `the probe met what is stored: ${seen}` };
  return notProven(`the override changes neither burst nor shadow here, and the headers cannot show a rate: ${seen}`);
}

interface HeaderCheck {
  /** `same`: with and without the override it would read alike. */
  readonly kind: 'asStored' | 'asBase' | 'foreign' | 'same' | 'absent';
  readonly text: string;
}

function compareHeader<T extends number | boolean>(name: string, found: T | null, expected: T, base: T): HeaderCheck {
  if (found === null) return { kind: 'absent', text: '' };
  const text = found === expected ? `${name} ${found}` : `${name} ${found} instead of ${expected}`;
  if (expected === base) return { kind: found === expected ? 'same' : 'foreign', text };
  return { kind: found === expected ? 'asStored' : found === base ? 'asBase' : 'foreign', text };
}

function notProven(text: string): Line {
  return { verdict: 'notProven', text };
}

import { blockShareThreshold } from '../../domain/decisions/alerts.js';
import type { BucketDecisions, Decisions } from '../../domain/decisions/decisions.js';
import type { LintRuleName } from '../../domain/lint/rules.js';
import type { BucketTraffic, LintKnowledge } from '../../domain/lint/subject.js';
import type { Part } from '../../domain/part.js';

/** A rule that could not be asked, and why. */
export interface UncheckedRule {
  readonly rule: LintRuleName;
  readonly because: string;
}

/** Why the traffic of no bucket could be looked at; empty: that of one could. */
export function withoutTraffic(read: Part<Decisions>, buckets: LintKnowledge['buckets']): readonly UncheckedRule[] {
  const because =
    read.state === 'failed'
      ? read.error.message
      : read.state === 'notAsked'
        ? 'neither prometheus nor metrics is configured'
        : trafficOf(read.value, buckets).length === 0
          ? `no configured bucket has ${leastDecisions} decisions in the window, and a count of those over the limit`
          : null;
  return because === null ? [] : [{ rule: 'rate-below-traffic', because }];
}

/** Fewer requests than this tell nothing of what callers need. */
const leastDecisions = 100;

/** The traffic of every configured bucket whose metrics tell enough; empty: none do. */
export function trafficOf(decisions: Decisions | null, buckets: LintKnowledge['buckets']): readonly BucketTraffic[] {
  if (decisions === null) return [];
  return decisions.buckets.flatMap((each) => {
    const configured = buckets.get(each.bucket);
    const over = overLimit(each);
    if (configured === undefined || over === null || each.total === null || each.total < leastDecisions) return [];
    return {
      bucket: each.bucket,
      perMinute: (each.total * 60_000) / decisions.windowMs,
      overShare: over / each.total,
      threshold: blockShareThreshold([each.bucket, ...configured.alias]),
      windowMs: decisions.windowMs,
    };
  });
}

/** Requests over their limit, refused or only counted; `null`: no data on either. */
function overLimit({ blocked, shadowBlocked }: BucketDecisions): number | null {
  if (blocked.count === null && shadowBlocked.count === null) return null;
  return (blocked.count ?? 0) + (shadowBlocked.count ?? 0);
}

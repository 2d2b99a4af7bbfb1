import { blockShareThreshold } from '../../domain/decisions/alerts.js';
import type { BucketDecisions, Decisions } from '../../domain/decisions/decisions.js';
import { RlctlError } from '../../domain/errors.js';
import { lintDocument, type LintOrigin } from '../../domain/lint/lint.js';
import { TextPlaces, type TextPlace } from '../../domain/lint/places.js';
import type { LintRuleName } from '../../domain/lint/rules.js';
import {
  blankSubject,
  lintSubject,
  type BucketTraffic,
  type LintKnowledge,
  type LintSubject,
} from '../../domain/lint/subject.js';
import type { LocatedFinding } from '../../domain/located-finding.js';
import { partOf, valueOf, type Part } from '../../domain/part.js';
import type { CommandAddress } from '../../domain/printed-command.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import { shareOf } from '../share.js';

/** A rule that could not be asked, and why. */
export interface UncheckedRule {
  readonly rule: LintRuleName;
  readonly because: string;
}

export interface LintReport {
  /** The file as it was named (`-`: stdin), or the Redis key. */
  readonly source: string;
  /** The stored document's revision; `null`: it was a file. */
  readonly revision: string | null;
  /** Entries as the server counts keys; 0 where it cannot read the document. */
  readonly entryCount: number;
  /** Bytes. */
  readonly size: number;
  readonly notChecked: readonly UncheckedRule[];
  /** The worst first. */
  readonly findings: readonly LocatedFinding[];
}

export interface LintInput {
  readonly buckets: LintKnowledge['buckets'];
  /** Rules that are left out. */
  readonly ignored: ReadonlySet<string>;
}

/** A document that was read from a file, and where each of its bytes stands there. */
export interface ReadDocument {
  readonly bytes: Uint8Array;
  readonly placeOf: (offset: number) => TextPlace;
}

/** Reads a document as somebody keeps it: the JSON text that Redis would hold. */
export function readDocumentFile(bytes: Uint8Array): ReadDocument {
  const places = new TextPlaces(bytes);
  return { bytes, placeOf: (offset) => places.placeOf(offset) };
}

/** Checks a document on disk. Reaches nothing, and throws nothing: what cannot be read is a finding. */
export function lintFile(text: Uint8Array, file: string, { buckets, ignored }: LintInput): LintReport {
  const { bytes, placeOf } = readDocumentFile(text);
  const subject = lintSubject(bytes, { buckets, traffic: [] });
  const origin: LintOrigin = { kind: 'file', file, placeOf };
  return {
    source: file,
    revision: null,
    entryCount: subject.entries.length,
    size: text.length,
    notChecked: wanted(ignored, [
      ...withoutBuckets(buckets),
      { rule: 'rate-below-traffic', because: 'no metrics are asked about a file' },
    ]),
    findings: lintDocument(subject, origin, ignored),
  };
}

export interface LintPorts {
  readonly store: OverrideStore;
  readonly clock: Clock;
  readonly deadline: Deadline;
  /** What the metrics tell of each bucket; `null`: nothing is configured for them. */
  readonly decisions: ((deadline: Deadline) => Promise<Decisions>) | null;
}

/**
 * Checks the stored document, with the traffic of its buckets where metrics are configured. Changes nothing. A document
 * that cannot be read is a finding; throws what the store throws otherwise.
 */
export async function lintStored(
  { store, clock, deadline, decisions }: LintPorts,
  input: LintInput & { readonly key: string; readonly address: CommandAddress },
): Promise<LintReport> {
  const { buckets, ignored, key, address } = input;
  const share = shareOf(deadline, clock);
  const [stored, read] = await Promise.all([
    readStored(store, deadline, key),
    partOf(decisions && (() => decisions(share))),
  ]);
  if (deadline.interrupted.aborted) throw deadline.interrupted.reason;
  const subject = subjectOf(stored, { buckets, traffic: trafficOf(valueOf(read), buckets) });
  return {
    source: key,
    revision: typeof stored === 'number' ? null : stored.revision,
    entryCount: subject.entries.length,
    size: typeof stored === 'number' ? stored : (stored.bytes?.length ?? 0),
    notChecked: wanted(ignored, [...withoutBuckets(buckets), ...withoutTraffic(read, buckets)]),
    findings: lintDocument(subject, { kind: 'stored', address }, ignored),
  };
}

/** Nobody misses a rule that was left out. */
function wanted(ignored: ReadonlySet<string>, rules: readonly UncheckedRule[]): readonly UncheckedRule[] {
  return rules.filter(({ rule }) => !ignored.has(rule));
}

/** The document; where it is too large to be fetched, its size. */
async function readStored(store: OverrideStore, deadline: Deadline, key: string): Promise<StoredOverrides | number> {
  try {
    return await store.read(deadline);
  } catch (error) {
    const { key: what, bytes } = (error instanceof RlctlError && error.details) || {};
    const isTooLarge = error instanceof RlctlError && error.code === 'DOCUMENT_TOO_LARGE' && what === key;
    if (isTooLarge && typeof bytes === 'number') return bytes;
    throw error;
  }
}

function subjectOf(stored: StoredOverrides | number, knowledge: LintKnowledge): LintSubject {
  if (typeof stored === 'number') return blankSubject(stored, knowledge);
  const { bytes, type } = stored;
  if (type === 'string' || type === 'none') return lintSubject(bytes ?? Buffer.from('{}'), knowledge);
  const fault = { reason: `the key holds a ${type}, not a string`, at: null };
  return { ...blankSubject(0, knowledge), fault };
}

function withoutBuckets(buckets: LintKnowledge['buckets']): readonly UncheckedRule[] {
  const isKnown = [...buckets.values()].some(({ routes }) => routes.length > 0);
  return isKnown ? [] : [{ rule: 'wide-shadow', because: 'no routes of buckets are configured' }];
}

function withoutTraffic(read: Part<Decisions>, buckets: LintKnowledge['buckets']): readonly UncheckedRule[] {
  const because =
    read.state === 'failed'
      ? read.error.message
      : read.state === 'notAsked'
        ? 'neither prometheus nor metrics is configured'
        : trafficOf(read.value, buckets).length === 0
          ? `no bucket with configured routes has ${leastDecisions} decisions in the window`
          : null;
  return because === null ? [] : [{ rule: 'rate-below-traffic', because }];
}

/** Fewer requests than this tell nothing of what callers need. */
const leastDecisions = 100;

function trafficOf(decisions: Decisions | null, buckets: LintKnowledge['buckets']): readonly BucketTraffic[] {
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

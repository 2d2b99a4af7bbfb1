import type { Decisions } from '../../domain/decisions/decisions.js';
import { RlctlError } from '../../domain/errors.js';
import { lintDocument, type LintOrigin } from '../../domain/lint/lint.js';
import type { FileSource } from '../../domain/overrides-file/read-file.js';
import { blankSubject, lintSubject, type LintKnowledge, type LintSubject } from '../../domain/lint/subject.js';
import type { LocatedFinding } from '../../domain/located-finding.js';
import { defaultMaxDocumentBytes } from '../../domain/override/document.js';
import { isDocumentGone } from '../../domain/override/document-gone.js';
import { partOf, valueOf } from '../../domain/part.js';
import type { CommandAddress } from '../../domain/printed-command.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import { shareOf } from '../share.js';
import { readDocumentFile } from './lint-file.js';
import { trafficOf, withoutTraffic, type UncheckedRule } from './lint-traffic.js';

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

/** Checks a document on disk. Reaches nothing, and throws nothing: what cannot be read is a finding. */
export function lintFile(text: Uint8Array, from: FileSource, { buckets, ignored }: LintInput): LintReport {
  const isTooLarge = text.length > defaultMaxDocumentBytes;
  const { bytes, placeOf, faults: fileFaults } = readDocumentFile(isTooLarge ? Buffer.from('{}') : text, from);
  const knowledge = { buckets, traffic: [] };
  const isBlank = isTooLarge || fileFaults.length > 0;
  const subject = isBlank ? { ...blankSubject(text.length, knowledge), fileFaults } : lintSubject(bytes, knowledge);
  const origin: LintOrigin = { kind: 'file', file: from.file, placeOf };
  return {
    source: from.file,
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
  if (isDocumentGone(stored)) return { ...blankSubject(0, knowledge), isGone: true };
  if (type === 'string' || type === 'none') return lintSubject(bytes ?? Buffer.from('{}'), knowledge);
  const fault = { reason: `the key holds a ${type}, not a string`, at: null };
  return { ...blankSubject(0, knowledge), fault };
}

function withoutBuckets(buckets: LintKnowledge['buckets']): readonly UncheckedRule[] {
  const isKnown = [...buckets.values()].some(({ routes }) => routes.length > 0);
  return isKnown ? [] : [{ rule: 'wide-shadow', because: 'no routes of buckets are configured' }];
}

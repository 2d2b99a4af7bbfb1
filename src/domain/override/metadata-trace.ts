import { revisionOf, type Revision } from '../revision.js';
import type { HistoryBody, HistoryEntry } from './history.js';

/** What a read tells of the metadata and of the last recorded change. */
export interface MetadataSeen {
  /** The metadata as stored; `null`: absent. */
  readonly metadata: string | null;
  readonly lastEntry: HistoryEntry | null;
}

function revisionOfMetadata(metadata: string | null): Revision {
  return revisionOf(metadata === null ? null : Buffer.from(metadata));
}

/** True where the metadata beside the document is not what the last recorded change left. */
export function isMetadataForeign({ metadata, lastEntry }: MetadataSeen): boolean {
  const left = lastEntry?.body?.metadataRevision;
  return left !== undefined && left !== revisionOfMetadata(metadata);
}

/**
 * What a change records of the metadata: what it leaves, and what it found where somebody had changed that past rlctl.
 * `next`: the metadata to store; `null`: it stays as it is.
 */
export function metadataTrace(
  seen: MetadataSeen,
  next: string | null,
): Pick<HistoryBody, 'metadataRevision' | 'metadataFound'> {
  const left = { metadataRevision: revisionOfMetadata(next ?? seen.metadata) };
  return isMetadataForeign(seen) ? { ...left, metadataFound: seen.metadata } : left;
}

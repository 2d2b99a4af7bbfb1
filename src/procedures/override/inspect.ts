import { usageError } from '../../domain/errors.js';
import { nearNames } from '../../domain/near-names.js';
import { hiddenBy } from '../../domain/override/diff.js';
import { findMember, rawValue, type OverrideDocument } from '../../domain/override/document.js';
import { readEntryFields, type EntryField } from '../../domain/override/entry.js';
import { parseMetadata, type RouteMetadata } from '../../domain/override/metadata.js';
import { loadOverrides, type LoadedOverride } from '../../domain/policy/matching.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { readable, type StorePorts } from './plan.js';

/** One stored override, as it stands and as the server reads it. */
export interface ListedOverride {
  readonly prefix: string;
  /** Position in matching order, from 0. */
  readonly index: number;
  readonly raw: string;
  /** The stored fields; `null`: the value is no object, and the server drops it. */
  readonly fields: readonly EntryField[] | null;
  /** How the server reads it; `null`: it drops the entry while loading. */
  readonly loaded: LoadedOverride | null;
  /** The earlier prefix that takes every route this one could match; `null`: none. */
  readonly hiddenBy: string | null;
  /** Who, when, why; `null`: not set with rlctl, or changed past it since. */
  readonly metadata: RouteMetadata | null;
}

export interface OverrideListing {
  readonly stored: StoredOverrides;
  readonly document: OverrideDocument;
  readonly overrides: readonly ListedOverride[];
  /** True where the document was changed past rlctl after its last recorded change. */
  readonly isForeign: boolean;
}

/** Reads every override in matching order. Throws guards for a document that cannot be read. */
export async function listOverrides(ports: Pick<StorePorts, 'store' | 'deadline'>): Promise<OverrideListing> {
  return listingOf(await ports.store.read(ports.deadline));
}

/** Every override of what was read. Throws guards for a document that cannot be read. */
export function listingOf(stored: StoredOverrides): OverrideListing {
  const document = readable(stored, false);
  if (document === null) throw new TypeError('an unreadable document cannot be listed');
  const hidden = hiddenBy(document);
  const metadata = parseMetadata(stored.metadata);
  const loaded = new Map(loadOverrides(stored.bytes).entries.map((entry) => [entry.prefix, entry]));
  const overrides = document.members.map((member) => {
    const raw = rawValue(document, member);
    return {
      prefix: member.key,
      index: member.index,
      raw,
      fields: readEntryFields(raw),
      loaded: loaded.get(member.key) ?? null,
      hiddenBy: hidden.get(member.key) ?? null,
      metadata: metadata.routes.get(member.key) ?? null,
    };
  });
  const isForeign = stored.lastEntry !== null && stored.lastEntry.next !== stored.revision;
  return { stored, document, overrides, isForeign };
}

/** One override of a listing; throws a usage error that names the nearest prefixes where there is none. */
export function findListed(listing: OverrideListing, prefix: string): ListedOverride {
  const member = findMember(listing.document, prefix);
  const found = member === undefined ? undefined : listing.overrides[member.index];
  if (found !== undefined) return found;
  const near = nearNames(prefix, listing.document.byKey.keys());
  const hint =
    near.length > 0
      ? `Near it there are: ${near.map((each) => JSON.stringify(each)).join(', ')}.`
      : 'See what there is with: rlctl override list';
  throw usageError(`there is no override ${JSON.stringify(prefix)}`, hint, 'OVERRIDE_MISSING');
}

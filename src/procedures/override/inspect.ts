import { RlctlError, usageError } from '../../domain/errors.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { nearNames } from '../../domain/near-names.js';
import { HiddenPrefixes } from '../../domain/override/diff.js';
import { findMember, rawValue, type DocumentMember, type OverrideDocument } from '../../domain/override/document.js';
import { readEntryFields, type EntryField } from '../../domain/override/entry.js';
import { pendingEnds, type PendingEnd } from '../../domain/override/expiry.js';
import { parseMetadata, type OverrideMetadata, type RouteMetadata } from '../../domain/override/metadata.js';
import { isAsWritten } from '../../domain/override/metadata-change.js';
import { shellWords } from '../../domain/shell-words.js';
import { loadOverrides, type LoadedOverride } from '../../domain/policy/matching.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { assertNotGone } from './lost-document.js';
import { readHistory } from './recorded.js';
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
  /** Who set it with rlctl last, when, why; `null`: nobody. */
  readonly metadata: RouteMetadata | null;
  /** True where its value is seen not to be the one that this author left: somebody changed it past rlctl since. */
  readonly isChangedPast: boolean;
  /** When it ends by itself, and what returns then; `null`: it stays. */
  readonly end: PendingEnd | null;
}

export interface OverrideListing {
  readonly stored: StoredOverrides;
  readonly document: OverrideDocument;
  readonly overrides: readonly ListedEntry[];
  /** What has no entry now and an end, the soonest first: removed for a while, or (`wrote`) taken out past rlctl. */
  readonly removed: readonly PendingEnd[];
  /** True where the document was changed past rlctl after its last recorded change. */
  readonly isForeign: boolean;
}

/** Reads every override in matching order. Throws guards for a document that cannot be read. */
export async function listOverrides(ports: Pick<StorePorts, 'store' | 'deadline'>): Promise<OverrideListing> {
  const listing = listingOf(await ports.store.read(ports.deadline));
  const left = await leftByAuthors(ports, listing);
  const overrides = listing.overrides.map((each) => {
    const after =
      each.metadata?.wrote !== undefined || each.metadata === null
        ? undefined
        : left.get(each.metadata.changeId)?.get(each.prefix);
    return after === undefined ? each : each.comparedWith(after);
  });
  return { ...listing, overrides };
}

/** History entries that are read to find out what authors left, at most. */
const mostEntries = 300;

/**
 * What each author's change left of its routes, by change id, as far back as is looked; a user may lack the right to. Only
 * where the metadata does not say it itself, as older versions wrote it.
 */
async function leftByAuthors(
  ports: Pick<StorePorts, 'store' | 'deadline'>,
  { stored, overrides }: OverrideListing,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string | null>>> {
  const isSilent = ({ metadata }: ListedOverride): boolean => metadata !== null && metadata.wrote === undefined;
  const wanted = new Set(overrides.filter(isSilent).map(({ metadata }) => metadata?.changeId ?? ''));
  if (wanted.size === 0) return new Map();
  const isEnough = (entries: readonly HistoryEntry[]): boolean => {
    const found = new Set(entries.map(({ changeId, kind }) => (kind === 'change' ? changeId : '')));
    return entries.length >= mostEntries || [...wanted].every((id) => found.has(id));
  };
  const last = stored.lastEntry === null ? [] : [stored.lastEntry];
  const entries = isEnough(last) ? last : await readHistory(ports, isEnough).catch(nothingWhereRefused);
  const changes = entries.filter(({ kind }) => kind === 'change');
  return new Map(
    changes.map(({ changeId, body }) => [changeId, new Map(body?.routes.map(({ route, after }) => [route, after]))]),
  );
}

function nothingWhereRefused(error: unknown): readonly HistoryEntry[] {
  if (error instanceof RlctlError && error.kind === 'refused') return [];
  throw error;
}

/** True where the document was changed past rlctl after its last recorded change. */
export function isChangedPast({ lastEntry, revision }: Pick<StoredOverrides, 'lastEntry' | 'revision'>): boolean {
  return lastEntry !== null && lastEntry.next !== revision;
}

/** Every override of what was read. Throws guards for a document that cannot be read. */
export function listingOf(stored: StoredOverrides): OverrideListing {
  const document = readable(stored, false);
  if (document === null) throw new TypeError('an unreadable document cannot be listed');
  const metadata = parseMetadata(stored.metadata);
  const ends = pendingEnds(metadata);
  const facts = new ListingFacts(stored, document, metadata, new Map(ends.map((each) => [each.route, each])));
  const overrides = document.members.map((member) => new ListedEntry(facts, member));
  const removed = ends.filter(({ route }) => findMember(document, route) === undefined);
  return { stored, document, overrides, removed, isForeign: isChangedPast(stored) };
}

/** What is known of a document as a whole, found out when it is first asked for: a document may hold 100,000 entries. */
class ListingFacts {
  readonly hidden: HiddenPrefixes;
  #loaded: ReadonlyMap<string, LoadedOverride> | null = null;

  constructor(
    readonly stored: StoredOverrides,
    readonly document: OverrideDocument,
    readonly metadata: OverrideMetadata,
    readonly ends: ReadonlyMap<string, PendingEnd>,
  ) {
    this.hidden = new HiddenPrefixes(document);
  }

  get loaded(): ReadonlyMap<string, LoadedOverride> {
    return (this.#loaded ??= new Map(loadOverrides(this.stored.bytes).entries.map((entry) => [entry.prefix, entry])));
  }
}

/** One entry, read as far as it is looked at. */
class ListedEntry implements ListedOverride {
  readonly #facts: ListingFacts;
  readonly #member: DocumentMember;
  readonly #isChangedPast: boolean | null;

  /** `isPast`: whether the history says that it was changed past rlctl; `null`: the metadata tells. */
  constructor(facts: ListingFacts, member: DocumentMember, isPast: boolean | null = null) {
    this.#facts = facts;
    this.#member = member;
    this.#isChangedPast = isPast;
  }

  get prefix(): string {
    return this.#member.key;
  }

  get index(): number {
    return this.#member.index;
  }

  get raw(): string {
    return rawValue(this.#facts.document, this.#member);
  }

  get fields(): readonly EntryField[] | null {
    return readEntryFields(this.raw);
  }

  get loaded(): LoadedOverride | null {
    return this.#facts.loaded.get(this.prefix) ?? null;
  }

  get hiddenBy(): string | null {
    return this.#facts.hidden.hiderOf(this.#member) ?? null;
  }

  get metadata(): RouteMetadata | null {
    return this.#facts.metadata.routes.get(this.prefix) ?? null;
  }

  get isChangedPast(): boolean {
    const { metadata } = this;
    return this.#isChangedPast ?? (metadata !== null && !isAsWritten(metadata, this.raw));
  }

  get end(): PendingEnd | null {
    return this.#facts.ends.get(this.prefix) ?? null;
  }

  /** The same entry, of which the history says what its author left. */
  comparedWith(left: string | null): ListedEntry {
    return new ListedEntry(this.#facts, this.#member, left !== this.raw);
  }
}

/** One override of a listing; throws a usage error that names the nearest prefixes where there is none. */
export function findListed(listing: OverrideListing, prefix: string): ListedOverride {
  const member = findMember(listing.document, prefix);
  const found = member === undefined ? undefined : listing.overrides[member.index];
  if (found !== undefined) return found;
  assertNotGone(listing.stored);
  const end = listing.removed.find(({ route }) => route === prefix);
  if (end !== undefined) throw removedForNow(end);
  const near = nearNames(prefix, listing.document.byKey.keys());
  const hint =
    near.length > 0
      ? `Near it there are: ${near.map((each) => JSON.stringify(each)).join(', ')}.`
      : 'See what there is with: rlctl override list';
  throw usageError(`there is no override ${JSON.stringify(prefix)}`, hint, 'OVERRIDE_MISSING');
}

function removedForNow({ route, untilMs, wrote, previous }: PendingEnd): RlctlError {
  const history = shellWords(['rlctl', 'override', 'history', route]);
  if (wrote !== null)
    return usageError(
      `there is no override ${JSON.stringify(route)}: it was set until ${new Date(untilMs).toISOString()}, and somebody took it out past rlctl`,
      `To bring it back, set it again: ${shellWords(['rlctl', 'override', 'set', route, '--rate', 'N'])}; to keep it out: ${shellWords(['rlctl', 'override', 'unset', route])}; see what it was with: ${history}`,
      'OVERRIDE_MISSING',
    );
  return usageError(
    `there is no override ${JSON.stringify(route)}: it is removed until ${new Date(untilMs).toISOString()}, when ${previous.value ?? 'nothing'} returns`,
    `To bring it back now, set it again: ${shellWords(['rlctl', 'override', 'set', route, '--rate', 'N'])}; see who removed it with: ${history}`,
    'OVERRIDE_MISSING',
  );
}

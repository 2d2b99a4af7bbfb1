import { RlctlError } from '../../domain/errors.js';
import type { GuardsSaid } from '../../domain/guard/verdict.js';
import { diffDocuments, hiddenBy, hidingPrefix, keptDiff, type RouteDiff } from '../../domain/override/diff.js';
import { findMember, rawValue, scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import type { DumpAge } from '../../domain/override/dump-age.js';
import type { Edit } from '../../domain/override/edit.js';
import { endAtMs, type End } from '../../domain/override/end.js';
import { anewRemarks } from '../../domain/override/lost-history.js';
import { parseMetadata, type OverrideMetadata, type RouteMetadata } from '../../domain/override/metadata.js';
import { revisionOf, type Revision } from '../../domain/revision.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import type { Randomness } from '../../ports/randomness.js';
import type { Objection } from '../shadow/objection.js';
import { endRemarks, withKept } from './plan-end.js';

/** The ports of everything that works on the override document. */
export interface StorePorts {
  readonly store: OverrideStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly deadline: Deadline;
}

/** What a change says of the entries that it writes, beside their values. */
export interface ChangeTerms {
  /** When they end by themselves, epoch milliseconds; absent: they are permanent. */
  readonly untilMs?: number;
  /** What manages them; absent: whoever managed them before. */
  readonly owner?: string;
  /** The names of the guard rules that were overridden; absent: none. */
  readonly guards?: readonly string[];
  /** The revision that is brought back; absent: none is. */
  readonly restores?: Revision;
  /** The longer operations that it is a part of, outermost first; absent: none. */
  readonly partOf?: readonly OperationRef[];
  /** Prefixes that it found as it wants them and stands on, beside those that it changes; absent: none. */
  readonly found?: readonly string[];
  /** Prefixes of what it takes back that it leaves as they are, because something else stands on them; absent: none. */
  readonly leaves?: readonly string[];
}

/** What somebody wants to do to the document. */
export interface ChangeIntent {
  /** `override set`: written into the history. */
  readonly command: string;
  /**
   * Computes the edit on the document as it stands; called again on fresh bytes when somebody else was faster. `null` as
   * document: what is stored cannot be read, and the intent overwrites it. Throws where the edit is impossible.
   */
  edit(document: OverrideDocument | null, stored: StoredOverrides): Promise<Edit> | Edit;
  /** The change id it takes back; `null`: an ordinary change. Known once `edit` has run. */
  undoes(): string | null;
  /** Further change ids that it takes back; known once `edit` has run. Absent: none. */
  alsoUndoes?(): readonly string[];
  /** What else somebody should know of the edit, in sentences; known once `edit` has run. Absent: nothing. */
  remarks?(): readonly string[];
  /** What became of the document since the file of the intent was dumped; known once `edit` has run. Absent: no file. */
  dumpAge?(): DumpAge | null;
  /** Routes it should have found and did not; known once `edit` has run. Absent: it looks for none. */
  missing?(): readonly MissingOverride[];
  /** What is recorded beside the values; known once `edit` has run. Absent: nothing. */
  terms?(): ChangeTerms;
  /** When what it writes is to end by itself; absent: what it writes stays, and no end was asked for. */
  readonly end?: End;
  /**
   * The metadata of routes whose state it brings back as it was (`null`: none); known once `edit` has run. Absent, and
   * of every other route that it touches: that of its author.
   */
  restored?(): ReadonlyMap<string, RouteMetadata | null>;
  /**
   * Judges what would be written, each time that it is computed: throws where it may not be written on these bytes.
   * Absent: nothing judges it.
   */
  check?(plan: ChangePlan): Promise<void> | void;
  /** What keeps it from coming to what it is for once `after`, the document it leaves, is loaded. Absent, and `null`: nothing. */
  objection?(after: Uint8Array): Objection | null;
  /** What guards say of the plan that was checked last. Absent: there are none, or none is asked. */
  guards?(): GuardsSaid;
  /**
   * True: where somebody else was faster on a touched route, it is computed anew instead of being refused, because it
   * follows from what is stored alone. Absent: false.
   */
  readonly isRecomputed?: boolean;
  /** The id under which it was made before, so that it is not made again; absent: it was not. */
  readonly madeBefore?: string;
  /** The routes it is about, also where nothing has to change. */
  readonly routes: readonly string[];
  /**
   * The routes that a file is about: an end that is said holds for those that are temporary now, and where none is said,
   * those of which the value stays keep theirs. Absent: it is no change by a file.
   */
  readonly fileRoutes?: readonly string[];
  /** Overwrite what cannot be read; its bytes are kept in the history. */
  readonly isForced: boolean;
  /** The revision the operator looked at (8 hex digits or more); `null`: whatever is stored. */
  readonly ifRevision: string | null;
}

/** An override that is not there, and the keys nearest to its own; none may be near. */
export interface MissingOverride {
  readonly route: string;
  readonly near: readonly string[];
}

/** A change computed and not yet made: what `--dry-run` prints, and what confirmation is asked for. */
export interface ChangePlan {
  readonly intent: ChangeIntent;
  readonly stored: StoredOverrides;
  /** The document before; `null`: it cannot be read and is replaced as a whole. */
  readonly document: OverrideDocument | null;
  readonly after: OverrideDocument;
  readonly edit: Edit;
  /** What is known of the stored entries beside their values. */
  readonly metadata: OverrideMetadata;
  /** When what it writes ends, epoch milliseconds, reckoned from the read; `null`: it stays. */
  readonly untilMs: number | null;
  /** What somebody should know of it, in sentences. */
  readonly remarks: readonly string[];
  readonly diff: readonly RouteDiff[];
  readonly revisionBefore: Revision;
  readonly revisionAfter: Revision;
  /** True: the document already is as wanted; nothing will be written. */
  readonly isNoop: boolean;
  /** Touched routes that an earlier entry hides after the change, and by which. */
  readonly hidden: ReadonlyMap<string, string>;
  /** Monotonic time of the read, ms: what the server's time is reckoned from. */
  readonly readAtMs: number;
}

/** Reads the document and computes a change on it. Writes nothing. */
export async function planChange(ports: StorePorts, intent: ChangeIntent): Promise<ChangePlan> {
  const stored = await ports.store.read(ports.deadline);
  return planOn(stored, intent, ports.clock.monotonicMs());
}

/** Computes a change on what is stored; pure but for an intent that reads the history. */
export async function planOn(stored: StoredOverrides, intent: ChangeIntent, readAtMs: number): Promise<ChangePlan> {
  checkRevision(stored, intent.ifRevision);
  const document = readable(stored, intent.isForced);
  const metadata = parseMetadata(stored.metadata);
  const edited = await intent.edit(document, stored);
  const untilMs = untilOf(intent, stored.serverTimeMs);
  const edit = document === null ? edited : withKept({ intent, metadata, document, edit: edited, untilMs });
  const after = scanDocument(edit.next);
  const isNoop = document !== null && edit.changes.length === 0 && edit.splices?.length === 0;
  const plan: ChangePlan = {
    intent,
    stored,
    document,
    after,
    edit,
    metadata,
    untilMs: isNoop ? null : untilMs,
    remarks: [
      ...(intent.remarks?.() ?? []),
      ...endRemarks({ intent, stored, metadata, edit, untilMs, isNoop }),
      ...(isNoop ? [] : anewRemarks(stored)),
    ],
    diff: isNoop ? [] : diffOf(document ?? scanDocument(null), after, intent, edit),
    revisionBefore: stored.revision,
    revisionAfter: isNoop ? stored.revision : revisionOf(edit.next),
    isNoop,
    hidden: hiddenAmong(
      after,
      edit.changes.map(({ route }) => route),
    ),
    readAtMs,
  };
  await intent.check?.(plan);
  return plan;
}

/**
 * When what an intent writes ends, epoch milliseconds, by the server's time now; `null`: it stays. Throws a usage error for
 * a time that has passed.
 */
export function untilOf(intent: ChangeIntent, serverTimeMs: number): number | null {
  return intent.end === undefined ? (intent.terms?.().untilMs ?? null) : endAtMs(intent.end, serverTimeMs);
}

/** What lies between two documents, and the routes of which only the metadata changes. */
function diffOf(
  before: OverrideDocument,
  after: OverrideDocument,
  { routes }: ChangeIntent,
  { changes }: Edit,
): readonly RouteDiff[] {
  const diff = diffDocuments(before, after, new Set(routes));
  const told = new Set(diff.map(({ route }) => route));
  return [...diff, ...changes.filter(({ route }) => !told.has(route)).map(keptDiff)];
}

/** The stored document; `null` where it cannot be read and the operator said to overwrite it. Throws guards otherwise. */
export function readable(stored: StoredOverrides, isForced: boolean): OverrideDocument | null {
  try {
    if (stored.type !== 'string' && stored.type !== 'none') throw wrongType(stored);
    return scanDocument(stored.bytes);
  } catch (error) {
    if (isForced && error instanceof RlctlError && error.kind === 'guard') return null;
    throw error;
  }
}

function wrongType(stored: StoredOverrides): RlctlError {
  return new RlctlError(
    'guard',
    `the key ${stored.key} holds a ${stored.type}, not the string that the limiter reads`,
    {
      code: 'KEY_WRONG_TYPE',
      hint: 'Find out who wrote it. "rlctl override repair" restores the last good document; --force overwrites it and keeps its contents in the history.',
      details: { key: stored.key, type: stored.type },
    },
  );
}

function checkRevision(stored: StoredOverrides, wanted: string | null): void {
  if (wanted === null || stored.revision.startsWith(wanted)) return;
  throw new RlctlError(
    'conflict',
    `the document is at revision ${stored.revision.slice(0, 12)}, not at ${wanted}; nothing was written`,
    {
      code: 'REVISION_MISMATCH',
      hint: 'See who changed it with "rlctl override history", then decide again on what is stored now: "rlctl override list" prints its revision.',
      details: { wanted, found: stored.revision },
    },
  );
}

/** Above this many routes it is cheaper to look at the whole document once. */
const fewRoutes = 16;

function hiddenAmong(document: OverrideDocument, routes: readonly string[]): ReadonlyMap<string, string> {
  const all = routes.length > fewRoutes ? hiddenBy(document) : null;
  return new Map(
    routes.flatMap((route) => {
      const by = all === null ? hidingPrefix(document, route) : all.get(route);
      return by === undefined ? [] : [[route, by] as const];
    }),
  );
}

/** The raw value a document holds for a route; `null`: none. */
export function rawOf(document: OverrideDocument | null, route: string): string | null {
  const member = document === null ? undefined : findMember(document, route);
  return document === null || member === undefined ? null : rawValue(document, member);
}

import { counted } from '../../domain/counted.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import { emptiedSince } from '../../domain/override/document-gone.js';
import { noEdit } from '../../domain/override/entry-edit.js';
import { replaceDocument } from '../../domain/override/edit.js';
import { lostError, lostFinding } from '../../domain/override/lost-history.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { documentAt } from '../../domain/override/replay.js';
import { loadOverrides, matchOverride } from '../../domain/policy/matching.js';
import type { ReloadRecord } from '../../domain/reload-record.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { inParallel } from '../reload/in-parallel.js';
import type { Held } from './held.js';
import type { OnceStored } from './lost-document.js';
import type { ChangeIntent, StorePorts } from './plan.js';
import { readHistory } from './recorded.js';

/**
 * Restores a readable document from the history: the newest one that can be rebuilt, or the one of `to` (a revision, 8
 * hex digits or more). A document that is readable is left alone unless `to` is given; one that is gone is restored. What
 * stands there now is kept in the history. Throws a guard (6) where nothing can be restored, with what is known of it.
 */
export function repairIntent(
  ports: StorePorts,
  { to, ifRevision }: RepairInput,
  { held, lastReload }: RepairKnowledge,
): ChangeIntent {
  const state: { remarks: readonly string[] } = { remarks: [] };
  return {
    command: 'override repair',
    routes: [],
    isForced: true,
    ifRevision,
    undoes: () => null,
    remarks: () => state.remarks,
    edit: async (document, stored) => {
      const isGone = stored.type === 'none';
      if (document !== null && to === null && !isGone) return noEdit(document);
      const [newestFirst, seen] = await Promise.all([readHistory(ports, () => false), held()]);
      const bytes = findDocument(newestFirst, to);
      if (bytes === null) {
        const emptied = newestFirst.length === 0 ? emptiedError(stored, await lastReload(), seen) : null;
        if (emptied !== null) throw emptied;
        throw isGone && to === null ? nothingStored(newestFirst, stored) : notFound(newestFirst, to, stored);
      }
      const losses = lossesOf(scanDocument(bytes), seen, document === null || isGone);
      state.remarks = [...keptOf(stored, document), ...losses, ...(await otherValues(bytes, seen))];
      const edit = replaceDocument(document, bytes);
      return document !== null && Buffer.from(bytes).equals(Buffer.from(stored.bytes ?? [])) ? noEdit(document) : edit;
    },
  };
}

/** Where what is replaced, and cannot be read, is to be found afterwards. */
function keptOf({ type, revision, bytes }: StoredOverrides, document: OverrideDocument | null): readonly string[] {
  if (document !== null) return [];
  if (bytes === null)
    return [`the ${quoteOutside(type, 20)} that stands there is kept; how to get it back says: rlctl override history`];
  return [
    `the ${counted(bytes.length, 'byte')} that stand there are kept; print them with: rlctl override history --document ${revision.slice(0, 12)}`,
  ];
}

/** What is to be restored, and what has to be stored for it. */
export interface RepairInput {
  /** 8 hex digits or more; `null`: the newest readable one. */
  readonly to: string | null;
  readonly ifRevision: string | null;
}

/** What is known beside the history. */
interface RepairKnowledge extends OnceStored {
  /** What the servers hold, for what they will lose by it. */
  held(this: void): Promise<Held>;
}

const mostNamed = 5;

/** `"/api/a", "/api/b" and 3 more` */
function named(prefixes: readonly string[]): string {
  const shown = prefixes.slice(0, mostNamed).map((prefix) => JSON.stringify(quoteOutside(prefix)));
  return `${shown.join(', ')}${prefixes.length > mostNamed ? ` and ${prefixes.length - mostNamed} more` : ''}`;
}

/** Where Redis was emptied: what was there, by what it is known again, and who has it still; `null`: it was not. */
function emptiedError(
  stored: StoredOverrides,
  last: ReloadRecord | null,
  { prefixes, count }: Held,
): RlctlError | null {
  const emptied = emptiedSince(stored, last);
  if (emptied === null) return null;
  const holding =
    count === null
      ? ''
      : `; a server now holds ${counted(count, 'override')}${prefixes?.length ? `: ${named(prefixes)}` : ''}`;
  return new RlctlError('guard', `there is nothing to repair from: ${emptied.message}${holding}`, {
    code: 'NOTHING_TO_REPAIR_FROM',
    hint: emptied.hint ?? '',
  });
}

/** What the servers hold now and lose by this, in sentences; `isLost`: what stood in the document cannot be told. */
function lossesOf({ members, byKey }: OverrideDocument, held: Held, isLost: boolean): readonly string[] {
  const restored = `this restores ${counted(members.length, 'override')}`;
  if (held.prefixes !== null) {
    const gone = held.prefixes.filter((prefix) => !byKey.has(prefix));
    if (gone.length === 0) return [];
    return [
      `the server now holds ${counted(held.prefixes.length, 'override')}, and ${restored}: gone with the reload are ${named(gone)}`,
    ];
  }
  if (held.count !== null) {
    if (held.count <= members.length) return [];
    return [
      `the server now holds ${counted(held.count, 'override')}, and ${restored}: the others are gone with the reload`,
    ];
  }
  if (!isLost) return [];
  return [
    `${restored}; nothing tells what the server now holds, and overrides that were only ever stored past rlctl are in no history`,
  ];
}

/** Prefixes that are asked for one by one, at most. */
const mostAsked = 50;
const fieldNames = [
  ['ratePerMin', 'rate'],
  ['burst', 'burst'],
  ['windowSeconds', 'window'],
] as const;

/** What is in force with other numbers than those restored: only ever written by hand, it is in no history. */
async function otherValues(bytes: Uint8Array, { inForce }: Held): Promise<readonly string[]> {
  const loaded = loadOverrides(bytes);
  const winners = loaded.entries.filter((entry) => matchOverride(loaded, entry.prefix) === entry).slice(0, mostAsked);
  const told = await inParallel(winners, 8, async ({ prefix, fields }): Promise<string[]> => {
    const now = (await inForce?.(prefix)) ?? null;
    const differing = fieldNames.filter(
      ([name]) => now !== null && fields?.[name] !== undefined && fields[name] !== now[name],
    );
    if (now === null || differing.length === 0) return [];
    const said = (of: Partial<Record<(typeof fieldNames)[number][0], number>>): string =>
      differing.map(([name, word]) => `${word} ${of[name]}`).join(', ');
    return [
      `${JSON.stringify(quoteOutside(prefix))} is in force with ${said(now)}, this restores ${said(fields ?? {})}`,
    ];
  });
  const all = told.flat();
  const more = all.length > mostNamed ? [`and ${all.length - mostNamed} more are in force with other values`] : [];
  return [...all.slice(0, mostNamed), ...more];
}

function findDocument(newestFirst: readonly HistoryEntry[], to: string | null): Uint8Array | null {
  const oldestFirst = [...newestFirst].reverse();
  const revisions = newestFirst.flatMap(({ next, prev }) => [next, prev]).filter((revision) => revision !== 'none');
  for (const revision of revisions) {
    if (to !== null && !revision.startsWith(to)) continue;
    const bytes = documentAt(oldestFirst, revision) ?? null;
    if (bytes !== null && isReadable(bytes)) return bytes;
  }
  return null;
}

function isReadable(bytes: Uint8Array): boolean {
  try {
    scanDocument(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Why the history holds none. */
function noneToRepairFrom(history: readonly HistoryEntry[], stored: StoredOverrides): string {
  if (history.length > 0) return 'the history holds no readable document to repair from';
  const lost = lostFinding(stored);
  return lost === null ? 'there is no history to repair from' : `there is nothing to repair from: ${lost.message}`;
}

function nothingStored(history: readonly HistoryEntry[], stored: StoredOverrides): RlctlError {
  return new RlctlError('guard', `nothing is stored, and ${noneToRepairFrom(history, stored)}`, {
    code: 'NOTHING_TO_REPAIR_FROM',
    hint: 'Where overrides should be stored, compare namespace and redis with the server\'s own: rlctl env show. A first one is stored with "rlctl override set ROUTE --rate N".',
  });
}

function notFound(history: readonly HistoryEntry[], to: string | null, stored: StoredOverrides): RlctlError {
  if (to !== null) {
    const what = `the history leads to no readable document of revision ${to}`;
    const hint = 'See the revisions with: rlctl override history';
    return lostError(what, stored) ?? usageError(what, hint, 'REVISION_MISSING');
  }
  const { bytes, type } = stored;
  // The server reads it: whoever overwrites it throws away what is in force.
  const isInForce = type === 'string' && loadOverrides(bytes).droppedBecause === null;
  return new RlctlError('guard', noneToRepairFrom(history, stored), {
    code: 'NOTHING_TO_REPAIR_FROM',
    hint: isInForce
      ? 'Correct it by hand at the place that "rlctl override list" names, then run: rlctl reload'
      : 'Write the document anew with "rlctl override set ROUTE … --force"; the bytes that stand there now are kept in the history.',
  });
}

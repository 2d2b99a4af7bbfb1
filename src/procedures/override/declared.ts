import { RlctlError } from '../../domain/errors.js';
import { rawValue, scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import type { RouteChange } from '../../domain/override/history.js';
import { parseMetadata, type RouteMetadata } from '../../domain/override/metadata.js';
import { neighboursOf } from '../../domain/override/placement.js';
import { reconcile, type WantedEntry } from '../../domain/override/reconcile.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangeIntent } from './plan.js';

/** How a file, or what another environment holds, is put into force. */
export interface Declaration {
  readonly entries: readonly WantedEntry[];
  /** The revision the operator looked at; `null`: whatever is stored. */
  readonly ifRevision: string | null;
}

/** How far a file speaks for the whole document. */
export interface Ownership {
  /** What manages the file's entries. */
  readonly owner: string;
  /** Entries that nobody manages go too, where the file does not name them. */
  readonly isPruning: boolean;
  /** Entries of the file that another owner manages are taken over. */
  readonly isAdopting: boolean;
}

type Routes = ReadonlyMap<string, RouteMetadata>;

/** Sets every entry of a file as it stands there, in its order; deletes nothing. */
export function applyIntent({ entries, ifRevision }: Declaration): ChangeIntent {
  const found: { managed: readonly string[] } = { managed: [] };
  return {
    command: 'override apply',
    routes: [],
    fileRoutes: entries.map(({ prefix }) => prefix),
    isForced: false,
    ifRevision,
    undoes: () => null,
    remarks: () => found.managed,
    edit: (document, stored) => {
      const edit = reconcile(document ?? scanDocument(null), entries);
      found.managed = managedRemarks(edit.changes, parseMetadata(stored.metadata).routes);
      return edit;
    },
  };
}

/** What is managed by a file is what that file says, at its next sync at the latest. */
export function managedRemarks(changes: readonly RouteChange[], routes: Routes): readonly string[] {
  const byOwner = new Map<string, string[]>();
  for (const { route } of changes) {
    const owner = routes.get(route)?.owner;
    if (owner === undefined) continue;
    byOwner.set(owner, [...(byOwner.get(owner) ?? []), route]);
  }
  return [...byOwner].map(
    ([owner, owned]) =>
      `${listed(owned)} ${owned.length === 1 ? 'is' : 'are'} managed by "${owner}": its next sync brings back what its file says`,
  );
}

const mostListed = 5;

/** Some routes in words, the first few by name. */
export function listed(routes: readonly string[]): string {
  const shown = routes.slice(0, mostListed).map((route) => JSON.stringify(route));
  return [shown.join(', '), ...(routes.length > mostListed ? [`and ${routes.length - mostListed} more`] : [])].join(
    ' ',
  );
}

/**
 * Sets every entry of a file, records who manages them, and removes what the same owner managed and the file no longer
 * names; with `isPruning` also what nobody manages. What another owner manages is left alone. Where the file names such an
 * entry it throws a guard, `OWNED_BY_OTHER`, unless it is to be adopted.
 */
export function syncIntent({ entries, ifRevision }: Declaration, ownership: Ownership): ChangeIntent {
  const { owner } = ownership;
  const found: { remarks: readonly string[]; claimed: ReadonlyMap<string, RouteMetadata> } = {
    remarks: [],
    claimed: new Map(),
  };
  return {
    command: 'override sync',
    routes: [],
    fileRoutes: entries.map(({ prefix }) => prefix),
    isForced: false,
    ifRevision,
    undoes: () => null,
    remarks: () => found.remarks,
    terms: () => ({ owner }),
    restored: () => found.claimed,
    edit: (document, stored) => {
      const { edit, adopted, claimed } = synced(document ?? scanDocument(null), stored, entries, ownership);
      found.claimed = claimed;
      found.remarks = adopted.length === 0 ? [] : [`from now on "${owner}" manages ${listed(adopted)}`];
      return edit;
    },
  };
}

function synced(
  document: OverrideDocument,
  stored: StoredOverrides,
  entries: readonly WantedEntry[],
  { owner, isPruning, isAdopting }: Ownership,
): { readonly edit: Edit; readonly adopted: readonly string[]; readonly claimed: ReadonlyMap<string, RouteMetadata> } {
  const { routes } = parseMetadata(stored.metadata);
  if (!isAdopting) assertOwn(document, entries, routes, owner);
  const edit = reconcile(document, entries, (prefix) => {
    const manager = routes.get(prefix)?.owner;
    return manager === owner || (isPruning && manager === undefined);
  });
  const touched = new Set(edit.changes.map(({ route }) => route));
  const claims = entries.flatMap(({ prefix }): RouteChange[] => {
    const member = document.byKey.get(prefix);
    if (member === undefined || touched.has(prefix) || routes.get(prefix)?.owner === owner) return [];
    const raw = rawValue(document, member);
    return [{ route: prefix, before: raw, after: raw, ...neighboursOf(document, member) }];
  });
  const adopted = entries.filter(({ prefix }) => document.byKey.has(prefix) && routes.get(prefix)?.owner !== owner);
  // Who set a value, why and until when stays as it was: only who manages it is new.
  const claimed = claims.flatMap(({ route }): (readonly [string, RouteMetadata])[] => {
    const known = routes.get(route);
    return known === undefined ? [] : [[route, { ...known, owner }]];
  });
  return {
    edit: { ...edit, changes: [...edit.changes, ...claims] },
    adopted: adopted.map(({ prefix }) => prefix),
    claimed: new Map(claimed),
  };
}

function assertOwn(document: OverrideDocument, entries: readonly WantedEntry[], routes: Routes, owner: string): void {
  const others = entries.flatMap(({ prefix }) => {
    const manager = document.byKey.has(prefix) ? routes.get(prefix)?.owner : undefined;
    return manager === undefined || manager === owner ? [] : [{ route: prefix, owner: manager }];
  });
  const [first] = others;
  if (first === undefined) return;
  const more = others.length > 1 ? `, and ${others.length - 1} more entries are not its own` : '';
  throw new RlctlError(
    'guard',
    `${JSON.stringify(first.route)} is managed by "${first.owner}", not by "${owner}"${more}; nothing was written`,
    {
      code: 'OWNED_BY_OTHER',
      hint: 'Take it out of the file, or take it over with --adopt: the other file would then have to give it up.',
      details: { owner, routes: others },
    },
  );
}

import { replaceDocument, type Edit } from '../override/edit.js';
import type { OverrideDocument } from '../override/document.js';
import { expireCommand } from '../override/expiry.js';
import type { HistoryBody, HistoryEntry } from '../override/history.js';
import { metadataBefore, recordMetadata } from '../override/metadata-change.js';
import type { OverrideMetadata, RouteMetadata } from '../override/metadata.js';
import { restoreDocument } from '../override/restore.js';
import type { Revision } from '../revision.js';
import { soundDocument, type Documents, type IncidentStep, type IncidentWindow } from './window.js';

/**
 * The window as changes to be taken back, newest first, each of them route by route where it has to be. What somebody did
 * past rlctl is a change like any other; what ended by itself stays ended, unless it had begun in the window too; and where
 * the document could not be read meanwhile, all from the last one that could be to the next is one change.
 */
export function entriesToTakeBack(
  { steps }: IncidentWindow,
  documents: Documents,
  metadata: OverrideMetadata,
): readonly HistoryEntry[] {
  const stretches = readableSteps(steps, documents).map((stretch) => asChange(stretch, documents));
  const known = new Map(metadata.routes);
  const entries: HistoryEntry[] = [];
  for (const [index, { entry, isForeign }] of [...stretches.entries()].toReversed()) {
    const isExpiry = entry.body?.command === expireCommand;
    const taken = isExpiry ? endedHere(entry, stretches.slice(0, index)) : entry;
    if (taken === null || taken.body === null) continue;
    const body = isForeign
      ? { ...taken.body, metadata: recordMetadata({ ...metadata, routes: known }, taken.body.routes) }
      : taken.body;
    entries.push({ ...taken, body });
    for (const [route, before] of metadataBefore(body)) keep(known, route, before);
  }
  return entries;
}

function routesIn({ body }: HistoryEntry): readonly string[] {
  return body?.routes.map(({ route }) => route) ?? [];
}

/** Of what ended by itself, the routes that somebody had changed within the window; `null`: none. */
function endedHere(entry: HistoryEntry, before: readonly { readonly entry: HistoryEntry }[]): HistoryEntry | null {
  const earlier = new Set(before.flatMap((each) => routesIn(each.entry)));
  const routes = entry.body?.routes.filter(({ route }) => earlier.has(route)) ?? [];
  if (entry.body === null || routes.length === 0) return null;
  if (routes.length === entry.body.routes.length) return entry;
  // A part of a change leaves no revision: it is taken back route by route.
  return { ...entry, next: '(in part)', body: { ...entry.body, routes } };
}

function keep(known: Map<string, RouteMetadata>, route: string, before: RouteMetadata | null): void {
  if (before === null) known.delete(route);
  else known.set(route, before);
}

interface Stretch {
  /** The recorded change that it is; `null`: it is none alone. */
  readonly entry: HistoryEntry | null;
  readonly from: Revision;
  readonly to: Revision;
}

/** The steps, those over a document that cannot be read put together. */
function readableSteps(steps: readonly IncidentStep[], documents: Documents): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let open: Revision | null = null;
  for (const [index, step] of steps.entries()) {
    const bytes = documents(step.to);
    const isBroken = bytes !== undefined && bytes !== null && soundDocument(bytes) === null;
    const from: Revision = open ?? step.from;
    if (isBroken && index < steps.length - 1) {
      open = from;
      continue;
    }
    const entry = step.kind === 'change' && open === null ? step.entry : null;
    if (entry !== null || from !== step.to) stretches.push({ entry, from, to: step.to });
    open = null;
  }
  return stretches;
}

/** A recorded change as it is, unless it replaced the document as a whole; anything else in the form of one. */
function asChange(
  { entry, from, to }: Stretch,
  documents: Documents,
): { readonly entry: HistoryEntry; readonly isForeign: boolean } {
  const isWhole = entry?.body?.splices === null;
  if (entry !== null && !isWhole) return { entry, isForeign: false };
  const [before, after] = [soundDocument(documents(from)), soundDocument(documents(to))];
  const edit = before === null || after === null ? null : spliced(before, after);
  if (entry !== null && entry.body !== null) {
    if (edit === null) return { entry, isForeign: false };
    return {
      entry: { ...entry, body: { ...entry.body, routes: edit.changes, splices: edit.splices } },
      isForeign: false,
    };
  }
  const body: HistoryBody = { ...foreignBody, routes: edit?.changes ?? [], splices: edit?.splices ?? null };
  return { entry: { ...foreignEntry, prev: from, next: to, body }, isForeign: true };
}

/** Stands where a recorded change has its id. */
export const foreignChangeId = '(past rlctl)';

const foreignBody = {
  v: 1,
  command: foreignChangeId,
  actor: '',
  reason: null,
  ticket: null,
  rlctl: '',
  environment: '',
  undoes: null,
} as const;

const foreignEntry = {
  entryId: '0-0',
  timeMs: 0,
  kind: 'change',
  changeId: foreignChangeId,
  sequence: 0,
  chain: '',
  document: null,
  snapshotOf: null,
} as const;

/** As one splice, so that it can be taken back route by route, unless entries changed their places. */
function spliced(before: OverrideDocument, after: OverrideDocument): Edit {
  const edit = restoreDocument(before, after);
  if (edit.splices !== null || edit.changes.length === 0) return edit;
  const whole = replaceDocument(before, after.bytes);
  const text = ({ bytes }: OverrideDocument): string => Buffer.from(bytes).toString('utf8');
  return { ...whole, splices: [{ at: 0, removed: text(before), inserted: text(after) }] };
}

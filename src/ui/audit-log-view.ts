import type { Environment } from '../domain/config/environment.js';
import { goneCure, goneText, isDocumentGone } from '../domain/override/document-gone.js';
import type { HistoryEntry } from '../domain/override/history.js';
import type { OperationRef } from '../domain/operation/reference.js';
import { lostText } from '../domain/override/lost-history.js';
import { addressed } from '../domain/printed-command.js';
import type { AuditLog, LoggedEntry } from '../procedures/audit/log.js';
import { olderText } from './older-text.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** One line of the log. */
interface Line {
  readonly entryId: string | null;
  readonly sequence: number | null;
  /** RFC 3339; `null`: nobody knows when. */
  readonly time: string | null;
  /** `foreignEntry`: an entry of the history that rlctl did not write. */
  readonly kind: 'change' | 'snapshot' | 'foreign' | 'foreignMetadata' | 'foreignEntry';
  readonly snapshotOf: HistoryEntry['snapshotOf'];
  /** False: it is seen, and no entry keeps it yet. */
  readonly isKept: boolean;
  readonly changeId: string | null;
  readonly actor: string | null;
  readonly command: string | null;
  readonly routes: readonly string[];
  readonly revisionBefore: string | null;
  /** `null`: it tells none. */
  readonly revision: string | null;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly undoes: string | null;
  readonly alsoUndoes: readonly string[];
  readonly partOf: readonly OperationRef[];
  readonly restores: string | null;
  /** True: the change found the metadata beside the document changed past rlctl, and keeps what stood there. */
  readonly foundMetadataChanged: boolean;
  /** Why it is no entry of rlctl's; `null`: it is one. */
  readonly unread: string | null;
}

/** What was recorded, a line each, newest first; what is not kept yet before it. */
export function auditLogView(log: AuditLog, environment: Environment): View {
  const lines = [...unkept(log), ...log.entries.map(lineOf)];
  return {
    kind: 'AuditLog',
    data: {
      environment: environment.name,
      key: log.stored.key,
      entries: lines,
      isMore: log.isMore,
      lost: log.lost,
    },
    items: lines,
    human: async (theme) => {
      if (lines.length === 0)
        return log.lost === null ? 'no change has been recorded' : theme.warn(term(lostText(log.lost)));
      const table = await renderTable(
        columns,
        lines.map((line) => rowOf(line, theme)),
        theme,
      );
      return [
        table,
        ...(log.isMore ? [theme.dim(olderText('entries', log.entries.length))] : []),
        ...notes(log, environment).map((note) => theme.warn(term(note))),
      ].join('\n');
    },
  };
}

function notes(
  { stored, entries, isForeign, isMetadataForeign, lost }: AuditLog,
  { address }: Environment,
): readonly string[] {
  const print = `rlctl override history --document ${stored.revision.slice(0, 12)}`;
  const changed = 'the document was changed past rlctl';
  const kept =
    stored.bytes === null ? changed : `${changed}; the next change keeps what stands there; print it with: ${print}`;
  const document = isDocumentGone(stored) ? `${goneText(stored)}. ${goneCure}` : kept;
  const others = entries.flatMap((each) => (each.kind === 'foreign' ? [each.entryId] : []));
  const verify = 'what rlctl did not write is no part of the history: rlctl audit verify';
  return [
    ...(lost === null ? [] : [lostText(lost)]),
    ...(others.length === 0
      ? []
      : [addressed(`${verify}; changes are refused while such an entry is the newest`, address)]),
    ...(isForeign ? [addressed(document, address)] : []),
    ...(isMetadataForeign
      ? ['the metadata (who set what) was changed past rlctl; the next change keeps what stands there']
      : []),
  ];
}

const columns = [
  { title: 'TIME' },
  { title: 'WHAT' },
  { title: 'WHO' },
  { title: 'ROUTES' },
  { title: 'REVISION' },
  { title: 'REASON', isOptional: true, isFlexible: true },
] as const;

const snapshots = {
  first: 'first sight',
  foreign: 'foreign change',
  periodic: 'periodic copy',
  wrongType: 'key of another type',
} as const;

function whatOf({ kind, command, snapshotOf }: Line): string {
  if (kind === 'foreign') return snapshots.foreign;
  if (kind === 'foreignMetadata') return 'metadata change';
  if (kind === 'foreignEntry') return 'foreign entry';
  return kind === 'change' ? term(command ?? '') : snapshots[snapshotOf ?? 'first'];
}

function rowOf(line: Line, theme: Theme): readonly string[] {
  const { time, kind, snapshotOf, actor, routes, revision, reason, ticket, foundMetadataChanged } = line;
  const paint =
    snapshotOf === 'foreign' || kind.startsWith('foreign') ? theme.warn : kind === 'snapshot' ? theme.dim : same;
  const [first, ...others] = routes.map((route) => (route === '' ? '""' : term(route)));
  const why = [
    ...(reason === null ? [] : [term(reason)]),
    ...(ticket === null ? [] : [`[${term(ticket)}]`]),
    ...(line.unread === null ? [] : [`${term(line.entryId ?? '')}: ${term(line.unread)}`]),
    ...(foundMetadataChanged ? ['(found who set what changed past rlctl)'] : []),
  ];
  return [
    time === null ? theme.warn('not yet kept') : shortTime(time),
    paint(whatOf(line)),
    actor === null ? '-' : term(actor),
    first === undefined ? '-' : others.length === 0 ? first : `${first} +${others.length}`,
    revision === null ? '-' : term(revision.slice(0, 8)),
    why.join(' ') || '-',
  ];
}

const same = (text: string): string => text;

/** `2026-11-21 12:00Z` */
function shortTime(time: string): string {
  return time.replace(/^(.{10})T(.{5}).*$/, '$1 $2Z');
}

const nobody = {
  entryId: null,
  sequence: null,
  time: null,
  snapshotOf: null,
  isKept: false,
  changeId: null,
  actor: null,
  command: null,
  routes: [],
  revisionBefore: null,
  reason: null,
  ticket: null,
  undoes: null,
  alsoUndoes: [],
  partOf: [],
  restores: null,
  foundMetadataChanged: false,
  unread: null,
} as const;

function unkept({ stored, isForeign, isMetadataForeign }: AuditLog): readonly Line[] {
  const { revision, lastEntry } = stored;
  return [
    ...(isForeign ? [{ ...nobody, kind: 'foreign' as const, revisionBefore: lastEntry?.next ?? null, revision }] : []),
    ...(isMetadataForeign ? [{ ...nobody, kind: 'foreignMetadata' as const, revision }] : []),
  ];
}

function lineOf(logged: LoggedEntry): Line {
  if (logged.kind === 'foreign') {
    const { entryId, timeMs, why } = logged;
    const time = new Date(timeMs).toISOString();
    return { ...nobody, kind: 'foreignEntry', entryId, time, isKept: true, revision: null, unread: why };
  }
  const { entryId, sequence, timeMs, kind, snapshotOf, changeId, body, prev, next } = logged.entry;
  return {
    entryId,
    sequence,
    time: new Date(timeMs).toISOString(),
    kind,
    snapshotOf,
    isKept: true,
    changeId,
    actor: body?.actor ?? null,
    command: body?.command ?? null,
    routes: body?.routes.map(({ route }) => route) ?? [],
    revisionBefore: prev,
    revision: next,
    reason: body?.reason ?? null,
    ticket: body?.ticket ?? null,
    undoes: body?.undoes ?? null,
    alsoUndoes: body?.alsoUndoes ?? [],
    partOf: body?.partOf ?? [],
    restores: body?.restores ?? null,
    foundMetadataChanged: body?.metadataFound !== undefined,
    unread: null,
  };
}

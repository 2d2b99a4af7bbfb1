import type { Edit } from '../../../src/domain/override/edit.js';
import type { HistoryEntry } from '../../../src/domain/override/history.js';
import { revisionOf } from '../../../src/domain/revision.js';

const facts = {
  actor: 'ann@host',
  reason: null,
  ticket: null,
  rlctl: '0.1.0',
  environment: 'test',
  undoes: null,
} as const;

/** The history entry of an edit, as the store would record it. `before`: `null` where no key existed. */
export function changeEntry(sequence: number, before: Uint8Array | null, edit: Edit): HistoryEntry {
  return {
    entryId: `${sequence}-0`,
    timeMs: sequence,
    kind: 'change',
    changeId: `change-${sequence}`,
    sequence,
    prev: revisionOf(before),
    next: revisionOf(edit.next),
    chain: '',
    body: { v: 1, command: 'override set', ...facts, routes: edit.changes, splices: edit.splices },
    document: edit.splices === null ? edit.next : null,
    snapshotOf: null,
  };
}

/** A snapshot entry of these bytes. */
export function snapshotEntry(
  sequence: number,
  bytes: Uint8Array | null,
  snapshotOf: HistoryEntry['snapshotOf'],
): HistoryEntry {
  return {
    entryId: `${sequence}-0`,
    timeMs: sequence,
    kind: 'snapshot',
    changeId: `change-${sequence}`,
    sequence,
    prev: revisionOf(bytes),
    next: revisionOf(bytes),
    chain: '',
    body: null,
    document: bytes,
    snapshotOf,
  };
}

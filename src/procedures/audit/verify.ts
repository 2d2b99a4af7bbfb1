import { parseExportLine, type ExportEnd } from '../../domain/audit/export.js';
import type { AuditFinding, AuditHead } from '../../domain/audit/finding.js';
import { anchorFault, HistoryVerifier } from '../../domain/audit/verifier.js';
import { isMetadataForeign } from '../../domain/override/metadata-trace.js';
import { parseMetadata } from '../../domain/override/metadata.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { isChangedPast } from '../override/inspect.js';
import type { OnStep } from '../step.js';
import { recordPages, type AuditPorts } from './pages.js';

/** What became of a point that was known to be right. */
export interface AnchorCheck {
  readonly head: AuditHead;
  /** `held`: it still stands; `trimmed`: the history was cut past it, so it says nothing; `broken`: see the findings. */
  readonly state: 'held' | 'trimmed' | 'broken';
}

/** A change that the metadata names, and the route that it set. */
export interface OlderChange {
  readonly route: string;
  readonly changeId: string;
  readonly atMs: number;
}

/** What is to be compared with. */
export interface Anchor {
  /** A point seen before; `null`: none is. */
  readonly head: AuditHead | null;
  /** True: the history was begun anew on purpose, so that what is older than it may be missing. */
  readonly isAnew: boolean;
}

/** A history, recomputed. */
export interface Verification {
  /** In the order of the entries; empty: everything fits. */
  readonly findings: readonly AuditFinding[];
  /** Changes that the metadata names from before the history began, where it begins with its first entry. */
  readonly older: readonly OlderChange[];
  readonly checked: number;
  /** Changes whose documents were rebuilt and compared byte by byte. */
  readonly rebuilt: number;
  /** Changes whose documents could not be, because what stood before them is not known. */
  readonly notRebuilt: number;
  /** The first number; `null`: there is no entry. */
  readonly first: number | null;
  /** The last entry; `null`: there is none. */
  readonly head: AuditHead | null;
  /** `null`: there was nothing to compare with. */
  readonly anchor: AnchorCheck | null;
  /** What is stored now; `null`: an export was read. */
  readonly stored: StoredOverrides | null;
  /** The end of an export; `null`: the history itself was read, or the end is missing. */
  readonly end: ExportEnd | null;
  /** True: the document was changed past rlctl since the last entry. */
  readonly isForeign: boolean;
  /** The same of the metadata beside it. */
  readonly isMetadataForeign: boolean;
}

/** How often a history is read again that was trimmed while it was read. */
const mostReadings = 3;

/**
 * Recomputes the history in Redis and compares its end with what is stored. What is older than a history that was begun
 * anew is a finding until somebody says that this was meant; from then on the head that stands tells that it was.
 */
export async function verifyHistory(
  ports: AuditPorts,
  { head: anchor, isAnew }: Anchor,
  onStep?: OnStep,
): Promise<Verification> {
  for (let reading = 1; ; reading += 1) {
    const oldest = await oldestId(ports);
    const { verifier, stored } = await readWhole(ports, onStep);
    const { findings, ...rest } = conclude(verifier, anchor);
    const { older, missing } = missingChanges(verifier, stored);
    const isMeant = isAnew || rest.anchor?.state === 'held';
    const faults = [...findings, ...[...(isMeant ? [] : older), ...missing].map(missingFinding)];
    const result = { ...rest, findings: faults, older, stored, end: null, ...foreignFacts(stored) };
    if (result.findings.length === 0 || reading >= mostReadings || oldest === (await oldestId(ports))) return result;
    onStep?.('the history was trimmed meanwhile; reading it again');
  }
}

/** Recomputes an export, line by line. Throws a usage error for a line that is none of an export. */
export async function verifyExport(
  lines: AsyncIterable<string>,
  place: string,
  anchor: AuditHead | null,
  onStep?: OnStep,
): Promise<Verification> {
  const verifier = new HistoryVerifier();
  const read = { end: null as ExportEnd | null, line: 0 };
  for await (const text of lines) {
    read.line += 1;
    if (text.trim() === '') continue;
    const line = parseExportLine(text, `${place}, line ${read.line}`);
    if ('end' in line) read.end = line.end;
    else verifier.take(line.record);
    if (read.line % 100 === 0) onStep?.(`checking the export: ${verifier.checked} entries`);
  }
  const { end } = read;
  const { findings, ...rest } = conclude(verifier, anchor);
  const facts = { older: [], stored: null, end, isForeign: end?.isForeign === true, isMetadataForeign: false };
  return { ...rest, findings: [...findings, ...endFaults(verifier, end)], ...facts };
}

async function oldestId({ store, deadline }: AuditPorts): Promise<string | undefined> {
  return (await store.records({ limit: 1 }, deadline))[0]?.entryId;
}

/** Reads until what is stored is what the last entry belongs to: others may write meanwhile. */
async function readWhole(
  ports: AuditPorts,
  onStep?: OnStep,
): Promise<{ readonly verifier: HistoryVerifier; readonly stored: StoredOverrides }> {
  const verifier = new HistoryVerifier();
  const state = { last: null as string | null };
  const take = (page: Awaited<ReturnType<AuditPorts['store']['records']>>): void => {
    for (const record of page) verifier.take(record);
    state.last = page.at(-1)?.entryId ?? state.last;
    onStep?.(`checking the history: ${verifier.checked} entries`);
  };
  for await (const page of recordPages(ports)) take(page);
  for (;;) {
    const stored = await readQuietly(ports, verifier);
    const after = state.last === null ? {} : { after: state.last };
    const more = await ports.store.records({ limit: 10, ...after }, ports.deadline);
    if (more.length === 0) return { verifier, stored };
    take(more);
  }
}

/** What is stored; read again where a change may have come between the document and its entry. */
async function readQuietly({ store, deadline }: AuditPorts, verifier: HistoryVerifier): Promise<StoredOverrides> {
  const read = async (): Promise<StoredOverrides> => {
    const stored = await store.read(deadline, 'auditor');
    // Behind what somebody else put there, the last entry of rlctl is what the document is compared with.
    return { ...stored, lastEntry: stored.lastEntry ?? verifier.last?.entry ?? null };
  };
  const stored = await read();
  return isChangedPast(stored) || isMetadataForeign(stored) ? read() : stored;
}

type Concluded = Omit<Verification, 'older' | 'stored' | 'end' | 'isForeign' | 'isMetadataForeign'>;

function conclude(verifier: HistoryVerifier, anchor: AuditHead | null): Concluded {
  const { first, last } = verifier;
  const fault = anchor === null ? null : anchorFault(verifier, anchor);
  const isTrimmed = anchor !== null && anchor.sequence < (first?.entry.sequence ?? 0);
  const isHeld = anchor !== null && verifier.chainAt(anchor.sequence) === anchor.chain;
  const state = isTrimmed ? 'trimmed' : isHeld ? 'held' : 'broken';
  return {
    findings: [...verifier.findings(), ...(fault === null ? [] : [fault])],
    checked: verifier.checked,
    rebuilt: verifier.trail.rebuilt,
    notRebuilt: verifier.trail.notRebuilt,
    first: first?.entry.sequence ?? null,
    head: last === null ? null : { sequence: last.entry.sequence, chain: last.entry.chain },
    anchor: anchor === null ? null : { head: anchor, state },
  };
}

function foreignFacts(stored: StoredOverrides): Pick<Verification, 'isForeign' | 'isMetadataForeign'> {
  return { isForeign: isChangedPast(stored), isMetadataForeign: isMetadataForeign(stored) };
}

/** How much a client's idea of the server's time may be off, milliseconds. */
const slackMs = 60_000;

/** Changes that the metadata names and the history does not hold; those that were trimmed are none of them. */
function missingChanges({ first, changeIds }: HistoryVerifier, { metadata }: StoredOverrides) {
  const isTrimmed = first !== null && first.entry.sequence > 1;
  const sinceMs = isTrimmed ? first.entry.timeMs + slackMs : 0;
  const gone = [...parseMetadata(metadata).routes]
    .map(([route, { changeId, atMs }]): OlderChange => ({ route, changeId, atMs }))
    .filter(({ changeId, atMs }) => atMs >= sinceMs && !changeIds.has(changeId));
  const isOlder = ({ atMs }: OlderChange): boolean => first !== null && !isTrimmed && atMs < first.entry.timeMs;
  return { older: gone.filter(isOlder), missing: gone.filter((each) => !isOlder(each)) };
}

function missingFinding({ route, changeId, atMs }: OlderChange): AuditFinding {
  return {
    code: 'CHANGE_MISSING',
    entryId: null,
    sequence: null,
    message: `${JSON.stringify(route)} was set by change ${changeId} at ${new Date(atMs).toISOString()}, which the history does not hold: its entry was removed`,
  };
}

/** What an export lacks by its own last line. */
function endFaults(verifier: HistoryVerifier, end: ExportEnd | null): readonly AuditFinding[] {
  const at = { entryId: verifier.last?.entry.entryId ?? null, sequence: verifier.last?.entry.sequence ?? null };
  if (end === null) return [{ code: 'END_MISSING', ...at, message: 'the export has no last line: it was cut off' }];
  const fault = end.head === null ? null : anchorFault(verifier, end.head);
  if (fault !== null) return [{ ...fault, message: `by its last line, ${fault.message}` }];
  if (end.records === verifier.checked) return [];
  const message = `the export holds ${verifier.checked} records, and by its last line there were ${end.records}`;
  return [
    {
      code: end.records > verifier.checked ? 'ENTRY_MISSING' : 'ENTRY_INSERTED',
      entryId: null,
      sequence: null,
      message,
    },
  ];
}

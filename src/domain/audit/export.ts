import { usageError } from '../errors.js';
import type { Revision } from '../revision.js';
import { parseHead, type AuditHead } from './finding.js';
import type { HistoryRecord } from './record.js';

/** The last line of an export: what it has to hold, and what stood beside it. */
export interface ExportEnd {
  readonly environment: string;
  /** The Redis key of the document. */
  readonly key: string;
  /** RFC 3339, by the Redis server's clock. */
  readonly time: string;
  /** How many records stand before it. */
  readonly records: number;
  /** The last record; `null`: there is none. */
  readonly head: AuditHead | null;
  /** The document as stored. */
  readonly revision: Revision;
  /** True: the document was changed past rlctl after the last record. */
  readonly isForeign: boolean;
}

const version = { apiVersion: 'rlctl/v1' } as const;
/** The end of time as a Date knows it; an id that somebody made up may lie behind it. */
const latestMs = 8.64e15;
/** Bytes of any kind, which are never written as text. */
const binary: ReadonlySet<string> = new Set(['doc', 'dump']);

/** A record as a JSON object: every field as it is stored, as text where that is exact, else in base64. */
export function recordLine({ entryId, fields }: HistoryRecord): Record<string, unknown> {
  const [texts, bytes] = [new Map<string, string>(), new Map<string, string>()];
  for (const [name, value] of fields) {
    const text = Buffer.from(value).toString('utf8');
    if (!binary.has(name) && Buffer.from(text).equals(Buffer.from(value))) texts.set(name, text);
    else bytes.set(name, Buffer.from(value).toString('base64'));
  }
  const atMs = Number(entryId.split('-', 1)[0]);
  const time = atMs <= latestMs ? new Date(atMs).toISOString() : null;
  const base64 = bytes.size > 0 ? { base64: Object.fromEntries(bytes) } : {};
  return { ...version, kind: 'AuditRecord', entryId, time, fields: Object.fromEntries(texts), ...base64 };
}

/** The last line as a JSON object. */
export function endLine({ head, ...end }: ExportEnd): Record<string, unknown> {
  return { ...version, kind: 'AuditEnd', ...end, head: head === null ? null : `${head.sequence}:${head.chain}` };
}

/** Reads one line of an export. `place`: the file and the line. Throws a usage error where it is none. */
export function parseExportLine(
  text: string,
  place: string,
): { readonly record: HistoryRecord } | { readonly end: ExportEnd } {
  const value = parsed(text, place);
  if (value['kind'] === 'AuditRecord') return { record: recordOf(value, place) };
  if (value['kind'] === 'AuditEnd') return { end: endOf(value, place) };
  throw notExported(place, 'it is neither an AuditRecord nor an AuditEnd');
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(text: string, place: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Fields;
  } catch {
    // Said below.
  }
  throw notExported(place, 'it is no JSON object');
}

function recordOf(value: Fields, place: string): HistoryRecord {
  const { entryId } = value;
  if (typeof entryId !== 'string' || !/^\d{1,15}-\d{1,20}$/.test(entryId))
    throw notExported(place, 'its entryId is none');
  const texts = Object.entries(objectOf(value['fields'])).map(([name, text]) => [name, Buffer.from(text)] as const);
  const bytes = Object.entries(objectOf(value['base64'])).map(
    ([name, text]) => [name, Buffer.from(text, 'base64')] as const,
  );
  return { entryId, fields: new Map<string, Uint8Array>([...texts, ...bytes]) };
}

function objectOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function endOf(value: Fields, place: string): ExportEnd {
  const { environment, key, time, records, head, revision, isForeign } = value;
  const read = typeof head === 'string' ? parseHead(head) : null;
  if (typeof records !== 'number' || (head !== null && read === null))
    throw notExported(place, 'its end is not readable');
  const text = (each: unknown): string => (typeof each === 'string' ? each : '');
  const texts = { environment: text(environment), key: text(key), time: text(time), revision: text(revision) };
  return { ...texts, records, head: read, isForeign: isForeign === true };
}

function notExported(place: string, why: string): Error {
  return usageError(
    `${place} is not a line of an export: ${why}`,
    'Give a file that "rlctl audit export --out FILE" wrote.',
    'EXPORT_INVALID',
  );
}

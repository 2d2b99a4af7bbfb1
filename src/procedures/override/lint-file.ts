import { RlctlError } from '../../domain/errors.js';
import { bytePlaces, type TextPlace } from '../../domain/text-places.js';
import type { FileFault } from '../../domain/lint/subject.js';
import {
  documentOf,
  isBareDocument,
  readOverridesFile,
  type FileEntry,
  type FileSource,
} from '../../domain/overrides-file/read-file.js';

/** The document that a file holds or makes, and where each of its bytes stands in the file. */
export interface ReadDocument {
  readonly bytes: Uint8Array;
  /** Asked in rising order. */
  readonly placeOf: (offset: number) => TextPlace;
  /** Why it makes none, `at` counted for `placeOf`; empty: it does. */
  readonly faults: readonly FileFault[];
}

/**
 * Reads a file as somebody keeps it: the JSON text that Redis would hold, whatever is wrong with it, or a file of kind
 * `Overrides`, of whose document each byte stands where its entry starts. Never throws.
 */
export function readDocumentFile(bytes: Uint8Array, source: FileSource): ReadDocument {
  if (isBareDocument(bytes)) return { bytes, placeOf: bytePlaces(bytes), faults: [] };
  try {
    const file = readOverridesFile(bytes, source);
    return { bytes: documentOf(file), placeOf: placesOfEntries(file.entries), faults: [] };
  } catch (error) {
    if (!(error instanceof RlctlError) || error.code !== 'OVERRIDES_FILE_INVALID') throw error;
    return faulty(error.details?.['faults'] as readonly PlacedFault[]);
  }
}

type PlacedFault = TextPlace & Omit<FileFault, 'at'>;

function faulty(faults: readonly PlacedFault[]): ReadDocument {
  return {
    bytes: new Uint8Array(),
    placeOf: (index) => ({ line: faults[index]?.line ?? 1, column: faults[index]?.column ?? 1 }),
    faults: faults.map(({ message, cure }, at) => ({ at, message, cure })),
  };
}

/** The document's bytes are those of its entries, one after the other. */
function placesOfEntries(entries: readonly FileEntry[]): (offset: number) => TextPlace {
  const reached = { index: -1, next: 0 };
  return (offset) => {
    if (reached.index >= 0 && offset < reached.next - lengthOf(entries[reached.index])) {
      Object.assign(reached, { index: -1, next: 0 });
    }
    while (reached.index < entries.length - 1 && offset >= reached.next) {
      reached.index += 1;
      reached.next += lengthOf(entries[reached.index]);
    }
    return entries[reached.index]?.place ?? { line: 1, column: 1 };
  };
}

/** A brace or a comma, the key, a colon, the value. */
function lengthOf(entry: FileEntry | undefined): number {
  return entry === undefined ? 0 : Buffer.byteLength(JSON.stringify(entry.prefix)) + Buffer.byteLength(entry.raw) + 2;
}

import { isSameJson } from '../../domain/json.js';
import { diffDocuments, type RouteDiff } from '../../domain/override/diff.js';
import { scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import type { DumpAge } from '../../domain/override/dump-age.js';
import { documentOf, type FileEntry } from '../../domain/overrides-file/read-file.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { dumpAge, type AgedFile } from './dump-age.js';
import { rawOf, readable, type StorePorts } from './plan.js';

/** A file beside what is stored. */
export interface FileComparison {
  readonly stored: StoredOverrides;
  readonly live: OverrideDocument;
  /** From what is stored (before) to the file (after); white space is no difference. */
  readonly routes: readonly RouteDiff[];
  /** What became of the document since the file was dumped; `null`: nothing that the file does not say as well. */
  readonly age: DumpAge | null;
}

/** Compares what is stored with a file, field by field, order included. Throws guards for a document that cannot be read. */
export async function compareFile(
  ports: Pick<StorePorts, 'store' | 'deadline'>,
  { entries, ...file }: AgedFile & { readonly entries: readonly FileEntry[] },
): Promise<FileComparison> {
  const stored = await ports.store.read(ports.deadline);
  const live = readable(stored, false) ?? scanDocument(null);
  const routes = diffEntries(live, entries);
  // What the file does not name is left alone by whoever applies it, so that nothing of it is taken back.
  const changed = routes.filter(({ kind }) => kind === 'added' || kind === 'changed').map(({ route }) => route);
  return { stored, live, routes, age: await dumpAge(ports, file, { stored, document: live }, changed) };
}

/** What differs from a document (before) to entries in their order (after); white space is no difference. */
export function diffEntries(
  before: OverrideDocument,
  entries: readonly Pick<FileEntry, 'prefix' | 'raw'>[],
): readonly RouteDiff[] {
  const wanted = entries.map(({ prefix, raw }) => {
    const stored = rawOf(before, prefix);
    return { prefix, raw: stored !== null && isSameJson(stored, raw) ? stored : raw };
  });
  return diffDocuments(before, scanDocument(documentOf({ entries: wanted })));
}

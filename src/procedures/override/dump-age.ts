import { RlctlError } from '../../domain/errors.js';
import { scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import { changedBetween, dumpAgeRemark, type DumpAge } from '../../domain/override/dump-age.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { isAsWritten, rawIn } from '../../domain/override/metadata-change.js';
import { parseMetadata } from '../../domain/override/metadata.js';
import type { DumpedFrom } from '../../domain/overrides-file/read-file.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangeIntent, StorePorts } from './plan.js';
import { bytesOfRevision, readHistory } from './recorded.js';

/** A file beside the document that it is about to change. */
export interface AgedFile {
  /** `null`: the file does not say what it was dumped from. */
  readonly dumpedFrom: DumpedFrom | null;
  /** The environment that is worked on. */
  readonly environment: string;
}

type Ports = Pick<StorePorts, 'store' | 'deadline'>;

/**
 * What became of a document since a file was dumped from it. `routes`: where the file says something else. `null`: nothing
 * changed since, the file says nothing that is not stored, or nothing of where it comes from, or another environment.
 */
export async function dumpAge(
  ports: Ports,
  { dumpedFrom, environment }: AgedFile,
  { stored, document }: { readonly stored: StoredOverrides; readonly document: OverrideDocument },
  routes: readonly string[],
): Promise<DumpAge | null> {
  if (dumpedFrom === null || routes.length === 0 || stored.revision.startsWith(dumpedFrom.revision)) return null;
  if (dumpedFrom.environment !== null && dumpedFrom.environment !== environment) return null;
  const { revision } = dumpedFrom;
  const earlier = await documentOf(ports, revision);
  const known = parseMetadata(stored.metadata).routes;
  const changed = earlier === null ? [] : changedBetween(earlier, document, routes);
  return {
    revision,
    liveRevision: stored.revision,
    isKnown: earlier !== null,
    changedSince: changed.map((route) => {
      const metadata = known.get(route);
      const isChangedPast = metadata !== undefined && !isAsWritten(metadata, rawIn(document, route));
      return { route, actor: metadata?.actor ?? null, isChangedPast };
    }),
  };
}

/** The document of a revision, as far back as the history leads; `null`: it does not lead there, or cannot be read. */
async function documentOf(ports: Ports, revision: string): Promise<OverrideDocument | null> {
  if (revision === 'none') return scanDocument(null);
  try {
    const newestFirst = await readHistory(ports, (read) => isReached(read, revision));
    const full = newestFirst.flatMap(({ next, prev }) => [next, prev]).find((each) => each.startsWith(revision));
    const bytes = full === undefined ? undefined : bytesOfRevision(newestFirst, full);
    return bytes === undefined ? null : scanDocument(bytes);
  } catch (error) {
    if (!(error instanceof RlctlError) || ports.deadline.interrupted.aborted) throw error;
    return null;
  }
}

/** True where the entries hold the revision, and behind it one from which documents can be rebuilt. */
function isReached(newestFirst: readonly HistoryEntry[], revision: string): boolean {
  const at = newestFirst.findIndex(({ next }) => next.startsWith(revision));
  return at !== -1 && newestFirst.slice(at).some(({ document, prev }) => document !== null || prev === 'none');
}

/** An intent of a file that says what of the document somebody changed since the file was dumped. */
export function agedIntent(intent: ChangeIntent, ports: Ports, file: AgedFile): ChangeIntent {
  if (file.dumpedFrom === null) return intent;
  const found: { age: DumpAge | null } = { age: null };
  return {
    ...intent,
    edit: async (document, stored) => {
      const edit = await intent.edit(document, stored);
      const routes = edit.changes.map(({ route }) => route);
      found.age = document === null ? null : await dumpAge(ports, file, { stored, document }, routes);
      return edit;
    },
    remarks: () => {
      const remark = found.age === null ? null : dumpAgeRemark(found.age);
      return [...(intent.remarks?.() ?? []), ...(remark === null ? [] : [remark])];
    },
    dumpAge: () => found.age,
  };
}

import type { BucketNames } from '../../domain/config/bucket-names.js';
import { RlctlError } from '../../domain/errors.js';
import { scanDocument, type OverrideDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import { shadowEverything, shadowPrefixes } from '../../domain/panic/shadow-edit.js';
import { panicCommand, type PanicTarget } from '../../domain/panic/target.js';
import { reachOf } from '../../domain/shadow/reach.js';
import { shellWords } from '../../domain/shell-words.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangeIntent } from '../override/plan.js';

/** An emergency rollback through route overrides. */
export interface RoutePanic {
  readonly id: string;
  readonly target: PanicTarget;
  /** The prefixes to put into shadow; empty: every route there is. */
  readonly prefixes: readonly string[];
  /** The buckets it is not about: none of their routes may be taken along unnoticed. */
  readonly others: readonly BucketNames[];
  /** True of a prefix that belongs to one of the others. */
  readonly isForeign: (prefix: string) => boolean;
  /** Take routes of other buckets along; said all the same. */
  readonly isSpillAllowed: boolean;
  readonly ifRevision: string | null;
  /** What is known of this server and its configuration, in sentences. */
  readonly remarks: readonly string[];
}

/**
 * The runbook's "route override with shadow: true", for every prefix in one change that only ever sets `shadow`, so that
 * taking it back is exact. Where somebody else is faster it is computed anew: an emergency does not wait for a second try.
 */
export function panicIntent(wanted: RoutePanic): ChangeIntent {
  const notes: Omit<Noted, 'edit'> = { remarks: [], found: [] };
  return {
    command: panicCommand(wanted.target),
    routes: wanted.prefixes.length === 0 ? [''] : wanted.prefixes,
    isForced: false,
    isRecomputed: true,
    ifRevision: wanted.ifRevision,
    undoes: () => null,
    terms: () => ({
      partOf: [{ kind: 'panic', id: wanted.id }],
      ...(notes.found.length === 0 ? {} : { found: notes.found }),
    }),
    remarks: () => [...notes.remarks, ...wanted.remarks],
    edit: (stored, { bytes }) => {
      const document = stored ?? scanDocument(null);
      const noted = wanted.prefixes.length === 0 ? everything(document) : prefixesOnly(document, bytes, wanted);
      notes.remarks = noted.remarks;
      notes.found = noted.found;
      return noted.edit;
    },
  };
}

interface Noted {
  readonly edit: Edit;
  remarks: readonly string[];
  /** Prefixes that were in shadow already. */
  found: readonly string[];
}

function everything(document: OverrideDocument): Noted {
  const edit = shadowEverything(document);
  const others = document.members.filter(({ key }) => key !== '').length;
  const hidden =
    others === 0 || edit.changes.length === 0
      ? []
      : ['it stands in front of all others: while it does, no other override has an effect'];
  return { edit, remarks: hidden, found: edit.changes.length === 0 ? [''] : [] };
}

function prefixesOnly(document: OverrideDocument, bytes: StoredOverrides['bytes'], wanted: RoutePanic): Noted {
  const { prefixes, others, isForeign, isSpillAllowed } = wanted;
  const { edit, moved, under, left, found } = shadowPrefixes(document, prefixes, isForeign);
  const { spills } = reachOf(bytes, edit.next, { routes: [...prefixes, ...under], others });
  if (spills.length > 0 && !isSpillAllowed) throw spilling(spills, wanted);
  return {
    edit,
    found,
    remarks: [
      ...[...moved].map(([prefix, by]) => `${shown(prefix)} goes in front of ${shown(by)}, which took its routes`),
      ...under.map((prefix) => `${shown(prefix)} wins for its own routes, so it goes into shadow as well`),
      ...left.map(
        (prefix) => `${shown(prefix)} wins for its own routes and belongs to another bucket: it stays as it is`,
      ),
      ...spills.map(({ route, bucket, by }) => `${shown(by)} also catches ${route} of the bucket ${bucket}`),
    ],
  };
}

function shown(prefix: string): string {
  return JSON.stringify(prefix);
}

function spilling(spills: ReturnType<typeof reachOf>['spills'], { target }: Pick<RoutePanic, 'target'>): RlctlError {
  const what = spills.map(({ route, bucket, by }) => `${shown(by)} also catches ${route} of ${bucket}`);
  const [first] = spills;
  const again = `rlctl ${panicCommand(target)} --include-others`;
  const own = shellWords(['rlctl', 'override', 'set', first?.route ?? 'ROUTE', '--no-shadow']);
  return new RlctlError('guard', `other buckets would be taken along: ${what.join('; ')}; nothing was written`, {
    code: 'PANIC_REACHES_OTHERS',
    hint: `To take them along: ${again}. To keep them enforced, give them an override of their own first: ${own}`,
    details: { spills },
  });
}

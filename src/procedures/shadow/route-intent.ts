import type { BucketNames } from '../../domain/config/bucket-names.js';
import { RlctlError } from '../../domain/errors.js';
import type { OperationRef } from '../../domain/operation/reference.js';
import { editInSequence } from '../../domain/override/batch.js';
import { scanDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import type { End } from '../../domain/override/end.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { parseMetadata, type RouteMetadata } from '../../domain/override/metadata.js';
import { metadataBefore } from '../../domain/override/metadata-change.js';
import { shellWords } from '../../domain/shell-words.js';
import { isKept } from '../../domain/override/splices.js';
import { reachOf, type Reach } from '../../domain/shadow/reach.js';
import {
  besideStage,
  besideTexts,
  giveBack,
  setStage,
  takenAlong,
  type StageRoutes,
} from '../../domain/shadow/stage-edit.js';
import {
  setShadow,
  shadowOnCommand,
  takeShadowOff,
  type CoveredRoute,
  type ShadowOff,
} from '../../domain/shadow/route-shadow.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { ChangeIntent, StorePorts } from '../override/plan.js';
import { readHistory } from '../override/recorded.js';

/** Which routes are to go into shadow or out of it. */
export interface RouteShadow {
  readonly routes: readonly string[];
  /** The buckets it is not about: none of their routes may be taken along unnoticed. */
  readonly others: readonly BucketNames[];
  /** The buckets that were meant and have no routes: said, because nothing happens to them. */
  readonly left: readonly BucketNames[];
  /** Take routes of other buckets along; said all the same. */
  readonly isSpillAllowed: boolean;
  readonly ifRevision: string | null;
  /** What somebody should know of it beside that, in sentences; absent: nothing. */
  readonly remarks?: readonly string[];
  /** What of the document as it then stands goes on being blocked all the same; absent: nothing is asked of it. */
  readonly objection?: NonNullable<ChangeIntent['objection']>;
}

interface Notes {
  remarks: readonly string[];
  undoes: string | null;
  restored: ReadonlyMap<string, RouteMetadata | null>;
}

/**
 * The runbook's "route override with shadow: true" for all routes of a bucket in one write. A route that another entry
 * hides, and one that takes routes of another bucket along, is a guard: the effect would not be the one that was asked for.
 */
export function shadowOnIntent(wanted: RouteShadow, end: End): ChangeIntent {
  const notes: Notes = { remarks: [], undoes: null, restored: new Map() };
  return {
    ...common(wanted, notes),
    command: shadowOnCommand,
    end,
    edit: (document, stored) => {
      const edit = setShadow(document ?? scanDocument(null), wanted.routes, true);
      const reach = checkedReach(wanted, stored, edit, wanted.routes);
      const objection = wanted.objection?.(edit.next) ?? null;
      notes.remarks = [
        ...(objection === null ? [] : [`${objection.text}; ${objection.cure}`]),
        ...reachRemarks(reach, objection?.prefixes),
      ];
      return edit;
    },
  };
}

/** What a stage of a rollout is to set: whole buckets' routes. */
export interface StageShadow extends Omit<RouteShadow, 'routes'>, StageRoutes {
  readonly command: string;
  /** The stage. */
  readonly reference: OperationRef;
}

/**
 * One change that puts routes into shadow and enforces others, whatever stood there. What wins for a part of a bucket that
 * goes into shadow goes with it, as in a panic; the stage that enforces the bucket gives it back as it stood before.
 */
export function stageIntent(ports: StorePorts, { command, reference, ...wanted }: StageShadow): ChangeIntent {
  const notes: Notes = { remarks: [], undoes: null, restored: new Map() };
  const both = { ...wanted, routes: [...wanted.shadow, ...wanted.enforce] };
  return {
    ...common(both, notes),
    command,
    terms: () => ({ partOf: [reference] }),
    restored: () => notes.restored,
    edit: async (document, stored) => {
      const current = document ?? scanDocument(null);
      const set = setStage(current, wanted);
      const known = parseMetadata(stored.metadata).routes;
      const beside = besideStage(scanDocument(set.next), wanted, (each) => known.get(each)?.untilMs !== undefined);
      const { along, ending, shadowed } = beside;
      const back = takenAlong(current, await lastChanges(ports, stored, shadowed));
      const edit = editInSequence(current, [
        () => set,
        (next) => setShadow(next, along, true),
        (next) => giveBack(next, back),
      ]);
      notes.restored = metadataOf(back);
      const reach = checkedReach(both, stored, edit, [...both.routes, ...along, ...back.keys()]);
      notes.remarks = [
        ...besideTexts(edit.changes, both.routes),
        ...ending.map((prefix) => endingText(prefix, known.get(prefix)?.untilMs ?? 0, stored)),
        ...reachRemarks(reach, ending),
      ];
      return edit;
    },
  };
}

/** Why an entry with an end is not taken along; one that is overdue goes on until somebody applies its end. */
function endingText(prefix: string, untilMs: number, { serverTimeMs }: StoredOverrides): string {
  const shown = `${JSON.stringify(prefix)} wins for its own routes and`;
  return untilMs > serverTimeMs
    ? `${shown} ends by itself: it stays as it is`
    : `${shown} was to end ${new Date(untilMs).toISOString()}, which nothing has applied: it stays as it is until: rlctl override expire`;
}

/** The way back: what stood before the `shadow on` that still stands, and where there is none, `false`, and it says so. */
export function shadowOffIntent(ports: StorePorts, wanted: RouteShadow): ChangeIntent {
  const notes: Notes = { remarks: [], undoes: null, restored: new Map() };
  return {
    ...common(wanted, notes),
    command: 'shadow off',
    restored: () => notes.restored,
    edit: async (document, stored) => {
      const recorded = await lastChanges(ports, stored, wanted.routes);
      const off = takeShadowOff(document ?? scanDocument(null), wanted.routes, recorded);
      const freed = off.covered.filter(({ isFreed }) => isFreed).map(({ route }) => route);
      const reach = checkedReach(wanted, stored, off.edit, [...off.written, ...freed]);
      notes.undoes = off.undoes;
      notes.restored = new Map([...metadataOf(off.restored)].filter(([route]) => !freed.includes(route)));
      notes.remarks = [...offRemarks(off), ...reachRemarks(reach)];
      return off.edit;
    },
  };
}

function common({ routes, left, ifRevision, objection, remarks: others = [] }: RouteShadow, notes: Notes) {
  const untouched = left.map(
    ({ name }) => `the bucket ${name} has no routes in the configuration: nothing happens to it`,
  );
  const remarks = (): readonly string[] => [...notes.remarks, ...untouched, ...others];
  const judged = objection === undefined ? {} : { objection };
  return { routes, ifRevision, isForced: false, undoes: () => notes.undoes, remarks, ...judged };
}

/** What was known of the restored routes before what put them into shadow. */
function metadataOf(restored: ReadonlyMap<string, HistoryEntry>): Notes['restored'] {
  return new Map(
    [...restored].flatMap(([route, { body }]) => {
      const entry = body === null ? undefined : metadataBefore(body).get(route);
      return entry === undefined ? [] : [[route, entry] as const];
    }),
  );
}

/**
 * The change that the metadata names as the last of each route, as far as the history still has it; where that one changed
 * no more than its end, the one before it.
 */
async function lastChanges(
  ports: StorePorts,
  { metadata }: StoredOverrides,
  routes: readonly string[],
): Promise<ReadonlyMap<string, HistoryEntry>> {
  const known = parseMetadata(metadata).routes;
  const ids = new Map(
    routes.flatMap((route) => {
      const id = known.get(route)?.changeId ?? '';
      return id === '' ? [] : [[route, id] as const];
    }),
  );
  if (ids.size === 0) return new Map();
  const find = (entries: readonly HistoryEntry[]): ReadonlyMap<string, HistoryEntry> =>
    new Map(
      [...ids].flatMap(([route, id]) => {
        const entry = lastOf(entries, route, id);
        return entry === undefined ? [] : [[route, entry] as const];
      }),
    );
  return find(await readHistory(ports, (read) => find(read).size >= ids.size));
}

function lastOf(newestFirst: readonly HistoryEntry[], route: string, id: string): HistoryEntry | undefined {
  const from = newestFirst.findIndex(({ kind, changeId }) => kind === 'change' && changeId === id);
  const isReal = ({ body }: HistoryEntry): boolean =>
    body?.routes.some((change) => change.route === route && !isKept(body, change)) === true;
  return from === -1 ? undefined : newestFirst.slice(from).find(isReal);
}

function checkedReach(wanted: RouteShadow, { bytes }: StoredOverrides, edit: Edit, routes: readonly string[]): Reach {
  const reach = reachOf(bytes, edit.next, { routes, others: wanted.others });
  for (const [route, by] of reach.hidden) throw hiddenRoute(route, by);
  if (reach.spills.length > 0 && !wanted.isSpillAllowed) throw spilling(reach);
  return reach;
}

function hiddenRoute(route: string, by: string): RlctlError {
  const [shown, hider] = [JSON.stringify(route), JSON.stringify(by)];
  return new RlctlError(
    'guard',
    `the shadow of ${shown} would have no effect: ${hider} stands earlier and wins for it`,
    {
      code: 'ROUTE_HIDDEN',
      hint: `Move it in front with its other fields in view: ${shellWords(['rlctl', 'override', 'set', route, '--shadow', '--before', by])}`,
      details: { route, by },
    },
  );
}

function spilling({ spills }: Reach): RlctlError {
  const what = spills.map(({ route, bucket, by }) => `${JSON.stringify(by)} also catches ${route} of ${bucket}`);
  const [first] = spills;
  const own = shellWords(['rlctl', 'override', 'set', first?.route ?? 'ROUTE', '--no-shadow']);
  return new RlctlError('guard', `other buckets would be taken along: ${what.join('; ')}; nothing was written`, {
    code: 'SHADOW_REACHES_OTHERS',
    hint: `Give them an override of their own first (${own}), or take them along with --include-others.`,
    details: { spills },
  });
}

/** `said`: what was said already of entries that stand earlier; absent: nothing. */
function reachRemarks({ spills, exempt }: Reach, said: readonly string[] = []): readonly string[] {
  return [
    ...spills.map(({ route, bucket, by }) => `${JSON.stringify(by)} also catches ${route} of the bucket ${bucket}`),
    ...exempt
      .filter((prefix) => !said.includes(prefix))
      .map((prefix) => `${JSON.stringify(prefix)} stands earlier and keeps the shadow it has`),
  ];
}

function offRemarks({ restored, written, covered }: ShadowOff): readonly string[] {
  const asBefore = [...restored].filter(([route]) => !covered.some((each) => each.isFreed && each.route === route));
  return [
    ...asBefore.map(([route, { changeId }]) => `${JSON.stringify(route)} is as before change ${changeId}`),
    ...covered.map(coveredRemark),
    ...written.map(
      (route) =>
        `no "shadow on" that still stands is recorded for ${JSON.stringify(route)}: its shadow is set to false`,
    ),
  ];
}

function coveredRemark({ route, by, isFreed }: CoveredRoute): string {
  const [shown, other] = [JSON.stringify(route), JSON.stringify(by)];
  return isFreed
    ? `${other} is still in shadow and would catch ${shown}: it gets an entry of its own that is not`
    : `${shown} is still in shadow, as it was before, because ${other} catches it; to enforce it: ${shellWords(['rlctl', 'override', 'set', route, '--no-shadow'])}`;
}

import { RlctlError } from '../../domain/errors.js';
import type { HistoryBody } from '../../domain/override/history.js';
import { metadataTrace } from '../../domain/override/metadata-trace.js';
import { serialiseMetadata } from '../../domain/override/metadata.js';
import { metadataAfter, recordMetadata, type MetadataChange } from '../../domain/override/metadata-change.js';
import type { OverrideWrite, StoredOverrides, WriteOutcome } from '../../ports/override-store.js';
import type { OnStep } from '../step.js';
import { carriedOn } from './plan-end.js';
import {
  planOn,
  rawOf,
  readable,
  untilOf,
  type ChangeIntent,
  type ChangePlan,
  type ChangeTerms,
  type StorePorts,
} from './plan.js';

/** Who makes a change, and why. */
export interface Author {
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly rlctl: string;
  readonly environment: string;
}

export interface Written {
  /** The plan that was written at last: recomputed where somebody else was faster on another route. */
  readonly plan: ChangePlan;
  readonly changeId: string;
  /** When what it wrote ends, epoch milliseconds; `null`: it stays. */
  readonly untilMs: number | null;
  readonly outcome: Extract<WriteOutcome, { kind: 'written' }>;
  /** How often the document had changed underneath. */
  readonly conflicts: number;
}

/** Nothing was written, because somebody else had made the same change first. */
export interface Overtaken {
  readonly plan: ChangePlan;
  readonly outcome: null;
}

/**
 * Replicas that must have a write before it counts: one, where there is any. A master that is cut off from its own forgets
 * them, and goes on until it hears that there is another master: what it takes meanwhile is lost, so Sentinel's count is asked too.
 */
const requiredReplicas = 1;

/**
 * Writes a plan: compare-and-set, recomputed on fresh bytes as long as only other routes changed; where nothing is left to
 * do then, nothing is written. Throws `conflict` (5)
 * where a touched route changed, `unreachable` (7) where the write is proven not applied, `unknownOutcome` (9) with the
 * change id where nobody can tell.
 */
export async function writePlan(
  ports: StorePorts,
  first: ChangePlan,
  author: Author,
  onStep?: OnStep,
): Promise<Written | Overtaken> {
  const changeId = ports.randomness.changeId();
  for (let plan = first, conflicts = 0; ; conflicts += 1) {
    onStep?.(conflicts === 0 ? 'writing the document' : `writing the document (changed underneath ${conflicts} times)`);
    const { write, untilMs } = writeOf(ports, plan, author, changeId);
    const outcome = await ports.store.write(write, ports.deadline);
    switch (outcome.kind) {
      case 'written':
        return { plan, changeId, untilMs, outcome, conflicts };
      case 'conflict':
        // A conflict that cannot be merged is told at once; otherwise the next attempt starts from what is read after the
        // pause, because what the conflict showed is stale by then where many write at once.
        await rebase(ports, plan, outcome.current);
        await pause(ports, conflicts);
        plan = await rebase(ports, plan, await ports.store.read(ports.deadline));
        if (plan.isNoop) return { plan, outcome: null };
        break;
      case 'expired':
        throw notApplied(changeId, outcome.cause, ports.deadline.interrupted);
      case 'unknown':
        throw outcomeUnknown(changeId, outcome.cause);
    }
  }
}

function writeOf(ports: StorePorts, plan: ChangePlan, author: Author, changeId: string) {
  const { stored, edit, intent } = plan;
  const serverNowMs = stored.serverTimeMs + (ports.clock.monotonicMs() - plan.readAtMs);
  const atMs = Math.round(serverNowMs);
  const untilMs = untilOf(intent, serverNowMs);
  const terms = intent.terms?.() ?? {};
  const nextMetadata = metadataText(plan, { author: { ...author, changeId, atMs, ...ownerOf(terms) }, untilMs });
  const body: HistoryBody = {
    v: 1,
    command: intent.command,
    ...author,
    undoes: intent.undoes(),
    ...alsoUndone(intent),
    routes: edit.changes,
    splices: plan.document === null ? null : edit.splices,
    ...terms,
    atMs,
    ...(untilMs === null ? {} : { untilMs }),
    metadata: recordMetadata(plan.metadata, edit.changes),
    ...metadataTrace(stored, nextMetadata),
  };
  const write: OverrideWrite = {
    changeId,
    expected: stored.bytes,
    expectedMetadata: stored.metadata,
    next: edit.next,
    nextMetadata,
    body,
    fenceMs: Math.floor(serverNowMs + ports.deadline.leftMs() - 1000),
    replaceWrongType: intent.isForced,
    requiredReplicas: Math.max(stored.replicas ?? 0, stored.watchedReplicas ?? 0) > 0 ? requiredReplicas : 0,
  };
  return { write, untilMs };
}

function alsoUndone(intent: ChangeIntent): Pick<HistoryBody, 'alsoUndoes'> {
  const ids = intent.alsoUndoes?.() ?? [];
  return ids.length === 0 ? {} : { alsoUndoes: ids };
}

function ownerOf({ owner }: ChangeTerms): Pick<ChangeTerms, 'owner'> {
  return owner === undefined ? {} : { owner };
}

/** The metadata to store; `null`: there was none, and none is needed. */
function metadataText(
  { intent, metadata, after, edit, stored }: ChangePlan,
  change: Pick<MetadataChange, 'author' | 'untilMs'>,
): string | null {
  const { changes, splices } = edit;
  const restored = carriedOn(intent, metadata, edit.changes);
  const next = metadataAfter(metadata, { ...change, after, changes, splices, restored });
  return stored.metadata === null && next.routes.size === 0 ? null : serialiseMetadata(next);
}

/** Full jitter, so that many who collided do not collide again. */
async function pause(ports: StorePorts, conflicts: number): Promise<void> {
  const most = Math.min(400, 8 * 2 ** Math.min(conflicts, 6));
  try {
    await ports.clock.sleep(ports.randomness.fraction() * most, ports.deadline.signal());
  } catch (error) {
    throw error instanceof RlctlError ? error : alwaysChanging();
  }
}

/** The same intent on the bytes somebody else left, if the routes it touches are still what the operator was shown. */
async function rebase(ports: StorePorts, plan: ChangePlan, current: StoredOverrides): Promise<ChangePlan> {
  if (plan.intent.ifRevision !== null || plan.document === null) throw conflict(plan, current, []);
  if (plan.intent.isRecomputed) return planOn(current, plan.intent, ports.clock.monotonicMs());
  const theirs = readable(current, false);
  const touched = plan.edit.changes.filter(({ route, before }) => rawOf(theirs, route) !== before);
  if (touched.length > 0)
    throw conflict(
      plan,
      current,
      touched.map(({ route }) => route),
    );
  const next = await planOn(current, plan.intent, ports.clock.monotonicMs());
  // What names whole values would take back, unseen, what somebody did to a route that it had found as wanted.
  const overtaken = next.edit.changes.filter(({ route, before }) => rawOf(plan.document, route) !== before);
  if (overtaken.length > 0) {
    const shown = overtaken.map((change) => ({ ...change, before: rawOf(plan.document, change.route) }));
    const routes = shown.map(({ route }) => route);
    throw conflict({ ...plan, edit: { ...plan.edit, changes: shown } }, current, routes);
  }
  return next;
}

function conflict(plan: ChangePlan, current: StoredOverrides, routes: readonly string[]): RlctlError {
  const theirs = current.type === 'string' || current.type === 'none' ? safely(current) : null;
  const items = plan.edit.changes
    .filter(({ route }) => routes.length === 0 || routes.includes(route))
    .map(({ route, before, after }) => ({ route, base: before, theirs: rawOf(theirs, route), mine: after }));
  const by = current.lastEntry?.body;
  const isTheirs = current.lastEntry?.next === current.revision;
  const who =
    isTheirs && by
      ? `${by.actor} at ${new Date(current.lastEntry?.timeMs ?? 0).toISOString()}`
      : 'somebody who did not use rlctl';
  const what = routes.length > 0 ? `${routes.join(', ')} was changed` : 'the document was changed';
  return new RlctlError('conflict', `${what} underneath by ${who}; nothing was written`, {
    code: 'CONFLICT',
    hint: 'Look at "rlctl override history", then decide again on what is stored now.',
    details: { by: who, revision: current.revision, routes: items },
  });
}

function safely(current: StoredOverrides) {
  try {
    return readable(current, false);
  } catch {
    return null;
  }
}

function alwaysChanging(): RlctlError {
  return new RlctlError(
    'unreachable',
    'the deadline passed while others kept changing the document; nothing was written',
    {
      code: 'DEADLINE',
      hint: 'Run the command again, with a longer --timeout.',
      details: { applied: false },
    },
  );
}

function notApplied(changeId: string, cause: string | undefined, { aborted, reason }: AbortSignal): RlctlError {
  const details = { changeId, applied: false };
  const what = `change ${changeId} was not applied, and cannot be any more`;
  if (aborted && reason instanceof RlctlError)
    return new RlctlError(reason.kind, `${reason.kind}; ${what}`, {
      code: reason.code,
      hint: 'Run the command again.',
      details,
    });
  return new RlctlError('unreachable', `the deadline passed; ${what}${cause === undefined ? '' : `: ${cause}`}`, {
    code: 'DEADLINE',
    hint: 'Run the command again, with a longer --timeout if Redis is slow.',
    details,
  });
}

function outcomeUnknown(changeId: string, cause: string): RlctlError {
  return new RlctlError('unknownOutcome', `nobody can tell whether change ${changeId} was applied: ${cause}`, {
    code: 'OUTCOME_UNKNOWN',
    hint: `When Redis answers again, run: rlctl override history --id ${changeId}`,
    details: { changeId },
  });
}

import { counted } from '../../domain/counted.js';
import { isExempt } from '../../domain/guard/commands.js';
import { RlctlError } from '../../domain/errors.js';
import { undoCommand } from '../../domain/override/undo-command.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { effectExit, type Effect, type EffectInput, type EffectPorts } from '../effect.js';
import type { OnStep, Step } from '../step.js';
import { withObjection } from '../shadow/objection.js';
import type { ChangePlan, StorePorts } from './plan.js';
import { takeStandingEffect } from './standing.js';
import { writePlan, type Author, type Written } from './write.js';

export type ChangePorts = StorePorts & EffectPorts;

/** A change from the first byte to its proof. */
export interface ChangeResult {
  readonly plan: ChangePlan;
  /** `null`: nothing had to be written. */
  readonly written: Written | null;
  readonly effect: Effect;
  readonly steps: readonly Step[];
  readonly exit: ExitName;
}

/**
 * The runbook's "per-route override": write the document, reload, and read back what the server now says. Nothing to
 * write is not nothing to prove: the reload and its proof happen all the same. Throws only while nothing is written;
 * after that every failure is a step of the result.
 */
export async function applyChange(
  ports: ChangePorts,
  plan: ChangePlan,
  author: Author,
  effectInput: EffectInput,
  onStep?: OnStep,
): Promise<ChangeResult> {
  const startedMs = ports.clock.monotonicMs();
  const attempt = plan.isNoop ? null : await writePlan(ports, plan, author, onStep);
  const written = attempt === null || attempt.outcome === null ? null : attempt;
  const writeStep = writeStepOf(written, attempt?.plan ?? plan, ports.clock.monotonicMs() - startedMs);
  if (written !== null && ports.deadline.interrupted.aborted)
    throw interruptedAfter(written, ports.deadline.interrupted.reason);
  const final = attempt?.plan ?? plan;
  const touched = touchedRoutes(final);
  const bytesBefore = written === null ? undefined : final.stored.bytes;
  const expected = { storedBytes: final.edit.next, changed: touched, bytesBefore };
  const objection = final.intent.objection?.(final.edit.next) ?? null;
  const taken = await takeStandingEffect(ports, effectInput, expected, onStep);
  const effect = withObjection(taken, objection, effectInput.require);
  if (written !== null && ports.deadline.interrupted.aborted)
    throw interruptedAfter(written, ports.deadline.interrupted.reason);
  const isReplicated =
    written === null || written.outcome.replication.acknowledged >= written.outcome.replication.required;
  return {
    plan: final,
    written,
    effect,
    steps: [writeStep, ...replicationSteps(written), ...effect.steps],
    exit: isReplicated ? effectExit(effect) : 'unproven',
  };
}

/** The routes to prove: those the change touches, or those it would have touched. */
function touchedRoutes(plan: ChangePlan): readonly string[] {
  const routes = plan.edit.changes.map(({ route }) => route);
  return routes.length > 0 ? routes : plan.intent.routes;
}

function writeStepOf(written: Written | null, { intent }: ChangePlan, tookMs: number): Step {
  if (written === null) {
    const why = (intent.missing?.() ?? []).length > 0 ? 'there was no such override' : 'already as wanted';
    return { name: 'write', state: 'skipped', detail: `${why}; nothing written`, tookMs };
  }
  const { plan, changeId, outcome, conflicts } = written;
  const remarks = [
    `change ${changeId}`,
    ...(conflicts > 0 ? [`merged with ${counted(conflicts, 'other change')}`] : []),
    ...(outcome.sawForeignChange ? [foreignText(plan)] : []),
    ...(outcome.usedTransaction ? ['EVAL is not permitted here; WATCH/MULTI was used'] : []),
  ];
  return { name: 'write', state: 'done', detail: remarks.join('; '), tookMs };
}

function foreignText({ stored }: ChangePlan): string {
  if (stored.bytes === null) return 'somebody had removed the document past rlctl';
  return `somebody had written past rlctl; what they left is kept, print it with: rlctl override history --document ${stored.revision.slice(0, 12)}`;
}

function replicationSteps(written: Written | null): readonly Step[] {
  const replication = written?.outcome.replication;
  if (!replication || replication.required === 0) return [];
  const isDone = replication.acknowledged >= replication.required;
  const detail = isDone
    ? `${counted(replication.acknowledged, 'replica has', 'replicas have')} it`
    : 'no replica acknowledged it in time: a failover now would lose the change';
  return [{ name: 'replicate', state: isDone ? 'done' : 'unverified', detail, tookMs: 0 }];
}

function interruptedAfter(written: Written, reason: unknown): RlctlError {
  const { plan, changeId } = written;
  const kind = reason instanceof RlctlError && reason.kind === 'terminated' ? 'terminated' : 'interrupted';
  const back = undoCommand({ ...plan, isReturn: plan.intent.undoes() !== null });
  return new RlctlError(kind, `${kind} after change ${changeId} was written; its effect is not proven`, {
    code: kind.toUpperCase(),
    hint: `Run "rlctl reload" to make it take hold and prove it${isExempt(plan.intent.command) ? '' : `, or "${back}" to take it back`}.`,
    details: { changeId, applied: true },
  });
}

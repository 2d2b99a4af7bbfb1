import { currentStage } from '../../domain/rollout/state.js';
import type { Verdict } from '../../domain/proof/proof.js';
import { announce } from '../announce.js';
import type { Driver } from './drive.js';
import { referenceOf } from './make.js';

/** Tells whoever wants to know; what could not be told is a remark, and holds nothing up. */
export async function tell(
  { context, environment, session }: Pick<Driver, 'context' | 'environment' | 'session'>,
  event: string,
  summary: string,
  verdict: Verdict | null,
): Promise<void> {
  const { state } = session;
  if (state === null) return;
  const reports = await announce(context, environment, {
    kind: 'rollout',
    event,
    changeId: state.stages[state.stage]?.changeId ?? null,
    command: 'rollout',
    summary: `rollout ${state.id}: ${summary}`,
    routes: [],
    verdict,
    reason: state.reason,
    ticket: state.ticket,
    partOf: [...context.partOf, referenceOf(state, currentStage(state))],
  });
  for (const { target, isDelivered, detail } of reports)
    if (!isDelivered) await context.note(`${target} was not told: ${detail}`);
}

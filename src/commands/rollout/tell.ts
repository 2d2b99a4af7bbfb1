import { currentStage, referenceOf } from '../../domain/rollout/state.js';
import type { Verdict } from '../../domain/proof/proof.js';
import { announce } from '../announce.js';
import type { Driver } from './drive.js';

/** Tells whoever wants to know, and waits for nobody. */
export function tell(
  { context, environment, session, flags }: Driver,
  event: string,
  summary: string,
  verdict: Verdict | null,
): void {
  const { state } = session;
  if (state === null || flags.mutation.isTelling === false) return;
  void announce(context, environment, {
    kind: 'rollout',
    event,
    // Flags are set past the history: nothing is found there under the id that their stage has.
    changeId: environment.shadowDriver === 'overrides' ? (state.stages[state.stage]?.changeId ?? null) : null,
    command: 'rollout',
    summary: `rollout ${state.id}: ${summary}`,
    routes: [],
    verdict,
    reason: state.reason,
    ticket: state.ticket,
    partOf: [...context.partOf, referenceOf(state, state.phase === 'undone' ? null : currentStage(state))],
  });
}

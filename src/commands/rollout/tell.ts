import { currentStage, referenceOf } from '../../domain/rollout/state.js';
import type { Verdict } from '../../domain/proof/proof.js';
import { announce } from '../announce.js';
import type { Driver } from './drive.js';

/** What came of what is told. */
interface Told {
  /** `null`: nothing was proven. */
  readonly proof: Verdict | null;
  /** The id under which the history has it; `null`: it changed nothing that the history keeps. */
  readonly changeId: string | null;
}

/** Tells whoever wants to know, and waits for nobody. */
export function tell(
  { context, environment, session, flags }: Driver,
  event: string,
  summary: string,
  { proof: verdict, changeId }: Told,
): void {
  const { state } = session;
  if (state === null || flags.mutation.isTelling === false) return;
  void announce(context, environment, {
    kind: 'rollout',
    event,
    changeId,
    command: 'rollout',
    summary: `rollout ${state.id}: ${summary}`,
    routes: [],
    verdict,
    reason: state.reason,
    ticket: state.ticket,
    partOf: [...context.partOf, referenceOf(state, state.phase === 'undone' ? null : currentStage(state))],
  });
}

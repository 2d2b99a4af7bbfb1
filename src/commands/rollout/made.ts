import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import type { ExitName } from '../../domain/exit-codes.js';
import { followedBy } from '../../domain/followed-by.js';
import type { Verdict } from '../../domain/proof/proof.js';
import type { FlagToSet } from '../../domain/shadow/restart.js';
import type { Unreached } from '../../domain/shadow/unreached.js';
import { flagsToSet } from '../../procedures/shadow/change-flags.js';
import { changeView, planView } from '../../ui/change-view.js';
import { addressedEffect } from '../../ui/proof-view.js';
import type { RolloutChange } from '../../ui/rollout-view.js';
import { flagPlanView, flagResultView } from '../../ui/shadow-view.js';
import type { MutationInput } from '../mutation.js';
import type { ChangeMade } from '../override/change.js';
import type { FlagCommand } from '../shadow/flag-plan.js';
import { makeFlagChange, type FlagChangeMade } from '../shadow/flags.js';

// The changes of a rollout: each goes the way of every other change, under an id that was written down before.

/** What a change of a rollout came to. */
export interface Made extends RolloutChange {
  readonly exit: ExitName;
  /** The id under which the history has it; `null`: it changed nothing that the history keeps. */
  readonly changeId: string | null;
  readonly proof: Verdict;
  /** The flags that take hold only when somebody restarts the server's processes with them; empty: none. */
  readonly restart: readonly FlagToSet[];
  /** Entries that overrides set by it do not reach; empty: none, or it set none. */
  readonly unreached: readonly Unreached[];
  /** What it changed beside the routes that it is about, in sentences; empty: nothing. */
  readonly beside: readonly string[];
  /** True: nothing has to be written. */
  readonly isNoop: boolean;
}

export interface ToMake {
  readonly environment: Environment;
  readonly mutation: MutationInput;
}

/** One after the other. What fails after something was written must not pass for nothing written. */
export async function makeAll(
  context: Context,
  environment: Environment,
  commands: readonly FlagCommand[],
): Promise<Made> {
  let all = nothing;
  for (const command of commands) {
    const made = await makeFlagChange(context, environment, command).catch((error: unknown) => {
      throw all.isNoop ? error : halfDone(error);
    });
    all = both(all, ofFlags(made, environment));
  }
  return all;
}

function halfDone(error: unknown): unknown {
  if (!(error instanceof RlctlError)) return error;
  return new RlctlError('unproven', `only a part was set: ${error.message}`, {
    code: error.code,
    hint: followedBy(error.hint, 'then finish it with: rlctl rollout resume'),
  });
}

export const nothing: Made = {
  exit: 'ok',
  changeId: null,
  proof: 'notAttempted',
  views: [],
  proofs: [],
  restart: [],
  unreached: [],
  beside: [],
  isNoop: true,
};

function both(one: Made, other: Made): Made {
  const worst = (['contradicted', 'notProven', 'proven', 'notAttempted'] as const).find(
    (each) => one.proof === each || other.proof === each,
  );
  return {
    exit: one.exit === 'ok' ? other.exit : one.exit,
    changeId: one.changeId ?? other.changeId,
    proof: worst ?? 'notAttempted',
    views: [...one.views, ...other.views],
    proofs: [...one.proofs, ...other.proofs],
    restart: [...one.restart, ...other.restart],
    unreached: [...one.unreached, ...other.unreached],
    beside: [...one.beside, ...other.beside],
    isNoop: one.isNoop && other.isNoop,
  };
}

export function ofChange(made: ChangeMade): Made {
  if (made.kind === 'planned') {
    const { plan, environment } = made;
    return { ...nothing, views: [planView(plan, environment)], isNoop: plan.isNoop };
  }
  const { result, environment } = made;
  const { exit, effect, plan, written } = result;
  const changeId = written?.changeId ?? plan.intent.madeBefore ?? null;
  const { proof } = addressedEffect(effect, environment.address);
  // An undo of the change alone would leave a rollout behind that goes on as if it stood.
  const views = [changeView(result, environment, 'rlctl rollout abort')];
  return { ...nothing, exit, changeId, proof: proof.verdict, views, proofs: [proof], isNoop: plan.isNoop };
}

function ofFlags(made: FlagChangeMade, environment: Environment): Made {
  if (made.kind === 'planned') {
    return { ...nothing, views: [flagPlanView(made.plan, environment)], isNoop: made.plan.isNoop };
  }
  const { exit, effect, plan, manualSteps } = made.result;
  // What stands already and is shown as such needs no reload, and is as good as proven.
  const proof = plan.isSettled && exit === 'ok' ? 'proven' : effect.proof.verdict;
  const proofs = [addressedEffect(effect, environment.address).proof];
  const views = [flagResultView(made.result, environment)];
  const restart = manualSteps.length === 0 ? [] : flagsToSet(plan);
  return { ...nothing, exit, proof, views, proofs, restart, isNoop: plan.isNoop };
}

import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { refusalOf } from '../../domain/rollout/actions.js';
import { beginRollout } from '../../domain/rollout/machine.js';
import type { RolloutPlan } from '../../domain/rollout/plan.js';
import { readRollout } from '../../procedures/rollout/session.js';
import { rolloutPlanView } from '../../ui/rollout-plan-view.js';
import { defineCommand, textFlag, type Outcome } from '../command.js';
import { attend } from './attend.js';
import { agree, writtenDown } from './begin.js';
import { workOf } from './drive.js';
import { addChangeFlags, addDriveFlags, driveFlags, sessionPorts, takeLease, type DriveFlags } from './flags.js';
import { assertMetrics } from './gates.js';
import { makeStage } from './enter.js';
import { addPlanFlags, planFor, type PlanChoice } from './plan-source.js';

// The handbook's staged rollout: each stage is put into force, watched, and passed by its gates or taken back.

async function start(context: Context, choice: PlanChoice, flags: DriveFlags): Promise<Outcome> {
  const environment = await context.environment(flags.mutation.effect.settings);
  const plan = await planFor(context, environment, choice);
  const { state, lease } = await readRollout(await sessionPorts(context, environment));
  // A step that was cut off is begun again under the same id: then it goes on with what it began.
  const isOwn = context.changeId !== null && state?.stages[0]?.changeId === context.changeId;
  if (isOwn) return attend(context, environment, await takeLease(context, environment, flags), flags);
  const refusal = refusalOf(state, 'start', environment.name, lease !== null);
  if (refusal !== null) throw refusal;
  await assertMetrics(context, environment);
  const preview = await planned(context, environment, plan, flags);
  if (flags.mutation.isDryRun) return { view: preview.view, exit: 'ok' };
  await agree(context, environment, flags, { command: 'rollout start', planned: preview.made, preview: preview.view });
  const session = await takeLease(context, environment, flags);
  const changeId = await writtenDown(session, async () => {
    const meanwhile = refusalOf(session.state, 'start', environment.name);
    if (meanwhile !== null) throw meanwhile;
    const { reason, ticket } = flags.mutation;
    const work = await workOf({ context, session }, reason ?? 'started', 'operator', context.changeId);
    await session.begin(beginRollout(plan, { id: `r-${context.randomness.hex(4)}`, reason, ticket, work }));
    return work.changeId;
  });
  return attend(context, environment, session, flags, changeId);
}

/** The whole plan, with the change of its first stage as it would be made now. */
async function planned(context: Context, environment: Environment, plan: RolloutPlan, flags: DriveFlags) {
  const [stage] = plan.stages;
  if (stage === undefined) throw new TypeError('a plan has a stage');
  const mutation = { ...flags.mutation, isDryRun: true };
  const reference = { kind: 'rollout', id: 'planned', step: stage.name } as const;
  const toMake = { stage, reference, isFirst: true };
  const wanted = { environment, mutation, isSpillAllowed: flags.isSpillAllowed, ...toMake };
  const made = await makeStage(context, wanted, () => Promise.resolve());
  const { views: changes, unreached } = made;
  return { made, view: rolloutPlanView({ environment, plan, from: 0, changes, unreached, isAuto: flags.isAuto }) };
}

export const command = defineCommand({
  register: (c) => {
    addPlanFlags(c);
    addDriveFlags(c);
    addChangeFlags(c);
  },
  examples: [
    'rlctl -e preview rollout start --dry-run',
    'rlctl -e prod rollout start --auto --reason "enforce limits" --confirm prod',
    'rlctl -e preview rollout start -f rollout.yaml --detach',
  ],
  input: ([name], flags) => ({
    choice: { name: name ?? null, file: textFlag(flags, 'file') },
    flags: driveFlags(flags),
  }),
  action: (context, { choice, flags }) => start(context, choice, flags),
});

import { Option } from 'commander';
import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { formatDuration } from '../../domain/duration.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { openTexts } from '../../domain/rollout/gates.js';
import type { RolloutEvent } from '../../domain/rollout/machine.js';
import { afterEvent } from '../../domain/rollout/machine.js';
import {
  currentRecord,
  currentStage,
  nextIndex,
  nextStage,
  referenceOf,
  soakLeftMs,
  standingBuckets,
  type RolloutState,
} from '../../domain/rollout/state.js';
import { beforeAnything } from '../../domain/nothing-done.js';
import { readRollout } from '../../procedures/rollout/session.js';
import { rolloutPlanView } from '../../ui/rollout-plan-view.js';
import { defineCommand, switchFlag, type Outcome } from '../command.js';
import { attend } from './attend.js';
import { agree, assertReasonForForce, possible, rolloutFor, writtenDown } from './begin.js';
import { workOf } from './drive.js';
import {
  addChangeFlags,
  addDriveFlags,
  driveFlags,
  saidAtStart,
  sessionPorts,
  takeLease,
  type DriveFlags,
} from './flags.js';
import { lookAtGates } from './gates.js';
import { makeStage } from './enter.js';
import { assertStanding } from './standing.js';
import { unreachedIn } from './unreached.js';

// The next stage of a rollout, when the one before has passed; after an abort the same stage again.

interface Judged {
  /** The rollout with what its gates say now. */
  readonly state: RolloutState;
  /** What they said; `null`: they had passed already. */
  readonly event: RolloutEvent | null;
}

/** A stage that is still watched is judged now: its time may have come while nobody looked. */
async function judgedNow(
  context: Context,
  environment: Environment,
  state: RolloutState,
  nowMs: number,
): Promise<Judged> {
  if (state.phase !== 'watching') return { state, event: null };
  context.progress.step('looking at the gates');
  const { report } = await lookAtGates(context, environment, state, nowMs);
  const event = { kind: 'judged', atMs: nowMs, report } as const;
  return { state: afterEvent(state, event) ?? state, event };
}

/** Throws where the stage has not passed; a gate that fails is never gone past. */
function assertPassed(state: RolloutState, nowMs: number, isForced: boolean): void {
  const report = state.stages[state.stage]?.judged;
  if (state.phase !== 'watching' || report == null) return;
  if (isForced && report.verdict !== 'fail') return;
  const { name } = currentStage(state);
  const left = soakLeftMs(state, nowMs);
  const soak = left === 0 ? [] : [`it has to stand for another ${formatDuration(left)}`];
  throw new RlctlError(
    'guard',
    `${name} has not passed: ${[...openTexts(report), ...report.doubts, ...soak].join('; ')}`,
    {
      code: report.verdict === 'fail' ? 'GATE_FAILED' : 'GATES_NOT_PASSED',
      hint:
        report.verdict === 'fail'
          ? 'Take the stage back with: rlctl rollout abort'
          : 'Wait for its verdict with "rlctl rollout resume", or go past it with --force --reason TEXT.',
      details: { stage: name, verdict: report.verdict, readings: report.readings, soakLeftSeconds: left / 1000 },
    },
  );
}

async function promote(context: Context, flags: DriveFlags, isForced: boolean): Promise<Outcome> {
  const environment = await context.environment(flags.mutation.effect.settings);
  if (isForced) assertReasonForForce(flags);
  // A step that was cut off goes on with what it began.
  const read = readRollout(await sessionPorts(context, environment));
  const begun = (await beforeAnything(read, 'changed')).state;
  const isOwn = begun !== null && context.changeId !== null && currentRecord(begun).changeId === context.changeId;
  if (isOwn) return attend(context, environment, await takeLease(context, environment, flags), flags);
  // Also where it is only looked at: gates that have not passed would refuse it for the wrong reason.
  const by = { isTakeOver: flags.isTakeOver, isLooking: false };
  const found = await rolloutFor(context, environment, 'promote', by);
  const { state } = await judgedNow(context, environment, found.state, found.nowMs);
  assertPassed(state, found.nowMs, isForced);
  const stage = nextStage(state);
  if (stage === null) throw lastStage(state);
  const renewed = [...stage.shadow, ...stage.enforce];
  await assertStanding(context, environment, state, renewed);
  const mine = { ...flags, mutation: saidAtStart(flags.mutation, state) };
  const mutation = { ...mine.mutation, isDryRun: true };
  const toMake = { stage, reference: referenceOf(state, stage), isFirst: nextIndex(state) === 0 };
  const wanted = { environment, mutation, isSpillAllowed: flags.isSpillAllowed, ...toMake };
  const made = await makeStage(context, wanted, () => Promise.resolve());
  const standing = standingBuckets(state).filter((each) => !renewed.includes(each));
  const preview = rolloutPlanView({
    environment,
    plan: state.plan,
    from: nextIndex(state),
    changes: made.views,
    unreached: [...(await unreachedIn(context, environment, standing)), ...made.unreached],
    isAuto: flags.isAuto,
  });
  if (flags.mutation.isDryRun) return { view: preview, exit: 'ok' };
  await agree(context, environment, mine, { command: 'rollout promote', planned: made, preview });
  const session = await takeLease(context, environment, flags);
  const changeId = await writtenDown(session, async () => {
    const current = possible(session.state, 'promote', environment);
    const judged = await judgedNow(context, environment, current, session.nowMs());
    assertPassed(judged.state, session.nowMs(), isForced);
    await assertStanding(context, environment, judged.state, renewed);
    const work = await workOf({ context, session }, flags.mutation.reason ?? 'promoted', 'operator', context.changeId);
    const promoted = { kind: 'promoted', work, isForced } as const;
    await session.apply(...(judged.event === null ? [] : [judged.event]), promoted);
    return work.changeId;
  });
  return attend(context, environment, session, mine, changeId);
}

function lastStage(state: RolloutState): RlctlError {
  return usageError(
    `${currentStage(state).name} is the last stage of the rollout ${state.id}: there is none to go on to`,
    'Wait for its verdict with: rlctl rollout resume',
    'ROLLOUT_PHASE',
  );
}

export const command = defineCommand({
  register: (c) => {
    addDriveFlags(c);
    c.addOption(
      new Option('--force', 'although the gates are inconclusive or the time is not over; never past a failed one'),
    );
    addChangeFlags(c);
  },
  examples: [
    'rlctl -e prod rollout promote --confirm prod',
    'rlctl -e prod rollout promote --auto --confirm prod',
    'rlctl -e preview rollout promote --force --reason "no traffic at night"',
  ],
  input: (_, flags) => ({ flags: driveFlags(flags), isForced: switchFlag(flags, 'force') }),
  action: (context, { flags, isForced }) => promote(context, flags, isForced),
});

import { formatDuration } from '../domain/duration.js';
import { countText, shareText } from '../domain/quantities.js';
import { startAnew } from '../domain/rollout/actions.js';
import { readingText, type GateReport } from '../domain/rollout/gates.js';
import { stageInWords } from '../domain/rollout/plan.js';
import { currentRecord, currentStage, nextStage, soakLeftMs, type RolloutState } from '../domain/rollout/state.js';
import { flagsText } from '../domain/shadow/restart.js';
import type { Forecast } from '../procedures/rollout/read-gates.js';

/** Where a rollout stands, in two words that can be seen from afar. */
export function headlineOf({ phase, work }: RolloutState): string {
  if (work?.hindered !== undefined) return 'NOT TAKEN BACK';
  return {
    changing: 'CHANGING',
    watching: 'IN FORCE',
    passed: 'PASSED',
    paused: 'PAUSED',
    aborting: 'ABORTING',
    aborted: 'ABORTED',
    undoing: 'TAKING BACK',
    undone: 'TAKEN BACK',
    finished: 'FINISHED',
  }[phase];
}

/** What happens next, and who has to do it. `isDriven`: somebody watches it. */
export function nextInWords(
  state: RolloutState,
  report: GateReport | null,
  nowMs: number,
  isDriven: boolean,
): readonly string[] {
  const { name } = currentStage(state);
  const next = nextStage(state);
  const enter = next === null ? null : `${next.name} (${stageInWords(next)})`;
  switch (state.phase) {
    case 'changing':
    case 'aborting':
    case 'undoing': {
      if (isDriven) return [`${workInWords(state)}, reloaded and proven`];
      const hindered = state.work?.hindered;
      if (hindered !== undefined)
        return [
          `it could not be taken back: ${hindered}`,
          'when nothing of that stands in the way any more: rlctl rollout resume',
        ];
      return [
        ...unfinishedInWords(state),
        ...(state.phase === 'changing' && isUnproven(state) ? ['where it cannot be proven: rlctl rollout abort'] : []),
      ];
    }
    case 'watching':
      return watchingInWords(state, report, nowMs, isDriven);
    case 'passed':
      return enter === null ? [] : [`enter ${enter} with: rlctl rollout promote`];
    case 'paused':
      return ['nothing, until: rlctl rollout resume'];
    case 'aborted':
      return [
        `try ${name} again with: rlctl rollout promote`,
        ...(state.stage > 0 ? ['take back the stages before it as well with: rlctl rollout undo'] : []),
      ];
    case 'undone':
      return [`begin anew with: ${startAnew(state)}`];
    case 'finished':
      return ['nothing; all of it would be taken back by: rlctl rollout undo'];
  }
}

function unfinishedInWords(state: RolloutState): readonly string[] {
  const work = workInWords(state);
  if (!isUnproven(state)) return [`${work}, and that was cut off: finish it with rlctl rollout resume`];
  const restart = state.work?.restart;
  if (restart === undefined) return [`${work}, and its effect is not proven: prove it with rlctl rollout resume`];
  return [
    `${work}, once the server starts with its flags`,
    `first restart the processes with: ${flagsText(restart)}`,
    'then prove it with: rlctl rollout resume',
  ];
}

/** What is under way was written, and its proof did not come to what was asked. */
export function isUnproven(state: RolloutState): boolean {
  const { proof } = currentRecord(state);
  return state.work !== null && (proof === 'notProven' || proof === 'contradicted');
}

function workInWords({ phase, ...state }: RolloutState): string {
  const { name } = currentStage(state);
  if (phase === 'undoing') return 'the rollout is taken back';
  return phase === 'aborting' ? `${name} is taken back` : `${name} is put into force`;
}

function watchingInWords(
  state: RolloutState,
  report: GateReport | null,
  nowMs: number,
  isDriven: boolean,
): readonly string[] {
  const next = nextStage(state);
  const then =
    next === null ? 'the rollout has finished' : `${next.name} may begin${next.isAsked ? ', if somebody says so' : ''}`;
  if (report?.verdict === 'fail')
    return [isDriven ? 'the stage is taken back' : 'take the stage back with: rlctl rollout abort'];
  const left = soakLeftMs(state, nowMs);
  const when =
    left > 0 ? `in ${formatDuration(Math.ceil(left / 1000) * 1000)}, if the gates pass` : 'as soon as the gates pass';
  const watched = isDriven ? [] : ['nobody watches the gates: rlctl rollout resume'];
  const past =
    report?.verdict === 'inconclusive' && left === 0 && next !== null
      ? ['or go past them: rlctl rollout promote --force --reason TEXT']
      : [];
  return [...watched, `${when}: ${then}`, ...past];
}

/** Which gates failed, one each, as they were read. */
export function failedTexts({ readings }: GateReport): readonly string[] {
  return readings.filter(({ verdict }) => verdict === 'fail').map(readingText);
}

/** `write: 1.2% of 420 are over the limit` */
export function forecastText({ bucket, share, over, total }: Forecast): string {
  if (share === null) return `${bucket}: no data of what it would refuse`;
  return `${bucket} would refuse ${shareText(share)} (${countText(over ?? 0)} of ${countText(total ?? 0)})`;
}

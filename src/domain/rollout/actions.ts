import { RlctlError, usageError } from '../errors.js';
import { shellWord } from '../shell-words.js';
import { defaultPlanName } from './plan.js';
import { currentStage, isOver, type RolloutPhase, type RolloutState } from './state.js';

/** What somebody may want of a rollout. */
export type RolloutAction = 'start' | 'promote' | 'pause' | 'resume' | 'abort' | 'undo';

/** In which phases an action is possible; `start` is wherever a rollout is over. */
export const allowedPhases: Readonly<Record<Exclude<RolloutAction, 'start'>, readonly RolloutPhase[]>> = {
  promote: ['watching', 'passed', 'aborted'],
  pause: ['watching', 'passed'],
  resume: ['changing', 'watching', 'passed', 'paused', 'aborting', 'undoing'],
  abort: ['changing', 'watching', 'passed', 'paused', 'aborting'],
  undo: ['changing', 'watching', 'passed', 'paused', 'aborting', 'aborted', 'undoing', 'finished'],
};

/**
 * What stands in the way of an action, as an error; `null`: nothing does. `isHeld`: somebody else drives the rollout, so that
 * what is printed has to take it over; absent: nobody does.
 */
export function refusalOf(
  state: RolloutState | null,
  action: RolloutAction,
  environment: string,
  isHeld = false,
): RlctlError | null {
  if (action === 'start') return state === null || isOver(state) ? null : underWay(state, isHeld);
  if (state === null) {
    return usageError(
      `there is no rollout on "${environment}"`,
      'See what one would do with: rlctl rollout start --dry-run',
      'NO_ROLLOUT',
    );
  }
  if (allowedPhases[action].includes(state.phase)) return null;
  const { message, hint } = inTheWay(state);
  return new RlctlError('usage', `${action}: the rollout ${state.id} ${message}; nothing was done`, {
    code: action === 'undo' && state.phase === 'undone' ? 'ROLLOUT_UNDONE' : 'ROLLOUT_PHASE',
    hint,
    details: { id: state.id, phase: state.phase, stage: currentStage(state).name },
  });
}

/** Every action on a rollout that there is already; "start" makes one, and takes none over. */
const driving = new RegExp(String.raw`rlctl rollout (?:${Object.keys(allowedPhases).join('|')})\b`, 'g');

/** A sentence whose commands drive a rollout: while somebody else drives it they are refused unless they take it over. */
export function passingBy(sentence: string, isHeld: boolean): string {
  return isHeld ? sentence.replaceAll(driving, '$& --take-over') : sentence;
}

function underWay(state: RolloutState, isHeld: boolean): RlctlError {
  return new RlctlError(
    'conflict',
    `a rollout is under way: ${state.id}, in ${currentStage(state).name} (${phaseInWords(state)})`,
    {
      code: 'ROLLOUT_UNDER_WAY',
      hint: passingBy(
        'Look at it with "rlctl rollout status"; go on with "rlctl rollout resume", or end it with "rlctl rollout undo".',
        isHeld,
      ),
      details: { id: state.id, phase: state.phase, stage: currentStage(state).name },
    },
  );
}

/** The command that begins with the same plan: one that came from a file is given as a file again. */
export function startAnew({ plan: { name, file } }: Pick<RolloutState, 'plan'>): string {
  if (file !== undefined)
    return `rlctl rollout start -f ${shellWord(file)}${file === '-' ? ', with that plan on stdin' : ''}`;
  return `rlctl rollout start${name === defaultPlanName ? '' : ` ${shellWord(name)}`}`;
}

function inTheWay(state: RolloutState): { readonly message: string; readonly hint: string } {
  switch (state.phase) {
    case 'changing':
    case 'aborting':
    case 'undoing':
      return {
        message: `is in the middle of a change (${phaseInWords(state)})`,
        hint: 'Let it be finished first: rlctl rollout resume',
      };
    case 'paused':
      return { message: 'is paused', hint: 'Go on with: rlctl rollout resume' };
    case 'aborted':
      return {
        message: 'was aborted',
        hint: `Try the stage again with "rlctl rollout promote"; take back the stages before it with "rlctl rollout undo"; or begin anew with: ${startAnew(state)}`,
      };
    case 'finished':
      return { message: 'has finished', hint: 'Take all of it back with: rlctl rollout undo' };
    case 'undone':
      return { message: 'was taken back', hint: `Begin anew with: ${startAnew(state)}` };
    case 'watching':
      return { message: 'watches a stage', hint: 'Watch it with: rlctl rollout resume' };
    case 'passed':
      return { message: 'waits for the next stage', hint: 'Enter it with: rlctl rollout promote' };
  }
}

const words: Readonly<Record<RolloutPhase, string>> = {
  changing: 'its change is under way, or was cut off',
  watching: 'in force, gates open',
  passed: 'passed',
  paused: 'paused',
  aborting: 'its abort is under way, or was cut off',
  aborted: 'aborted',
  undoing: 'being taken back, or that was cut off',
  undone: 'taken back',
  finished: 'finished',
};

function phaseInWords({ phase, work }: Pick<RolloutState, 'phase' | 'work'>): string {
  return work?.hindered === undefined ? words[phase] : 'it could not be taken back';
}

import { shellWords } from '../shell-words.js';
import { startAnew } from './actions.js';
import type { RolloutStage } from './plan.js';
import { currentStage, type RolloutState } from './state.js';

/** What a stage that is in force said of a bucket, where none after it says anything else. */
export interface Meant {
  readonly stage: string;
  readonly bucket: string;
  readonly isShadow: boolean;
}

/** A bucket that is not, or no more, as a stage left it that is said to be in force. */
export interface Fallen extends Meant {
  /** Who took it back; `null`: nobody who told of it. */
  readonly by: FallenBy | null;
}

export interface FallenBy {
  readonly actor: string;
  /** The command that did. */
  readonly command: string;
}

/** Phases in which nothing is being written, so that what is stored can be held against what the stages said. */
const settled: ReadonlySet<RolloutState['phase']> = new Set(['watching', 'passed', 'paused', 'aborted']);

/** What should stand now, each bucket by the last stage in force that sets it; empty also while anything is being changed. */
export function meantNow({ phase, plan, stages }: RolloutState): readonly Meant[] {
  if (!settled.has(phase)) return [];
  const inForce = plan.stages.filter((_, index) => (stages[index]?.inForceAtMs ?? null) !== null);
  return [...new Map(inForce.flatMap(meantBy).map((each) => [each.bucket, each])).values()];
}

function meantBy({ name: stage, shadow, enforce }: RolloutStage): readonly Meant[] {
  return [
    ...shadow.map((bucket) => ({ stage, bucket, isShadow: true })),
    ...enforce.map((bucket) => ({ stage, bucket, isShadow: false })),
  ];
}

/** `all-shadow no longer stands: read, auth taken back by ben, incident end`; one for each stage and whoever did it. */
export function fallenTexts(fallen: readonly Fallen[]): readonly string[] {
  const toldOf = ({ stage, by }: Fallen): string => JSON.stringify([stage, by]);
  const firsts = new Map(fallen.map((each) => [toldOf(each), each]));
  return [...firsts].map(([told, { stage, by }]) => {
    const names = fallen.filter((each) => toldOf(each) === told).map(({ bucket }) => bucket);
    return `${stage} no longer stands: ${names.join(', ')} ${byText(by)}`;
  });
}

function byText(by: FallenBy | null): string {
  if (by === null) return 'taken back, and nobody has recorded it';
  return `taken back by ${by.actor}, ${by.command}`;
}

/** How a rollout goes on of which something fell: what fell is set as it was meant, or what is left is taken back too. */
export function fallenWays(state: RolloutState, fallen: readonly Fallen[]): readonly string[] {
  const set = [true, false].flatMap((isShadow) => {
    const names = fallen.filter((each) => each.isShadow === isShadow).map(({ bucket }) => bucket);
    return names.length === 0 ? [] : [shellWords(['rlctl', 'shadow', isShadow ? 'on' : 'off', ...names])];
  });
  const { name } = currentStage(state);
  const isOnlyCurrent = state.phase !== 'aborted' && fallen.every(({ stage }) => stage === name);
  return [
    isOnlyCurrent
      ? `take ${name} back, to enter it anew with "rlctl rollout promote": rlctl rollout abort`
      : `take all of it back, to begin anew with "${startAnew(state)}": rlctl rollout undo`,
    `or set what fell as the stage did: ${set.join('; and: ')}`,
  ];
}

import type { Environment } from '../domain/config/environment.js';
import { addressed } from '../domain/printed-command.js';
import { passingBy } from '../domain/rollout/actions.js';
import { fallenWays } from '../domain/rollout/standing.js';
import { currentStage, type RolloutState } from '../domain/rollout/state.js';
import type { OperationLease } from '../ports/operation-store.js';
import type { GatesRead } from '../procedures/rollout/read-gates.js';
import type { KeptRollout } from '../procedures/rollout/session.js';
import type { RolloutMoment, StagesShown } from './rollout-stages-text.js';
import { forecastText, nextInWords } from './rollout-words.js';
import { term } from './term.js';
import { clockTime, relativeTime } from './time.js';

/** What tells how a rollout goes on. */
export interface RolloutOutlook extends Pick<StagesShown, 'fallen'> {
  readonly kept: KeptRollout;
  readonly environment: Environment;
  /** What the gates say now; `null`: nobody asked them. */
  readonly gates: GatesRead | null;
  /** Who watches: this command, another one if any, or this one until just now. */
  readonly watch: 'here' | 'elsewhere' | 'given back';
  /** How this command ended; `null`: it only looked. */
  readonly end: string | null;
}

type Shown = RolloutOutlook & RolloutMoment;

/** Who drives it, what happens next and what that would refuse, and the ways back. */
export function footText(shown: Shown): string {
  const { state, theme, gates } = shown;
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['driver', driverLines(shown)],
    ['next', nextLines(shown, state).map(term)],
    ['outlook', (gates?.forecast ?? []).map((each) => term(forecastText(each)))],
    ['back', backLines(shown).map(term)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows
    .flatMap(([label, lines]) =>
      lines.map((line, index) => `${theme.bold((index === 0 ? label : '').padEnd(width))}  ${line}`),
    )
    .join('\n');
}

/** What happens next, and who has to do it, with the commands for that. */
export function nextLines(shown: RolloutOutlook, state: RolloutState): readonly string[] {
  const { environment, kept, watch, gates, fallen } = shown;
  const other = otherDriver(shown);
  const isDriven = watch === 'here' || other !== null;
  const overdue =
    shown.end === 'inconclusive' ? ['no verdict within --patience; the stage stays in force as it is'] : [];
  const lines =
    fallen == null || fallen.length === 0
      ? nextInWords(state, gates?.report ?? null, kept.serverTimeMs, isDriven)
      : fallenWays(state, fallen);
  const isTheirs = other !== null && isAtWork(state);
  const gone = isTheirs
    ? [
        `${other.holder} drives it; if that one is gone, nobody does from ${clockTime(other.untilMs)} on`,
        'to drive it at once: rlctl rollout resume',
      ]
    : [];
  return [...overdue, ...lines, ...gone].map((line) => addressed(passingBy(line, other !== null), environment.address));
}

/** Whose lease it is, where it is not this command's; whether their process still lives shows nowhere. */
function otherDriver({ kept: { lease }, watch }: RolloutOutlook): OperationLease | null {
  return watch === 'here' ? null : lease;
}

/** Phases in which something is to be done or watched. */
function isAtWork({ phase }: RolloutState): boolean {
  return ['watching', 'changing', 'aborting', 'undoing'].includes(phase);
}

/** Who watches; where nobody does while gates are open, that is what has to be seen first. */
function driverLines({ state, kept, watch, nowMs, theme }: Shown): readonly string[] {
  const { lease, lapsed } = kept;
  if (watch === 'here') return ['this command; Ctrl-C leaves the rollout as it is, and unwatched'];
  if (lease !== null) {
    const until = `until ${clockTime(lease.untilMs)} (${relativeTime(lease.untilMs, nowMs)}) unless renewed`;
    return [`${term(lease.holder)}, ${until}`];
  }
  if (!isAtWork(state)) return [];
  const nobody = theme.warn('nobody');
  if (lapsed === null) return [nobody];
  return [`${nobody}; ${term(lapsed.holder)} was heard of last ${relativeTime(lapsed.untilMs, nowMs)}`];
}

/** The ways back, where there are any and they do not stand in `next` already. */
function backLines(shown: Shown): readonly string[] {
  const { state, environment, fallen } = shown;
  const isOpen = ['watching', 'passed', 'paused', 'changing'].includes(state.phase);
  if (!isOpen || (fallen ?? []).length > 0) return [];
  const ways = [
    `${currentStage(state).name} alone: rlctl rollout abort`,
    ...(state.stage > 0 ? [`all of it: rlctl rollout undo`] : []),
  ];
  return ways.map((way) => addressed(passingBy(way, otherDriver(shown) !== null), environment.address));
}

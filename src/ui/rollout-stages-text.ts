import { formatDuration } from '../domain/duration.js';
import { stageInWords, type RolloutStage } from '../domain/rollout/plan.js';
import type { Fallen } from '../domain/rollout/standing.js';
import { currentStage, soakLeftMs, type RolloutState, type StageRecord } from '../domain/rollout/state.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import { relativeTime } from './time.js';
import type { Theme } from './theme.js';

/** A rollout at a moment, epoch milliseconds by the server's clock. */
export interface RolloutMoment {
  readonly state: RolloutState;
  readonly nowMs: number;
  readonly theme: Theme;
}

/** Which of its stages stand. */
export interface StagesShown extends RolloutMoment {
  /** What of the stages no longer stands; empty: all of them stand. Absent or `null`: it was not looked at. */
  readonly fallen?: readonly Fallen[] | null;
}

/** Every stage on a line: what it does, and how far it is. */
export async function stagesText(shown: StagesShown): Promise<string> {
  const { state, theme } = shown;
  const rows = state.plan.stages.map((stage, index) => {
    const record = state.stages[index];
    if (record === undefined) return [];
    const { mark, text } = stageState(shown, stage, record, index === state.stage);
    return [mark, term(stage.name), term(stageInWords(stage)), text];
  });
  return renderTable(
    [{ title: ' ' }, { title: 'STAGE' }, { title: 'DOES', isFlexible: true }, { title: 'STATE', isFlexible: true }],
    rows,
    theme,
  );
}

function stageState(
  shown: StagesShown,
  stage: RolloutStage,
  record: StageRecord,
  isCurrent: boolean,
): { readonly mark: string; readonly text: string } {
  const { nowMs, theme, fallen } = shown;
  if (fallen?.some((each) => each.stage === stage.name))
    return { mark: theme.bad('✗'), text: theme.bad('no longer stands') };
  const ended = record.endedAtMs === null ? '' : ` ${relativeTime(record.endedAtMs, nowMs)}`;
  switch (record.outcome) {
    case 'waiting':
      return { mark: theme.dim('·'), text: theme.dim(stage.isAsked ? 'asks first' : 'waits') };
    case 'passed':
      return { mark: theme.good('✓'), text: `passed${ended}${record.isForced ? theme.warn(', forced') : ''}` };
    case 'aborted':
      return { mark: theme.bad('✗'), text: theme.bad(`taken back${ended}`) };
    case 'undone':
      return { mark: theme.dim('↺'), text: `taken back${ended}` };
    case 'entered':
      return { mark: theme.accent('▶'), text: isCurrent ? enteredText(shown) : 'entered' };
  }
}

const barWidth = 10;

function enteredText({ state, nowMs, theme }: RolloutMoment): string {
  if (state.phase === 'changing')
    return theme.warn(state.stages[state.stage]?.proof == null ? 'being entered' : 'not proven');
  if (state.phase === 'aborting' || state.phase === 'undoing') return theme.bad('being taken back');
  if (state.phase === 'paused') return theme.warn('paused');
  const { soakMs } = currentStage(state);
  const left = soakLeftMs(state, nowMs);
  if (left === 0) return `stood ${formatDuration(soakMs)}, waits for its gates`;
  const done = soakMs - left;
  const full = Math.min(barWidth, Math.floor((done / soakMs) * barWidth));
  const bar = `${'█'.repeat(full)}${theme.dim('░'.repeat(barWidth - full))}`;
  return `${bar} ${secondsPassed(done)} of ${formatDuration(soakMs)}`;
}

function secondsPassed(ms: number): string {
  return ms < 1000 ? '0s' : formatDuration(Math.floor(ms / 1000) * 1000);
}

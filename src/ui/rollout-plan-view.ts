import type { Environment } from '../domain/config/environment.js';
import { formatDuration } from '../domain/duration.js';
import { gateInWords, gateLimitText, type GateName } from '../domain/rollout/gates.js';
import { stageInWords, type RolloutPlan, type RolloutStage } from '../domain/rollout/plan.js';
import type { RolloutState } from '../domain/rollout/state.js';
import { unreachedText, type Unreached } from '../domain/shadow/unreached.js';
import { planJson, rolloutJson } from './rollout-json.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

export interface PlanShown {
  readonly environment: Environment;
  readonly plan: RolloutPlan;
  /** The stage that would be entered now, from 0. */
  readonly from: number;
  /** The changes that it would make. */
  readonly changes: readonly View[];
  /** What of its buckets, and of those that stand already, it would not reach; empty: nothing. */
  readonly unreached: readonly Unreached[];
  readonly isAuto: boolean;
}

/** What a rollout would do: every stage with its gates, and the change that would be made now. */
export function rolloutPlanView({ environment, plan, from, changes, unreached, isAuto }: PlanShown): View {
  const stage = plan.stages[from];
  return {
    kind: 'RolloutPlan',
    data: {
      environment: environment.name,
      plan: planJson(plan),
      enters: stage?.name ?? null,
      changes: changes.map(({ kind, data }) => ({ kind, ...data })),
      unreached,
    },
    human: async (theme) =>
      [
        `${theme.bold(term(environment.name))}  rollout plan ${term(plan.name)}`,
        '',
        await stagesTable(plan, from, theme),
        '',
        theme.bold(`now: ${stage === undefined ? 'nothing' : `${term(stage.name)} (${term(stageInWords(stage))})`}`),
        ...(await changesText(changes, theme)),
        ...unreached.map((each) => `${theme.warn('!')} ${term(unreachedText(each))}`),
        theme.dim(thenText(plan, from, isAuto)),
      ].join('\n'),
  };
}

function thenText({ stages }: RolloutPlan, from: number, isAuto: boolean): string {
  const rest = stages.slice(from + 1);
  const asking = rest.find(({ isAsked }) => isAsked);
  if (rest.length === 0) return 'then: it is the last stage';
  if (!isAuto) return 'then: each further stage is entered by "rollout promote", when the one before has passed';
  const until = asking === undefined ? '' : `, up to ${asking.name}, which asks first`;
  return `then: each further stage is entered when the one before has passed${until}`;
}

async function changesText(changes: readonly View[], theme: Theme): Promise<readonly string[]> {
  if (changes.length === 0) return ['nothing is changed'];
  return Promise.all(changes.map(async (each) => each.human(theme)));
}

async function stagesTable({ stages }: RolloutPlan, from: number, theme: Theme): Promise<string> {
  return renderTable(
    [
      { title: ' ' },
      { title: 'STAGE' },
      { title: 'DOES', isFlexible: true },
      { title: 'PASSES WITH', isFlexible: true },
    ],
    stages.map((stage, index) => [
      index === from ? theme.accent('▶') : theme.dim(index < from ? '✓' : '·'),
      term(stage.name),
      term(stageInWords(stage)) + (stage.isAsked ? theme.dim('; asks first') : ''),
      term(gatesInWords(stage)),
    ]),
    theme,
  );
}

/** `financial: refused ≤ 5%, evaluation errors ≤ 0, decisions ≥ 50; in 5m, after 15m` */
function gatesInWords({ gates, watch, windowMs, soakMs }: RolloutStage): string {
  const limits = (Object.keys(gates) as GateName[]).flatMap((gate) => {
    const limit = gates[gate];
    return limit === null ? [] : [`${gateInWords(gate)} ${gateLimitText(gate, limit)}`];
  });
  return `${watch.join(', ')}: ${limits.join(', ')}; in ${formatDuration(windowMs)}, after ${formatDuration(soakMs)}`;
}

export interface BackShown {
  readonly environment: Environment;
  readonly state: RolloutState;
  /** `null`: the whole rollout. */
  readonly stage: RolloutStage | null;
  readonly changes: readonly View[];
}

/** What an abort or an undo would take back. */
export function rolloutBackView({ environment, state, stage, changes }: BackShown): View {
  return {
    kind: 'RolloutPlan',
    data: {
      environment: environment.name,
      rollout: rolloutJson(state),
      takesBack: stage?.name ?? 'everything',
      changes: changes.map(({ kind, data }) => ({ kind, ...data })),
    },
    human: async (theme) =>
      [
        `${theme.bold(term(environment.name))}  rollout ${state.id}: ${stage === null ? 'everything' : term(stage.name)} would be taken back`,
        ...(await changesText(changes, theme)),
      ].join('\n'),
  };
}

import type { Environment } from '../domain/config/environment.js';
import { addressed } from '../domain/printed-command.js';
import { shellWords } from '../domain/shell-words.js';
import type { SwitchPlan, SwitchResult } from '../procedures/panic/kill-switch.js';
import { guardsJson, guardsSaidLines } from './guard-view.js';
import { addressedEffect, addressedSteps, effectJson, proofText, reloadText, stepsText } from './proof-view.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** The program that would be run. */
export function switchPlanView(plan: SwitchPlan, environment: Environment): View {
  return {
    kind: 'SwitchPlan',
    data: { environment: environment.name, ...planJson(plan, environment) },
    human: (theme) => `${planText(plan, theme, environment)}\n${theme.dim('nothing has been run')}`,
  };
}

/** What is about to be run, for the question before it. */
export function switchPreviewText(plan: SwitchPlan, theme: Theme): string {
  return `about to run:\n${planText(plan, theme)}`;
}

/** The master switch as it was set, with what processes then said. */
export function switchResultView(result: SwitchResult, environment: Environment): View {
  const effect = addressedEffect(result.effect, environment.address);
  const steps = addressedSteps(result.steps, environment.address);
  return {
    kind: 'SwitchChange',
    data: {
      environment: environment.name,
      ...planJson(result.plan, environment),
      ...effectJson(effect),
      steps: steps.map((step) => ({ ...step, tookMs: Math.round(step.tookMs) })),
    },
    human: (theme) =>
      [
        planText(result.plan, theme, environment),
        stepsText(
          steps.filter(({ name }) => name !== 'reload'),
          theme,
        ),
        ...(effect.reloads.length > 0 ? [reloadText(effect, theme)] : []),
        proofText(effect.proof, theme),
      ].join('\n'),
  };
}

function planJson(plan: SwitchPlan, { address }: Environment): Record<string, unknown> {
  const { argv, variable, value, remarks, verdicts } = plan;
  const said = remarks.map((each) => addressed(each, address));
  return { variable, value, argv, remarks: said, guards: guardsJson(verdicts) };
}

function planText(plan: SwitchPlan, theme: Theme, environment?: Environment): string {
  const { argv, variable, value, remarks, verdicts } = plan;
  const said = environment === undefined ? remarks : remarks.map((each) => addressed(each, environment.address));
  return [
    `the limiter’s master switch: ${variable}=${value}`,
    `  ${theme.warn('run')}  ${term(shellWords(argv))}`,
    ...said.map((remark) => `${theme.accent('note:')}  ${term(remark)}`),
    ...guardsSaidLines({ verdicts, remarks: [] }, theme),
  ].join('\n');
}

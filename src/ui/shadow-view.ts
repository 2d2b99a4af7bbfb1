import type { Environment } from '../domain/config/environment.js';
import { shellWords } from '../domain/shell-words.js';
import type { FlagPlan, FlagResult } from '../procedures/shadow/change-flags.js';
import type { PlannedFlag } from '../procedures/shadow/flag-driver.js';
import { guardsJson, guardsSaidLines } from './guard-view.js';
import { addressedEffect, addressedSteps, effectJson, proofText, reloadText, stepsText } from './proof-view.js';
import { noteLines } from './note-lines.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** A change of flags that would be made: the lines or the programs. */
export function flagPlanView(plan: FlagPlan, environment: Environment): View {
  return {
    kind: 'ShadowPlan',
    data: { environment: environment.name, ...planJson(plan) },
    human: (theme) => `${planText(plan, theme)}\n${theme.dim('nothing has been changed')}`,
  };
}

/** What is about to be set, for the question before it. */
export function flagPreviewText(plan: FlagPlan, theme: Theme): string {
  return `about to set:\n${planText(plan, theme)}`;
}

/** A change of flags that has been made, with its proof, and what is left to do by hand. */
export function flagResultView(result: FlagResult, environment: Environment): View {
  const { plan, manualSteps } = result;
  const effect = addressedEffect(result.effect, environment.address);
  const steps = addressedSteps(result.steps, environment.address);
  return {
    kind: 'ShadowChange',
    data: {
      environment: environment.name,
      ...planJson(plan),
      ...effectJson(effect),
      manualSteps,
      steps: steps.map((step) => ({ ...step, tookMs: Math.round(step.tookMs) })),
    },
    human: (theme) =>
      [
        planText(plan, theme),
        stepsText(
          steps.filter(({ name }) => name !== 'reload'),
          theme,
        ),
        ...(effect.reloads.length > 0 ? [reloadText(effect, theme)] : []),
        proofText(effect.proof, theme),
        ...(manualSteps.length === 0
          ? []
          : [theme.bold('to do by hand:'), ...manualSteps.map((step, index) => `  ${index + 1}. ${term(step)}`)]),
      ].join('\n'),
  };
}

function planJson(plan: FlagPlan): Record<string, unknown> {
  const { driver, isOn, flags, isNoop, remarks, verdicts = [] } = plan;
  return {
    command: plan.command ?? (isOn ? 'shadow on' : 'shadow off'),
    driver: driver.kind,
    place: driver.place,
    isNoop,
    flags: flags.map(({ bucket, variable, before, after, isShadow, isChanged, line, argv }) => ({
      bucket: bucket.name,
      variable,
      before: before == null ? null : decoded(before),
      after: after && decoded(after),
      isShadow,
      isChanged,
      line: line && {
        ...line,
        before: line.before && decoded(line.before),
        after: line.after && decoded(line.after),
      },
      argv,
    })),
    remarks,
    guards: guardsJson(verdicts),
  };
}

function planText({ driver, flags, isNoop, remarks, verdicts = [] }: FlagPlan, theme: Theme): string {
  const lines = isNoop
    ? [
        `${term(driver.place)}: ${flags.map(({ variable }) => term(variable)).join(', ')} ${flags.length === 1 ? 'is' : 'are'} already as wanted`,
      ]
    : [term(driver.place), ...flags.flatMap((flag) => flagText(flag, theme))];
  return [...lines, ...noteLines(remarks, theme), ...guardsSaidLines({ verdicts, remarks: [] }, theme)].join('\n');
}

/** The line before and after as in a diff, or the program's words. */
function flagText({ variable, line, argv, isChanged }: PlannedFlag, theme: Theme): readonly string[] {
  if (argv !== null) return [`  ${theme.warn('run')}  ${term(shellWords(argv))}`];
  if (!isChanged || line === null) return [theme.dim(`  ${term(variable)} is already as wanted`)];
  return [
    theme.dim(`  line ${line.line}`),
    ...(line.before === null ? [] : [theme.bad(`  - ${term(decoded(line.before))}`)]),
    ...(line.after === null ? [] : [theme.good(`  + ${term(decoded(line.after))}`)]),
  ];
}

/** A line was read byte by byte; people read UTF-8. */
function decoded(line: string): string {
  return Buffer.from(line, 'latin1').toString('utf8');
}

import type { Environment } from '../domain/config/environment.js';
import { addressed, type CommandAddress } from '../domain/printed-command.js';
import { placeholderOf } from '../domain/runbook/input.js';
import type { ResolvedAct, ResolvedStep } from '../domain/runbook/resolve.js';
import type { Act, Runbook, RunbookInput, RunbookStep } from '../domain/runbook/runbook.js';
import type { WrittenRunbook } from '../domain/runbook/schema.js';
import type { Values } from '../domain/runbook/template.js';
import { actText, conditionText, resolvedText, wantedText } from './act-text.js';
import { noteLines } from './note-lines.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** One row of the list of runbooks. */
export interface ListedRunbook {
  readonly name: string;
  /** `null`: its file is faulty. */
  readonly runbook: Runbook | null;
  /** `null`: it came with rlctl. */
  readonly path: string | null;
  /** What keeps it from being run, in a few words; `null`: nothing. */
  readonly fault: string | null;
}

export function runbookListView(listed: readonly ListedRunbook[]): View {
  const items = listed.map(({ name, runbook, path, fault }) => ({
    name,
    title: runbook?.title ?? null,
    summary: runbook?.summary ?? null,
    inputs: (runbook?.inputs ?? []).map((input) => ({
      name: input.name,
      type: input.type,
      isRequired: isRequired(input),
    })),
    steps: runbook?.steps.length ?? null,
    source: path ?? 'built-in',
    fault,
  }));
  return {
    kind: 'RunbookList',
    data: { runbooks: items },
    items,
    human: async (theme) => {
      const columns = [{ title: 'RUNBOOK' }, { title: 'FROM' }, { title: 'WHAT IT DOES', isFlexible: true }];
      const rows = listed.map(({ name, runbook, path, fault }) => [
        theme.bold(term(name)),
        path === null ? 'rlctl' : 'team',
        fault === null ? term(runbook?.title ?? '') : theme.bad(term(fault)),
      ]);
      return `${await renderTable(columns, rows, theme)}\n${theme.dim('rlctl runbook show NAME   rlctl runbook run NAME --dry-run')}`;
    },
  };
}

function isRequired({ isOptional, default: fallback, when }: RunbookInput): boolean {
  return !isOptional && fallback === null && when === null;
}

/** One runbook: for programs exactly what its file says, so that it can be kept as one. */
export function runbookView(runbook: Runbook, written: WrittenRunbook, address: CommandAddress): View {
  return {
    kind: 'Runbook',
    data: { ...written, apiVersion: 'rlctl/v1', kind: 'Runbook' },
    human: (theme) =>
      [
        `${theme.bold(term(runbook.name))}  ${term(runbook.title)}`,
        term(runbook.summary),
        '',
        ...(runbook.inputs.length === 0
          ? []
          : [theme.dim('INPUTS'), ...runbook.inputs.map((each) => inputLine(each, theme)), '']),
        theme.dim('STEPS'),
        ...runbook.steps.flatMap((step, index) => stepLines(step, index, theme)),
        '',
        addressed(`run it with: rlctl runbook run ${exampleLine(runbook)}`, address),
      ].join('\n'),
  };
}

/** `raise-limit --input route=/api/search --input burst=1` */
export function exampleLine({ name, inputs }: Runbook): string {
  const needed = inputs.filter((input) => !input.isOptional && input.default === null && input.when === null);
  const given = needed.map((input) => ` --input ${input.name}=${firstOf(input)}`);
  return `${name}${given.join('')}`;
}

function firstOf(input: RunbookInput): string {
  return input.type === 'choice' ? (input.choices[0] ?? '') : placeholderOf(input);
}

function inputLine(input: RunbookInput, theme: Theme): string {
  const { name, description, default: fallback, isOptional, when } = input;
  const notes = [
    description ?? '',
    ...(fallback === null ? [] : [`default ${fallback}`]),
    ...(isOptional ? ['may be left out'] : []),
    ...(when === null ? [] : [`with ${[...when].map(([key, values]) => `${key}=${values.join('|')}`).join(', ')}`]),
  ].filter((each) => each !== '');
  return `  ${theme.bold(term(name))}=${term(placeholderOf(input))}  ${term(notes.join('; '))}`;
}

function stepLines(step: RunbookStep, index: number, theme: Theme): readonly string[] {
  const condition = conditionText(step);
  const line = (label: string, act: Act): string => {
    const wanted = wantedText(act);
    return `     ${theme.dim(label)}${term(actText(act))}${wanted === '' ? '' : theme.dim(` (${term(wanted)})`)}`;
  };
  return [
    `${String(index + 1).padStart(3)}. ${theme.bold(term(step.id))}  ${term(step.title)}`,
    ...(condition === '' ? [] : [theme.dim(`     only where ${term(condition)}`)]),
    ...step.precheck.map((act) => line('before: ', act)),
    line('', step.action),
    ...step.postcheck.map((act) => line('after: ', act)),
    ...(step.undo === null ? [] : [line('way back: ', step.undo)]),
  ];
}

/** What a run would do. */
export interface RunPlan {
  readonly runbook: Runbook;
  readonly values: Values;
  readonly steps: readonly ResolvedStep[];
  readonly environment: Environment;
  /** The words that the run adds to a command: its consent and who signs for it. */
  readonly consentOf: (argv: readonly string[]) => readonly string[];
  /** Why programs would not be run; `null`: they would. */
  readonly noPrograms: string | null;
  /** What the run itself would be refused for; empty: nothing. */
  readonly remarks: readonly string[];
}

/** Every command and request of a run that is not made. */
export function runPlanView(plan: RunPlan): View {
  const { runbook, values, steps, environment, remarks } = plan;
  const json = steps.map(({ step, precheck, action, postcheck, undo }) => ({
    id: step.id,
    title: step.title,
    onlyIfNoEffect: step.onlyIfNoEffect,
    precheck: precheck.map((act) => shownAct(act, plan)),
    action: shownAct(action, plan),
    postcheck: postcheck.map((act) => shownAct(act, plan)),
    undo: undo === null ? null : shownAct(undo, plan),
  }));
  return {
    kind: 'RunbookPlan',
    data: {
      environment: environment.name,
      runbook: runbook.name,
      inputs: Object.fromEntries([...values].filter(([name]) => runbook.inputs.some((input) => input.name === name))),
      steps: json,
      remarks,
    },
    items: json,
    human: (theme) =>
      [runPlanText(plan, theme), ...noteLines(remarks, theme), theme.dim('nothing has been run')].join('\n'),
  };
}

/** The same as text, for the question before a run too. */
export function runPlanText(plan: RunPlan, theme: Theme): string {
  const { runbook, steps, environment } = plan;
  const head = `${theme.bold(term(runbook.name))} on ${theme.bold(term(environment.name))}: ${term(runbook.title)}`;
  const line = (label: string, act: ResolvedAct): string => `     ${theme.dim(label)}${term(shownAct(act, plan))}`;
  const body = steps.flatMap(({ step, precheck, action, postcheck, undo }, index) => [
    `${String(index + 1).padStart(3)}. ${theme.bold(term(step.id))}  ${term(step.title)}`,
    ...(step.onlyIfNoEffect.length === 0
      ? []
      : [theme.dim(`     only where ${term(step.onlyIfNoEffect.join(' or '))} had no effect`)]),
    ...precheck.map((act) => line('before: ', act)),
    line('', action),
    ...postcheck.map((act) => line('after: ', act)),
    ...(undo === null ? [] : [line('way back: ', undo)]),
  ]);
  const left = leftByHand(plan);
  return [head, ...body, ...(left === null ? [] : [theme.warn(term(left))])].join('\n');
}

/** What a run leaves to somebody, because programs are not run here; `null`: nothing. */
export function leftByHand({ noPrograms, steps, environment }: RunPlan): string | null {
  const programs = steps.filter(({ action }) => action.kind === 'exec').map(({ step }) => step.id);
  if (noPrograms === null || programs.length === 0) return null;
  const text = `${noPrograms} Left to somebody’s hand: ${programs.join(', ')}.`;
  return addressed(text, environment.address);
}

function shownAct(act: ResolvedAct, { environment, consentOf }: RunPlan): string {
  if (act.kind !== 'rlctl') return resolvedText(act, environment.api[0] ?? '');
  const argv = [...act.argv, ...consentOf(act.argv)];
  // What a run gives it is all in it; nothing else is to look as if it were.
  return addressed(resolvedText({ ...act, argv }, ''), { ...environment.address, wants: null });
}

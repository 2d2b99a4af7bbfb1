import { holds } from './input.js';
import type { Act, Bound, FieldCheck, Runbook, RunbookStep } from './runbook.js';
import { fill, fillAddress, fillQuery, fillWords, type Values } from './template.js';

/** An act with its values put in: exactly what is run, sent or shown. */
export type ResolvedAct =
  | {
      readonly kind: 'rlctl';
      readonly argv: readonly string[];
      readonly exits: readonly number[];
      readonly fields: readonly FieldCheck[];
    }
  | {
      readonly kind: 'http';
      readonly method: 'GET' | 'HEAD';
      readonly target: { readonly kind: 'path' | 'url'; readonly text: string };
      readonly statuses: readonly number[];
      readonly contains: string | null;
    }
  | {
      readonly kind: 'promql';
      readonly query: string;
      readonly bound: Bound;
      readonly isNoDataGood: boolean;
    }
  | { readonly kind: 'manual'; readonly text: string }
  | { readonly kind: 'exec'; readonly argv: readonly string[]; readonly isRepeatable: boolean };

export interface ResolvedStep {
  readonly step: RunbookStep;
  readonly precheck: readonly ResolvedAct[];
  readonly action: ResolvedAct;
  readonly postcheck: readonly ResolvedAct[];
  readonly undo: ResolvedAct | null;
}

/** The steps that these values call for, in their order, with the values put in. */
export function resolveSteps({ steps }: Runbook, values: Values): readonly ResolvedStep[] {
  return steps.filter(({ when }) => holds(when, values)).map((step) => resolveStep(step, values));
}

function resolveStep(step: RunbookStep, values: Values): ResolvedStep {
  const resolve = (act: Act): ResolvedAct => resolveAct(act, values);
  return {
    step,
    precheck: step.precheck.map(resolve),
    action: resolve(step.action),
    postcheck: step.postcheck.map(resolve),
    undo: step.undo === null ? null : resolve(step.undo),
  };
}

/** One act with its values put in. Throws a usage error where a value would change what is run instead of standing in it. */
function resolveAct(act: Act, values: Values): ResolvedAct {
  switch (act.kind) {
    case 'rlctl': {
      const fields = act.fields.map(({ path, how, wanted }) => ({
        path: fill(path, values),
        how,
        wanted: fill(wanted, values),
      }));
      return { kind: 'rlctl', argv: fillWords(act.words, values), exits: act.exits, fields };
    }
    case 'http': {
      const target = { ...act.target, text: fillAddress(act.target.text, values) };
      return { ...act, target, contains: act.contains === null ? null : fill(act.contains, values) };
    }
    case 'promql':
      return { ...act, query: fillQuery(act.query, values) };
    case 'manual':
      return { kind: 'manual', text: fill(act.text, values) };
    case 'exec':
      return { kind: 'exec', argv: fillWords(act.words, values), isRepeatable: act.isRepeatable };
  }
}

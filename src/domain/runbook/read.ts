import type * as z from 'zod/mini';
import { asideSentence, formFaults, placedFaults, type FormWords } from '../form-faults.js';
import type { LocatedFinding } from '../located-finding.js';
import { pathText, type PlacedFile } from '../placed-file.js';
import type { Act, Bound, Condition, FieldCheck, Runbook, RunbookInput, RunbookStep } from './runbook.js';
import { runbookFields, type WrittenAct, type WrittenInput, type WrittenRunbook, type WrittenStep } from './schema.js';
import { soundParts, type SoundParts } from './sound-parts.js';

/** A runbook's file taken apart, or what keeps it from being one. */
export type RunbookRead =
  | { readonly kind: 'read'; readonly runbook: Runbook; readonly written: WrittenRunbook }
  | {
      readonly kind: 'faulty';
      /** What is wrong with its form. */
      readonly findings: readonly LocatedFinding[];
      /** What is left where that is put aside; `null`: too little. */
      readonly rest: Runbook | null;
      readonly sound: SoundParts;
    };

/** The rule of everything that is wrong with the form of a file. */
const formRule = 'form';

/** Checks the form of a runbook's file and takes it apart; what it means is another matter. */
export function readRunbook(name: string, placed: PlacedFile): RunbookRead {
  const sound = soundParts(placed.value ?? {});
  const { written, issues } = sound;
  const rest = written === null ? null : runbookOf(name, written);
  if (issues.length > 0 || written === null || rest === null)
    return { kind: 'faulty', findings: findingsOf(issues, placed), rest, sound };
  return { kind: 'read', runbook: rest, written };
}

/** The runbook that its written form says. */
export function runbookOf(name: string, written: WrittenRunbook): Runbook {
  return {
    name,
    title: written.title,
    summary: written.summary,
    inputs: Object.entries(written.inputs ?? {}).map(([key, input]) => inputOf(key, input)),
    oneOf: written.oneOf ?? [],
    steps: written.steps.map(stepOf),
  };
}

function inputOf(name: string, written: WrittenInput): RunbookInput {
  return {
    name,
    type: written.type,
    description: written.description ?? null,
    default: written.default === undefined ? null : String(written.default),
    example: written.example === undefined ? null : String(written.example),
    isOptional: written.optional ?? false,
    choices: written.choices ?? [],
    min: written.min ?? null,
    max: written.max ?? null,
    pattern: written.pattern ?? null,
    when: conditionOf(written.when),
  };
}

function conditionOf(written: WrittenStep['when']): Condition {
  return written === undefined ? null : new Map(Object.entries(written).map(([name, value]) => [name, [value].flat()]));
}

function stepOf(written: WrittenStep): RunbookStep {
  return {
    id: written.id,
    title: written.title,
    why: written.why ?? null,
    when: conditionOf(written.when),
    onlyIfNoEffect: [written.onlyIfNoEffect ?? []].flat(),
    precheck: (written.precheck ?? []).map(actOf),
    action: actOf(written),
    postcheck: (written.postcheck ?? []).map(actOf),
    undo: written.undo === undefined || written.undo.nothing !== undefined ? null : actOf(written.undo),
    isNothingToUndo: written.undo?.nothing !== undefined,
    ifNoEffect: written.ifNoEffect ?? 'stop',
  };
}

function actOf(written: WrittenAct): Act {
  const { rlctl, http, promql, manual, exec } = written;
  if (rlctl !== undefined) {
    const fields = Object.entries(written.fields ?? {}).map(([path, wish]) => fieldOf(path, wish));
    return { kind: 'rlctl', words: rlctl, exits: written.exits ?? [0], fields };
  }
  if (http !== undefined) {
    const { path, url, method = 'GET', status = 200, contains = null } = http;
    const target =
      path === undefined ? ({ kind: 'url', text: url ?? '' } as const) : ({ kind: 'path', text: path } as const);
    return { kind: 'http', method, target, statuses: [status].flat(), contains };
  }
  if (promql !== undefined)
    return { kind: 'promql', query: promql.query, bound: boundOf(promql), isNoDataGood: promql.noData === 'pass' };
  if (exec !== undefined) return { kind: 'exec', words: exec.argv, isRepeatable: exec.repeatable ?? false };
  return { kind: 'manual', text: manual ?? '' };
}

function fieldOf(path: string, wish: NonNullable<WrittenAct['fields']>[string]): FieldCheck {
  if (typeof wish !== 'object') return { path, how: 'is', wanted: String(wish) };
  return 'atMost' in wish
    ? { path, how: 'atMost', wanted: String(wish.atMost) }
    : { path, how: 'atLeast', wanted: String(wish.atLeast) };
}

function boundOf({ below, above, equals }: NonNullable<WrittenAct['promql']>): Bound {
  if (below !== undefined) return { kind: 'below', value: below };
  return above === undefined ? { kind: 'equals', value: equals ?? 0 } : { kind: 'above', value: above };
}

function findingsOf(issues: readonly z.core.$ZodIssue[], placed: PlacedFile): readonly LocatedFinding[] {
  return placedFaults(formFaults(issues, words), placed).map((fault) =>
    finding(formRule, `${pathText(fault.path)} ${fault.text}`, asideSentence(fault), fault.place),
  );
}

/** One thing that is wrong. */
export function finding(
  rule: string,
  message: string,
  hint: string | null,
  place: LocatedFinding['place'],
  severity: LocatedFinding['severity'] = 'error',
): LocatedFinding {
  return { rule, severity, message, hint, route: null, place };
}

/** In the order of the file. */
export function byPlace(a: LocatedFinding, b: LocatedFinding): number {
  const [left, right] = [a.place, b.place];
  return (left?.line ?? 0) - (right?.line ?? 0) || (left?.column ?? 0) - (right?.column ?? 0);
}

const words: FormWords = {
  knownAt,
  say: ({ code }) =>
    code === 'invalid_key' ? 'is no name: write letters, digits, - and _, beginning with a small letter' : null,
  otherwise: 'has none of the accepted forms',
};

function knownAt(path: readonly PropertyKey[]): readonly string[] {
  const [first] = path;
  const last = path.at(-1);
  if (first === undefined) return runbookFields.runbook;
  if (first === 'inputs') return runbookFields.input;
  if (last === 'http') return ['path', 'url', 'method', 'status', 'contains'];
  if (last === 'promql') return ['query', 'below', 'above', 'equals', 'noData'];
  if (last === 'exec') return ['argv', 'repeatable'];
  if (last === 'undo') return ['rlctl', 'manual', 'exec', 'nothing'];
  return path.length <= 2 ? runbookFields.step : runbookFields.act;
}

import type * as z from 'zod/mini';
import type { LocatedFinding } from '../located-finding.js';
import { nearNames } from '../near-names.js';
import { pathText, type PlacedFile } from '../placed-file.js';
import type { Act, Bound, Condition, Runbook, RunbookInput, RunbookStep } from './runbook.js';
import {
  runbookFields,
  runbookFileSchema,
  type WrittenAct,
  type WrittenInput,
  type WrittenRunbook,
  type WrittenStep,
} from './schema.js';

/** A runbook's file taken apart, or what keeps it from being one. */
export type RunbookRead =
  | { readonly kind: 'read'; readonly runbook: Runbook; readonly written: WrittenRunbook }
  | { readonly kind: 'faulty'; readonly findings: readonly LocatedFinding[] };

/** The rule of everything that is wrong with the form of a file. */
const formRule = 'form';

/** Checks the form of a runbook's file and takes it apart; what it means is another matter. */
export function readRunbook(name: string, placed: PlacedFile): RunbookRead {
  const result = runbookFileSchema().safeParse(placed.value ?? {}, { reportInput: true });
  if (!result.success) return { kind: 'faulty', findings: findingsOf(result.error.issues, placed) };
  return { kind: 'read', runbook: runbookOf(name, result.data), written: result.data };
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
    undo: written.undo === undefined ? null : actOf(written.undo),
    ifNoEffect: written.ifNoEffect ?? 'stop',
  };
}

function actOf(written: WrittenAct): Act {
  const { rlctl, http, promql, manual, exec } = written;
  if (rlctl !== undefined) {
    const fields = Object.entries(written.fields ?? {}).map(([path, is]) => ({ path, is: String(is) }));
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

function boundOf({ below, above, equals }: NonNullable<WrittenAct['promql']>): Bound {
  if (below !== undefined) return { kind: 'below', value: below };
  return above === undefined ? { kind: 'equals', value: equals ?? 0 } : { kind: 'above', value: above };
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly text: string;
  readonly hint: string | null;
}

function findingsOf(issues: readonly z.core.$ZodIssue[], placed: PlacedFile): readonly LocatedFinding[] {
  return issues
    .flatMap((issue): readonly Fault[] => {
      if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, text: faultText(issue), hint: null }];
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        text: 'is unknown',
        hint: nearText(key, issue.path),
      }));
    })
    .map(({ path, text, hint }) => finding(formRule, `${pathText(path)} ${text}`, hint, placed.placeOf(path)))
    .sort(byPlace);
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

function faultText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined && issue.path.length > 0
        ? 'is missing'
        : `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_key':
      return 'is no name: write letters, digits, - and _, beginning with a small letter';
    default:
      return issue.message.startsWith('must') ? issue.message : 'has none of the accepted forms';
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
  array: 'a list',
  object: 'a map of names and values',
  record: 'a map of names and values',
};

function nearText(key: string, path: readonly PropertyKey[]): string {
  const known = knownAt(path);
  const [near] = nearNames(key, known);
  return near === undefined ? `There are: ${known.join(', ')}.` : `Did you mean ${near}?`;
}

function knownAt(path: readonly PropertyKey[]): readonly string[] {
  const [first] = path;
  const last = path.at(-1);
  if (first === undefined) return runbookFields.runbook;
  if (first === 'inputs') return runbookFields.input;
  if (last === 'http') return ['path', 'url', 'method', 'status', 'contains'];
  if (last === 'promql') return ['query', 'below', 'above', 'equals', 'noData'];
  if (last === 'exec') return ['argv', 'repeatable'];
  return path.length <= 2 ? runbookFields.step : runbookFields.act;
}

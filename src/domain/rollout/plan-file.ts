import * as z from 'zod/mini';
import { counted } from '../counted.js';
import { parseDurationMs } from '../duration.js';
import { RlctlError } from '../errors.js';
import { nearNames } from '../near-names.js';
import { pathText, placeText, type PlacedFile } from '../placed-file.js';
import {
  defaultPlanName,
  everyBucket,
  usualGates,
  usualSoakMs,
  usualWindowMs,
  type RolloutPlan,
  type RolloutStage,
  type StageGates,
} from './plan.js';

const headFields = ['apiVersion', 'kind', 'name', 'stages'] as const;
const stageFields = ['name', 'shadow', 'enforce', 'watch', 'gates', 'window', 'soak', 'ask'] as const;
const gateFields = Object.keys(usualGates);

const durationPattern = /^(?=.)(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?$/;
const sharePattern = /^\d{1,3}(?:\.\d+)?%$/;

/** The form of a plan; one source for the check and for the JSON Schema. */
function planSchema(isFile: boolean) {
  const said = (text: string) => z.describe(text);
  const text = z.string().check(z.minLength(1, 'must not be empty'));
  const name = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be small letters, digits and dashes'));
  const buckets = (meaning: string) =>
    z.optional(z.union([z.literal(everyBucket), z.array(text).check(z.minLength(1))]).check(said(meaning)));
  const duration = (meaning: string) =>
    z.optional(
      z
        .string()
        .check(z.regex(durationPattern, 'must be a duration of at least a second, e.g. 30s, 15m or 2h'), said(meaning)),
    );
  const share = (meaning: string) =>
    z.optional(
      z
        .union([
          z.string().check(z.regex(sharePattern, 'must be a share, e.g. 5%')),
          z.number().check(z.gte(0), z.lte(1)),
        ])
        .check(said(meaning)),
    );
  const whole = (meaning: string, least = 0) => z.optional(z.int().check(z.gte(least), said(meaning)));
  const gates = z.strictObject({
    blockShare: share('The most of the decisions that may be refused: 5%, or 0.05.'),
    wouldBlockShare: share('The most that may be over its limit, refused or only observed; more holds the stage.'),
    retryAfterP95: duration('The longest that the slowest twentieth is told to wait.'),
    evaluationErrors: whole('Evaluations that may fail within the window; else 0.'),
    samples: whole('Decisions of each bucket without which nothing is concluded; else 50.', 1),
  });
  const stage = z.strictObject({
    name: name.check(said('What the stage is called, e.g. enforce-financial.')),
    shadow: buckets('Buckets that only observe from this stage on; all: every one.'),
    enforce: buckets('Buckets that are enforced from this stage on.'),
    watch: buckets('Buckets that the gates look at; else those that the stage changes.'),
    gates: z.optional(gates),
    window: duration('How far back the gates look, never before the stage; else 5m.'),
    soak: duration('How long the stage stands before it can pass; else 15m.'),
    ask: z.optional(z.boolean().check(said('True: --auto stops before it, and somebody decides.'))),
  });
  const stages = z.array(stage).check(z.minLength(1, 'must hold at least one stage'));
  if (!isFile) return z.strictObject({ stages });
  return z.strictObject({
    apiVersion: z.optional(z.literal('rlctl/v1')),
    kind: z.optional(z.literal('Rollout')),
    name: z.optional(name),
    stages,
  });
}

type WrittenPlan = z.infer<ReturnType<typeof planSchema>>;
type WrittenStage = WrittenPlan['stages'][number];

/** The JSON Schema (draft 7) of a file with a plan. */
export function rolloutPlanSchema(): Readonly<Record<string, unknown>> {
  return { title: 'A staged rollout, for rlctl', ...z.toJSONSchema(planSchema(true), { target: 'draft-7' }) };
}

/**
 * Checks a plan and takes it apart. `at`: where it stands in the file, which is then a part of a larger one; empty: the file
 * is the plan. `name`: what it is called where it does not say. Throws one usage error with every fault and its place.
 */
export function parseRolloutPlan(
  placed: PlacedFile,
  { at, name }: { readonly at: readonly string[]; readonly name: string | null },
): RolloutPlan {
  const result = planSchema(at.length === 0).safeParse(valueAt(placed.value, at) ?? {}, { reportInput: true });
  if (!result.success) throw invalid(placed.file, faultsOf(result.error.issues, placed, at));
  const { stages } = result.data;
  const faults = meaningFaults(stages, placed, at);
  if (faults.length > 0) throw invalid(placed.file, faults);
  const own = (result.data as { readonly name?: string }).name;
  return { name: own ?? name ?? defaultPlanName, stages: stages.map(stageOf) };
}

function valueAt(value: unknown, at: readonly string[]): unknown {
  return at.reduce<unknown>(
    (part, key) => (typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[key] : undefined),
    value,
  );
}

function stageOf({ name, shadow, enforce, watch, gates, window, soak, ask }: WrittenStage): RolloutStage {
  const [toShadow, toEnforce] = [namesOf(shadow), namesOf(enforce)];
  const watched = watch === undefined ? [...toShadow, ...toEnforce] : namesOf(watch);
  return {
    name,
    shadow: toShadow,
    enforce: toEnforce,
    watch: watched.length > 0 ? watched : [everyBucket],
    gates: gatesOf(gates ?? {}),
    windowMs: window === undefined ? usualWindowMs : parseDurationMs(window, 'window'),
    soakMs: soak === undefined ? usualSoakMs : parseDurationMs(soak, 'soak'),
    isAsked: ask ?? false,
  };
}

function namesOf(names: WrittenStage['shadow']): readonly string[] {
  return names === undefined ? [] : typeof names === 'string' ? [names] : names;
}

function gatesOf(gates: NonNullable<WrittenStage['gates']>): StageGates {
  return {
    blockShare: shareOf(gates.blockShare),
    wouldBlockShare: shareOf(gates.wouldBlockShare),
    retryAfterP95: gates.retryAfterP95 === undefined ? null : parseDurationMs(gates.retryAfterP95, 'gate') / 1000,
    evaluationErrors: gates.evaluationErrors ?? usualGates.evaluationErrors,
    samples: gates.samples ?? usualGates.samples,
  };
}

function shareOf(share: string | number | undefined): number | null {
  if (share === undefined) return null;
  return typeof share === 'number' ? share : Number(share.slice(0, -1)) / 100;
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/** What no form says: a name that stands twice, and a bucket that is to be both. */
function meaningFaults(stages: readonly WrittenStage[], placed: PlacedFile, at: readonly string[]): readonly string[] {
  const faults = stages.flatMap((stage, index): Fault[] => {
    const isTwice = stages.findIndex(({ name }) => name === stage.name) < index;
    const enforced = namesOf(stage.enforce);
    const both = namesOf(stage.shadow).filter((each) => enforced.includes(each) || each === everyBucket);
    const share = [stage.gates?.blockShare, stage.gates?.wouldBlockShare].some((each) => (shareOf(each) ?? 0) > 1);
    return [
      ...(isTwice
        ? [{ path: ['stages', index, 'name'], text: `"${stage.name}" is the name of an earlier stage` }]
        : []),
      ...(both.length > 0 && enforced.length > 0
        ? [{ path: ['stages', index], text: `${both.join(', ')} cannot be put into shadow and enforced at once` }]
        : []),
      ...(share ? [{ path: ['stages', index, 'gates'], text: 'a share is at most 100%' }] : []),
    ];
  });
  return placedLines(faults, placed, at);
}

function faultsOf(issues: readonly z.core.$ZodIssue[], placed: PlacedFile, at: readonly string[]): readonly string[] {
  const faults = issues.flatMap((issue): Fault[] => {
    if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, text: faultText(issue) }];
    return issue.keys.map((key) => ({ path: [...issue.path, key], text: `is unknown${nearText(key, issue.path)}` }));
  });
  return placedLines(faults, placed, at);
}

function placedLines(faults: readonly Fault[], placed: PlacedFile, at: readonly string[]): readonly string[] {
  return faults
    .map(({ path, text }) => ({
      place: placed.placeOf([...at, ...path]),
      text: `${pathText(path, 'the plan')} ${text}`.trim(),
    }))
    .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
    .map(({ place, text }) => `${placeText(place)}: ${text}`);
}

function faultText(issue: z.core.$ZodIssue): string {
  if (String(issue.path.at(-1)).endsWith('Share')) return 'must be a share: 5%, or 0.05';
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'invalid_union':
      return `must be a list of buckets, or ${everyBucket}`;
    default:
      return issue.message.startsWith('must') ? issue.message : 'is out of range';
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
  array: 'a list',
  object: 'a map of names and values',
};

function nearText(key: string, path: readonly PropertyKey[]): string {
  const known = path.at(-1) === 'gates' ? gateFields : path.length === 0 ? headFields : stageFields;
  const [near] = nearNames(key, known);
  return near === undefined ? `; there are: ${known.join(', ')}` : `; did you mean ${near}?`;
}

function invalid(file: string, faults: readonly string[]): RlctlError {
  return new RlctlError(
    'usage',
    `${file}: the plan has ${counted(faults.length, 'fault')}; nothing was started:\n  ${faults.join('\n  ')}`,
    {
      code: 'ROLLOUT_PLAN_INVALID',
      hint: 'Correct the places named; the form of a plan is printed by: rlctl rollout schema',
      details: { faults },
    },
  );
}

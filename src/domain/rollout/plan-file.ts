import * as z from 'zod/mini';
import { counted } from '../counted.js';
import { parseDurationMs } from '../duration.js';
import { RlctlError } from '../errors.js';
import { faultLine, formFaults, placedFaults, type FormFault, type FormWords } from '../form-faults.js';
import { isRecord } from '../json.js';
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
    gates: z.optional(
      gates.check(
        said('What has to hold for each bucket. Who was refused is no gate: no metrics of the limiter name a caller.'),
      ),
    ),
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

/** Where a plan stands, and what it is called. */
export interface PlanPlace {
  /** Where it stands in the file, which is then a part of a larger one; empty: the file is the plan. */
  readonly at: readonly string[];
  /** What it is called where it does not say; `null`: the handbook's. */
  readonly name: string | null;
}

/**
 * Checks a plan and takes it apart. `nameOf`: the one name of a bucket, or a thrown usage error where there is none. Throws
 * one usage error with every fault and its place: what is wrong with the form of one part hides nothing of another.
 */
export function parseRolloutPlan(
  placed: PlacedFile,
  { at, name }: PlanPlace,
  nameOf: (bucket: string) => string = (bucket) => bucket,
): RolloutPlan {
  const value = valueAt(placed.value, at) ?? {};
  const result = planSchema(at.length === 0).safeParse(value, { reportInput: true });
  const faults = [...formFaults(result.error?.issues ?? [], words), ...meaningFaults(value, nameOf)];
  if (!result.success || faults.length > 0) throw invalid(placed.file, placedLines(faults, placed, at));
  const { stages } = result.data;
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

type Fault = Omit<FormFault, 'aside'> & Partial<Pick<FormFault, 'aside'>>;

/**
 * What no form says: a name that stands twice, a bucket that is to be both or that is not there. Read of whatever has the
 * form for it, so that one fault does not hide the next.
 */
function meaningFaults(value: unknown, nameOf: (bucket: string) => string): readonly Fault[] {
  const written: unknown = isRecord(value) ? value['stages'] : null;
  const stages = Array.isArray(written) ? (written as readonly unknown[]) : [];
  const names = stages.map((stage) => (isRecord(stage) ? stage['name'] : undefined));
  return stages.flatMap((stage, index): readonly Fault[] => {
    if (!isRecord(stage)) return [];
    const name = names[index];
    const isTwice = typeof name === 'string' && names.indexOf(name) < index;
    const within = (faults: readonly Fault[]): readonly Fault[] =>
      faults.map((fault) => ({ ...fault, path: ['stages', index, ...fault.path] }));
    return within([
      ...(isTwice ? [{ path: ['name'], text: `"${name}" is the name of an earlier stage` }] : []),
      ...bucketFaults(stage, nameOf),
      ...shareFaults(stage['gates']),
    ]);
  });
}

interface NamedBucket {
  readonly path: readonly PropertyKey[];
  /** Its one name; `null`: there is no such bucket. */
  readonly name: string | null;
  readonly fault: string | null;
}

function bucketFaults(stage: Readonly<Record<string, unknown>>, nameOf: (bucket: string) => string): readonly Fault[] {
  const [shadow = [], enforce = [], watch = []] = ['shadow', 'enforce', 'watch'].map((field) =>
    bucketsIn(stage[field], field, nameOf),
  );
  const unknown = [...shadow, ...enforce, ...watch].flatMap(({ path, fault }) =>
    fault === null ? [] : [{ path, text: fault }],
  );
  const enforced = enforce.map(({ name }) => name);
  const isAll = [...shadow, ...enforce].some(({ name }) => name === everyBucket);
  const both = shadow.flatMap(({ name }) => (name !== null && (isAll || enforced.includes(name)) ? [name] : []));
  if (both.length === 0 || enforced.length === 0) return unknown;
  return [...unknown, { path: [], text: `${both.join(', ')} cannot be put into shadow and enforced at once` }];
}

function bucketsIn(value: unknown, field: string, nameOf: (bucket: string) => string): readonly NamedBucket[] {
  if (value === everyBucket) return [{ path: [field], name: everyBucket, fault: null }];
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).flatMap((each, index) =>
    typeof each === 'string' && each !== '' ? [{ path: [field, index], ...namedBucket(each, nameOf) }] : [],
  );
}

function namedBucket(bucket: string, nameOf: (bucket: string) => string): Omit<NamedBucket, 'path'> {
  try {
    return { name: bucket === everyBucket ? bucket : nameOf(bucket), fault: null };
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    return { name: null, fault: error.message };
  }
}

function shareFaults(gates: unknown): readonly Fault[] {
  if (!isRecord(gates)) return [];
  return ['blockShare', 'wouldBlockShare'].flatMap((gate) => {
    const share = gates[gate];
    const isTooMuch = typeof share === 'string' && sharePattern.test(share) && (shareOf(share) ?? 0) > 1;
    return isTooMuch ? [{ path: ['gates', gate], text: 'is a share, and at most 100%' }] : [];
  });
}

function placedLines(faults: readonly Fault[], placed: PlacedFile, at: readonly string[]): readonly string[] {
  return placedFaults(faults, placed, at).map(({ place, path, text, aside = null }) => {
    // What names a bucket or a stage says by itself what it is about.
    const about = text.startsWith('there is no ') ? `${pathText(path, 'the plan')}:` : pathText(path, 'the plan');
    return `${placeText(place)}: ${about} ${faultLine({ text, aside })}`;
  });
}

const durationFields: ReadonlySet<string> = new Set(['window', 'soak', 'retryAfterP95']);

const words: FormWords = {
  knownAt: (path) => (path.at(-1) === 'gates' ? gateFields : path.length === 0 ? headFields : stageFields),
  say: (issue) => {
    if (String(issue.path.at(-1)).endsWith('Share')) return 'must be a share: 5%, or 0.05';
    if (issue.code === 'invalid_type' && durationFields.has(String(issue.path.at(-1))) && issue.input !== undefined)
      return 'must be a duration such as 10s';
    return issue.code === 'invalid_union' ? `must be a list of buckets, or ${everyBucket}` : null;
  },
  otherwise: 'is out of range',
};

function invalid(file: string, faults: readonly string[]): RlctlError {
  return new RlctlError(
    'usage',
    `${file}: the plan has ${counted(faults.length, 'fault')}; nothing was started:\n  ${faults.join('\n  ')}`,
    {
      code: 'ROLLOUT_PLAN_INVALID',
      hint: 'Correct the places named; the form of a plan is printed by: rlctl rollout schema. A bucket that the server has and rlctl does not know goes under buckets in rlctl.yaml.',
      details: { faults },
    },
  );
}

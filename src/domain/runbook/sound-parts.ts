import type * as z from 'zod/mini';
import { isRecord } from '../json.js';
import { actKinds, runbookFileSchema, type WrittenRunbook } from './schema.js';

/** What of a faulty file can be looked at all the same, so that whoever wrote it is told everything at once. */
export interface SoundParts {
  /** The file with something harmless in the place of everything that is faulty; `null`: too little of it is left. */
  readonly written: WrittenRunbook | null;
  /** Everything that is wrong with its form, what stands behind something else too. */
  readonly issues: readonly z.core.$ZodIssue[];
  /** The inputs of which nothing but the name is known. */
  readonly inputs: ReadonlySet<string>;
  /** False: what is not to be found in the steps may stand in a faulty one. */
  readonly areStepsWhole: boolean;
}

/** A fault hides what is checked after it: so many layers of them are looked through. */
const mostRounds = 5;

/** Puts aside what is faulty, a layer at a time, until what is left has the form of a runbook. */
export function soundParts(value: unknown): SoundParts {
  const schema = runbookFileSchema();
  const issues: z.core.$ZodIssue[] = [];
  let rest = value;
  for (let round = 0; round < mostRounds; round += 1) {
    const result = schema.safeParse(rest, { reportInput: true });
    if (result.success) return { written: result.data, ...about(issues) };
    issues.push(...result.error.issues);
    if (!result.error.issues.every(isBounded)) break;
    rest = result.error.issues.reduce(without, rest);
  }
  return { written: null, ...about(issues) };
}

function about(issues: readonly z.core.$ZodIssue[]): Omit<SoundParts, 'written'> {
  const inputs = issues.flatMap(({ path: [head, name] }) => (head === 'inputs' ? [String(name)] : []));
  return { issues, inputs: new Set(inputs), areStepsWhole: issues.every(({ path: [head] }) => head !== 'steps') };
}

/** False where the whole, or all of the inputs or steps, is something else. */
function isBounded({ code, path: [head, part] }: z.core.$ZodIssue): boolean {
  if (code === 'unrecognized_keys') return true;
  return head !== undefined && (part !== undefined || (head !== 'inputs' && head !== 'steps'));
}

/** What a step or a check does that says nothing sound: it looks, and changes nothing. */
const harmless = { rlctl: ['status'] };

function without(value: unknown, issue: z.core.$ZodIssue): unknown {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') return issue.keys.reduce((rest, key) => put(rest, [...path, key]), value);
  const [head, part, field, position] = path;
  if (head === 'inputs') return put(value, [head, String(part)], issue.code === 'invalid_key' ? undefined : someInput);
  if (head !== 'steps') return put(value, [String(head)], head === 'title' || head === 'summary' ? 'x' : undefined);
  const at = [head, part ?? 0];
  if (field === undefined) return put(value, at, withOneAct(partAt(value, at), Number(part)));
  if (field === 'id') return put(value, [...at, field], `step-${Number(part) + 1}`);
  if (field === 'title') return put(value, [...at, field], 'x');
  if ((field === 'precheck' || field === 'postcheck') && typeof position === 'number')
    return put(value, [...at, field, position], harmless);
  const rest = put(value, [...at, field]);
  const isAct = actKinds.some((kind) => kind === field);
  return isAct ? put(rest, at, withOneAct({ ...harmless, ...fieldsOf(partAt(rest, at)) }, Number(part))) : rest;
}

/** Free of everything that could be wrong with it, wherever its name stands. */
const someInput = { type: 'integer' };

/** The step with the first of its acts alone, or with something harmless where it has none. */
function withOneAct(step: unknown, index: number): unknown {
  const { id = `step-${index + 1}`, title = 'x', ...fields } = fieldsOf(step);
  const first = actKinds.find((kind) => fields[kind] !== undefined);
  const others = Object.entries(fields).filter(([key]) => key === first || actKinds.every((kind) => kind !== key));
  return { id, title, ...Object.fromEntries(others), ...(first === undefined ? harmless : {}) };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function partAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, key) => (Array.isArray(part) ? (part as readonly unknown[])[Number(key)] : fieldsOf(part)[String(key)]),
    value,
  );
}

/** The value with another part at a path, or with `undefined` without it. What else it holds keeps its place. */
function put(value: unknown, [first, ...rest]: readonly PropertyKey[], part?: unknown): unknown {
  if (first === undefined) return part;
  if (Array.isArray(value))
    return (value as readonly unknown[]).map((each, index) => (index === Number(first) ? put(each, rest, part) : each));
  const [key, fields] = [String(first), fieldsOf(value)];
  const entries = Object.entries(fields).map(([name, each]) => [name, name === key ? put(each, rest, part) : each]);
  const added = Object.hasOwn(fields, key) ? [] : [[key, put(undefined, rest, part)]];
  return Object.fromEntries([...entries, ...added].filter(([, each]) => each !== undefined));
}

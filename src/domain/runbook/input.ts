import { bucketNamed } from '../config/bucket-names.js';
import type { Environment } from '../config/environment.js';
import { parseDurationMs } from '../duration.js';
import { RlctlError, usageError } from '../errors.js';
import { nearNames } from '../near-names.js';
import { isPlainNumber, parseRoutePrefix } from '../override/entry.js';
import { hostileCharacters } from '../outside-text.js';
import type { Condition, Runbook, RunbookInput } from './runbook.js';
import type { Values } from './template.js';

/** The parts of an environment that values are checked against. */
export type InputWorld = Pick<Environment, 'buckets'>;

const longestValue = 2048;

/**
 * The value of one input as its type wants it. Throws a usage error that names the input, the value and what it takes.
 */
export function parseInput(input: RunbookInput, text: string, world: InputWorld): string {
  if (text.length > longestValue) throw refused(input, text, `is longer than ${longestValue} characters`);
  if (text.startsWith('-')) throw refused(input, text, 'starts with "-", and would be taken for a flag');
  if (text.search(hostileCharacters) >= 0) throw refused(input, text, 'holds control or invisible characters');
  switch (input.type) {
    case 'string':
      return checkedString(input, text);
    case 'integer':
      return checkedInteger(input, text);
    case 'duration':
      if (parseDurationMs(text, `input ${input.name}`) > 0) return text;
      throw refused(input, text, 'is no time at all');
    case 'route':
      return parseRoutePrefix(text, `input ${input.name}:`);
    case 'bucket':
      return bucketNamed(world, text).name;
    case 'identity':
      if (/^(?:user|ip):\S+$/.test(text)) return text;
      throw refused(input, text, 'is neither user:ID nor ip:ADDRESS');
    case 'choice':
      return checkedChoice(input, text);
  }
}

function checkedString(input: RunbookInput, text: string): string {
  if (text === '') throw refused(input, text, 'is empty');
  if (input.pattern === null || new RegExp(`^(?:${input.pattern})$`, 'u').test(text)) return text;
  throw refused(input, text, `does not match ${input.pattern}`);
}

function checkedInteger(input: RunbookInput, text: string): string {
  const { min, max } = input;
  const range = `a whole number from ${min ?? 0}${max === null ? '' : ` to ${max}`}`;
  const isWithin = isPlainNumber(text) && Number(text) >= (min ?? 0) && (max === null || Number(text) <= max);
  if (isWithin) return text;
  throw refused(input, text, `is not ${range}`);
}

function checkedChoice(input: RunbookInput, text: string): string {
  if (input.choices.includes(text)) return text;
  const [near] = nearNames(text, input.choices);
  throw refused(input, text, `is not one of ${input.choices.join(', ')}`, near && `Did you mean ${near}?`);
}

function refused(input: RunbookInput, text: string, why: string, hint?: string): RlctlError {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
  return usageError(
    `input ${input.name}: ${shown} ${why}`,
    hint ?? `Give it as ${input.name}=${placeholderOf(input)}.`,
    'RUNBOOK_INPUT',
  );
}

/** What stands for a value of this input: `ROUTE`, `1h`, `a|b`, or the example that it gives. */
export function placeholderOf({ type, choices, min, example }: Shape): string {
  if (example !== null) return example;
  const examples = {
    string: 'TEXT',
    integer: String(min ?? 1),
    duration: '2h',
    route: '/api/search',
    bucket: 'read',
    identity: 'user:ID',
    choice: choices.join('|'),
  };
  return examples[type];
}

/** What an input takes, for a table: the range of a whole number, else what stands for a value. */
export function takenBy(input: RunbookInput): string {
  const { type, min, max } = input;
  if (type !== 'integer') return placeholderOf(input);
  return max === null ? `${min ?? 0} or more` : `${min ?? 0}–${max}`;
}

type Shape = Pick<RunbookInput, 'type' | 'choices' | 'min' | 'example'>;

/** True where a condition holds for these values. */
export function holds(condition: Condition, values: Values): boolean {
  return condition === null || [...condition].every(([name, wanted]) => isAmong(values.get(name), wanted));
}

function isAmong(value: string | undefined, wanted: readonly string[]): boolean {
  return value !== undefined && (wanted.includes(value) || wanted.includes('*'));
}

/** The inputs that are asked for, given the values so far, in the runbook's order. */
export function inputsAsked({ inputs }: Runbook, values: Values): readonly RunbookInput[] {
  return inputs.filter(({ when }) => holds(when, values));
}

/**
 * Every value of a run, checked. Throws one usage error that names everything that is missing, unknown or wrong, so that
 * nobody is sent back twice.
 */
export function valuesOf(runbook: Runbook, given: Values, world: InputWorld): Values {
  const faults: string[] = unknownAmong(runbook, given);
  const values = new Map<string, string>();
  for (const input of runbook.inputs) {
    const text = given.get(input.name);
    if (!holds(input.when, values)) {
      if (text !== undefined) faults.push(`input ${input.name}: is of no use with ${wordsOf(input.when)}`);
      continue;
    }
    const wanted = text ?? input.default;
    if (wanted === null) {
      if (!input.isOptional) faults.push(`input ${input.name} is missing${about(input)}`);
      continue;
    }
    const value = checked(() => parseInput(input, wanted, world), faults);
    if (value !== null) values.set(input.name, value);
  }
  for (const group of runbook.oneOf)
    if (group.every((name) => !values.has(name))) faults.push(`at least one of ${group.join(', ')} has to be given`);
  if (faults.length > 0) throw invalidInputs(runbook, faults);
  return values;
}

function unknownAmong({ inputs }: Runbook, given: Values): string[] {
  const known = inputs.map(({ name }) => name);
  return [...given.keys()]
    .filter((name) => !known.includes(name))
    .map((name) => {
      const [near] = nearNames(name, known);
      return `there is no input ${name}${near === undefined ? '' : `; did you mean ${near}?`}`;
    });
}

function checked(check: () => string, faults: string[]): string | null {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    faults.push(error.message);
    return null;
  }
}

function about(input: RunbookInput): string {
  const { description } = input;
  const shape = placeholderOf(input);
  return description === null ? ` (${shape})` : ` (${shape}: ${description})`;
}

function wordsOf(condition: Condition): string {
  return [...(condition ?? [])].map(([name, wanted]) => `${name} other than ${wanted.join(' or ')}`).join(' and ');
}

function invalidInputs({ name, inputs }: Runbook, faults: readonly string[]): RlctlError {
  const told = (start: (name: string) => string): RunbookInput | undefined =>
    inputs.find((each) => faults.some((fault) => fault.startsWith(start(each.name))));
  const example =
    told((each) => `input ${each} is missing`) ??
    told((each) => `input ${each}:`) ??
    inputs.find(({ isOptional, default: fallback }) => !isOptional && fallback === null) ??
    inputs[0];
  const form = example === undefined ? '' : ` Give inputs as --input ${example.name}=${placeholderOf(example)}.`;
  return new RlctlError('usage', `runbook ${name} cannot run:\n  ${faults.join('\n  ')}`, {
    code: 'RUNBOOK_INPUT',
    hint: `See what it takes with: rlctl runbook show ${name}.${form}`,
    details: { faults },
  });
}

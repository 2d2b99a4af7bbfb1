import { RlctlError } from '../errors.js';
import type { LocatedFinding } from '../located-finding.js';
import type { PlacedFile } from '../placed-file.js';
import { parseInput } from './input.js';
import { finding } from './read.js';
import { givenNames, type Runbook, type RunbookInput } from './runbook.js';

/** What is wrong with the inputs of a runbook. */
export function lintInputs({ inputs, oneOf }: Runbook, placed: PlacedFile): readonly LocatedFinding[] {
  const known = new Set(inputs.map(({ name }) => name));
  const groups = oneOf.flatMap((group, index) =>
    group
      .filter((name) => !known.has(name))
      .map((name) => finding('input', `oneOf: there is no input "${name}"`, null, placed.placeOf(['oneOf', index]))),
  );
  const found = inputs.flatMap((input, index) =>
    faultsOf(input, inputs.slice(0, index)).map(([field, message, hint]) =>
      finding('input', `input ${input.name}: ${message}`, hint, placed.placeOf(['inputs', input.name, field])),
    ),
  );
  return [...found, ...groups];
}

type Fault = readonly [field: string, message: string, hint: string | null];

function faultsOf(input: RunbookInput, earlier: readonly RunbookInput[]): readonly Fault[] {
  const { name, type, choices, min, max, pattern, isOptional } = input;
  const found: Fault[] = [];
  if (givenNames.some((given) => given === name))
    found.push(['type', 'this name is given by the run itself', 'Call it something else.']);
  if ((type === 'choice') !== choices.length > 0)
    found.push(['choices', type === 'choice' ? 'choices are missing' : 'only a choice has choices', null]);
  if (type !== 'integer' && (min ?? max) !== null) found.push(['min', 'only an integer has bounds', null]);
  if (min !== null && max !== null && min > max) found.push(['min', `${min} is more than ${max}`, null]);
  if (type !== 'string' && pattern !== null) found.push(['pattern', 'only a string has a pattern', null]);
  if (isOptional && input.default !== null)
    found.push(['optional', 'with a default it always has a value', 'Leave out one of the two.']);
  const broken = patternFault(pattern);
  if (broken !== null) found.push(['pattern', broken, null]);
  else found.push(...valueFaults(input, 'default'), ...valueFaults(input, 'example'));
  return [...found, ...conditionFaults(input, earlier)];
}

function patternFault(pattern: string | null): string | null {
  try {
    RegExp(pattern ?? '', 'u');
    return null;
  } catch (error) {
    return error instanceof SyntaxError ? error.message : null;
  }
}

/** A bucket is known only where there is an environment. */
function valueFaults(input: RunbookInput, field: 'default' | 'example'): readonly Fault[] {
  const value = input[field];
  if (value === null || input.type === 'bucket') return [];
  try {
    parseInput(input, value, { buckets: new Map() });
    return [];
  } catch (error) {
    if (!(error instanceof RlctlError)) throw error;
    return [[field, error.message.replace(/^input \S+ /, `the ${field} `), error.hint ?? null]];
  }
}

function conditionFaults({ when }: RunbookInput, earlier: readonly RunbookInput[]): readonly Fault[] {
  return [...(when ?? [])].flatMap(([name, wanted]): readonly Fault[] => {
    const input = earlier.find((each) => each.name === name);
    if (input === undefined) return [['when', `when: no earlier input is called "${name}"`, null]];
    const odd = wanted.find((value) => value !== '*' && input.type === 'choice' && !input.choices.includes(value));
    return odd === undefined ? [] : [['when', `when: "${odd}" is no choice of ${name}`, null]];
  });
}

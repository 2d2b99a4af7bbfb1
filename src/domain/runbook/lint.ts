import { RlctlError } from '../errors.js';
import type { LocatedFinding } from '../located-finding.js';
import type { PlacedFile } from '../placed-file.js';
import { lintInputs } from './lint-inputs.js';
import { byPlace, finding, type RunbookRead } from './read.js';
import {
  actsOf,
  givenNames,
  type Act,
  type Runbook,
  type RunbookInput,
  type RunbookStep,
  type Words,
} from './runbook.js';
import { assertStepFlags, stepCommandOf } from './step-command.js';
import { exampleValues } from './example.js';
import { fillWords, namesIn, parseTemplate } from './template.js';

/** One thing that lint looks for in a runbook; SARIF and the README read this table. */
export const runbookRules = [
  [
    'form',
    'error',
    'the file is no runbook: a field is missing, unknown or of another type',
    'write it as the schema says',
  ],
  [
    'template',
    'error',
    'a {{name}} that no input has, or something that is no {{name}}',
    'name an input, and nothing else',
  ],
  [
    'missing-value',
    'error',
    'a value that may be missing stands outside a group of words',
    'put it into a list of its own',
  ],
  ['input', 'error', 'an input that can never have a right value', 'correct its type, bounds, choices or default'],
  ['unused-input', 'warning', 'an input that no step names', 'use it, or leave it out'],
  [
    'step',
    'error',
    'a step that is named twice, or names a step that cannot be meant',
    'give each step an id of its own',
  ],
  [
    'command',
    'error',
    'a command or flag that a step cannot run',
    'run it as rlctl --help says, without what the run gives itself',
  ],
  ['check', 'error', 'a check that changes something', 'make it the action of a step'],
  ['address', 'error', 'an address whose host is not written out, or is no http(s)', 'write the host itself'],
  ['query', 'error', 'a text in PromQL outside quotes', 'put it into a quoted label value'],
  [
    'no-way-back',
    'note',
    'a step by hand or by a program that says no way back',
    'add an undo, or say in it that there is none',
  ],
] as const satisfies readonly (readonly [string, LocatedFinding['severity'], string, string])[];

/** What a command of a runbook would be with example values, and where it stands. */
export interface ExampleCommand {
  readonly argv: readonly string[];
  readonly path: readonly PropertyKey[];
}

/** Everything that can be told of a runbook without running anything, in the order of its file. */
function lintRunbook(runbook: Runbook, placed: PlacedFile): readonly LocatedFinding[] {
  const found = [
    ...lintInputs(runbook, placed),
    ...unusedInputs(runbook, placed),
    ...runbook.steps.flatMap((step, index) => lintStep(runbook, step, index, placed)),
  ];
  return found.sort(byPlace);
}

/** What needs the whole of the steps to be told. */
const wantsWholeSteps: ReadonlySet<string> = new Set(['unused-input', 'missing-value', 'no-way-back']);

/** Everything that is wrong with a runbook's file, its form and what it means, in one round and in the order of the file. */
export function lintRead(read: RunbookRead, placed: PlacedFile): readonly LocatedFinding[] {
  if (read.kind === 'read') return lintRunbook(read.runbook, placed);
  const { findings, rest, sound } = read;
  const more = rest === null ? [] : lintRunbook(rest, placed);
  return [...findings, ...more.filter(({ rule }) => sound.areStepsWhole || !wantsWholeSteps.has(rule))].sort(byPlace);
}

const nothingUnsure: ReadonlySet<string> = new Set();

/**
 * The rlctl commands of a runbook with example values, to be tried against the command tree. `unsure`: inputs of which no
 * example can be given; what names one of them is left out.
 */
export function exampleCommands(
  runbook: Runbook,
  unsure: ReadonlySet<string> = nothingUnsure,
): readonly ExampleCommand[] {
  const values = exampleValues(runbook);
  const isUnsure = (word: string): boolean => namesIn(word).some((name) => unsure.has(name) || !values.has(name));
  return runbook.steps.flatMap((step, index) =>
    placedActs(step, index).flatMap(({ act, path }) => {
      if (act.kind !== 'rlctl' || commandFault(act.words) !== null || act.words.flat().some(isUnsure)) return [];
      return [{ argv: fillWords(act.words, values), path: [...path, 'rlctl'] }];
    }),
  );
}

interface PlacedAct {
  readonly act: Act;
  readonly path: readonly PropertyKey[];
  readonly role: 'action' | 'check' | 'undo';
}

function placedActs(step: RunbookStep, index: number): readonly PlacedAct[] {
  const at = ['steps', index];
  const checks = (field: 'precheck' | 'postcheck'): readonly PlacedAct[] =>
    step[field].map((act, position) => ({ act, path: [...at, field, position], role: 'check' }));
  return [
    ...checks('precheck'),
    { act: step.action, path: at, role: 'action' },
    ...checks('postcheck'),
    ...(step.undo === null ? [] : [{ act: step.undo, path: [...at, 'undo'], role: 'undo' } as const]),
  ];
}

function lintStep(runbook: Runbook, step: RunbookStep, index: number, placed: PlacedFile): readonly LocatedFinding[] {
  const place = (...more: PropertyKey[]) => placed.placeOf(['steps', index, ...more]);
  const earlier = runbook.steps.slice(0, index);
  const found: LocatedFinding[] = [];
  if (earlier.some(({ id }) => id === step.id))
    found.push(finding('step', `there is another step "${step.id}" before`, 'Give it another id.', place('id')));
  for (const id of step.onlyIfNoEffect) {
    const meant = earlier.find((each) => each.id === id);
    const at = place('onlyIfNoEffect');
    if (meant === undefined) found.push(finding('step', `there is no step "${id}" before this one`, null, at));
    else if (meant.ifNoEffect === 'stop')
      found.push(
        finding('step', `a run stops at "${id}" where that has no effect`, 'Write "ifNoEffect: continue" there.', at),
      );
  }
  found.push(...conditionFaults(runbook.inputs, step, (name) => place('when', name)));
  if (step.undo === null && !step.isNothingToUndo && (step.action.kind === 'manual' || step.action.kind === 'exec'))
    found.push(
      finding(
        'no-way-back',
        `step "${step.id}" says no way back`,
        'Add undo: {manual: …}, or undo: {nothing: …} with why there is nothing to take back.',
        place('id'),
        'note',
      ),
    );
  for (const each of placedActs(step, index)) found.push(...lintAct(runbook, step, each, placed));
  return found;
}

function conditionFaults(
  inputs: readonly RunbookInput[],
  { when }: RunbookStep,
  place: (name: string) => LocatedFinding['place'],
): readonly LocatedFinding[] {
  return [...(when ?? [])].flatMap(([name, wanted]) => {
    const input = inputs.find((each) => each.name === name);
    if (input === undefined) return [finding('step', `when: there is no input "${name}"`, null, place(name))];
    const odd = wanted.filter((value) => value !== '*' && input.type === 'choice' && !input.choices.includes(value));
    return odd.map((value) =>
      finding(
        'step',
        `when: "${value}" is no choice of ${name}`,
        `There are: ${input.choices.join(', ')}.`,
        place(name),
      ),
    );
  });
}

function lintAct(
  runbook: Runbook,
  step: RunbookStep,
  { act, path, role }: PlacedAct,
  placed: PlacedFile,
): readonly LocatedFinding[] {
  const place = placed.placeOf([...path, act.kind]);
  const found = [...templateFaults(runbook, act, place), ...missingValues(runbook, step, act, place)];
  const isChange = act.kind === 'manual' || act.kind === 'exec' || (act.kind === 'rlctl' && changes(act.words));
  if (role === 'check' && isChange)
    found.push(finding('check', 'a check only looks, and this does something', 'Make it the action of a step.', place));
  if (act.kind === 'rlctl') {
    const fault = commandFault(act.words);
    if (fault !== null) found.push(finding('command', fault.message, fault.hint ?? null, place));
  }
  if (act.kind === 'exec' && namesIn([act.words[0] ?? ''].flat().join('')).length > 0)
    found.push(finding('command', 'which program runs cannot depend on an input', 'Write its name out.', place));
  if (act.kind === 'http') found.push(...addressFaults(act.target, placed.placeOf([...path, 'http', act.target.kind])));
  if (act.kind === 'promql')
    found.push(...queryFaults(runbook, act.query, placed.placeOf([...path, 'promql', 'query'])));
  return found;
}

function changes(words: Words): boolean {
  const plain = words.filter((word) => typeof word === 'string');
  return commandFault(words) === null && stepCommandOf(plain).isChange;
}

/** What keeps these words from being run by a step, whatever the values; `null`: nothing. */
function commandFault(words: Words): RlctlError | null {
  try {
    stepCommandOf(words.filter((word) => typeof word === 'string'));
    assertStepFlags(words.flat());
    return null;
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
}

function textsOf(act: Act): readonly string[] {
  switch (act.kind) {
    case 'rlctl':
      return [...act.words.flat(), ...act.fields.flatMap(({ path, wanted }) => [path, wanted])];
    case 'http':
      return [act.target.text, ...(act.contains === null ? [] : [act.contains])];
    case 'promql':
      return [act.query];
    case 'manual':
      return [act.text];
    case 'exec':
      return act.words.flat();
  }
}

function templateFaults({ inputs }: Runbook, act: Act, place: LocatedFinding['place']): LocatedFinding[] {
  const known: readonly string[] = [...inputs.map(({ name }) => name), ...givenNames];
  return textsOf(act).flatMap((text) => {
    const { faults } = parseTemplate(text);
    const odd = faults.map((fault) =>
      finding('template', `${JSON.stringify(fault)} is no template`, 'Only {{input}} is filled in.', place),
    );
    const unknown = namesIn(text).filter((name) => !known.includes(name));
    const hint = `There are: ${known.join(', ')}.`;
    return [...odd, ...unknown.map((name) => finding('template', `{{${name}}}: there is no such input`, hint, place))];
  });
}

/** True where a run that comes to this step has a value for the input. */
function isSurelyGiven(input: RunbookInput, step: RunbookStep): boolean {
  if (step.when?.has(input.name) === true) return true;
  if (input.isOptional && input.default === null) return false;
  return [...(input.when ?? [])].every(([name, wanted]) => {
    const here = step.when?.get(name);
    return here !== undefined && here.every((value) => wanted.includes(value));
  });
}

function missingValues(
  { inputs }: Runbook,
  step: RunbookStep,
  act: Act,
  place: LocatedFinding['place'],
): readonly LocatedFinding[] {
  const inGroups =
    act.kind === 'rlctl' || act.kind === 'exec' ? act.words.filter((word) => typeof word !== 'string') : [];
  const loose = textsOf(act).filter((text) => !inGroups.flat().includes(text));
  const names = new Set(loose.flatMap((text) => namesIn(text)));
  return inputs
    .filter((input) => names.has(input.name) && !isSurelyGiven(input, step))
    .map(({ name }) => {
      const hint = `Put it into a group, which is left out without it: [--flag, "{{${name}}}"].`;
      return finding('missing-value', `{{${name}}} may have no value here`, hint, place);
    });
}

function addressFaults(
  { kind, text }: { readonly kind: 'path' | 'url'; readonly text: string },
  place: LocatedFinding['place'],
): readonly LocatedFinding[] {
  if (kind === 'path')
    return text.startsWith('/') || text.startsWith('{{')
      ? []
      : [finding('address', `the path ${JSON.stringify(text)} does not start with "/"`, null, place)];
  const origin = /^https?:\/\/[^/?#{}@]+(?=[/?#]|$)/.exec(text);
  if (origin !== null && URL.canParse(origin[0])) return [];
  return [
    finding(
      'address',
      `${JSON.stringify(text)} is no http(s) address with its host written out`,
      'Write it as https://host/path.',
      place,
    ),
  ];
}

/** Numbers and times stand anywhere; every other text only where quotes hold it in. */
function queryFaults({ inputs }: Runbook, query: string, place: LocatedFinding['place']): readonly LocatedFinding[] {
  const outside = query.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, (quoted) =>
    quoted.startsWith('"') ? '' : quoted,
  );
  const free = new Set(inputs.filter(({ type }) => ['integer', 'duration'].includes(type)).map(({ name }) => name));
  return namesIn(outside)
    .filter((name) => !free.has(name) && name !== 'namespace')
    .map((name) =>
      finding('query', `{{${name}}} stands outside double quotes`, `Write it as label="{{${name}}}".`, place),
    );
}

function unusedInputs({ inputs, steps }: Runbook, placed: PlacedFile): readonly LocatedFinding[] {
  const used = new Set([
    ...steps
      .flatMap((step) => [...actsOf(step), ...(step.undo === null ? [] : [step.undo])])
      .flatMap((act) => textsOf(act).flatMap((text) => namesIn(text))),
    ...steps.flatMap(({ when }) => [...(when?.keys() ?? [])]),
    ...inputs.flatMap(({ when }) => [...(when?.keys() ?? [])]),
  ]);
  return inputs
    .filter(({ name }) => !used.has(name))
    .map(({ name }) =>
      finding('unused-input', `no step names the input ${name}`, null, placed.placeOf(['inputs', name]), 'warning'),
    );
}

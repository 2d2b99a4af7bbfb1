import type { LocatedFinding } from '../located-finding.js';
import type { PlacedFile } from '../placed-file.js';
import { lintAct, placedActs } from './lint-act.js';
import { lintInputs } from './lint-inputs.js';
import { byPlace, finding, type RunbookRead } from './read.js';
import { actsOf, textsOf, type Act, type Runbook, type RunbookInput, type RunbookStep } from './runbook.js';
import { commandFault, stepCommandOf } from './step-command.js';
import { namesIn } from './template.js';

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
    'a step by hand, by a program or that clears something, and says no way back',
    'add an undo, or say in it that there is none',
  ],
] as const satisfies readonly (readonly [string, LocatedFinding['severity'], string, string])[];

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
  if (step.undo === null && !step.isNothingToUndo && !hasOwnWayBack(step.action))
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

/** True of what a run takes back by itself, and of what leaves nothing to take back. */
function hasOwnWayBack(act: Act): boolean {
  if (act.kind === 'manual' || act.kind === 'exec') return false;
  if (act.kind !== 'rlctl' || commandFault(act.words) !== null) return true;
  return stepCommandOf(act.words.filter((word) => typeof word === 'string')).wayBack !== 'nothing';
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

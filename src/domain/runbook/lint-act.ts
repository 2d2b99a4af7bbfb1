import type { LocatedFinding } from '../located-finding.js';
import type { PlacedFile } from '../placed-file.js';
import { finding } from './read.js';
import {
  givenNames,
  textsOf,
  type Act,
  type Runbook,
  type RunbookInput,
  type RunbookStep,
  type Words,
} from './runbook.js';
import { commandFault, stepCommandOf } from './step-command.js';
import { namesIn, parseTemplate } from './template.js';

/** An act of a step, and what it is there for. */
export interface PlacedAct {
  readonly act: Act;
  readonly path: readonly PropertyKey[];
  readonly role: 'action' | 'check' | 'undo';
}

/** Everything that a step does, looks at or takes back, in the order in which it is done. */
export function placedActs(step: RunbookStep, index: number): readonly PlacedAct[] {
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

/** What is wrong with one act: what it names, what it would run, and where it goes. */
export function lintAct(
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

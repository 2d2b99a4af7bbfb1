import { Command, type Argument, type Option } from 'commander';
import { collect } from './commands/command.js';
import type { ArgumentShape, CommandTree, FlagShape, ValueKind, ValueShape } from './domain/completion/command-tree.js';
import { selectable } from './domain/doctor/selection.js';
import { helpTopicNames } from './domain/help-topics.js';
import { builtInProfiles } from './domain/signing/profile.js';
import { addGlobalOptions } from './global-options.js';
import { leaves, nouns } from './leaves.js';

// The command tree as data, read off what every command registers. The build and the manual page use it; the program itself
// never loads it.

type Value = Pick<ValueShape, 'kind'> & { readonly choices?: () => readonly string[] };

const names = (kind: ValueKind): Value => ({ kind });
const signing: Value = { kind: 'any', choices: () => ['auto', ...builtInProfiles.map(({ name }) => name)] };

/** What the values of flags are, where the registration itself has no choices. Every flag that is not here takes anything. */
const flagValues: Readonly<Record<string, Value>> = {
  '--env': names('environment'),
  '--confirm': names('environment'),
  '--bucket': names('bucket'),
  '--override-guard': names('guard'),
  '--route': names('override'),
  '--except': names('override'),
  '--before': names('override'),
  '--after': names('override'),
  '--config': names('file'),
  '--secret-file': names('file'),
  '--targets-file': names('file'),
  '--file': names('file'),
  '--out': names('file'),
  '--signing': signing,
  '--only': { kind: 'any', choices: selectable },
  '--bundle': names('file'),
  '--against': names('file'),
  '--routes': names('file'),
  '--openapi': names('file'),
  '--junit': names('file'),
  '--github': names('file'),
  '--markdown': names('file'),
  '--html': names('file'),
};

/** What arguments are, by their name, or by command and name where the name alone would not say it. */
const argumentValues: Readonly<Record<string, Value>> = {
  route: names('override'),
  prefix: names('override'),
  bucket: names('bucket'),
  file: names('file'),
  'rollout start plan': names('plan'),
  topic: { kind: 'any', choices: () => [...helpTopicNames, ...firstWords()] },
  'runbook show runbook': names('runbook'),
  'runbook run runbook': names('runbook'),
  'runbook lint runbook': names('runbook'),
  'runbook resume run': names('run'),
  'runbook log run': names('run'),
  receiver: names('receiver'),
  'env use name': names('environment'),
  'env show name': names('environment'),
  'env diff left': names('environment'),
  'env diff right': names('environment'),
  'env promote from': names('environment'),
  'env promote to': names('environment'),
  'incident show id': names('incident'),
  'panic restore id': names('panic'),
};

/** The words with which a command begins. */
function firstWords(): readonly string[] {
  return [...new Set([...nouns.map(({ name }) => name), ...leaves.map(({ path }) => path.split(' ')[0] ?? '')])];
}

/** Every command with its arguments and flags; loads every command's file. */
export async function describeCommands(): Promise<CommandTree> {
  const program = new Command();
  addGlobalOptions(program);
  return {
    globals: [...program.options.map(flagShape), helpFlag],
    alone: [versionFlag],
    nouns,
    leaves: await Promise.all(
      leaves.map(async ({ path, summary, load }) => {
        const { command: spec } = await load();
        const command = new Command();
        spec.register(command);
        return {
          path,
          summary,
          arguments: command.registeredArguments.map((argument) => argumentShape(argument, path)),
          flags: command.options.filter(({ hidden }) => !hidden).map(flagShape),
          examples: spec.examples,
        };
      }),
    ),
  };
}

const alone = { group: null, value: null, isRepeatable: false } as const;
const helpFlag: FlagShape = { ...alone, long: '--help', short: '-h', description: 'help' };
const versionFlag: FlagShape = { ...alone, long: '--version', short: '-V', description: 'print the version' };

function flagShape(option: Option): FlagShape {
  const long = option.long ?? option.short ?? '';
  const takesValue = option.required || option.optional;
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? '';
  return {
    long,
    short: option.long ? (option.short ?? null) : null,
    description: option.description,
    group: option.helpGroupHeading?.replace(/:$/, '') ?? null,
    value: takesValue ? valueShape(placeholder, option.argChoices, flagValues[long]) : null,
    isRepeatable: option.variadic || option.parseArg === (collect as unknown),
  };
}

function argumentShape(argument: Argument, path: string): ArgumentShape {
  const { description, required, variadic, argChoices } = argument;
  const name = argument.name();
  const known = argumentValues[`${path} ${name}`] ?? argumentValues[name];
  return {
    ...valueShape(name, argChoices, known),
    description,
    isRequired: required,
    isVariadic: variadic,
  };
}

function valueShape(placeholder: string, choices: readonly string[] | undefined, known: Value | undefined): ValueShape {
  return { placeholder, kind: known?.kind ?? 'any', choices: choices ?? known?.choices?.() ?? [] };
}

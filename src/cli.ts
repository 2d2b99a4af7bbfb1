import { Command, CommanderError, type Option } from 'commander';
import type { CommandSpec } from './commands/command.js';
import type { GlobalOptions } from './context.js';
import { commandWords } from './domain/command-words.js';
import { usageError } from './domain/errors.js';
import { helpTopicNames } from './domain/help-topics.js';
import { commandHint } from './domain/near-commands.js';
import { flagMeant } from './domain/near-flags.js';
import { addGlobalOptions, globalOptions } from './global-options.js';
import { leaves, nouns, type Leaf, type Noun } from './leaves.js';
import type { Host } from './ports/host.js';

/** A parsed command line: which command, with what. */
export interface Invocation {
  readonly leaf: Leaf;
  readonly spec: CommandSpec;
  readonly args: readonly (string | undefined)[];
  readonly flags: Readonly<Record<string, unknown>>;
  readonly options: GlobalOptions;
}

export interface CliHost {
  readonly env: Host['env'];
  readonly version: string;
  readonly width: number;
}

/** Text that help or --version wants shown; not a failure. */
export class HelpText extends Error {
  constructor(readonly text: string) {
    super('help');
  }
}

/**
 * Parses argv (without node and script) into one invocation. Throws `HelpText` where help was asked for, and usage errors
 * for everything that does not fit, with the nearest name as a hint.
 */
export async function parseArguments(given: readonly string[], host: CliHost): Promise<Invocation> {
  const argv = helpAsFlag(given);
  const matched = matchLeaf(argv);
  const loaded = matched === null ? null : { leaf: matched, spec: (await matched.load()).command };
  const found: { invocation: Invocation | null } = { invocation: null };
  const text = { out: '', err: '' };
  const program = buildProgram(host, text, loaded, (leafArgs, flags, options) => {
    if (loaded) found.invocation = { ...loaded, args: leafArgs, flags, options };
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0 || ['commander.help', 'commander.helpDisplayed'].includes(error.code))
      throw new HelpText(text.out || text.err);
    throw error.code === 'commander.unknownCommand' ? unknownCommand(argv) : commanderUsage(error, argv, loaded);
  }
  if (found.invocation === null) throw new HelpText(program.helpInformation());
  return found.invocation;
}

function commanderUsage(error: CommanderError, argv: readonly string[], loaded: Loaded | null): Error {
  const [first = '', near = ''] = error.message.replace(/^error: /, '').split('\n');
  const help = loaded === null ? 'rlctl --help' : `rlctl ${loaded.leaf.path} --help`;
  const given = error.code === 'commander.excessArguments' ? valueGiven(argv, optionsOf(loaded)) : null;
  if (given !== null) return usageError(given, `Leave the word out. See: ${help}`);
  const flag = error.code === 'commander.unknownOption' ? flagMeant(unknownFlag(first), flagsOf(loaded)) : null;
  const suggestion = flag === null ? near.replace(/^\(|\)$/g, '') : `Did you mean ${flag}?`;
  return usageError(first, `${suggestion} See: ${help}`.trimStart());
}

function unknownFlag(message: string): string {
  return /'(.*)'/.exec(message)?.[1] ?? '';
}

function flagsOf(loaded: Loaded | null): readonly string[] {
  return optionsOf(loaded).flatMap(({ long, hidden }) => (long && !hidden ? [long] : []));
}

function optionsOf(loaded: Loaded | null): readonly Option[] {
  const command = new Command();
  addGlobalOptions(command);
  loaded?.spec.register(command);
  return command.options;
}

/** What is written behind a flag as if it took a value: any other word there is an argument of the command. */
const switchValue = /^(?:on|off|true|false|yes|no|[01])$/i;

/** A word that somebody meant as the value of a flag that takes none: `--shadow on`; `null`: there is none. */
function valueGiven(argv: readonly string[], options: readonly Option[]): string | null {
  const at = argv.findIndex((word, index) => {
    const before = options.find(({ long, short }) => [long, short].includes(argv[index - 1] ?? ''));
    return switchValue.test(word) && before?.isBoolean() === true;
  });
  if (at < 0) return null;
  const flag = argv[at - 1] ?? '';
  const no = options.find(({ long }) => long === flag.replace(/^--/, '--no-'));
  return `"${argv[at]}": ${flag} takes no value${no === undefined ? '' : ` (its contrary is ${no.long})`}`;
}

/** `help COMMAND` as `COMMAND --help`, and `help` alone as `--help`. Throws for what is neither a command nor a topic. */
function helpAsFlag(argv: readonly string[]): readonly string[] {
  const [first, ...words] = commandWords(argv, 4);
  if (first !== 'help' || argv.some((word) => word === '-h' || word === '--help')) return argv;
  const [word = ''] = words;
  if (words.length === 1 && helpTopicNames.some((topic) => topic === word)) return argv;
  const named = [nounNamed(word)?.name ?? word, ...words.slice(1)];
  const paths = leaves.map(({ path }) => path);
  const isKnown = paths.includes(named.join(' ')) || (words.length === 1 && nounNamed(word) !== undefined);
  if (words.length === 0 || isKnown) return [...words, '--help'];
  throw usageError(
    `there is no command or topic "${words.join(' ')}"; topics are: ${helpTopicNames.join(', ')}`,
    commandHint(named, [...paths, ...helpTopicNames]),
  );
}

function unknownCommand(argv: readonly string[]): Error {
  const [first = '', ...rest] = commandWords(argv);
  const noun = nounNamed(first)?.name;
  const unknown = noun === undefined ? first : `${noun} ${rest.join(' ')}`;
  const words = [noun ?? first, ...rest];
  return usageError(
    `unknown command "${unknown}"`,
    commandHint(
      words,
      leaves.map(({ path }) => path),
    ),
  );
}

function nounNamed(word: string | undefined): Noun | undefined {
  return nouns.find(({ name, aliases }) => name === word || aliases.includes(word ?? ''));
}

/** The leaf that the words of the command line name; `null`: none, and commander says so. */
function matchLeaf(argv: readonly string[]): Leaf | null {
  const words = commandWords(argv);
  const noun = nounNamed(words[0]);
  const path = noun ? `${noun.name} ${words[1] ?? ''}` : words[0];
  return leaves.find((leaf) => leaf.path === path) ?? null;
}

type OnLeaf = (args: readonly (string | undefined)[], flags: Record<string, unknown>, options: GlobalOptions) => void;
type Loaded = { readonly leaf: Leaf; readonly spec: CommandSpec };

function buildProgram(
  host: CliHost,
  text: { out: string; err: string },
  loaded: Loaded | null,
  onLeaf: OnLeaf,
): Command {
  const configure = (command: Command): Command =>
    command
      .exitOverride()
      .configureOutput({
        writeOut: (chunk) => void (text.out += chunk),
        writeErr: (chunk) => void (text.err += chunk),
        getOutHelpWidth: () => host.width,
        getErrHelpWidth: () => host.width,
        outputError: () => undefined,
      })
      .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
      .helpCommand(false);
  const program = configure(new Command('rlctl'))
    .description('Operate a rate-limit control plane, with proof of effect: a 200 is not proof.')
    .version(host.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'help');
  addGlobalOptions(program);
  const groups = new Map(
    nouns.map((noun) => [
      noun.name,
      configure(program.command(noun.name))
        .aliases([...noun.aliases])
        .description(noun.summary),
    ]),
  );
  for (const leaf of leaves) {
    const [first = '', verb] = leaf.path.split(' ');
    const command = configure((verb ? groups.get(first) : program)?.command(verb ?? first) ?? program).description(
      leaf.summary,
    );
    if (loaded?.leaf !== leaf) continue;
    loaded.spec.register(command);
    command.addHelpText('after', `\nExamples:\n${loaded.spec.examples.map((line) => `  ${line}`).join('\n')}`);
    command.action((...received: unknown[]) => {
      const parsed = received.slice(0, -2).flat() as (string | undefined)[];
      onLeaf(parsed, command.opts(), globalOptions(program.opts(), host.env));
    });
  }
  program.addHelpText(
    'after',
    `\nStart here:  rlctl sandbox up   then   rlctl -e sandbox override list\nTopics:      rlctl help ${helpTopicNames.join(' | ')}`,
  );
  return program;
}

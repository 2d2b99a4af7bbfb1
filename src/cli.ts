import { Command, CommanderError } from 'commander';
import type { CommandSpec } from './commands/command.js';
import type { GlobalOptions } from './context.js';
import { usageError } from './domain/errors.js';
import { commandHint } from './domain/near-commands.js';
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
export async function parseArguments(argv: readonly string[], host: CliHost): Promise<Invocation> {
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
    throw error.code === 'commander.unknownCommand' ? unknownCommand(argv) : commanderUsage(error, matched);
  }
  if (found.invocation === null) throw new HelpText(program.helpInformation());
  return found.invocation;
}

function commanderUsage(error: CommanderError, leaf: Leaf | null): Error {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const help = leaf === null ? 'rlctl --help' : `rlctl ${leaf.path} --help`;
  return usageError(first, suggestion ? `${suggestion.replace(/^\(|\)$/g, '')} See: ${help}` : `See: ${help}`);
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

const valuedGlobals = new Set(['-e', '--env', '-o', '--output', '--jq', '--timeout', '--color', '--config']);

function commandWords(argv: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (let index = 0; index < argv.length && words.length < 2; index += 1) {
    const word = argv[index] ?? '';
    if (valuedGlobals.has(word)) index += 1;
    else if (!word.startsWith('-')) words.push(word);
  }
  return words;
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
    '\nStart here:  rlctl sandbox up   then   rlctl -e sandbox override list\nTopics:      rlctl help exit-codes | environment | output | signing | keys | checks',
  );
  return program;
}

import { Command, CommanderError, Option } from 'commander';
import type { CommandSpec } from './commands/command.js';
import type { GlobalOptions } from './context.js';
import { parseDurationMs } from './domain/duration.js';
import { usageError } from './domain/errors.js';
import { commandHint } from './domain/near-commands.js';
import type { Host } from './ports/host.js';
import { outputFormats, type OutputFormat } from './ui/view.js';
import type { ColourChoice } from './ui/theme.js';

/** A leaf of the command tree; its file is loaded only when it is called or its help is asked for. */
export interface Leaf {
  /** `override set` */
  readonly path: string;
  readonly summary: string;
  /** Whether it changes anything outside; `--read-only` refuses these. */
  readonly isMutation: boolean;
  readonly load: () => Promise<{ readonly command: CommandSpec }>;
}

export interface Noun {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
}

export const nouns: readonly Noun[] = [
  { name: 'override', aliases: ['overrides'], summary: 'read and change route overrides, with proof' },
  { name: 'policy', aliases: ['policies'], summary: 'which policy a route really has, and why' },
  { name: 'shadow', aliases: ['shadows'], summary: 'let buckets or routes only observe, and back' },
  { name: 'decisions', aliases: ['decision'], summary: 'what the limiter decided: allowed, blocked, shadow-blocked' },
  { name: 'env', aliases: ['envs', 'environment'], summary: 'environments: list, choose, show, add, trust' },
  { name: 'sandbox', aliases: [], summary: 'a complete control plane on this machine' },
];

export const leaves: readonly Leaf[] = [
  {
    path: 'reload',
    summary: 'sign and send a reload, and prove it',
    isMutation: true,
    load: () => import('./commands/reload.js'),
  },
  {
    path: 'status',
    summary: 'one screen: how the environment is',
    isMutation: false,
    load: () => import('./commands/status.js'),
  },
  {
    path: 'override list',
    summary: 'every override, in matching order',
    isMutation: false,
    load: () => import('./commands/override/list.js'),
  },
  {
    path: 'override get',
    summary: 'one override, as stored',
    isMutation: false,
    load: () => import('./commands/override/get.js'),
  },
  {
    path: 'override set',
    summary: 'set fields of an override, reload, prove',
    isMutation: true,
    load: () => import('./commands/override/set.js'),
  },
  {
    path: 'override unset',
    summary: 'remove an override, reload, prove',
    isMutation: true,
    load: () => import('./commands/override/unset.js'),
  },
  {
    path: 'override history',
    summary: 'every change: what, who, when, why',
    isMutation: false,
    load: () => import('./commands/override/history.js'),
  },
  {
    path: 'override undo',
    summary: 'take back the last change, exactly',
    isMutation: true,
    load: () => import('./commands/override/undo.js'),
  },
  {
    path: 'override repair',
    summary: 'restore a readable document from history',
    isMutation: true,
    load: () => import('./commands/override/repair.js'),
  },
  {
    path: 'policy get',
    summary: 'the server’s policy beside the expected one',
    isMutation: false,
    load: () => import('./commands/policy/get.js'),
  },
  {
    path: 'policy explain',
    summary: 'which override wins for a route, and why',
    isMutation: false,
    load: () => import('./commands/policy/explain.js'),
  },
  {
    path: 'shadow list',
    summary: 'what is in shadow, by the server and as stored',
    isMutation: false,
    load: () => import('./commands/shadow/list.js'),
  },
  {
    path: 'shadow on',
    summary: 'count, never block: flip, reload, prove',
    isMutation: true,
    load: () => import('./commands/shadow/on.js'),
  },
  {
    path: 'shadow off',
    summary: 'restore what stood before, reload, prove',
    isMutation: true,
    load: () => import('./commands/shadow/off.js'),
  },
  {
    path: 'decisions show',
    summary: 'the figures of a window, per bucket',
    isMutation: false,
    load: () => import('./commands/decisions/show.js'),
  },
  {
    path: 'decisions watch',
    summary: 'the same, refreshed in place until Ctrl-C',
    isMutation: false,
    load: () => import('./commands/decisions/watch.js'),
  },
  {
    path: 'env list',
    summary: 'the environments there are',
    isMutation: false,
    load: () => import('./commands/env/list.js'),
  },
  {
    path: 'env use',
    summary: 'choose the environment for later commands',
    isMutation: false,
    load: () => import('./commands/env/use.js'),
  },
  {
    path: 'env show',
    summary: 'every setting and where it comes from',
    isMutation: false,
    load: () => import('./commands/env/show.js'),
  },
  {
    path: 'env add',
    summary: 'add an environment to the configuration',
    isMutation: false,
    load: () => import('./commands/env/add.js'),
  },
  {
    path: 'env trust',
    summary: 'vouch for a project’s configuration file',
    isMutation: false,
    load: () => import('./commands/env/trust.js'),
  },
  {
    path: 'sandbox up',
    summary: 'start it; stays until Ctrl-C',
    isMutation: false,
    load: () => import('./commands/sandbox/up.js'),
  },
  {
    path: 'sandbox demo',
    summary: 'walk the main job, step by step',
    isMutation: false,
    load: () => import('./commands/sandbox/demo.js'),
  },
  {
    path: 'completion',
    summary: 'print or install completion for a shell',
    isMutation: false,
    load: () => import('./commands/completion.js'),
  },
  {
    path: 'help',
    summary: 'help on a command or a topic',
    isMutation: false,
    load: () => import('./commands/help.js'),
  },
];

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
    '\nStart here:  rlctl sandbox up   then   rlctl -e sandbox override list\nTopics:      rlctl help exit-codes | environment | output | signing | keys',
  );
  return program;
}

/** The flags that stand on every command. */
export function addGlobalOptions(program: Command): void {
  program
    .addOption(new Option('-e, --env <name>', 'environment to work on (RLCTL_ENV)'))
    .addOption(new Option('-o, --output <format>', 'how to print the result (RLCTL_OUTPUT)').choices(outputFormats))
    .addOption(new Option('--json', 'short for -o json'))
    .addOption(new Option('--jq <program>', 'filter the JSON result with a jq program'))
    .addOption(new Option('--timeout <duration>', 'total deadline, at least 2s (RLCTL_TIMEOUT; default 10s)'))
    .addOption(new Option('--config <file>', 'configuration file (RLCTL_CONFIG)'))
    .addOption(new Option('--no-input', 'never ask (RLCTL_NO_INPUT)'))
    .addOption(new Option('--read-only', 'refuse everything that changes anything (RLCTL_READ_ONLY)'))
    .addOption(new Option('--color <when>', 'colour (RLCTL_COLOR, NO_COLOR)').choices(['auto', 'always', 'never']))
    .addOption(new Option('-q, --quiet', 'no remarks, only results and errors'))
    .addOption(new Option('--debug', 'say on stderr what is done; holds no secret'));
}

const defaultTimeoutMs = 10_000;
const leastTimeoutMs = 2000;

/** The global options: flag > variable > default. Throws a usage error naming the flag or the variable. */
function globalOptions(flags: Record<string, unknown>, env: Host['env']): GlobalOptions {
  const text = (flag: string, variable: string): { value: string | null; place: string } =>
    typeof flags[flag] === 'string'
      ? { value: flags[flag], place: `--${flag}` }
      : { value: env[variable] || null, place: variable };
  const timeout = text('timeout', 'RLCTL_TIMEOUT');
  const timeoutMs = timeout.value === null ? defaultTimeoutMs : parseDurationMs(timeout.value, timeout.place);
  if (timeoutMs < leastTimeoutMs) {
    throw usageError(
      `${timeout.place}: ${timeout.value} is too short to tell what happened to a write`,
      'Give at least 2s.',
    );
  }
  const format = oneOf(text('output', 'RLCTL_OUTPUT'), outputFormats) ?? 'table';
  const jq = typeof flags['jq'] === 'string' ? flags['jq'] : null;
  return {
    environment: text('env', 'RLCTL_ENV').value,
    config: text('config', 'RLCTL_CONFIG').value,
    format: flags['json'] === true || jq !== null ? 'json' : format,
    jq,
    timeoutMs,
    isInputAllowed: flags['input'] !== false && env['RLCTL_NO_INPUT'] !== 'true',
    colour: oneOf(text('color', 'RLCTL_COLOR'), ['auto', 'always', 'never'] as const) ?? 'auto',
    isQuiet: flags['quiet'] === true,
    isDebug: flags['debug'] === true,
    isReadOnly: flags['readOnly'] === true || env['RLCTL_READ_ONLY'] === 'true',
  };
}

function oneOf<T extends string>(found: { value: string | null; place: string }, accepted: readonly T[]): T | null {
  if (found.value === null) return null;
  const match = accepted.find((each) => each === found.value);
  if (match !== undefined) return match;
  throw usageError(
    `${found.place}: "${found.value}" is not one of ${accepted.join(', ')}`,
    `Set it to ${accepted[0]}.`,
  );
}

/** How errors are to be printed, found before anything is parsed, because parsing itself may fail. */
export function errorOptions(
  argv: readonly string[],
  env: Host['env'],
): { format: OutputFormat; colour: ColourChoice; isDebug: boolean } {
  const valueOf = (names: readonly string[]): string | undefined => {
    for (const [index, word] of argv.entries()) {
      if (word === '--') break;
      if (names.includes(word)) return argv[index + 1];
      const name = names.find((each) => each.startsWith('--') && word.startsWith(`${each}=`));
      if (name) return word.slice(name.length + 1);
    }
    return undefined;
  };
  const isJson = argv.includes('--json') || argv.some((word) => word === '--jq' || word.startsWith('--jq='));
  const format =
    valueOf(['-o', '--output']) ?? argv.find((word) => /^-o\w/.test(word))?.slice(2) ?? env['RLCTL_OUTPUT'];
  const colour = valueOf(['--color']) ?? env['RLCTL_COLOR'];
  return {
    format: isJson ? 'json' : (outputFormats.find((each) => each === format) ?? 'table'),
    colour: colour === 'always' || colour === 'never' ? colour : 'auto',
    isDebug: argv.includes('--debug'),
  };
}

import { Option, type Command } from 'commander';
import type { GlobalOptions } from './context.js';
import { parseDurationMs } from './domain/duration.js';
import { usageError } from './domain/errors.js';
import type { Host } from './ports/host.js';
import { outputFormats, type OutputFormat } from './ui/view.js';
import type { ColourChoice } from './ui/theme.js';

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
export function globalOptions(flags: Record<string, unknown>, env: Host['env']): GlobalOptions {
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

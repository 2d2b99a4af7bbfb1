import { RlctlError } from './errors.js';
import { shellWord } from './shell-words.js';
import { withWanted, type Wanting } from './wanted.js';

/**
 * What a command that rlctl prints must say to reach the place that this command line reached.
 *
 * The rule: what was said on this command line or in a variable is repeated, because the next terminal may not say it;
 * what a choice that lasts said (`env use`, `current` in the file, the only environment there is) is left off, because
 * it holds there too.
 */
export interface CommandAddress {
  /** The environment named by -e, --env or RLCTL_ENV; `null`: by none of them. */
  readonly environment: string | null;
  /** The absolute path of the file named by --config or RLCTL_CONFIG; `null`: by neither. */
  readonly config: string | null;
  /** What the environment that was reached wants of a change; absent or `null`: nothing, or none was reached. */
  readonly wants?: Wanting | null;
}

/** Nothing was said: printed commands stay as they are. */
export const bareAddress: CommandAddress = { environment: null, config: null };

/** What a command depends on: an environment and the file that holds it, that file alone, or neither. */
type Scope = 'environment' | 'config' | 'none';

/** By noun, or by noun and verb where a verb differs from its noun. A command that is not here is printed as it is. */
const scopes: Readonly<Record<string, Scope>> = {
  reload: 'environment',
  verify: 'environment',
  status: 'environment',
  doctor: 'environment',
  override: 'environment',
  'override schema': 'none',
  policy: 'environment',
  shadow: 'environment',
  rollout: 'environment',
  'rollout schema': 'none',
  decisions: 'environment',
  fleet: 'environment',
  audit: 'environment',
  runbook: 'environment',
  'runbook schema': 'none',
  lock: 'environment',
  idem: 'environment',
  panic: 'environment',
  notify: 'environment',
  'notify schema': 'none',
  incident: 'environment',
  'env show': 'environment',
  env: 'config',
  sandbox: 'none',
  completion: 'none',
  help: 'none',
};

/** What a command of the tree depends on, by its path (`override set`); `undefined`: the table does not know it. */
export function scopeOf(path: string): Scope | undefined {
  return scopes[path] ?? scopes[path.split(' ')[0] ?? ''];
}

const longestFirst = Object.keys(scopes).sort((a, b) => b.length - a.length);
const commandPattern = new RegExp(`\\brlctl (${longestFirst.join('|')})(?![\\w-])`, 'g');

/**
 * A sentence of rlctl's own with every command in it completed: `run: rlctl reload` → `run: rlctl -e prod reload`, and
 * what the environment wants of a change behind it: `--confirm prod`. Only for sentences that the program wrote, never
 * for text from outside, which is shown as it is. Doing it twice changes nothing more.
 */
export function addressed(sentence: string, { environment, config, wants = null }: CommandAddress): string {
  const located = environment === null && config === null ? sentence : placed(sentence, { environment, config });
  return wants === null ? located : withWanted(located, wants);
}

function placed(sentence: string, { environment, config }: Omit<CommandAddress, 'wants'>): string {
  const inFile = config === null ? '' : `--config ${shellWord(config)} `;
  const inEnvironment = environment === null ? '' : `-e ${shellWord(environment)} `;
  return sentence.replaceAll(commandPattern, (_, words: string) => {
    const scope = scopes[words];
    if (scope === undefined || scope === 'none') return `rlctl ${words}`;
    return `rlctl ${scope === 'environment' ? inEnvironment : ''}${inFile}${words}`;
  });
}

/** One command whose words may come from outside: nothing in them is taken for another command. */
export function addressedCommand(argv: readonly string[], address: CommandAddress): string {
  const [verb = '', ...words] = argv;
  const located = [placed(`rlctl ${verb}`, address), ...words.map(shellWord)].join(' ');
  return address.wants ? withWanted(located, address.wants) : located;
}

/** An error with the commands of its hint completed. */
export function addressedError(error: RlctlError, address: CommandAddress): RlctlError {
  const { kind, message, code, hint, details, cause } = error;
  if (hint === undefined) return error;
  return new RlctlError(kind, message, {
    code,
    hint: addressed(hint, address),
    ...(details === undefined ? {} : { details }),
    ...(cause === undefined ? {} : { cause }),
  });
}

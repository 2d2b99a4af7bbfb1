import { commandHint } from '../near-commands.js';
import { RlctlError, usageError } from '../errors.js';
import type { Words } from './runbook.js';

/** What a step may run of rlctl, and how a run treats it. */
export interface StepCommand {
  /** `override set` */
  readonly path: string;
  readonly isChange: boolean;
  /** What takes it back: what is kept of its changes; `nothing`, because it removes what nobody keeps; `null`: nothing need. */
  readonly wayBack: 'kept' | 'nothing' | null;
  /** It leaves something in force that can be given an end. */
  readonly hasEnd: boolean;
  /** It takes --reason and --ticket. */
  readonly hasAuthor: boolean;
  /**
   * It changes what was found before and nothing else: the flag that says so, the field that has its value, and the command
   * that looks at the same; where no step of the run has looked, its own dry run does.
   */
  readonly pin: { readonly flag: string; readonly field: string; readonly look: string } | null;
}

const read = { isChange: false, wayBack: null, hasEnd: false, hasAuthor: false, pin: null } as const;
const change = { ...read, isChange: true, wayBack: 'kept', hasAuthor: true } as const;
const pinnedBy = (look: string) => {
  return {
    ...change,
    wayBack: 'nothing',
    hasAuthor: false,
    pin: { flag: '--if-value', field: 'digest', look },
  } as const;
};

/**
 * The commands that a step may run. Each may be run again after it was cut off: reads by nature, changes of the document by
 * their change id, the rest because what already is as wanted stays. Those that wait for somebody, write files or work
 * outside the environment are not among them.
 */
const stepCommands: readonly StepCommand[] = [
  { ...change, path: 'reload', wayBack: null, hasAuthor: false },
  { ...read, path: 'verify' },
  { ...read, path: 'status' },
  { ...read, path: 'doctor' },
  { ...read, path: 'override list' },
  { ...read, path: 'override get' },
  { ...change, path: 'override set', hasEnd: true },
  { ...change, path: 'override unset' },
  { ...change, path: 'override apply', hasEnd: true },
  { ...change, path: 'override sync', hasEnd: true },
  { ...change, path: 'override undo' },
  { ...change, path: 'override expire' },
  { ...change, path: 'override repair' },
  { ...read, path: 'override diff' },
  { ...read, path: 'override history' },
  { ...read, path: 'override lint' },
  { ...read, path: 'policy get' },
  { ...read, path: 'policy explain' },
  { ...read, path: 'policy test' },
  { ...read, path: 'policy compare' },
  { ...read, path: 'shadow list' },
  { ...change, path: 'shadow on', hasEnd: true },
  { ...change, path: 'shadow off' },
  { ...change, path: 'panic global' },
  { ...change, path: 'panic bucket' },
  { ...change, path: 'panic route' },
  { ...change, path: 'panic restore' },
  { ...read, path: 'panic list' },
  { ...change, path: 'rollout start' },
  { ...change, path: 'rollout promote' },
  { ...change, path: 'rollout undo' },
  { ...read, path: 'rollout status' },
  { ...read, path: 'decisions show' },
  { ...read, path: 'fleet status' },
  { ...read, path: 'audit verify' },
  { ...read, path: 'lock show' },
  { ...pinnedBy('lock show'), path: 'lock clear' },
  { ...read, path: 'idem show' },
  { ...pinnedBy('idem show'), path: 'idem clear' },
];

/** Flags that the run itself gives, or that would lead a step elsewhere. */
const reserved: ReadonlyMap<string, string> = new Map([
  ...['-e', '--env', '--config'].map((flag) => [flag, 'a step works where the run works'] as const),
  ...['-o', '--output', '--json', '--jq', '--color', '-q', '--quiet', '--debug'].map(
    (flag) => [flag, 'the run reads the Result itself'] as const,
  ),
  ...['-y', '--yes', '--confirm', '--no-input', '--dry-run', '--read-only'].map(
    (flag) => [flag, 'the run is confirmed as a whole'] as const,
  ),
  ...['--target', '--targets-file', '--targets-dns', '--secret-file', '--signing'].map(
    (flag) => [flag, 'a signature goes to the environment’s own addresses only'] as const,
  ),
  ...['--out', '--bundle', '--sarif', '--github', '--junit'].map((flag) => [flag, 'a step writes no files'] as const),
  ...['-w', '--watch', '--every'].map((flag) => [flag, 'a step has to end by itself'] as const),
  ...['--override-guard', '--force'].map((flag) => [flag, 'a guard is overridden by a person, case by case'] as const),
]);

/** The command that these words name; throws a usage error for one that a step may not run. */
export function stepCommandOf(words: readonly string[]): StepCommand {
  const [first = '', second = ''] = words;
  const found = stepCommands.find(({ path }) => path === `${first} ${second}` || path === first);
  if (found !== undefined) return found;
  const paths = stepCommands.map(({ path }) => path);
  throw usageError(
    `a step cannot run "rlctl ${`${first} ${second}`.trim()}"`,
    `A step may run: ${paths.join(', ')}. ${commandHint([first, second], paths)}`,
    'RUNBOOK_COMMAND',
  );
}

/** Throws a usage error for a flag that no step may carry. */
function assertStepFlags(words: readonly string[]): void {
  for (const word of words) {
    if (word === '--') return;
    const name = word.startsWith('--') ? (word.split('=')[0] ?? '') : /^-\w/.test(word) ? word.slice(0, 2) : '';
    const why = reserved.get(name);
    if (why !== undefined) throw reservedFlag(name, why);
  }
}

function reservedFlag(name: string, why: string): RlctlError {
  return usageError(`a step cannot carry ${name}: ${why}`, `Leave ${name} out.`, 'RUNBOOK_FLAG');
}

/** What keeps these words from being run by a step, whatever the values; `null`: nothing. */
export function commandFault(words: Words): RlctlError | null {
  try {
    stepCommandOf(words.filter((word) => typeof word === 'string'));
    assertStepFlags(words.flat());
    return null;
  } catch (error) {
    if (error instanceof RlctlError) return error;
    throw error;
  }
}

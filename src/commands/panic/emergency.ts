import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { interruptedBefore, isBefore, nothingDoneText } from '../../domain/nothing-done.js';
import { beginAnew, emptiedCure } from '../../domain/override/document-gone.js';
import { targetOfCommand } from '../../domain/panic/panics.js';
import { panicCommand, type PanicWay } from '../../domain/panic/target.js';
import { reloadWithoutRedis } from '../../domain/proof/proof.js';
import { shellWords } from '../../domain/shell-words.js';
import type { PanicInput } from './input.js';
import { platformSteps } from './platform-steps.js';

/**
 * What is left to do where a panic could not act because Redis, the API or the document failed it: that it changed nothing,
 * the cure, the ways that do not need what failed, and the steps of the platform. A panic that fails must not be the last
 * word.
 */
export function emergency(
  error: unknown,
  environment: Environment,
  input: Pick<PanicInput, 'target'>,
  way: PanicWay,
): unknown {
  if (!(error instanceof RlctlError)) return error;
  const { kind, code, message, details } = error;
  const isUnreadable = kind === 'guard' && /^(?:DOCUMENT|KEY_WRONG|STORE_EMPTIED)/.test(code);
  if (!isUnreadable && !isBefore(error)) return interruptedBefore(error, 'changed');
  const isEmptied = code === 'STORE_EMPTIED';
  const cure = isEmptied ? emptied : isUnreadable ? repair : error.hint;
  const steps = platformSteps(environment, input.target, { isNothingLeft: isEmptied });
  const hint = [
    [
      ...(cure === undefined ? [] : [withoutStop(cure)]),
      ...otherWays(environment, input, way, failedOf(error, isUnreadable)),
    ].join('. Or: '),
    'Or on the platform itself:',
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
  ].join('\n');
  return new RlctlError(kind, nothingDoneText(message, 'changed'), {
    code,
    hint,
    details: { ...details, manualSteps: steps },
  });
}

/**
 * The same for a run of a runbook that could not begin, where one of its commands is a panic: the journal of a run stands in
 * Redis, and a panic needs none. `commands`: those of its steps.
 */
export function emergencyOfRun(
  error: unknown,
  environment: Environment,
  commands: readonly (readonly string[])[],
): unknown {
  const panic = commands.find(([verb, what]) => verb === 'panic' && what !== 'restore');
  const target = panic === undefined ? null : targetOfCommand(shellWords(panic));
  // Whatever it would have acted by, what needs the document is what failed.
  return target === null ? error : emergency(error, environment, { target }, 'overrides');
}

const repair =
  'While it is so, a server that reloads drops every override and keeps its own limits. Restore it first, which reloads and proves: rlctl override repair; then run the panic again';

/** Nothing is left to restore from, and as long as that is not said on purpose, every reload and every change is refused. */
const emptied = `${emptiedCure}. ${beginAnew}; then run the panic again`;

/** What failed it: the API does not stand in the way of writing and recording, Redis and its document do. */
type Failed = 'document' | 'redis' | 'api';

function failedOf({ code }: RlctlError, isUnreadable: boolean): Failed {
  if (isUnreadable) return 'document';
  return /^(?:REDIS_|DEADLINE$)/.test(code) ? 'redis' : 'api';
}

/** Ways that do not need what failed. */
function otherWays(
  { killSwitch, shadowDriver }: Environment,
  { target }: Pick<PanicInput, 'target'>,
  way: PanicWay,
  failed: Failed,
): readonly string[] {
  const byWay = (by: PanicWay): string =>
    `rlctl ${panicCommand(target)}${target.kind === 'route' ? '' : ` --by ${by}`} --no-reload`;
  const hasFlags = shadowDriver !== 'overrides' && target.kind !== 'route';
  const hasSwitch = way !== 'kill-switch' && killSwitch !== null && 'exec' in killSwitch;
  if (failed === 'api')
    return [
      `${byWay(way)} ${actsAlone[way]}`,
      ...(hasSwitch ? ['rlctl panic global --by kill-switch does not need the API to answer'] : []),
    ];
  const forced = failed === 'document' ? 'rlctl reload --force' : reloadWithoutRedis;
  return [
    ...(hasFlags
      ? [
          `${byWay('flags')} sets the flag without it, and lets nothing through before a reload, which may cost every override: ${forced}`,
        ]
      : []),
    ...(hasSwitch ? ['rlctl panic global --by kill-switch needs no document'] : []),
  ];
}

/** What --no-reload does without the API. */
const actsAlone: Readonly<Record<PanicWay, string>> = {
  overrides: 'writes and records it without the API, and lets nothing through before a reload: rlctl reload',
  flags: 'sets the flag and records it without the API, and lets nothing through before a reload: rlctl reload',
  'kill-switch': 'records it and runs the program, and asks no API; what the server then says tells: rlctl reload',
};

function withoutStop(text: string): string {
  return text.replace(/\.$/, '');
}

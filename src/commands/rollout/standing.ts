import type { Context } from '../../context.js';
import { allBuckets } from '../../domain/config/bucket-names.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { followedBy } from '../../domain/followed-by.js';
import { endCommand } from '../../domain/incident/incident.js';
import { fallenTexts, fallenWays, type Fallen } from '../../domain/rollout/standing.js';
import type { RolloutState } from '../../domain/rollout/state.js';
import { flipCommand, type FlagFlip } from '../../domain/shadow/flag-flip.js';
import { isSetHere } from '../../domain/shadow/flip-log.js';
import { fallenOf, type StandingPorts } from '../../procedures/rollout/standing.js';
import { readFlagLines } from '../../procedures/shadow/compare.js';
import { openPanics } from '../panic/kept.js';
import { flagsHere, wantedFlags } from '../shadow/flips.js';
import { knownFlips } from '../shadow/known-flips.js';

/**
 * What of the stages in force no longer stands. What a panic that is open keeps from being refused is none of it: the panic
 * stands against every gate and every stage as it is, and its end puts back what was before it.
 */
export async function fallenNow(
  context: Context,
  environment: Environment,
  state: RolloutState,
): Promise<readonly Fallen[]> {
  const [store, flag] = await Promise.all([context.store(environment), flagsNow(context, environment)]);
  const fallen = await fallenOf({ store, flag, deadline: context.deadline }, environment, state);
  return fallen.length === 0 || (await openPanics(context, environment)).length > 0 ? [] : fallen;
}

/** By the file where that is of this machine, else by what was set last. */
async function flagsNow(context: Context, environment: Environment): Promise<StandingPorts['flag']> {
  if (environment.shadowDriver === 'overrides') return null;
  const [operations, here, { envFile }] = await Promise.all([
    context.operationStore(environment),
    flagsHere(context, environment),
    wantedFlags(context, environment),
  ]);
  const flips = await knownFlips(context, environment, { operations, deadline: context.deadline });
  const lines = envFile === null ? null : await linesIn(context, environment, envFile);
  return (bucket) => {
    const flip = flips.findLast((each) => each.bucket === bucket && each.place === here.place);
    const last = flip === undefined ? null : { ...flip, command: commandOf(flip) };
    const isFile = lines !== null && (flip === undefined || isSetHere(flip, here));
    return { last, value: isFile ? (lines.get(bucket)?.isShadow ?? 'absent') : (flip?.isOn ?? null) };
  };
}

/** The end of an incident takes several flags back, and says so with each. */
function commandOf(flip: FlagFlip): string {
  return flip.partOf?.some(({ kind }) => kind === 'incident') === true ? endCommand : flipCommand([flip]);
}

/** What the lines of an env file say; `null`: it cannot be read here. */
async function linesIn(context: Context, environment: Environment, path: string) {
  try {
    return (await readFlagLines(await context.envFiles(), path, allBuckets(environment))).lines;
  } catch (error) {
    if (error instanceof RlctlError) return null;
    throw error;
  }
}

/**
 * Throws a conflict where a stage that is said to be in force no longer stands. `renewed`: buckets that are set anew at once:
 * where nothing else fell, that is only said.
 */
export async function assertStanding(
  context: Context,
  environment: Environment,
  state: RolloutState,
  renewed: readonly string[] = [],
): Promise<void> {
  const fallen = await fallenNow(context, environment, state);
  const text = fallenTexts(fallen).join('; ');
  if (fallen.every(({ bucket }) => renewed.includes(bucket))) return text === '' ? undefined : context.noteOnce(text);
  const [way = '', ...others] = fallenWays(state, fallen);
  throw new RlctlError('conflict', text, {
    code: 'STAGE_FALLEN',
    hint: others.reduce((hint, each) => followedBy(hint, each), way),
    details: { id: state.id, fallen },
  });
}

import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import type { KnownFlip } from '../../domain/shadow/flip-log.js';
import type { FlagRecords } from '../../procedures/shadow/change-flags.js';
import { shareOf } from '../../procedures/share.js';
import { flagFlips, flagsHere } from './flips.js';

/**
 * What stood before an environment's flags were set: by rlctl's own state, which has it before a flag is written, and by what
 * everybody told of it in Redis.
 */
export function flagRecords(context: Context, environment: Environment): FlagRecords {
  const keyOf = (bucket: string): string => `${environment.name} ${bucket}`;
  let told: Promise<Told> | null = null;
  return {
    get: async (bucket) => {
      const [{ loadState }, { recordToRestore }] = await Promise.all([
        import('../../config.js'),
        import('../../domain/shadow/flip-log.js'),
      ]);
      told ??= tellOf(context, environment);
      const { place, flips } = await told;
      const own = (await loadState(context)).shadows[keyOf(bucket)] ?? null;
      return place === null ? own : recordToRestore(own, flips, { bucket, place });
    },
    set: async (records) => {
      if (records.size === 0) return;
      const { updateState } = await import('../../config.js');
      await updateState(context, (state) => {
        const shadows = new Map(Object.entries(state.shadows));
        for (const [bucket, record] of records) {
          if (record === null) shadows.delete(keyOf(bucket));
          else shadows.set(keyOf(bucket), record);
        }
        return { ...state, shadows: Object.fromEntries(shadows) };
      });
    },
  };
}

/** What is known of the flags that are set from here, oldest first. */
interface Told {
  readonly place: string | null;
  readonly flips: readonly KnownFlip[];
}

/** Where Redis does not tell it, what this machine knows has to do, and that is said. */
async function tellOf(context: Context, environment: Environment): Promise<Told> {
  const { isSetHere } = await import('../../domain/shadow/flip-log.js');
  const here = await flagsHere(context, environment);
  const flips = await flipsOfAll(context, environment);
  return { place: here.place, flips: flips.filter((flip) => isSetHere(flip, here)) };
}

async function flipsOfAll(context: Context, environment: Environment): Promise<readonly KnownFlip[]> {
  if (environment.redis === null || environment.namespace === null) return flagFlips(context, environment);
  try {
    const [{ knownFlips }, operations] = await Promise.all([
      import('./known-flips.js'),
      context.operationStore(environment),
    ]);
    return await knownFlips(context, environment, {
      operations,
      deadline: shareOf(context.deadline, context.clock),
    });
  } catch (error) {
    if (!(error instanceof RlctlError) || context.deadline.interrupted.aborted) throw error;
    await context.note(`what others recorded of these flags is not known: ${error.message}`);
    return flagFlips(context, environment);
  }
}

import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import type { FlagRecords } from '../../procedures/shadow/change-flags.js';

/** The records of an environment's flags in rlctl's own state. */
export function flagRecords(context: Context, environment: Environment): FlagRecords {
  const keyOf = (bucket: string): string => `${environment.name} ${bucket}`;
  return {
    get: async (bucket) => {
      const { loadState } = await import('../../config.js');
      return (await loadState(context)).shadows[keyOf(bucket)] ?? null;
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

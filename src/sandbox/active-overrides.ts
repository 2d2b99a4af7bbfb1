import { loadOverrides, type LoadedOverride, type LoadedOverrides } from '../domain/policy/matching.js';

/** What a worker holds that has loaded no override. */
export const noOverrides: LoadedOverrides = loadOverrides(null);

/**
 * The overrides of the environment and of Redis as one list. Those of the environment come first, so an environment
 * `/api` beats a Redis `/api/search`; a prefix in both keeps the environment's position and takes the value of Redis.
 * Where one of the two cannot be read, every override is lost.
 */
export function mergeOverrides(environment: LoadedOverrides, stored: LoadedOverrides): LoadedOverrides {
  const droppedBecause = environment.droppedBecause ?? stored.droppedBecause;
  if (droppedBecause !== null) return { ...noOverrides, droppedBecause };
  const merged = new Map<string, LoadedOverride>();
  for (const entry of [...environment.entries, ...stored.entries]) merged.set(entry.prefix, entry);
  const entries = [...merged.values()];
  return {
    entries,
    usableCount: entries.filter((entry) => entry.fields !== null).length,
    objectCount: entries.length,
    droppedBecause: null,
  };
}

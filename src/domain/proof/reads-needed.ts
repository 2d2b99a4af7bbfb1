/** The chance of missing a stale worker that a proof may leave. */
const missChance = 1e-4;
/** Reads where the number of workers is not known: one that takes a quarter of the connections is then found out. */
const readsForUnknown = 32;
const assumedWorkers = 4;

/**
 * How many agreeing reads, each on a connection of its own, leave less than 1e-4 for one stale worker among `workers`
 * (from 1) to be missed; 32 where the number is not known (`null`).
 */
export function readsNeeded(workers: number | null): number {
  if (workers === null) return readsForUnknown;
  return workers <= 1 ? 1 : Math.floor(Math.log(missChance) / Math.log((workers - 1) / workers)) + 1;
}

/** How many reloads leave less than 1e-4 for any of `workers` (from 1) not to have had one. */
export function reloadsNeeded(workers: number): number {
  return workers <= 1 ? 1 : Math.floor(Math.log(missChance / workers) / Math.log((workers - 1) / workers)) + 1;
}

/** The chance that `reads` agreeing reads would have shown one stale worker among `workers`; of 4 where not known. */
export function confidenceOf(workers: number | null, reads: number): number {
  const among = workers ?? assumedWorkers;
  return reads === 0 ? 0 : 1 - ((among - 1) / among) ** reads;
}

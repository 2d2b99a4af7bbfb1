import { setImmediate as turn, setTimeout as after } from 'node:timers/promises';

/**
 * What work comes to; rejects where a timer of this process, set when the work began, was through before it. Both are held
 * up alike by a machine that is busy with others: it is their order that is told, and no clock is read.
 */
export async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = async (): Promise<never> => {
    await after(ms, undefined, { signal: stop.signal });
    // What was due before it has these turns to come to its end.
    for (let turns = 0; turns < 10; turns += 1) await turn(undefined, { signal: stop.signal });
    throw new Error(`it was not through within ${ms} ms`);
  };
  try {
    return await Promise.race([work(), late()]);
  } finally {
    stop.abort();
  }
}

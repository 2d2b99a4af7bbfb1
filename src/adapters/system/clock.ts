import type { Clock } from '../../ports/clock.js';

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  // The global `performance` would load node:perf_hooks first.
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', abort, { once: true });
      return undefined;
    }),
};

/** How much longer than asked a crowd goes on where the machine was too slow for the least load. */
const patienceMs = 30_000;

export interface Crowd {
  readonly size: number;
  readonly seconds: number;
  isEnough(this: void): boolean;
}

/**
 * Runs `step(index)` again and again for each index, all at once, until the time is up and it is enough; says twice a second
 * how it goes. Resolves to the most steps that were under way at one moment.
 */
export async function crowd(
  { size, seconds, isEnough }: Crowd,
  step: (index: number) => Promise<void>,
  progress: (secondsLeft: number) => void,
): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  const isOver = (): boolean => {
    const nowMs = performance.now();
    return nowMs >= endMs && (isEnough() || nowMs >= endMs + patienceMs);
  };
  const counts = { now: 0, most: 0 };
  const ticker = setInterval(() => progress(Math.max(0, Math.ceil((endMs - performance.now()) / 1000))), 500);
  try {
    await Promise.all(
      Array.from({ length: size }, async (_, index) => {
        while (!isOver()) {
          counts.now += 1;
          counts.most = Math.max(counts.most, counts.now);
          await step(index);
          counts.now -= 1;
        }
      }),
    );
  } finally {
    clearInterval(ticker);
  }
  return counts.most;
}

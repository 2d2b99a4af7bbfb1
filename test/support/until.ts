const longestMs = 30_000;

/** Asks again and again until it is so; throws in the end. `what`: what was waited for. */
export async function until(isSo: () => Promise<boolean> | boolean, what = 'it'): Promise<void> {
  const endMs = performance.now() + longestMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`waited ${longestMs / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

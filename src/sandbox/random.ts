/** Numbers in [0, 1) that a seed fixes (mulberry32): the same seed gives the same run. */
export function seededNumbers(seed: number): () => number {
  const state = { value: Math.trunc(seed) };
  return () => {
    state.value = (state.value + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state.value ^ (state.value >>> 15), state.value | 1);
    const stirred = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
    return ((stirred ^ (stirred >>> 14)) >>> 0) / 2 ** 32;
  };
}

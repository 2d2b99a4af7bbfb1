import { createHash } from 'node:crypto';

/** Numbers from 0 up to 1 that are the same for the same words (mulberry32). */
export function chances(...words: readonly (string | number)[]): () => number {
  const state = { at: createHash('sha256').update(words.join('/')).digest().readUInt32LE(0) };
  return () => {
    state.at = (state.at + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state.at ^ (state.at >>> 15), state.at | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

import { randomBytes } from 'node:crypto';
import type { Randomness } from '../../ports/randomness.js';

/** Randomness from the operating system. A change id is 9 characters of time and 11 of chance, base 36: `c0mhk3…`. */
export const systemRandomness: Randomness = {
  changeId: () => {
    const chance = BigInt(`0x${randomBytes(8).toString('hex')}`).toString(36);
    return `c${Date.now().toString(36).padStart(9, '0')}${chance.padStart(13, '0').slice(0, 10)}`;
  },
  fraction: () => randomBytes(4).readUInt32BE() / 2 ** 32,
  hex: (count) => randomBytes(count).toString('hex'),
};

import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { measureFor } from '../../src/ui/width.js';

/** Every character of the first plane that is not one half of a pair, and a few beyond it. */
const characters = Array.from({ length: 0xffff }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
  .concat('🚦', '👩‍🔬', '𝒜', 'e\u0301');

test('agrees with the library on every character, alone and between others', async () => {
  const differing: string[] = [];
  for (const each of characters) {
    for (const text of [each, `a${each}b`, each + each]) {
      if (/[\u0000-\u001f\u007f-\u009f]/.test(text)) continue;
      if ((await measureFor([text]))(text) !== stringWidth(text)) differing.push(text);
    }
  }
  expect(differing).toEqual([]);
}, 60_000);

test('colours take no room', async () => {
  const measure = await measureFor(['\u001b[31mred\u001b[0m']);
  expect(measure('\u001b[31mred\u001b[0m')).toBe(3);
});

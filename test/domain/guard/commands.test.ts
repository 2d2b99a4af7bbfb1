import { expect, test } from 'vitest';
import { canEnd, guardedName, isExempt, isPastFreeze } from '../../../src/domain/guard/commands.js';

test.each([
  ['env promote preview prod', 'env promote'],
  ["env promote 'a b' prod", 'env promote'],
  ['env promote', 'env promote'],
  ['env promoted x', 'env promoted x'],
  ['override apply', 'override apply'],
  ['shadow on financial', 'shadow on'],
  ['override undo', 'override undo'],
  ['panic global', 'panic global'],
  ['panic bucket financial', 'panic bucket'],
])('"%s" is guarded as "%s"', (command, name) => {
  expect(guardedName(command)).toBe(name);
});

test('a promotion is no way around what an end is asked of, and is never exempt', () => {
  expect(canEnd(guardedName('env promote preview prod'))).toBe(true);
  expect(isExempt(guardedName('env promote preview prod'))).toBe(false);
});

test('a panic is asked for no end, waits for no freeze, and is guarded all the same; its way back is exempt', () => {
  const name = guardedName('panic bucket financial');
  expect([canEnd(name), isPastFreeze(name), isExempt(name)]).toEqual([false, true, false]);
  expect(isExempt('panic restore')).toBe(true);
  expect(isPastFreeze('shadow on')).toBe(false);
});

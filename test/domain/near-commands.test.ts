import { expect, test } from 'vitest';
import { commandHint } from '../../src/domain/near-commands.js';

const paths = ['reload', 'override list', 'override set', 'override unset', 'policy get', 'policy explain', 'env list'];

test.each([
  [['override', 'lst'], 'Did you mean "override list"? See: rlctl override --help'],
  [['override', 'explain'], 'Did you mean "policy explain"? See: rlctl override --help'],
  [['policy', 'set'], 'Did you mean "override set"? See: rlctl policy --help'],
  [['override', 'bananas'], 'See: rlctl override --help'],
  [['overide', 'list'], 'Did you mean "override list"? See: rlctl --help'],
  [['overide', 'lst'], 'Did you mean "override"? See: rlctl --help'],
  [['relod'], 'Did you mean "reload"? See: rlctl --help'],
  [['list'], 'Did you mean "override list" or "env list"? See: rlctl --help'],
  [['bananas'], 'See: rlctl --help'],
  [[], 'See: rlctl --help'],
])('%j: %s', (words, expected) => {
  expect(commandHint(words, paths)).toBe(expected);
});

import { describe, expect, test } from 'vitest';
import { tooDeepAt } from '../../src/adapters/yaml/nesting.js';
import { readYaml } from '../../src/adapters/yaml/read-yaml.js';
import { parseYaml } from '../../src/config-file.js';
import { readPlacedFile } from '../../src/yaml-file.js';

const deep = {
  dashes: '- '.repeat(10_000),
  brackets: '['.repeat(10_000),
  braces: '{a: '.repeat(10_000),
  indent: Array.from({ length: 2000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
};

describe.each(Object.entries(deep))('a text nested too deeply: %s', (_, text) => {
  test('is a fault with its place in a file of overrides, and the process lives', () => {
    const { root, faults } = readYaml(text);
    expect(root).toBeNull();
    expect(faults).toEqual([{ at: tooDeepAt(text), message: 'this is nested too deeply', cure: expect.any(String) }]);
  });

  test('is a usage error in any other file', () => {
    expect(() => parseYaml(text, 'rlctl.yaml')).toThrow('rlctl.yaml: it is nested too deeply to be read');
    expect(() => readPlacedFile(text, 'tests.yaml')).toThrow(/^tests\.yaml:\d+:\d+: this is nested too deeply/);
  });
});

test('what people write is not too deep', () => {
  expect(tooDeepAt('a:\n  - b: [1, {c: "[[[["}]\n    d: |\n      - - - -\n')).toBeNull();
});

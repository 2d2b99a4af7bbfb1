import { expect, test } from 'vitest';
import { findList } from '../../src/adapters/yaml/long-list.js';
import { readYaml } from '../../src/adapters/yaml/read-yaml.js';
import { RlctlError } from '../../src/domain/errors.js';
import { readOverridesFile } from '../../src/domain/overrides-file/read-file.js';

const head = 'apiVersion: rlctl/v1\nkind: Overrides\n';
const item = (index: number, indent = '  '): string =>
  `${indent}- prefix: /r/${index}\n${indent}  rate: ${index + 1}\n`;
const items = (count: number, indent?: string): string =>
  Array.from({ length: count }, (_, index) => item(index, indent)).join('');

const read = (text: string) => readOverridesFile(Buffer.from(text), { file: 'f.yaml', readYaml });

function faultsOf(text: string): readonly object[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof RlctlError) return error.details?.['faults'] as readonly object[];
    throw error;
  }
  throw new Error('nothing was wrong');
}

/** Where each entry stands, and what it says. */
const shown = (text: string) => read(text).entries.map(({ prefix, raw, place }) => `${prefix} ${raw} ${place.line}`);

test.each([
  ['indented', `${head}overrides:\n${items(1000)}`],
  ['not indented', `${head}overrides:\n${items(1000, '')}`],
  ['with a remark and Windows line ends', `${head}overrides: # all\n\n# x\n${items(1000)}`.replaceAll('\n', '\r\n')],
])('a long list is read part by part, each entry at its place: %s', (_, text) => {
  expect(findList(text)?.parts).toHaveLength(5);
  const first = text.slice(0, text.indexOf('- prefix')).split('\n').length;
  expect(shown(text)).toEqual(
    Array.from({ length: 1000 }, (__, index) => `/r/${index} {"rate":${index + 1}} ${first + 2 * index}`),
  );
});

test('what stands behind the list counts, at its place', () => {
  const text = `${head}overrides:\n${items(500)}owner: team-x\nowned: y\n`;
  expect(faultsOf(text)).toMatchObject([{ line: 3 + 1000 + 2, message: 'there is no field "owned"' }]);
  expect(read(text.replace(/owned.*\n/, '')).owner).toBe('team-x');
});

test('texts of an item that look like items are none', () => {
  const texts = [
    `  - prefix: "/a\n      - b"\n    json: |-\n      {"rate":\n      5}\n`,
    `  - json: '{"rate": 1}'\n    prefix: >-\n      - c\n`,
    `  # - prefix: /no\n  -\n    prefix: /d\n    rate: 1\n`,
    `  - {prefix: /e,\n    rate: 2}\n`,
  ];
  expect(read(`${head}overrides:\n${texts.join('')}`).entries.map(({ prefix }) => prefix)).toEqual([
    '/a - b',
    '- c',
    '/d',
    '/e',
  ]);
});

test.each([
  ['an open quote', '  - prefix: "/x\n', /no YAML/],
  ['an item that is indented less', ' - prefix: /x\n   rate: 1\n', /no YAML/],
  ['an item that is indented more', '   - prefix: /x\n', /no YAML/],
  ['a second document', '---\na: 1\n', /second document/],
  ['an alias', '  - *x\n', /an alias/],
  ['an anchor', '  - &x\n    prefix: /x\n    rate: 1\n', /an anchor/],
  ['an item of the mapping', '- prefix: /x\n', /no YAML/],
])('what is wrong behind hundreds of entries is found at its place: %s', (_, wrong, message) => {
  const faults = faultsOf(`${head}overrides:\n${items(450)}${wrong}`);
  expect(faults[0]).toMatchObject({ message: expect.stringMatching(message) as string });
  expect((faults[0] as { line: number }).line).toBeGreaterThan(900);
});

test.each([
  ['elsewhere', `${head}x:\n  overrides:\n${items(2)}`],
  ['in a text', `"\noverrides:\n${items(2)}"`],
  ['under a tag', `${head}overrides: !!set\n${items(2)}`],
  ['an entry twice', `${head}overrides:\n${items(2)}overrides:\n${items(1)}`],
])('a list that is none of the file’s own is not taken for it: %s', (_, text) => {
  expect(faultsOf(text).length).toBeGreaterThan(0);
});

test('where there is no list, somebody has to read it', () => {
  for (const text of ['', head, `${head}overrides:`, `${head}overrides: []\n`, `${head}overrides:\n  a: 1\n`])
    expect(findList(text)).toBeNull();
});

import { describe, expect, test } from 'vitest';
import type { LocatedFinding } from '../../src/domain/located-finding.js';
import { lintRules } from '../../src/domain/lint/rules.js';
import { sarifLog } from '../../src/ui/sarif.js';

interface Shape {
  readonly required: readonly string[];
  readonly allowed: Readonly<Record<string, (value: unknown) => void>>;
}

// What the schema of SARIF 2.1.0 asks of the objects that stand here: no other property, these at least, of these kinds.

const text = (value: unknown): void => expect(value).toBeTypeOf('string');
const fromOne = (value: unknown): void => {
  expect(Number.isInteger(value)).toBe(true);
  expect(value).toBeGreaterThanOrEqual(1);
};
const index = (value: unknown): void => {
  expect(Number.isInteger(value)).toBe(true);
  expect(value).toBeGreaterThanOrEqual(0);
};
const oneOf =
  (...values: readonly string[]) =>
  (value: unknown): void =>
    expect(values).toContain(value);
const reference = (value: unknown): void => {
  expect(value).toMatch(/^[\w\-.~!$&'()*+,;=:@/%]+$/);
  expect(() => decodeURIComponent(String(value))).not.toThrow();
};
const object =
  ({ required, allowed }: Shape) =>
  (value: unknown): void => {
    const members = Object.entries(value as object);
    expect(members.map(([name]) => name)).toEqual(expect.arrayContaining([...required]));
    for (const [name, each] of members) {
      expect(Object.keys(allowed)).toContain(name);
      allowed[name]?.(each);
    }
  };
const list =
  (each: (value: unknown) => void) =>
  (value: unknown): void => {
    expect(Array.isArray(value)).toBe(true);
    for (const item of value as unknown[]) each(item);
  };
const level = oneOf('none', 'note', 'warning', 'error');
const message = object({ required: ['text'], allowed: { text } });
const descriptor = object({
  required: ['id'],
  allowed: {
    id: text,
    shortDescription: message,
    help: message,
    defaultConfiguration: object({ required: [], allowed: { level } }),
  },
});
const location = object({
  required: [],
  allowed: {
    physicalLocation: object({
      required: ['artifactLocation'],
      allowed: {
        artifactLocation: object({ required: [], allowed: { uri: reference } }),
        region: object({ required: ['startLine'], allowed: { startLine: fromOne, startColumn: fromOne } }),
      },
    }),
    logicalLocations: list(object({ required: [], allowed: { name: text, fullyQualifiedName: text, kind: text } })),
  },
});
const result = object({
  required: ['message'],
  allowed: { ruleId: text, ruleIndex: index, level, message, locations: list(location) },
});
const driver = object({ required: ['name'], allowed: { name: text, version: text, rules: list(descriptor) } });
const run = object({
  required: ['tool'],
  allowed: {
    tool: object({ required: ['driver'], allowed: { driver } }),
    columnKind: oneOf('utf16CodeUnits', 'unicodeCodePoints'),
    results: list(result),
  },
});
const log = object({
  required: ['version', 'runs'],
  allowed: { $schema: text, version: oneOf('2.1.0'), runs: list(run) },
});

interface Log {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
      readonly results: readonly {
        readonly ruleId: string;
        readonly ruleIndex: number;
        readonly level: string;
        readonly message: { readonly text: string };
        readonly locations: readonly [
          {
            readonly physicalLocation?: { readonly artifactLocation: { readonly uri: string } };
            readonly logicalLocations: readonly [{ readonly fullyQualifiedName: string }];
          },
        ];
      }[];
    },
  ];
}

const finding: LocatedFinding = {
  rule: 'hidden-prefix',
  severity: 'warning',
  message: '"/a" never wins',
  hint: 'Put it in front.',
  route: '/a',
  place: { file: 'over rides.json', line: 3, column: 5 },
};
const written = (findings: readonly LocatedFinding[]): Log => {
  const json = sarifLog(findings, { version: '1.2.3', rules: lintRules }, 'app:rl:overrides');
  expect(json.endsWith('}\n')).toBe(true);
  return JSON.parse(json) as Log;
};

describe('SARIF', () => {
  test('is what the schema of 2.1.0 asks for, with findings and without', () => {
    const findings = lintRules.map(({ name, severity }) => ({ ...finding, rule: name, severity }));
    log(written(findings));
    log(written([]));
    log(written([{ ...finding, place: null, route: null, hint: null }]));
    expect(() => log({ version: '2.1.0', runs: [{ tool: { driver: {} } }] })).toThrow('name');
  });

  test('has every rule, and results that point to theirs', () => {
    const { tool, results } = written(lintRules.map(({ name }) => ({ ...finding, rule: name }))).runs[0];
    expect(tool.driver.rules.map(({ id }) => id)).toEqual(lintRules.map(({ name }) => name));
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  });

  test.each([
    ['over rides.json', 'over%20rides.json'],
    ['./a/b.json', 'a/b.json'],
    ['../a#1?.json', '../a%231%3F.json'],
    ['/srv/é.json', 'file:///srv/%C3%A9.json'],
  ])('the file %s is %s', (file, uri) => {
    const [place] = written([{ ...finding, place: { file, line: 1, column: 1 } }]).runs[0].results[0]?.locations ?? [];
    expect(place?.physicalLocation?.artifactLocation.uri).toBe(uri);
  });

  test.each([
    ['Redis', null],
    ['stdin', { file: '-', line: 1, column: 1 }],
  ])('what stands in no file (%s) has a logical location, and no invented file', (_, place) => {
    const [where] = written([{ ...finding, place }]).runs[0].results[0]?.locations ?? [];
    expect(where?.physicalLocation).toBeUndefined();
    expect(where?.logicalLocations[0].fullyQualifiedName).toBe('app:rl:overrides /a');
  });

  test('what a prefix holds is neither placeholder nor link nor escape sequence', () => {
    const hostile = { ...finding, message: '"/{0}" [x](https://evil.example)\u001b[31m', hint: null };
    const json = sarifLog([hostile], { version: '1', rules: [] }, 'k');
    expect(json).not.toContain('\u001b');
    expect((JSON.parse(json) as Log).runs[0].results[0]?.message.text).toBe(
      String.raw`"/{{0}}" \[x\](https://evil.example)` + '\u001b\\[31m',
    );
  });
});

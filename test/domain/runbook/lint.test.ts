import { describe, expect, test } from 'vitest';
import { builtInRunbooks } from '../../../src/domain/runbook/built-in.js';
import { lintRead } from '../../../src/domain/runbook/lint.js';
import { readRunbook } from '../../../src/domain/runbook/read.js';
import { runbookSchema, type WrittenRunbook } from '../../../src/domain/runbook/schema.js';
import { readPlacedFile } from '../../../src/yaml-file.js';

function findings(text: string): readonly string[] {
  const placed = readPlacedFile(text, 'r.yaml');
  const found = lintRead(readRunbook('r', placed), placed);
  return found.map(({ rule, place, message }) => `${place?.line}:${place?.column} ${rule}: ${message}`);
}

const head = `title: T
summary: S
inputs:
  route: {type: route}
  rate: {type: integer, optional: true}
  why: {type: string}
steps:
`;
const used = "  - {id: z, title: Z, rlctl: [override, set, '{{route}}', [--rate, '{{rate}}'], --reason, '{{why}}']}\n";

describe('lint of a runbook', () => {
  test.each([...builtInRunbooks])('%s has nothing to be found', (name, written) => {
    expect(findings(JSON.stringify(written))).toEqual([]);
    expect(name).toMatch(/^[a-z][a-z-]*$/);
  });

  test.each([
    ['- {id: a, title: A, rlctl: [sandbox, up]}', '8:23 command: a step cannot run "rlctl sandbox up"'],
    [
      "- {id: a, title: A, rlctl: [reload, --target, 'https://x']}",
      '8:23 command: a step cannot carry --target: a signature goes to the environment’s own addresses only',
    ],
    [
      '- {id: a, title: A, rlctl: [status, -eprod]}',
      '8:23 command: a step cannot carry -e: a step works where the run works',
    ],
    ["- {id: a, title: A, rlctl: [override, get, '{{rute}}']}", '8:23 template: {{rute}}: there is no such input'],
    [
      "- {id: a, title: A, rlctl: [override, get, '{{route | upper}}']}",
      '8:23 template: "{{route | upper}}" is no template',
    ],
    [
      "- {id: a, title: A, rlctl: [override, set, '{{route}}', --rate, '{{rate}}']}",
      '8:23 missing-value: {{rate}} may have no value here',
    ],
    ['- {id: z, title: A, rlctl: [status]}', '9:6 step: there is another step "z" before'],
    ['- {id: a, title: A, rlctl: [status], onlyIfNoEffect: q}', '8:40 step: there is no step "q" before this one'],
    ['- {id: a, title: A, rlctl: [status], when: {route: x, q: y}}', '8:57 step: when: there is no input "q"'],
    [
      '- {id: a, title: A, rlctl: [status], precheck: [{rlctl: [reload]}]}',
      '8:52 check: a check only looks, and this does something',
    ],
    [
      "- {id: a, title: A, http: {url: 'https://{{why}}/x'}}",
      '8:30 address: "https://{{why}}/x" is no http(s) address with its host written out',
    ],
    [
      "- {id: a, title: A, http: {url: 'file:///etc/passwd'}}",
      '8:30 address: "file:///etc/passwd" is no http(s) address with its host written out',
    ],
    [
      "- {id: a, title: A, http: {url: 'https://api.example.com@evil.example/'}}",
      '8:30 address: "https://api.example.com@evil.example/" is no http(s) address with its host written out',
    ],
    [
      "- {id: a, title: A, promql: {query: 'sum({{why}})', below: 1}}",
      '8:32 query: {{why}} stands outside double quotes',
    ],
    [
      "- {id: a, title: A, exec: {argv: ['{{why}}']}, undo: {manual: x}}",
      '8:23 command: which program runs cannot depend on an input',
    ],
    ['- {id: a, title: A, manual: x}', '8:6 no-way-back: step "a" says no way back'],
    ["- {id: a, title: A, rlctl: [lock, clear, '{{why}}', x]}", '8:6 no-way-back: step "a" says no way back'],
    ["- {id: a, title: A, rlctl: [idem, clear, '{{why}}']}", '8:6 no-way-back: step "a" says no way back'],
    ['- {id: a, title: A}', '8:5 form: steps[0] must have exactly one of rlctl, http, promql, manual, exec'],
    [
      '- {id: a, title: A, rlctl: [status], manual: x}',
      '8:5 form: steps[0] must have exactly one of rlctl, http, promql, manual, exec',
    ],
    ['- {id: a, titel: A, rlctl: [status]}', '8:13 form: steps[0].titel is unknown'],
    [
      '- {id: A b, title: A, rlctl: [status]}',
      '8:6 form: steps[0].id must be small letters, digits and -, beginning with a letter',
    ],
  ])('%s', (step, wanted) => {
    const found = findings(`${head}  ${step}\n${used}`);
    expect(found).toContain(wanted);
  });

  test.each([
    ['{type: choice}', 'input x: choices are missing'],
    ['{type: integer, min: 5, max: 1}', 'input x: 5 is more than 1'],
    ["{type: string, pattern: '['}", 'input x: Invalid regular expression: /[/u: Unterminated character class'],
    ['{type: integer, default: 1.5}', 'input x: the default "1.5" is not a whole number from 0'],
    ['{type: route, default: x}', 'input x: the default "x" does not start with "/"'],
    ['{type: string, optional: true, default: y}', 'input x: with a default it always has a value'],
    ['{type: string, when: {later: a}}', 'input x: when: no earlier input is called "later"'],
  ])('input %s', (input, wanted) => {
    const text = `title: T\nsummary: S\ninputs:\n  x: ${input}\nsteps:\n  - {id: a, title: A, manual: '{{x}}', undo: {manual: b}}\n`;
    expect(findings(text).map((line) => line.replace(/^\S+ \S+: /, ''))).toContain(wanted);
  });

  test('everything is told in one round, whatever else is wrong, and nothing that only follows from it', () => {
    const text = `title: 5
summry: S
inputs:
  route: {type: rout}
  rate: {type: integer, min: 9, max: 1}
steps:
  - {id: a, title: A, rlctl: [sandbox, up], whyy: x}
  - {id: a, title: A, rlctl: [override, get, '{{rute}}'], manual: x}
  - {id: b, rlctl: [override, set, '{{route}}', --rate, '{{rate}}', --target, x]}
  - {id: c, title: C, http: {path: /x, url: y}, precheck: [{promql: {query: up}}, {rlctl: [reload]}]}
  - 7
`;
    expect(findings(text)).toEqual([
      '1:1 form: title must be a text',
      '1:1 form: summary is missing',
      '2:1 form: summry is unknown',
      '4:11 form: inputs.route.type must be string, integer, duration, route, bucket, identity or choice',
      '5:25 input: input rate: 9 is more than 1',
      '7:23 command: a step cannot run "rlctl sandbox up"',
      '7:45 form: steps[0].whyy is unknown',
      '8:5 form: steps[1] must have exactly one of rlctl, http, promql, manual, exec',
      '8:6 step: there is another step "a" before',
      '8:23 template: {{rute}}: there is no such input',
      '9:5 form: steps[2].title is missing',
      '9:13 command: a step cannot carry --target: a signature goes to the environment’s own addresses only',
      '10:23 form: steps[3].http must have either path or url',
      '10:61 form: steps[3].precheck[0].promql must have one of below, above and equals',
      '10:84 check: a check only looks, and this does something',
      '11:5 form: steps[4] must be a map of names and values',
    ]);
    expect(findings('steps: {}')).toContain('1:1 form: steps must be a list');
    expect(findings('[]')).toEqual(['1:1 form: the file must be a map of names and values']);
  });

  test('an input that nothing uses is said, and a second document is refused with its place', () => {
    const text = `title: T\nsummary: S\ninputs:\n  x: {type: string}\nsteps:\n  - {id: a, title: A, rlctl: [status]}\n`;
    expect(findings(text)).toEqual(['4:3 unused-input: no step names the input x']);
    expect(() => readPlacedFile(`${text}---\na: 1\n`, 'r.yaml')).toThrow('r.yaml:7:1: a second document begins here');
  });
});

test('the schema and the check come from one source: every field of a built-in runbook stands in it', () => {
  const { properties, required } = runbookSchema() as { properties: object; required: readonly string[] };
  const fields = new Set([...builtInRunbooks.values()].flatMap((written: WrittenRunbook) => Object.keys(written)));
  expect(Object.keys(properties)).toEqual(expect.arrayContaining([...fields]));
  expect(required).toEqual(['title', 'summary', 'steps']);
});

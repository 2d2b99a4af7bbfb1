import { describe, expect, test } from 'vitest';
import { placeText } from '../../../src/domain/placed-file.js';
import { parsePolicyTests, policyTestSchema } from '../../../src/domain/policy-test/test-file.js';
import { readPlacedFile } from '../../../src/yaml-file.js';

const parse = (text: string) => parsePolicyTests(readPlacedFile(text, 't.yaml'));

const good = `apiVersion: rlctl/v1
kind: PolicyTests
buckets:
  read: {rate: 60, burst: 10}
tests:
  - name: search is raised
    route: /api/search/items
    method: post
    bucket: read
    expect: {rate: 120, matched: /api/search}
  - routes:
      - /a
      - /b
    expect: {matched: null, shadow: false, limit: 11}
`;

describe('a file of policy tests', () => {
  test('becomes tests, each with its place', () => {
    const { tests, bases } = parse(good);
    expect([...bases]).toEqual([['read', { ratePerMin: 60, burst: 10 }]]);
    expect(tests.map(({ place, ...rest }) => ({ ...rest, at: placeText(place()) }))).toEqual([
      {
        name: 'search is raised',
        route: '/api/search/items',
        method: 'POST',
        bucket: 'read',
        expected: { rate: 120, matched: '/api/search' },
        at: 't.yaml:6:5',
      },
      {
        name: '/a',
        route: '/a',
        method: 'GET',
        bucket: null,
        expected: { matched: null, shadow: false, limit: 11 },
        at: 't.yaml:12:9',
      },
      {
        name: '/b',
        route: '/b',
        method: 'GET',
        bucket: null,
        expected: { matched: null, shadow: false, limit: 11 },
        at: 't.yaml:13:9',
      },
    ]);
  });

  test('several routes of a name are told apart', () => {
    const { tests } = parse('tests: [{name: n, routes: [/a, /b], expect: {rate: 1}}]');
    expect(tests.map(({ name }) => name)).toEqual(['n [/a]', 'n [/b]']);
  });

  test('JSON has the same places as YAML', () => {
    const text =
      '{"tests":[\n  {"route":"/a","expect":{"rate":1}},\n  {"routes":["/b",\n "/c"],"expect":{"burst":0}}]}';
    expect(parse(text).tests.map(({ place }) => placeText(place()))).toEqual([
      't.yaml:2:3',
      't.yaml:3:14',
      't.yaml:4:2',
    ]);
    const wrong = text.replace('"rate":1', '"rate":"1"');
    expect(() => parse(wrong)).toThrow('t.yaml:2:27: tests[0].expect.rate must be a whole number');
  });

  test('every fault at once, with file, line and column', () => {
    const text = `kind: PolicyTest
test: []
buckets: {read: {rat: 1}}
tests:
  - rout: /a
    expect: {rate: "12"}
  - route: a
    expect: {}
  - route: /a
    routes: [/b]
    expect: {rate: 1.5, shadow: yes, matchd: null}
  - route: /c
  - 7
`;
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        code: 'POLICY_TESTS_INVALID',
        details: {
          faults: [
            't.yaml:1:1: kind must be "PolicyTests"',
            't.yaml:2:1: test is unknown; did you mean tests?',
            't.yaml:3:18: buckets.read.rat is unknown; did you mean rate?',
            't.yaml:5:5: tests[0].rout is unknown; did you mean route?',
            't.yaml:6:14: tests[0].expect.rate must be a whole number',
            't.yaml:7:5: tests[1].route must start with /',
            't.yaml:8:5: tests[1].expect must name at least one of rate, burst, window, shadow, matched, limit',
            't.yaml:11:14: tests[2].expect.rate must be a whole number',
            't.yaml:11:25: tests[2].expect.shadow must be true or false',
            't.yaml:11:38: tests[2].expect.matchd is unknown; did you mean matched?',
            't.yaml:12:5: tests[3].expect is missing',
            't.yaml:13:5: tests[4] must be a map of names and values',
          ],
        },
      }) as Error,
    );
  });

  test.each([
    ['tests: []', 't.yaml:1:1: tests must hold at least one test'],
    ['', 'tests is missing'],
    ['- route: /a', 'the file must be a map of names and values'],
    ['tests: [{route: /a, routes: [/b], expect: {rate: 1}}]', 't.yaml:1:9: tests[0] must have either route or routes'],
    ['tests: [{expect: {rate: 1}}]', 'tests[0] must have either route or routes'],
    ['tests: [{routes: [], expect: {rate: 1}}]', 'tests[0].routes must not be empty'],
    ['tests: [{route: /a, method: "G T", expect: {rate: 1}}]', 'tests[0].method must be an HTTP method'],
    ['tests: [{route: /a, expect: {rate: 1e300}}]', 'tests[0].expect.rate'],
  ])('%j is refused', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test('of very many faults the message shows a hundred', () => {
    const text = `tests:\n${'  - {route: a, expect: {rate: 1}}\n'.repeat(250)}`;
    expect(() => parse(text)).toThrow(/has 250 faults[\s\S]*… and 150 more$/);
  });
});

describe('the JSON Schema', () => {
  test('is made from the same form, and says what a schema can', () => {
    const schema = policyTestSchema() as { properties: { tests: { items: Record<string, unknown> } } };
    expect(schema).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      required: ['tests'],
      additionalProperties: false,
    });
    expect(schema.properties.tests.items).toMatchObject({
      required: ['expect'],
      oneOf: [{ required: ['route'] }, { required: ['routes'] }],
      additionalProperties: false,
      properties: {
        route: { type: 'string', description: expect.any(String) as string },
        expect: {
          minProperties: 1,
          properties: { rate: { type: 'integer' }, shadow: { type: 'boolean' }, limit: { type: 'integer' } },
        },
      },
    });
  });
});

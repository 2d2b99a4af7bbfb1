import { expect, test } from 'vitest';
import { parseConfigFile } from '../../../src/domain/config/schema.js';
import { RlctlError } from '../../../src/domain/errors.js';

/** As a reader of YAML or JSON gives it: `__proto__` is an own key. */
const read = (text: string): unknown => JSON.parse(text);

test('names of Object’s own are names like any other', () => {
  const buckets = { constructor: { routes: ['/api'] }, toString: { alias: ['valueOf'] } };
  const config = parseConfigFile(read(JSON.stringify({ environments: { hasOwnProperty: { buckets } } })), 'c.yaml');
  expect(Object.keys(config.environments ?? {})).toEqual(['hasOwnProperty']);
  expect(config.environments?.['hasOwnProperty']?.buckets).toEqual(buckets);
});

test('a file whose aliases lead in a circle is refused like any other that has unknown keys', () => {
  const circle: Record<string, unknown> = {};
  circle['again'] = circle;
  expect(() => parseConfigFile({ environments: circle }, 'rlctl.yaml')).toThrow(
    'environments.again: unknown key "again"',
  );
});

test('what is called __proto__ is refused with its place, and nothing is left out without a word', () => {
  const text = '{"environments":{"__proto__":{},"a":{"buckets":{"__proto__":{"routes":["/api"]}}}}}';
  const parse = (): unknown => parseConfigFile(read(text), 'c.yaml');
  expect(parse).toThrow(RlctlError);
  expect(parse).toThrow('environments.__proto__: nothing can have this name');
  expect(parse).toThrow('environments.a.buckets.__proto__: nothing can have this name');
  expect(({} as Record<string, unknown>)['routes']).toBeUndefined();
});

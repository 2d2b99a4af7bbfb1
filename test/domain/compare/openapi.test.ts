import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { freshCharacter } from '../../../src/domain/compare/fresh-character.js';
import { readOpenApi } from '../../../src/domain/compare/openapi.js';
import { parseRouteList } from '../../../src/domain/compare/route-list.js';
import { sampler } from '../../../src/domain/compare/sample-routes.js';
import { PrefixIndex } from '../../../src/domain/policy/prefix-index.js';
import { readPlacedFile } from '../../../src/yaml-file.js';

const read = (text: string) => readOpenApi(readPlacedFile(text, 'api.yaml'));

describe('an OpenAPI description', () => {
  test('gives paths and methods, with the path of the nearest servers in front', () => {
    const text = `
openapi: 3.1.0
servers: [{url: 'https://api.example.com/v1/'}, {url: /v2}]
paths:
  /users/{id}:
    parameters: []
    get: {}
    delete:
      servers: [{url: 'https://{host}.example.com/{base}', variables: {host: {default: x}, base: {default: admin}}}]
  /health:
    servers: [{url: 'https://api.example.com'}]
    get: {}
  /elsewhere: {$ref: other.yaml}
  /nothing: {}
  x-notes: {get: {}}
`;
    expect(read(text)).toEqual([
      { template: '/v1/users/{id}', methods: ['GET'] },
      { template: '/v2/users/{id}', methods: ['GET'] },
      { template: '/admin/users/{id}', methods: ['DELETE'] },
      { template: '/health', methods: ['GET'] },
      { template: '/v1/elsewhere', methods: [] },
      { template: '/v2/elsewhere', methods: [] },
    ]);
  });

  test('is read as JSON as well', () => {
    expect(read('{"openapi":"3.0.3","paths":{"/a":{"post":{}}}}')).toEqual([{ template: '/a', methods: ['POST'] }]);
  });

  test.each([
    ['swagger: "2.0"\npaths: {/a: {get: {}}}', 'api.yaml:1:1: this is no OpenAPI 3 description: it says version "2.0"'],
    ['openapi: 3.0.0\npaths: {}', 'api.yaml:2:1: this is no OpenAPI 3 description: it describes no path'],
    ['- a', 'api.yaml:1:1: this is no OpenAPI 3 description: it has no field "openapi"'],
    ['', 'it has no field "openapi"'],
    ['openapi: 3.0.0\npaths: {/a: {get: {}}, /a: {}}', 'api.yaml:2:24: the key "/a" stands here a second time'],
    ['openapi: [', 'api.yaml:1:'],
    ['a: 1\n---\nb: 2\n', 'api.yaml:'],
  ])('%j is refused with its place', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  test.each([
    ['references that blow up', bomb()],
    ['nested lists', '['.repeat(100_000)],
    ['nested maps', '{a: '.repeat(100_000)],
    ['nested dashes', '- '.repeat(100_000)],
    ['nested keys', 'a: '.repeat(100_000)],
    ['nested question marks', `a:\n${'? '.repeat(100_000)}`],
    ['nested indentation', Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
    ['nested lists as JSON', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['too many characters', `a: ${'x'.repeat(9 * 1024 * 1024)}`],
  ])('%s is a usage error', (_, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ kind: 'usage' }) as Error);
  });

  test('what only looks nested is read, and a place after it is right', () => {
    const text = `# ${'['.repeat(300)}
openapi: 3.0.0
info:
  description: |
    ${'- '.repeat(100)}${'{'.repeat(300)}
    ${' '.repeat(500)}far in
  title: "${'['.repeat(300)}"
  list: [${'{a: b}, '.repeat(300)}]
paths: {/a: {get: {}}}
again: 1
again: 2
`;
    expect(() => read(text)).toThrow('api.yaml:11:1: the key "again" stands here a second time');
    expect(read(text.replace('again: 2\n', ''))).toEqual([{ template: '/a', methods: ['GET'] }]);
    expect(() => read(`a: 1\nb: ${'['.repeat(201)}`)).toThrow('api.yaml:2:204: this is nested');
  });

  test('a tag makes nothing, and a key called __proto__ changes nothing', () => {
    const text = 'openapi: 3.0.0\n__proto__: {polluted: true}\npaths: {/a: !!js/function "function(){}"}\n';
    expect(() => read(text)).toThrow('it describes no path');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('samples of a path template', () => {
  test.each([
    ['/users', ['/users/5'], ['/users']],
    ['/users/{id}', [], ['/users/1']],
    ['/users/{id}', ['/users/me', '/users/me/x', '/users/1', '/other'], ['/users/2', '/users/me', '/users/1']],
    ['/users/{id}', ['/users/m', '/us', '/users/'], ['/users/1', '/users/m']],
    ['/users/{id}/posts', ['/users/me', '/users/me/'], ['/users/1/posts', '/users/me1/posts', '/users/me/posts']],
    ['/{a}/x', ['/api/x/y', '/api/'], ['/1/x', '/api/x']],
    [
      '/f/{a}.json',
      ['/f/me.js', '/f/me.json', '/f/.json'],
      ['/f/1.json', '/f/me.js1.json', '/f/me.json', '/f/.json1.json'],
    ],
    ['/{a}-{b}', ['/x'], ['/1-1', '/x1-1']],
  ])('%s beside %j', (template, prefixes, expected) => {
    expect(sampler(prefixes)(template)).toEqual(expected);
  });

  const segment = fc.constantFrom('a', 'ab', 'b', '1', '2');
  const prefix = fc
    .array(fc.oneof(segment, fc.constant('')), { minLength: 1, maxLength: 4 })
    .map((parts) => `/${parts.join('/')}`);
  const parts = fc.array(fc.constantFrom('a', 'ab', '{x}', '{x}.a', 'a{x}', '{x}a{y}'), { minLength: 1, maxLength: 4 });

  test('every route of a template meets what one of its samples meets', () => {
    fc.assert(
      fc.property(
        parts,
        fc.array(prefix, { maxLength: 8 }),
        fc.array(fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', '1', '.') }), {
          minLength: 8,
          maxLength: 8,
        }),
        (template, prefixes, values) => {
          const index = new PrefixIndex(prefixes);
          const met = (route: string): string => prefixes[index.starting(route).at(-1) ?? -1] ?? 'none';
          const samples = sampler(prefixes)(`/${template.join('/')}`);
          let used = 0;
          const route = `/${template.join('/')}`.replaceAll(/\{.\}/g, () => values[used++] ?? 'a');
          expect(samples.map(met)).toContain(met(route));
        },
      ),
      { seed: 814, numRuns: 2000 },
    );
  });

  test('every sample is a route of its template', () => {
    fc.assert(
      fc.property(parts, fc.array(prefix, { maxLength: 8 }), (template, prefixes) => {
        const text = `/${template.join('/')}`;
        const pattern = new RegExp(`^${text.replaceAll('.', '\\.').replaceAll(/\{.\}/g, '[^/]+')}$`);
        for (const sample of sampler(prefixes)(text)) expect(sample).toMatch(pattern);
      }),
      { seed: 815, numRuns: 1000 },
    );
  });

  test('a value no prefix reaches into is found whatever the prefixes hold', () => {
    const all = Array.from({ length: 0x400 }, (_, code) => String.fromCharCode(code));
    expect(all).not.toContain(freshCharacter(all));
  });
});

describe('a list of routes', () => {
  test('one a line, with a method where it matters', () => {
    const text = '# ours\n/api/search\n\n  post /api/pay # twice\r\nGET\t/a#b\n';
    expect(parseRouteList(text, 'routes.txt')).toEqual([
      { route: '/api/search', methods: [], template: null },
      { route: '/api/pay', methods: ['POST'], template: null },
      { route: '/a#b', methods: ['GET'], template: null },
    ]);
  });

  test('all faults at once, with their places', () => {
    expect(() => parseRouteList('/a\n  api\nGET a b\n', 'routes.txt')).toThrow(
      'routes.txt has 2 faults:\n  routes.txt:2:3: "api" is no route\n  routes.txt:3:1: "GET a b" is no route',
    );
    expect(() => parseRouteList('# none\n', 'routes.txt')).toThrow('routes.txt lists no route');
  });
});

/** Nine levels of nine references each. */
function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`);
  return `openapi: 3.0.0\nl0: &l0 [x]\n${levels.join('\n')}\n`;
}

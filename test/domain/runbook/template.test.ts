import { assert, pre, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fill,
  fillAddress,
  fillQuery,
  fillWords,
  namesIn,
  parseTemplate,
} from '../../../src/domain/runbook/template.js';

describe('templates', () => {
  test.each([
    ['plain', [], 0],
    ['{{route}}', ['route'], 0],
    ['/a/{{one}}/b/{{two}}', ['one', 'two'], 0],
    ['{{ route }}', [], 1],
    ['{{route.length}}', [], 1],
    ['{{a + b}}', [], 1],
    ['{{#if a}}x{{/if}}', [], 1],
    ['{{{{a}}}}', ['a'], 2],
    ['{route}', [], 0],
    ['$HOME `id` $(id)', [], 0],
  ] as const)('%s', (text, names, faults) => {
    expect(namesIn(text)).toEqual(names);
    expect(parseTemplate(text).faults).toHaveLength(faults);
  });

  test('a value is never looked into: no second filling, no shell, no splitting', () => {
    const values = new Map([
      ['a', '{{b}} $(id) "x y"'],
      ['b', 'never'],
    ]);
    expect(fillWords(['set', '{{a}}'], values)).toEqual(['set', '{{b}} $(id) "x y"']);
  });

  test('whatever the values are, each stays inside the one word in which it stands', () => {
    assert(
      property(string(), string({ unit: 'binary' }), (one, two) => {
        pre(!one.startsWith('-'));
        const values = new Map([
          ['one', one],
          ['two', two],
        ]);
        expect(fillWords(['x', '{{one}}', '--flag={{two}}'], values)).toEqual(['x', one, `--flag=${two}`]);
      }),
      { seed: 1 },
    );
  });

  test('a value that would be taken for a flag is refused, unless it stands behind one', () => {
    const values = new Map([['a', '--target=https://evil.example']]);
    expect(() => fillWords(['set', '{{a}}'], values)).toThrow('would be taken for a flag');
    expect(fillWords(['set', '--reason={{a}}'], values)).toEqual(['set', '--reason=--target=https://evil.example']);
  });

  test('a group is left out as a whole where a value in it is not given', () => {
    const words = ['set', '{{route}}', ['--rate', '{{rate}}'], ['--burst', '{{burst}}']];
    const values = new Map([
      ['route', '/a'],
      ['burst', '3'],
    ]);
    expect(fillWords(words, values)).toEqual(['set', '/a', '--burst', '3']);
    expect(() => fill('{{rate}}', values)).toThrow('{{rate}} has no value');
  });

  test('in PromQL no value ends the quotes in which it stands', () => {
    const values = new Map([['bucket', 'a"} or vector(1) #\\']]);
    expect(fillQuery('x{bucket="{{bucket}}"}', values)).toBe(String.raw`x{bucket="a\"} or vector(1) #\\"}`);
  });

  test('in an address a value is one or more segments, and nothing else', () => {
    const values = new Map([['route', '/api/a b?x=1#y/../z']]);
    expect(fillAddress('https://api.example.com/look{{route}}', values)).toBe(
      'https://api.example.com/look/api/a%20b%3Fx%3D1%23y/../z',
    );
  });
});

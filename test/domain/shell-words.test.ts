import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shellWords, splitWords, templateWords } from '../../src/domain/shell-words.js';

describe('words for a shell', () => {
  test('stay as they are where they are plain, and stand in quotes where they are not', () => {
    expect(shellWords(['rlctl', '-e', 'prod', 'shadow', 'on', '/api/a_b'])).toBe('rlctl -e prod shadow on /api/a_b');
    expect(shellWords(['', "it's", '$(id)', 'a b', '~'])).toBe(String.raw`'' 'it'\''s' '$(id)' 'a b' '~'`);
  });

  test('places for values need no quotes by themselves, and one argument is seen to be one', () => {
    expect(templateWords(['./bin/clear-cache', 'undo {{route}}', '{{route}}', '{variable}={value}', '{a b}', ''])).toBe(
      "./bin/clear-cache 'undo {{route}}' {{route}} {variable}={value} '{a b}' ''",
    );
  });

  test('come out of a shell exactly as they went in', () => {
    const word = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '').replaceAll('\r', ''));
    const hostile = fc.constantFrom(
      '$(exit 3)',
      '`exit 3`',
      '; exit 3',
      "'; exit 3; '",
      '-n',
      '~root',
      '*',
      '\\',
      '!!',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, hostile), { minLength: 1, maxLength: 6 }), (words) => {
        const out = execFileSync('sh', ['-c', `printf '%s\\0' ${shellWords(words)}`]).toString();
        expect(out).toBe(words.map((each) => `${Buffer.from(each).toString()}\0`).join(''));
      }),
      { seed: 7, numRuns: 60 },
    );
  });
});

test.each([
  ['vi', ['vi']],
  ['  code  --wait ', ['code', '--wait']],
  [`"/opt/my editor" -c 'set ft=yaml' a"b c"d`, ['/opt/my editor', '-c', 'set ft=yaml', 'ab cd']],
  [`"it's" 'say "x"'`, ["it's", 'say "x"']],
  ['vi; rm -rf $HOME `id`', ['vi;', 'rm', '-rf', '$HOME', '`id`']],
  ['"unfinished word', ['unfinished word']],
  ['', []],
])('the words of %j', (text, words) => {
  expect(splitWords(text)).toEqual(words);
});

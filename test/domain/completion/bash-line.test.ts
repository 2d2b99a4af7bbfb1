import { describe, expect, it } from 'vitest';
import { readBashLine } from '../../../src/domain/completion/bash-line.js';

const breaks = ' \t\n"\'><=;|&(:';

describe('a command line of bash', () => {
  it.each([
    ['rlctl ', [], '', '', 'none'],
    ['rlctl  override   s', ['override'], 's', '', 'none'],
    ['rlctl --env=pre', [], '--env=pre', '--env=', 'none'],
    ['rlctl get /a:b', ['get'], '/a:b', '/a:', 'none'],
    [String.raw`rlctl get /a\:b\ c`, ['get'], '/a:b c', '', 'none'],
    ["rlctl get 'a b' 'c d", ['get', 'a b'], 'c d', '', 'single'],
    ['rlctl get x"y z', ['get'], 'xy z', 'x', 'double'],
    ['rlctl get --to="y:z', ['get'], '--to=y:z', '--to=', 'double'],
    ['rlctl get "a:b"c', ['get'], 'a:bc', '', 'none'],
    ['rlctl get a:"b:c"d', ['get'], 'a:b:cd', 'a:', 'none'],
    [String.raw`rlctl get "a\"b\x\$c`, ['get'], String.raw`a"b\x$c`, '', 'double'],
    [String.raw`rlctl get $'a\nb\'c`, ['get'], "a\nb'c", '', 'ansi'],
    [String.raw`rlctl get $'\x41\u00e9\303\251\q' x`, ['get', 'Aéé\\q'], 'x', '', 'none'],
    ["rlctl get '' ", ['get', ''], '', '', 'none'],
    ['rlctl get a\\\nb', ['get'], 'ab', '', 'none'],
    ['rlctl 2>/dev/null get x', ['get'], 'x', '', 'none'],
    ['rlctl &>log get x', ['get'], 'x', '', 'none'],
    ['rlctl get 日本', ['get'], '日本', '', 'none'],
  ])('%j', (line, words, current, head, quote) => {
    expect(readBashLine(line, breaks)).toEqual({
      words,
      current,
      head,
      quote,
      isRedirection: false,
      isOpaque: false,
    });
  });

  it.each(['rlctl get > out', 'rlctl get 2>er', 'rlctl get >>', 'rlctl get <'])('%j: a file', (line) => {
    expect(readBashLine(line, breaks).isRedirection).toBe(true);
  });

  it.each([
    'rlctl get $(cat x) ',
    'rlctl get `cat x` ',
    'rlctl get "$(cat x)" ',
    'rlctl get ${X} ',
    'rlctl get "$X',
    'rlctl get x; rlctl ',
    'rlctl get x | rlctl ',
    'rlctl get <(cat x) ',
    'rlctl get <<x ',
  ])('%j: only bash knows what it means', (line) => {
    expect(readBashLine(line, breaks).isOpaque).toBe(true);
  });
});

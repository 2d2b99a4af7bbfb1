import { describe, expect, test } from 'vitest';
import { leaves } from '../../src/leaves.js';
import { RlctlError } from '../../src/domain/errors.js';
import { addressed, addressedError, bareAddress, scopeOf } from '../../src/domain/printed-command.js';
import { shellWord } from '../../src/domain/shell-words.js';

const prod = { environment: 'prod', config: null };
const both = { environment: 'prod', config: '/home/ana/my conf/x.yaml' };

describe('a printed command', () => {
  test.each([
    ['run: rlctl reload', 'run: rlctl -e prod reload'],
    [
      'Run "rlctl override repair", or "rlctl reload".',
      'Run "rlctl -e prod override repair", or "rlctl -e prod reload".',
    ],
    ['compare: rlctl policy get ROUTE', 'compare: rlctl -e prod policy get ROUTE'],
    ['see: rlctl env show', 'see: rlctl -e prod env show'],
    ['See: rlctl env list; add one with: rlctl env add NAME', 'See: rlctl env list; add one with: rlctl env add NAME'],
    ['Start one with: rlctl sandbox up', 'Start one with: rlctl sandbox up'],
    ['rlctl help keys lists them', 'rlctl help keys lists them'],
    ['rlctl did not write it; rlctl never overwrites it', 'rlctl did not write it; rlctl never overwrites it'],
    ['rlctl -e sandbox override undo', 'rlctl -e sandbox override undo'],
    ['rlctl reloads it', 'rlctl reloads it'],
  ])('%s', (sentence, expected) => {
    expect(addressed(sentence, prod)).toBe(expected);
    expect(addressed(addressed(sentence, prod), prod)).toBe(expected);
    expect(addressed(sentence, bareAddress)).toBe(sentence);
  });

  test('the file goes wherever the environment is looked up in it, as a shell takes it', () => {
    expect(addressed('rlctl reload', both)).toBe("rlctl -e prod --config '/home/ana/my conf/x.yaml' reload");
    expect(addressed('rlctl env list', both)).toBe("rlctl --config '/home/ana/my conf/x.yaml' env list");
    expect(addressed('rlctl sandbox up', both)).toBe('rlctl sandbox up');
    expect(shellWord("a'b$(c)")).toBe(`'a'\\''b$(c)'`);
  });

  test('nothing that a name holds is taken for a part of the pattern', () => {
    expect(addressed('run: rlctl reload', { environment: '$&', config: null })).toBe("run: rlctl -e '$&' reload");
  });

  test.each(leaves.map(({ path }) => path))('"%s" says whether it depends on an environment', (path) => {
    expect(scopeOf(path)).toBeDefined();
  });

  test('an error keeps everything but its hint', () => {
    const error = new RlctlError('conflict', 'run: rlctl reload', {
      code: 'X',
      hint: 'run: rlctl reload',
      details: { a: 1 },
      cause: 'c',
    });
    expect(addressedError(error, prod)).toMatchObject({
      kind: 'conflict',
      message: 'run: rlctl reload',
      code: 'X',
      hint: 'run: rlctl -e prod reload',
      details: { a: 1 },
      cause: 'c',
    });
    const bare = new RlctlError('usage', 'm', { code: 'X' });
    expect(addressedError(bare, prod)).toBe(bare);
  });
});

import { describe, expect, it } from 'vitest';
import { describeCommands } from '../../../src/command-tree.js';
import { wantedAt } from '../../../src/domain/completion/candidates.js';

const tree = await describeCommands();

/** What is wanted at the end of a line; its last word is the one the cursor is in. */
function at(...line: string[]) {
  const wanted = wantedAt(tree, { words: line.slice(0, -1), current: line.at(-1) ?? '' });
  return { ...wanted, values: wanted.candidates.map(({ value }) => value) };
}

describe('what may stand at the cursor', () => {
  it('is every noun and every command without one', () => {
    const top = tree.leaves.filter(({ path }) => !path.includes(' ')).map(({ path }) => path);
    expect(at('')).toMatchObject({ kind: 'word', values: [...tree.nouns.map(({ name }) => name), ...top] });
  });

  it.each(['override', 'overrides'])('is every verb behind %s', (noun) => {
    expect(at(noun, '').values).toEqual(
      tree.leaves.flatMap(({ path }) => (path.startsWith('override ') ? [path.slice('override '.length)] : [])),
    );
  });

  it('is a flag where a dash is typed, each once unless it is repeatable', () => {
    const flags = at('override', 'set', '--rate', '1', '--probe=x', '-').values;
    expect(flags).toEqual(expect.arrayContaining(['--burst', '--no-shadow', '--env', '--help', '--probe']));
    expect(flags).not.toContain('--rate');
    expect(flags).not.toContain('--version');
    expect(at('-').values).toContain('--version');
  });

  it.each([
    [['-o', ''], 'word', 'ndjson', ''],
    [['--output=n'], 'word', 'ndjson', '--output='],
    [['override', 'set', '--require', ''], 'word', 'enforced', ''],
    [['help', ''], 'word', 'exit-codes', ''],
    [['completion', ''], 'word', 'powershell', ''],
    [['reload', '--signing', ''], 'word', 'standard-webhooks', ''],
  ])('%j offers the choices', (line, kind, value, prefix) => {
    expect(at(...line)).toMatchObject({ kind, prefix, values: expect.arrayContaining([value]) as unknown });
  });

  it.each([
    [['-e', ''], 'environment'],
    [['--env=p'], 'environment'],
    [['env', 'use', ''], 'environment'],
    [['env', 'show', ''], 'environment'],
    [['env', 'diff', ''], 'environment'],
    [['env', 'diff', 'preview', ''], 'environment'],
    [['env', 'diff', 'preview', 'prod', ''], 'any'],
    [['env', 'promote', 'preview', ''], 'environment'],
    [['env', 'promote', 'preview', 'prod', ''], 'override'],
    [['env', 'promote', 'preview', 'prod', '/a', ''], 'override'],
    [['env', 'promote', 'preview', 'prod', '--except', ''], 'override'],
    [['env', 'add', ''], 'any'],
    [['override', 'get', ''], 'override'],
    [['override', 'get', '/a', ''], 'any'],
    [['override', 'set', '/a', '--before', ''], 'override'],
    [['override', 'set', '/a', '--rate', ''], 'any'],
    [['policy', 'get', '--bucket', ''], 'bucket'],
    [['--config', ''], 'file'],
    [['reload', '--secret-file', ''], 'file'],
    [['nonsense', ''], 'any'],
    [['override', 'nonsense', ''], 'any'],
  ])('%j wants %s', (line, kind) => {
    expect(at(...line)).toMatchObject({ kind, values: [] });
  });

  it('knows the environment and the configuration that the line names', () => {
    expect(at('-e', 'prod', '--config=c.yaml', 'override', 'get', '')).toMatchObject({
      environment: 'prod',
      config: 'c.yaml',
    });
    expect(at('override', 'get', '')).toMatchObject({ environment: null, config: null });
  });

  it('takes overrides from the first environment among the arguments, and guards from the last', () => {
    const line = ['-e', 'other', 'env', 'promote', 'preview', 'prod'];
    expect(at(...line, '/a', '')).toMatchObject({ kind: 'override', environment: 'preview' });
    expect(at(...line, '--except', '')).toMatchObject({ kind: 'override', environment: 'preview' });
    expect(at(...line, '--override-guard', '')).toMatchObject({ kind: 'guard', environment: 'prod' });
    expect(at('-e', 'other', 'env', 'promote', 'preview', '')).toMatchObject({ environment: 'other' });
  });

  it('lets a name begin with a dash only where it cannot be taken for a flag', () => {
    expect(at('override', 'get', '').mayStartWithDash).toBe(false);
    expect(at('override', 'get', '--', '').mayStartWithDash).toBe(true);
    expect(at('override', 'get', '--', '-').kind).toBe('override');
    expect(at('override', 'set', '/a', '--before', '').mayStartWithDash).toBe(true);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld, type World } from '../support/world.js';

const state = {} as { world: World };
beforeAll(async () => {
  state.world = await openWorld();
});
afterAll(() => state.world.remove());

const coloured = /\u001b\[[0-9;]+m/;

interface Case {
  readonly why: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly isTerminal: boolean;
  readonly isColoured: boolean;
}

const cases: readonly Case[] = [
  { why: 'a terminal gets colour', isTerminal: true, isColoured: true },
  { why: 'a pipe gets none', isTerminal: false, isColoured: false },
  { why: 'NO_COLOR switches it off', env: { NO_COLOR: '1' }, isTerminal: true, isColoured: false },
  { why: 'an empty NO_COLOR is not set', env: { NO_COLOR: '' }, isTerminal: true, isColoured: true },
  { why: 'TERM=dumb switches it off', env: { TERM: 'dumb' }, isTerminal: true, isColoured: false },
  { why: '--color never switches it off', args: ['--color', 'never'], isTerminal: true, isColoured: false },
  { why: '--color always switches it on in a pipe', args: ['--color', 'always'], isTerminal: false, isColoured: true },
  {
    why: '--color always beats NO_COLOR and TERM=dumb',
    args: ['--color=always'],
    env: { NO_COLOR: '1', TERM: 'dumb' },
    isTerminal: false,
    isColoured: true,
  },
  {
    why: 'RLCTL_COLOR=always beats NO_COLOR',
    env: { RLCTL_COLOR: 'always', NO_COLOR: '1' },
    isTerminal: false,
    isColoured: true,
  },
  {
    why: '--color beats RLCTL_COLOR',
    args: ['--color', 'never'],
    env: { RLCTL_COLOR: 'always' },
    isTerminal: true,
    isColoured: false,
  },
  {
    why: '--color auto beats RLCTL_COLOR',
    args: ['--color', 'auto'],
    env: { RLCTL_COLOR: 'always' },
    isTerminal: false,
    isColoured: false,
  },
];

describe.each(cases.map((each) => [each.why, each] as const))('%s', (_, each) => {
  const options = { env: each.env ?? {}, ...(each.isTerminal ? { columns: 80 } : {}) };

  test('in results', async () => {
    const ran = await state.world.main([...(each.args ?? []), 'help', 'output'], options);
    expect(ran.code).toBe(0);
    expect(coloured.test(ran.out)).toBe(each.isColoured);
  });

  test('in errors', async () => {
    const ran = await state.world.main([...(each.args ?? []), 'override', 'list'], options);
    expect(ran.code).toBe(2);
    expect(coloured.test(ran.err)).toBe(each.isColoured);
  });
});

test.each([
  ['json', ['--json']],
  ['yaml', ['-o', 'yaml']],
  ['ndjson', ['-o', 'ndjson']],
])('%s is never coloured', async (_, args) => {
  const ran = await state.world.main([...args, '--color', 'always', 'help', 'exit-codes'], { columns: 80 });
  expect(ran.out).not.toContain('\u001b');
});

test('a wrong choice of colour is a usage error that names where it was said', async () => {
  const flag = await state.world.main(['--color', 'sometimes', 'env', 'list']);
  expect(flag).toMatchObject({ code: 2, out: '' });
  expect(flag.err).toContain('--color');
  const variable = await state.world.main(['env', 'list'], { env: { RLCTL_COLOR: 'sometimes' } });
  expect(variable.code).toBe(2);
  expect(variable.err).toContain('RLCTL_COLOR: "sometimes"');
});

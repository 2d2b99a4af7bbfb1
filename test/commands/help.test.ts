import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leaves, nouns } from '../../src/leaves.js';
import { environmentSettings, programSettings } from '../../src/domain/config/settings.js';
import { exitCodes } from '../../src/domain/exit-codes.js';
import { builtInProfiles } from '../../src/domain/signing/profile.js';
import { jsonOf, openWorld, testVersion, type World } from '../support/world.js';

const state = {} as { world: World };
beforeAll(async () => {
  state.world = await openWorld();
});
afterAll(() => state.world.remove());
const run = (...args: string[]) => state.world.main(args);

describe.each(leaves.map((leaf) => [leaf.path, leaf] as const))('rlctl %s --help', (path, leaf) => {
  test('says what it does, with two examples that parse as they stand', async () => {
    const ran = await run(...path.split(' '), '--help');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain(`Usage: rlctl ${path}`);
    expect(ran.out).toContain(leaf.summary.slice(0, 20));
    const examples =
      ran.out
        .split('Examples:\n')[1]
        ?.split('\n')
        .filter((line) => line.includes('rlctl')) ?? [];
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const example of examples) expect(example).toContain(`rlctl `);
    expect(examples.filter((example) => example.includes(path))).not.toEqual([]);
  });
});

test('--help and no command at all show the tree', async () => {
  for (const args of [['--help'], ['-h'], []]) {
    const ran = await run(...args);
    expect(ran).toMatchObject({ code: 0, err: '' });
    for (const { name } of nouns) expect(ran.out).toContain(name);
    expect(ran.out).toContain('exit-codes | environment | output | signing | keys | checks | guards | lint');
  }
});

test('a noun alone shows its verbs', async () => {
  const ran = await run('override');
  expect(ran.code).toBe(0);
  for (const verb of ['list', 'get', 'set', 'unset', 'history', 'undo', 'repair']) expect(ran.out).toContain(verb);
});

describe('rlctl help COMMAND is COMMAND --help', () => {
  test.each([
    [['help'], ['--help']],
    [
      ['help', 'status'],
      ['status', '--help'],
    ],
    [
      ['help', 'override'],
      ['override', '--help'],
    ],
    [
      ['help', 'overrides'],
      ['override', '--help'],
    ],
    [
      ['help', 'override', 'set'],
      ['override', 'set', '--help'],
    ],
    [
      ['-e', 'prod', 'help', 'override', 'set', '--json'],
      ['override', 'set', '--help'],
    ],
    [
      ['help', 'help'],
      ['help', '--help'],
    ],
  ])('%j', async (args, same) => {
    const ran = await run(...args);
    expect(ran).toEqual(await run(...same));
    expect(ran).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Usage: rlctl') as unknown });
  });

  test.each([
    [['help', 'statsu'], '"status"'],
    [['help', 'override', 'st'], '"override set"'],
    [['help', 'exitcodes'], '"exit-codes"'],
    [['help', 'status', 'now'], '"status"'],
    [['help', 'bananas'], 'See: rlctl --help'],
  ])('%j is neither command nor topic', async (args, near) => {
    const ran = await run(...args);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(`there is no command or topic "${args.slice(1).join(' ')}"`);
    expect(ran.err.split('hint:')[1]).toContain(near);
  });
});

test('plural nouns are accepted', async () => {
  expect((await run('overrides', 'list', '--help')).out).toContain('override');
  expect((await run('policies', 'explain', '--help')).code).toBe(0);
  expect((await run('envs', 'list')).code).toBe(0);
});

test('--version', async () => {
  expect(await run('--version')).toEqual({ code: 0, out: `${testVersion}\n`, err: '' });
});

test.each([
  [['frobnicate'], /frobnicate/],
  [['override', 'lits'], /list/],
  [['override', 'set', '/a', '--rte', '1'], /--rate/],
  [['decisions', 'show', '--window', '5m'], /Did you mean --since\? See: rlctl decisions show --help/],
  [['status', '--environment=prod'], /Did you mean --env\?/],
  [['override', 'set', '/a', '--dry'], /Did you mean --dry-run\?/],
  [['override', 'set'], /route/],
  [['override', 'get', '/a', '/b'], /argument/],
  [['override', 'list', '-o', 'xml'], /table, json, yaml, ndjson/],
  [['policy', 'get'], /route/],
  [['sandbox', 'up', '--dialect', 'klingon'], /documented, deployed/],
  [['sandbox', 'up', '--workers', 'many'], /--workers/],
  [['override', 'set', '/a', '--rate', '1', '--before', '/x', '--after', '/y'], /--after|--before/],
])('%j is a usage error that names its place', async (args, message) => {
  const ran = await run(...args);
  expect(ran).toMatchObject({ code: 2, out: '' });
  expect(ran.err).toMatch(message);
  expect(ran.err).toMatch(/^error: .*\n(.*\n)?hint: {2}/);
});

test('usage errors are JSON where JSON was asked for, wherever the flag stands', async () => {
  for (const args of [
    ['frobnicate', '--json'],
    ['-o', 'json', 'frobnicate'],
    ['frobnicate', '--output=json'],
    ['-ojson', 'frobnicate'],
  ]) {
    const ran = await run(...args);
    expect(ran.code).toBe(2);
    expect(jsonOf<{ error: { exitCode: number } }>(ran.err).error.exitCode).toBe(2);
  }
  const byVariable = await state.world.main(['frobnicate'], { env: { RLCTL_OUTPUT: 'json' } });
  expect(jsonOf<{ error: { exitCode: number } }>(byVariable.err).error.exitCode).toBe(2);
});

describe('topics are generated from the tables that the code reads', () => {
  test('exit-codes', async () => {
    const { out } = await run('help', 'exit-codes');
    for (const { code, meaning } of exitCodes) expect(out).toContain(`${code}  ${meaning}`);
    expect(jsonOf<{ exitCodes: unknown }>((await run('help', 'exit-codes', '--json')).out).exitCodes).toEqual(
      exitCodes,
    );
  });

  test('environment', async () => {
    const { out } = await run('help', 'environment');
    for (const { key, meaning } of environmentSettings)
      expect(out).toMatch(new RegExp(`^${key} .*${meaning.slice(0, 12)}`, 'm'));
    for (const { variable } of programSettings) expect(out).toContain(variable);
  });

  test('signing', async () => {
    const { out } = await run('help', 'signing');
    for (const { name, header } of builtInProfiles) expect(out).toMatch(new RegExp(`^${name} +${header}`, 'm'));
  });

  test('an unknown topic names those there are', async () => {
    const ran = await run('help', 'cooking');
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('exit-codes, environment, output, signing, keys');
  });
});

test.each([
  [['override', 'set', '/a', '--shadow', 'on'], '"on": --shadow takes no value (its contrary is --no-shadow)'],
  [['override', 'list', '--json', 'true'], ': --json takes no value'],
  [['override', 'list', 'x'], 'too many arguments'],
  [['override', 'get', '--json', '/a', '/b'], 'too many arguments'],
  [['--json', 'override', 'get', '/a', '/b'], 'too many arguments'],
])('a word too many says what it was taken for: %j', async (words, said) => {
  const ran = await run(...words);
  expect(ran).toMatchObject({ code: 2, out: '' });
  expect(ran.err).toContain(said);
});

test('no hint, help or diagnosis names a command that does not exist', async () => {
  const source = join(import.meta.dirname, '../../src');
  const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(files.map((name) => readFile(join(source, name), 'utf8')));
  const first = new Set([...leaves.map(({ path }) => path.split(' ')[0]), ...nouns.flatMap(({ aliases }) => aliases)]);
  const called = texts.flatMap((text) => [
    ...text
      .replaceAll(/\/\*[^]*?\*\/|\/\/ .*$/gm, '')
      .matchAll(/(?:run:?|with:?|"|`|or|in) rlctl (?:-e \S+ )?([a-z]+)/g),
  ]);
  expect(called.length).toBeGreaterThan(20);
  expect(called.filter(([, word]) => !first.has(word)).map(([text]) => text)).toEqual([]);
});

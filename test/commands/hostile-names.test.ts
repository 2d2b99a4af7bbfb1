import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { openLab, type Lab } from '../support/lab.js';
import { errorOf, jsonOf } from '../support/world.js';

const state = {} as { lab: Lab };
beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());

/** Names that a hostile or careless client could have stored, and that an operator has to be able to see and remove. */
const stored: readonly (readonly [string, string])[] = [
  ['terminal colours', '/\u001b[31mred\u001b[0m'],
  ['a window title', '/\u001b]0;owned\u0007'],
  ['a C1 control sequence', '/\u009b31mred'],
  ['a carriage return', '/safe\r/evil'],
  ['a line feed', '/one\ntwo'],
  ['a tab and a bell', '/a\tb\u0007'],
  ['a NUL', '/a\u0000b'],
  ['a right-to-left override', '/\u202egnp.exe'],
  ['an isolate and a zero width space', '/\u2066x\u2069\u200by'],
  ['tag characters', '/x\u{e0041}\u{e0042}'],
  ['line separators', '/a\u2028b\u2029c'],
  ['quotes and a backslash', '/a "b" c\\d'],
  ['what a shell would run', '/$(touch pwned)`id`;|&'],
  ['what a format would fill', '/%s%n{0}'],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['toString', 'toString'],
  ['hasOwnProperty', 'hasOwnProperty'],
  ['letters of many scripts', '/üñí/路径/приклад/🚦'],
  ['a very long name', `/${'long/'.repeat(1000)}`],
  ['a flag', '--yes'],
  ['an empty name', ''],
];
const names = stored.map(([, name]) => name);
const settable: readonly (readonly [string, string])[] = stored.map(
  ([why, name]) => [why, name.startsWith('/') ? name : `/${name}`] as const,
);

const raw =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e0fff}]/u;
const document = `{${names.map((name) => `${JSON.stringify(name)}:{"rate":5}`).join(',')}}`;
const run = (...args: string[]) => state.lab.world.main(args);

describe('stored by somebody else', () => {
  beforeAll(async () => {
    await state.lab.reset();
    await state.lab.store(document);
  });

  test('a list for people holds no raw control, direction or invisible character', async () => {
    const ran = await run('override', 'list');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).not.toMatch(raw);
    expect(ran.out).toContain('/\\u001b[31mred\\u001b[0m');
    expect(ran.out).toContain('/üñí/路径/приклад/🚦');
  });

  test('nor in a terminal, where the only escapes are colours of our own', async () => {
    const ran = await state.lab.world.main(['override', 'list'], { columns: 200 });
    expect(ran.out.replaceAll(/\u001b\[[0-9;]*m/g, '')).not.toMatch(raw);
    expect(ran.out).not.toContain('\u001b[31mred');
  });

  test('JSON, NDJSON, YAML and jq give the exact names, and hold no raw one either', async () => {
    const prefixes = (overrides: readonly { prefix: string }[]): readonly string[] =>
      overrides.map(({ prefix }) => prefix);
    const json = await run('override', 'list', '--json');
    expect(prefixes(jsonOf<{ overrides: { prefix: string }[] }>(json.out).overrides)).toEqual(names);
    const ndjson = await run('override', 'list', '-o', 'ndjson');
    expect(
      prefixes(
        ndjson.out
          .split('\n')
          .slice(0, -1)
          .map((line) => jsonOf<{ prefix: string }>(line)),
      ),
    ).toEqual(names);
    const yaml = await run('override', 'list', '-o', 'yaml');
    expect(prefixes((parseYaml(yaml.out) as { overrides: { prefix: string }[] }).overrides)).toEqual(names);
    const jq = await run('override', 'list', '--jq', '[.overrides[].prefix]');
    expect(jsonOf<string[]>(jq.out)).toEqual(names);
    for (const { out } of [json, ndjson, yaml, jq]) expect(out).not.toMatch(raw);
  });

  test.each(stored)('get %s', async (_, name) => {
    const json = await run('override', 'get', '--json', '--', name);
    expect(json).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(json.out)).toMatchObject({ prefix: name, raw: '{"rate":5}', ratePerMin: 5 });
    const table = await run('override', 'get', '--', name);
    expect(table.out).not.toMatch(raw);
    expect(table.out).toContain('{"rate":5}');
  });

  test.each(settable)('explain %s', async (_, name) => {
    const table = await run('policy', 'explain', '--bucket', 'read', '--', name);
    expect(table).toMatchObject({ code: 0, err: '' });
    expect(table.out).not.toMatch(raw);
    const json = await run('policy', 'explain', '--bucket', 'read', '--json', '--', name);
    expect(jsonOf(json.out)).toMatchObject({ route: name });
  });

  test('an error about such a name holds no raw character, in no format', async () => {
    const name = '/\u001b[2Jgone\u202e\r';
    const table = await run('override', 'get', name);
    expect(table).toMatchObject({ code: 2, out: '' });
    expect(table.err).not.toMatch(raw);
    const json = await run('override', 'get', name, '--json');
    expect(json.err).not.toMatch(raw);
    expect(errorOf(json).message).toContain(JSON.stringify(name));
  });
});

/** What a typing hand never means, and a client never sends. */
const isRefused = (name: string): boolean => /[\u0000-\u001f\u007f-\u009f]/.test(name) || name.length > 2048;

describe('set, listed, explained, unset and taken back with rlctl', () => {
  beforeEach(() => state.lab.reset());

  test.each(settable.filter(([, name]) => isRefused(name)))(
    '%s is refused, and nothing is written',
    async (_, name) => {
      const ran = await run('override', 'set', '--rate', '7', '--', name);
      expect(ran).toMatchObject({ code: 2, out: '' });
      expect(ran.err).not.toMatch(raw);
      expect(await state.lab.document()).toBeNull();
    },
  );

  test.each(stored)('%s, stored by somebody else, is removed and brought back byte for byte', async (_, name) => {
    await state.lab.store(document);
    const unset = await run('override', 'unset', '--json', '--', name);
    expect(unset).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(unset.out)).toMatchObject({ changes: [{ route: name, kind: 'removed' }] });
    expect(await state.lab.document()).not.toContain(`${JSON.stringify(name)}:`);
    expect((await run('override', 'undo')).code).toBe(0);
    expect(await state.lab.document()).toBe(document);
  });

  test.each(settable.filter(([, name]) => !isRefused(name)))('%s', async (_, name) => {
    const { lab } = state;
    await lab.store('{"/other":{"rate":1}}');
    const set = await run('override', 'set', '--rate', '7', '--reason', name, '--json', '--', name);
    expect(set).toMatchObject({ code: 0, err: '' });
    expect(jsonOf(set.out)).toMatchObject({ changes: [{ route: name, kind: 'added' }], proof: { verdict: 'proven' } });
    expect(await lab.document()).toContain(JSON.stringify(name));
    const history = jsonOf<{ entries: { reason: string; changes: { route: string }[] }[] }>(
      (await run('override', 'history', '--json', '--', name)).out,
    );
    expect(history.entries).toMatchObject([{ reason: name, changes: [{ route: name }] }]);
    const texts = await Promise.all([
      run('override', 'history'),
      run('override', 'list'),
      run('override', 'unset', '--dry-run', '--', name),
    ]);
    for (const { out, err } of texts) expect(out + err).not.toMatch(raw);
    const unset = await run('override', 'unset', '--reason', 'x', '--', name);
    expect(unset.code).toBe(0);
    expect(unset.out + unset.err).not.toMatch(raw);
    expect(await lab.document()).toBe('{"/other":{"rate":1}}');
    expect((await run('override', 'undo')).code).toBe(0);
    expect(await lab.document()).toContain(JSON.stringify(name));
  });

  test('names of object prototypes stay plain names', async () => {
    await state.lab.store('{"__proto__":{"rate":1},"constructor":{"rate":2}}');
    expect(await run('override', 'unset', '__proto__')).toMatchObject({ code: 0 });
    expect(await state.lab.document()).toBe('{"constructor":{"rate":2}}');
    expect(({} as Record<string, unknown>)['rate']).toBeUndefined();
  });
});

test('hostile reasons, tickets and actors are spelled out', async () => {
  await state.lab.reset();
  const evil = 'x\u001b[2J\u202e\r\ny';
  const args = ['override', 'set', '/a', '--rate', '1', '--reason', evil, '--ticket', evil];
  await state.lab.world.main(args, { env: { RLCTL_ACTOR: evil } });
  for (const command of ['list', 'history']) {
    const { out } = await run('override', command);
    expect(out).not.toMatch(raw);
    expect(out).toContain('x\\u001b[2J\\u202e\\u000d');
  }
  const history = jsonOf<{ entries: unknown[] }>((await run('override', 'history', '--json')).out);
  expect(history.entries[0]).toMatchObject({ actor: evil, reason: evil, ticket: evil });
});

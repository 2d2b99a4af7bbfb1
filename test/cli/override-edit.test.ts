import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { childEnv, launcher } from '../support/cli.js';
import { labHistoryKey, openLab, type Lab } from '../support/lab.js';
import { openTerminal, type Terminal } from '../support/terminal.js';

const state = {} as { lab: Lab; terminal: Terminal | null };
const before = '{"/a":{"rate":1},"/b":{"rate":2}}';

beforeAll(async () => {
  state.lab = await openLab();
});
afterAll(() => state.lab.stop());
beforeEach(async () => {
  state.terminal = null;
  await state.lab.reset();
  await state.lab.store(before);
});
afterEach(async () => {
  await state.terminal?.close();
  await rm(folder(), { recursive: true, force: true });
});

/** An editor that runs a script on the file, `$1`. */
async function editor(script: string): Promise<string> {
  const path = join(state.lab.world.cwd, 'an editor');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return `"${path}"`;
}

async function edit(
  script: string,
  args: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): Promise<Terminal> {
  const env = { ...childEnv(state.lab.world.env), TERM: 'xterm-256color', EDITOR: await editor(script), ...more };
  const all = [launcher, 'override', 'edit', '--color', 'never', ...args];
  state.terminal = openTerminal(process.execPath, all, {
    env,
    cwd: state.lab.world.cwd,
    columns: 250,
  });
  return state.terminal;
}

const folder = (): string => join(state.lab.world.stateHome, 'rlctl', 'edits');
const kept = async (): Promise<readonly string[]> => {
  const names = await readdir(folder()).catch(() => []);
  return names.map((name) => join(folder(), name));
};

test('what is saved is shown, asked for, written and proven, and the file is gone', async () => {
  const terminal = await edit(
    `sed -i 's/rate: 1$/rate: 9/' "$1"; ls -l "$1" >> seen.txt; ls -ld "$(dirname "$1")" >> seen.txt`,
  );
  await terminal.until('the question', () => terminal.screen().includes('Write this change?'));
  expect(terminal.screen()).toContain('rate  1 → 9');
  expect(await state.lab.document()).toBe(before);
  terminal.type('y');
  expect(await terminal.ended).toBe(0);
  expect(terminal.screen()).toContain('PROVEN');
  expect(await state.lab.document()).toBe(before.replace('1', '9'));
  expect(await kept()).toEqual([]);
  const seen = await readFile(join(state.lab.world.cwd, 'seen.txt'), 'utf8');
  expect(seen).toMatch(/^-rw------- .*\ndrwx------ /);
});

test('no is no: nothing is written, and what was typed is kept with the command that takes it up', async () => {
  const terminal = await edit(`sed -i 's/rate: 1$/rate: 9/' "$1"`);
  await terminal.until('the question', () => terminal.screen().includes('Write this change?'));
  terminal.type('n');
  expect(await terminal.ended).toBe(6);
  expect(terminal.screen()).not.toContain('without a terminal');
  const [path = ''] = await kept();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(terminal.screen().replaceAll(/\s+/g, '')).toContain(`What you wrote is kept in ${path}`.replaceAll(' ', ''));
  expect(await state.lab.document()).toBe(before);
  expect(await state.lab.world.main(['override', 'apply', '-f', path])).toMatchObject({ code: 0 });
  expect(await state.lab.document()).toBe(before.replace('1', '9'));
});

test('what was taken out is named where it is kept: the commands told do all that was edited', async () => {
  const terminal = await edit(`sed -i -e '/prefix: .a$/,/rate: 1$/d' -e 's/rate: 2$/rate: 7/' "$1"`);
  await terminal.until('the question', () => terminal.screen().includes('Write this change?'));
  terminal.type('n');
  expect(await terminal.ended).toBe(6);
  const [path = ''] = await kept();
  const shown = terminal.screen().replaceAll(/\s+/g, '');
  expect(shown).toContain(`overrideapply-f${path}&&rlctl`);
  expect(shown).toContain('overrideunset/a');
  expect(shown).not.toContain('overrideunset/b');
  expect(await state.lab.world.main(['override', 'apply', '-f', path])).toMatchObject({ code: 0 });
  expect(await state.lab.world.main(['override', 'unset', '/a'])).toMatchObject({ code: 0 });
  expect(await state.lab.document()).toBe('{"/b":{"rate":7}}');
});

test('an entry that is taken out is removed; --yes asks nothing', async () => {
  const terminal = await edit(`sed -i '/prefix: .a$/,/rate: 1$/d' "$1"`, ['--yes']);
  expect(await terminal.ended).toBe(0);
  expect(await state.lab.document()).toBe('{"/b":{"rate":2}}');
});

test('of one route, the others are not in the file and stay', async () => {
  const terminal = await edit(`grep -c prefix: "$1" > count.txt; sed -i 's/rate: 2$/rate: 7/' "$1"`, ['/b', '--yes']);
  expect(await terminal.ended).toBe(0);
  expect(await state.lab.document()).toBe(before.replace('2', '7'));
  expect(await readFile(join(state.lab.world.cwd, 'count.txt'), 'utf8')).toBe('1\n');
});

test('nothing edited is nothing done', async () => {
  const terminal = await edit('echo "# only a remark" >> "$1"');
  expect(await terminal.ended).toBe(0);
  expect(terminal.screen()).toContain('nothing was edited');
  expect(await state.lab.redis.cli('EXISTS', labHistoryKey)).toBe('0');
  expect(await kept()).toEqual([]);
});

test('what cannot be read is said with its place, and may be edited again', async () => {
  const script = `if grep -q oops "$1"; then sed -i 's/oops/8/' "$1"; else sed -i 's/rate: 1$/rate: oops/' "$1"; fi`;
  const terminal = await edit(script, ['--yes']);
  await terminal.until('the question', () => terminal.screen().includes('Edit it again?'));
  expect(terminal.screen().replaceAll(/\s+/g, ' ')).toMatch(/\.yaml:9:11: rate "oops" is not/);
  terminal.type('y');
  expect(await terminal.ended).toBe(0);
  expect(await state.lab.document()).toBe(before.replace('1', '8'));
});

test('what cannot be read is kept where nobody wants to edit it again', async () => {
  const terminal = await edit(`: > "$1"`);
  await terminal.until('the question', () => terminal.screen().includes('Edit it again?'));
  terminal.type('n');
  expect(await terminal.ended).toBe(2);
  expect(await kept()).toHaveLength(1);
  expect(await state.lab.document()).toBe(before);
});

test('somebody else is faster: another route is merged, the same one is refused and the file kept', async () => {
  const set = (route: string): string =>
    `redis-cli -p ${state.lab.redis.port} SET lab:rl:overrides '${before.replace(`"${route}":{"rate":${route === '/a' ? 1 : 2}}`, `"${route}":{"rate":5}`)}' > theirs.txt`;
  const merged = await edit(`sed -i 's/rate: 1$/rate: 9/' "$1"; ${set('/b')}`, ['--yes']);
  expect(await merged.ended).toBe(0);
  expect(await state.lab.document()).toBe('{"/a":{"rate":9},"/b":{"rate":5}}');
  await merged.close();
  await state.lab.store(before);
  const refused = await edit(`sed -i 's/rate: 1$/rate: 9/' "$1"; ${set('/a')}`, ['--yes']);
  expect(await refused.ended).toBe(5);
  expect(refused.screen()).toMatch(/base {4}\{"rate":1\}\s+theirs {2}\{"rate":5\}\s+mine {4}\{"rate":9\}/);
  expect(await state.lab.document()).toBe(before.replace('1', '5'));
  expect(await kept()).toHaveLength(1);
});

test('an editor that fails changes nothing; the time it takes does not count', async () => {
  const failed = await edit('exit 3');
  expect(await failed.ended).toBe(2);
  expect(failed.screen().replaceAll(/\s+/g, ' ')).toContain('ended with 3; nothing was changed');
  expect(await kept()).toEqual([]);
  await failed.close();
  const missing = await edit('', [], { EDITOR: 'no-such-editor --wait' });
  expect(await missing.ended).toBe(2);
  expect(missing.screen()).toContain('"no-such-editor" cannot be run (ENOENT)');
  await missing.close();
  const slow = await edit(`sleep 3; sed -i 's/rate: 1$/rate: 9/' "$1"`, ['--yes', '--timeout', '2s', '--no-reload']);
  expect(await slow.ended).toBe(0);
  expect(await state.lab.document()).toBe(before.replace('1', '9'));
});

test('on a protected environment its name is asked for', async () => {
  const config = await state.lab.world.config('protected.yaml', {
    environments: { lab: { ...state.lab.environment, protected: true } },
  });
  const args = ['--reason', 'r', '--ticket', 'T-1', '--permanent'];
  const terminal = await edit(`sed -i 's/rate: 1$/rate: 9/' "$1"`, args, { RLCTL_CONFIG: config });
  await terminal.until('the question', () => terminal.screen().includes('Type its name'));
  expect(terminal.screen()).toContain('rate  1 → 9');
  terminal.type('lab\r');
  expect(await terminal.ended).toBe(0);
  expect(await state.lab.document()).toBe(before.replace('1', '9'));
});

test('what the environment wants is asked before the work, not after it', async () => {
  const config = await state.lab.world.config('protected.yaml', {
    environments: { lab: { ...state.lab.environment, protected: true, require: ['reason'] } },
  });
  const terminal = await edit('touch was-opened', [], { RLCTL_CONFIG: config });
  expect(await terminal.ended).toBe(6);
  expect(terminal.screen()).toContain('wants a reason');
  expect(await readdir(state.lab.world.cwd)).not.toContain('was-opened');
});

import { spawnSync } from 'node:child_process';
import { readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shells } from '../../src/domain/completion/shells.js';
import { completionScripts } from '../../src/ui/completion-scripts.js';
import { launcher } from '../support/cli.js';
import { openTerminal } from '../support/terminal.js';
import { errorOf, jsonOf, openWorld, type World } from '../support/world.js';

let world: World;
let home: string;

beforeEach(async () => {
  world = await openWorld();
  home = world.env['HOME'] ?? '';
});

afterEach(() => world?.remove());

const places = {
  bash: () => join(home, '.local/share/bash-completion/completions/rlctl'),
  zsh: () => join(home, '.local/share/zsh/site-functions/_rlctl'),
  fish: () => join(world.configHome, 'fish/completions/rlctl.fish'),
  powershell: () => join(home, '.local/share/rlctl/rlctl.ps1'),
};

describe('rlctl completion', () => {
  it.each(shells)('prints the script of %s', async (shell) => {
    expect(await world.main(['completion', shell])).toEqual({ code: 0, out: completionScripts[shell], err: '' });
    // A terminal of 80 columns shows it unbroken, so that it can be copied.
    expect((await world.main(['completion', shell], { columns: 80 })).out).toBe(completionScripts[shell]);
  });

  it.each(shells)('writes the script of %s to its place with --yes, once', async (shell) => {
    const ran = await world.main(['completion', shell, '--install', '--yes', '--json']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    const { path, isNew, line } = jsonOf<{ path: string; isNew: boolean; line: string | null }>(ran.out);
    expect({ path, isNew }).toEqual({ path: places[shell](), isNew: true });
    expect(line === null).toBe(shell === 'fish');
    expect(await readFile(path, 'utf8')).toBe(completionScripts[shell]);
    const again = await world.main(['completion', shell, '--install']);
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining(`${path} is current`) as unknown });
  });

  it.each(shells.filter((shell) => shell !== 'fish'))('leaves the line for pasting into %s whole', async (shell) => {
    const data = join(world.root, 'a folder with a name that is long enough to reach beyond the edge of it');
    const install = ['completion', shell, '--install', '--yes'];
    const options = { env: { XDG_DATA_HOME: data } };
    const { line } = jsonOf<{ line: string }>((await world.main([...install, '--json'], options)).out);
    expect(line.length).toBeGreaterThan(80);
    for (const columns of [80, undefined]) {
      const ran = await world.main(install, columns === undefined ? options : { ...options, columns });
      expect(ran.out.replaceAll(/\u001b\[\d*m/g, '').split('\n')).toContain(`  ${line}`);
    }
  });

  it('follows XDG_DATA_HOME', async () => {
    const data = join(world.root, 'it’s data');
    const ran = await world.main(['completion', 'bash', '--install', '--yes'], { env: { XDG_DATA_HOME: data } });
    expect(ran.out).toContain(join(data, 'bash-completion/completions/rlctl'));
  });

  it('writes nothing where nobody is there to ask', async () => {
    const ran = await world.main(['completion', 'zsh', '--install', '--json']);
    expect(ran.code).toBe(6);
    expect(errorOf(ran)).toMatchObject({ code: 'NOT_CONFIRMED', hint: expect.stringContaining('--yes') as unknown });
    await expect(stat(places.zsh())).rejects.toThrow('ENOENT');
  });

  it('renews a file of its own', async () => {
    await world.write(places.bash(), '# Written by rlctl, long ago\n');
    expect((await world.main(['completion', 'bash', '--install', '--yes'])).code).toBe(0);
    expect(await readFile(places.bash(), 'utf8')).toBe(completionScripts.bash);
  });

  it('leaves alone what it did not write, a link included', async () => {
    await world.write(places.bash(), 'mine\n');
    const target = await world.write('target', '# Written by rlctl\n');
    await world.write(join(home, '.local/share/zsh/site-functions/other'), '');
    await symlink(target, places.zsh());
    for (const shell of ['bash', 'zsh']) {
      const ran = await world.main(['completion', shell, '--install', '--yes', '--json']);
      expect(ran.code).toBe(6);
      expect(errorOf(ran)).toMatchObject({ code: 'NOT_OURS' });
    }
    expect(await readFile(places.bash(), 'utf8')).toBe('mine\n');
    expect(await readFile(target, 'utf8')).toBe('# Written by rlctl\n');
  });

  it.each([
    ['n', 6],
    ['y', 0],
  ])('asks on a terminal and takes %s for an answer', async (key, code) => {
    const script = `'${process.execPath}' '${launcher}' completion bash --install; echo ended $?`;
    const terminal = openTerminal('sh', ['-c', script], { env: world.env, cwd: world.cwd });
    try {
      await terminal.until('the question', () => terminal.screen().includes(`Write ${places.bash()}?`.slice(0, 60)));
      terminal.type(key);
      await terminal.until('the end', () => terminal.screen().includes(`ended ${code}`));
      await expect(
        stat(places.bash()).then(
          () => 0,
          () => 6,
        ),
      ).resolves.toBe(code);
    } finally {
      await terminal.close();
    }
  });
});

describe('the scripts', () => {
  it.each(shells)('of %s evaluate nothing', (shell) => {
    expect(completionScripts[shell]).not.toMatch(/\beval\b|compgen|Invoke-Expression|\biex\b|\bsource\b/i);
    expect(completionScripts[shell].split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it.each([
    ['bash', ['-n']],
    ['zsh', ['-n']],
    ['fish', ['--no-execute']],
  ] as const)('of %s pass its own check of syntax', async (shell, args) => {
    const path = await world.write('script', completionScripts[shell]);
    const { status, stderr } = spawnSync(shell, [...args, path], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  // There is no PowerShell to try it in: what can be seen from outside.
  it('of powershell registers a native completer, quotes by PowerShell’s own rule and closes what it opens', () => {
    const script = completionScripts.powershell;
    expect(script).toContain('Register-ArgumentCompleter -Native -CommandName rlctl');
    expect(script).toContain('EscapeSingleQuotedStringContent($text)');
    expect(script).toContain('[Management.Automation.CompletionResult]::new(');
    const code = script.replaceAll(/#.*|'[^'\n]*'|"[^"\n]*"/g, '');
    for (const [open, close] of ['{}', '()', '[]']) {
      expect(code.split(open ?? '')).toHaveLength(code.split(close ?? '').length);
    }
  });
});

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeCommands } from '../../src/command-tree.js';
import { completionScripts } from '../../src/ui/completion-scripts.js';
import { manualPage } from './manual-page.js';

/** The files of `completions/`, by name, as the code has them. */
const files = new Map([
  ['rlctl.bash', completionScripts.bash],
  ['_rlctl', completionScripts.zsh],
  ['rlctl.fish', completionScripts.fish],
  ['rlctl.ps1', completionScripts.powershell],
  ['rlctl.1', manualPage(await describeCommands())],
]);

const pathOf = (name: string): string => fileURLToPath(new URL(`../../completions/${name}`, import.meta.url));

describe('completions/', () => {
  // `npm run docs` writes them anew; otherwise they must be current.
  if (process.env['UPDATE_README'] === 'true') {
    for (const [name, text] of files) writeFileSync(pathOf(name), text);
  }

  it.each([...files])('has %s as the code says it', (name, text) => {
    expect(readFileSync(pathOf(name), 'utf8')).toBe(text);
  });

  it('was built from the same tree that the commands register', async () => {
    const built = readFileSync(fileURLToPath(new URL('../../dist/command-tree.json', import.meta.url)), 'utf8');
    expect(JSON.parse(built)).toEqual(JSON.parse(JSON.stringify(await describeCommands())));
  });

  it('has a manual page that groff takes without a warning, at 80 columns', () => {
    const { stdout, stderr, status } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-rLL=80n', pathOf('rlctl.1')], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.replaceAll(/\u001b\[[0-9;]*m|.\u0008/g, '').split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.join('\n')).toContain('rlctl override set');
  });
});

import { isAbsolute, join } from 'node:path';
import { Argument, Option } from 'commander';
import type { Context } from '../context.js';
import { shells, type Shell } from '../domain/completion/shells.js';
import { RlctlError } from '../domain/errors.js';
import { completionMark, completionScripts } from '../ui/completion-scripts.js';
import { completionInstalledView, completionScriptView } from '../ui/completion-view.js';
import { defineCommand, switchFlag } from './command.js';
import { confirmStep } from './confirmation.js';

// Completion for a shell: printed, or written to where the shell looks for it. No start-up file of a shell is ever edited.

interface Place {
  readonly path: string;
  /** What still has to be done by hand; `null`: nothing. */
  readonly next: { readonly file: string; readonly line: string } | null;
}

/** Where each shell looks for completions of the user's own. */
export function placeOf(shell: Shell, env: Context['host']['env']): Place {
  const home = env['HOME'] ?? '/';
  const folder = (variable: string, ...otherwise: string[]): string => {
    const named = env[variable];
    return named && isAbsolute(named) ? named : join(home, ...otherwise);
  };
  const data = folder('XDG_DATA_HOME', '.local', 'share');
  const quoted = (path: string): string => `'${path.replaceAll("'", String.raw`'\''`)}'`;
  switch (shell) {
    case 'bash': {
      const path = join(data, 'bash-completion', 'completions', 'rlctl');
      return { path, next: { file: '~/.bashrc, unless it loads bash-completion', line: `source ${quoted(path)}` } };
    }
    case 'zsh': {
      const place = join(data, 'zsh', 'site-functions');
      const line = `fpath=(${quoted(place)} $fpath); autoload -Uz compinit && compinit`;
      return { path: join(place, '_rlctl'), next: { file: '~/.zshrc, unless fpath has that folder', line } };
    }
    case 'fish':
      return { path: join(folder('XDG_CONFIG_HOME', '.config'), 'fish', 'completions', 'rlctl.fish'), next: null };
    case 'powershell': {
      const path = join(data, 'rlctl', 'rlctl.ps1');
      return { path, next: { file: '$PROFILE', line: `. '${path.replaceAll("'", "''")}'` } };
    }
  }
}

async function install(context: Context, shell: Shell, isYes: boolean) {
  const { path, next } = placeOf(shell, context.host.env);
  const facts = await context.files.facts(path);
  const present = facts === null || !facts.isRegular ? null : await context.files.readText(path);
  if (facts !== null && !present?.includes(completionMark)) {
    throw new RlctlError('guard', `${path} exists and rlctl did not write it; it was left as it is`, {
      code: 'NOT_OURS',
      hint: `Move it away, or put the script elsewhere: rlctl completion ${shell} > FILE`,
    });
  }
  if (present === completionScripts[shell]) return completionInstalledView({ shell, path, next, isNew: false });
  await confirmStep(context, `${present === null ? 'Write' : 'Renew'} ${path}?`, isYes);
  await context.files.writePrivate(path, completionScripts[shell]);
  return completionInstalledView({ shell, path, next, isNew: true });
}

export const command = defineCommand({
  register: (c) => {
    c.addArgument(new Argument('<shell>', 'the shell to complete in').choices(shells))
      .addOption(new Option('--install', 'write it to where the shell looks for it'))
      .addOption(new Option('-y, --yes', 'write it without asking'));
  },
  examples: ['rlctl completion bash --install', 'rlctl completion zsh > ~/.zfunc/_rlctl'],
  input: ([shell], flags) => ({
    shell: shell as Shell,
    isInstalling: switchFlag(flags, 'install'),
    isYes: switchFlag(flags, 'yes'),
  }),
  action: async (context, { shell, isInstalling, isYes }) => ({
    view: isInstalling ? await install(context, shell, isYes) : completionScriptView(shell, completionScripts[shell]),
    exit: 'ok',
  }),
});

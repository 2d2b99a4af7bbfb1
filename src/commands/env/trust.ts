import { Option } from 'commander';
import { configDigest, updateState } from '../../config.js';
import { grantsOf } from '../../domain/config/trust.js';
import { usageError } from '../../domain/errors.js';
import { trustView } from '../../ui/trust-view.js';
import { defineCommand, switchFlag } from '../command.js';

// A project's file names addresses that receive signatures and commands that print secrets: somebody has to vouch for it.

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--dry-run', 'show what trust would give the file; trust nothing'));
  },
  examples: ['rlctl env trust --dry-run    # what it asks for', 'rlctl env trust'],
  input: (_, flags) => ({ isDryRun: switchFlag(flags, 'dryRun') }),
  action: async (context, { isDryRun }) => {
    const { path, text, isTrusted, isChanged, environments } = await context.config();
    if (path === null)
      throw usageError(
        'there is no configuration file to trust',
        'rlctl looks for rlctl.yaml from here upwards.',
        'CONFIG_MISSING',
      );
    const digest = configDigest(text);
    const { programsOf } = await import('../runbook/programs.js');
    const runbooks = await programsOf(context);
    const digests = { [path]: digest, ...Object.fromEntries(runbooks.map((each) => [each.path, each.digest])) };
    const wasTrusted = isTrusted && runbooks.every((each) => each.isTrusted);
    if (!wasTrusted && !isDryRun)
      await updateState(context, (state) => ({ ...state, trusted: { ...state.trusted, ...digests } }));
    const own = [...environments].filter(([, { place }]) => place === path);
    const grants = [
      ...grantsOf(new Map(own.map(([name, { file }]) => [name, file]))),
      ...runbooks.flatMap(({ name, programs }) =>
        programs.map((value) => ({ environment: `runbook ${name}`, kind: 'program' as const, value })),
      ),
    ];
    return { view: trustView({ path, digest, wasTrusted, isChanged, isDryRun, grants }), exit: 'ok' };
  },
});

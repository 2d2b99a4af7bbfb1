import { resolve } from 'node:path';
import { Option } from 'commander';
import { configDigest, updateState } from '../../config.js';
import type { Context } from '../../context.js';
import type { EnvironmentFile } from '../../domain/config/schema.js';
import { grantsOf } from '../../domain/config/trust.js';
import { RlctlError, usageError } from '../../domain/errors.js';
import { instancesFrom, writtenTargets } from '../../domain/fleet/instance.js';
import { trustView } from '../../ui/trust-view.js';
import { defineCommand, switchFlag } from '../command.js';

// A project's file names addresses that receive signatures and commands that print secrets: somebody has to vouch for it.

/** Ten thousand long addresses are well below this. */
const mostBytes = 4 * 1024 * 1024;

/**
 * The addresses in the files that list instances, by the path as it is written. Read for whoever decides, and used for
 * nothing else; only a plain file, because the configuration that names it is not trusted yet.
 */
async function listsOf(
  context: Context,
  environments: ReadonlyMap<string, EnvironmentFile>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const paths = [...environments.values()].flatMap(({ fleet }) =>
    fleet !== undefined && 'file' in fleet ? [fleet.file] : [],
  );
  const lists = await Promise.all(
    paths.map(async (written) => {
      const path = resolve(context.host.cwd, written);
      try {
        if ((await context.files.facts(path))?.isRegular !== true) return [];
        const bytes = await context.files.readBytes(path, mostBytes);
        const text = Buffer.from(bytes ?? []).toString('utf8');
        return [[written, instancesFrom(writtenTargets(text, written)).map(({ origin }) => origin)] as const];
      } catch (error) {
        // What cannot be read or is no list is for the command that wants the instances.
        if (error instanceof RlctlError) return [];
        throw error;
      }
    }),
  );
  return new Map(lists.flat());
}

export const command = defineCommand({
  register: (c) => {
    c.addOption(new Option('--dry-run', 'show what trust would give the file; trust nothing'));
  },
  examples: ['rlctl env trust --dry-run    # what it asks for', 'rlctl env trust'],
  input: (_, flags) => ({ isDryRun: switchFlag(flags, 'dryRun') }),
  action: async (context, { isDryRun }) => {
    const { path, text, isTrusted, isOwn, isChanged, environments } = await context.config();
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
    const files = new Map(own.map(([name, { file }]) => [name, file]));
    const lists = await listsOf(context, files);
    const grants = [
      ...grantsOf(files, (list) => lists.get(list) ?? null),
      ...runbooks.flatMap(({ name, programs }) =>
        programs.map((value) => ({ environment: `runbook ${name}`, kind: 'program' as const, value })),
      ),
    ];
    return { view: trustView({ path, digest, wasTrusted, isOwn, isChanged, isDryRun, grants }), exit: 'ok' };
  },
});

import { syncIntent } from '../../procedures/override/declared.js';
import { agedIntent } from '../../procedures/override/dump-age.js';
import { defineCommand } from '../command.js';
import { addEndFlags, addMutationFlags, endOf, mutationInput } from '../mutation.js';
import { runChange } from './change.js';
import { addFileFlag, assertSecretElsewhere, fileFlag, loadOverridesFile } from './file.js';
import { addOwnershipFlags, ownershipFlags, ownershipOf } from './ownership.js';

// The same as apply, for a file that is the whole truth about what its owner manages: what it no longer names goes.

export const command = defineCommand({
  register: (c) => {
    addFileFlag(c);
    addOwnershipFlags(c);
    addMutationFlags(c);
    addEndFlags(c);
  },
  examples: [
    'rlctl -e preview override sync -f overrides.yaml --dry-run',
    'rlctl -e prod override sync -f search.yaml --owner team-search --reason CHG-7 --permanent --confirm prod',
  ],
  input: (_, flags) => {
    const [file, mutation] = [fileFlag(flags), mutationInput(flags, endOf(flags))];
    assertSecretElsewhere('-f', file, mutation);
    return { file, ownership: ownershipFlags(flags), mutation };
  },
  action: async (context, { file, ownership, mutation }) => {
    const wanted = await loadOverridesFile(context, file);
    const { ifRevision } = mutation;
    const owned = ownershipOf(ownership, wanted, file);
    const { name: environment } = await context.environment(mutation.effect.settings);
    const { entries, dumpedFrom } = wanted;
    return runChange(context, mutation, (ports) => ({
      ...agedIntent(syncIntent({ entries, ifRevision }, owned), ports, { dumpedFrom, environment }),
      end: mutation.end,
    }));
  },
});

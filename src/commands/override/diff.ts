import { compareFile } from '../../procedures/override/compare-file.js';
import { fileDiffView } from '../../ui/file-diff-view.js';
import { defineCommand } from '../command.js';
import { addFileFlag, fileFlag, loadOverridesFile } from './file.js';

// Has somebody changed what the file says: field by field, order included; for a pipeline, 3 where anything differs.

export const command = defineCommand({
  register: (c) => addFileFlag(c),
  examples: [
    'rlctl -e prod override diff -f overrides.yaml',
    'rlctl -e prod override diff -f overrides.yaml --jq \'.routes[] | select(.onlyIn != "live") | .route\'',
  ],
  input: (_, flags) => fileFlag(flags),
  action: async (context, file) => {
    const wanted = await loadOverridesFile(context, file);
    const environment = await context.environment();
    context.progress.step('reading the document');
    const ports = { store: await context.store(environment), deadline: context.deadline };
    const comparison = await compareFile(ports, { ...wanted, environment: environment.name });
    const exit = comparison.routes.length > 0 ? 'findings' : 'ok';
    return { view: fileDiffView(comparison, file, environment), exit };
  },
});

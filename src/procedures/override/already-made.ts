import { noEdit } from '../../domain/override/entry-edit.js';
import { scanDocument } from '../../domain/override/document.js';
import type { ChangeIntent, StorePorts } from './plan.js';
import { readHistory } from './recorded.js';

/**
 * The intent itself where the history holds no change of this id; else one that writes nothing and is proven by the routes
 * that the change touched, whatever somebody did to them since.
 */
export async function alreadyMade(ports: StorePorts, intent: ChangeIntent, changeId: string): Promise<ChangeIntent> {
  const isIt = (entry: { readonly kind: string; readonly changeId: string }): boolean =>
    entry.kind === 'change' && entry.changeId === changeId;
  const found = (await readHistory(ports, (entries) => entries.some(isIt))).find(isIt);
  if (found === undefined) return intent;
  return {
    command: intent.command,
    madeBefore: changeId,
    routes: found.body?.routes.map(({ route }) => route) ?? intent.routes,
    isForced: false,
    ifRevision: null,
    undoes: () => null,
    remarks: () => [`change ${changeId} was made before; it is not made again`],
    edit: (document) => noEdit(document ?? scanDocument(null)),
    objection: (after) => intent.objection?.(after) ?? null,
  };
}

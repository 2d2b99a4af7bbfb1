import { nearNames } from '../../domain/near-names.js';
import { findMember, scanDocument } from '../../domain/override/document.js';
import { unsetOverride } from '../../domain/override/edit.js';
import type { End } from '../../domain/override/end.js';
import type { ChangeIntent, MissingOverride } from './plan.js';

/** Removes the entry of a route, for good or until an end brings it back; one that is not there is no error, and is said with the keys near it. */
export function unsetIntent(route: string, end: End, ifRevision: string | null): ChangeIntent {
  const found: { missing: readonly MissingOverride[] } = { missing: [] };
  return {
    command: 'override unset',
    end,
    routes: [route],
    isForced: false,
    ifRevision,
    undoes: () => null,
    missing: () => found.missing,
    edit: (stored) => {
      const document = stored ?? scanDocument(null);
      const isThere = findMember(document, route) !== undefined;
      found.missing = isThere ? [] : [{ route, near: nearNames(route, document.byKey.keys()) }];
      return unsetOverride(document, route);
    },
  };
}

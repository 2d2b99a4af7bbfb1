import { loadOverrides } from '../policy/matching.js';
import type { Present } from './panics.js';

/** What stands in a document; one that is gone (`null`) or that the server cannot read tells nothing. */
export function presentIn(bytes: Uint8Array | null, flagText: Present['flagText']): Present {
  const loaded = loadOverrides(bytes);
  const isKnown = bytes !== null && loaded.droppedBecause === null;
  const shadowed = new Set(
    loaded.entries.filter(({ fields }) => fields?.isShadow === true).map(({ prefix }) => prefix),
  );
  return { isShadow: (prefix) => (isKnown ? shadowed.has(prefix) : null), flagText };
}

import type { OverrideIndex } from '../policy/prefix-index.js';
import type { ComparedDocuments } from './difference.js';

/** An override that never decides any more, and the earlier one that takes all its routes. */
export interface NewlyHidden {
  readonly prefix: string;
  readonly by: string;
}

/** The overrides of the second document that can never decide there, and could in the first or were not in it. */
export function newlyHidden({ before, after }: ComparedDocuments): readonly NewlyHidden[] {
  const wasHidden = new Set(hiddenIn(before).map(({ prefix }) => prefix));
  return hiddenIn(after).filter(({ prefix }) => !wasHidden.has(prefix));
}

function hiddenIn(overrides: OverrideIndex): readonly NewlyHidden[] {
  return overrides.loaded.entries.flatMap(({ prefix, fields }) => {
    // Whoever decides at the prefix itself decides for every route that starts with it.
    const by = fields === null || prefix === '' ? undefined : overrides.winnerOf(prefix)?.prefix;
    return by === undefined || by === prefix ? [] : [{ prefix, by }];
  });
}

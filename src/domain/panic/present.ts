import { RlctlError } from '../errors.js';
import { loadOverrides } from '../policy/matching.js';
import { findAssignment } from '../shadow/env-file.js';
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

/** What flags are by the text of the env file at `place`; `null`: it cannot be read. What another place holds nobody can tell. */
export function flagTextIn(text: string | null, place: string | null): Present['flagText'] {
  return ({ record }) => (text === null || record.place !== place ? undefined : lineIn(text, record.variable));
}

/** The exact text of a variable's value in an env file; `null`: absent, `undefined`: readers disagree about it. */
export function lineIn(text: string, variable: string): string | null | undefined {
  try {
    return findAssignment(text, variable)?.raw ?? null;
  } catch (error) {
    if (error instanceof RlctlError) return undefined;
    throw error;
  }
}

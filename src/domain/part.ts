import { RlctlError } from './errors.js';

/** One question of many: its answer, or why there is none. The others are not touched by it. */
export type Part<T> =
  | { readonly state: 'ok'; readonly value: T }
  | { readonly state: 'failed'; readonly error: RlctlError }
  /** The configuration does not say whom to ask, or what it would be asked about is not known. */
  | { readonly state: 'notAsked' };

/** Asks; a failure that is explained becomes the part's own. A defect is thrown on. */
export async function partOf<T>(ask: (() => Promise<T>) | null): Promise<Part<T>> {
  if (ask === null) return { state: 'notAsked' };
  try {
    return { state: 'ok', value: await ask() };
  } catch (error) {
    if (error instanceof RlctlError) return { state: 'failed', error };
    throw error;
  }
}

/** What a part came to; `null`: it failed or was not asked. */
export function valueOf<T>(part: Part<T>): T | null {
  return part.state === 'ok' ? part.value : null;
}

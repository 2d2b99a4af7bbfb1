const prefix = '/rlctl-base-';

/**
 * A route that no override should match, so that a bucket's own policy shows; `chance`: random hex digits. An override
 * for every route still takes it.
 */
export function baseRoute(chance: string): string {
  return `${prefix}${chance}`;
}

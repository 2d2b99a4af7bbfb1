import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import { unreachedOf, type Unreached } from '../../domain/shadow/unreached.js';

/**
 * What of these buckets overrides do not reach, by the document as it stands now: somebody may have added an entry, or taken
 * one away, since a stage was entered. Where flags carry the shadow there is nothing of the kind.
 */
export async function unreachedIn(
  context: Context,
  environment: Environment,
  buckets: readonly string[],
): Promise<readonly Unreached[]> {
  if (environment.shadowDriver !== 'overrides' || buckets.length === 0) return [];
  const store = await context.store(environment);
  const { bytes } = await store.read(context.deadline);
  return unreachedOf(loadOverrides(bytes), environment, buckets);
}

import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import type { RolloutStage } from '../../domain/rollout/plan.js';
import { unreachedOf, type Unreached } from '../../domain/shadow/unreached.js';
import { shellWords } from '../../domain/shell-words.js';
import type { Objection } from '../../procedures/shadow/objection.js';
import { mostShown } from '../shadow/objection.js';

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

/**
 * What goes on being blocked of buckets that a stage puts into shadow, by entries that it leaves as they are; absent: nothing.
 * A stage by flags is told the same of an override that sets `shadow: false`.
 */
export function objectionToStage({ shadow }: RolloutStage, unreached: readonly Unreached[]): Objection | undefined {
  const blocking = unreached.filter(({ isShadow, bucket }) => !isShadow && shadow.includes(bucket));
  if (blocking.length === 0) return undefined;
  const prefixes = blocking.slice(0, mostShown).map(({ prefix }) => prefix);
  const more = blocking.length > mostShown ? ` and ${blocking.length - mostShown} more` : '';
  const [go, it, catches] = blocking.length === 1 ? ['goes', 'it', 'it catches'] : ['go', 'them', 'they catch'];
  const names = `${prefixes.map((prefix) => JSON.stringify(prefix)).join(', ')}${more}`;
  const on = shellWords(['rlctl', 'shadow', 'on', ...prefixes.flatMap((prefix) => ['--route', prefix])]);
  return {
    subject: 'policy',
    text: `${names} ${go} on as before, so what ${catches} goes on being blocked`,
    cure: `put ${it} into shadow as well: ${on}, then: rlctl rollout resume; or go on without: rlctl rollout resume --require loaded`,
  };
}

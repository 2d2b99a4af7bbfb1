import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import { enforcingOverrides, type FlaggedBuckets } from '../../domain/shadow/enforcing-overrides.js';
import type { Objection } from '../../procedures/shadow/change-flags.js';

/** So many prefixes are named one by one. */
export const mostShown = 3;

/** What helps where overrides stand against flags. */
interface Cure {
  /** What it does: `let it through as well`. */
  readonly what: string;
  readonly commands: readonly string[];
}

/** An override that is no shadow keeps what it catches enforced, whatever the flag says; `null`: none does. */
export function overridesAgainst(
  environment: Environment,
  flagged: Omit<FlaggedBuckets, 'bucketOf'>,
  bytes: Uint8Array | null,
  cureOf: (prefixes: readonly string[]) => Cure,
): Objection | null {
  const bucketOf = (route: string): string | null => bucketOfRoute(environment, route);
  const prefixes = enforcingOverrides(loadOverrides(bytes), { ...flagged, bucketOf });
  if (prefixes.length === 0) return null;
  const shown = prefixes.slice(0, mostShown).map((prefix) => JSON.stringify(prefix));
  const more = prefixes.length > mostShown ? ` and ${prefixes.length - mostShown} more` : '';
  const [subject, verb, caught] =
    prefixes.length === 1 ? ['the override', 'sets', 'it catches'] : ['the overrides', 'set', 'they catch'];
  const { what, commands } = cureOf(prefixes);
  return {
    text: `${subject} ${shown.join(', ')}${more} ${verb} shadow: false, so what ${caught} goes on being blocked whatever the flag says`,
    cure: `${what}: ${commands.join(', or ')}`,
  };
}

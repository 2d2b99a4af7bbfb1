import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import { loadOverrides, matchOverride, startsRoute, type LoadedOverrides } from '../../domain/policy/matching.js';
import { enforcingOverrides, type FlaggedBuckets } from '../../domain/shadow/enforcing-overrides.js';
import { unreachedOf } from '../../domain/shadow/unreached.js';
import { shellWords } from '../../domain/shell-words.js';
import type { Objection } from '../../procedures/shadow/objection.js';

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
    prefixes,
  };
}

/** What stands against a flag that is to take buckets into shadow, with the change of the overrides that does it. */
export function objectionToShadow(
  environment: Environment,
  flagged: Omit<FlaggedBuckets, 'bucketOf'>,
): (bytes: Uint8Array | null) => Objection | null {
  return (bytes) =>
    overridesAgainst(environment, flagged, bytes, (prefixes) => ({
      what: 'put it into shadow as well',
      commands: [shadowOnRoutes(environment, flagged, prefixes)],
    }));
}

/**
 * What goes on being blocked of buckets that overrides put into shadow, by entries that the change leaves as they are, in the
 * document it leaves. `then`: what is to be done once they are in shadow too, as a command, and what else there is to do.
 * `except`: prefixes of which that was known, and accepted, before.
 */
export function objectionToOverrides(
  environment: Environment,
  buckets: readonly string[],
  then = '',
  except: readonly string[] = [],
): (after: Uint8Array) => Objection | null {
  return (after) => {
    const loaded = loadOverrides(after);
    const prefixes = unreachedOf(loaded, environment, buckets)
      .filter(({ prefix, isShadow }) => !isShadow && !except.includes(prefix))
      .map(({ prefix }) => prefix);
    const [hidden] = hiddenIn(loaded, environment, buckets);
    if (hidden !== undefined) return blockedBehind(hidden, then);
    return prefixes.length === 0 ? null : blockingAsBefore(prefixes, then);
  };
}

/** A route whose own entry has no effect, and the one that is enforced and wins for it. */
interface Hidden {
  readonly route: string;
  readonly by: string;
}

function hiddenIn(loaded: LoadedOverrides, environment: Environment, buckets: readonly string[]): readonly Hidden[] {
  const routes = buckets.flatMap((name) => environment.buckets.get(name)?.routes ?? []);
  return routes.flatMap((route) => {
    const winner = matchOverride(loaded, route);
    const isMeant = winner === null || winner.prefix === route || winner.fields?.isShadow === true;
    return isMeant ? [] : [{ route, by: winner.prefix }];
  });
}

function blockedBehind({ route, by }: Hidden, then: string): Objection {
  const text = `${JSON.stringify(by)} stands earlier, wins for ${JSON.stringify(route)} and is no shadow, so that goes on being blocked`;
  const cure = `move it in front: ${shellWords(['rlctl', 'override', 'set', route, '--shadow', '--before', by])}${then}`;
  return { subject: 'policy', text, cure, prefixes: [by] };
}

function blockingAsBefore(prefixes: readonly string[], then: string): Objection {
  const shown = prefixes.slice(0, mostShown);
  const more = prefixes.length > mostShown ? ` and ${prefixes.length - mostShown} more` : '';
  const [go, it, catches] = prefixes.length === 1 ? ['goes', 'it', 'it catches'] : ['go', 'them', 'they catch'];
  const names = `${shown.map((prefix) => JSON.stringify(prefix)).join(', ')}${more}`;
  const on = shellWords(['rlctl', 'shadow', 'on', ...shown.flatMap((prefix) => ['--route', prefix])]);
  return {
    subject: 'policy',
    text: `${names} ${go} on as before, so what ${catches} goes on being blocked`,
    cure: `put ${it} into shadow as well: ${on}${then}`,
    prefixes,
  };
}

/** What takes these overrides' part of the buckets into shadow, and nothing of others where it can be told apart. */
function shadowOnRoutes(
  environment: Environment,
  { buckets, isEverything }: Omit<FlaggedBuckets, 'bucketOf'>,
  prefixes: readonly string[],
): string {
  const names = new Set<string | null>(buckets.map(({ name }) => name));
  const routesOfPrefix = (prefix: string): readonly string[] => {
    if (prefix.startsWith('/') && (isEverything || names.has(bucketOfRoute(environment, prefix)))) return [prefix];
    if (isEverything) return ['/'];
    return buckets.flatMap(({ routes }) => routes).filter((route) => startsRoute(prefix, route));
  };
  const routes = [...new Set(prefixes.flatMap(routesOfPrefix))];
  const isWide = isEverything || routes.length === 0;
  const few = routes.length > mostShown ? ['PREFIX'] : routes.length === 0 ? ['/'] : routes;
  const words = ['rlctl', 'shadow', 'on', ...few.flatMap((route) => ['--route', route])];
  const command = shellWords([...words, ...(isWide ? ['--include-others'] : [])]);
  return routes.length > mostShown ? `${command}, for each of them` : command;
}

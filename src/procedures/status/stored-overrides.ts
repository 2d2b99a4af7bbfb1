import { bucketOfRoute, type Environment } from '../../domain/config/environment.js';
import type { PolicyAnswer } from '../../domain/control-plane.js';
import { loadOverrides, matchOverride, unusedPrefixes, type LoadedOverrides } from '../../domain/policy/matching.js';
import type { EffectPorts } from '../effect.js';
import type { ListedOverride, OverrideListing } from '../override/inspect.js';
import { inParallel } from '../reload/in-parallel.js';
import { policySaid, type ServerFlags } from '../shadow/ask-flags.js';

/** A number of a stored override that a server does not show. */
export interface UnshownField {
  readonly prefix: string;
  readonly name: 'ratePerMin' | 'burst' | 'windowSeconds';
  readonly stored: number;
  readonly server: number;
}

/** The stored overrides beside what the servers say of them. */
export interface StoredBesideServers {
  readonly unshown: readonly UnshownField[];
  /** Stored, and in no place of a server's own list. */
  readonly missing: readonly string[];
  /** In a server's own list, and not stored. */
  readonly extra: readonly string[];
  /** True where every address listed what it holds, in the order of the document: order is meaning. */
  readonly isListed: boolean;
  /** True where every stored override that can win was asked for, at every address, and none showed another number. */
  readonly isWhole: boolean;
}

/** Overrides that are asked for one by one, at most. */
const mostAsked = 50;
const names = ['ratePerMin', 'burst', 'windowSeconds'] as const;

type AskPorts = Pick<EffectPorts, 'controlPlane' | 'deadline'>;

/** Asks every address for the policy of every stored override. Changes nothing; what does not answer does not tell. */
export async function besideServers(
  ports: AskPorts,
  environment: Pick<Environment, 'buckets'>,
  servers: readonly (ServerFlags | null)[],
  listing: OverrideListing,
): Promise<StoredBesideServers> {
  const answering = servers.filter((server) => server !== null);
  const usable = listing.overrides.filter(({ loaded, hiddenBy }) => loaded?.fields != null && hiddenBy === null);
  const asked = usable.filter(({ prefix }) => prefix !== '').slice(0, mostAsked);
  const questions = answering.flatMap((server) => asked.map((override) => ({ server, override })));
  const answers = await inParallel(questions, 8, async ({ server, override }) => {
    const bucket = bucketOfRoute(environment, override.prefix);
    const name = server.flags.find((each) => each.bucket === bucket)?.serverName ?? 'read';
    return { override, policy: await policySaid(ports, server, override.prefix, name) };
  });
  const loaded = loadOverrides(listing.stored.bytes);
  const unshown = answers.flatMap(({ override, policy }) =>
    policy === null ? [] : unshownIn(override, policy, loaded),
  );
  const still = await stillThere(ports, answering, listing, loaded);
  const isAsked = answering.length === servers.length && answers.every(({ policy }) => policy !== null);
  return {
    unshown: unshown.filter((each, index) => unshown.findIndex((other) => isSameField(other, each)) === index),
    ...withStill(listed(answering, listing), still),
    // An entry that the server cannot use may hide one that it still holds.
    isWhole:
      isAsked &&
      answering.length > 0 &&
      asked.length === usable.length &&
      unshown.length === 0 &&
      unusedPrefixes(loaded).length === 0,
  };
}

/** The routes that the last change removed, and that a server answers for otherwise than for a route of no override. */
async function stillThere(
  ports: AskPorts,
  servers: readonly ServerFlags[],
  { stored }: OverrideListing,
  loaded: LoadedOverrides,
): Promise<readonly string[]> {
  const removed = (stored.lastEntry?.body?.routes ?? [])
    .filter(({ route, after }) => after === null && route !== '' && matchOverride(loaded, route) === null)
    .slice(0, mostAsked);
  const questions = servers.flatMap((server) => removed.map(({ route }) => ({ server, route })));
  const seen = await inParallel(questions, 8, async ({ server, route }) => {
    const own = server.flags.find(({ policy }) => policy !== null);
    const policy = own?.serverName == null ? null : await policySaid(ports, server, route, own.serverName);
    const isOther = policy !== null && policy.bucket === own?.policy?.bucket;
    return isOther && names.some((name) => policy[name] !== own.policy?.[name]) ? [route] : [];
  });
  return [...new Set(seen.flat())];
}

function withStill(lists: ReturnType<typeof listed>, still: readonly string[]) {
  return { ...lists, extra: [...new Set([...lists.extra, ...still])] };
}

function unshownIn({ prefix }: ListedOverride, policy: PolicyAnswer, loaded: LoadedOverrides) {
  const winner = matchOverride(loaded, prefix);
  return names.flatMap((name): readonly UnshownField[] => {
    const wanted = winner?.fields?.[name];
    return wanted === undefined || wanted === policy[name]
      ? []
      : [{ prefix, name, stored: wanted, server: policy[name] }];
  });
}

function isSameField(one: UnshownField, other: UnshownField): boolean {
  return one.prefix === other.prefix && one.name === other.name;
}

/** The servers' own lists beside the document; a server that tells none says nothing. */
function listed(servers: readonly ServerFlags[], { overrides }: OverrideListing) {
  const lists = servers.flatMap(({ flags }) =>
    flags.flatMap(({ policy }) => (policy?.activeOverrides ? [policy.activeOverrides] : [])),
  );
  const held = new Set(overrides.filter(({ loaded }) => loaded !== null).map(({ prefix }) => prefix));
  const usable = overrides.filter(({ loaded }) => loaded?.fields != null).map(({ prefix }) => prefix);
  const told = new Set(lists.flat());
  return {
    missing: usable.filter((prefix) => lists.some((list) => !list.includes(prefix))),
    extra: [...told].filter((prefix) => !held.has(prefix)),
    isListed:
      servers.length > 0 &&
      servers.every(({ flags }) => flags.some(({ policy }) => policy?.activeOverrides)) &&
      lists.every((list) => isInOrder(list, usable)),
  };
}

/** True where what both name stands in the same order. */
function isInOrder(list: readonly string[], stored: readonly string[]): boolean {
  const [inList, inStored] = [new Set(list), new Set(stored)];
  const wanted = stored.filter((prefix) => inList.has(prefix));
  return list.filter((prefix) => inStored.has(prefix)).every((prefix, index) => prefix === wanted[index]);
}

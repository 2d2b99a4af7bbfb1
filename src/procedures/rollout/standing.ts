import type { Environment } from '../../domain/config/environment.js';
import { isPartOf } from '../../domain/operation/reference.js';
import type { HistoryBody, HistoryEntry } from '../../domain/override/history.js';
import { loadOverrides, matchOverride, type LoadedOverrides } from '../../domain/policy/matching.js';
import { meantNow, type Fallen, type FallenBy, type Meant } from '../../domain/rollout/standing.js';
import type { RolloutState } from '../../domain/rollout/state.js';
import type { StorePorts } from '../override/plan.js';
import { readHistory } from '../override/recorded.js';
import { takingBackOf } from './take-back.js';

/** A bucket's flag as it is set now. */
export interface FlagNow {
  /** `absent`: it is not set at all; `null`: nobody can tell here. */
  readonly value: boolean | 'absent' | null;
  /** Who set it last; `null`: nobody who told of it. */
  readonly last: Told | null;
}

/** A change as its record tells of it. */
type Told = Pick<HistoryBody, 'actor' | 'command' | 'partOf'>;

export interface StandingPorts extends Pick<StorePorts, 'store' | 'deadline'> {
  /** Each bucket's flag; `null`: overrides carry the shadow. */
  readonly flag: ((bucket: string) => FlagNow) | null;
}

/**
 * What of the stages that are said to be in force no longer stands in what is stored, bucket by bucket; empty: all of them
 * stand. What nobody can tell here counts as standing, and so does a bucket without routes where overrides carry the shadow.
 */
export async function fallenOf(
  ports: StandingPorts,
  environment: Pick<Environment, 'buckets'>,
  state: RolloutState,
): Promise<readonly Fallen[]> {
  const meant = meantNow(state);
  if (meant.length === 0) return [];
  return ports.flag === null
    ? fallenOverrides(ports, environment, state, meant)
    : fallenFlags(ports.flag, state, meant);
}

function fallenFlags(
  flag: NonNullable<StandingPorts['flag']>,
  state: RolloutState,
  meant: readonly Meant[],
): readonly Fallen[] {
  return meant.flatMap((each) => {
    const { value, last } = flag(each.bucket);
    return value === null || value === each.isShadow ? [] : [{ ...each, by: takerOf(last, state) }];
  });
}

async function fallenOverrides(
  { store, deadline }: StandingPorts,
  environment: Pick<Environment, 'buckets'>,
  state: RolloutState,
  meant: readonly Meant[],
): Promise<readonly Fallen[]> {
  const loaded = loadOverrides((await store.read(deadline)).bytes);
  const found = meant.flatMap((each) => {
    const routes = environment.buckets.get(each.bucket)?.routes ?? [];
    const prefixes = routes.flatMap((route) => inTheWayOf(loaded, route, each.isShadow));
    return prefixes.length === 0 ? [] : [{ meant: each, prefixes }];
  });
  if (found.length === 0) return [];
  const findAll = (entries: readonly HistoryEntry[]) =>
    found.map(({ prefixes }) => entries.find((entry) => isChangeOf(entry, prefixes)));
  const last = findAll(await readHistory({ store, deadline }, (read) => findAll(read).every(Boolean)));
  return found.map((each, index) => ({ ...each.meant, by: takerOf(last[index]?.body ?? null, state) }));
}

/** The prefixes that decide of a route which is not as it was meant: its own, and the one that wins; empty: it is as meant. */
function inTheWayOf(loaded: LoadedOverrides, route: string, isShadow: boolean): readonly string[] {
  const winner = matchOverride(loaded, route);
  if (winner?.fields?.isShadow === isShadow) return [];
  return winner === null ? [route] : [route, winner.prefix];
}

function isChangeOf({ kind, body }: HistoryEntry, prefixes: readonly string[]): boolean {
  return kind === 'change' && body?.routes.some(({ route }) => prefixes.includes(route)) === true;
}

/** What the rollout wrote itself was taken back past the history. */
function takerOf(last: Told | null, { id }: RolloutState): FallenBy | null {
  if (last === null) return null;
  const { actor, command, partOf } = last;
  const own = { kind: 'rollout', id } as const;
  return isPartOf(partOf, own) && !isPartOf(partOf, takingBackOf(own)) ? null : { actor, command };
}

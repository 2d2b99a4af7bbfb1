import type { Instance } from './instance.js';

/** How one instance came out of a fleet reload. */
export type ReloadState = 'done' | 'failed' | 'notTried';

/** One instance as it is kept. */
export interface KeptInstance extends Instance {
  readonly state: ReloadState;
}

/** The last fleet reload sent from this machine: what `--resume` goes on from. It holds no secret. */
export interface FleetReloadRecord {
  /** RFC 3339, by this machine's clock. */
  readonly at: string;
  /** The document's revision then; `null`: the proof was waived, and nothing tells what the instances hold. */
  readonly revision: string | null;
  readonly instances: readonly KeptInstance[];
  /** True: they were named, and are a part of the environment's; absent: they were all of it. */
  readonly isPart?: boolean;
}

const states: ReadonlySet<unknown> = new Set(['done', 'failed', 'notTried']);

/** Reads a kept record; `null`: it is none. */
export function parseFleetReloadRecord(text: string | null): FleetReloadRecord | null {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<Record<keyof FleetReloadRecord, unknown>> | null;
    if (typeof value !== 'object' || value === null) return null;
    const { at, revision, instances } = value;
    const isRecord =
      typeof at === 'string' &&
      !Number.isNaN(Date.parse(at)) &&
      (revision === null || typeof revision === 'string') &&
      Array.isArray(instances) &&
      instances.every(isKept);
    return isRecord ? (value as FleetReloadRecord) : null;
  } catch {
    return null;
  }
}

function isKept(value: unknown): boolean {
  const { name, origin, address, metricsUrl, state } = Object(value) as Record<keyof KeptInstance, unknown>;
  return (
    typeof name === 'string' &&
    typeof origin === 'string' &&
    URL.canParse(origin) &&
    new URL(origin).origin === origin &&
    [address, metricsUrl].every((each) => each === null || typeof each === 'string') &&
    states.has(state)
  );
}

/** The instances that a record leaves to do, in its order; where its proof was waived and one is wanted now, all of them. */
export function leftToDo({ instances, revision }: FleetReloadRecord, isVerified: boolean): readonly Instance[] {
  const isUnproven = revision === null && isVerified;
  return instances
    .filter(({ state }) => isUnproven || state !== 'done')
    .map(({ name, origin, address, metricsUrl }) => ({ name, origin, address, metricsUrl }));
}

/**
 * A record with what a later run came to laid over it. Instances that the run did not touch stay as they were, unless it
 * was about another document: then those that were done are to be done again.
 */
export function withOutcome(earlier: FleetReloadRecord | null, later: FleetReloadRecord): FleetReloadRecord {
  if (earlier === null) return later;
  const fresh = new Map(later.instances.map((each) => [each.name, each]));
  const isSame = earlier.revision === later.revision;
  const before = earlier.instances.map((each): KeptInstance => {
    const state = isSame || each.state !== 'done' ? each.state : 'notTried';
    return fresh.get(each.name) ?? { ...each, state };
  });
  const known = new Set(earlier.instances.map(({ name }) => name));
  return { ...later, instances: [...before, ...later.instances.filter(({ name }) => !known.has(name))] };
}

/** True where a run was about instances of the record alone: then it went on with a part of that fleet. */
export function isPartOf(later: Pick<FleetReloadRecord, 'instances'>, earlier: FleetReloadRecord): boolean {
  const known = new Set(earlier.instances.map(({ name }) => name));
  return later.instances.every(({ name }) => known.has(name));
}

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
  /** The document's revision then; `null`: it was not read. */
  readonly revision: string | null;
  readonly instances: readonly KeptInstance[];
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

/** The instances that a record leaves to do, in its order. */
export function leftToDo({ instances }: FleetReloadRecord): readonly Instance[] {
  return instances
    .filter(({ state }) => state !== 'done')
    .map(({ name, origin, address, metricsUrl }) => ({ name, origin, address, metricsUrl }));
}

/** A record with what a later run came to laid over it; instances that it did not touch stay as they were. */
export function withOutcome(earlier: FleetReloadRecord | null, later: FleetReloadRecord): FleetReloadRecord {
  if (earlier === null) return later;
  const fresh = new Map(later.instances.map((each) => [each.name, each]));
  return { ...later, instances: earlier.instances.map((each) => fresh.get(each.name) ?? each) };
}

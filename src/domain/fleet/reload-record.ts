import type { Instance } from './instance.js';

/** How one instance came out of a fleet reload. */
export type ReloadState = 'done' | 'failed' | 'notTried';

/** One instance as it is kept. */
export interface KeptInstance extends Instance {
  readonly state: ReloadState;
  /** When it refused the signature, RFC 3339; absent: it did not, or has accepted one since. */
  readonly signatureRefusedAt?: string;
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
  const { name, origin, address, metricsUrl, state, signatureRefusedAt } = Object(value) as Record<
    keyof KeptInstance,
    unknown
  >;
  return (
    typeof name === 'string' &&
    typeof origin === 'string' &&
    URL.canParse(origin) &&
    new URL(origin).origin === origin &&
    [address, metricsUrl].every((each) => each === null || typeof each === 'string') &&
    states.has(state) &&
    (signatureRefusedAt === undefined || typeof signatureRefusedAt === 'string')
  );
}

/** The instances that refused the signature when they were last reloaded from here, each with when, RFC 3339. */
export type RefusedSignatures = ReadonlyMap<string, string>;

export function refusedSignatures(record: FleetReloadRecord | null): RefusedSignatures {
  return new Map(
    (record?.instances ?? []).flatMap(({ name, signatureRefusedAt: at }) => (at === undefined ? [] : [[name, at]])),
  );
}

/** What a signed reload came to at one instance. */
export interface SignatureAnswer {
  /** As it was addressed: its name, or its origin. */
  readonly target: string;
  /** True: it accepted the signature. False: it refused it. Any other answer says nothing of it. */
  readonly isAccepted: boolean;
}

/** A record with what its instances have said to the signature since; the same record where that is no news. */
export function withAnswers(
  record: FleetReloadRecord,
  answers: readonly SignatureAnswer[],
  at: string,
): FleetReloadRecord {
  const said = new Map(answers.map(({ target, isAccepted }) => [target, isAccepted]));
  const instances = record.instances.map((each): KeptInstance => {
    const isAccepted = said.get(each.name) ?? (each.address === null ? said.get(each.origin) : undefined);
    if (isAccepted === undefined || isAccepted === (each.signatureRefusedAt === undefined)) return each;
    const { signatureRefusedAt: _before, ...rest } = each;
    return isAccepted ? rest : { ...rest, signatureRefusedAt: at };
  });
  return instances.every((each, index) => each === record.instances[index]) ? record : { ...record, instances };
}

/** What it says of several. */
export const refusedBefore = 'refused the signature when last reloaded from here';

/** What it says of one. */
export function refusedText(at: string): string {
  return `it refused the signature when it was last reloaded from here, at ${at}`;
}

/** What that means for one that is in step all the same. */
export const nextFails = 'the next reload or change fails there';

/** A reload alone would be refused again. */
export const refusedCure =
  'compare the CONFIG_RELOAD_SECRET there with the secret of this environment, restart that server, then run: rlctl reload';

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

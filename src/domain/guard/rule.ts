import type { Need } from '../demand.js';
import type { FreezeWindow } from './freeze.js';

/** The numbers of a policy that a guard can bound. */
export type GuardField = 'ratePerMin' | 'burst' | 'windowSeconds';

export const guardFields = ['ratePerMin', 'burst', 'windowSeconds'] as const satisfies readonly GuardField[];

const fieldNames = { ratePerMin: 'rate', burst: 'burst', windowSeconds: 'window' } as const;

/** The name of a field as people write it. */
export function fieldName(field: GuardField): (typeof fieldNames)[GuardField] {
  return fieldNames[field];
}

/** Both ends are allowed; `null`: that side is open. */
export interface Bounds {
  readonly min: number | null;
  readonly max: number | null;
}

/** What a guard may want a change to carry. */
export type GuardRequirement = Need;

/** One rule of the configuration: what it is about, and what it does not let happen there. */
export interface GuardRule {
  /** Unique in its environment. */
  readonly name: string;
  /** Its position in the list, from 0. */
  readonly index: number;
  /** Where it stands: `/etc/rlctl.yaml: environments.prod.guards[0]`. */
  readonly place: string;
  /** The buckets it is about, by any of their names; `null`: not told by bucket. */
  readonly buckets: readonly string[] | null;
  /** The route prefixes it is about; `null`: not told by route. Neither: everything. */
  readonly routes: readonly string[] | null;
  /** The commands it is about; `null`: every change. */
  readonly commands: readonly string[] | null;
  /** Bounds of what an override sets, as the server reads it. */
  readonly bounds: ReadonlyMap<GuardField, Bounds>;
  /** Greatest factor of change, both ways, from 1. */
  readonly factors: ReadonlyMap<GuardField, number>;
  /** What an override must never do there; `null`: both are allowed. */
  readonly never: 'enforce' | 'shadow' | null;
  readonly requirements: readonly GuardRequirement[];
  /** Times in which nothing may be changed; empty: none. */
  readonly freeze: readonly FreezeWindow[];
  /** True: what it is about may not be done at all. */
  readonly isDenied: boolean;
  /** The commands that alone may change it; `null`: all may. */
  readonly only: readonly string[] | null;
  /** False: `--override-guard` does not help. */
  readonly isOverridable: boolean;
}

/** True for a rule that is about everything in its environment. */
export function isUnscoped({ buckets, routes }: Pick<GuardRule, 'buckets' | 'routes'>): boolean {
  return buckets === null && routes === null;
}

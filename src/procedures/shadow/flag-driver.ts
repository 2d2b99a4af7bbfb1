import type { BucketNames } from '../../domain/config/bucket-names.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import type { FlagFlip } from '../../domain/shadow/flag-flip.js';
import type { LineChange } from '../../domain/shadow/env-file.js';
import type { Step } from '../step.js';

/** One bucket's flag as somebody wants it. */
export interface FlagWish {
  readonly bucket: BucketNames;
  readonly isOn: boolean;
  /** What the last `shadow on` found and did, for the way off; `null`: nothing is recorded. */
  readonly record: FlagRecord | null;
  /** What every address says of it now; `null`: they do not say the same, were not asked, or do not tell. */
  readonly serverSays: boolean | null;
  /** What was set from here and has not been shown in force; `null`: nothing. */
  readonly pending: FlagFlip | null;
  /**
   * `value`: that value itself, whatever was recorded. A record: exactly what stood before it, and nothing where it stands
   * already. Absent: as `shadow on` and `shadow off` do it.
   */
  readonly exactly?: 'value' | FlagRecord;
}

/** One flag as a driver will set it. */
export interface PlannedFlag {
  readonly bucket: BucketNames;
  readonly variable: string;
  /** The value's exact text before, or what the server makes of it; `null`: absent. `undefined`: nobody can tell. */
  readonly before: string | null | undefined;
  /** The value's exact text after; `null`: absent. */
  readonly after: string | null;
  /** What the server should say then; `null`: the bucket has no flag of its own any more. */
  readonly isShadow: boolean | null;
  /** False: it already is as wanted, and nothing is done. */
  readonly isChanged: boolean;
  /** The change of one line of a file; `null`: there is none. */
  readonly line: LineChange | null;
  /** The program with its arguments; `null`: none is run. */
  readonly argv: readonly string[] | null;
  /** Why the server may read what is set otherwise than it is meant, a half sentence; absent: nothing is known. */
  readonly doubt?: string;
  readonly remarks: readonly string[];
}

/** A way to flip flags: an env file or a program. */
export interface FlagDriver {
  readonly kind: 'env-file' | 'exec';
  /** The file's path, or the program. */
  readonly place: string;
  /** What would be done, in the order of the wishes; changes nothing. Throws where it cannot be. */
  plan(wishes: readonly FlagWish[]): Promise<readonly PlannedFlag[]>;
  /**
   * Does what was planned for the wishes. Throws while nothing has been changed: `conflict` where a flag is not as it was
   * planned on. What failed after something was changed is a failed step.
   */
  apply(wishes: readonly FlagWish[], planned: readonly PlannedFlag[]): Promise<readonly Step[]>;
}

/** The remark of `shadow off` where there is nothing to restore: what that comes to is never left unsaid. */
export function noRecordRemark(bucket: string): string {
  return `no "shadow on" that still stands is recorded for ${bucket}: its flag is set to false, so it ENFORCES, also where global shadow is on`;
}

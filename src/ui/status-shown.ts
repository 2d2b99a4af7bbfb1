import type { Environment } from '../domain/config/environment.js';
import type { ReloadRecord } from '../domain/reload-record.js';
import type { FlagFlip } from '../domain/shadow/flag-flip.js';
import type { Status } from '../procedures/status/status.js';
import type { Theme } from './theme.js';

/** What is known of an environment, as it is shown. */
export interface StatusShown {
  readonly status: Status;
  readonly environment: Environment;
  /** The last reload sent from this machine; `null`: none that is known. */
  readonly reload: ReloadRecord | null;
  /** The flags that this machine set last through an env file or a program; empty: none that is known. */
  readonly flips: readonly FlagFlip[];
  readonly nowMs: number;
}

/** The same, as it is drawn. */
export interface PaintedStatus extends StatusShown {
  readonly theme: Theme;
}

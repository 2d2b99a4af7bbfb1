import type { Environment } from '../../domain/config/environment.js';
import type { ExitName } from '../../domain/exit-codes.js';
import type { PanicWay } from '../../domain/panic/target.js';
import type { Effect } from '../../procedures/effect.js';
import type { View } from '../../ui/view.js';

/** What acting by one of the ways came to. */
export interface Acted {
  readonly way: PanicWay;
  readonly environment: Environment;
  /** The change and its proof. */
  readonly view: View;
  readonly exit: ExitName;
  readonly effect: Effect;
  /** False: everything already was as wanted, and there is nothing to restore. */
  readonly isChanged: boolean;
  /** The command that puts back what was; `null`: nothing was changed. */
  readonly restore: string | null;
  /** `null`: it changed nothing that the override history keeps. */
  readonly changeId: string | null;
  readonly routes: readonly string[];
  /** What is left to people with access to the platform; empty: nothing. */
  readonly manualSteps: readonly string[];
}

/** With --dry-run there is the plan alone. */
export type PanicMade = { readonly planned: View } | { readonly acted: Acted };

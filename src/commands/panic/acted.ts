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
  /** The same, where decisions show what the proof alone does not; absent: they would change nothing of it. */
  readonly shown?: Pick<Acted, 'view' | 'exit'>;
  /** The open panic by which it is known; `null`: none, because nothing was changed or nothing could be recorded. */
  readonly panicId: string | null;
  /** True: it is a panic that was not there before. */
  readonly isNew: boolean;
  /** True: everything was as wanted already, and it changed nothing. */
  readonly isFound: boolean;
  /** How a reload that was left out is had, in words with its command; absent: by the plain one. */
  readonly nextReload?: string;
  /** The command that puts back what was; `null`: there is nothing to put back. */
  readonly restore: string | null;
  /** `null`: it changed nothing that the override history keeps. */
  readonly changeId: string | null;
  readonly routes: readonly string[];
  /** What is left to people with access to the platform, where this does not help; empty: nothing. */
  readonly manualSteps: readonly string[];
}

/** With --dry-run there is the plan alone. */
export type PanicMade = { readonly planned: View } | { readonly acted: Acted };

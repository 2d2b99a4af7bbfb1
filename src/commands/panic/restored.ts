import type { ExitName } from '../../domain/exit-codes.js';
import type { KeptPanic } from '../../domain/panic/kept.js';
import type { Panic } from '../../domain/panic/panics.js';
import type { Verdict } from '../../domain/proof/proof.js';
import type { View } from '../../ui/view.js';
import type { MutationInput } from '../mutation.js';

/** Which panic is to be taken back, among all that are recorded. */
export interface ToRestore {
  readonly panic: Panic;
  /** Newest first. */
  readonly panics: readonly Panic[];
  /** As they are kept beside the history. */
  readonly kept: readonly KeptPanic[];
  readonly mutation: MutationInput;
}

/** What taking a panic back came to; with --dry-run its plan alone. */
export type Restored =
  | { readonly planned: View }
  | {
      readonly view: View;
      readonly exit: ExitName;
      /** `null`: nothing that the override history keeps. */
      readonly changeId: string | null;
      /** `null`: nothing had to be written, so there is nothing to prove. */
      readonly verdict: Verdict | null;
    };

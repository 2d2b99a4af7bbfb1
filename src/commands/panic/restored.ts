import type { ExitName } from '../../domain/exit-codes.js';
import type { Verdict } from '../../domain/proof/proof.js';
import type { View } from '../../ui/view.js';

/** What taking a panic back came to; with --dry-run its plan alone. */
export type Restored =
  | { readonly planned: View }
  | {
      readonly view: View;
      readonly exit: ExitName;
      /** `null`: nothing that the override history keeps. */
      readonly changeId: string | null;
      readonly verdict: Verdict;
    };

import { RlctlError } from '../../domain/errors.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { panicsIn, type Panic, type Present } from '../../domain/panic/panics.js';
import { presentIn } from '../../domain/panic/present.js';
import type { KeptPanic } from '../../domain/panic/kept.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { StorePorts } from '../override/plan.js';
import { readHistory } from '../override/recorded.js';
import { keptPanics, type KeepPorts } from './keep.js';

/** The panics that are recorded. */
export interface RecordedPanics {
  /** Newest first, judged by what stands now. */
  readonly panics: readonly Panic[];
  /** The whole override history, newest first. */
  readonly history: readonly HistoryEntry[];
  /** As they are kept beside the history. */
  readonly kept: readonly KeptPanic[];
  /** Why what stands beside the history is not known; `null`: it is. */
  readonly failure: RlctlError | null;
}

/**
 * Every panic that is recorded, in the override history or beside it, judged by what stands now. Throws where the history
 * cannot be read; what stands beside it must not keep anybody from taking back what the history tells. `stored`: the
 * document, where it was read already.
 */
export async function allPanics(
  ports: Pick<StorePorts, 'store'> & KeepPorts,
  flagText: Present['flagText'],
  stored: StoredOverrides | null = null,
): Promise<RecordedPanics> {
  const [history, kept, now] = await Promise.all([
    readHistory(ports, () => false),
    keptPanics(ports).catch((error: unknown) => {
      if (error instanceof RlctlError) return error;
      throw error;
    }),
    stored ?? ports.store.read(ports.deadline),
  ]);
  const failure = kept instanceof RlctlError ? kept : null;
  const known = kept instanceof RlctlError ? [] : kept;
  return { panics: panicsIn({ history, kept: known }, presentIn(now.bytes, flagText)), history, kept: known, failure };
}

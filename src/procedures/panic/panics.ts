import { RlctlError } from '../../domain/errors.js';
import type { HistoryEntry } from '../../domain/override/history.js';
import { panicsIn, type Panic, type Present } from '../../domain/panic/panics.js';
import { presentIn } from '../../domain/panic/present.js';
import type { KeptPanic } from '../../domain/panic/kept.js';
import type { FlagFlip } from '../../domain/shadow/flag-flip.js';
import { flagKey, type KnownFlip } from '../../domain/shadow/flip-log.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { StorePorts } from '../override/plan.js';
import { readHistory } from '../override/recorded.js';
import { flipLog } from '../shadow/flip-log.js';
import { keptPanics, type KeepPorts } from './keep.js';

/** The panics that are recorded. */
export interface RecordedPanics {
  /** Newest first, judged by what stands now. */
  readonly panics: readonly Panic[];
  /** The whole override history, newest first. */
  readonly history: readonly HistoryEntry[];
  /** As they are kept beside the history. */
  readonly kept: readonly KeptPanic[];
  /** What they were judged by. */
  readonly stored: StoredOverrides;
  readonly flagText: Present['flagText'];
  /** Why what stands beside the history is not known; `null`: it is. */
  readonly failure: RlctlError | null;
}

/** What panics are told by. */
export interface PanicPorts extends Pick<StorePorts, 'store'>, KeepPorts {
  /** What this machine set last of each flag; absent: it is not asked. */
  readonly ownFlips?: readonly FlagFlip[];
}

/**
 * Every panic that is recorded, in the override history or beside it, judged by what stands now. Throws where the history
 * cannot be read; what stands beside it must not keep anybody from taking back what the history tells. `stored`: the
 * document, where it was read already.
 */
export async function allPanics(
  ports: PanicPorts,
  flagText: Present['flagText'],
  stored: StoredOverrides | null = null,
): Promise<RecordedPanics> {
  const [history, kept, now, told] = await Promise.all([
    readHistory(ports, () => false),
    keptPanics(ports).catch((error: unknown) => {
      if (error instanceof RlctlError) return error;
      throw error;
    }),
    stored ?? ports.store.read(ports.deadline),
    flipLog(ports).catch((error: unknown) => {
      if (error instanceof RlctlError) return [];
      throw error;
    }),
  ]);
  const failure = kept instanceof RlctlError ? kept : null;
  const known = kept instanceof RlctlError ? [] : kept;
  const present = presentIn(now.bytes, flagText);
  const flips = withOwn(told, ports.ownFlips ?? []);
  const panics = panicsIn({ history, kept: known, flips }, present);
  return { panics, history, kept: known, stored: now, flagText, failure };
}

/** In the order in which they were told, then those that Redis did not take; of what was only begun the file tells. */
function withOwn(told: readonly KnownFlip[], own: readonly FlagFlip[]): readonly KnownFlip[] {
  const isSame = (one: FlagFlip, other: FlagFlip): boolean => flagKey(one) === flagKey(other) && one.at === other.at;
  const made = told.filter(({ isBegun }) => isBegun !== true);
  return [...made, ...own.filter((flip) => !made.some((each) => isSame(each, flip)))];
}

import { RlctlError } from '../../domain/errors.js';
import { keptAsPanic, recordedPanics, type Panic } from '../../domain/panic/panics.js';
import type { StorePorts } from '../override/plan.js';
import { readHistory } from '../override/recorded.js';
import { keptPanics, type KeepPorts } from './keep.js';

/** The panics that are recorded. */
export interface RecordedPanics {
  /** Newest first. */
  readonly panics: readonly Panic[];
  /** Why those that acted outside the document are not among them; `null`: they are. */
  readonly failure: RlctlError | null;
}

/**
 * Every panic that is recorded, in the override history or beside it. Throws where the history cannot be read; what stands
 * beside it must not keep anybody from taking back what the history tells.
 */
export async function allPanics(ports: Pick<StorePorts, 'store'> & KeepPorts): Promise<RecordedPanics> {
  const [history, kept] = await Promise.all([
    readHistory(ports, () => false),
    keptPanics(ports).catch((error: unknown) => {
      if (error instanceof RlctlError) return error;
      throw error;
    }),
  ]);
  const others = kept instanceof RlctlError ? [] : kept.map(keptAsPanic);
  const panics = [...recordedPanics(history), ...others].sort((a, b) => b.atMs - a.atMs);
  return { panics, failure: kept instanceof RlctlError ? kept : null };
}

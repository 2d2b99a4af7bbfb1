import { keptAsPanic, recordedPanics, type Panic } from '../../domain/panic/panics.js';
import type { StorePorts } from '../override/plan.js';
import { readHistory } from '../override/recorded.js';
import { keptPanics, type KeepPorts } from './keep.js';

/** Every panic that is recorded, in the override history or beside it, newest first. Throws what Redis throws. */
export async function allPanics(ports: Pick<StorePorts, 'store'> & KeepPorts): Promise<readonly Panic[]> {
  const [history, kept] = await Promise.all([readHistory(ports, () => false), keptPanics(ports)]);
  return [...recordedPanics(history), ...kept.map(keptAsPanic)].sort((a, b) => b.atMs - a.atMs);
}

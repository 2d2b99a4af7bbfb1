import { parseDurationMs } from '../duration.js';
import { usageError } from '../errors.js';
import { defaultHistoryLimits, type HistoryLimits } from '../override/history.js';
import type { EnvironmentFile } from './schema.js';

const leastMs = 3_600_000;

/** Reads the section `history` of an environment. Throws usage errors that name the key. */
export function historyLimits(file: EnvironmentFile['history'] | null, place: string): HistoryLimits {
  const { entries, ageMs } = defaultHistoryLimits;
  return {
    entries: file?.entries ?? entries,
    ageMs: file?.age === undefined ? ageMs : checkedAge(file.age, `${place}.age`),
  };
}

function checkedAge(text: string, place: string): number {
  const ms = parseDurationMs(text, place);
  if (ms >= leastMs) return ms;
  throw usageError(`${place}: ${text} would leave no history to undo from`, 'Give at least 1h; 90d is usual.');
}

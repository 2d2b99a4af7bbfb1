import { formatDuration } from '../domain/duration.js';

/** A time as a person reads it beside its exact form: `5m 3s ago`, `in 2h`. */
export function relativeTime(timeMs: number, nowMs: number): string {
  const distance = Math.abs(nowMs - timeMs);
  if (distance < 1000) return 'now';
  return timeMs <= nowMs ? `${formatDuration(distance)} ago` : `in ${formatDuration(distance)}`;
}

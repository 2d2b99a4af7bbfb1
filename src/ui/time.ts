import { formatDuration } from '../domain/duration.js';

/** A time in its exact form; `null`: there is none, or nothing that is a time. */
export function isoTime(ms: number | null | undefined): string | null {
  return typeof ms === 'number' && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
}

/** A time as a person reads it beside its exact form: `5m 3s ago`, `in 2h`. */
export function relativeTime(timeMs: number, nowMs: number): string {
  const distance = Math.abs(nowMs - timeMs);
  if (distance < 1000) return 'now';
  return timeMs <= nowMs ? `${formatDuration(distance)} ago` : `in ${formatDuration(distance)}`;
}

/** The time of day, to the second, for what is about today: `10:46:10Z`. */
export function clockTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 19)}Z`;
}

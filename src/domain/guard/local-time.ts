/** A wall clock's reading: no zone, no summer time. Months from 1. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** True for a name of the IANA time zone database, in any case: `Europe/Berlin`, `UTC`. */
export function isTimeZone(zone: string): boolean {
  // An offset (`+02:00`) is a zone to some versions of Intl; it knows no summer time, which is what a name is for.
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** What the clock on the wall shows at a moment (epoch milliseconds); seconds are left off. */
export type WallClock = (ms: number) => LocalTime;

/** The clock of a zone. Making one takes a hundred times as long as reading it, so it is worth keeping. */
export function wallClock(zone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (ms) => {
    const parts = format.formatToParts(ms);
    const read = (type: Intl.DateTimeFormatPartTypes): number =>
      Number(parts.find((part) => part.type === type)?.value);
    return { year: read('year'), month: read('month'), day: read('day'), hour: read('hour'), minute: read('minute') };
  };
}

/** The reading as if it were one in UTC: for arithmetic with days that have 24 hours. */
export function civilMs({ year, month, day, hour, minute }: LocalTime): number {
  return Date.UTC(year, month - 1, day, hour, minute);
}

/** The reading that `civilMs` would give this number for. */
export function localTimeOf(civil: number): LocalTime {
  const date = new Date(civil);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
}

/**
 * The moments at which a wall clock shows a time, the earliest and the latest, epoch milliseconds: the same
 * on most days, an hour apart where a clock was set back and showed it twice. A time that a clock skipped is between the
 * moments that it has by the offset before and after.
 */
export function momentsOf(local: LocalTime, clock: WallClock): { readonly earliest: number; readonly latest: number } {
  const civil = civilMs(local);
  const offsets = [civil - dayMs, civil + dayMs].map((ms) => offsetMs(ms, clock));
  const candidates = offsets.map((offset) => civil - offset);
  const shown = candidates.filter((ms) => civilMs(clock(ms)) === civil);
  const moments = shown.length > 0 ? shown : candidates;
  return { earliest: Math.min(...moments), latest: Math.max(...moments) };
}

/** How far the wall clock is ahead of UTC, milliseconds. */
function offsetMs(ms: number, clock: WallClock): number {
  const whole = Math.floor(ms / minuteMs) * minuteMs;
  return civilMs(clock(whole)) - whole;
}

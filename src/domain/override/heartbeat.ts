import type { Revision } from '../revision.js';

/** What a run of `override expire` leaves, so that others know that somebody applies ends. */
export interface Heartbeat {
  /** Server time of the run, epoch milliseconds. */
  readonly atMs: number;
  /** Who ran it. */
  readonly by: string;
  /** How often it runs, seconds; `null`: it did not say. */
  readonly everySeconds: number | null;
  /** The revision that the servers were last seen to reload after an end was applied; `null`: none so far. */
  readonly reloaded: Revision | null;
}

/** Reads what is stored; `null`: nothing is, or nothing that makes sense. Never throws. */
export function parseHeartbeat(text: string | null): Heartbeat | null {
  if (text === null) return null;
  try {
    const { atMs, by, everySeconds, reloaded } = JSON.parse(text) as Partial<Record<keyof Heartbeat, unknown>>;
    if (typeof atMs !== 'number' || !(Math.abs(atMs) <= 8.64e15)) return null;
    const isPeriod = typeof everySeconds === 'number' && everySeconds > 0;
    return {
      atMs,
      by: typeof by === 'string' ? by : 'unknown',
      everySeconds: isPeriod ? everySeconds : null,
      reloaded: typeof reloaded === 'string' ? reloaded : null,
    };
  } catch {
    return null;
  }
}

/** The text to store. */
export function serialiseHeartbeat(heartbeat: Heartbeat): string {
  return JSON.stringify({ v: 1, ...heartbeat });
}

const unknownPeriodMs = 15 * 60_000;

/** True where somebody applies ends: the last run is not older than three periods, or 15 minutes where none is known. */
export function isRecent({ atMs, everySeconds }: Heartbeat, nowMs: number): boolean {
  return nowMs - atMs <= (everySeconds === null ? unknownPeriodMs : 3 * everySeconds * 1000);
}

import type { Revision } from '../revision.js';

/** What a run of `override expire` leaves, so that others know that somebody applies ends. */
export interface Heartbeat {
  /** Server time of the run, epoch milliseconds. */
  readonly atMs: number;
  /** Who ran it. */
  readonly by: string;
  /** How often it runs, seconds; `null`: it did not say. */
  readonly everySeconds: number | null;
  /** Server time of the run before by the same, where neither said how often it runs; `null`: there was none. */
  readonly previousMs: number | null;
  /** The revision that the servers were last seen to reload after an end was applied; `null`: none so far. */
  readonly reloaded: Revision | null;
}

/** Reads what is stored; `null`: nothing is, or nothing that makes sense. Never throws. */
export function parseHeartbeat(text: string | null): Heartbeat | null {
  if (text === null) return null;
  try {
    const { atMs, by, everySeconds, previousMs, reloaded } = JSON.parse(text) as Partial<
      Record<keyof Heartbeat, unknown>
    >;
    if (typeof atMs !== 'number' || !(Math.abs(atMs) <= 8.64e15)) return null;
    const isPeriod = typeof everySeconds === 'number' && everySeconds > 0;
    return {
      atMs,
      by: typeof by === 'string' ? by : 'unknown',
      everySeconds: isPeriod ? everySeconds : null,
      previousMs: typeof previousMs === 'number' && previousMs < atMs ? previousMs : null,
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

/** Runs closer together than this are one: somebody tried twice, or two of them ran at once. */
const sameRunMs = 10_000;
/** Nobody runs something by hand twice at this distance and means a rhythm; a crontab is read that way. */
const longestRhythmMs = 65 * 60_000;

/** A run that applies ends. */
export type ExpiryRun = Omit<Heartbeat, 'previousMs'>;

/**
 * What a run leaves where `earlier` is stored. What applies ends again and again is not hidden by a run by hand: its mark
 * stays, and takes over no more than what was reloaded.
 */
export function nextHeartbeat(earlier: Heartbeat | null, run: ExpiryRun): Heartbeat {
  const reloaded = run.reloaded ?? earlier?.reloaded ?? null;
  if (earlier !== null && isBeside(earlier, run)) return { ...earlier, reloaded };
  return { ...run, previousMs: previousRunMs(earlier, run), reloaded };
}

/** True of a run by hand while somebody else, or what said how often it runs, applies ends. */
function isBeside(earlier: Heartbeat, { atMs, by, everySeconds }: ExpiryRun): boolean {
  if (everySeconds !== null || !isAttended(earlier, atMs)) return false;
  return earlier.everySeconds !== null || earlier.by !== by;
}

/** The time of the run before that a new heartbeat keeps, so that two of them show how often something runs. */
function previousRunMs(earlier: Heartbeat | null, run: ExpiryRun): number | null {
  if (earlier === null || run.everySeconds !== null || earlier.everySeconds !== null || earlier.by !== run.by)
    return null;
  return run.atMs - earlier.atMs < sameRunMs ? earlier.previousMs : earlier.atMs;
}

/**
 * How often ends are applied, milliseconds: what the run said, else what two runs show. `null`: it was run once, by hand,
 * and nothing tells that it will be run again.
 */
export function periodMs({ atMs, everySeconds, previousMs }: Heartbeat): number | null {
  if (everySeconds !== null) return everySeconds * 1000;
  const shown = previousMs === null ? null : atMs - previousMs;
  return shown !== null && shown <= longestRhythmMs ? shown : null;
}

/** True where somebody applies ends again and again: the last run is not older than three periods. */
export function isAttended(heartbeat: Heartbeat, nowMs: number): boolean {
  const period = periodMs(heartbeat);
  return period !== null && nowMs - heartbeat.atMs <= 3 * period;
}

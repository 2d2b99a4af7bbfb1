import type { Figure } from '../../domain/incident/figures.js';
import type { Incident } from '../../domain/incident/incident.js';
import type { TimelineItem } from '../../domain/incident/timeline.js';

/** Everything that is known of an incident: what a page of it is made from. */
export interface IncidentReport {
  readonly incident: Incident;
  /** In the order of time. */
  readonly timeline: readonly TimelineItem[];
  /** One for each stretch of time with changes in it; empty: there was no change, or there are no figures. */
  readonly figures: readonly Figure[];
  /** Why there are no figures; `null`: there are, or nothing was changed. */
  readonly withoutFigures: string | null;
  /** True: the history does not reach back to the start. */
  readonly isCut: boolean;
  /** By the Redis server's clock, epoch milliseconds. */
  readonly nowMs: number;
}

import type { Figure } from '../../domain/incident/figures.js';
import type { Incident } from '../../domain/incident/incident.js';
import type { FlagDeed } from '../../domain/incident/operation-flags.js';
import { timelineOf, type TimelineItem } from '../../domain/incident/timeline.js';
import { documentOf, windowOf, type IncidentHistory } from '../../domain/incident/window.js';
import type { Reach } from '../../domain/operation/origin.js';
import type { Verdict } from '../../domain/proof/proof.js';
import type { Revision } from '../../domain/revision.js';
import type { KnownFlip } from '../../domain/shadow/flip-log.js';
import type { StorePorts } from '../override/plan.js';
import { readIncidentHistory } from './history.js';

/** Everything that was done in an incident. */
export interface IncidentStory {
  readonly incident: Incident;
  /** In the order of time. */
  readonly timeline: readonly TimelineItem[];
  /** True: the history does not reach back to the start. */
  readonly isCut: boolean;
  /** By the Redis server's clock, epoch milliseconds. */
  readonly nowMs: number;
  /** Of the document that it was told from. */
  readonly revision: Revision;
}

/** The same with what the limiter decided meanwhile: what a page of it is made from. */
export interface IncidentReport extends IncidentStory {
  /** One for each stretch of time with changes in it; empty: there was no change, or there are no figures. */
  readonly figures: readonly Figure[];
  /** Why there are no figures; `null`: there are, or nothing was changed. */
  readonly withoutFigures: string | null;
}

/** What is known beside the history. */
export interface OtherKnowledge {
  /** Flags that were set past the document, oldest first. */
  readonly flips: readonly KnownFlip[];
  /** The same of operations, as Redis keeps it. */
  readonly deeds: readonly FlagDeed[];
  /** By what flags are set from here. */
  readonly reach: Reach;
  /** What proofs said of the document of a revision. */
  readonly verdicts: ReadonlyMap<Revision, Verdict>;
}

/** Reads what was done from an incident's start to its end, or to now. */
export async function readStory(
  ports: Pick<StorePorts, 'store' | 'deadline'>,
  incident: Incident,
  known: OtherKnowledge,
): Promise<IncidentStory> {
  const stored = await ports.store.read(ports.deadline);
  return storyOf(incident, await readIncidentHistory(ports, incident, stored), known);
}

/** What was done from an incident's start to its end, or to the moment that the history was read. */
export function storyOf(incident: Incident, history: IncidentHistory, known: OtherKnowledge): IncidentStory {
  const window = windowOf(incident, history);
  const documents = documentOf(incident, history);
  const flips = flipsOf(incident, known);
  const sources = { window, documents, entries: history.entries, flips, deeds: known.deeds, verdicts: known.verdicts };
  return {
    incident,
    timeline: timelineOf(incident, sources),
    isCut: window.isCut,
    nowMs: history.nowMs,
    revision: history.revision,
  };
}

/** What was known at the end where it was ended, and what is known here; how flags were put back then is no part of it. */
function flipsOf({ end }: Incident, { flips }: OtherKnowledge): readonly KnownFlip[] {
  if (end === null) return flips;
  const others = flips.filter(({ bucket }) => !end.flags.includes(bucket));
  return [...new Map([...end.flips, ...others].map((flip) => [`${flip.bucket} ${flip.at}`, flip])).values()];
}

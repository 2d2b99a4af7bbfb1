import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import {
  deedsElsewhere,
  flagsBegun,
  flagsToProve,
  flagsToRestore,
  judgedDeeds,
  recordsWithin,
} from '../../domain/incident/flag-restoration.js';
import type { FlagsHere, FlagToRestore, Incident } from '../../domain/incident/incident.js';
import type { FlagDeed } from '../../domain/incident/operation-flags.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import type { IncidentHistory } from '../../domain/incident/window.js';
import { historyBy } from '../../procedures/incident/history.js';
import { storyOf, type IncidentStory, type OtherKnowledge } from '../../procedures/incident/report.js';
import type { IncidentPorts } from '../../procedures/incident/stored.js';
import type { RecordedPanics } from '../../procedures/panic/panics.js';
import { recordedPanics } from '../panic/kept.js';
import { flagsHere } from '../shadow/flips.js';
import { otherKnowledge } from './ports.js';

/** An incident as it stands at one moment, and what its end would have to do about flags and panics. */
export interface Seen {
  readonly story: IncidentStory;
  /** What the story was told by. */
  readonly history: IncidentHistory;
  readonly known: OtherKnowledge;
  /** Every panic, judged by the same moment. */
  readonly recorded: RecordedPanics;
  /** The flags that can be put back from here. */
  readonly flags: readonly FlagToRestore[];
  readonly here: FlagsHere;
  /** What stood in place of flags at the start, by bucket, also where exactly that stands there again; of a file alone. */
  readonly records: ReadonlyMap<string, FlagRecord>;
  /** What has to be taken back by its own command first. */
  readonly elsewhere: readonly FlagDeed[];
}

/** Reads everything once: the document, the whole history, and what is kept beside it. Throws where any of it cannot be read. */
export async function look(
  context: Context,
  environment: Environment,
  ports: IncidentPorts,
  incident: Incident,
): Promise<Seen> {
  // The history is read after the document, and so is never behind it.
  const stored = await ports.store.read(ports.deadline);
  const recorded = await recordedPanics(context, environment, stored);
  // Who does not know of a panic would leave its flags set.
  if (recorded.failure !== null) throw recorded.failure;
  const [told, here] = await Promise.all([
    otherKnowledge(context, environment, ports, recorded.kept),
    flagsHere(context, environment),
  ]);
  const { over, returned, ...judged } = judgedBy(recorded, { incident, told, here });
  const known = { ...told, ...judged };
  const history = historyBy(stored, recorded.history);
  const story = storyOf(incident, history, known);
  const changed = flagsToRestore(incident, known.flips, here);
  const open = [...changed, ...flagsToProve(incident, { deeds: over, flips: known.flips }, changed, here)];
  const flags = [...open, ...flagsBegun(incident, open, here)];
  const elsewhere = deedsElsewhere(incident, known, flags, here);
  const records = new Map([...returned, ...recordsWithin(incident, known.flips, here)]);
  return { story, history, known, recorded, flags, here, records, elsewhere };
}

interface Judged {
  readonly deeds: readonly FlagDeed[];
  /** The deeds of panics that are over though nobody has recorded it: an end that was cut off may have put them back. */
  readonly over: readonly FlagDeed[];
  /** What stood in place of flags before panics, by bucket, where exactly that stands there again. */
  readonly returned: Seen['records'];
}

/** What panics did by flags, judged as the list of panics is. */
function judgedBy(
  { panics, kept, flagText }: RecordedPanics,
  { incident, told, here }: { readonly incident: Incident; readonly told: OtherKnowledge; readonly here: FlagsHere },
): Judged {
  const { deeds } = told;
  const isWithin = ({ atMs }: { readonly atMs: number }): boolean => atMs >= incident.start.atMs;
  const judged = judgedDeeds(told, panics, here);
  const over = deeds.filter((deed, index) => deed.isStanding && judged[index]?.isStanding === false);
  const begun = incident.ending?.panics ?? [];
  const ids = new Set([...over.map(({ operation }) => operation?.id), ...begun.map(({ id }) => id)]);
  const returned = kept
    .filter((panic) => ids.has(panic.id) && isWithin(panic))
    .flatMap(({ flags }) => flags)
    .flatMap((flag) => {
      const { bucket, record } = flag;
      const isBack = bucket !== null && flag.isFound !== true && flagText(flag) === record.before;
      return isBack ? [[bucket, record] as const] : [];
    });
  return { deeds: judged, over, returned: new Map(returned) };
}

/** True where nobody changed anything between two looks. */
export function isUnchanged(before: IncidentStory, now: IncidentStory): boolean {
  const flags = ({ timeline }: IncidentStory): string =>
    timeline
      .map((item) => (item.kind === 'flags' ? `${item.atMs} ${item.command}` : ''))
      .join('\n')
      .trim();
  return before.revision === now.revision && flags(before) === flags(now);
}

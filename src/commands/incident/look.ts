import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import {
  deedsElsewhere,
  flagsToProve,
  flagsToRestore,
  isOpenByFlags,
  judgedDeeds,
  type FlagsHere,
  type FlagToRestore,
} from '../../domain/incident/flag-restoration.js';
import type { Incident } from '../../domain/incident/incident.js';
import type { FlagDeed } from '../../domain/incident/operation-flags.js';
import type { FlagRecord } from '../../domain/shadow/flag-record.js';
import { readStory, type IncidentStory, type OtherKnowledge } from '../../procedures/incident/report.js';
import type { IncidentPorts } from '../../procedures/incident/stored.js';
import { flagTexts } from '../panic/flag-texts.js';
import { recordedPanics } from '../panic/kept.js';
import { flagsHere } from '../shadow/flips.js';
import { otherKnowledge } from './ports.js';

/** An incident as it stands at one moment, and what its end would have to do about flags. */
export interface Seen {
  readonly story: IncidentStory;
  readonly known: OtherKnowledge;
  /** The flags that can be put back from here. */
  readonly flags: readonly FlagToRestore[];
  /** What stood in place of flags before panics, by bucket, where exactly that stands there again. */
  readonly returned: ReadonlyMap<string, FlagRecord>;
  /** What has to be taken back by its own command first. */
  readonly elsewhere: readonly FlagDeed[];
}

export async function look(
  context: Context,
  environment: Environment,
  ports: IncidentPorts,
  incident: Incident,
): Promise<Seen> {
  const [told, here] = await Promise.all([
    otherKnowledge(context, environment, ports),
    flagsHere(context, environment),
  ]);
  const { over, returned, ...judged } = await judgedPanics(context, environment, { incident, told, here });
  const known = { ...told, ...judged };
  const story = await readStory(ports, incident, known);
  const changed = flagsToRestore(incident, known.flips, here);
  const flags = [...changed, ...flagsToProve(incident, { deeds: over, flips: known.flips }, changed, here)];
  return { story, known, flags, returned, elsewhere: deedsElsewhere(incident, known, flags, here) };
}

interface Judged {
  readonly deeds: readonly FlagDeed[];
  /** The deeds of panics that are over though nobody has recorded it: an end that was cut off may have put them back. */
  readonly over: readonly FlagDeed[];
  readonly returned: Seen['returned'];
}

/** Panics by flags, judged by what stands now, as the list of panics does. */
async function judgedPanics(
  context: Context,
  environment: Environment,
  { incident, told, here }: { readonly incident: Incident; readonly told: OtherKnowledge; readonly here: FlagsHere },
): Promise<Judged> {
  const { deeds } = told;
  const isWithin = ({ atMs }: { readonly atMs: number }): boolean => atMs >= incident.start.atMs;
  if (incident.end !== null || !deeds.some((deed) => isOpenByFlags(deed) && isWithin(deed)))
    return { deeds, over: [], returned: new Map() };
  const [{ panics, kept }, textOf] = await Promise.all([
    recordedPanics(context, environment),
    flagTexts(context, environment),
  ]);
  const judged = judgedDeeds(told, panics, here);
  const over = deeds.filter((deed, index) => deed.isStanding && judged[index]?.isStanding === false);
  const ids = new Set(over.map(({ operation }) => operation?.id));
  const returned = kept
    .filter((panic) => ids.has(panic.id) && isWithin(panic))
    .flatMap(({ flags }) => flags)
    .flatMap((flag) => {
      const { bucket, record } = flag;
      const isBack = bucket !== null && flag.isFound !== true && textOf(flag) === record.before;
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

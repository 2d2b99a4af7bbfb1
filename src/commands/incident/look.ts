import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import {
  deedsElsewhere,
  flagsToRestore,
  type FlagsHere,
  type FlagToRestore,
} from '../../domain/incident/flag-restoration.js';
import type { Incident } from '../../domain/incident/incident.js';
import type { FlagDeed } from '../../domain/incident/operation-flags.js';
import { readStory, type IncidentStory, type OtherKnowledge } from '../../procedures/incident/report.js';
import type { IncidentPorts } from '../../procedures/incident/stored.js';
import { wantedFlags } from '../shadow/flips.js';
import { otherKnowledge } from './ports.js';

/** An incident as it stands at one moment, and what its end would have to do about flags. */
export interface Seen {
  readonly story: IncidentStory;
  readonly known: OtherKnowledge;
  /** The flags that can be put back from here. */
  readonly flags: readonly FlagToRestore[];
  /** What has to be taken back by its own command first. */
  readonly elsewhere: readonly FlagDeed[];
}

export async function look(
  context: Context,
  environment: Environment,
  ports: IncidentPorts,
  incident: Incident,
): Promise<Seen> {
  const [known, here] = await Promise.all([
    otherKnowledge(context, environment, ports),
    flagsHere(context, environment),
  ]);
  const story = await readStory(ports, incident, known);
  const flags = flagsToRestore(incident, known.flips, here);
  return { story, known, flags, elsewhere: deedsElsewhere(incident, known, flags, here) };
}

async function flagsHere(context: Context, environment: Environment): Promise<FlagsHere> {
  const { place, envFile } = await wantedFlags(context, environment);
  return { place, machine: envFile === null ? null : await context.hostName() };
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

import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import type { BegunEnding, EndedPanic, Incident } from '../../domain/incident/incident.js';
import { isOnlyFound } from '../../domain/panic/ended-with.js';
import { isOpen } from '../../domain/panic/panics.js';
import { keepEnding, type IncidentPorts } from '../../procedures/incident/stored.js';
import type { RecordedPanics } from '../../procedures/panic/panics.js';
import { keepGone, keepOver } from '../panic/kept.js';
import type { Seen } from './look.js';
import { endingPanics } from './shown.js';

interface ToKeep {
  readonly ports: IncidentPorts;
  readonly incident: Incident;
  readonly seen: Seen;
}

/**
 * Keeps with the incident what its end is about to take back, and resolves with that. What an end that was killed began with
 * is a part of it, also where nothing of it stands any more.
 */
export async function beginEnding({ ports, incident, seen }: ToKeep, token: string): Promise<BegunEnding> {
  const earlier = incident.ending?.panics ?? [];
  const more = endingPanics(seen)
    .filter(({ id }) => earlier.every((each) => each.id !== id))
    .map(({ id, command, way, changed, atMs }) => ({ id, command, way, changed, atMs }));
  const ending = { flags: seen.flags, from: seen.here, panics: [...earlier, ...more] };
  if (ending.flags.length + ending.panics.length > 0) await keepEnding(ports, { id: incident.id, token }, ending);
  return ending;
}

/**
 * A panic whose changes went back with the incident is over, on every machine: also where it would go on standing on what it
 * found, which stays as it is. Where that cannot be kept it is said. Resolves with those that are over.
 */
export async function closeEnded(
  context: Context,
  environment: Environment,
  recorded: RecordedPanics,
  ending: readonly EndedPanic[],
): Promise<readonly EndedPanic[]> {
  await keepGone(context, environment, recorded);
  const over: EndedPanic[] = [];
  for (const each of ending) {
    const panic = recorded.panics.find(({ id }) => id === each.id);
    if (panic === undefined || !isOpen(panic)) over.push(each);
    else if (isOnlyFound(panic) && (await keepOver(context, environment, panic))) over.push(each);
  }
  return over;
}

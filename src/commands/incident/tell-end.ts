import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { endCommand, type Incident, type IncidentOutcome } from '../../domain/incident/incident.js';
import { putAway, type Ending, type IncidentPorts } from '../../procedures/incident/stored.js';
import { ownDeadline } from '../../procedures/runbook/own-deadline.js';
import { announceAll, isWanted, type Announcement, type NotificationReport } from '../announce.js';
import type { MutationInput } from '../mutation.js';
import { panicEnded } from '../panic/announce-ended.js';
import { asEnd } from './way-back.js';

// What others are to be told of an end is recorded with it, and goes when they were told: a process that is killed in between
// leaves it to the next that ends or starts an incident.

/** What is kept with an end of what others are to be told; nothing where nobody wants to hear of it. */
export function untoldOf(
  environment: Environment,
  mutation: MutationInput,
  incident: Incident,
): Pick<Ending, 'untold'> {
  const isAnyWanted = isWanted(environment, { kind: 'incident' }) || isWanted(environment, { kind: 'panic' });
  if (mutation.isTelling === false || !isAnyWanted) return {};
  const { reason, ticket } = asEnd(mutation, incident);
  return { untold: { reason, ticket } };
}

/** How long it may take to put it away once all were told, beside the command's own time, milliseconds. */
const puttingAwayMs = 2000;

/**
 * Tells what is still to be told of an end, whoever ended it: the panics that ended with it first. Once all were told, the
 * incident is put away; `then` comes after that, or where there is nothing to be told at once.
 */
export function announceEnd(
  context: Context,
  environment: Environment,
  { operations, clock }: Pick<IncidentPorts, 'operations' | 'clock'>,
  incident: Incident,
  then: () => Promise<void> = () => Promise.resolve(),
): Promise<readonly NotificationReport[]> {
  return announceAll(context, environment, announcementsOf(context, environment, incident), async () => {
    // Who was interrupted in it has not told all of them.
    const isDone = incident.end?.untold !== undefined && !context.deadline.interrupted.aborted;
    if (isDone) await putAway({ operations, deadline: ownDeadline(clock, puttingAwayMs) }, incident);
    await then();
  });
}

const words: Readonly<Record<IncidentOutcome, string>> = {
  restored: 'its changes were taken back',
  kept: 'its changes were kept',
  unchanged: 'nothing was to be taken back',
};

function announcementsOf(context: Context, environment: Environment, incident: Incident): readonly Announcement[] {
  const { end } = incident;
  if (end?.untold === undefined) return [];
  const part = { kind: 'incident' as const, id: incident.id };
  const { changeId, verdict, panics = [], untold } = end;
  const how = { command: endCommand, isLeft: false, changeId, verdict, ...untold, incident: part };
  const ended: Announcement = {
    kind: 'incident',
    event: 'incident.ended',
    changeId,
    command: endCommand,
    summary: `${end.by} ended incident ${incident.id} (${incident.title}): ${words[end.outcome]}`,
    routes: [],
    verdict,
    reason: incident.title,
    ticket: incident.ticket,
    partOf: [part],
  };
  const all = [...panics.map((panic) => panicEnded(context, environment, panic, how)), ended];
  return all.map((each) => ({ ...each, root: incident.id, done: { by: end.by, atMs: end.atMs } }));
}

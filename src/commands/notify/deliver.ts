import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { untrusted } from '../../domain/config/trust.js';
import { eventId, eventOf, type NotifyEvent } from '../../domain/notify/event.js';
import { RlctlError } from '../../domain/errors.js';
import type { EventKind } from '../../domain/notify/kinds.js';
import { addressedError } from '../../domain/printed-command.js';
import { openIncident } from '../../procedures/incident/stored.js';
import { tell, type Told } from '../../procedures/notify/tell.js';
import { ownDeadline } from '../../procedures/runbook/own-deadline.js';
import { failureText, untrustedText } from '../../ui/notify-view.js';
import type { Announcement, NotificationReport } from '../announce.js';

/** An announcement whose kind receivers ask for. */
type ToTell = Announcement & { readonly kind: EventKind };

/** Tells every receiver that wants this kind of event, and people on stderr what failed. */
export async function deliver(
  context: Context,
  environment: Environment,
  announcement: ToTell,
): Promise<readonly NotificationReport[]> {
  const isWanted = ({ events }: { readonly events: readonly EventKind[] }): boolean =>
    events.includes(announcement.kind);
  if (environment.untrustedFile !== null) {
    const { untrustedFile, isChangedSinceTrusted: isChanged } = environment;
    const error = addressedError(
      untrusted(untrustedFile, 'any secret, and nobody is told', { isChanged }),
      environment.address,
    );
    await context.noteOnce(untrustedText(error, await context.theme()));
    return environment.notify.filter(isWanted).map(({ name }) => ({
      target: name,
      isDelivered: false,
      detail: error.message,
      eventId: null,
      code: error.code,
      attempts: 0,
    }));
  }
  const [all, partOf] = await Promise.all([
    context.receivers(environment),
    withIncident(context, environment, announcement.partOf),
  ]);
  const event = await eventFrom(context, environment, { ...announcement, partOf });
  const receivers = all.filter(({ target }) => isWanted(target));
  const ports = tellPorts(context);
  const { isToldAnyway = false } = announcement;
  const told = await tell(
    isToldAnyway ? { ...ports, interrupted: new AbortController().signal } : ports,
    receivers,
    event,
  );
  context.progress.clear();
  await noteFailures(context, environment, told, event);
  return told.map((each) => reportOf(each, event));
}

/** How long may be asked which incident is open. */
const incidentMs = 1000;

/** What happens while an incident is open is a part of it; where that cannot be told in time, it is told without. */
async function withIncident(
  context: Context,
  environment: Environment,
  partOf: Announcement['partOf'],
): Promise<Announcement['partOf']> {
  if (environment.redis === null || environment.namespace === null) return partOf;
  if (partOf.some(({ kind }) => kind === 'incident')) return partOf;
  const operations = await context.operationStore(environment);
  // Not the command's own time, which may be over; and nobody is told later than that for its sake.
  const deadline = ownDeadline(context.clock, incidentMs);
  const incident = await openIncident({ operations, deadline }).catch((error: unknown) => {
    if (error instanceof RlctlError) return null;
    throw error;
  });
  return incident === null ? partOf : [{ kind: 'incident', id: incident.id }, ...partOf];
}

async function noteFailures(
  context: Context,
  { address }: Environment,
  told: readonly Told[],
  event: NotifyEvent,
): Promise<void> {
  const theme = await context.theme();
  for (const { target, error } of told) {
    if (error !== null) await context.note(failureText(target.name, addressedError(error, address), event, theme));
  }
}

/** The event as it leaves, with an id by which a receiver knows it again. */
export async function eventFrom(
  context: Context,
  environment: Environment,
  announcement: Omit<Announcement, 'kind'>,
): Promise<NotifyEvent> {
  const {
    event: type,
    changeId,
    about = null,
    root = null,
    done,
    sinceMs = null,
    isToldAnyway: _,
    ...said
  } = announcement;
  const facts = {
    ...said,
    type,
    id: eventId({ type, root: changeId ?? root, about }, () => `e${context.randomness.changeId().slice(1)}`),
    atMs: done?.atMs ?? context.clock.nowMs(),
    sinceMs,
    environment: environment.name,
    actor: done?.by ?? (await context.actor()),
    rlctl: context.version,
    changeId,
  };
  return eventOf(facts, (text) => context.redact(text));
}

/** What telling takes. */
export function tellPorts({ clock, randomness, deadline }: Context) {
  return { clock, randomness, interrupted: deadline.interrupted };
}

function reportOf({ target, isDelivered, detail, error, attempts }: Told, event: NotifyEvent): NotificationReport {
  return { target: target.name, isDelivered, detail, eventId: event.id, code: error?.code ?? null, attempts };
}

import { RlctlError, usageError } from '../../domain/errors.js';
import {
  endedName,
  endedPrefix,
  incidentText,
  openIncidentName,
  parseIncident,
  type BegunEnding,
  type Incident,
  type IncidentEnd,
  type IncidentNote,
  type IncidentPlace,
} from '../../domain/incident/incident.js';
import { alreadyOpen, alwaysChanging, endedByOthers, endingTaken, noneOpen, tooManyNotes } from './refusals.js';
import type { Clock } from '../../ports/clock.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OperationLease, OperationStore } from '../../ports/operation-store.js';
import type { OverrideStore, StoredOverrides } from '../../ports/override-store.js';
import type { Randomness } from '../../ports/randomness.js';

/** What is kept of incidents, and the document that they are about. */
export interface IncidentPorts {
  readonly operations: OperationStore;
  readonly store: OverrideStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly deadline: Deadline;
}

/** The open incident as kept. */
interface Kept {
  readonly text: string;
  readonly incident: Incident;
  /** Epoch milliseconds. */
  readonly serverTimeMs: number;
}

/** How often somebody else may be faster before it is given up. */
const mostAttempts = 20;
/** More would make what is kept too large to be read with every look. */
const mostNotes = 1000;
/** A document that is kept with the start, characters. */
const longestDocument = 256 * 1024;

type ReadPorts = Pick<IncidentPorts, 'operations' | 'deadline'>;

/** How it stands with incidents at one moment, by one read. */
export interface IncidentNow {
  /** `null`: none is open. */
  readonly open: Incident | null;
  /** The one that has ended and that others are still to be told of, because whoever ended it was killed; `null`: none. */
  readonly untold: Incident | null;
  /** Who is ending the one or telling of the other, and until when they hold it unless that is renewed; `null`: nobody is. */
  readonly lease: OperationLease | null;
}

/** How it stands with incidents. Throws what the store throws, and where what is kept cannot be read. */
export async function incidentNow({ operations, deadline }: ReadPorts): Promise<IncidentNow> {
  const { text, lease } = await operations.read(openIncidentName, deadline);
  const incident = text === null ? null : parseIncident(text, openIncidentName);
  const open = incident?.end === null ? incident : null;
  return { open, untold: incident?.end?.untold === undefined ? null : incident, lease };
}

/** The open incident; `null`: there is none. Throws as `incidentNow` does. */
export async function openIncident(ports: ReadPorts): Promise<Incident | null> {
  return (await incidentNow(ports)).open;
}

/** The one that has ended and that others are still to be told of; `null`: none. */
export async function untoldIncident(ports: ReadPorts): Promise<Incident | null> {
  return (await incidentNow(ports)).untold;
}

/** The open incident. Throws a usage error (2) where there is none. */
export async function theOpenIncident(ports: ReadPorts): Promise<Incident> {
  const incident = await openIncident(ports);
  if (incident === null) throw noneOpen();
  return incident;
}

async function readOpen(ports: ReadPorts): Promise<Kept | null> {
  const { text, serverTimeMs } = await ports.operations.read(openIncidentName, ports.deadline);
  if (text === null) return null;
  const incident = parseIncident(text, openIncidentName);
  return incident.end === null ? { text, incident, serverTimeMs } : null;
}

/**
 * Opens an incident: from what stands now on, everything that is changed belongs to it. Throws a conflict (5) with its id
 * and its holder where one is open.
 */
export async function startIncident(
  ports: IncidentPorts,
  {
    flips,
    ...wanted
  }: Pick<Incident, 'title' | 'ticket' | 'environment' | 'startedBy'> & Pick<Incident['start'], 'flips'>,
): Promise<Incident> {
  const id = `i-${ports.randomness.hex(4)}`;
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const { text, lease } = await ports.operations.read(openIncidentName, ports.deadline);
    if (text !== null) await putAside(ports, text);
    // As none is open, it is about one that has ended: whoever was killed in that holds up nobody in the next one.
    if (lease !== null) await ports.operations.release(openIncidentName, lease.token, ports.deadline);
    const stored = await ports.store.read(ports.deadline);
    const incident: Incident = {
      v: 1,
      id,
      ...wanted,
      start: { ...placeOf(stored), document: unrecorded(stored), flips },
      notes: [],
      end: null,
    };
    const change = { expected: null, next: incidentText(incident), token: null };
    const outcome = await ports.operations.write(openIncidentName, change, ports.deadline);
    if (outcome.kind === 'written') return incident;
  }
  throw alwaysChanging();
}

/** Puts away one that has ended; throws where it is open. */
async function putAside(ports: IncidentPorts, text: string): Promise<void> {
  const incident = parseIncident(text, openIncidentName);
  if (incident.end === null) throw alreadyOpen(incident);
  await archive(ports, incident, text);
}

/** Where in the stream of changes what was read stands. */
function placeOf({ lastEntry, revision, serverTimeMs }: StoredOverrides): IncidentPlace {
  return { atMs: serverTimeMs, entryId: lastEntry?.entryId ?? null, sequence: lastEntry?.sequence ?? 0, revision };
}

/** A document that no entry of the history leads to, where it is text and not too long; `null`: there is no need of it. */
function unrecorded({ lastEntry, revision, bytes }: StoredOverrides): string | null {
  if (bytes === null || lastEntry?.next === revision || bytes.length > longestDocument) return null;
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text).equals(Buffer.from(bytes)) ? text : null;
}

/** Adds what somebody says to the open incident. Throws a usage error (2) where none is open. */
export async function addNote(ports: IncidentPorts, note: Omit<IncidentNote, 'atMs'>): Promise<Incident> {
  return update(ports, null, ({ incident, serverTimeMs }) => {
    if (incident.notes.length >= mostNotes) throw tooManyNotes(incident, mostNotes);
    return { ...incident, notes: [...incident.notes, { atMs: serverTimeMs, ...note }] };
  });
}

/** What is said of an incident's end; its place is read. */
export type Ending = Omit<IncidentEnd, keyof IncidentPlace>;

/** The open incident of an id, and the lease under which it is ended. */
export interface EndingHeld {
  readonly id: string;
  readonly token: string;
}

/** The open incident of an id. Throws a conflict (5) where it has been ended by somebody else. */
export async function stillOpen(ports: ReadPorts, id: string): Promise<Incident> {
  const incident = await openIncident(ports);
  if (incident?.id !== id) throw endedByOthers(id);
  return incident;
}

/**
 * Keeps with the open incident what an end is about to take back, before it does: whoever ends it after that one was killed
 * knows of it too. Throws as `closeIncident` does.
 */
export function keepEnding(ports: IncidentPorts, held: EndingHeld, ending: BegunEnding): Promise<Incident> {
  return updateHeld(ports, held, (incident) => ({ ...incident, ending }));
}

/**
 * Ends the open incident where the stream of changes stood when the document was read (`stored`). One that others are to be
 * told of is put away once they were. Throws a conflict (5) where somebody else has ended it, or holds the lease by now.
 */
export async function closeIncident(
  ports: IncidentPorts,
  held: EndingHeld,
  ending: Ending,
  stored: StoredOverrides,
): Promise<Incident> {
  const end = { ...placeOf(stored), ...ending };
  const ended = await updateHeld(ports, held, (incident) => ({ ...incident, end }));
  if (ending.untold === undefined) await putAway(ports, ended);
  return ended;
}

/** Puts away an incident that has ended, and that nobody is to be told of any more. */
export async function putAway(ports: Pick<IncidentPorts, 'operations' | 'deadline'>, ended: Incident): Promise<void> {
  try {
    await archive(ports, ended, incidentText(ended));
  } catch (error) {
    // It has ended, and can be read; whoever starts the next one puts it away.
    if (!(error instanceof RlctlError)) throw error;
  }
}

async function updateHeld(
  ports: IncidentPorts,
  { id, token }: EndingHeld,
  change: (incident: Incident) => Incident,
): Promise<Incident> {
  try {
    return await update(ports, token, ({ incident }) => {
      if (incident.id !== id) throw endedByOthers(id);
      return change(incident);
    });
  } catch (error) {
    throw error instanceof RlctlError && error.code === 'NO_INCIDENT' ? endedByOthers(id) : error;
  }
}

async function archive({ operations, deadline }: ReadPorts, incident: Incident, text: string): Promise<void> {
  const name = endedName(incident.id);
  const kept = await operations.read(name, deadline);
  if (kept.text === null)
    await operations.write(name, { expected: null, next: incidentText(told(incident)), token: null }, deadline);
  await operations.write(openIncidentName, { expected: text, next: null, token: null }, deadline);
}

function told(incident: Incident): Incident {
  if (incident.end === null) return incident;
  const { untold: _, ...end } = incident.end;
  return { ...incident, end };
}

async function update(ports: IncidentPorts, token: string | null, change: (kept: Kept) => Incident): Promise<Incident> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const kept = await readOpen(ports);
    if (kept === null) throw noneOpen();
    const next = change(kept);
    const wanted = { expected: kept.text, next: incidentText(next), token };
    const outcome = await ports.operations.write(openIncidentName, wanted, ports.deadline);
    if (outcome.kind === 'written') return next;
    if (outcome.kind === 'lost') throw endingTaken(kept.incident.id, outcome.current.lease?.holder ?? null);
  }
  throw alwaysChanging();
}

/** The incident of an id, open or ended; `null` as id: the open one. Throws a usage error where there is none. */
export async function findIncident(ports: IncidentPorts, id: string | null): Promise<Incident> {
  const { text } = await ports.operations.read(openIncidentName, ports.deadline);
  const current = text === null ? null : parseIncident(text, openIncidentName);
  if (current !== null && (id === current.id || (id === null && current.end === null))) return current;
  if (id === null) throw noneOpen();
  const name = endedName(id);
  const kept = await ports.operations.read(name, ports.deadline);
  if (kept.text !== null) return parseIncident(kept.text, name);
  throw usageError(`there is no incident ${id}`, 'See those there are with: rlctl incident list', 'INCIDENT_MISSING');
}

/** Every incident there is, the newest first. */
export async function listIncidents(ports: IncidentPorts): Promise<readonly Incident[]> {
  const { operations, deadline } = ports;
  const names = [openIncidentName, ...(await operations.names(endedPrefix, deadline))];
  const kept = await Promise.all(
    names.map(async (name) => {
      const { text } = await operations.read(name, deadline);
      return text === null ? [] : [parseIncident(text, name)];
    }),
  );
  const byId = new Map(kept.flat().map((incident) => [incident.id, incident]));
  return [...byId.values()].sort((a, b) => b.start.atMs - a.start.atMs);
}

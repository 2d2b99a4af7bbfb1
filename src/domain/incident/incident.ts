import { RlctlError, usageError } from '../errors.js';
import { isPartOf } from '../operation/reference.js';
import type { HistoryBody } from '../override/history.js';
import type { Panic } from '../panic/panics.js';
import type { Verdict } from '../proof/proof.js';
import type { Revision } from '../revision.js';
import type { KnownFlip } from '../shadow/flip-log.js';

/** Where in the stream of changes, and when. */
export interface IncidentPlace {
  /** By the Redis server's clock, epoch milliseconds. */
  readonly atMs: number;
  /** The newest history entry there was; `null`: there was none. */
  readonly entryId: string | null;
  /** The number of that entry; 0: there was none. */
  readonly sequence: number;
  /** The document as it stood; not what that entry left where somebody had written past rlctl. */
  readonly revision: Revision;
}

/** What somebody saw or did, in their own words. */
export interface IncidentNote {
  /** By the Redis server's clock, epoch milliseconds. */
  readonly atMs: number;
  readonly actor: string;
  readonly text: string;
}

/** What became of the changes: taken back, left, or there were none that stood. */
export type IncidentOutcome = 'restored' | 'kept' | 'unchanged';

export interface IncidentEnd extends IncidentPlace {
  readonly by: string;
  readonly outcome: IncidentOutcome;
  /** The change that took everything back; `null`: nothing was written. */
  readonly changeId: string | null;
  /** What the proof of that came to; `null`: nothing was to be proven. */
  readonly verdict: Verdict | null;
  /** The flags that were taken back; empty: none. */
  readonly flags: readonly string[];
  /** What was known of flags before they were taken back; empty: nothing. */
  readonly flips: readonly KnownFlip[];
  /** The panics that ended with it; absent: none. */
  readonly panics?: readonly EndedPanic[];
  /** What others are still to be told of it, and why it was ended; absent: they were told, or nobody is to be. */
  readonly untold?: { readonly reason: string | null; readonly ticket: string | null };
}

/** A panic as the incident that it ended with keeps it. */
export type EndedPanic = Pick<Panic, 'id' | 'command' | 'way' | 'changed' | 'atMs'>;

/** A bucket's flag that is to be put back. */
export interface FlagToRestore {
  readonly bucket: string;
  /** What it is to be. */
  readonly isOn: boolean;
}

/** Where flags are set from here. */
export interface FlagsHere {
  /** The file's path, or the program; `null`: nowhere, overrides are set instead. */
  readonly place: string | null;
  /** The name of this machine, where it is a file of its own; `null`: a program does the same on every machine. */
  readonly machine: string | null;
}

/** What goes back with an incident beside its changes of the document. */
export interface BegunEnding {
  readonly flags: readonly FlagToRestore[];
  /** Where those flags are set. */
  readonly from: FlagsHere;
  readonly panics: readonly EndedPanic[];
}

/** One incident on one environment: everything that anybody changes from its start to its end belongs to it. */
export interface Incident {
  readonly v: 1;
  /** `i-1a2b3c4d` */
  readonly id: string;
  readonly title: string;
  readonly ticket: string | null;
  /** The environment's name as whoever started it called it. */
  readonly environment: string;
  readonly startedBy: string;
  readonly start: IncidentPlace & {
    /**
     * The document as it stood, where no entry of the history leads to it because somebody had written past rlctl; `null`:
     * the history does, or it is too large to be kept here.
     */
    readonly document: string | null;
    /** What was known of each flag where it was started; empty: nothing. */
    readonly flips: readonly KnownFlip[];
  };
  /** Oldest first. */
  readonly notes: readonly IncidentNote[];
  /** What an end began to take back, as it was kept before anything was written; absent: none has begun to. */
  readonly ending?: BegunEnding;
  /** `null`: it is open. */
  readonly end: IncidentEnd | null;
}

/** The command under which the history keeps what takes an incident back. */
export const endCommand = 'incident end';

/** True of a change that took back what an incident had changed: its end, or an end that could not be proven. */
export function isWayBackOf(
  { id }: Pick<Incident, 'id'>,
  { command, partOf }: Pick<HistoryBody, 'command' | 'partOf'>,
): boolean {
  return command === endCommand && isPartOf(partOf, { kind: 'incident', id });
}

/** Under which name the open one is kept. */
export const openIncidentName = 'incident';

/** The beginning of the names of those that have ended. */
export const endedPrefix = 'incident:';

/** Under which name one that has ended is kept. */
export function endedName(id: string): string {
  return `${endedPrefix}${id}`;
}

/** As kept. */
export function incidentText(incident: Incident): string {
  return JSON.stringify(incident);
}

/** Reads what is kept. Throws where it is none of this program's. `name`: under which it stands. */
export function parseIncident(text: string, name: string): Incident {
  try {
    const value = JSON.parse(text) as Partial<Incident> | null;
    if (value !== null && typeof value === 'object' && isIncident(value)) return value;
  } catch {
    // Said below.
  }
  throw new RlctlError('guard', `what Redis keeps under "${name}" is no incident that this version can read`, {
    code: 'INCIDENT_UNREADABLE',
    hint: 'A newer rlctl may have written it: use that one.',
  });
}

function isIncident(value: Partial<Incident>): value is Incident {
  const { v, id, title, startedBy, start, notes, environment } = value;
  return (
    v === 1 &&
    [id, title, startedBy, environment].every((each) => typeof each === 'string') &&
    isPlace(start) &&
    Array.isArray(start?.flips) &&
    Array.isArray(notes) &&
    (value.end === null || isPlace(value.end))
  );
}

function isPlace(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { atMs, sequence, revision } = value as Partial<IncidentPlace>;
  return typeof atMs === 'number' && typeof sequence === 'number' && typeof revision === 'string';
}

const longestTitle = 200;
const longestNote = 4000;

/** What it is called: one line. Throws a usage error for none, and for more than 200 characters. */
export function parseTitle(words: readonly string[]): string {
  const title = words.join(' ').replace(/\s+/g, ' ').trim();
  if (title === '')
    throw usageError('an incident wants a title', 'Say what is wrong: rlctl incident start "search is slow"');
  if (title.length > longestTitle) throw tooLong('the title', title.length, longestTitle);
  return title;
}

/** What a note says. Throws a usage error for nothing, and for more than 4,000 characters. */
export function parseNote(text: string): string {
  const note = text.replace(/\r\n?/g, '\n').trim();
  if (note === '')
    throw usageError('the note is empty', 'Say what was seen: rlctl incident note "the queue drains again"');
  if (note.length > longestNote) throw tooLong('the note', note.length, longestNote);
  return note;
}

function tooLong(what: string, length: number, most: number): RlctlError {
  return usageError(
    `${what} has ${length} characters, of which ${most} at most are kept`,
    'Shorten it.',
    'TEXT_TOO_LONG',
  );
}

/** Whether a word is an incident's id. */
export function isIncidentId(text: string): boolean {
  return /^i-[0-9a-f]{8}$/.test(text);
}

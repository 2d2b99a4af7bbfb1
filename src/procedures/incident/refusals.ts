import { RlctlError, usageError } from '../../domain/errors.js';
import { followedBy } from '../../domain/followed-by.js';
import type { Incident } from '../../domain/incident/incident.js';

// Why an incident cannot be opened, added to or ended.

/** One is open already: 5, with its id and its holder. */
export function alreadyOpen({ id, title, startedBy, start }: Incident): RlctlError {
  const at = new Date(start.atMs).toISOString();
  return new RlctlError('conflict', `incident ${id} is open: "${title}", started by ${startedBy} at ${at}`, {
    code: 'INCIDENT_OPEN',
    hint: 'Add to it: rlctl incident note TEXT; see what it holds: rlctl incident status; end it: rlctl incident end',
    details: { id, title, holder: startedBy, startedAt: at },
  });
}

/** None is open: 2. */
export function noneOpen(): RlctlError {
  return usageError(
    'no incident is open',
    'Open one: rlctl incident start TITLE; see those that have ended: rlctl incident list',
    'NO_INCIDENT',
  );
}

/** Somebody else is ending it, or has taken that over. */
export function endingTaken(id: string, holder: string | null, untilMs: number | null = null): RlctlError {
  const until = untilMs === null ? '' : ` (until ${new Date(untilMs).toISOString()}, unless it is renewed)`;
  return new RlctlError('conflict', `incident ${id} is being ended by ${holder ?? 'somebody else'}${until}`, {
    code: 'INCIDENT_ENDING',
    hint: followedBy(
      untilMs === null
        ? null
        : `While their rlctl runs it renews that; where it was killed, give the same command again after ${new Date(untilMs).toISOString()}`,
      'wait for them, then see what became of it: rlctl incident status',
    ),
    details: { id, holder, ...(untilMs === null ? {} : { until: new Date(untilMs).toISOString() }) },
  });
}

/** Somebody changed something between the question and the answer: 5. */
export function changedMeanwhile(id: string): RlctlError {
  return new RlctlError(
    'conflict',
    `incident ${id} was changed underneath: somebody changed something between the question and the answer; nothing was written`,
    {
      code: 'CONFLICT',
      hint: 'See what it holds now: rlctl incident status; then answer again: rlctl incident end',
      details: { id },
    },
  );
}

/** Somebody else was faster: 5. */
export function endedByOthers(id: string): RlctlError {
  return new RlctlError('conflict', `incident ${id} was ended by somebody else meanwhile`, {
    code: 'INCIDENT_ENDED',
    hint: `See what became of it: rlctl incident show ${id}`,
    details: { id },
  });
}

/** No more notes are kept: 6. `most`: how many are. */
export function tooManyNotes({ id }: Incident, most: number): RlctlError {
  return new RlctlError('guard', `incident ${id} has ${most} notes, and no more are kept`, {
    code: 'TOO_MANY_NOTES',
    hint: 'End it, and go on in another: rlctl incident end --keep',
  });
}

/** Others were faster again and again: 7; nothing was written. */
export function alwaysChanging(): RlctlError {
  return new RlctlError('unreachable', 'others kept changing the incident; nothing was written', {
    code: 'DEADLINE',
    hint: 'Run the command again.',
  });
}

/** What stood in a file before the incident is not recorded: 5, and never a guess. */
export function unknownBefore(variable: string, path: string): RlctlError {
  return new RlctlError(
    'conflict',
    `what stood in place of ${variable} in ${path} at the start of the incident is not recorded; nothing was written`,
    {
      code: 'BEFORE_UNKNOWN',
      hint: `Set ${variable} there by hand to what it is to be`,
      details: { variable, path },
    },
  );
}

/** A flag that somebody changed by hand: the incident can be ended without it, too. */
export function leaveByHand({ message, code, hint, details }: RlctlError): RlctlError {
  return new RlctlError('conflict', message, {
    code,
    hint: followedBy(
      hint,
      'then again: rlctl incident end --restore; or leave everything as it is: rlctl incident end --keep',
    ),
    ...(details ? { details } : {}),
  });
}

/** What was taken back before something stood in the way, and what was not. */
export interface PartlyBack {
  /** The change that took the overrides back; `null`: none did. */
  readonly changeId: string | null;
  /** The buckets whose flags were put back. */
  readonly done: readonly string[];
  /** Those whose flags were not, or not as far as is known. */
  readonly left: readonly string[];
}

/** The end was cut off, or refused, between its parts. Whoever interrupted it is told so; else 8. */
export function partlyBack({ changeId, done, left }: PartlyBack, error: RlctlError): RlctlError {
  const isCut = error.kind === 'interrupted' || error.kind === 'terminated';
  const made = [
    ...(changeId === null ? [] : [`change ${changeId} has taken the overrides back`]),
    ...(done.length === 0 ? [] : [`flags put back: ${done.join(', ')}`]),
  ].join('; ');
  const isWritten = error.details?.['applied'] === true;
  const why = isCut && !isWritten ? error.kind : error.message;
  const rest = `flags ${isWritten ? 'not proven' : 'not put back'}: ${left.join(', ')} (${why})`;
  return new RlctlError(isCut ? error.kind : 'unproven', `${made}; ${rest}`, {
    code: 'PARTLY_RESTORED',
    hint: 'The incident stays open. Take back what is left, and end it: rlctl incident end --restore',
    details: { changeId, flagsDone: done, flagsLeft: left },
  });
}

import { isRecord, type JsonValue } from '../json.js';
import type { TrapId } from '../proof/traps.js';
import { formatDuration } from '../duration.js';
import { quoteOutside } from '../outside-text.js';
import type { FieldCheck } from './runbook.js';
import { stepCommandOf } from './step-command.js';
import { summaryOf } from './summary.js';

/** What an act came to. */
export interface ActOutcome {
  /** `noEffect`: it was done, and nothing of it holds on this server. `waits`: somebody has to do it or to say so. */
  readonly kind: 'good' | 'noEffect' | 'bad' | 'waits';
  /** What it came to, in sentences, one a line; may quote outside text. */
  readonly text: string;
  /** What to do next; `null`: nothing. */
  readonly hint: string | null;
  readonly exitCode: number;
  /** True of a program that was ended from outside: what it had done is not known. Absent: it ended by itself. */
  readonly isCutShort?: true;
  /** True: a check before the step did not hold, and nothing of the step was done. Absent: it was begun. */
  readonly isBefore?: true;
  /** By what a value that was looked at is known again; absent: none was. */
  readonly seen?: string;
  /** True of a look that found nothing by which what was asked could be told. Absent: it is told. */
  readonly isUntold?: true;
  /** What is shown and not kept, because it may be anybody's: the value itself, cut short. Absent: nothing. */
  readonly aside?: string;
}

/** How another command of rlctl ended. */
export interface CommandEnd {
  readonly exitCode: number;
  readonly document: JsonValue | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

/** What a step wants of a command. */
export interface CommandWish {
  readonly argv: readonly string[];
  readonly exits: readonly number[];
  readonly fields: readonly FieldCheck[];
}

/** The ways of a server in which a change is taken, shown and still of no effect, however often it is repeated. */
const effectless: readonly TrapId[] = [
  'overridesNotRead',
  'overridesNotEnforced',
  'environmentOverridesInFront',
  'flagNeedsRestart',
];

/** Reads the end of a command as a step of a run. */
export function readEnd(wish: CommandWish, end: CommandEnd): ActOutcome {
  const { exitCode, document, error } = end;
  if (error !== null && !wish.exits.includes(exitCode))
    return { kind: 'bad', text: error.message, hint: error.hint, exitCode };
  const changed = changeIn(document);
  const proof = recordAt(changed, 'proof');
  const text = error === null ? summaryOf(document) : error.message;
  const isEffectless = exitCode === 8 && effectless.some((trap) => trap === proof?.['trap']);
  if (isEffectless || !wish.exits.includes(exitCode)) {
    // Of a run there is a way back of its own.
    const said = textAt(document, 'hint');
    const hint = said?.startsWith('take it back with') === true ? null : said;
    return { kind: isEffectless ? 'noEffect' : 'bad', text, hint, exitCode };
  }
  if (isHeld(wish.argv, document)) return { kind: 'bad', text, hint: null, exitCode: 3 };
  const untold = wish.fields.length === 0 ? null : untoldBy(end);
  if (untold !== null)
    return { kind: 'good', text: `it cannot be told: ${untold}`, hint: null, exitCode, isUntold: true };
  const odd = wish.fields.flatMap((field) => oddField(field, document));
  if (odd.length > 0) {
    // What a change was to bring about and did not is no effect; what a look did not find is a finding.
    const isChange = stepCommandOf(wish.argv).isChange;
    const oddText = [...odd, text].join('\n');
    return isChange
      ? { kind: 'noEffect', text: oddText, hint: null, exitCode: 8 }
      : { kind: 'bad', text: oddText, hint: windowHint(document), exitCode: 3 };
  }
  if (isAboutOverrides(changed) && isUnenforced(proof)) {
    const why = 'this server was seen to show overrides and not to enforce them: no request meets this';
    return { kind: 'noEffect', text: `${why}\n${text}`, hint: null, exitCode: 8 };
  }
  return { kind: 'good', text, hint: null, exitCode, ...seenIn(document) };
}

/** Why nothing that was asked of a Result can be told; `null`: it can. */
function untoldBy({ document, error }: CommandEnd): string | null {
  if (error !== null) return error.message;
  if (!isRecord(document) || document['kind'] !== 'Decisions') return null;
  const totals = valuesAt(document, ['buckets', '*', 'total']);
  return totals.some((total) => Number(total) > 0) ? null : 'no request was counted, which shows nothing';
}

/** What was counted before stands in the figures until the window has passed. */
function windowHint(document: JsonValue | null): string | null {
  if (!isRecord(document) || document['kind'] !== 'Decisions') return null;
  const seconds = document['windowSeconds'];
  const window = typeof seconds === 'number' ? ` of ${formatDuration(seconds * 1000)}` : '';
  return `what was refused before the rollback is counted until the window${window} has passed: wait for that`;
}

/** The change that a Result is about: of a rollout the last that it made. */
function changeIn(document: JsonValue | null): JsonValue | null {
  if (!isRecord(document) || document['kind'] !== 'Rollout' || !Array.isArray(document['changes'])) return document;
  return (document['changes'] as readonly JsonValue[]).at(-1) ?? null;
}

/** A stage that was entered and has not passed, however its command ended. */
function isHeld([noun, verb]: readonly string[], document: JsonValue | null): boolean {
  if (noun !== 'rollout' || (verb !== 'start' && verb !== 'promote')) return false;
  return ['aborted', 'undone', 'inconclusive', 'paused'].includes(textAt(document, 'end') ?? '');
}

const longestAside = 200;

/** A lock or an entry that was looked at: its value is shown to whoever decides about it, and stands in no journal. */
function seenIn(document: JsonValue | null): Pick<ActOutcome, 'seen' | 'aside'> {
  if (!isRecord(document) || document['kind'] !== 'LimiterKey' || document['outcome'] !== 'shown') return {};
  const [digest, value] = [textAt(document, 'digest'), textAt(document, 'value')];
  return {
    ...(digest === null ? {} : { seen: digest }),
    ...(value === null ? {} : { aside: `value: ${quoteOutside(value, longestAside)}` }),
  };
}

/** True of a Result that says that overrides are in force. */
function isAboutOverrides(document: JsonValue | null): boolean {
  if (!isRecord(document)) return false;
  if (document['kind'] === 'OverrideChange' || document['way'] === 'overrides') return true;
  const evidence = recordAt(document, 'proof')?.['evidence'];
  const isSeen =
    Array.isArray(evidence) && evidence.some((each) => isRecord(each) && typeof each['route'] === 'string');
  return document['kind'] === 'Verification' && isSeen;
}

function isUnenforced(proof: Readonly<Record<string, unknown>> | null): boolean {
  return isRecord(proof?.['learned']) && proof['learned']['enforcesOverrides'] === false;
}

/** What a field holds instead of what was wanted; empty: it is as wanted everywhere. */
function oddField({ path, how, wanted }: FieldCheck, document: JsonValue | null): readonly string[] {
  const found = valuesAt(document, path.split('.')).map((value) =>
    typeof value === 'string' ? value : JSON.stringify(value),
  );
  const isWanted = {
    is: (value: string) => value === wanted,
    atMost: (value: string) => value === notKnown || Number(value) <= Number(wanted),
    atLeast: (value: string) => value === notKnown || Number(value) >= Number(wanted),
  }[how];
  if (found.length > 0 && found.every(isWanted)) return [];
  const seen = found.length === 0 ? 'is not there' : `is ${[...new Set(found)].join(' and ')}`;
  const must = {
    is: `not ${wanted}`,
    atMost: `and must be at most ${wanted}`,
    atLeast: `and must be at least ${wanted}`,
  };
  return [`${path} ${seen}, ${must[how]}`];
}

/** A number that nobody could tell stands as this: it is beyond no bound. */
const notKnown = 'null';

/** Everything at a path, where `*` is every item of a list or every field of a map. */
export function valuesAt(
  value: JsonValue | null | undefined,
  [first, ...rest]: readonly string[],
): readonly JsonValue[] {
  if (value === undefined) return [];
  if (first === undefined) return [value];
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    return first === '*' ? items.flatMap((item) => valuesAt(item, rest)) : valuesAt(items[Number(first)], rest);
  }
  if (!isRecord(value)) return [];
  const fields = value as Readonly<Record<string, JsonValue>>;
  if (first === '*') return Object.values(fields).flatMap((field) => valuesAt(field, rest));
  return Object.hasOwn(fields, first) ? valuesAt(fields[first], rest) : [];
}

function recordAt(document: JsonValue | null, name: string): Readonly<Record<string, unknown>> | null {
  const value: unknown = isRecord(document) ? document[name] : null;
  return isRecord(value) ? value : null;
}

function textAt(document: JsonValue | null, name: string): string | null {
  const value: unknown = isRecord(document) ? document[name] : null;
  return typeof value === 'string' ? value : null;
}

/** What the checks after an action mean for it: what is not seen has no effect. */
export function afterChecks(action: ActOutcome, checks: readonly ActOutcome[]): ActOutcome {
  const failed = checks.find(({ kind }) => kind !== 'good');
  if (failed === undefined || action.kind !== 'good')
    return {
      ...action,
      text: [action.text, ...checks.filter(({ kind }) => kind !== 'good').map(({ text }) => text)].join('\n'),
    };
  const text = `${action.text}\nafter it: ${failed.text}`;
  // What could not be looked at says nothing about the effect.
  const isUnseen = failed.kind === 'bad' && failed.exitCode !== 3;
  return { kind: isUnseen ? 'bad' : 'noEffect', text, hint: failed.hint, exitCode: isUnseen ? failed.exitCode : 8 };
}

/** How long a step took, in words; empty: it is not known. */
export function tookText(startedAtMs: number | null, endedAtMs: number | null): string {
  return startedAtMs === null || endedAtMs === null ? '' : formatDuration(endedAtMs - startedAtMs);
}

/** That a run was stopped by somebody, in a sentence. `message`: what stopped it says, which often names the kind itself. */
export function interruptedRunText(id: string, kind: 'interrupted' | 'terminated', message: string): string {
  return `run ${id} was ${message.startsWith(kind) ? message : `${kind}: ${message}`}`;
}

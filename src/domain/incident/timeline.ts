import type { OperationRef } from '../operation/reference.js';
import { diffDocuments, type RouteDiff } from '../override/diff.js';
import { undoneIds, type HistoryEntry } from '../override/history.js';
import { takenBackBy } from '../override/taken-back.js';
import { recordedDiff } from '../override/recorded-diff.js';
import type { Verdict } from '../proof/proof.js';
import type { Revision } from '../revision.js';
import { flipCommand, type FlagFlip } from '../shadow/flag-flip.js';
import { isWayBackOf, type Incident, type IncidentEnd, type IncidentOutcome } from './incident.js';
import { isOf, type FlagDeed } from './operation-flags.js';
import { soundDocument, type Documents, type IncidentStep, type IncidentWindow } from './window.js';

/** Who did something, and why. */
interface Deed {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
}

/** A recorded change of the document. */
export interface ChangeItem extends Deed {
  readonly kind: 'change';
  /** Counts changes of every kind from 1, in the order of time. */
  readonly number: number;
  readonly changeId: string;
  readonly command: string;
  readonly diff: readonly RouteDiff[];
  /** What it was a step of, outermost first; empty: nothing. */
  readonly partOf: readonly OperationRef[];
  /** The changes that it took back; empty: none. */
  readonly undoes: readonly string[];
  /** The change that took it back; `null`: none has. */
  readonly takenBackBy: string | null;
  /** True: it is the one with which the incident was ended, and none of its changes. */
  readonly isEnd: boolean;
  /** What a proof said of it; `null`: nobody here knows. */
  readonly verdict: Verdict | null;
}

/** What somebody did past rlctl. */
export interface ForeignItem {
  readonly kind: 'foreign';
  readonly number: number;
  /** When it was noticed, epoch milliseconds: it was done before. */
  readonly atMs: number;
  /** And after this. */
  readonly afterMs: number;
  /** `null`: one of the two documents is not at hand, or cannot be read. */
  readonly diff: readonly RouteDiff[] | null;
  readonly from: Revision;
  readonly to: Revision;
  /** The change that took it back with everything else; `null`: none has. */
  readonly takenBackBy: string | null;
}

/** Flags of buckets that were set in a file or by a program. */
export interface FlagItem extends Deed {
  readonly kind: 'flags';
  readonly number: number;
  /** Empty: it was the master switch. */
  readonly buckets: readonly string[];
  /** `null`: it is not known. */
  readonly isOn: boolean | null;
  /** `shadow on financial` */
  readonly command: string;
  /** What it was a step of; empty: nothing. */
  readonly partOf: readonly OperationRef[];
  readonly verdict: Verdict | null;
  /** True: it was put back at the end. */
  readonly isPutBack: boolean;
}

export type TimelineItem =
  | { readonly kind: 'started'; readonly atMs: number; readonly actor: string }
  | { readonly kind: 'note'; readonly atMs: number; readonly actor: string; readonly text: string }
  | ChangeItem
  | ForeignItem
  | FlagItem
  | {
      readonly kind: 'ended';
      readonly atMs: number;
      readonly actor: string;
      readonly outcome: IncidentOutcome;
      readonly verdict: Verdict | null;
      /** The buckets whose flags were put back; empty: none. */
      readonly flags: readonly string[];
    };

/** Something that changed how requests are decided. */
export type NumberedItem = ChangeItem | ForeignItem | FlagItem;

export interface TimelineSources {
  readonly window: IncidentWindow;
  readonly documents: Documents;
  /** Every entry of the history, for what took changes back, also after the end. */
  readonly entries: readonly HistoryEntry[];
  /** What is known of flags that were set past the document. */
  readonly flips: readonly FlagFlip[];
  /** What panics and rollouts keep of flags that they set past the document. */
  readonly deeds: readonly FlagDeed[];
  /** What a proof said of the document of a revision, as far as it is known. */
  readonly verdicts: ReadonlyMap<Revision, Verdict>;
}

/** Everything that happened, in the order of time; what was done at the same time stays in its own order. */
export function timelineOf(incident: Incident, sources: TimelineSources): readonly TimelineItem[] {
  const { start, startedBy, notes, end } = incident;
  const takenBack = takenBackBy(sources.entries);
  const changes = sources.window.steps.map((step, index, steps) =>
    step.kind === 'foreign'
      ? foreignItem(step, sources, { incident, later: steps.slice(index) })
      : changeItem(step.entry, incident, { ...sources, takenBack }),
  );
  const deeds: readonly (TimelineItem | Unnumbered)[] = [
    ...notes.map((note) => ({ kind: 'note' as const, ...note })),
    ...changes,
    ...flagItems(incident, sources),
  ];
  const inOrder = deeds.toSorted((a, b) => earliestMs(a) - earliestMs(b));
  const items: TimelineItem[] = [{ kind: 'started', atMs: start.atMs, actor: startedBy }];
  let number = 0;
  for (const deed of inOrder) {
    if (deed.kind === 'note' || deed.kind === 'started' || deed.kind === 'ended') items.push(deed);
    else items.push({ ...deed, number: (number += 1) });
  }
  if (end !== null) items.push(endedItem(end));
  return items;
}

/** When it can have been done at the earliest, epoch milliseconds: what put it in force comes after it. */
function earliestMs(item: TimelineItem | Unnumbered): number {
  return item.kind === 'foreign' ? item.afterMs : item.atMs;
}

function endedItem({ atMs, by, outcome, verdict, flags }: IncidentEnd): TimelineItem {
  return { kind: 'ended', atMs, actor: by, outcome, verdict, flags };
}

type Unnumbered = Omit<ChangeItem, 'number'> | Omit<ForeignItem, 'number'> | Omit<FlagItem, 'number'>;

/** The items that changed something, in the order of time; without the change that ended the incident. */
export function changesIn(timeline: readonly TimelineItem[]): readonly NumberedItem[] {
  return timeline.filter(
    (item): item is NumberedItem =>
      item.kind === 'foreign' || item.kind === 'flags' || (item.kind === 'change' && !item.isEnd),
  );
}

/** The same with it: everything that a figure shows by its number. */
export function numberedIn(timeline: readonly TimelineItem[]): readonly NumberedItem[] {
  return timeline.filter((item): item is NumberedItem => 'number' in item);
}

function changeItem(
  { body, changeId, timeMs, next }: HistoryEntry,
  { end }: Incident,
  { takenBack, verdicts }: Pick<TimelineSources, 'verdicts'> & { readonly takenBack: ReadonlyMap<string, string> },
): Omit<ChangeItem, 'number'> {
  const isEnd = end !== null && end.changeId === changeId;
  return {
    kind: 'change',
    atMs: timeMs,
    actor: body?.actor ?? '',
    reason: body?.reason ?? null,
    ticket: body?.ticket ?? null,
    changeId,
    command: body?.command ?? '',
    diff: body === null ? [] : recordedDiff(body),
    partOf: body?.partOf ?? [],
    undoes: body === null ? [] : undoneIds(body),
    takenBackBy: takenBack.get(changeId) ?? null,
    isEnd,
    verdict: isEnd ? end.verdict : (verdicts.get(next) ?? null),
  };
}

/** The first change that took back what was done in an incident before it, of these routes; `null`: there is none. */
function wayBackIn(
  { incident, later }: { readonly incident: Incident; readonly later: readonly IncidentStep[] },
  diff: readonly RouteDiff[] | null,
): string | null {
  const routes = diff && new Set(diff.map(({ route }) => route));
  const found = later.find(
    (step) =>
      step.kind === 'change' &&
      step.entry.body &&
      isWayBackOf(incident, step.entry.body) &&
      (routes === null || step.entry.body.routes.some(({ route }) => routes.has(route))),
  );
  return found?.kind === 'change' ? found.entry.changeId : null;
}

function foreignItem(
  { from, to, afterMs, noticedMs }: Extract<IncidentStep, { kind: 'foreign' }>,
  { documents }: TimelineSources,
  after: Parameters<typeof wayBackIn>[0],
): Omit<ForeignItem, 'number'> {
  const [old, now] = [soundDocument(documents(from)), soundDocument(documents(to))];
  const diff = old === null || now === null ? null : diffDocuments(old, now);
  return { kind: 'foreign', atMs: noticedMs, afterMs, diff, from, to, takenBackBy: wayBackIn(after, diff) };
}

/** What one command set is one item; what an operation keeps of its own flags counts more than what this machine does. */
function flagItems(
  { start, end }: Incident,
  { flips, deeds }: Pick<TimelineSources, 'flips' | 'deeds'>,
): readonly Omit<FlagItem, 'number'>[] {
  const isWithin = (atMs: number): boolean => atMs >= start.atMs && (end === null || atMs <= end.atMs);
  const kept = deeds.filter(({ atMs }) => isWithin(atMs));
  const commands = new Map<string, FlagFlip[]>();
  for (const flip of flips) {
    if (!isWithin(Date.parse(flip.at)) || kept.some((deed) => isOf(flip, deed))) continue;
    const key = JSON.stringify([flip.at, flip.isOn, flip.place, flip.actor]);
    commands.set(key, [...(commands.get(key) ?? []), flip]);
  }
  const items = [
    ...[...commands.values()].flatMap(flipItem),
    ...kept.map((deed) => deedItem(deed, nearestOf(flips, deed))),
  ];
  const back = new Set(end?.flags ?? []);
  return items.map((item) => ({ ...item, isPutBack: item.buckets.some((bucket) => back.has(bucket)) }));
}

/** What an operation set and what it put back name it alike: the one that was made at about that time; `null`: none is known. */
function nearestOf(flips: readonly FlagFlip[], deed: FlagDeed): FlagFlip | null {
  const awayMs = ({ at }: FlagFlip): number => Math.abs(Date.parse(at) - deed.atMs);
  return flips.filter((flip) => isOf(flip, deed)).toSorted((a, b) => awayMs(a) - awayMs(b))[0] ?? null;
}

function flipItem(together: readonly FlagFlip[]): readonly Omit<FlagItem, 'number' | 'isPutBack'>[] {
  const [first] = together;
  if (first === undefined) return [];
  const { isOn, actor, reason, ticket, verdict, partOf = [] } = first;
  const deed = { atMs: Date.parse(first.at), actor, reason, ticket, partOf };
  const buckets = together.map(({ bucket }) => bucket);
  return [{ kind: 'flags', ...deed, buckets, isOn, command: flipCommand(together), verdict }];
}

/** `flip`: what this machine knows of the same, and what its proof said. */
function deedItem(
  { operation, command, atMs, actor, reason, ticket, buckets }: FlagDeed,
  flip: FlagFlip | null,
): Omit<FlagItem, 'number' | 'isPutBack'> {
  const deed = { command, atMs, actor, reason, ticket, buckets };
  return {
    kind: 'flags',
    ...deed,
    isOn: flip?.isOn ?? null,
    partOf: operation === null ? [] : [operation],
    verdict: flip?.verdict ?? null,
  };
}

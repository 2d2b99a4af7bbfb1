import { counted } from '../domain/counted.js';
import type { IncidentOutcome } from '../domain/incident/incident.js';
import {
  changesIn,
  type ChangeItem,
  type FlagItem,
  type ForeignItem,
  type NumberedItem,
  type TimelineItem,
} from '../domain/incident/timeline.js';
import type { RouteDiff } from '../domain/override/diff.js';
import type { Verdict } from '../domain/proof/proof.js';

// What happened in an incident, in words that every form of it shares. Outside text in them is not yet safe.

export const verdictWords: Readonly<Record<Verdict, string>> = {
  proven: 'proven',
  notProven: 'not proven',
  contradicted: 'contradicted',
  notAttempted: 'proof not attempted',
};

export const outcomeWords: Readonly<Record<IncidentOutcome, string>> = {
  restored: 'its changes were taken back',
  kept: 'its changes were kept',
  unchanged: 'there was nothing to take back',
};

/** A route as it is shown; the empty one takes every request. */
export function routeText(route: string): string {
  return route === '' ? '"" (every route)' : route;
}

/** What became of one route: `rate 120 → 60, burst - → 5`; `removed`. */
export function diffText({ kind, fields, before, after, isMoved }: RouteDiff): string {
  const shown = fields.map(({ name, before: old, after: now }) => `${name} ${valueText(old)} → ${valueText(now)}`);
  const whole =
    fields.length === 0 && (kind === 'added' || kind === 'changed') ? [`${before ?? 'none'} → ${after ?? 'none'}`] : [];
  const words = {
    added: ['added'],
    removed: ['removed'],
    changed: [],
    moved: ['moved to another place'],
    kept: ['its end changed'],
  };
  const place = isMoved && kind !== 'moved' ? ['moved'] : [];
  return [...words[kind], ...(kind === 'removed' ? [] : shown), ...whole, ...place].join(', ');
}

function valueText(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}

/** What a change is called: `override set (change c0…), a step of panic p-1a2b`. */
export function changeTitle({ command, partOf }: Pick<ChangeItem | FlagItem, 'command' | 'partOf'>): string {
  // That it belongs to an incident is what the whole page says.
  const others = partOf.filter(({ kind }) => kind !== 'incident');
  const within = others.map(({ kind, id, step }) => `${kind} ${id}${step === undefined ? '' : ` (${step})`}`);
  return within.length === 0 ? command : `${command}, part of ${within.join(', ')}`;
}

/** What became of a change, and what a proof said of it. */
export function stateText(item: ChangeItem | FlagItem | ForeignItem): string {
  const taken = item.kind !== 'flags' && item.takenBackBy !== null ? [`taken back by ${item.takenBackBy}`] : [];
  if (item.kind === 'foreign') return ['no proof: it was made past rlctl', ...taken].join('; ');
  const verdict = item.verdict === null ? [] : [verdictWords[item.verdict]];
  const back = item.kind === 'flags' && item.isPutBack ? ['put back at the end'] : [];
  return [...verdict, ...taken, ...back].join('; ') || 'no verdict is known here';
}

/** `its changes were taken back; proven; flags put back: financial` */
export function endText({ outcome, verdict, flags }: Extract<TimelineItem, { kind: 'ended' }>): string {
  const proof = verdict === null ? [] : [verdictWords[verdict]];
  return [outcomeWords[outcome], ...proof, ...(flags.length === 0 ? [] : [`flags put back: ${flags.join(', ')}`])].join(
    '; ',
  );
}

/** How many changes, and how they were made: `4 changes: 2 of overrides, 1 past rlctl, 1 of flags; 1 note`. */
export function countsText(items: readonly TimelineItem[]): string {
  const changes = changesIn(items);
  const count = (kind: NumberedItem['kind']): number => changes.filter((item) => item.kind === kind).length;
  const parts = [
    [count('change'), 'of overrides'],
    [count('foreign'), 'past rlctl'],
    [count('flags'), 'of flags'],
  ] as const;
  const made = parts.flatMap(([number, how]) => (number === 0 ? [] : [`${number} ${how}`]));
  const notes = items.filter(({ kind }) => kind === 'note').length;
  return `${counted(changes.length, 'change')}${made.length === 0 ? '' : `: ${made.join(', ')}`}; ${counted(notes, 'note')}`;
}

import type { ReloadRecord, WatchedDecisions } from '../domain/reload-record.js';
import { clockTime } from './time.js';

const words = {
  proven: 'proven',
  notProven: 'not proven',
  contradicted: 'contradicted',
  notAttempted: 'no proof asked for',
} as const satisfies Record<ReloadRecord['verdict'], string>;

/** What a kept reload came to; where that rests on decisions, also what of it was shown and what was not. */
export function reloadVerdictText({ verdict, watched }: ReloadRecord, nowMs: number): string {
  const isWhole = watched === undefined || watched.decisions === 'proven';
  return isWhole ? words[verdict] : `${words[verdict]}: ${watchedText(watched, nowMs)}`;
}

/** `the policy is proven (loaded), the decisions waited for until 10:46:10Z were never seen` */
export function watchedText({ policy, level, decisions, until }: WatchedDecisions, nowMs: number): string {
  return `the policy is ${words[policy]}${level === 'none' ? '' : ` (${level})`}, ${decisionsText(decisions, until, nowMs)}`;
}

/** Whether whoever waits for them still lives shows nowhere; that the wait is over does. */
function decisionsText(decisions: WatchedDecisions['decisions'], until: string, nowMs: number): string {
  switch (decisions) {
    case null: {
      const untilMs = Date.parse(until);
      const at = clockTime(untilMs);
      return nowMs < untilMs
        ? `the decisions waited for until ${at} are not seen yet`
        : `the decisions waited for until ${at} were never seen`;
    }
    case 'proven':
      return 'and so is it by decisions';
    case 'inconclusive':
      return 'the decisions do not show it';
    case 'contradicted':
      return 'the decisions contradict it';
    case 'noData':
      return 'of the decisions there was no data';
  }
}

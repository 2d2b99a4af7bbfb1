import type { ListedOverride } from '../procedures/override/inspect.js';
import { term } from './term.js';
import { relativeTime } from './time.js';

/** Who did something, and why. */
interface Author {
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
}

/** `3m ago by ana@laptop: search is slow [INC-42]` */
export function changeText({ actor, reason, ticket }: Author, atMs: number, nowMs: number): string {
  const why = [reason === null ? '' : `: ${term(reason)}`, ticket === null ? '' : ` [${term(ticket)}]`].join('');
  return `${relativeTime(atMs, nowMs)} by ${term(actor)}${why}`;
}

/** Who set an override last, as far as is known; `null`: nobody with rlctl. */
export function setText(
  { metadata, isChangedPast }: Pick<ListedOverride, 'metadata' | 'isChangedPast'>,
  nowMs: number,
): string | null {
  if (metadata === null) return null;
  const text = changeText(metadata, metadata.atMs, nowMs);
  return isChangedPast ? `changed past rlctl; before: ${text}` : text;
}

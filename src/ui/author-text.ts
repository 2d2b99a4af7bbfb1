import { term } from './term.js';
import { relativeTime } from './time.js';

interface Author {
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
}

/** `by ana@laptop: search is slow [INC-42]` */
export function authorText({ actor, reason, ticket }: Author): string {
  const why = [reason === null ? '' : `: ${term(reason)}`, ticket === null ? '' : ` [${term(ticket)}]`].join('');
  return `by ${term(actor)}${why}`;
}

/** `3m ago by ana@laptop: search is slow [INC-42]` */
export function changeText(author: Author, atMs: number, nowMs: number): string {
  return `${relativeTime(atMs, nowMs)} ${authorText(author)}`;
}

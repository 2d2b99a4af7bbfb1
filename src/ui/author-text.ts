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

import type { OperationRef } from '../operation/reference.js';
import { spellOutside } from '../outside-text.js';
import type { Verdict } from '../proof/proof.js';

/** What happened, before it is made fit to leave the house. */
export interface EventFacts {
  /** `change.made`: what it is about, a full stop, what became of it. */
  readonly type: string;
  readonly id: string;
  /** When it happened, epoch milliseconds. */
  readonly atMs: number;
  /** When what it ends began, epoch milliseconds; `null`: it is a moment. */
  readonly sinceMs: number | null;
  readonly environment: string;
  readonly actor: string;
  /** The version of rlctl. */
  readonly rlctl: string;
  readonly command: string;
  /** One sentence. */
  readonly summary: string;
  readonly routes: readonly string[];
  /** The id under which the history has it; `null`: it changed nothing that a history keeps. */
  readonly changeId: string | null;
  readonly verdict: Verdict | null;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** The longer operations that it is a part of, outermost first. */
  readonly partOf: readonly OperationRef[];
}

/** An event as receivers get it, in JSON. Within a major version fields are only added. */
export interface NotifyEvent {
  readonly apiVersion: 'rlctl/v1';
  readonly kind: 'Event';
  readonly type: string;
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** RFC 3339, UTC; `null`: it is a moment. */
  readonly since: string | null;
  readonly environment: string;
  readonly actor: string;
  readonly rlctl: string;
  readonly command: string;
  readonly summary: string;
  /** As many as fit. */
  readonly routes: readonly string[];
  readonly routesTotal: number;
  readonly changeId: string | null;
  readonly verdict: Verdict | null;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly partOf: readonly OperationRef[];
}

/** The longest that each text may be, characters: a receiver is told, not flooded. */
export const textLimits = { summary: 500, reason: 1000, ticket: 200, command: 300, name: 200 } as const;

/** Routes go along whole or not at all: so many, and together so many bytes. */
const routeLimits = { count: 50, bytes: 8000 } as const;

/**
 * The event as it may leave: every secret that is known taken out by `redact`, control characters spelled out, long texts
 * cut, so that it stays below 20 kB.
 */
export function eventOf(facts: EventFacts, redact: (text: string) => string): NotifyEvent {
  const safe = (text: string, most: number): string => cut(spellOutside(redact(text)), most);
  const optional = (text: string | null, most: number): string | null => (text === null ? null : safe(text, most));
  const { name } = textLimits;
  return {
    apiVersion: 'rlctl/v1',
    kind: 'Event',
    type: facts.type,
    id: facts.id,
    time: new Date(facts.atMs).toISOString(),
    since: facts.sinceMs === null ? null : new Date(facts.sinceMs).toISOString(),
    environment: safe(facts.environment, name),
    actor: safe(facts.actor, name),
    rlctl: facts.rlctl,
    command: safe(facts.command, textLimits.command),
    summary: safe(facts.summary, textLimits.summary),
    routes: routesThatFit(facts.routes.map((route) => spellOutside(redact(route)))),
    routesTotal: facts.routes.length,
    changeId: facts.changeId,
    verdict: facts.verdict,
    reason: optional(facts.reason, textLimits.reason),
    ticket: optional(facts.ticket, textLimits.ticket),
    partOf: facts.partOf.map(({ kind, id, step }) => ({
      kind,
      id: safe(id, name),
      ...(step === undefined ? {} : { step: safe(step, name) }),
    })),
  };
}

function routesThatFit(routes: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (const route of routes.slice(0, routeLimits.count)) {
    bytes += Buffer.byteLength(JSON.stringify(route));
    if (bytes > routeLimits.bytes) break;
    kept.push(route);
  }
  return kept;
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  // Half of a surrogate pair must not stay behind at the cut.
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * The id by which a receiver knows an event again: that of the change (`root`), or, for what is told about the change
 * besides, one made of both, so that the same event told twice has the same id. `root` is the operation's id where it changed
 * nothing and may be told twice; `null`: a new id is drawn. `about`: what tells events of one type and one root apart, such as
 * the panics that ended with it; `null`: there is but one.
 */
export function eventId(
  { type, root, about = null }: { readonly type: string; readonly root: string | null; readonly about?: string | null },
  draw: () => string,
): string {
  if (root === null) return draw();
  if (type === 'change.made') return root;
  // No full stop: it stands between the parts of what is signed.
  return [root, type.replaceAll('.', '-'), ...(about === null ? [] : [about])].join('-');
}

import { groupedBy } from './order-rules.js';
import type { Standing } from './prefix-walk.js';
import type { Discovery } from './rule.js';
import type { LintEntry, LintSubject } from './subject.js';
import { moveCommand, named, namedList, unsetCommand } from './wording.js';

// What concerns the prefixes themselves.

/** Where one word goes on into the next: a dot or a colon sets off a form of the same resource. */
function isInsideWord(prefix: string, route: string): boolean {
  const last = /[\p{L}\p{N}]$/u.test(prefix);
  return last && /^[\p{L}\p{N}_%-]/u.test(route.slice(prefix.length, prefix.length + 2));
}

/** The entry that takes a known route from the middle of one of its words; the one that does so to others is right to. */
function cutShort({ key, entry, winner }: Standing): LintEntry | null {
  if (winner === null || winner === entry || winner.prefix === key) return null;
  return isInsideWord(winner.prefix, key) ? winner : null;
}

/** Only a route that somebody has named proves anything: every prefix without a slash at its end could take more. */
export function* findMissingBoundaries({ standings }: LintSubject): Iterable<Discovery> {
  for (const [taker, taken] of groupedBy(standings, cutShort)) {
    const routes = [...new Map(taken.map((each) => [each.key, each])).values()];
    const own = routes.find(({ entry }) => entry !== null)?.entry;
    const [first] = routes;
    const list = namedList(routes.map(({ key, bucket }) => named(key) + (bucket === null ? '' : ` (${bucket})`)));
    yield {
      at: taker.at,
      route: taker.prefix,
      message: `${named(taker.prefix)} ends in the middle of a segment: it also takes ${list}`,
      cure: `Write ${named(`${taker.prefix}/`)}, or give ${named(first?.key ?? '')} an entry in front of it`,
      command: own ? moveCommand(own, taker.prefix) : null,
    };
  }
}

/** What nearly every prefix is: a slash, and nothing in it that anything below asks about. */
const usual = /^\/[^\x00-\x1f\x7f-\x9f\ud800-\udfff?#*]*$/;

/** Why no route that a server sees starts with this; `null`: one could. */
function whyUnmatchable(prefix: string): string | null {
  if (prefix === '' || usual.test(prefix)) return null;
  if (/[\x00-\x1f\x7f-\x9f]/.test(prefix)) return 'it holds a control character';
  if (/\p{Surrogate}/u.test(prefix)) return 'it holds half of a character';
  if (!prefix.startsWith('/')) return 'it does not start with "/"';
  const mark = /[?#]/.exec(prefix)?.[0];
  if (mark !== undefined) return `the path that the server compares holds no "${mark}"`;
  return prefix.endsWith('*') ? 'the "*" at its end is taken as it is, not as a wildcard' : null;
}

export function* findUnmatchable({ entries }: LintSubject): Iterable<Discovery> {
  for (const { prefix, at } of entries) {
    const why = whyUnmatchable(prefix);
    if (why === null) continue;
    yield {
      at,
      route: prefix,
      message: `no route starts with ${named(prefix)}: ${why}`,
      cure: 'Write the start of the path as a client asks for it, or remove the entry',
      command: unsetCommand(prefix),
    };
  }
}

export function* findPatterns({ entries }: LintSubject): Iterable<Discovery> {
  for (const { prefix, at } of entries) {
    if (!/[{<:*]/.test(prefix)) continue;
    const pattern = /\{[^}/]*\}|<[^>/]*>|(?<=\/):[A-Za-z_]\w*|\*(?!$)/.exec(prefix)?.[0];
    if (pattern === undefined) continue;
    yield {
      at,
      route: prefix,
      message: `${named(prefix)}: ${named(pattern)} is compared letter by letter, it stands for nothing else`,
      cure: 'End the prefix in front of it, unless paths really hold it',
      command: null,
    };
  }
}

/** Only a prefix with a capital letter can differ from another by case alone, and few have one. */
function foldedCapitals(entries: readonly LintEntry[]): ReadonlySet<string> {
  return new Set(
    entries.flatMap(({ prefix }) => {
      const folded = prefix.toLowerCase();
      return folded === prefix ? [] : folded;
    }),
  );
}

export function* findCaseVariants({ entries }: LintSubject): Iterable<Discovery> {
  const capitals = foldedCapitals(entries);
  const seen = new Map<string, string>();
  for (const { prefix, at } of capitals.size === 0 ? [] : entries) {
    const folded = prefix.toLowerCase();
    if (!capitals.has(folded)) continue;
    const earlier = seen.get(folded);
    if (earlier === undefined) seen.set(folded, prefix);
    else {
      yield {
        at,
        route: prefix,
        message: `${named(prefix)} differs from ${named(earlier)} by case alone, and the server tells them apart`,
        cure: 'Keep the one that clients ask for',
        command: null,
      };
    }
  }
}

/** In the other order the shorter one hides the longer, which is a finding of its own. */
export function* findSlashVariants({ entries }: LintSubject): Iterable<Discovery> {
  const withSlash = new Set<string>();
  for (const { prefix, at } of entries) {
    if (prefix.endsWith('/')) withSlash.add(prefix);
    else if (prefix !== '' && withSlash.size > 0 && withSlash.has(`${prefix}/`)) {
      yield {
        at,
        route: prefix,
        message: `${named(prefix)} differs from ${named(`${prefix}/`)} by the slash alone: that one takes what lies below, this one the rest`,
        cure: 'Keep both only where the two are meant to differ',
        command: null,
      };
    }
  }
}

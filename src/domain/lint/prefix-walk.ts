import { startsRoute } from '../policy/matching.js';
import type { LintEntry } from './subject.js';

/** A text that routes are known to start with, and which entries take it. */
export interface Standing {
  readonly key: string;
  /** The entry of exactly this prefix; `null`: it is a configured route. */
  readonly entry: LintEntry | null;
  /** The bucket it is configured for; `null`: it is an entry's prefix. */
  readonly bucket: string | null;
  /** The first entry in order that the server uses and that starts it, itself included; `null`: none does. */
  readonly winner: LintEntry | null;
  /** The first entry in order that starts it and that the server does not use, itself left out; `null`: none does. */
  readonly unused: LintEntry | null;
}

type Known = Pick<Standing, 'key' | 'entry' | 'bucket'>;
type Takers = Pick<Standing, 'winner' | 'unused'>;

/** A prefix on the way down to the key in hand. */
interface Frame {
  readonly key: string;
  /** What starts it, without itself. */
  readonly above: Takers;
  /** What starts every key below it. */
  readonly below: Takers;
}

const nobody: Takers = { winner: null, unused: null };

/** Entries come before configured routes of the same text, so that they stand above them. */
function byKey(left: Known, right: Known): number {
  if (left.key !== right.key) return left.key < right.key ? -1 : 1;
  return (left.entry === null ? 1 : 0) - (right.entry === null ? 1 : 0);
}

function firstOf(one: LintEntry | null, other: LintEntry): LintEntry {
  return one !== null && one.index < other.index ? one : other;
}

function joined(above: Takers, entry: LintEntry | null): Takers {
  if (entry === null) return above;
  return entry.fields === null
    ? { ...above, unused: firstOf(above.unused, entry) }
    : { ...above, winner: firstOf(above.winner, entry) };
}

/**
 * Which entries take each prefix of the document and each configured route. In sorted order the prefixes of a key stand on
 * a stack, each with the first of those above it, so that one walk answers for all of them whatever their number.
 */
export function standingsOf(
  entries: readonly LintEntry[],
  buckets: ReadonlyMap<string, { readonly routes: readonly string[] }>,
): readonly Standing[] {
  const known: Known[] = entries.map((entry) => ({ key: entry.prefix, entry, bucket: null }));
  for (const [bucket, { routes }] of buckets) for (const key of routes) known.push({ key, entry: null, bucket });
  const stack: Frame[] = [];
  return known.sort(byKey).map((each) => {
    const { key, entry } = each;
    while (stack.length > 0 && !key.startsWith(stack.at(-1)?.key ?? '')) stack.pop();
    const parent = stack.at(-1);
    // A prefix that ends inside a surrogate pair is on the way, and yet starts nothing here.
    const above = parent === undefined ? nobody : startsRoute(parent.key, key) ? parent.below : parent.above;
    const below = joined(above, entry);
    if (entry !== null) stack.push({ key, above, below });
    return { ...each, winner: below.winner, unused: above.unused };
  });
}

/**
 * What `shadow on` found and did where the history in Redis cannot hold it: in an env file, or through a program. What
 * `shadow off` restores, as long as the flag still holds what was written.
 */
export interface FlagRecord {
  /** The file's path, or the program. */
  readonly place: string;
  readonly variable: string;
  /** The value's exact text before, quotes included; `null`: the variable was absent, or nobody could tell. */
  readonly before: string | null;
  /** The value's exact text after; `null`: the variable was taken out. */
  readonly wrote: string | null;
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** RFC 3339, by this machine's clock. */
  readonly at: string;
}

/** Reads a record; `null`: it is none. */
export function parseFlagRecord(value: unknown): FlagRecord | null {
  if (typeof value !== 'object' || value === null) return null;
  const { place, variable, before, wrote, actor, reason, ticket, at } = value as Record<string, unknown>;
  const texts = [place, variable, actor, at];
  const optional = [before, wrote, reason, ticket];
  if (!texts.every((each) => typeof each === 'string')) return null;
  if (!optional.every((each) => each === null || typeof each === 'string')) return null;
  return { place, variable, before, wrote, actor, reason, ticket, at } as FlagRecord;
}

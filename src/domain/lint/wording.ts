import type { LintEntry } from './subject.js';

/** A text from outside as it stands in a sentence: in quotes, and cut where nobody would read on. */
export function named(text: string): string {
  const characters = text.length > longest ? `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
  return JSON.stringify(characters);
}

const longest = 80;

/** The first of several, and how many more there are: `"/a", "/b" and 3 more`. */
export function namedList(texts: readonly string[]): string {
  const shown = texts.slice(0, mostNamed).join(', ');
  const left = texts.length - mostNamed;
  return left > 0 ? `${shown} and ${left} more` : shown;
}

const mostNamed = 3;

// What a shell or a terminal would not pass on as it is.
const unspeakable = /[\x00-\x1f\x7f-\x9f]|\p{Surrogate}/u;
const longestSpoken = 300;

function isSpeakable(prefix: string): boolean {
  return prefix.length <= longestSpoken && !unspeakable.test(prefix);
}

/** The command that sets something of an entry; `null`: `override set` does not take such a prefix. */
export function setCommand(prefix: string, ...flags: readonly string[]): readonly [string, ...string[]] | null {
  const isRoute = prefix.startsWith('/') && !/[?#]|\*$/.test(prefix);
  return isRoute && [prefix, ...flags].every(isSpeakable) ? ['override set', prefix, ...flags] : null;
}

function isWithin(value: number | undefined, least: number, most: number): boolean {
  return value !== undefined && value >= least && value <= most;
}

/** The command that puts an entry in front of another, with what it has: `override set` wants a field to be named. */
export function moveCommand({ prefix, fields }: LintEntry, before: string): readonly [string, ...string[]] | null {
  const { ratePerMin, burst, isShadow } = fields ?? {};
  const kept = isWithin(ratePerMin, 1, 60_000)
    ? ['--rate', String(ratePerMin)]
    : isWithin(burst, 0, 100_000)
      ? ['--burst', String(burst)]
      : isShadow === undefined
        ? null
        : [isShadow ? '--shadow' : '--no-shadow'];
  return kept && setCommand(prefix, ...kept, '--before', before);
}

/** The command that removes an entry; `null`: nobody can type its prefix. */
export function unsetCommand(prefix: string): readonly [string, ...string[]] | null {
  if (!isSpeakable(prefix)) return null;
  return ['override unset', ...(prefix.startsWith('-') ? ['--'] : []), prefix];
}

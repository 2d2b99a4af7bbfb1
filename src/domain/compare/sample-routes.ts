import { PrefixIndex } from '../policy/prefix-index.js';
import { freshCharacter } from './fresh-character.js';

/**
 * Makes routes of a path template so that every override that could decide for one of its routes decides for one of
 * these: a parameter stands for a value that no prefix reaches into, and besides for whatever the prefixes that fit the
 * template have in its place. `prefixes`: those of all overrides.
 */
export function sampler(prefixes: readonly string[]): (template: string) => readonly string[] {
  const fresh = freshCharacter(prefixes);
  const index = new PrefixIndex(prefixes);
  const split = prefixes.map((prefix) => ({ prefix, segments: prefix.split('/') }));
  return (template) => {
    const parts = template.split('/').map((text) => segmentOf(text, fresh));
    if (parts.every(({ head }) => head === null)) return [template];
    const usual = parts.map(({ usual: text }) => text).join('/');
    const fitting = split.flatMap(({ prefix, segments }) => {
      const [plain, apart] = [filled(segments, parts, ''), filled(segments, parts, fresh)];
      // The value as the prefix has it, unless a longer prefix takes that very route.
      const isOwn = plain !== null && prefixes[index.starting(plain).at(-1) ?? -1] === prefix;
      const sample = isOwn ? plain : apart;
      return sample === null ? [] : [sample];
    });
    return [...new Set([usual, ...fitting])];
  };
}

/** A segment of a template. */
interface Segment {
  readonly text: string;
  /** What stands before its first parameter; `null`: it has none. */
  readonly head: string | null;
  /** The segment with its parameters filled. */
  readonly usual: string;
  /** What follows its first parameter, filled. */
  readonly rest: string;
  readonly pattern: RegExp | null;
}

function segmentOf(text: string, fresh: string): Segment {
  const parts = text.split(/\{[^{}]*\}/);
  if (parts.length === 1) return { text, head: null, usual: text, rest: '', pattern: null };
  const pattern = new RegExp(
    `^${parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.+')}$`,
    'su',
  );
  return { text, head: parts[0] ?? '', usual: parts.join(fresh), rest: parts.slice(1).join(fresh), pattern };
}

/**
 * A route of the template that starts with the prefix, whose last segment may be cut short; `null`: there is none.
 * `more`: what a parameter's value has beyond the prefix, empty where the prefix holds all of it.
 */
function filled(prefix: readonly string[], template: readonly Segment[], more: string): string | null {
  if (prefix.length > template.length) return null;
  const done: string[] = [];
  for (const [position, segment] of template.entries()) {
    const given = prefix[position];
    const isLast = position === prefix.length - 1;
    const text = given === undefined ? segment.usual : isLast ? begun(given, segment, more) : whole(given, segment);
    if (text === null) return null;
    done.push(text);
  }
  return done.join('/');
}

function whole(given: string, { text, pattern }: Segment): string | null {
  return (pattern === null ? given === text : pattern.test(given)) ? given : null;
}

/** A segment that begins as given. */
function begun(given: string, { text, head, usual, rest, pattern }: Segment, more: string): string | null {
  if (head === null || pattern === null) return text.startsWith(given) ? text : null;
  if (given.length <= head.length) return head.startsWith(given) ? usual : null;
  if (!given.startsWith(head)) return null;
  return more === '' && pattern.test(given) ? given : more === '' ? null : `${given}${more}${rest}`;
}

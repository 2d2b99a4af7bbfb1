import { formatDuration, parseDurationMs } from '../duration.js';
import { RlctlError, usageError } from '../errors.js';

/** When somebody wants what a change writes to end by itself. */
export type End =
  /** Nothing was said: it stays, where the environment does not ask for an end. */
  | { readonly kind: 'unsaid' }
  | { readonly kind: 'permanent' }
  /** `atMs`: epoch milliseconds; `text`: as it was given. */
  | { readonly kind: 'until'; readonly atMs: number; readonly text: string }
  /** `ms`: from the server's time at the write. */
  | { readonly kind: 'for'; readonly ms: number };

/** The end as flags say it; `null`: the flag was not given. */
export interface EndFlags {
  readonly for: string | null;
  readonly until: string | null;
  readonly isPermanent: boolean;
}

const dayMs = 86_400_000;
/** What is to last longer is no longer temporary. */
const longestMs = 3650 * dayMs;

/** The end that the flags say. Throws a usage error for more than one of them, and for what is no duration or time. */
export function parseEnd(flags: EndFlags): End {
  const given = [
    ...(flags.for === null ? [] : ['--for']),
    ...(flags.until === null ? [] : ['--until']),
    ...(flags.isPermanent ? ['--permanent'] : []),
  ];
  if (given.length > 1) throw usageError(`${given.join(' and ')} cannot be combined`, 'Give one of them.');
  if (flags.for !== null) return { kind: 'for', ms: parseSpan(flags.for) };
  if (flags.until !== null) return { kind: 'until', atMs: parseTime(flags.until, '--until'), text: flags.until };
  return { kind: flags.isPermanent ? 'permanent' : 'unsaid' };
}

/**
 * When an end comes, epoch milliseconds; `null`: never. `nowMs`: the server's time. Throws a usage error for a time that
 * has passed, or is more than ten years ahead.
 */
export function endAtMs(end: End, nowMs: number): number | null {
  if (end.kind === 'for') return Math.round(nowMs + end.ms);
  if (end.kind !== 'until') return null;
  const now = new Date(nowMs).toISOString();
  if (end.atMs <= nowMs) {
    const ago = formatDuration(nowMs - end.atMs);
    throw new RlctlError(
      'usage',
      `--until ${end.text} has passed: the server's clock is ${ago} ahead of it, at ${now}`,
      {
        code: 'END_PASSED',
        hint: 'Give a time to come, or how long it is to last: --for 2h',
      },
    );
  }
  if (end.atMs > nowMs + longestMs) throw tooFar(`--until ${end.text}`);
  return end.atMs;
}

function parseSpan(text: string): number {
  const ms = parseDurationMs(text, '--for');
  if (ms < 1000) throw usageError(`--for: ${text} is too short to take effect`, 'Give at least 1s, e.g. --for 2h.');
  if (ms > longestMs) throw tooFar(`--for ${text}`);
  return ms;
}

function tooFar(what: string): RlctlError {
  return usageError(`${what} is more than ten years ahead`, 'What is to stay that long is meant to stay: --permanent');
}

const timePattern = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:\d\d)?$/;

/**
 * A time in epoch milliseconds: RFC 3339, seconds optional; without an offset it is meant in this machine's time zone.
 * Throws a usage error that names `place` for anything else, for a day or hour that does not exist, and for a local time
 * that comes twice or never, because the clocks change.
 */
export function parseTime(text: string, place: string): number {
  const match = timePattern.exec(text);
  const [year, month, day, hour, minute, second] = match?.slice(1, 7).map((part) => Number(part ?? 0)) ?? [];
  if (!match || year === undefined) throw noTime(text, place, 'is not a time');
  const fields = [year, (month ?? 0) - 1, day ?? 0, hour ?? 0, minute ?? 0, second ?? 0] as const;
  const asUtc = Date.UTC(...fields);
  if (!isSameFields(fields, utcFields(asUtc))) throw noTime(text, place, 'does not exist');
  const fraction = Math.floor(Number(`0.${match[7] ?? '0'}`) * 1000);
  return offsetAway(asUtc, match[8], { text, place, fields }) + fraction;
}

type Fields = readonly [number, number, number, number, number, number];

function utcFields(ms: number): Fields {
  const at = new Date(ms);
  return [
    at.getUTCFullYear(),
    at.getUTCMonth(),
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
  ];
}

function localFields(ms: number): Fields {
  const at = new Date(ms);
  return [at.getFullYear(), at.getMonth(), at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()];
}

function isSameFields(one: Fields, other: Fields): boolean {
  return one.every((field, index) => field === other[index]);
}

function offsetAway(
  asUtc: number,
  offset: string | undefined,
  said: { readonly text: string; readonly place: string; readonly fields: Fields },
): number {
  if (offset === undefined) return localTime(asUtc, said);
  if (offset === 'Z' || offset === 'z') return asUtc;
  const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number);
  if (hours > 23 || minutes > 59) throw noTime(said.text, said.place, `has the offset ${offset}, which does not exist`);
  return asUtc - (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** The instants that a local time names, by the offsets that hold around it: one, or none or two where clocks change. */
function localTime(
  asUtc: number,
  { text, place, fields }: { readonly text: string; readonly place: string; readonly fields: Fields },
): number {
  const offsets = [asUtc - dayMs, asUtc + dayMs].map((ms) => new Date(ms).getTimezoneOffset());
  const named = [...new Set(offsets)]
    .map((minutes) => asUtc + minutes * 60_000)
    .filter((ms) => isSameFields(fields, localFields(ms)));
  const [only] = named;
  if (only === undefined) throw noTime(text, place, 'never comes in the local time zone, because the clocks change');
  if (named.length === 1) return only;
  const both = named.map((ms) => new Date(ms).toISOString()).sort();
  throw noTime(text, place, `comes twice in the local time zone, because the clocks change (${both.join(' and ')})`);
}

function noTime(text: string, place: string, why: string): RlctlError {
  return usageError(
    `${place}: "${text}" ${why}`,
    'Write it with its offset, as 2026-11-22T08:00:00Z or 2026-11-22T08:00+01:00, or say how long: --for 2h',
  );
}

import { nearNames } from '../near-names.js';
import { civilMs, isTimeZone, localTimeOf, momentsOf, wallClock, type LocalTime } from './local-time.js';

/** A time in which nothing may be changed: every week anew, or once. */
export type FreezeWindow =
  | {
      readonly kind: 'weekly';
      /** Minutes since Sunday 00:00 on the wall clock of the zone. */
      readonly fromMinute: number;
      readonly toMinute: number;
      readonly zone: string;
      /** As the configuration says it: `Fri 16:00 to Mon 08:00 Europe/Berlin`. */
      readonly words: string;
    }
  | {
      readonly kind: 'once';
      /** Epoch milliseconds; the end itself is free again. */
      readonly fromMs: number;
      readonly toMs: number;
      /** `null`: both ends say their offset themselves. */
      readonly zone: string | null;
      readonly words: string;
    };

/** A window as the configuration writes it. */
export interface FreezeText {
  readonly from: string;
  readonly to: string;
  readonly zone?: string | undefined;
}

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const minutesOfDay = 24 * 60;
const minutesOfWeek = 7 * minutesOfDay;
const minuteMs = 60_000;
const weekMs = minutesOfWeek * minuteMs;

const forms = 'write it as "Fri 16:00", as 2026-12-20T18:00:00+01:00, or as 2026-12-20 18:00 in the zone';

type Moment =
  | { readonly kind: 'weekly'; readonly minute: number }
  | { readonly kind: 'local'; readonly local: LocalTime }
  | { readonly kind: 'fixed'; readonly ms: number };

/**
 * Reads a window: both ends weekly (`Fri 16:00`), or both dates (RFC 3339, or local time in the zone). What is wrong with
 * it comes back as a sentence. A local time that the clock shows twice or skips makes the freeze longer, never shorter.
 */
export function parseFreeze({ from, to, zone }: FreezeText): FreezeWindow | { readonly fault: string } {
  const [start, end] = [parseMoment(from), parseMoment(to)];
  if (start === null) return { fault: `from: "${from}" is no time: ${forms}` };
  if (end === null) return { fault: `to: "${to}" is no time: ${forms}` };
  if (zone !== undefined && !isTimeZone(zone)) return { fault: zoneFault(zone) };
  if (zone === undefined && (start.kind !== 'fixed' || end.kind !== 'fixed'))
    return { fault: 'zone is missing: name the time zone of its times, e.g. Europe/Berlin or UTC' };
  const words = `${from} to ${to}${zone === undefined ? '' : ` ${zone}`}`;
  if (start.kind === 'weekly' && end.kind === 'weekly') {
    if (start.minute === end.minute) return { fault: 'it ends where it begins; to freeze always, use deny: true' };
    return { kind: 'weekly', fromMinute: start.minute, toMinute: end.minute, zone: zone ?? '', words };
  }
  if (start.kind === 'weekly' || end.kind === 'weekly')
    return { fault: 'one end is a day of the week and the other a date' };
  const fromMs = momentMs(start, zone ?? '', 'earliest');
  const toMs = momentMs(end, zone ?? '', 'latest');
  if (toMs <= fromMs) return { fault: 'it ends before it begins' };
  return { kind: 'once', fromMs, toMs, zone: zone ?? null, words };
}

function zoneFault(zone: string): string {
  const near = nearNames(zone, Intl.supportedValuesOf('timeZone'));
  return `zone: "${zone}" is no time zone${near.length === 0 ? ', such as Europe/Berlin or UTC' : `; near it there are: ${near.join(', ')}`}`;
}

function parseMoment(text: string): Moment | null {
  const week = /^([A-Za-z]{3,9}) (\d\d):(\d\d)$/.exec(text);
  if (week !== null) {
    const day = dayOf(week[1] ?? '');
    const [hour, minute] = [Number(week[2]), Number(week[3])];
    return day < 0 || hour > 23 || minute > 59
      ? null
      : { kind: 'weekly', minute: day * minutesOfDay + hour * 60 + minute };
  }
  const date = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (date === null) return null;
  const [year, month, day, hour, minute] = [1, 2, 3, 4, 5].map((index) => Number(date[index] ?? 0));
  const local = { year: year ?? 0, month: month ?? 0, day: day ?? 0, hour: hour ?? 0, minute: minute ?? 0 };
  // A 30th of February would silently be a 2nd of March.
  if (JSON.stringify(localTimeOf(civilMs(local))) !== JSON.stringify(local)) return null;
  if (date[6] === undefined) return { kind: 'local', local };
  const ms = Date.parse(text.replace(' ', 'T'));
  return Number.isNaN(ms) ? null : { kind: 'fixed', ms };
}

/** `fri`, `Friday`; -1: no day. */
function dayOf(text: string): number {
  const full = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
  const word = text.toLowerCase();
  return days.findIndex((each, index) => word === each || word === full[index]);
}

function momentMs(moment: Exclude<Moment, { kind: 'weekly' }>, zone: string, which: 'earliest' | 'latest'): number {
  return moment.kind === 'fixed' ? moment.ms : momentsOf(moment.local, wallClock(zone))[which];
}

/** When the freeze of a moment is over, and the window that holds until then; `null`: that moment is free. */
export function frozenUntil(
  windows: readonly FreezeWindow[],
  nowMs: number,
): { readonly untilMs: number; readonly window: FreezeWindow } | null {
  let found: { untilMs: number; window: FreezeWindow } | null = null;
  // Windows that touch are one freeze; those that never leave a gap are not followed for ever.
  for (let step = 0; step <= windows.length; step += 1) {
    const at = found?.untilMs ?? nowMs;
    const ends = windows.flatMap((window) => {
      const untilMs = endOf(window, at);
      return untilMs === null ? [] : [{ untilMs, window }];
    });
    const last = ends.toSorted((a, b) => b.untilMs - a.untilMs)[0];
    if (last === undefined) return found;
    found = last;
  }
  return found;
}

/** True where no moment from now on lies in it. */
export function isPast(window: FreezeWindow, nowMs: number): boolean {
  return window.kind === 'once' && window.toMs <= nowMs;
}

function endOf(window: FreezeWindow, nowMs: number): number | null {
  if (window.kind === 'once') return nowMs >= window.fromMs && nowMs < window.toMs ? window.toMs : null;
  const { fromMinute, toMinute, zone } = window;
  const clock = wallClock(zone);
  const civilNow = civilMs(clock(nowMs));
  const sunday = startOfWeek(civilNow);
  const lengthMs = ((toMinute - fromMinute + minutesOfWeek) % minutesOfWeek) * minuteMs;
  // The week before for a window that has gone on since then, the one after for a clock that skips its beginning.
  for (const week of [-1, 0, 1]) {
    const from = sunday + week * weekMs + fromMinute * minuteMs;
    const start = momentsOf(localTimeOf(from), clock).earliest;
    const end = momentsOf(localTimeOf(from + lengthMs), clock).latest;
    if (nowMs >= start && nowMs < end) return end;
  }
  return null;
}

/** Sunday 00:00 of the week of a reading. */
function startOfWeek(civil: number): number {
  const midnight = civil - (civil % (minutesOfDay * minuteMs));
  return midnight - new Date(civil).getUTCDay() * minutesOfDay * minuteMs;
}

/** A moment in UTC and on the wall clock of a zone: `2026-11-23 07:00Z (Mon 08:00 in Europe/Berlin)`. */
export function momentInWords(ms: number, zone: string | null): string {
  const utc = `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}Z`;
  if (zone === null || zone === 'UTC') return utc;
  const local = wallClock(zone)(ms);
  const date = new Date(civilMs(local)).toISOString();
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][new Date(civilMs(local)).getUTCDay()];
  return `${utc} (${day} ${date.slice(0, 10)} ${date.slice(11, 16)} in ${zone})`;
}

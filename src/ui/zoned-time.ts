/** A time as people of one zone read it, to the second: `2026-11-21 22:36:18`. */
export function timeIn(zone: string, ms: number): string {
  const { year, month, day, hour, minute, second } = partsIn(zone, ms);
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

/** A time of one zone beside the same in UTC: the date only where it is another one there. */
export function timeBeside(zone: string, ms: number): string {
  const [utc, local] = [timeIn('UTC', ms), timeIn(zone, ms)];
  return utc.slice(0, 10) === local.slice(0, 10) ? local.slice(11) : local;
}

/** The time of day alone; with seconds where they are wanted: `22:36`. */
export function clockIn(zone: string, ms: number, isWithSeconds = false): string {
  const { hour, minute, second } = partsIn(zone, ms);
  return isWithSeconds ? `${hour}:${minute}:${second}` : `${hour}:${minute}`;
}

/** A zone by its name and what it was ahead of UTC then: `Europe/Zurich (UTC+01:00)`. */
export function zoneTitle(zone: string, ms: number): string {
  if (isUtc(zone)) return 'UTC';
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'longOffset' });
  const offset = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return `${zone} (${offset.replace('GMT', 'UTC')})`;
}

/** Whether a zone is UTC itself, whose times need not be said twice. */
export function isUtc(zone: string): boolean {
  return ['UTC', 'Etc/UTC', 'GMT', 'Etc/GMT', 'Etc/UCT', 'UCT', 'Etc/Zulu', 'Zulu'].includes(zone);
}

function partsIn(timeZone: string, ms: number): Readonly<Record<string, string>> {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
}

import { bucketOfRoute } from '../config/environment.js';
import { formatDuration } from '../duration.js';
import { groupedBy } from './order-rules.js';
import type { Discovery } from './rule.js';
import type { BucketTraffic, LintEntry, LintSubject } from './subject.js';
import { named, namedList, setCommand } from './wording.js';
import { placeOfField } from './written-fields.js';

// What only the configured routes of the buckets, and their traffic, can tell.

export function* findWideShadow({ standings, buckets, source }: LintSubject): Iterable<Discovery> {
  const routes = standings.filter(({ bucket }) => bucket !== null);
  for (const [entry, taken] of groupedBy(routes, ({ winner }) => (winner?.fields?.isShadow === true ? winner : null))) {
    const own = bucketOfRoute({ buckets }, entry.prefix);
    const foreign = taken.filter(({ bucket }) => bucket !== own);
    const [first] = foreign;
    if (first === undefined) continue;
    const list = namedList(foreign.map(({ key, bucket }) => `${named(key)} (${bucket})`));
    yield {
      at: placeOfField(source, entry, 'shadow'),
      route: entry.prefix,
      message: `${named(entry.prefix)} only observes, and takes routes of another bucket along: ${list}`,
      cure: `Put an override with shadow false for ${named(first.key)} in front of it`,
      command: setCommand(first.key, '--no-shadow', '--before', entry.prefix),
    };
  }
}

/**
 * The metrics count by bucket and a limit holds for each caller, so only an entry that takes every configured route of a
 * bucket is compared with them, and only where callers are seen to be over their limit: busy alone is not too little.
 */
export function* findRateBelowTraffic(subject: LintSubject): Iterable<Discovery> {
  for (const traffic of subject.traffic) {
    const entry = takerOf(subject, traffic.bucket);
    const rate = entry?.fields?.ratePerMin;
    if (entry === null || rate === undefined || !isBelow(rate, traffic)) continue;
    const { bucket, perMinute, overShare, windowMs } = traffic;
    const since = formatDuration(windowMs);
    yield {
      at: placeOfField(subject.source, entry, 'rate'),
      route: entry.prefix,
      message: `${named(entry.prefix)} gives each caller ${rate} a minute; over the last ${since} all callers of the bucket ${named(bucket)}, whose configured routes it takes, asked ${figure(perMinute)} times a minute, ${figure(overShare * 100)} % of that over their limit`,
      cure: 'Raise the burst first, then the rate, and look again',
      // Between two scrapes there were seconds; it has a better default of its own.
      command: [
        'decisions show',
        '--bucket',
        bucket,
        ...(windowMs < 60_000 ? [] : ['--since', since.replaceAll(' ', '')]),
      ],
    };
  }
}

function isBelow(rate: number, { perMinute, overShare, threshold }: BucketTraffic): boolean {
  // Where all callers together ask less than one of them may, it is the burst that refuses.
  return rate > 0 && rate < perMinute && overShare > threshold;
}

/** The one entry that wins for every configured route of the bucket; `null`: there is none, or no route is configured. */
function takerOf({ standings }: LintSubject, bucket: string): LintEntry | null {
  const winners = new Set(standings.filter((each) => each.bucket === bucket).map(({ winner }) => winner));
  const [only = null] = winners;
  return winners.size === 1 ? only : null;
}

function figure(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}

import type { Discovery } from './rule.js';
import type { Standing } from './prefix-walk.js';
import type { LintEntry, LintSubject } from './subject.js';
import { moveCommand, named, namedList, unsetCommand } from './wording.js';

// What follows from the order: the first prefix that starts a route wins, not the longest.

export function* findHidden({ standings }: LintSubject): Iterable<Discovery> {
  for (const { entry, winner } of standings) {
    if (entry?.fields == null || winner === null || winner === entry) continue;
    yield {
      at: entry.at,
      route: entry.prefix,
      message: `${named(entry.prefix)} never wins: ${named(winner.prefix)} stands earlier and takes every route of it`,
      cure: `Put it in front of ${named(winner.prefix)}, or remove it`,
      command: moveCommand(entry, winner.prefix),
    };
  }
}

/** Keys by the entry that takes them, in the order of the walk. */
export function groupedBy(
  standings: readonly Standing[],
  takerOf: (standing: Standing) => LintEntry | null,
): ReadonlyMap<LintEntry, readonly Standing[]> {
  const groups = new Map<LintEntry, Standing[]>();
  for (const standing of standings) {
    const taker = takerOf(standing);
    if (taker === null) continue;
    const group = groups.get(taker);
    if (group === undefined) groups.set(taker, [standing]);
    else group.push(standing);
  }
  return groups;
}

/** An entry that wins only because an earlier one in front of it is not used. */
function winsByChance({ entry, winner, unused }: Standing): LintEntry | null {
  const isWinner = entry !== null && entry === winner;
  return isWinner && unused !== null && unused.index < entry.index ? unused : null;
}

export function* findOrderHazards({ standings }: LintSubject): Iterable<Discovery> {
  for (const [unused, behind] of groupedBy(standings, winsByChance)) {
    const list = namedList(behind.map(({ key }) => named(key)));
    yield {
      at: unused.at,
      route: unused.prefix,
      message: `${named(unused.prefix)} is not used now and stands in front of ${list}: once repaired in this place, it takes all their routes`,
      cure: 'Put it behind them before it is repaired, or remove it',
      command: unsetCommand(unused.prefix),
    };
  }
}

export function* findMatchAll({ entries }: LintSubject): Iterable<Discovery> {
  for (const { prefix, fields, at } of entries) {
    if (fields === null || (prefix !== '' && prefix !== '/')) continue;
    yield {
      at,
      route: prefix,
      message: `${named(prefix)} starts every route: what it sets holds for all buckets, the strictest too`,
      cure: 'Name the routes that are meant',
      command: null,
    };
  }
}

export function* findEmpty({ suspects }: LintSubject): Iterable<Discovery> {
  for (const { prefix, fields, valueAt } of suspects) {
    if (fields === null || Object.keys(fields).length > 0) continue;
    yield {
      at: valueAt,
      route: prefix,
      message: `${named(prefix)} sets no field that the server knows, yet it takes its routes from every entry behind it`,
      cure: 'Give it a rate or a burst, or remove it',
      command: unsetCommand(prefix),
    };
  }
}

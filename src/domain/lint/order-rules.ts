import type { Discovery } from './rule.js';
import type { Standing } from './prefix-walk.js';
import type { LintEntry, LintSubject } from './subject.js';
import { moveCommand, named, namedList, unsetCommand } from './wording.js';

// What follows from the order: the first prefix that starts a route wins, not the longest.

export function* findHidden({ standings }: LintSubject): Iterable<Discovery> {
  // One entry may hide a hundred thousand others: what is said of it is put together once.
  let by: HiddenBy | null = null;
  for (const { entry, winner } of standings) {
    if (entry?.fields == null || winner === null || winner === entry) continue;
    if (by?.winner !== winner) by = hiddenBy(winner);
    yield new Hidden(entry, by);
  }
}

interface HiddenBy {
  readonly winner: LintEntry;
  readonly reason: string;
  readonly cure: string;
}

function hiddenBy(winner: LintEntry): HiddenBy {
  const name = named(winner.prefix);
  const reason = ` never wins: ${name} stands earlier and takes every route of it`;
  return { winner, reason, cure: `Put it in front of ${name}, or remove it` };
}

/** The command that cures it is put together only where it is asked for. */
class Hidden implements Discovery {
  constructor(
    readonly entry: LintEntry,
    readonly by: HiddenBy,
  ) {}

  get at(): number {
    return this.entry.at;
  }

  get route(): string {
    return this.entry.prefix;
  }

  get message(): string {
    return named(this.entry.prefix) + this.by.reason;
  }

  get cure(): string {
    return this.by.cure;
  }

  get command(): Discovery['command'] {
    return moveCommand(this.entry, this.by.winner.prefix);
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

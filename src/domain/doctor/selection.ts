import { usageError } from '../errors.js';
import { nearNames } from '../near-names.js';
import { checkGroups, checks, groupOf, type CheckId } from './checks.js';

/** Everything that `--only` takes: the groups, then the checks. */
export function selectable(): readonly string[] {
  return [...checkGroups, ...checks.map(({ id }) => id)];
}

/** The checks that groups and ids name, in the table's order; nothing named: all of them. Throws a usage error with the nearest names. */
export function selectChecks(named: readonly string[]): ReadonlySet<CheckId> {
  for (const name of named) {
    if (selectable().includes(name)) continue;
    const near = nearNames(name, selectable());
    const group = checkGroups.find((each) => name.startsWith(`${each}.`));
    throw usageError(
      `--only: there is no check and no group "${name}"`,
      group !== undefined
        ? `The checks of ${group} are: ${checks.flatMap(({ id }) => (groupOf(id) === group ? [id] : [])).join(', ')}.`
        : near.length > 0
          ? `Near it there are: ${near.join(', ')}.`
          : `The groups are: ${checkGroups.join(', ')}.`,
    );
  }
  const wanted = checks.filter(({ id }) => named.length === 0 || named.includes(id) || named.includes(groupOf(id)));
  return new Set(wanted.map(({ id }) => id));
}

import { startsRoute } from '../policy/matching.js';
import { targetOfCommand, type Panic } from './panics.js';

/**
 * What restoring one panic means for others that are still open, in sentences: a route that another one found in shadow
 * already was left to the first, and is enforced again. `routesOf`: the configured routes of a bucket.
 */
export function overlapRemarks(
  { id, changed }: Pick<Panic, 'id' | 'changed'>,
  panics: readonly Panic[],
  routesOf: (bucket: string) => readonly string[],
): readonly string[] {
  const others = panics.filter((each) => each.id !== id && each.restored === null && each.way === 'overrides');
  return others.flatMap((other) => {
    const covers = coverage(other, routesOf);
    const lost = changed.filter(
      (route) => !other.changed.includes(route) && covers.some((each) => startsRoute(each, route)),
    );
    if (lost.length === 0) return [];
    const routes = lost.map((route) => JSON.stringify(route)).join(', ');
    return [
      `${other.id} (${other.command}) is open as well, and found ${routes} in shadow already: now as before ${id} again`,
    ];
  });
}

/** The prefixes that a panic is about. One that catches every route stands in front of all, and loses nothing. */
function coverage({ command }: Panic, routesOf: (bucket: string) => readonly string[]): readonly string[] {
  const target = targetOfCommand(command);
  if (target === null || target.kind === 'global') return [];
  return target.kind === 'route' ? [target.route] : routesOf(target.name);
}

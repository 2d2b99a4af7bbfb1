import { counted } from '../counted.js';
import { RlctlError, usageError } from '../errors.js';
import { quoteOutside } from '../outside-text.js';

/** A route to be looked at. */
export interface ListedRoute {
  readonly route: string;
  /** The methods that it is asked with; empty: any. */
  readonly methods: readonly string[];
  /** The template it is a sample of; `null`: it stands in the list itself. */
  readonly template: string | null;
}

const mostFaults = 20;

/**
 * Routes as a file lists them: one a line, `/api/search` or `GET /api/search`; what follows `#` and empty lines do not
 * count. Throws one usage error that lists every fault with its line, and where there is no route at all.
 */
export function parseRouteList(text: string, file: string): readonly ListedRoute[] {
  const faults: string[] = [];
  const routes = text.split(/\r?\n/).flatMap((line, index): ListedRoute[] => {
    const written = line.replace(/(^|\s)#.*$/, '').trim();
    if (written === '') return [];
    const match = /^(?:([A-Za-z]+)\s+)?(\/\S*)$/.exec(written);
    if (match !== null)
      return [
        { route: match[2] ?? '', methods: match[1] === undefined ? [] : [match[1].toUpperCase()], template: null },
      ];
    const column = line.length - line.trimStart().length + 1;
    faults.push(`${file}:${index + 1}:${column}: ${JSON.stringify(quoteOutside(written, 60))} is no route`);
    return [];
  });
  if (faults.length > 0) {
    throw new RlctlError(
      'usage',
      `${file} has ${counted(faults.length, 'fault')}:\n  ${faults.slice(0, mostFaults).join('\n  ')}`,
      {
        code: 'ROUTES_INVALID',
        hint: 'Write one route a line: /api/search, or GET /api/search.',
        details: { faults },
      },
    );
  }
  if (routes.length === 0)
    throw usageError(`${file} lists no route`, 'Write one route a line: /api/search, or GET /api/search.', 'NO_ROUTES');
  return routes;
}

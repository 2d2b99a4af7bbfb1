import type { Verdict } from '../proof/proof.js';

const verdictWords = {
  proven: 'proven',
  notProven: 'NOT PROVEN',
  contradicted: 'CONTRADICTED by the server',
  notAttempted: 'its proof was waived',
} as const satisfies Record<Verdict, string>;

/** `override set changed /api/search on prod: proven`. */
export function changeSummary(
  command: string,
  routes: readonly string[],
  { environment, verdict }: { readonly environment: string; readonly verdict: Verdict },
): string {
  return `${command} changed ${routesInWords(routes)} on ${environment}: ${verdictWords[verdict]}`;
}

/** `nobody can tell whether override set changed /api/search on prod`. */
export function unknownSummary(command: string, routes: readonly string[], environment: string): string {
  return `nobody can tell whether ${command} changed ${routesInWords(routes)} on ${environment}`;
}

/** `shadow on set the flags of financial and write on prod: proven`. */
export function flagsSummary(
  command: string,
  buckets: readonly string[],
  { environment, verdict }: { readonly environment: string; readonly verdict: Verdict },
): string {
  const what = buckets.length === 1 ? 'the flag' : 'the flags';
  return `${command} set ${what} of ${inWords(buckets)} on ${environment}: ${verdictWords[verdict]}`;
}

/**
 * `panic bucket financial (p-1a2b3c4d) on prod: proven`; one that was taken back is called restored, and one that was
 * closed with nothing put back is called that. `verdict`: `null` where nothing had to be written.
 */
export function panicSummary(
  { id, command, how }: { readonly id: string; readonly command: string; readonly how: 'acted' | 'restored' | 'left' },
  { environment, verdict }: { readonly environment: string; readonly verdict: Verdict | null },
): string {
  if (how === 'left') return `${command} (${id}) was closed on ${environment}, and what it changed left as it is`;
  const what = how === 'restored' ? 'was restored ' : '';
  const came = verdict === null ? 'nothing had to be written' : verdictWords[verdict];
  return `${command} (${id}) ${what}on ${environment}: ${came}`;
}

/** `prod was reloaded: proven`. */
export function reloadSummary(environment: string, verdict: Verdict): string {
  return `${environment} was reloaded: ${verdictWords[verdict]}`;
}

/** The most routes that a sentence names. */
const mostNamed = 3;

function routesInWords(routes: readonly string[]): string {
  if (routes.length === 0) return 'the document';
  const named = routes.map((route) => (route === '' ? '"" (every route)' : route));
  if (named.length <= mostNamed) return inWords(named);
  return inWords([...named.slice(0, mostNamed - 1), `${named.length - mostNamed + 1} more routes`]);
}

/** `a, b and c` */
function inWords(names: readonly string[]): string {
  const last = names.at(-1) ?? 'nothing';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

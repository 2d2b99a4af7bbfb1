import { counted } from '../domain/counted.js';
import type { Environment } from '../domain/config/environment.js';
import type { FleetStatus } from '../procedures/fleet/status.js';
import { term } from './term.js';
import type { Theme } from './theme.js';

/** The verdict in one line. */
export function headline(
  {
    status,
    environment,
    source,
  }: { readonly status: FleetStatus; readonly environment: Environment; readonly source: string },
  theme: Theme,
): string {
  const { standings, groups, findings } = status;
  const silent = standings.filter(({ state }) => state === 'unreachable').length;
  const title = theme.bold(term(environment.name));
  const from = theme.dim(`(${term(source)})`);
  const count = status.refusing.length;
  const refusing = count === 0 ? '' : theme.warn(`, ${count} refused the signature`);
  if (findings.length === 0) return `${title}  ${theme.good(wellText(status))}${refusing}  ${from}`;
  const parts = [
    ...(groups.length > 1 ? [`${groups.length} different answers`] : []),
    ...(silent > 0 ? [`${silent} without an answer`] : []),
  ];
  const rest = parts.length === 0 ? '' : `, ${parts.join(', ')}`;
  return `${title}  ${theme.bad(`${verdictOf(status, silent)}  ${inStepCount(status)}`)}${rest}${refusing}  ${from}`;
}

/** Nothing was found: as far as anything was looked at. */
function wellText(status: FleetStatus): string {
  const { coverage, loaded, standings } = status;
  const { read, of } = coverage;
  const inStep = `${standings.length} of ${standings.length}`;
  if (loaded === null)
    return read === 0
      ? `ALIKE  ${inStep}, but no override was looked at`
      : `ALIKE  ${inStep} (${counted(read, 'prefix', 'prefixes')} that they list were read)`;
  if (read >= of) return `IN STEP  ${inStep}`;
  return `IN STEP as far as looked at (${read} of ${of} overrides read)  ${inStep}`;
}

function verdictOf({ groups, standings, loaded }: FleetStatus, silent: number): string {
  if (groups.length > 1) return 'SPLIT';
  if (groups[0]?.isAsStored === false) return 'STALE';
  if (silent === standings.length) return 'NO ANSWER';
  if (silent > 0) return 'INCOMPLETE';
  return loaded === null ? 'NOT COMPARED' : 'FINDINGS';
}

/** How much of the fleet is in step; of a single address, how much of what it said. */
function inStepCount(status: FleetStatus): string {
  const { standings } = status;
  const [only] = standings;
  if (only !== undefined && standings.length === 1 && only.state === 'split' && only.staleReads > 0)
    return `${only.reads - only.staleReads} of ${only.reads} reads in step`;
  const inStep = standings.filter(({ state }) => state === 'inStep').length;
  return `${inStep} of ${standings.length} ${inStepWord(status)}`;
}

/** Where nothing tells what is stored, alike is all that instances can be. */
export function inStepWord({ loaded }: FleetStatus): string {
  return loaded === null ? 'alike' : 'in step';
}

/** What the most say; where as many say something else, that. */
export function mostText({ groups, standings }: FleetStatus): readonly string[] {
  const [first, second] = groups;
  if (first === undefined) return [];
  const isOne = standings.length === 1;
  const sizeOf = ({ count, reads }: typeof first): number => (isOne ? reads : count);
  const said = (group: typeof first): string => `${sizeOf(group)} say ${group.digest.slice(0, 8)}`;
  if (!first.isMajority && second !== undefined)
    return [`There is no majority: ${groups.map(said).slice(0, 3).join(', ')}.`];
  if (isOne && second !== undefined)
    return [`Of ${standings[0]?.reads ?? 0} reads ${said(first)}${standingText(first.isAsStored)}.`];
  return [`The most (${first.count}) say ${first.digest.slice(0, 8)}${standingText(first.isAsStored)}.`];
}

function standingText(isAsStored: boolean | null): string {
  return isAsStored === null ? '' : isAsStored ? ', as stored' : ', which is not what is stored';
}

import { counted } from '../../domain/counted.js';
import type { Finding } from '../../domain/finding.js';
import { targetOf } from '../../domain/fleet/instance.js';
import {
  nextFails,
  refusedBefore,
  refusedCure,
  type RefusedSignatures,
} from '../../domain/fleet/refused-signatures.js';
import type { Standing, StandingState } from '../../domain/fleet/standing.js';
import { namedInstances, whyFailed } from './failed-instances.js';
import type { FleetStatus } from './status.js';

/** A fleet in few words, for one who asks about the whole environment. */
export interface FleetSummary {
  /** Where the instances are listed, in words. */
  readonly source: string;
  readonly total: number;
  /** False: what is stored is not known, and they were compared with each other. */
  readonly isCompared: boolean;
  readonly counts: Readonly<Record<StandingState, number>>;
  /** Those that did not answer, as addresses. */
  readonly silent: readonly string[];
  /** One for each thing that is wrong, however many instances have it. */
  readonly findings: readonly Finding[];
}

const causes = [
  ['stale', 'FLEET_STALE', 'do not hold what is stored', 'does not hold what is stored'],
  [
    'split',
    'FLEET_SPLIT',
    'gave different answers on different connections',
    'gave different answers on different connections',
  ],
  ['differs', 'FLEET_DIFFERS', 'say something else than the others', 'says something else than the others'],
] as const;

/** Those that did not answer, one finding for each cause. */
function silentFindings(silent: readonly Standing[], total: number): readonly Finding[] {
  const byCause = new Map<string, Standing[]>();
  for (const each of silent) {
    const why = whyFailed({ instance: each.instance, error: each.error, proof: null });
    byCause.set(why, [...(byCause.get(why) ?? []), each]);
  }
  return [...byCause].map(([why, all]) => ({
    code: 'FLEET_UNREACHABLE',
    part: 'fleet',
    message: `${counted(all.length, 'instance')} of ${total} (${namedInstances(all)}) did not answer: ${why}`,
    hint: all[0]?.error?.hint ?? 'See each with: rlctl fleet status',
  }));
}

/** Those of them that refused the signature before: a reload alone mends none of these. */
function refusals(all: readonly Standing[], refused: RefusedSignatures): string {
  const known = all.filter(({ instance }) => refused.has(instance.name));
  if (known.length === 0) return '';
  const who = known.length < all.length ? namedInstances(known) : all.length === 1 ? 'it' : 'they';
  return `; ${who} ${refusedBefore}`;
}

/** Those that are in step, and will not take the next reload. */
function refusingFinding(refusing: readonly Finding[], standings: readonly Standing[]): readonly Finding[] {
  if (refusing.length === 0) return [];
  const all = standings.filter(({ instance }) => refusing.some(({ part }) => part === instance.name));
  const who = `${counted(all.length, 'instance')} of ${standings.length} (${namedInstances(all)})`;
  const message = `${who} ${refusedBefore}: ${nextFails}`;
  return [{ code: 'FLEET_REFUSING', part: 'fleet', message, hint: refusedCure }];
}

/** Sums up what looking at a fleet came to. What is wrong with Redis or the document is told by whoever reads them. */
export function fleetSummary(
  { standings, findings, loaded, refused, refusing }: FleetStatus,
  source: string,
): FleetSummary {
  const inState = (state: StandingState) => standings.filter((each) => each.state === state);
  const count = (state: StandingState): number => inState(state).length;
  const wrongSite = findings.filter(({ code }) => code === 'WRONG_SITE_MODE');
  const found = causes.flatMap(([state, code, many, one]): Finding[] => {
    const all = inState(state);
    if (all.length === 0) return [];
    const who = `${counted(all.length, 'instance')} of ${standings.length} (${namedInstances(all)})`;
    const message = `${who} ${all.length === 1 ? one : many}${refusals(all, refused)}`;
    return [{ code, part: 'fleet', message, hint: 'See each with: rlctl fleet status' }];
  });
  return {
    source,
    total: standings.length,
    isCompared: loaded !== null,
    counts: {
      inStep: count('inStep'),
      stale: count('stale'),
      differs: count('differs'),
      split: count('split'),
      unreachable: count('unreachable'),
    },
    silent: inState('unreachable').map(({ instance }) => targetOf(instance)),
    findings: [
      ...wrongSite,
      ...found,
      ...silentFindings(inState('unreachable'), standings.length),
      ...refusingFinding(refusing, standings),
    ],
  };
}

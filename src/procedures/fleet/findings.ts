import { counted } from '../../domain/counted.js';
import { failureOf, type Finding } from '../../domain/finding.js';
import type { FleetJudgement, Sighting, Standing } from '../../domain/fleet/standing.js';
import { lostFinding, unreadableFinding, unstoredFinding } from '../../domain/override/document-gone.js';
import { nextFails, refusedCure, refusedText, type RefusedSignatures } from '../../domain/fleet/refused-signatures.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { Part } from '../../domain/part.js';
import type { Revision } from '../../domain/revision.js';
import type { LoadedOverrides } from '../../domain/policy/matching.js';
import { shellWords } from '../../domain/shell-words.js';
import type { StoredOverrides } from '../../ports/override-store.js';

export interface FleetFacts {
  readonly judged: FleetJudgement;
  readonly sightings: readonly Sighting[];
  readonly stored: Part<StoredOverrides>;
  /** What the document means, unreadable or not; `null`: it is not known. */
  readonly loaded: LoadedOverrides | null;
  readonly siteMode: string | null;
  /** The document that was reloaded last from here; `null`: not known. */
  readonly lastRevision: Revision | null;
  readonly refused: RefusedSignatures;
}

/** What is wrong with a fleet: what concerns all of it first, then instance by instance. */
export function fleetFindings(facts: FleetFacts): readonly Finding[] {
  const { judged, sightings, stored, siteMode, refused } = facts;
  const document = documentFindings(facts);
  return [
    ...failureOf('redis', stored),
    ...document,
    ...judged.standings.flatMap((standing, index) => [
      ...siteModeFinding(standing, siteMode),
      ...standingFinding(standing, refused.get(standing.instance.name) ?? null, document[0]?.hint ?? null),
      ...partlySilent(standing, sightings[index]?.failures ?? 0),
    ]),
  ];
}

/**
 * Instances that hold what is stored, or hold their own settings, and refused the signature: nothing is wrong with them
 * yet, and the next reload or change is going to fail there. Of one that is behind its own finding says so.
 */
export function refusingInStep({ judged, refused }: Pick<FleetFacts, 'judged' | 'refused'>): readonly Finding[] {
  return judged.standings.flatMap(({ instance: { name: part }, state }): Finding[] => {
    const at = refused.get(part);
    if (at === undefined || (state !== 'inStep' && state !== 'differs')) return [];
    const message = `${part}${state === 'inStep' ? ' is in step, but' : ':'} ${refusedText(at)}: ${nextFails}`;
    return [{ code: 'REFUSING', part, message, hint: refusedCure }];
  });
}

function documentFindings({ judged: { standings }, stored, loaded, lastRevision }: FleetFacts): readonly Finding[] {
  const lost = stored.state === 'ok' ? lostFinding(stored.value, lastRevision) : null;
  if (lost !== null) return [lost];
  const type = stored.state === 'ok' ? stored.value.type : 'none';
  const isForeign = type !== 'string' && type !== 'none';
  const holding = standings.filter(({ staleReads }) => staleReads > 0).length;
  if (stored.state === 'ok' && type === 'none' && holding > 0) {
    const who = `${counted(holding, 'instance')} of ${standings.length} ${holding === 1 ? 'holds' : 'hold'}`;
    return [unstoredFinding(stored.value, `${who} overrides`)];
  }
  const why = isForeign ? `its key holds a ${quoteOutside(type, 20)}` : (loaded?.droppedBecause ?? null);
  if (why === null) return [];
  return [unreadableFinding(why)];
}

/** `refusedAt`: when it refused the signature; `before`: what is to be done before any reload. `null`: nothing of the kind. */
function standingFinding(standing: Standing, refusedAt: string | null, before: string | null): readonly Finding[] {
  const { instance, state, faults, error, distinctAnswers, staleReads, reads } = standing;
  const { name: part, origin } = instance;
  const refusal = refusedAt === null ? '' : `; ${refusedText(refusedAt)}`;
  const command = shellWords(['rlctl', 'reload', '--target', origin]);
  const reload = before ?? (refusedAt === null ? `Reload it with: ${command}` : refusedCure);
  switch (state) {
    case 'inStep':
      return [];
    case 'unreachable':
      return error === null
        ? []
        : [{ code: error.code, part, message: quoteOutside(error.message, 300), hint: error.hint ?? null }];
    case 'split': {
      const seen =
        staleReads > 0
          ? `${staleReads} of ${counted(reads, 'connection')} to ${part} met a process that does not hold what is stored`
          : `${part} gave ${distinctAnswers} different answers on ${counted(reads, 'connection')}`;
      const message = `${seen}: not every process behind it holds the same${refusal}`;
      return [{ code: 'SPLIT', part, message, hint: reload }];
    }
    case 'stale': {
      const more = faults.length > 1 ? `, and ${faults.length - 1} more` : '';
      const message = `${part} does not hold what is stored: ${quoteOutside(faults[0] ?? '', 120)}${more}${refusal}`;
      return [{ code: 'STALE', part, message, hint: reload }];
    }
    case 'differs': {
      const message = `${part} says something else than the others: its own settings or flags differ`;
      return [{ code: 'DIFFERS', part, message, hint: 'Compare its environment with that of another instance.' }];
    }
  }
}

function siteModeFinding({ instance, siteMode }: Standing, wanted: string | null): readonly Finding[] {
  if (wanted === null || siteMode === null || siteMode.trim().toLowerCase() === wanted.toLowerCase()) return [];
  const message = `${instance.name} says that it is "${quoteOutside(siteMode, 40)}", not "${wanted}"`;
  const hint = 'Check the list of instances, and siteMode of this environment.';
  return [{ code: 'WRONG_SITE_MODE', part: instance.name, message, hint }];
}

/** Of several connections some were not answered. */
function partlySilent({ instance, reads, error }: Standing, failures: number): readonly Finding[] {
  if (failures === 0 || reads === 0 || error === null) return [];
  const message = `${instance.name}: ${failures} of ${counted(reads + failures, 'connection')} came to nothing: ${quoteOutside(error.message, 160)}`;
  return [{ code: error.code, part: instance.name, message, hint: error.hint ?? null }];
}

import { nextFails, refusedCure, refusedText, type RefusedSignatures } from '../../domain/fleet/refused-signatures.js';
import type { Finding } from '../../domain/finding.js';
import { counted } from '../../domain/counted.js';
import { lostFinding, unstoredFinding } from '../../domain/override/document-gone.js';
import { enforcementRemarks, type SeenEnforcement } from '../../domain/policy/enforcement.js';
import { quoteOutside } from '../../domain/outside-text.js';
import type { ReloadRecord } from '../../domain/reload-record.js';
import type { Revision } from '../../domain/revision.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import type { OverrideListing } from '../override/inspect.js';
import type { ListedRoute } from '../shadow/compare.js';
import type { StoredBesideServers, UnshownField } from './stored-overrides.js';

/** What is known of whether the stored overrides are in force. */
export interface InForce {
  readonly listing: OverrideListing;
  /** `null`: no server was asked. */
  readonly beside: StoredBesideServers | null;
  readonly routes: readonly ListedRoute[];
  /** The last reload sent from here; `null`: none that is known. */
  readonly reload: ReloadRecord | null;
  /** The document that was reloaded last from here, whichever server took it; `null`: not known. */
  readonly lastRevision: Revision | null;
  /** What earlier reloads and probes showed. */
  readonly seen: SeenEnforcement;
  /** Processes behind the address; `null`: not known. */
  readonly workers: number | null;
}

const part = 'overrides';
const again = 'run: rlctl reload';

/** The finding that the limiter was off when it was last reloaded from here: only a reload's answer tells. */
export function switchFindings(reload: ReloadRecord | null): readonly Finding[] {
  if (reload?.isEnabled !== false) return [];
  return [
    {
      code: 'LIMITER_OFF',
      part: 'enabled',
      message: `the limiter was off when it was last reloaded from here, at ${reload.at}: nothing is enforced`,
      hint: limiterOffHint,
    },
  ];
}

/** How a limiter that is off is switched on again. */
export const limiterOffHint =
  'set RATE_LIMIT_ENABLED=true (no other text is true) where the server reads it, and run: rlctl reload; where that changes nothing, restart the server';

/** The finding, for each address, that it refused the signature: it holds what it held, and the next change fails. */
export function refusingFindings({ targets, refused }: AskedSignatures): readonly Finding[] {
  return targets.flatMap((target): Finding[] => {
    const at = refused.get(target);
    if (at === undefined) return [];
    return [
      { code: 'REFUSING', part: target, message: `${target}: ${refusedText(at)}: ${nextFails}`, hint: refusedCure },
    ];
  });
}

interface AskedSignatures {
  readonly targets: readonly string[];
  readonly refused: RefusedSignatures;
}

/** Where the signature is refused, a reload alone mends none of these. */
export function withRefusal(findings: readonly Finding[]): readonly Finding[] {
  return findings.map((each) => ({ ...each, hint: each.hint?.replace(again, refusedCure) ?? null }));
}

/** The findings that the stored overrides are not in force, or not known to be; one cause is said once. */
export function forceFindings(known: InForce): readonly Finding[] {
  const lost = lostFinding(known.listing.stored, known.lastRevision);
  if (lost !== null) return [lost];
  const unforced = unforcedFindings(known);
  return [...heldFindings(known, unforced.length > 0), ...unforced];
}

/** What a probe has shown stays so until another one shows the contrary, however often such a server is reloaded. */
function unforcedFindings({ listing: { overrides }, seen }: InForce): readonly Finding[] {
  if (overrides.length === 0) return [];
  const [because] = enforcementRemarks({ ...seen, off: null });
  if (because === undefined) return [];
  return [
    {
      code: 'OVERRIDES_WITHOUT_EFFECT',
      part,
      message: `${counted(overrides.length, 'override')} stored without effect: ${because}`,
      hint: `set the bucket’s limit in the server’s environment; if that server was replaced, look again with a probe: rlctl reload --probe URL`,
    },
  ];
}

function heldFindings({ listing, beside, routes, reload, workers }: InForce, isUnforced: boolean): readonly Finding[] {
  if (beside === null) return [];
  const { stored, overrides } = listing;
  const told = new Set(routes.filter(({ isDifferent }) => isDifferent).map(({ override }) => override.prefix));
  const differences = differencesOf(beside, told);
  if (differences.length > 0)
    return [
      stored.type === 'none'
        ? unstoredFinding(stored, `the server holds overrides: ${someOf(differences)}`)
        : differing(differences, beside.extra.length > 0),
    ];
  if (told.size > 0) return [];
  if (isUnforced) return [];
  if (reload?.verdict === 'contradicted' && reload.revision === stored.revision && overrides.length > 0)
    return [contradicted(reload)];
  const isUnproven = reload !== null && isBefore(reload, stored);
  if (!isUnproven || isShown(listing, beside, workers)) return [];
  return [notKnown(listing, reload)];
}

/** True where what is stored is not what was reloaded; where that is not known, the dates tell. */
function isBefore({ revision, at }: ReloadRecord, stored: StoredOverrides): boolean {
  if (revision !== null) return revision !== stored.revision;
  return (stored.lastEntry?.timeMs ?? 0) > Date.parse(at);
}

/** True where the servers show all that the document says, and nothing could have been taken out of it unseen. */
function isShown({ stored, isForeign }: OverrideListing, beside: StoredBesideServers, workers: number | null): boolean {
  const isAdded = !isForeign && stored.lastEntry?.body?.routes.every(({ after }) => after !== null) === true;
  return beside.isWhole && (workers ?? 1) === 1 && (beside.isListed || isAdded);
}

const fieldNames = { ratePerMin: 'rate', burst: 'burst', windowSeconds: 'window' } as const;

function differencesOf({ unshown, missing, extra }: StoredBesideServers, told: ReadonlySet<string>): readonly string[] {
  const byPrefix = new Map<string, UnshownField[]>();
  for (const each of unshown) byPrefix.set(each.prefix, [...(byPrefix.get(each.prefix) ?? []), each]);
  const isNew = (prefix: string): boolean => !told.has(prefix);
  return [
    ...[...byPrefix]
      .filter(([prefix]) => isNew(prefix))
      .map(([prefix, fields]) => `${named(prefix)} is stored with ${fields.map(fieldText).join(', ')}`),
    ...missing
      .filter((prefix) => isNew(prefix) && !byPrefix.has(prefix))
      .map((prefix) => `${named(prefix)} is stored, and not there`),
    ...extra.map((prefix) => `${named(prefix)} is there, and not stored`),
  ];
}

function fieldText({ name, stored, server }: UnshownField): string {
  return `${fieldNames[name]} ${stored}, the server says ${server}`;
}

function named(prefix: string): string {
  return `"${quoteOutside(prefix)}"`;
}

const mostNamed = 3;

/** `"/a" is stored, and not there; and 2 more` */
function someOf(differences: readonly string[]): string {
  const left = differences.length - mostNamed;
  return `${differences.slice(0, mostNamed).join('; ')}${left > 0 ? `; and ${left} more` : ''}`;
}

function differing(differences: readonly string[], isMore: boolean): Finding {
  const own = isMore ? '; what stays then comes from the server’s own RATE_LIMIT_POLICY_OVERRIDES_JSON' : '';
  return {
    code: 'OVERRIDES_DIFFER',
    part,
    message: `the server holds other overrides than Redis: ${someOf(differences)}`,
    hint: `${again}${own}`,
  };
}

function contradicted({ command, at }: ReloadRecord): Finding {
  return {
    code: 'PROOF_CONTRADICTED',
    part,
    message: `the proof of "${quoteOutside(command, 60)}" at ${at} was contradicted, and the same overrides are still stored`,
    hint: `to see what contradicts them, ${again}`,
  };
}

function notKnown({ stored, isForeign }: OverrideListing, { at }: ReloadRecord): Finding {
  const how = isForeign ? 'changed past rlctl' : changedBy(stored);
  return {
    code: 'NOT_KNOWN_IN_FORCE',
    part,
    message: `what is stored is not known to be in force: ${how} since the last reload from here, at ${at}`,
    hint: again,
  };
}

function changedBy({ lastEntry }: StoredOverrides): string {
  const command = lastEntry?.body?.command;
  return command === undefined ? 'changed' : `changed by "${quoteOutside(command, 60)}"`;
}

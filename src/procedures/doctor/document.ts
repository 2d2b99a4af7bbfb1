import { counted } from '../../domain/counted.js';
import type { Found } from '../../domain/doctor/report.js';
import { RlctlError } from '../../domain/errors.js';
import { quoteOutside } from '../../domain/outside-text.js';
import {
  emptiedCure,
  emptiedText,
  goneCure,
  goneText,
  isDocumentGone,
  isStoreEmptied,
} from '../../domain/override/document-gone.js';
import { lostFinding } from '../../domain/override/lost-history.js';
import { loadOverrides, startsRoute } from '../../domain/policy/matching.js';
import type { Revision } from '../../domain/revision.js';
import { shellWords } from '../../domain/shell-words.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { endFindings } from '../override/end-findings.js';
import { listingOf, type OverrideListing } from '../override/inspect.js';
import { isElsewhere } from './redis.js';
import { NotChecked, well, type Answer, type Facts } from './facts.js';

/** Whether rlctl and the server can read the document at all. */
export async function checkReadable(facts: Facts): Promise<Answer> {
  const stored = await facts.stored();
  const isText = stored.type === 'string' || stored.type === 'none';
  if (!isText && facts.isSelected('redis.types')) throw new NotChecked('see redis.types');
  const { entries, vanished = [], droppedBecause } = loadOverrides(stored.bytes);
  const count = entries.length + vanished.length;
  const evidence =
    stored.bytes === null
      ? `${stored.key} does not exist`
      : `${counted(count, 'override')}, ${counted(stored.bytes.length, 'byte')}`;
  if (isText && droppedBecause === null) {
    const found =
      foundMissing(stored, (await isElsewhere(facts)) ? null : facts.input.lastRevision) ?? foundUnchangeable(stored);
    return found === null ? well(evidence) : { evidence, found: [{ ...found, part: stored.key, evidence }] };
  }
  listingOf(stored);
  const message = `the server cannot read the document: ${droppedBecause}; a reload would drop every override`;
  const cure = 'Restore the last good document with: rlctl override repair';
  return { evidence, found: [{ code: 'DOCUMENT_DROPPED', part: stored.key, message, evidence, cure }] };
}

/** The history, or the last reload from here, tells of a document, and it is gone: somebody removed it, or it expired. */
function foundMissing(stored: StoredOverrides, lastRevision: Revision | null): Told | null {
  if (isStoreEmptied(stored, lastRevision))
    return { code: 'STORE_EMPTIED', message: emptiedText(stored), cure: emptiedCure };
  if (!isDocumentGone(stored)) return null;
  return {
    code: 'DOCUMENT_GONE',
    message: `${goneText(stored)}: a reload would drop every override`,
    cure: `${goneCure}; what that would bring back shows: rlctl override repair --dry-run`,
  };
}

/** What the server takes and rlctl does not: a change could lose something, so none is made. */
function foundUnchangeable(stored: StoredOverrides): Told | null {
  try {
    listingOf(stored);
    return null;
  } catch (error) {
    if (!(error instanceof RlctlError) || error.kind !== 'guard') throw error;
    const { usableCount, entries, vanished = [] } = loadOverrides(stored.bytes);
    return {
      code: error.code,
      message: `${error.message}; the server reads it all the same (${usableCount} of ${entries.length + vanished.length} in use), but rlctl can change nothing in it`,
      cure: 'Restore the last good document with: rlctl override repair; what that would change shows: rlctl override repair --dry-run',
    };
  }
}

type Told = Pick<Found, 'code' | 'message' | 'cure'>;

/** The entries; where the document cannot be read, that is a finding of its own. */
async function listed(facts: Facts): Promise<OverrideListing> {
  const stored = await facts.restsOn(facts.stored(), 'document.readable');
  const isText = stored.type === 'string' || stored.type === 'none';
  return facts.restsOn(
    Promise.resolve().then(() => listingOf(stored)),
    isText ? 'document.readable' : 'redis.types',
  );
}

/** The record of the changes that the metadata tells of. */
export async function checkHistory(facts: Facts): Promise<Answer> {
  const stored = await facts.restsOn(facts.stored(), 'document.readable');
  const { lastEntry } = stored;
  const evidence = lastEntry === null ? 'there is no history' : `the last entry is number ${lastEntry.sequence}`;
  const found = lostFinding(stored);
  if (found === null) return well(evidence);
  const { code, message, hint: cure } = found;
  return { evidence, found: [{ code, part: stored.key, message, evidence, cure }] };
}

/** Entries that the server drops while loading, or skips while matching. */
export async function checkEntries(facts: Facts): Promise<Answer> {
  const { overrides, stored } = await listed(facts);
  const vanished = new Map(
    (loadOverrides(stored.bytes).vanished ?? []).map(({ prefix, because }) => [prefix, because]),
  );
  const found = overrides.flatMap(({ prefix, loaded }): Found[] => {
    const common = {
      part: prefix,
      cure: `Give it values that are numbers: ${change('set', prefix, '--rate', 'N')}; or remove it: ${change('unset', prefix)}`,
    };
    const gone = vanished.get(prefix);
    if (gone !== undefined) {
      const evidence = quoteOutside(gone, 120);
      return [
        {
          ...common,
          code: 'ENTRY_VANISHES',
          message: `the server drops ${named(prefix)}: ${evidence}`,
          evidence,
          cure: `Remove it: ${change('unset', prefix)}`,
        },
      ];
    }
    if (loaded?.skippedBecause == null) return oddPrefix(prefix);
    const evidence = quoteOutside(loaded.skippedBecause, 120);
    return [{ ...common, code: 'ENTRY_SKIPPED', message: `the server skips ${named(prefix)}: ${evidence}`, evidence }];
  });
  return { evidence: `${overrides.length - found.length} of ${overrides.length} used`, found };
}

/** A prefix that no route has, or that every route has. */
function oddPrefix(prefix: string): Found[] {
  if (prefix.startsWith('/')) return [];
  const remove = `Remove it: ${change('unset', prefix)}`;
  const common = { part: prefix, evidence: named(prefix) };
  if (prefix === '') {
    const message =
      '"" starts every route: it limits each one that no earlier entry takes, and hides every later entry';
    const cure = `${remove}; where every route is meant, write it as "/": ${change('set', '/', '--rate', 'N')}`;
    return [{ ...common, code: 'ENTRY_TAKES_ALL', message, cure }];
  }
  const message = `${named(prefix)} starts no route, because every route starts with a slash: it has no effect`;
  const cure = `${remove}; and where it was meant: ${change('set', `/${prefix}`, '--rate', 'N')}`;
  return [{ ...common, code: 'ENTRY_WITHOUT_SLASH', message, cure }];
}

/** Entries that never win, because an earlier one takes all their routes. */
export async function checkOrder(facts: Facts): Promise<Answer> {
  const { overrides } = await listed(facts);
  const found = overrides.flatMap(({ prefix, hiddenBy, index }): Found[] => {
    if (hiddenBy === null) return [];
    const message = `${named(prefix)} never wins: the earlier ${named(hiddenBy)} takes every route of it`;
    const evidence = `position ${index + 1}, behind ${named(hiddenBy)}`;
    const cure = `Put it in front, with the value it is to have: ${change('set', prefix, '--before', hiddenBy, '--rate', 'N')}`;
    return [{ code: 'ENTRY_HIDDEN', part: prefix, message, evidence, cure }];
  });
  return { evidence: found.length === 0 ? 'none is hidden' : `${found.length} hidden`, found };
}

/** Values that the server reads as something else, and fields that it does not know. */
export async function checkValues(facts: Facts): Promise<Answer> {
  const { overrides } = await listed(facts);
  const found = overrides.flatMap(({ prefix, loaded }): Found[] => {
    const notes = loaded?.skippedBecause == null ? (loaded?.notes ?? []) : [];
    if (notes.length === 0) return [];
    const evidence = quoteOutside(notes.join('; '), 200);
    const cure = `Write it strictly: ${change('set', prefix, '--rate', 'N')} (likewise --burst, --window, --shadow)`;
    return [{ code: 'VALUE_COERCED', part: prefix, message: `${named(prefix)}: ${evidence}`, evidence, cure }];
  });
  return {
    evidence:
      found.length === 0 ? 'every value is strict' : `${counted(found.length, 'entry', 'entries')} not as written`,
    found,
  };
}

/** A prefix knows no segments: `/api/search` also takes `/api/searching`. Only routes that somebody has named are looked at. */
export async function checkBoundaries(facts: Facts): Promise<Answer> {
  const { overrides } = await listed(facts);
  const routes = [...facts.environment.buckets.values()].flatMap((bucket) => bucket.routes);
  if (routes.length === 0) throw new NotChecked('no routes are configured (buckets)');
  const found = routes.flatMap((route): Found[] => {
    const winner = overrides.find(({ prefix, loaded }) => loaded?.fields != null && startsRoute(prefix, route));
    const next = route[winner?.prefix.length ?? 0] ?? '/';
    if (winner === undefined || winner.prefix === '' || winner.prefix.endsWith('/') || '/?#'.includes(next)) return [];
    const evidence = `${named(winner.prefix)} starts ${named(route)} in the middle of a segment`;
    const cure = `See what wins there: ${shellWords(['rlctl', 'policy', 'explain', route])}; give the route an entry of its own in front: ${change('set', route, '--before', winner.prefix, '--rate', 'N')}`;
    return [
      {
        code: 'HALF_SEGMENT',
        part: winner.prefix,
        message: `${named(winner.prefix)} also takes the configured route ${named(route)}`,
        evidence,
        cure,
      },
    ];
  });
  return { evidence: counted(routes.length, 'configured route'), found };
}

/** Whether what was set for a while ends, and whether shadow without an end was forgotten. */
export async function checkEnds(facts: Facts): Promise<Answer> {
  const listing = await listed(facts);
  const temporary = listing.overrides.filter(({ end }) => end !== null).length + listing.removed.length;
  const found = endFindings(listing).map(({ code, prefix, message, cure }): Found => {
    return { code, part: prefix ?? listing.stored.key, message, evidence: message, cure };
  });
  return { evidence: temporary === 0 ? 'nothing is temporary' : `${temporary} temporary`, found };
}

function named(prefix: string): string {
  return JSON.stringify(quoteOutside(prefix, 80));
}

function change(verb: 'set' | 'unset', prefix: string, ...more: string[]): string {
  return shellWords(['rlctl', 'override', verb, prefix, ...more]);
}

import { RlctlError, usageError } from '../../domain/errors.js';
import type { OverrideDocument } from '../../domain/override/document.js';
import type { WantedEntry } from '../../domain/override/reconcile.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { typedFields } from '../../domain/overrides-file/write-file.js';
import { shellWords } from '../../domain/shell-words.js';
import { applyIntent, listed } from './declared.js';
import { findListed, type ListedOverride, type OverrideListing } from './inspect.js';
import type { ChangeIntent } from './plan.js';

/** Which overrides of an environment are promoted. */
export interface Selection {
  /** Prefixes as they are stored; empty: all. */
  readonly named: readonly string[];
  /** Prefixes that are left out. */
  readonly except: readonly string[];
  /** Those that end by themselves too, also where they are not named. */
  readonly isIncludingTemporary: boolean;
}

/** What one environment hands to another. */
export interface Promotion {
  readonly from: string;
  readonly to: string;
  /** In their order there; never empty. */
  readonly entries: readonly WantedEntry[];
  /** False: some prefixes were named. */
  readonly isWhole: boolean;
  /** What was left out, and what does not come along, in sentences. */
  readonly remarks: readonly string[];
}

/**
 * The overrides to promote, in their order. Throws usage errors for a prefix that is not there (with the nearest ones), for
 * an override that the server skips (`OVERRIDE_UNUSABLE`), and where nothing is left to promote (`NOTHING_TO_PROMOTE`).
 */
export function choosePromotion(
  listing: OverrideListing,
  { from, to }: Pick<Promotion, 'from' | 'to'>,
  { named, except, isIncludingTemporary }: Selection,
): Promotion {
  const wanted = new Set(named.map((prefix) => findListed(listing, prefix).prefix));
  const without = new Set(except.map((prefix) => findListed(listing, prefix).prefix));
  const both = named.find((prefix) => without.has(prefix));
  if (both !== undefined)
    throw usageError(`${JSON.stringify(both)} is named and left out with --except`, 'Say one of the two.');
  const isWhole = wanted.size === 0;
  const asked = listing.overrides.filter(({ prefix }) => (isWhole || wanted.has(prefix)) && !without.has(prefix));
  const isTaken = ({ end }: ListedOverride): boolean => end === null || !isWhole || isIncludingTemporary;
  const taken = asked.filter(isTaken);
  const left = asked.filter((each) => !isTaken(each));
  assertUsable(taken);
  if (taken.length === 0) throw nothingLeft(left);
  const removed = isWhole ? listing.removed : [];
  return {
    from,
    to,
    entries: taken.map(({ prefix, raw }) => ({ prefix, raw, isExact: typedFields(prefix, raw) === null })),
    isWhole,
    remarks: [
      ...left.map((each) => `${endText(each, from)}: left out; --include-temporary takes it along`),
      ...taken
        .filter(({ end }) => end !== null)
        .map((each) => `${endText(each, from)}; that end is not taken over: --until says when it ends here`),
      ...removed.map(
        ({ route, untilMs }) =>
          `${shown(route)} is removed from ${from} until ${timeText(untilMs)}: a promotion removes nothing`,
      ),
    ],
  };
}

function endText({ prefix, end }: ListedOverride, from: string): string {
  return `${shown(prefix)} is temporary in ${from}${end === null ? '' : `, until ${timeText(end.untilMs)}`}`;
}

function shown(prefix: string): string {
  return `"${quoteOutside(prefix)}"`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** What the source's own server does not use would hide in the target what it does use, or be the mistake of tomorrow. */
function assertUsable(overrides: readonly ListedOverride[]): void {
  const unusable = overrides.flatMap(({ prefix, loaded }) => {
    if (loaded === null) return [{ prefix, because: 'its value is no object' }];
    return loaded.fields === null ? [{ prefix, because: loaded.skippedBecause ?? 'it is unusable' }] : [];
  });
  const [first] = unusable;
  if (first === undefined) return;
  const more = unusable.length > 1 ? `, and so are ${unusable.length - 1} more` : '';
  throw usageError(
    `the override ${shown(first.prefix)} is skipped by the server: ${first.because}${more}; nothing was written`,
    `Mend it with "${shellWords(['rlctl', 'override', 'edit'])}", or leave it out: ${shellWords(['--except', first.prefix])}`,
    'OVERRIDE_UNUSABLE',
  );
}

function nothingLeft(left: readonly ListedOverride[]): RlctlError {
  const [what, hint] =
    left.length > 0
      ? ['every override there is temporary', 'Take them along with --include-temporary, or name them.']
      : ['there is no override to promote', 'See what there is with: rlctl override list'];
  return usageError(what, hint, 'NOTHING_TO_PROMOTE');
}

/**
 * Sets what another environment holds, in its order; removes nothing. The history names both environments, as the command
 * does.
 */
export function promoteIntent(promotion: Promotion, ifRevision: string | null): ChangeIntent {
  const { from, to, entries, isWhole, remarks } = promotion;
  const applied = applyIntent({ entries, ifRevision });
  const found: { staying: readonly string[] } = { staying: [] };
  const names = new Set(entries.map(({ prefix }) => prefix));
  return {
    ...applied,
    command: shellWords(['env', 'promote', from, to]),
    remarks: () => [...remarks, ...found.staying, ...(applied.remarks?.() ?? [])],
    edit: (document, stored) => {
      found.staying = isWhole ? stayingRemarks(document, names, promotion) : [];
      return applied.edit(document, stored);
    },
  };
}

function stayingRemarks(
  document: OverrideDocument | null,
  names: ReadonlySet<string>,
  { to }: Pick<Promotion, 'to'>,
): readonly string[] {
  const others = (document?.members ?? []).map(({ key }) => key).filter((key) => !names.has(key));
  if (others.length === 0) return [];
  return [`not promoted and left as ${others.length === 1 ? 'it is' : 'they are'} in ${to}: ${listed(others)}`];
}

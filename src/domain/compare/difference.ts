import type { Policy } from '../control-plane.js';
import type { OverrideFields } from '../policy/matching.js';
import type { OverrideIndex } from '../policy/prefix-index.js';

/** What a document means for a route. */
export interface Meaning {
  /** The prefix of the override that decides; `null`: none does. */
  readonly matched: string | null;
  /** What is set: an absent field is the bucket's own. With the bucket's own policy known, every field. */
  readonly fields: OverrideFields;
}

export const fieldNames = ['ratePerMin', 'burst', 'windowSeconds', 'isShadow'] as const;

/** One field that changes; `null`: the bucket's own. */
export interface FieldChange {
  readonly name: (typeof fieldNames)[number];
  readonly before: number | boolean | null;
  readonly after: number | boolean | null;
}

/**
 * What a change does beyond its numbers. `blocks`: nobody gets through any more; `unblocks`: they do again; `enforces`:
 * it was in shadow, and blocks now what it only counted; `mayEnforce`: it was, and the bucket's own flag decides now, which
 * is not known; `shadows`: the reverse of `enforces`.
 */
export type Effect = 'blocks' | 'unblocks' | 'enforces' | 'mayEnforce' | 'shadows';

/** How two documents differ for a route. */
export interface Difference {
  readonly route: string;
  readonly before: Meaning;
  readonly after: Meaning;
  /** The fields that change; empty: only another override decides, to the same effect. */
  readonly fields: readonly FieldChange[];
  readonly effects: readonly Effect[];
}

/** Two documents, quick to match. */
export interface ComparedDocuments {
  readonly before: OverrideIndex;
  readonly after: OverrideIndex;
  /** The bucket's own policy beneath both; `null`: not known, so that a field set to the bucket's own value differs. */
  readonly base: Policy | null;
}

/** How the documents differ for a route; `null`: the same override decides to the same effect. */
export function differenceAt(documents: ComparedDocuments, route: string): Difference | null {
  const before = meaningOf(documents.before, route, documents.base);
  const after = meaningOf(documents.after, route, documents.base);
  const fields = fieldNames.flatMap((name): FieldChange[] => {
    const [was, is] = [before.fields[name] ?? null, after.fields[name] ?? null];
    return was === is ? [] : [{ name, before: was, after: is }];
  });
  if (fields.length === 0 && before.matched === after.matched) return null;
  return { route, before, after, fields, effects: effectsOf(before.fields, after.fields) };
}

function meaningOf(overrides: OverrideIndex, route: string, base: Policy | null): Meaning {
  const winner = overrides.winnerOf(route);
  return { matched: winner?.prefix ?? null, fields: { ...base, ...winner?.fields } };
}

function effectsOf(before: OverrideFields, after: OverrideFields): readonly Effect[] {
  const effects: Effect[] = [];
  if (blocksAll(before) !== blocksAll(after)) effects.push(blocksAll(after) ? 'blocks' : 'unblocks');
  if (before.isShadow === true && after.isShadow === false) effects.push('enforces');
  if (before.isShadow === true && after.isShadow === undefined) effects.push('mayEnforce');
  if (before.isShadow === false && after.isShadow === true) effects.push('shadows');
  return effects;
}

/** True where these fields alone let nobody through. */
function blocksAll({ ratePerMin = 1, burst = 0, isShadow }: OverrideFields): boolean {
  return isShadow !== true && (ratePerMin <= 0 || ratePerMin > 60_000 || burst < 0);
}

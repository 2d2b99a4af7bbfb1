import type { Environment } from '../domain/config/environment.js';
import { addressed } from '../domain/printed-command.js';
import { policyInWords } from '../domain/policy/gcra.js';
import type { ListedOverride, OverrideListing } from '../procedures/override/inspect.js';
import { setText } from './author-text.js';
import { renderTable } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** Every override in matching order: the first that starts the route wins. */
export function overrideListView(listing: OverrideListing, environment: Environment, nowMs: number): View {
  const { stored, overrides, isForeign } = listing;
  const json = overrides.map(overrideJson);
  return {
    kind: 'OverrideList',
    data: {
      environment: environment.name,
      key: stored.key,
      revision: stored.revision,
      isForeign,
      ttlMs: stored.ttlMs,
      overrides: json,
    },
    items: json,
    human: async (theme) => {
      const head = `${term(stored.key)} at ${stored.revision.slice(0, 12)}`;
      if (overrides.length === 0) return `${head}: no overrides`;
      const table = await renderTable(
        columns,
        overrides.map((each) => rowOf(each, theme, nowMs)),
        theme,
      );
      const remarks = [
        ...(isForeign ? [theme.warn(foreignText(stored.revision, environment))] : []),
        ...(stored.ttlMs === null
          ? []
          : [theme.warn(`the key expires in ${Math.ceil(stored.ttlMs / 1000)} s: every override goes with it`)]),
        ...overrides.flatMap((each) => remarksOf(each, theme)),
      ];
      return [theme.dim(head), table, ...remarks].join('\n');
    },
  };
}

function foreignText(revision: string, { address }: Environment): string {
  const print = `rlctl override history --document ${revision.slice(0, 12)}`;
  return term(
    addressed(`the document was changed past rlctl since the last recorded change; print it with: ${print}`, address),
  );
}

const columns = [
  { title: '#', align: 'right' },
  { title: 'PREFIX' },
  { title: 'RATE', align: 'right' },
  { title: 'BURST', align: 'right' },
  { title: 'WINDOW', align: 'right', isOptional: true },
  { title: 'SHADOW', isOptional: true },
  { title: 'HIDDEN BY', isOptional: true },
  { title: 'LAST CHANGE', isOptional: true, isFlexible: true },
] as const;

function rowOf(each: ListedOverride, theme: Theme, nowMs: number): readonly string[] {
  const field = (name: string): string => {
    const found = each.fields?.find((one) => one.name === name);
    return found === undefined ? '-' : term(found.raw);
  };
  return [
    String(each.index + 1),
    each.prefix === '' ? '""' : term(each.prefix),
    field('rate'),
    field('burst'),
    field('window'),
    field('shadow'),
    each.hiddenBy === null ? '-' : theme.warn(each.hiddenBy === '' ? '""' : term(each.hiddenBy)),
    setText(each, nowMs) ?? '-',
  ];
}

function remarksOf(each: ListedOverride, theme: Theme): readonly string[] {
  const name = term(JSON.stringify(each.prefix));
  if (each.loaded === null) return [theme.warn(`${name}: the server drops it, because its value is no object`)];
  const skipped =
    each.loaded.skippedBecause === null
      ? []
      : [theme.warn(`${name}: the server skips it: ${term(each.loaded.skippedBecause)}`)];
  return [...skipped, ...each.loaded.notes.map((note) => theme.warn(`${name}: ${term(note)}`))];
}

function overrideJson(each: ListedOverride): Record<string, unknown> {
  const { prefix, index, raw, loaded, hiddenBy, metadata, isChangedPast } = each;
  return {
    prefix,
    index,
    raw,
    isUsable: loaded?.fields != null,
    skippedBecause: loaded === null ? 'its value is no object' : loaded.skippedBecause,
    ratePerMin: loaded?.fields?.ratePerMin ?? null,
    burst: loaded?.fields?.burst ?? null,
    windowSeconds: loaded?.fields?.windowSeconds ?? null,
    isShadow: loaded?.fields?.isShadow ?? null,
    notes: loaded?.notes ?? [],
    hiddenBy,
    changeId: metadata?.changeId ?? null,
    actor: metadata?.actor ?? null,
    reason: metadata?.reason ?? null,
    ticket: metadata?.ticket ?? null,
    isChangedPast,
    changedAt: metadata === null ? null : new Date(metadata.atMs).toISOString(),
  };
}

/** One override: the stored bytes, and what the server makes of them. */
export function overrideView(
  each: ListedOverride,
  listing: OverrideListing,
  environment: Environment,
  nowMs: number,
): View {
  return {
    kind: 'Override',
    data: {
      environment: environment.name,
      key: listing.stored.key,
      revision: listing.stored.revision,
      ...overrideJson(each),
    },
    human: (theme) => {
      const { fields } = each.loaded ?? {};
      const { metadata } = each;
      const words =
        fields?.ratePerMin !== undefined && fields.burst !== undefined
          ? policyInWords({ ratePerMin: fields.ratePerMin, burst: fields.burst, isShadow: fields.isShadow ?? false })
          : null;
      return [
        `${theme.bold(term(JSON.stringify(each.prefix)))}  place ${each.index + 1} of ${listing.overrides.length}`,
        `  stored  ${term(each.raw)}`,
        ...(words === null ? [] : [`  means   ${words}`]),
        ...(each.hiddenBy === null
          ? []
          : [theme.warn(`  hidden  by ${term(JSON.stringify(each.hiddenBy))}, which stands earlier`)]),
        ...remarksOf(each, theme).map((line) => `  ${line}`),
        metadata === null
          ? '  not recorded who set it'
          : `  set     ${setText(each, nowMs) ?? ''} (change ${term(metadata.changeId)})`,
      ].join('\n');
    },
  };
}

import type { Environment } from '../domain/config/environment.js';
import { addressed } from '../domain/printed-command.js';
import { policyInWords } from '../domain/policy/gcra.js';
import { formatDuration } from '../domain/duration.js';
import type { Finding } from '../domain/finding.js';
import type { PendingEnd } from '../domain/override/expiry.js';
import type { RouteMetadata } from '../domain/override/metadata.js';
import type { ListedOverride, OverrideListing } from '../procedures/override/inspect.js';
import { setText } from './author-text.js';
import { addressedFindings, findingLines } from './finding-lines.js';
import { LazyItems } from './json-pieces.js';
import { renderTable, tablePieces, type Column } from './table.js';
import { term } from './term.js';
import { isoTime, relativeTime } from './time.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** Every override in matching order: the first that starts the route wins. */
export function overrideListView(
  listing: OverrideListing,
  environment: Environment,
  { nowMs, lost }: { readonly nowMs: number; readonly lost: Finding | null },
): View {
  const { stored, overrides, removed, isForeign } = listing;
  const findings = addressedFindings(lost === null ? [] : [lost], environment.address);
  const items = new LazyItems(overrides, (each) => overrideJson(each, stored.serverTimeMs));
  const data = {
    environment: environment.name,
    key: stored.key,
    revision: stored.revision,
    isForeign,
    ttlMs: stored.ttlMs,
    overrides: items,
    removed: removed.map((each) => ({
      prefix: each.route,
      ...endJson(each, stored.serverTimeMs),
      isTakenOut: each.wrote !== null,
      ...authorJson(each.metadata),
    })),
    findings,
  };
  const isOwned = overrides.some(({ metadata }) => metadata?.owner !== undefined);
  const columns = columnsOf(isOwned);
  const rows = function* (theme: Theme): Generator<readonly string[]> {
    for (const each of overrides) yield rowOf(each, theme, { nowMs, serverMs: stored.serverTimeMs, isOwned });
  };
  const remarks = (theme: Theme): Generator<string> => listRemarks(listing, environment, findings, theme);
  return {
    kind: 'OverrideList',
    data,
    items,
    human: async (theme) => {
      if (overrides.length === 0) return [`${headText(listing)}: no overrides`, ...remarks(theme)].join('\n');
      return [
        theme.dim(headText(listing)),
        await renderTable(columns, [...rows(theme)], theme),
        ...remarks(theme),
      ].join('\n');
    },
    pieces:
      overrides.length < manyOverrides
        ? undefined
        : async function* (theme) {
            yield theme.dim(headText(listing));
            yield* tablePieces(columns, rows(theme), theme);
            yield* remarks(theme);
          },
  };
}

/** From here on it is worth while to print the first before the last is looked at. */
const manyOverrides = 1000;

function headText({ stored }: OverrideListing): string {
  return `${term(stored.key)} at ${stored.revision.slice(0, 12)}`;
}

function* listRemarks(
  listing: OverrideListing,
  environment: Environment,
  findings: readonly Finding[],
  theme: Theme,
): Generator<string> {
  const { stored, overrides, removed, isForeign } = listing;
  if (findings.length > 0) yield* findingLines(findings, theme);
  else if (isForeign) yield theme.warn(foreignText(stored, environment));
  if (stored.ttlMs !== null)
    yield theme.warn(`the key expires in ${Math.ceil(stored.ttlMs / 1000)} s: every override goes with it`);
  for (const each of removed) yield theme.warn(removedText(each, stored.serverTimeMs));
  for (const each of overrides) yield* remarksOf(each, theme);
}

function foreignText({ bytes, revision }: OverrideListing['stored'], { address }: Environment): string {
  if (bytes === null) return 'the document was removed past rlctl since the last recorded change';
  const print = `rlctl override history --document ${revision.slice(0, 12)}`;
  return term(
    addressed(`the document was changed past rlctl since the last recorded change; print it with: ${print}`, address),
  );
}

const columnsBefore = [
  { title: '#', align: 'right' },
  { title: 'PREFIX' },
  { title: 'RATE', align: 'right' },
  { title: 'BURST', align: 'right' },
  { title: 'WINDOW', align: 'right', isOptional: true },
  { title: 'SHADOW', isOptional: true },
  { title: 'UNTIL', isOptional: true },
  { title: 'HIDDEN BY', isOptional: true },
] as const;
const ownerColumn = { title: 'OWNER' };
const lastColumn = { title: 'LAST CHANGE', isOptional: true, isFlexible: true };

/** Owners are the affair of files: where nobody has one, there is no column for them. */
function columnsOf(isOwned: boolean): readonly Column[] {
  return [...columnsBefore, ...(isOwned ? [ownerColumn] : []), lastColumn];
}

/** Who set something is told by this machine's clock; what ends, by the server's, which decides. */
interface RowFacts {
  readonly nowMs: number;
  readonly serverMs: number;
  readonly isOwned: boolean;
}

function rowOf(each: ListedOverride, theme: Theme, { nowMs, serverMs, isOwned }: RowFacts): readonly string[] {
  const { fields } = each;
  const field = (name: string): string => {
    const found = fields?.find((one) => one.name === name);
    return found === undefined ? '-' : term(found.raw);
  };
  return [
    String(each.index + 1),
    each.prefix === '' ? '""' : term(each.prefix),
    field('rate'),
    field('burst'),
    field('window'),
    field('shadow'),
    each.end === null ? '-' : untilText(each.end, serverMs, theme),
    each.hiddenBy === null ? '-' : theme.warn(each.hiddenBy === '' ? '""' : term(each.hiddenBy)),
    ...(isOwned ? [term(each.metadata?.owner ?? '-')] : []),
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

/** `in 2h`, or since when it is overdue. */
function untilText({ untilMs }: PendingEnd, serverMs: number, theme: Theme): string {
  return untilMs > serverMs
    ? relativeTime(untilMs, serverMs)
    : theme.bad(`overdue ${formatDuration(serverMs - untilMs)}`);
}

/** `ends 2026-11-22T08:00:00.000Z (in 2h): {"rate":5} returns` */
function endText({ untilMs, previous }: PendingEnd, serverMs: number): string {
  const returns = previous.value === null ? 'the entry goes' : `${term(previous.value)} returns`;
  const verb = untilMs > serverMs ? 'ends' : 'was to end';
  return `${verb} ${isoTime(untilMs)} (${relativeTime(untilMs, serverMs)}): ${returns}`;
}

function removedText(end: PendingEnd, serverMs: number): string {
  if (end.wrote !== null)
    return `${term(JSON.stringify(end.route))} was set until ${term(isoTime(end.untilMs) ?? '')}, and somebody took it out past rlctl`;
  return `${term(JSON.stringify(end.route))} is removed for a while; that ${endText(end, serverMs)}`;
}

function endJson(end: PendingEnd | null, serverMs: number): Record<string, unknown> {
  return {
    until: isoTime(end?.untilMs),
    isOverdue: end !== null && end.untilMs <= serverMs,
    previousRaw: end?.previous.value ?? null,
  };
}

function authorJson(metadata: RouteMetadata | null): Record<string, unknown> {
  return {
    changeId: metadata?.changeId ?? null,
    actor: metadata?.actor ?? null,
    reason: metadata?.reason ?? null,
    ticket: metadata?.ticket ?? null,
    changedAt: isoTime(metadata?.atMs),
    owner: metadata?.owner ?? null,
  };
}

function overrideJson(each: ListedOverride, serverMs: number): Record<string, unknown> {
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
    ...authorJson(metadata),
    isChangedPast,
    changedPastSeenAt: isoTime(metadata?.pastMs),
    ...endJson(each.end, serverMs),
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
      ...overrideJson(each, listing.stored.serverTimeMs),
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
        ...(each.end === null ? [] : [`  until   ${endText(each.end, listing.stored.serverTimeMs)}`]),
        metadata === null
          ? '  not recorded who set it'
          : `  set     ${setText(each, nowMs) ?? ''} (change ${term(metadata.changeId)})`,
        ...(metadata?.owner === undefined ? [] : [`  owner   ${term(metadata.owner)}, by: rlctl override sync`]),
      ].join('\n');
    },
  };
}

import { bucketsOfAll } from '../domain/config/bucket-names.js';
import { bucketOfRoute, type Environment } from '../domain/config/environment.js';
import { counted } from '../domain/counted.js';
import { valueOf } from '../domain/part.js';
import { enforcementRemarks, nothingSeen, whyUnheeded, type SeenEnforcement } from '../domain/policy/enforcement.js';
import { loadOverrides } from '../domain/policy/matching.js';
import { enforcingOverrides, observingByName } from '../domain/shadow/enforcing-overrides.js';
import { followsGlobal } from '../domain/shadow/global-shadow.js';
import { unreachedText } from '../domain/shadow/unreached.js';
import type { ListedBucket, ListedRoute } from '../procedures/shadow/compare.js';
import type { ShadowListing } from '../procedures/shadow/list.js';
import { changeText, setText } from './author-text.js';
import { addressedFindings, findingLines } from './finding-lines.js';
import { renderTable, type Column } from './table.js';
import { term } from './term.js';
import type { Theme } from './theme.js';
import type { View } from './view.js';

/** What is in shadow; differences between server and what is stored are marked. */
export function shadowListView(
  listing: ShadowListing,
  environment: Environment,
  { seen, nowMs }: { readonly seen: SeenEnforcement; readonly nowMs: number },
): View {
  const { servers, buckets, routes } = listing;
  const findings = addressedFindings(listing.findings, environment.address);
  const json = buckets.map((each) => bucketJson(each, servers));
  const remarks = remarksOn(listing, environment, seen);
  return {
    kind: 'ShadowList',
    data: {
      environment: environment.name,
      driver: driverText(environment),
      globalShadow: listing.global,
      buckets: json,
      ...observingJson(listing, environment, seen),
      routes: routes.map((each) => routeJson(each, servers)),
      findings,
      remarks,
    },
    items: json,
    human: async (theme) => {
      const columns = bucketColumns.filter(({ isOfFile }) => !isOfFile || driverText(environment) === 'env-file');
      const shown = { theme, nowMs, listing };
      const bucketTable = await renderTable(
        columns.map(({ column }) => column),
        buckets.map((each) => columns.map(({ cell }) => cell(each, shown))),
        theme,
      );
      const routeTable =
        routes.length === 0
          ? theme.dim(noRoutesText(listing))
          : await renderTable(
              routeColumns,
              routes.map((each) => routeRow(each, theme, nowMs)),
              theme,
            );
      return [
        bucketTable,
        '',
        routeTable,
        ...remarks.map((remark) => theme.dim(term(remark))),
        ...findingLines(findings, theme),
      ].join('\n');
    },
  };
}

/**
 * Whether nobody is refused: by bucket, and everywhere. Overrides count where they can have an effect, as far as is known;
 * `null`: it is not known.
 */
function observingJson(
  { buckets, routes, overrides }: ShadowListing,
  environment: Environment,
  seen: SeenEnforcement,
): { readonly isObserving: Readonly<Record<string, boolean | null>>; readonly isAllObserving: boolean | null } {
  const isHeeded = whyUnheeded(seen) === null;
  const loaded = loadOverrides((isHeeded ? valueOf(overrides)?.stored.bytes : null) ?? null);
  const denied = new Set(routes.filter(({ isDifferent }) => isDifferent).map(({ override }) => override.prefix));
  const bucketOf = (route: string): string | null => bucketOfRoute(environment, route);
  const isKnown = !isHeeded || overrides.state !== 'failed';
  const each = observingByName(buckets, {
    loaded: isKnown ? loaded : null,
    denied,
    isOff: seen.off !== null,
    bucketOf,
  });
  const all = bucketsOfAll(environment);
  const said = new Set(all.map(({ name }) => each.get(name) ?? null));
  // An override may catch routes whose bucket nobody named.
  const isBlocked =
    seen.off === null && enforcingOverrides(loaded, { buckets: all, isEverything: true, bucketOf }).length > 0;
  return {
    isObserving: Object.fromEntries(each),
    isAllObserving: isBlocked || said.has(false) ? false : said.has(null) ? null : true,
  };
}

const globalRemark =
  'global shadow (RATE_LIMIT_SHADOW) does not reach buckets with a flag of their own; whether it is on, only a reload tells';

function remarksOn(
  { servers, overrides, buckets }: ShadowListing,
  { workers }: Environment,
  seen: SeenEnforcement,
): readonly string[] {
  const answering = servers.filter(({ answer }) => answer.state === 'ok').length;
  const isOneOfMany = workers !== null && workers > 1 && answering > 0;
  return [
    ...(servers.length > 1 ? [`as ${answering} of ${servers.length} instances say`] : []),
    ...(isOneOfMany ? [`as one of ${workers} workers${servers.length > 1 ? ' behind each' : ''} says`] : []),
    ...buckets.flatMap(({ bucket, byOverrides }) =>
      byOverrides.unshadowed.map((prefix) => unreachedText({ prefix, bucket: bucket.name, isShadow: false })),
    ),
    ...enforcementRemarks(valueOf(overrides)?.overrides.length ? seen : { ...nothingSeen, off: seen.off }),
    globalRemark,
  ];
}

function noRoutesText({ overrides }: ShadowListing): string {
  if (overrides.state === 'ok') return 'no override carries a shadow of its own';
  return `which overrides carry a shadow is not known${overrides.state === 'notAsked' ? ': no Redis is configured' : ''}`;
}

function driverText({ shadowDriver }: Environment): string {
  if (shadowDriver === 'overrides') return shadowDriver;
  return 'exec' in shadowDriver ? 'exec' : 'env-file';
}

interface ShownListing {
  readonly listing: ShadowListing;
  readonly theme: Theme;
  readonly nowMs: number;
}

interface BucketColumn {
  readonly column: Column;
  /** True: of an env file, and left out where the environment has none. */
  readonly isOfFile: boolean;
  readonly cell: (bucket: ListedBucket, shown: ShownListing) => string;
}

const bucketColumns: readonly BucketColumn[] = [
  { column: { title: 'BUCKET' }, isOfFile: false, cell: ({ bucket }) => term(bucket.name) },
  {
    column: { title: 'SERVER' },
    isOfFile: false,
    cell: (each, { theme }) => {
      const said = serverText(each);
      return each.isDifferent ? theme.warn(said) : said;
    },
  },
  {
    column: { title: 'IN THE FILE', isOptional: true },
    isOfFile: true,
    cell: ({ file }) => (file === null ? '-' : term(file.raw === '' ? '(empty)' : file.raw)),
  },
  {
    column: { title: 'ROUTES IN SHADOW', isOptional: true },
    isOfFile: false,
    cell: ({ bucket, byOverrides: { count, unshadowed, parts } }) => {
      if (count === 0) return parts.length === 0 ? '-' : `${counted(parts.length, 'part')} of them`;
      return `${count} of ${bucket.routes.length}${unshadowed.length === 0 ? '' : ', in part'}`;
    },
  },
  {
    column: { title: 'SET', isOptional: true, isFlexible: true },
    isOfFile: false,
    cell: ({ server, file, pending, record }, { listing: { global }, nowMs }) => {
      // What was recorded may have been put back since: then it is not what the bucket goes by.
      if (followsGlobal({ server, own: file ?? pending }, global))
        return `global shadow in the file, line ${global?.line ?? 0}`;
      return record === null ? '-' : changeText(record, Date.parse(record.at), nowMs);
    },
  },
];

/** A bucket's own flag, unless overrides put its routes into shadow all the same. */
function serverText({ server, byOverrides: { reach } }: ListedBucket): string {
  if (server.length === 0) return '-';
  const said = new Set(server.filter((each) => each !== null));
  if (said.size === 0) return 'not known';
  if (reach !== 'none') return reach === 'all' ? 'shadow by overrides' : 'partly shadow by overrides';
  if (said.size === 1) return [...said].map(inWords).join('');
  return [true, false].map((each) => `${inWords(each)} ${server.filter((one) => one === each).length}`).join(' / ');
}

const routeColumns = [
  { title: 'ROUTE' },
  { title: 'BUCKET', isOptional: true },
  { title: 'STORED' },
  { title: 'SERVER' },
  { title: 'LAST CHANGE', isOptional: true, isFlexible: true },
] as const;

function routeRow(each: ListedRoute, theme: Theme, nowMs: number): readonly string[] {
  const { override, bucket, isShadow, server, servers, isDifferent } = each;
  const others = new Set(servers.filter((one) => one !== null));
  const said = server === null ? 'not asked' : others.size > 1 ? 'not the same everywhere' : inWords(server);
  return [
    override.prefix === '' ? '""' : term(override.prefix),
    bucket === null ? '-' : term(bucket),
    inWords(isShadow),
    isDifferent ? theme.warn(said) : said,
    setText(override, nowMs) ?? '-',
  ];
}

function inWords(isShadow: boolean): string {
  return isShadow ? 'shadow' : 'enforcing';
}

function bucketJson(
  { bucket, server, file, pending, byOverrides, record, isDifferent }: ListedBucket,
  servers: ShadowListing['servers'],
) {
  return {
    bucket: bucket.name,
    names: bucket.names,
    isShadow: new Set(server).size === 1 ? (server[0] ?? null) : null,
    servers: servers.map(({ target, answer }, index) => ({
      target,
      state: answer.state,
      serverName: valueOf(answer)?.flags.find((each) => each.bucket === bucket.name)?.serverName ?? null,
      isShadow: server[index] ?? null,
    })),
    file,
    pending,
    routes: bucket.routes,
    shadowByOverrides: byOverrides.reach,
    shadowedRoutes: byOverrides.count,
    unshadowed: byOverrides.unshadowed,
    record,
    isDifferent,
  };
}

function routeJson(
  { override, bucket, isShadow, server, servers: said, isDifferent }: ListedRoute,
  servers: ShadowListing['servers'],
) {
  const { prefix, hiddenBy, metadata } = override;
  return {
    route: prefix,
    bucket,
    isShadow,
    serverIsShadow: server,
    servers: servers.map(({ target }, index) => ({ target, isShadow: said[index] ?? null })),
    hiddenBy,
    isDifferent,
    changeId: metadata?.changeId ?? null,
    isChangedPast: override.isChangedPast,
    actor: metadata?.actor ?? null,
    reason: metadata?.reason ?? null,
  };
}

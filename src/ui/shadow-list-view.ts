import type { Environment } from '../domain/config/environment.js';
import { valueOf } from '../domain/part.js';
import { enforcementRemarks, nothingSeen, type SeenEnforcement } from '../domain/policy/enforcement.js';
import type { ListedBucket, ListedRoute } from '../procedures/shadow/compare.js';
import type { ShadowListing } from '../procedures/shadow/list.js';
import { changeText } from './author-text.js';
import { addressedFindings, findingLines } from './finding-lines.js';
import { renderTable } from './table.js';
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
      buckets: json,
      routes: routes.map(routeJson),
      findings,
      remarks,
    },
    items: json,
    human: async (theme) => {
      const bucketTable = await renderTable(
        bucketColumns,
        buckets.map((each) => bucketRow(each, theme, nowMs)),
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

const globalRemark =
  'global shadow (RATE_LIMIT_SHADOW) does not reach buckets with a flag of their own; whether it is on, only a reload tells';

function remarksOn(
  { servers, routes }: ShadowListing,
  { workers }: Environment,
  seen: SeenEnforcement,
): readonly string[] {
  const isOneOfMany = workers !== null && workers > 1 && servers.some(({ answer }) => answer.state === 'ok');
  return [
    ...(isOneOfMany ? [`as one of ${workers} workers says`] : []),
    ...enforcementRemarks(routes.length > 0 ? seen : { ...nothingSeen, off: seen.off }),
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

const bucketColumns = [
  { title: 'BUCKET' },
  { title: 'SERVER' },
  { title: 'IN THE FILE', isOptional: true },
  { title: 'ROUTES IN SHADOW', isOptional: true },
  { title: 'SET', isOptional: true, isFlexible: true },
] as const;

function bucketRow(each: ListedBucket, theme: Theme, nowMs: number): readonly string[] {
  const { bucket, file, shadowedRoutes, record, isDifferent } = each;
  const said = serverText(each);
  return [
    term(bucket.name),
    isDifferent ? theme.warn(said) : said,
    file === null ? '-' : term(file.raw === '' ? '(empty)' : file.raw),
    shadowedRoutes === 0 ? '-' : `${shadowedRoutes} of ${bucket.routes.length}`,
    record === null ? '-' : changeText(record, Date.parse(record.at), nowMs),
  ];
}

function serverText({ server }: ListedBucket): string {
  if (server.length === 0) return '-';
  const said = new Set(server.filter((each) => each !== null));
  return said.size === 0 ? 'not known' : [...said].map(inWords).join(' / ');
}

const routeColumns = [
  { title: 'ROUTE' },
  { title: 'BUCKET', isOptional: true },
  { title: 'STORED' },
  { title: 'SERVER' },
  { title: 'LAST CHANGE', isOptional: true, isFlexible: true },
] as const;

function routeRow(each: ListedRoute, theme: Theme, nowMs: number): readonly string[] {
  const { override, bucket, isShadow, server, isDifferent } = each;
  const said = server === null ? 'not asked' : inWords(server);
  return [
    override.prefix === '' ? '""' : term(override.prefix),
    bucket === null ? '-' : term(bucket),
    inWords(isShadow),
    isDifferent ? theme.warn(said) : said,
    override.metadata === null ? '-' : changeText(override.metadata, override.metadata.atMs, nowMs),
  ];
}

function inWords(isShadow: boolean): string {
  return isShadow ? 'shadow' : 'enforcing';
}

function bucketJson(
  { bucket, server, file, pending, shadowedRoutes, record, isDifferent }: ListedBucket,
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
    shadowedRoutes,
    record,
    isDifferent,
  };
}

function routeJson({ override, bucket, isShadow, server, isDifferent }: ListedRoute) {
  const { prefix, hiddenBy, metadata } = override;
  return {
    route: prefix,
    bucket,
    isShadow,
    serverIsShadow: server,
    hiddenBy,
    isDifferent,
    changeId: metadata?.changeId ?? null,
    actor: metadata?.actor ?? null,
    reason: metadata?.reason ?? null,
  };
}

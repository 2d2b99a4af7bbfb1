import { Option } from 'commander';
import type { Context } from '../../context.js';
import { differenceAt, type ComparedDocuments } from '../../domain/compare/difference.js';
import { newlyHidden } from '../../domain/compare/newly-hidden.js';
import { readOpenApi } from '../../domain/compare/openapi.js';
import { compareRegions, usablePrefixes } from '../../domain/compare/regions.js';
import { parseRouteList, type ListedRoute } from '../../domain/compare/route-list.js';
import { sampler } from '../../domain/compare/sample-routes.js';
import type { Policy } from '../../domain/control-plane.js';
import { usageError } from '../../domain/errors.js';
import { readBases } from '../../procedures/policy-test/base-policies.js';
import { findEndpoints } from '../../procedures/verify/find-endpoints.js';
import { compareView, type PlacedDifference } from '../../ui/compare-view.js';
import { defineCommand, textFlag } from '../command.js';
import { basePathsByMemory, recall } from '../detection.js';
import { bucketNamed } from '../../domain/config/bucket-names.js';
import { openSide, sideForms } from './compare-side.js';
import { assertOneStdin, readInputText } from '../input-file.js';

// What a change of the document changes for clients: every route there can be, or those of a list.

interface RouteSources {
  readonly named: readonly string[];
  readonly list: string | null;
  readonly openApi: string | null;
}

/** The routes to look at; `null`: all there can be. */
async function listedRoutes(
  context: Context,
  { named, list, openApi }: RouteSources,
  documents: ComparedDocuments,
): Promise<readonly ListedRoute[] | null> {
  const wrong = named.find((route) => !route.startsWith('/'));
  if (wrong !== undefined)
    throw usageError(
      `the route "${wrong}" does not start with /`,
      'Write the path a client asks for, e.g. /api/search.',
    );
  if (list === null && openApi === null) return named.length === 0 ? null : named.map(alone);
  const listed = list === null ? [] : parseRouteList(await readInputText(context, list, '--routes'), list);
  if (openApi === null) return [...named.map(alone), ...listed];
  const { readPlacedFile } = await import('../../yaml-file.js');
  const paths = readOpenApi(readPlacedFile(await readInputText(context, openApi, '--openapi'), openApi));
  const samplesOf = sampler(usablePrefixes([documents.before, documents.after]));
  const sampled = paths.flatMap(({ template, methods }) =>
    samplesOf(template).map((route) => ({ route, methods, template: route === template ? null : template })),
  );
  return [...named.map(alone), ...listed, ...sampled];
}

function alone(route: string): ListedRoute {
  return { route, methods: [], template: null };
}

function differencesOf(
  documents: ComparedDocuments,
  routes: readonly ListedRoute[] | null,
): readonly PlacedDifference[] {
  if (routes === null) return compareRegions(documents).map((each) => ({ ...each, methods: [], template: null }));
  return routes.flatMap((listed) => {
    const difference = differenceAt(documents, listed.route);
    return difference === null ? [] : [{ ...difference, ...listed, region: null }];
  });
}

/** The bucket's own policy as the environment's servers state it. */
async function baseOf(
  context: Context,
  named: string,
  documents: Omit<ComparedDocuments, 'base'>,
): Promise<Policy | null> {
  const environment = await context.environment();
  const { name } = bucketNamed(environment, named);
  const bucket = environment.buckets.has(name) ? name : named;
  if (environment.api.length === 0) {
    throw usageError(
      `--bucket: the environment "${environment.name}" has no API address that would tell the bucket’s own policy`,
      'Leave --bucket out, or set environments.NAME.api in rlctl.yaml.',
      'NO_API',
    );
  }
  const { clock, randomness, deadline } = context;
  const ports = { controlPlane: await context.controlPlane(), clock, randomness, deadline };
  context.progress.step('asking for the bucket’s own policy');
  const { api: targets, siteMode } = environment;
  const basePaths = basePathsByMemory(environment, await recall(context, environment));
  const { endpoints, wrongSiteMode } = await findEndpoints(ports, { targets, basePaths, siteMode });
  if (wrongSiteMode !== null) throw wrongSiteMode;
  const bases = await readBases(ports, endpoints, [bucket], [documents.before, documents.after]);
  return bases.get(bucket) ?? null;
}

export const command = defineCommand({
  register: (c) => {
    c.argument('<before>', sideForms)
      .argument('<after>', 'the same')
      .argument('[route...]', 'routes to look at; by default every route there can be')
      .addOption(new Option('--routes <file>', 'routes to look at, one a line; - is stdin'))
      .addOption(new Option('--openapi <file>', 'the paths of an OpenAPI 3 file, YAML or JSON; - is stdin'))
      .addOption(new Option('--bucket <name>', 'count what this bucket’s own policy sets, as the servers state it'));
  },
  examples: [
    'rlctl policy compare before.json after.json',
    'rlctl -e prod policy compare live overrides.json --openapi openapi.yaml',
    'rlctl policy compare env:preview env:prod /api/search /api/payments',
    'rlctl -e prod policy compare rev:3f2a9c01d5e7 live --bucket read',
  ],
  input: ([before = '', after = '', ...routes], flags) => ({
    before,
    after,
    sources: {
      named: routes.filter((route) => route !== undefined),
      list: textFlag(flags, 'routes'),
      openApi: textFlag(flags, 'openapi'),
    },
    bucket: textFlag(flags, 'bucket'),
  }),
  action: async (context, { before, after, sources, bucket }) => {
    assertOneStdin([
      ['the first document', before],
      ['the second document', after],
      ['--routes', sources.list],
      ['--openapi', sources.openApi],
    ]);
    const first = await openSide(context, before);
    const second = await openSide(context, after);
    const sides = { before: first.overrides, after: second.overrides };
    const base = bucket === null ? null : await baseOf(context, bucket, sides);
    const documents = { ...sides, base };
    const routes = await listedRoutes(context, sources, documents);
    const differences = differencesOf(documents, routes);
    const isUntold = bucket !== null && base === null;
    const view = compareView({
      before: { name: first.name, revision: first.revision },
      after: { name: second.name, revision: second.revision },
      differences,
      routeCount: routes?.length ?? null,
      hidden: newlyHidden(documents),
      bucket,
      base,
      remarks: isUntold
        ? [`the own policy of bucket ${bucket} is not known: no server told it for a route without an override`]
        : [],
    });
    return { view, exit: differences.some(({ fields }) => fields.length > 0) ? 'findings' : 'ok' };
  },
});

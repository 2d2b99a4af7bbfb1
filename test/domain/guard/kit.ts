import { allBuckets } from '../../../src/domain/config/bucket-names.js';
import { bucketOfRoute } from '../../../src/domain/config/environment.js';
import { parseConfigFile } from '../../../src/domain/config/schema.js';
import type { Policy } from '../../../src/domain/control-plane.js';
import { judgeGuards } from '../../../src/domain/guard/judge.js';
import { parseGuards } from '../../../src/domain/guard/parse.js';
import type { GuardRequirement, GuardRule } from '../../../src/domain/guard/rule.js';
import { guardedRoutes, type GuardSituation } from '../../../src/domain/guard/situation.js';
import type { GuardVerdict } from '../../../src/domain/guard/verdict.js';
import { diffDocuments } from '../../../src/domain/override/diff.js';
import { scanDocument } from '../../../src/domain/override/document.js';
import { loadOverrides } from '../../../src/domain/policy/matching.js';

export type GuardText = Readonly<Record<string, unknown>>;

/** Rules through the one gate that the configuration has. */
export function rulesOf(...guards: readonly GuardText[]): readonly GuardRule[] {
  const file = parseConfigFile({ environments: { prod: { guards } } }, '/x/rlctl.yaml');
  return parseGuards(file.environments?.['prod']?.guards ?? [], '/x/rlctl.yaml: environments.prod.guards');
}

export const buckets = new Map([
  ['read', { routes: ['/api'], alias: [] }],
  ['financial', { routes: ['/api/payments', '/api/refunds'], alias: ['pay'] }],
]);

export interface Change {
  readonly before?: unknown;
  readonly after: unknown;
  readonly command?: string;
  readonly base?: Policy | null;
  readonly given?: readonly GuardRequirement[];
  readonly nowMs?: number;
}

/** What rules say of a change from one document to another. */
export function judged(rules: readonly GuardRule[], change: Change): readonly GuardVerdict[] {
  const [before, after] = [change.before ?? {}, change.after].map((each) => Buffer.from(JSON.stringify(each)));
  const changes = diffDocuments(scanDocument(before ?? null), scanDocument(after ?? null));
  const all = allBuckets({ buckets });
  const bucketOf = (route: string) => all.find(({ name }) => name === bucketOfRoute({ buckets }, route)) ?? null;
  const documents = { before: loadOverrides(before ?? null), after: loadOverrides(after ?? null), changes };
  const routes = guardedRoutes(rules, documents, { bucketOf, buckets: all });
  return judgeGuards(rules, {
    ...quiet,
    command: change.command ?? 'override set',
    routes: routes.map((each) => ({ ...each, base: change.base ?? null })),
    given: new Set(change.given ?? []),
    nowMs: change.nowMs ?? 0,
  });
}

/** Every sentence of what is not kept, with its route. */
export function refused(rules: readonly GuardRule[], change: Change): readonly string[] {
  return judged(rules, change).flatMap(({ violations }) =>
    violations.map(({ route, text }) => `${route ?? '*'}: ${text}`),
  );
}

/** A situation in which nothing happens. */
export const quiet: GuardSituation = {
  command: 'override set',
  routes: [],
  flags: [],
  isReloadOnly: false,
  given: new Set(),
  nowMs: 0,
};

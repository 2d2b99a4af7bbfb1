import { allBuckets } from '../../domain/config/bucket-names.js';
import { counted } from '../../domain/counted.js';
import { RlctlError } from '../../domain/errors.js';
import { bySameCause, type OfInstances } from '../../domain/fleet/same-cause.js';
import { shellWords } from '../../domain/shell-words.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import type { Finding } from '../../domain/finding.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { isDocumentGone, isStoreEmptied } from '../../domain/override/document-gone.js';
import { nothingSeen } from '../../domain/policy/enforcement.js';
import { loadOverrides } from '../../domain/policy/matching.js';
import { standingsOf } from '../../domain/proof/judge-metrics.js';
import type { ReloadRecord } from '../../domain/reload-record.js';
import type { StoredOverrides } from '../../ports/override-store.js';
import { listingOf } from '../override/inspect.js';
import { inParallel } from '../reload/in-parallel.js';
import { askFlags, type ServerFlags } from '../shadow/ask-flags.js';
import { forceFindings, refusingFindings } from '../status/force-findings.js';
import { besideServers } from '../status/stored-overrides.js';
import type { FleetStatus } from '../fleet/status.js';
import { isElsewhere } from './redis.js';
import type { TargetFacts } from './ask-target.js';
import { isOwn, NotChecked, type Answer, type Facts } from './facts.js';

/** Addresses that are compared with the document, at most: all instances of a fleet are for `fleet status`. */
const mostTargets = 8;

/** Whether the servers hold what is stored, as `status` sees it: nothing is reloaded to find out. */
export async function checkInForce(facts: Facts): Promise<Answer> {
  const { environment, input } = facts;
  const { memory, reload, lastRevision, refused } = input;
  const isWithout = memory?.readsOverrides === false || memory?.enforcesOverrides === false;
  if (isWithout && facts.isSelected('server.overrides')) throw new NotChecked('see server.overrides');
  if (await isElsewhere(facts)) throw new NotChecked('see redis.namespace');
  const stored = await facts.restsOn(facts.stored(), 'document.readable');
  const isLost = isDocumentGone(stored) || isStoreEmptied(stored, lastRevision);
  if (isLost && facts.isSelected('document.readable')) throw new NotChecked('see document.readable');
  const isText = stored.type === 'string' || stored.type === 'none';
  const listing = await facts.restsOn(
    Promise.resolve().then(() => listingOf(stored)),
    isText ? 'document.readable' : 'redis.types',
  );
  if (facts.isFleet) return ofFleet(facts, stored);
  const all = await facts.restsOn(facts.targets(), 'api.reachable');
  const asked = all.filter((each) => isOwn(environment, each)).slice(0, mostTargets);
  const servers = await inParallel(asked, mostTargets, (each) => flagsOf(facts, each));
  const answering = servers.filter((each) => each !== null);
  if (answering.length === 0) throw new NotChecked('no address tells its policies');
  const { controlPlane, deadline } = { ...facts.ports, controlPlane: await facts.ports.controlPlane() };
  const beside = await besideServers({ controlPlane, deadline }, environment, servers, listing);
  const { workers } = environment;
  const forced = forceFindings({ listing, beside, routes: [], reload, lastRevision, seen: nothingSeen, workers });
  const refusing = isToldByReload(facts)
    ? []
    : refusingFindings({ targets: asked.map(({ target }) => target), refused });
  const differing = forced.length > 0 ? forced : await countedOtherwise(facts, stored);
  const found = [
    ...differing.map(({ code, message, hint }) => ({
      code,
      part: stored.key,
      message,
      // Where nothing is stored a reload takes away what the servers hold.
      cure: stored.type === 'none' && hint ? hint : (refusing[0]?.hint ?? cure),
    })),
    ...refusing.map(({ code, part, message, hint }) => ({ code, part, message, cure: hint })),
  ];
  // What was not looked at is not well.
  if (found.length === 0 && !(beside.isWhole && answering.length === all.length)) {
    const looked = `${answering.length} of ${counted(all.length, 'address', 'addresses')}`;
    throw new NotChecked(
      `nothing differs as far as looked at (${looked}${beside.isWhole ? '' : ', not every override'})`,
    );
  }
  const last = reload === null ? 'none known from here' : reloadText(reload);
  const evidence = `stored: revision ${stored.revision.slice(0, 12)}; last reload: ${last}; asked ${answering.length} of ${all.length}`;
  return {
    evidence,
    found: found.map((each) => ({ ...each, evidence })),
  };
}

/** Findings of `fleet status` that other checks make. */
const toldElsewhere: ReadonlySet<string> = new Set(['WRONG_SITE_MODE', 'DOCUMENT_CORRUPT', 'DOCUMENT_GONE']);

/** The reload of those that are behind: of each by its name, where that is an address and they are few. */
function reloadOf(instances: readonly string[], targets: readonly string[]): string {
  const isNamed = instances.length <= mostTargets && instances.every((name) => targets.includes(name));
  const flags = isNamed ? instances.flatMap((name) => ['--target', name]) : [];
  return `Reload ${instances.length === 1 ? 'it' : 'them'} with: ${shellWords(['rlctl', 'reload', ...flags])}`;
}

/** Every instance beside what is stored; that one does not answer is the finding of the checks of the API. */
async function ofFleet(facts: Facts, stored: StoredOverrides): Promise<Answer> {
  const { ports, environment } = facts;
  const { targets } = await facts.restsOn(facts.addresses(), 'api.reachable');
  const status = await ports.lookAtFleet?.(environment, ports.deadline);
  const answered = status?.standings.filter(({ state }) => state !== 'unreachable') ?? [];
  if (status === undefined || answered.length === 0) throw new NotChecked('no instance tells its policies');
  const silent = new Set(
    status.standings.filter((each) => each.state === 'unreachable').map((each) => each.instance.name),
  );
  const found = [...status.findings, ...(isToldByReload(facts) ? [] : status.refusing)]
    .filter(({ code, part }) => part !== 'redis' && !silent.has(part) && !toldElsewhere.has(code))
    .map(({ code, part, message, hint }) => ({ code, part, message, evidence: message, cure: hint }));
  const names = status.standings.map(({ instance }) => instance.name);
  const byCause = bySameCause(found, { total: targets.length, names }).map((each) => ({
    ...each,
    evidence: each.message,
    cure: isMendedByReload(each, status) ? reloadOf(each.instances, targets) : each.cure,
  }));
  const looked = `${answered.length} of ${counted(targets.length, 'instance')}`;
  if (found.length === 0 && silent.size > 0) throw new NotChecked(`nothing differs as far as looked at (${looked})`);
  return { evidence: `stored: revision ${stored.revision.slice(0, 12)}; asked ${looked}`, found: byCause };
}

/** Whether the reload that doctor sends by itself tells who refuses its signature. */
function isToldByReload({ ports, input }: Facts): boolean {
  return ports.reload !== null && input.selected.has('api.reload');
}

/** A reload mends no instance that refused its signature, and none where something is to be done before any. */
function isMendedByReload(
  { code, instances }: Omit<OfInstances<Finding>, 'hint' | 'message'>,
  status: FleetStatus,
): boolean {
  const isUnsafe = status.findings.some(({ part, hint }) => part === 'overrides' && hint !== null);
  return !isUnsafe && ['STALE', 'SPLIT'].includes(code) && !instances.some((name) => status.refused.has(name));
}

function reloadText({ at, revision }: ReloadRecord): string {
  return revision === null ? `at ${at}, of a revision that is not known` : `revision ${revision.slice(0, 12)}`;
}

/** Instances whose own number of active overrides is not what is stored; a server that lists none shows nothing else. */
async function countedOtherwise(
  { ports, environment, input }: Facts,
  stored: StoredOverrides,
): Promise<readonly Pick<Finding, 'code' | 'message' | 'hint'>[]> {
  const readings = ports.readings?.(environment) ?? null;
  const sinceMs = Math.max(stored.lastEntry?.timeMs ?? 0, input.reload === null ? 0 : Date.parse(input.reload.at));
  const seen = await readings?.read({ sinceMs: sinceMs === 0 ? null : sinceMs, reload: null });
  if (!seen || seen.failure !== null) return [];
  const loaded = loadOverrides(stored.bytes);
  return standingsOf(seen, loaded).flatMap(({ name, values, standings }) => {
    if (standings.every((each) => each === 'explained' || each === 'unsaid')) return [];
    const shown = values.map((value) => counted(value, 'active override')).join(' and then ');
    const message = `${quoteOutside(name)} shows ${shown}, where Redis explains ${loaded.objectCount}`;
    return [{ code: 'OVERRIDES_DIFFER', message, hint: null }];
  });
}

const cure = 'See which server holds what with: rlctl verify; to load what is stored: rlctl reload';

async function flagsOf({ ports, environment }: Facts, { target, basePath }: TargetFacts): Promise<ServerFlags | null> {
  const { deadline, randomness } = ports;
  const buckets = allBuckets(environment);
  const route = baseRoute(randomness.hex(6));
  const controlPlane = await ports.controlPlane();
  try {
    return await askFlags({ controlPlane, deadline }, { target, basePaths: [basePath], buckets, route });
  } catch (error) {
    // What it refuses is the finding of the checks of the API.
    if (error instanceof RlctlError) return null;
    throw error;
  }
}

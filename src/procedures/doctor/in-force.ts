import { allBuckets } from '../../domain/config/bucket-names.js';
import { counted } from '../../domain/counted.js';
import { RlctlError } from '../../domain/errors.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import { nothingSeen } from '../../domain/policy/enforcement.js';
import { listingOf } from '../override/inspect.js';
import { inParallel } from '../reload/in-parallel.js';
import { siteModeError } from '../reload/walk.js';
import { askFlags, type ServerFlags } from '../shadow/ask-flags.js';
import { forceFindings } from '../status/force-findings.js';
import { besideServers } from '../status/stored-overrides.js';
import { refusalOf, type TargetFacts } from './ask-target.js';
import { NotChecked, type Answer, type Facts } from './facts.js';

/** Addresses that are compared with the document, at most: all instances of a fleet are for `fleet status`. */
const mostTargets = 8;

/** Whether the servers hold what is stored, as `status` sees it: nothing is reloaded to find out. */
export async function checkInForce(facts: Facts): Promise<Answer> {
  const { environment, input } = facts;
  const { memory, reload } = input;
  const isWithout = memory?.readsOverrides === false || memory?.enforcesOverrides === false;
  if (isWithout && facts.isSelected('server.overrides')) throw new NotChecked('see server.overrides');
  const stored = await facts.restsOn(facts.stored(), 'document.readable');
  const isText = stored.type === 'string' || stored.type === 'none';
  const listing = await facts.restsOn(
    Promise.resolve().then(() => listingOf(stored)),
    isText ? 'document.readable' : 'redis.types',
  );
  const all = await facts.restsOn(facts.targets(), 'api.reachable');
  const asked = all.filter((each) => isOwn(facts, each)).slice(0, mostTargets);
  const servers = await inParallel(asked, mostTargets, (each) => flagsOf(facts, each));
  const answering = servers.filter((each) => each !== null);
  if (answering.length === 0) throw new NotChecked('no address tells its policies');
  const { controlPlane, deadline } = { ...facts.ports, controlPlane: await facts.ports.controlPlane() };
  const beside = await besideServers({ controlPlane, deadline }, environment, servers, listing);
  const { workers } = environment;
  const found = forceFindings({ listing, beside, routes: [], reload, seen: nothingSeen, workers });
  // What was not looked at is not well.
  if (found.length === 0 && !(beside.isWhole && answering.length === all.length)) {
    const looked = `${answering.length} of ${counted(all.length, 'address', 'addresses')}`;
    throw new NotChecked(
      `nothing differs as far as looked at (${looked}${beside.isWhole ? '' : ', not every override'})`,
    );
  }
  const last = reload?.revision == null ? 'none known from here' : `revision ${reload.revision.slice(0, 12)}`;
  const evidence = `stored: revision ${stored.revision.slice(0, 12)}; last reload: ${last}; asked ${answering.length} of ${all.length}`;
  return {
    evidence,
    found: found.map(({ code, message }) => ({ code, part: stored.key, message, evidence, cure })),
  };
}

const cure = 'See which server holds what with: rlctl verify; to load what is stored: rlctl reload';

/** It tells its policies, and is not another site. */
function isOwn({ environment }: Facts, { target, policy }: TargetFacts): boolean {
  return 'answer' in policy && refusalOf(policy) === null && siteModeError(environment, target, policy.answer) === null;
}

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

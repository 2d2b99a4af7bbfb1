import { blockShareAlert } from '../../domain/decisions/alerts.js';
import { formatDuration } from '../../domain/duration.js';
import type { HealthReport } from '../../domain/control-plane.js';
import { shellWords } from '../../domain/shell-words.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { valueOf } from '../../domain/part.js';
import { loadOverrides, unusedPrefixes } from '../../domain/policy/matching.js';
import { lostFinding } from '../../domain/override/lost-history.js';
import { expiresCure, expiresText } from '../../domain/override/document-gone.js';
import { failureOf, type Finding } from '../../domain/finding.js';
import { panicCommand } from '../../domain/panic/target.js';
import { bySameCause } from '../../domain/fleet/same-cause.js';
import { shareText } from '../../domain/quantities.js';
import { endFindings } from '../override/end-findings.js';
import type { Status, TargetStatus } from './status.js';

/** What is broken, the worst first to read: a limiter that is off, what cannot be reached, then what says that it is not well. */
export function findingsOf(status: Omit<Status, 'findings' | 'undecided'>): readonly Finding[] {
  const { fleet, targets, redis, overrides, traffic, envFile, differences, force } = status;
  return [
    ...force,
    ...failureOf('fleet', fleet),
    ...(valueOf(fleet)?.findings ?? []),
    ...allTargets(targets, new Set(valueOf(fleet)?.silent ?? [])),
    ...failureOf('redis', redis),
    ...replicaFindings(redis),
    ...historyFindings(redis),
    ...failureOf('overrides', overrides),
    ...expiryFindings(overrides),
    ...unusedFindings(overrides),
    ...endsFindings(overrides),
    ...failureOf('env file', envFile),
    ...differences,
    ...failureOf('traffic', traffic),
    ...blockFindings(status),
  ];
}

const checks = ['live', 'ready', 'startup'] as const;

/** What several instances have of one cause is one finding; that one does not answer the look at the fleet has said. */
function allTargets(targets: Status['targets'], silent: ReadonlySet<string>): readonly Finding[] {
  const found = targets.filter(({ target }) => !silent.has(target)).flatMap(targetFindings);
  if (targets.length < 2) return found;
  return bySameCause(found, { total: targets.length, names: targets.map(({ target }) => target) });
}

/** Several questions to one address fail for one cause: it is said once. */
function targetFindings({ target, health, flags }: TargetStatus): readonly Finding[] {
  const failures = [flags, ...checks.map((check) => health[check])].flatMap((part) => failureOf(target, part));
  const causes = failures.filter(({ code }, index) => failures.findIndex((each) => each.code === code) === index);
  return [...causes, ...unwellFindings(target, health)];
}

/** What the checks say that are not well; several that say the same are one finding. */
function unwellFindings(target: string, health: TargetStatus['health']): readonly Finding[] {
  const unwell = checks.flatMap((check) => {
    const report = valueOf(health[check]);
    return report !== null && isUnwell(report) ? [{ path: `/health/${check}`, report, says: whatItSays(report) }] : [];
  });
  const said = [...new Set(unwell.map(({ says }) => says))];
  return said.map((says) => {
    const same = unwell.filter((each) => each.says === says);
    return {
      code: same.every(({ report }) => report.status === 'degraded') ? 'DEGRADED' : 'UNHEALTHY',
      part: target,
      message: `${target}${same.map(({ path }) => path).join(', ')}: ${says}`,
      hint: 'Look at the log of the server, and at what the component depends on.',
    };
  });
}

/** Its body counts; a word that is not known counts as the HTTP status does. */
export function isUnwell({ status, httpStatus }: HealthReport): boolean {
  return status === null ? httpStatus !== 200 : status !== 'healthy';
}

/** What a check says that is not well, with the components that are to blame. */
export function whatItSays({ status, said, httpStatus, components }: HealthReport): string {
  const sick = components
    .filter((component) => component.status.toLowerCase() !== 'healthy')
    .map(({ name, message }) => `${name}${message === null ? '' : `: ${message}`}`);
  const why = sick.length === 0 ? '' : ` (${quoteOutside(sick.join('; '), 120)})`;
  const although = status === 'unhealthy' && httpStatus === 200 ? ', although it answers 200' : '';
  return `${quoteOutside(said, 40)}${although}${why}`;
}

function replicaFindings(redis: Status['redis']): readonly Finding[] {
  if (redis.state !== 'ok' || redis.value.role !== 'replica') return [];
  const message = 'the Redis address leads to a replica, where nothing can be written';
  const hint = 'Set redis: to the address of the primary, or to redis+sentinel: which finds it.';
  return [{ code: 'REDIS_REPLICA', part: 'redis', message, hint }];
}

/** The record of the changes is gone, and the document stands. */
function historyFindings(redis: Status['redis']): readonly Finding[] {
  const found = redis.state === 'ok' ? lostFinding(redis.value) : null;
  return found === null ? [] : [{ ...found, part: 'history' }];
}

/** What is stored, and vanishes by itself. */
function expiryFindings(overrides: Status['overrides']): readonly Finding[] {
  const message = expiresText(valueOf(overrides)?.stored.ttlMs ?? null);
  return message === null ? [] : [{ code: 'DOCUMENT_EXPIRES', part: 'overrides', message, hint: expiresCure }];
}

/** What is stored and has no effect, because the server cannot use it. */
function unusedFindings(overrides: Status['overrides']): readonly Finding[] {
  const unused = unusedPrefixes(loadOverrides(valueOf(overrides)?.stored.bytes ?? null));
  const [first] = unused;
  if (first === undefined) return [];
  const more = unused.length > 1 ? `, and ${unused.length - 1} more` : '';
  return [
    {
      code: 'ENTRY_SKIPPED',
      part: 'overrides',
      message: `the server cannot use what is stored for "${quoteOutside(first)}"${more}`,
      hint: 'Why, and what to do: rlctl doctor --only document',
    },
  ];
}

/** What was to end and did not; that nobody will see to it, and forgotten shadow, too. */
function endsFindings(overrides: Status['overrides']): readonly Finding[] {
  const listing = valueOf(overrides);
  if (listing === null) return [];
  return endFindings(listing).map(({ code, message, cure }) => ({ code, part: 'overrides', message, hint: cure }));
}

const show = ['rlctl', 'decisions', 'show', '--bucket'] as const;
const pass = ['rlctl', 'shadow', 'on'] as const;

function isTooShort(periodSeconds: number): boolean {
  return periodSeconds * 1000 < blockShareAlert.windowMs;
}

const wholeWindow = `rlctl decisions show --since ${formatDuration(blockShareAlert.windowMs)}`;

/** Shares above their alert in a window too short for it: neither broken nor well can be said. */
export function undecidedOf(traffic: Status['traffic']): readonly Finding[] {
  const { blockShares, periodSeconds } = valueOf(traffic) ?? { blockShares: [], periodSeconds: 0 };
  const above = blockShares.flatMap(({ bucket, share, threshold }) =>
    share !== null && share > threshold ? [`${quoteOutside(bucket, 40)} ${shareText(share)}`] : [],
  );
  if (above.length === 0 || !isTooShort(periodSeconds)) return [];
  const window = formatDuration(periodSeconds * 1000);
  return [
    {
      code: 'WINDOW_TOO_SHORT',
      part: 'traffic',
      message: `blocked above the alert: ${above.join(', ')}; ${window} is too short to judge`,
      hint: `To judge it: ${wholeWindow}, which takes ${formatDuration(blockShareAlert.windowMs)} without Prometheus`,
    },
  ];
}

/** The alert wants its share over its whole window: what is seen within a second or two fires nothing. */
function blockFindings({ traffic, observing, operations }: Omit<Status, 'findings' | 'undecided'>): readonly Finding[] {
  const { blockShares, periodSeconds } = valueOf(traffic) ?? { blockShares: [], periodSeconds: 0 };
  if (isTooShort(periodSeconds)) return [];
  return blockShares.flatMap(({ bucket, share, threshold }) => {
    if (share === null || share <= threshold) return [];
    const name = quoteOutside(bucket, 40);
    const window = formatDuration(periodSeconds * 1000);
    const isPast = observing.get(bucket) === true;
    const blocks = `${name} ${isPast ? 'blocked' : 'blocks'} ${shareText(share)} of its requests in ${window}`;
    const more = `To see more: ${shellWords([...show, bucket])}`;
    return {
      code: 'BLOCKING',
      part: 'traffic',
      message: `${blocks}; the alert is above ${shareText(threshold)}${isPast ? `; it is in shadow now${sinceText(operations, bucket)}, and refuses nobody` : ''}`,
      hint: isPast
        ? `What was refused before counts until ${window} have passed. To see what is refused now: ${shellWords([...show, bucket, '--since', '1m'])}`
        : `${more}; to let them pass meanwhile: ${shellWords([...pass, bucket])}`,
    };
  });
}

/** By which panic, where one is open about the bucket or about everything. */
function sinceText({ open }: Status['operations'], bucket: string): string {
  const about = new Set(['global', panicCommand({ kind: 'bucket', name: bucket }).replace(/^panic /, '')]);
  const panic = open.find(({ kind, what }) => kind === 'panic' && about.has(what));
  return panic === undefined ? '' : `, since ${new Date(panic.sinceMs).toISOString()} by panic ${panic.id}`;
}

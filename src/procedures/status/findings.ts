import type { HealthReport } from '../../domain/control-plane.js';
import { quoteOutside } from '../../domain/outside-text.js';
import { failureOf, type Finding } from '../../domain/finding.js';
import type { Status, TargetStatus } from './status.js';

/** What is broken, the worst first to read: what cannot be reached, then what says that it is not well. */
export function findingsOf({ targets, redis, overrides, traffic }: Omit<Status, 'findings'>): readonly Finding[] {
  return [
    ...targets.flatMap(targetFindings),
    ...failureOf('redis', redis),
    ...replicaFindings(redis),
    ...failureOf('overrides', overrides),
    ...failureOf('traffic', traffic),
  ];
}

/** Several questions to one address fail for one cause: it is said once. */
function targetFindings({ target, health, flags }: TargetStatus): readonly Finding[] {
  const failures = [flags, health.live, health.ready, health.startup].flatMap((part) => failureOf(target, part));
  const byCode = new Map(failures.toReversed().map((finding) => [finding.code, finding]));
  const unwell = (['live', 'ready', 'startup'] as const).flatMap((check) => {
    const part = health[check];
    const report = part.state === 'ok' ? part.value : null;
    return report !== null && isUnwell(report) ? [{ check, says: whatItSays(report) }] : [];
  });
  const bySaying = new Map(unwell.map(({ says }) => [says, unwell.filter((each) => each.says === says)]));
  return [
    ...[...byCode.values()].toReversed(),
    ...[...bySaying].map(([says, checks]) =>
      unhealthy(
        target,
        says,
        checks.map(({ check }) => check),
      ),
    ),
  ];
}

/** Its body counts; a word that is not known counts as the HTTP status does. */
function isUnwell({ status, httpStatus }: HealthReport): boolean {
  return status === 'unhealthy' || (status === null && httpStatus !== 200);
}

function whatItSays({ said, httpStatus, components }: HealthReport): string {
  const sick = components
    .filter(({ status }) => status.toLowerCase() !== 'healthy')
    .map(({ name, message }) => `${name}${message === null ? '' : `: ${message}`}`);
  const why = sick.length === 0 ? '' : ` (${quoteOutside(sick.join('; '), 120)})`;
  return `${quoteOutside(said, 40)}${httpStatus === 200 ? ', although it answers 200' : ''}${why}`;
}

function unhealthy(target: string, says: string, checks: readonly string[]): Finding {
  const paths = checks.map((check) => `/health/${check}`).join(', ');
  return {
    code: 'UNHEALTHY',
    part: target,
    message: `${paths}: ${says}`,
    hint: 'Look at the log of the server, and at what the component depends on.',
  };
}

function replicaFindings(redis: Status['redis']): readonly Finding[] {
  if (redis.state !== 'ok' || redis.value.role !== 'replica') return [];
  const message = 'the Redis address leads to a replica, where nothing can be written';
  const hint = 'Set redis: to the address of the primary, or to redis+sentinel: which finds it.';
  return [{ code: 'REDIS_REPLICA', part: 'redis', message, hint }];
}

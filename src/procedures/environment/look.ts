import { parseOrigin } from '../../domain/api-endpoint.js';
import type { BucketNames } from '../../domain/config/bucket-names.js';
import type { HealthCheck } from '../../domain/control-plane.js';
import type { RlctlError } from '../../domain/errors.js';
import { partOf, type Part } from '../../domain/part.js';
import { baseRoute } from '../../domain/policy/base-route.js';
import { loadOverrides, matchOverride } from '../../domain/policy/matching.js';
import { refusalError } from '../../domain/refusal.js';
import type { OverrideStore } from '../../ports/override-store.js';
import type { RedisInspector } from '../../ports/redis-inspector.js';
import type { EffectPorts } from '../effect.js';
import { listOverrides, type OverrideListing } from '../override/inspect.js';
import { siteModeError } from '../reload/walk.js';
import { askFlags, type ServerFlags } from '../shadow/ask-flags.js';
import { shareOf } from '../share.js';

export interface LookPorts extends Pick<EffectPorts, 'controlPlane' | 'clock' | 'randomness' | 'deadline'> {
  /** `null`: no Redis is configured. */
  readonly store: OverrideStore | null;
  readonly inspector: RedisInspector | null;
}

export interface LookQuestion {
  /** Origins; empty: none configured. */
  readonly targets: readonly string[];
  readonly basePaths: readonly string[];
  readonly buckets: readonly BucketNames[];
  /** What X-Site-Mode must say where the server sends one; `null`: whatever it says. */
  readonly siteMode: string | null;
}

/** What one address says. */
export interface ServerLook {
  readonly target: string;
  readonly flags: Part<ServerFlags>;
  /** Of the application, where a health check tells it; `null`: none does. */
  readonly version: Part<string | null>;
}

/** What can be seen of an environment without changing anything: no reload is sent. */
export interface EnvironmentLook {
  readonly overrides: Part<OverrideListing>;
  /** `null`: it does not say. */
  readonly redisVersion: Part<string | null>;
  readonly servers: readonly ServerLook[];
  /** True: an override matches every route, so that what buckets say is what it sets. */
  readonly isCoveredWhole: boolean;
}

/** Asks everything at once. What cannot be asked is a part that failed, with its cause. Throws only for an interrupt. */
export async function lookAtEnvironment(ports: LookPorts, question: LookQuestion): Promise<EnvironmentLook> {
  const deadline = shareOf(ports.deadline, ports.clock);
  const { store, inspector } = ports;
  const route = baseRoute(ports.randomness.hex(6));
  const [overrides, redisVersion, servers] = await Promise.all([
    partOf(store && (() => listOverrides({ store, deadline }))),
    partOf(inspector && (async () => (await inspector.inspect(deadline)).version)),
    Promise.all(question.targets.map((target) => lookAtServer({ ...ports, deadline }, question, target, route))),
  ]);
  if (ports.deadline.interrupted.aborted) throw ports.deadline.interrupted.reason;
  const bytes = overrides.state === 'ok' ? overrides.value.stored.bytes : null;
  return { overrides, redisVersion, servers, isCoveredWhole: matchOverride(loadOverrides(bytes), route) !== null };
}

async function lookAtServer(
  ports: LookPorts,
  { basePaths, buckets, siteMode }: LookQuestion,
  target: string,
  route: string,
): Promise<ServerLook> {
  const [flags, version] = await Promise.all([
    partOf(async () => {
      const answer = await askFlags(ports, { target, basePaths, buckets, route });
      const wrongSite = siteModeError({ siteMode }, target, answer);
      if (wrongSite !== null) throw wrongSite;
      return answer;
    }),
    partOf(() => versionOf(ports, target)),
  ]);
  return { target, flags, version };
}

const checks: readonly HealthCheck[] = ['live', 'ready'];

/** Asks the checks that may tell it at once; the first that does counts. */
async function versionOf(ports: LookPorts, target: string): Promise<string | null> {
  const answers = await Promise.all(checks.map((check) => partOf(() => versionBy(ports, target, check))));
  const told = answers.flatMap((each) => (each.state === 'ok' && each.value !== null ? [each.value] : []));
  if (told[0] !== undefined) return told[0];
  const failed = answers.find((each) => each.state === 'failed');
  if (failed !== undefined && answers.every(({ state }) => state === 'failed')) throw failed.error;
  return null;
}

async function versionBy(
  { controlPlane, deadline }: LookPorts,
  target: string,
  check: HealthCheck,
): Promise<string | null> {
  const origin = parseOrigin(target);
  const answer = await controlPlane.health(origin, check, { signal: deadline.signal(), isFresh: false });
  if (answer.kind === 'refused') throw refusalError(answer.refusal, `${origin}/health/${check}`);
  return answer.kind === 'health' ? answer.health.version : null;
}

/** Why nothing at all answered; `null`: something did, or nothing was asked. */
export function silenceOf({ overrides, redisVersion, servers }: EnvironmentLook): RlctlError | null {
  const parts = [overrides, ...servers.flatMap(({ flags, version }) => [flags, version]), redisVersion];
  if (parts.some(({ state }) => state === 'ok')) return null;
  return parts.find((part) => part.state === 'failed')?.error ?? null;
}

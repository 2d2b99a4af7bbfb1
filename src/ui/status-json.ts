import type { StoredOverrides } from '../ports/override-store.js';
import type { OverrideListing } from '../procedures/override/inspect.js';
import type { Part } from '../domain/part.js';
import { flipCommand } from '../domain/shadow/flag-flip.js';
import { addressedFindings } from './finding-lines.js';
import { operationsJson } from './operation-lines.js';
import type { StatusShown } from './status-shown.js';
import type { TrafficFacts } from '../procedures/traffic.js';

/** A status for programs: every part with its state, its value or its error. */
export function statusJson(shown: StatusShown): Record<string, unknown> {
  const { status, environment, reload } = shown;
  const { fleet, targets, redis, overrides, traffic, envFile } = status;
  return {
    environment: environment.name,
    isProtected: environment.isProtected,
    targets: targets.map(({ target, health, flags }) => ({
      target,
      siteMode: flags.state === 'ok' ? flags.value.siteMode : null,
      basePath: flags.state === 'ok' ? flags.value.basePath : null,
      buckets: partJson(flags, ({ flags: all }) =>
        all.map(({ bucket, serverName, policy }) => ({
          bucket,
          serverName,
          isShadow: policy?.isShadow ?? null,
          policy,
        })),
      ),
      health: Object.fromEntries(Object.entries(health).map(([check, part]) => [check, partJson(part, (all) => all)])),
    })),
    fleet: partJson(fleet, ({ source, total, counts }) => ({ source, counts: { total, ...counts } })),
    redis: partJson(redis, redisJson),
    overrides: partJson(overrides, overridesJson),
    operations: operationsJson(status.operations, environment),
    traffic: partJson(traffic, trafficJson),
    envFile: partJson(envFile, ({ lines }) => [...lines].map(([bucket, line]) => ({ bucket, ...line }))),
    globalShadow: envFile.state === 'ok' ? envFile.value.global : null,
    lastChange: lastChange(shown),
    lastReload: reload,
    findings: addressedFindings(status.findings, environment.address),
    undecided: addressedFindings(status.undecided, environment.address),
  };
}

/** The last change of overrides, or of flags that this machine set, whichever is newer. */
interface LastChange {
  /** RFC 3339. */
  readonly time: string;
  readonly command: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  /** Empty: flags were set. */
  readonly routes: readonly string[];
  /** Buckets whose flags were set; empty: overrides were changed. */
  readonly buckets: readonly string[];
}

/** What was changed last, as far as Redis and this machine tell; `null`: nothing that is recorded. */
export function lastChange({ status, flips }: Pick<StatusShown, 'status' | 'flips'>): LastChange | null {
  const stored = status.redis.state === 'ok' ? changeOf(status.redis.value) : null;
  const [flip] = flips;
  if (flip === undefined || (stored !== null && Date.parse(stored.time) > Date.parse(flip.at)))
    return stored && { ...stored, buckets: [] };
  const { at: time, actor, reason, ticket } = flip;
  const command = flipCommand(flips);
  return { time, command, actor, reason, ticket, routes: [], buckets: flips.map(({ bucket }) => bucket) };
}

function changeOf({ lastEntry }: StoredOverrides) {
  if (!lastEntry?.body) return null;
  const { command, actor, reason, ticket, routes } = lastEntry.body;
  const time = new Date(lastEntry.timeMs).toISOString();
  return { time, command, actor, reason, ticket, routes: routes.map(({ route }) => route) };
}

/** A part as data: its value, or its error; both `null` where nothing is configured. */
function partJson<T>(part: Part<T>, json: (value: T) => unknown): Record<string, unknown> {
  const error = part.state === 'failed' ? part.error : null;
  return {
    state: part.state,
    value: part.state === 'ok' ? json(part.value) : null,
    error: error && { code: error.code, message: error.message, hint: error.hint ?? null },
  };
}

function redisJson(stored: StoredOverrides) {
  const { key, revision, ttlMs, role, replicas, runId, lastEntry } = stored;
  const change = changeOf(stored);
  const last = change && { changeId: lastEntry?.changeId, ...change };
  return { key, revision, ttlMs, role, replicas, runId, lastChange: last };
}

function overridesJson({ overrides, isForeign }: OverrideListing) {
  const entries = overrides.map(({ prefix, hiddenBy, loaded }) => ({
    prefix,
    hiddenBy,
    isUsable: loaded?.fields != null,
    isShadow: loaded?.fields?.isShadow ?? null,
  }));
  return { count: entries.length, isForeign, entries };
}

function trafficJson({ lastReloadMs, ...facts }: TrafficFacts) {
  return { ...facts, lastReloadAt: lastReloadMs === null ? null : new Date(lastReloadMs).toISOString() };
}

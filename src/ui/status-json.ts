import type { Environment } from '../domain/config/environment.js';
import type { StoredOverrides } from '../ports/override-store.js';
import type { OverrideListing } from '../procedures/override/inspect.js';
import type { ReloadRecord } from '../domain/reload-record.js';
import type { Part } from '../domain/part.js';
import type { Status } from '../procedures/status/status.js';
import type { TrafficFacts } from '../procedures/traffic.js';

/** A status for programs: every part with its state, its value or its error. */
export function statusJson(
  status: Status,
  environment: Environment,
  reload: ReloadRecord | null,
): Record<string, unknown> {
  const { targets, redis, overrides, traffic, findings } = status;
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
    redis: partJson(redis, redisJson),
    overrides: partJson(overrides, overridesJson),
    traffic: partJson(traffic, trafficJson),
    lastReload: reload,
    findings,
  };
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

function redisJson({ key, revision, ttlMs, role, replicas, runId, lastEntry }: StoredOverrides) {
  const body = lastEntry?.body ?? null;
  return {
    key,
    revision,
    ttlMs,
    role,
    replicas,
    runId,
    lastChange: body && {
      changeId: lastEntry?.changeId,
      time: new Date(lastEntry?.timeMs ?? 0).toISOString(),
      command: body.command,
      actor: body.actor,
      reason: body.reason,
      ticket: body.ticket,
      routes: body.routes.map(({ route }) => route),
    },
  };
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

import * as z from 'zod/mini';
import type { HealthReport, PolicyAnswer, ReloadReport } from '../../domain/control-plane.js';

/** What reading a body came to. */
export type Read<T> = { readonly value: T } | { readonly fault: 'notJson' | 'wrongShape' };

const count = z.number().check(z.int(), z.minimum(0));
// Not z.int(): a policy may hold an integer beyond 2^53, which arrives rounded.
const integer = z.number().check(z.refine(Number.isInteger));
const flag = z.boolean();

// Further fields are welcome: the documented answers are supersets of the deployed ones. `bucket_shadows` and
// `overrides` have keys from outside (`__proto__` among them), which a schema would drop: they are read by hand.
const reloadShape = z.looseObject({
  ok: flag,
  enabled: z.nullish(flag),
  shadow: z.nullish(flag),
  policy_overrides_count: z.nullish(count),
});

const policyShape = z.looseObject({
  bucket: z.string(),
  rate_per_min: integer,
  burst: integer,
  window_s: integer,
  shadow: flag,
  matched_override: z.optional(z.nullable(z.string())),
});

const text = z.string();

const healthShape = z.looseObject({
  status: text,
  version: z.nullish(text),
  uptime_seconds: z.nullish(z.number()),
  components: z.nullish(z.array(z.looseObject({ name: text, status: text, message: z.nullish(text) }))),
});

/** Translates a health answer. */
export function readHealth(body: string, httpStatus: number): Read<HealthReport> {
  return translate(body, (json) => {
    const shape = healthShape.parse(json);
    const said = shape.status;
    return {
      status: (['healthy', 'degraded', 'unhealthy'] as const).find((each) => each === said.toLowerCase()) ?? null,
      said,
      httpStatus,
      version: shape.version ?? null,
      uptimeSeconds: shape.uptime_seconds ?? null,
      components: (shape.components ?? []).map(({ name, status, message }) => ({
        name,
        status,
        message: message ?? null,
      })),
    };
  });
}

/** Translates a reload's answer. */
export function readReload(body: string): Read<ReloadReport> {
  return translate(body, (json) => {
    const shape = reloadShape.parse(json);
    return {
      isOk: shape.ok,
      isEnabled: shape.enabled ?? null,
      isShadow: shape.shadow ?? null,
      bucketShadows: flagsOf(shape['bucket_shadows']),
      overridesCount: shape.policy_overrides_count ?? null,
      overridePrefixes: prefixesOf(shape['overrides']) ?? null,
    };
  });
}

const listKey = '"active_overrides":';

/** The list of active prefixes that answers end with: every answer of a server repeats it, be it thousands long. */
export interface RepeatedList {
  /** The end of the last answer that ended with a list, from its key on; empty: none has. */
  tail: string;
  prefixes: readonly string[] | undefined;
}

/** Translates a policy answer. `last` is kept between the answers of one client: a list that comes again is not read again. */
export function readPolicy(body: string, last: RepeatedList): Read<PolicyAnswer> {
  const at = body.indexOf(listKey);
  // Behind a backslash its quote would be part of another key.
  const tail = at > 0 && body[at - 1] !== '\\' ? body.slice(at) : '';
  const isRepeated = tail !== '' && tail === last.tail;
  return translate(isRepeated ? `${body.slice(0, at)}${listKey}null}` : body, (json) => {
    const shape = policyShape.parse(json);
    const listed = isRepeated ? last.prefixes : prefixesOf(shape['active_overrides']);
    // Nothing but the brace of the answer itself behind it: so it is the answer's own list, and its last word.
    const isLast = tail.startsWith('[', listKey.length) && tail.indexOf(']') === tail.length - 2 && tail.endsWith('}');
    if (!isRepeated && isLast) Object.assign(last, { tail, prefixes: listed });
    return {
      bucket: shape.bucket,
      ratePerMin: shape.rate_per_min,
      burst: shape.burst,
      windowSeconds: shape.window_s,
      isShadow: shape.shadow,
      matchedOverride: shape.matched_override,
      activeOverrides: listed,
    };
  });
}

function translate<T>(body: string, read: (json: unknown) => T): Read<T> {
  let json: unknown;
  try {
    json = JSON.parse(body) as unknown;
  } catch {
    return { fault: 'notJson' };
  }
  try {
    return { value: read(json) };
  } catch {
    return { fault: 'wrongShape' };
  }
}

function flagsOf(value: unknown): ReadonlyMap<string, boolean> {
  if (value === undefined || value === null) return new Map();
  return new Map(Object.entries(objectOf(value)).map(([name, each]) => [name, flag.parse(each)]));
}

/** Prefixes come as a list of texts, or as an object whose keys they are. */
function prefixesOf(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return Object.keys(objectOf(value));
  // Every answer may list thousands, for which a schema takes much longer.
  if (value.every((each): each is string => typeof each === 'string')) return value;
  throw new TypeError('a prefix that is no text');
}

function objectOf(value: unknown): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new TypeError('not an object');
}

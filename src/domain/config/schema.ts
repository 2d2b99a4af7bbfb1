import * as z from 'zod/mini';
import { RlctlError } from '../errors.js';
import { guardKeys, guardsSchema } from '../guard/schema.js';
import { eventKinds } from '../notify/kinds.js';
import { nearNames } from '../near-names.js';
import { pathText } from '../placed-file.js';
import { environmentSettings } from './settings.js';

/** rlctl.yaml as parsed, checked strictly: an unknown key is an error, because it would be a setting without effect. */
function configFileSchema() {
  const text = z.string().check(z.minLength(1));
  const list = z.union([text, z.array(text).check(z.minLength(1))]);
  const secret = z.union([
    z.strictObject({ file: text }),
    z.strictObject({ env: text }),
    z.strictObject({ command: z.array(text).check(z.minLength(1)) }),
  ]);
  const basic = z.strictObject({ username: text, password: secret });
  const source = <Shape extends z.core.$ZodLooseShape>(more: Shape) =>
    z.union([
      text,
      z.strictObject({ url: text, ...more }),
      z.strictObject({ url: text, bearer: secret, ...more }),
      z.strictObject({ url: text, basic, ...more }),
    ]);
  const anyFleet = { metrics: z.optional(text), plainHttp: z.optional(z.boolean()) };
  const anyReceiver = {
    name: z.optional(text),
    events: z.optional(z.array(z.enum(eventKinds)).check(z.minLength(1))),
  };
  const annotation = {
    tags: z.optional(z.array(text)),
    dashboardUID: z.optional(text),
    panelId: z.optional(z.int().check(z.gte(0))),
  };
  const environment = z.strictObject({
    protected: z.optional(z.boolean()),
    api: z.optional(list),
    basePath: z.optional(text),
    origin: z.optional(text),
    siteMode: z.optional(text),
    namespace: z.optional(text),
    redis: z.optional(text),
    redisTls: z.optional(
      z.strictObject({
        ca: z.optional(text),
        cert: z.optional(text),
        key: z.optional(text),
        serverName: z.optional(text),
      }),
    ),
    prometheus: z.optional(source({ labels: z.optional(z.record(text, z.string())) })),
    metrics: z.optional(source({})),
    secret: z.optional(secret),
    signing: z.optional(z.union([text, z.looseObject({})])),
    workers: z.optional(z.int().check(z.gte(1), z.lte(10_000))),
    probe: z.optional(z.array(z.strictObject({ url: text, bucket: z.optional(text) }))),
    buckets: z.optional(
      z.record(text, z.strictObject({ routes: z.optional(z.array(text)), alias: z.optional(z.array(text)) })),
    ),
    require: z.optional(z.array(z.enum(['reason', 'ticket', 'end']))),
    guards: z.optional(guardsSchema()),
    shadowDriver: z.optional(
      z.union([
        z.literal('overrides'),
        z.strictObject({ 'env-file': text }),
        z.strictObject({ exec: z.array(text).check(z.minLength(1)) }),
      ]),
    ),
    killSwitch: z.optional(
      z.union([
        z.strictObject({ exec: z.array(text).check(z.minLength(1)) }),
        z.strictObject({ steps: z.array(text).check(z.minLength(1)) }),
      ]),
    ),
    fleet: z.optional(
      z.union([
        z.strictObject({ ...anyFleet, metrics: text }),
        z.strictObject({ ...anyFleet, dns: text, nameServer: z.optional(text) }),
        z.strictObject({ ...anyFleet, file: text }),
        z.strictObject({ ...anyFleet, command: z.array(text).check(z.minLength(1)) }),
        z.strictObject({ ...anyFleet, prometheus: text }),
      ]),
    ),
    notify: z.optional(
      z.array(
        z.union([
          z.strictObject({ ...anyReceiver, webhook: text, secret }),
          z.strictObject({ ...anyReceiver, ...annotation, grafana: text, token: secret }),
          z.strictObject({ ...anyReceiver, ...annotation, grafana: text, basic }),
        ]),
      ),
    ),
    history: z.optional(
      z.strictObject({ entries: z.optional(z.int().check(z.gte(1), z.lte(10_000_000))), age: z.optional(text) }),
    ),
  });
  return z.strictObject({
    current: z.optional(text),
    environments: z.optional(z.record(text, environment)),
    // Read by the commands that need them, with the place of each fault.
    rollouts: z.optional(z.record(text, z.looseObject({}))),
  });
}

export type ConfigFile = z.infer<ReturnType<typeof configFileSchema>>;
export type EnvironmentFile = NonNullable<ConfigFile['environments']>[string];

/** Checks a parsed configuration; `place` is the file's path. Throws a usage error listing every fault with its key. */
export function parseConfigFile(value: unknown, place: string): ConfigFile {
  const result = configFileSchema().safeParse(value ?? {});
  const lost = prototypeKeys(value).map(
    (path) => `${pathText(path, '')}: nothing can have this name; choose another one`,
  );
  if (result.success && lost.length === 0) return result.data;
  const issues = result.error?.issues ?? [];
  const faults = [
    ...lost,
    ...issues.map((issue) => `${pathText(issue.path, '') || '(top level)'}: ${faultText(issue, value)}`),
  ];
  throw new RlctlError('usage', `${place} is not a valid configuration:\n  ${faults.join('\n  ')}`, {
    code: 'CONFIG_INVALID',
    hint: 'Correct the keys named above; "rlctl help environment" lists every setting.',
  });
}

/**
 * Where a key is called `__proto__`: the check would leave out what stands there, without a word. A part that YAML's aliases
 * put in several places, or into itself, is looked through once.
 */
function prototypeKeys(
  value: unknown,
  path: readonly string[] = [],
  seen = new Set<object>(),
): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    return [...(key === '__proto__' ? [here] : []), ...prototypeKeys(inner, here, seen)];
  });
}

function faultText(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `unknown key ${issue.keys.map((key) => `${JSON.stringify(key)}${nearText(key, issue.path)}`).join(', ')}`;
    case 'invalid_type':
      return `must be ${issue.expected}`;
    case 'invalid_union':
      return `${unionText(issue.path)}${missingText(issue, value)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    default:
      return issue.message || 'is not accepted';
  }
}

/** What a setting with several forms may be: the help of each says it as well. */
function unionText(path: readonly PropertyKey[]): string {
  const setting = environmentSettings.find(({ key }) => key === path[2]);
  return setting === undefined
    ? 'has none of the accepted forms'
    : `has none of the accepted forms: ${setting.meaning}`;
}

/** The keys that alone are missing for the form that fits best; empty: of no form are they all that is wrong. */
function missingText({ errors, path }: z.core.$ZodIssueInvalidUnion, value: unknown): string {
  const there = path.reduce(
    (inner: unknown, key) => (Object(inner) as Readonly<Record<PropertyKey, unknown>>)[key],
    value,
  );
  const missing = errors
    .map((faults) => faults.map((fault) => fault.path))
    .filter((paths) => paths.every(([key, ...deeper]) => key !== undefined && deeper.length === 0))
    .map((paths) => paths.map(([key]) => String(key)))
    .filter((keys) => keys.length > 0 && keys.every((key) => !Object.hasOwn(Object(there) as object, key)));
  const [fewest] = missing.sort((a, b) => a.length - b.length);
  return fewest === undefined ? '' : `; ${fewest.join(' and ')} ${fewest.length === 1 ? 'is' : 'are'} missing here`;
}

/** The settings that a slip of the keyboard is near to; where other keys stand nothing is guessed. */
function nearText(key: string, path: readonly PropertyKey[]): string {
  const settings = environmentSettings.map((each) => each.key);
  const isGuard = path.length === 4 && path[2] === 'guards';
  const known =
    path.length === 0
      ? ['current', 'environments', 'rollouts']
      : path.length === 2
        ? settings
        : isGuard
          ? guardKeys
          : [];
  const near = nearNames(key, known).map((each) => JSON.stringify(each));
  return near.length === 0 ? '' : ` (did you mean ${near.join(' or ')}?)`;
}

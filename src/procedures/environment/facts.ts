import { traitsOf, type Detected, type TraitName } from '../../domain/dialect/dialect.js';
import { valueOf } from '../../domain/part.js';
import type { ReloadRecord } from '../../domain/reload-record.js';
import type { Revision } from '../../domain/revision.js';
import type { BucketFlag } from '../shadow/ask-flags.js';
import type { EnvironmentLook } from './look.js';

export type FactValue = string | number | boolean;

/** What is known of one environment in one matter. */
export type Told =
  /** Read just now. */
  | { readonly state: 'now'; readonly value: FactValue }
  /** Seen from this machine earlier; `at` is when, RFC 3339. */
  | { readonly state: 'remembered'; readonly value: FactValue; readonly at: string }
  | { readonly state: 'unknown'; readonly why: string };

/** One matter besides overrides, side by side. */
export interface Fact {
  readonly part: 'flag' | 'policy' | 'switch' | 'server' | 'version';
  /** Stable within its part: `read`, `isEnabled`, `basePath`. */
  readonly name: string;
  /** For people: `shadow of read`. */
  readonly title: string;
  readonly left: Told;
  readonly right: Told;
  /** Both are known, and are not the same. */
  readonly isDifferent: boolean;
  /** Both were read just now, and are not meant to differ: it counts as a difference of the environments. */
  readonly isCounted: boolean;
}

/** Everything that is known of an environment besides its overrides. */
export interface KnownOfEnvironment {
  readonly look: EnvironmentLook;
  /** What was seen of its servers earlier; `null`: nothing. */
  readonly seen: Detected | null;
  /** The last reload sent from this machine; `null`: none that is known. */
  readonly reload: ReloadRecord | null;
  /** The override document that was reloaded last from this machine; `null`: none that is known. */
  readonly lastRevision: Revision | null;
}

type Ask = (known: KnownOfEnvironment) => Told;

/** What an environment is named by differs between any two of them; how many processes answered is chance. */
const informative: ReadonlySet<string> = new Set(['siteMode', 'workersSeen']);

/** Every matter besides overrides. Pure. */
export function factsOf(left: KnownOfEnvironment, right: KnownOfEnvironment): readonly Fact[] {
  const fact = (part: Fact['part'], name: string, title: string, ask: Ask): Fact => {
    const [one, other] = [ask(left), ask(right)];
    const isDifferent = one.state !== 'unknown' && other.state !== 'unknown' && one.value !== other.value;
    const isNow = one.state === 'now' && other.state === 'now';
    const isCounted = isDifferent && isNow && !informative.has(name);
    return { part, name, title, left: one, right: other, isDifferent, isCounted };
  };
  const buckets = [...new Set([...bucketsOf(left), ...bucketsOf(right)])];
  return [
    ...buckets.flatMap((bucket) => [
      fact(
        'flag',
        bucket,
        `shadow of ${bucket}`,
        flag(bucket, ({ isShadow }) => isShadow),
      ),
      fact('policy', bucket, `policy of ${bucket}`, flag(bucket, policyText)),
    ]),
    fact('switch', 'isEnabled', 'limiter enabled', switched('isEnabled')),
    fact('switch', 'isGlobalShadow', 'global shadow', switched('isGlobalShadow')),
    fact('server', 'siteMode', 'site mode', now(siteModes)),
    fact('server', 'basePath', 'base path', basePath),
    ...traitFacts.map(([name, title]) => fact('server', name, title, trait(name))),
    fact('version', 'server', 'server version', serverVersion),
    fact('version', 'redis', 'Redis version', redisVersion),
  ];
}

type Asked = BucketFlag['policy'] & object;

function policyText({ ratePerMin, burst, windowSeconds }: Asked): string {
  return `${ratePerMin}/min, burst ${burst}, window ${windowSeconds} s`;
}

function bucketsOf({ look }: KnownOfEnvironment): readonly string[] {
  return look.servers.flatMap(({ flags }) => valueOf(flags)?.flags.map(({ bucket }) => bucket) ?? []);
}

/** One value of several addresses: where they disagree, all of them. */
function merged(values: readonly FactValue[], why: string): Told {
  const [first, ...others] = new Set(values);
  if (first === undefined) return { state: 'unknown', why };
  return { state: 'now', value: others.length === 0 ? first : [first, ...others].join(' | ') };
}

/** Why the servers of an environment do not tell something. */
function silence({ servers }: EnvironmentLook, part: 'flags' | 'version'): string {
  if (servers.length === 0) return 'no API address is configured';
  return servers.every((server) => server[part].state === 'failed') ? 'it did not answer' : 'it does not say';
}

function flag(bucket: string, pick: (policy: Asked) => FactValue): Ask {
  return ({ look }) => {
    const flags = look.servers.flatMap((server) => valueOf(server.flags)?.flags ?? []);
    const policies = flags.flatMap((each) => (each.bucket === bucket && each.policy !== null ? [each.policy] : []));
    return merged(policies.map(pick), silence(look, 'flags'));
  };
}

function switched(name: 'isEnabled' | 'isGlobalShadow'): Ask {
  return ({ reload }) => {
    const value = reload?.[name] ?? null;
    return reload === null || value === null
      ? { state: 'unknown', why: 'only a reload’s answer tells, and none from here has told' }
      : { state: 'remembered', value, at: reload.at };
  };
}

function now(pick: (look: EnvironmentLook) => readonly FactValue[]): Ask {
  return ({ look }) => merged(pick(look), silence(look, 'flags'));
}

function siteModes({ servers }: EnvironmentLook): readonly string[] {
  return servers.flatMap(({ flags }) => valueOf(flags)?.siteMode ?? []);
}

function basePath(known: KnownOfEnvironment): Told {
  const told = now(({ servers }) => servers.flatMap(({ flags }) => valueOf(flags)?.basePath ?? []))(known);
  return told.state === 'unknown' && known.seen !== null ? trait('basePath')(known) : told;
}

/** What only reloads and probes show. */
const traitFacts: readonly (readonly [TraitName, string])[] = [
  ['profile', 'signing'],
  ['readsOverrides', 'reads overrides'],
  ['enforcesOverrides', 'enforces overrides'],
  ['movesFlags', 'moves flags'],
  ['workersSeen', 'workers seen'],
  ['metricLabels', 'metric labels'],
  ['keyLayout', 'override key, after NAMESPACE:'],
  ['keySpelling', 'other keys'],
];

function trait(name: TraitName): Ask {
  return ({ seen }) => {
    const found = seen === null ? undefined : traitsOf(seen).find((each) => each.name === name);
    return found === undefined
      ? { state: 'unknown', why: 'it was not seen from here yet' }
      : { state: 'remembered', value: found.value, at: found.at };
  };
}

function serverVersion({ look }: KnownOfEnvironment): Told {
  return merged(
    look.servers.flatMap(({ version }) => valueOf(version) ?? []),
    silence(look, 'version'),
  );
}

function redisVersion({ look: { redisVersion: version } }: KnownOfEnvironment): Told {
  if (version.state === 'notAsked') return { state: 'unknown', why: 'no Redis is configured' };
  return merged(
    version.state === 'ok' && version.value !== null ? [version.value] : [],
    version.state === 'failed' ? 'it did not answer' : 'it does not say',
  );
}

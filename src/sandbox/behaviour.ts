/** How a reload proves that it comes from someone who knows the secret. */
export type SigningScheme = 'documented' | 'empty' | 'body' | 'timestamped' | 'standard-webhooks';

/** The four roles that routes are mapped to; a dialect gives them its own bucket names. */
export type BucketRole = 'auth' | 'read' | 'write' | 'financial';

export interface BucketSpec {
  /** The name that keys, labels and answers carry. */
  readonly name: string;
  /** The routes that it guards; `null`: no route of the sandbox is mapped to it. */
  readonly role: BucketRole | null;
  readonly ratePerMin: number;
  readonly burst: number;
  /** The variable of its own shadow flag. */
  readonly flag: string;
}

/** Each way in which one server of the family differs from another: a named trap that a test can set by itself. */
export interface Behaviour {
  /** Where the control plane stands; the other generation's path answers 404. */
  readonly basePath: string;
  readonly signing: SigningScheme;
  /** `false`: no secret on the server; every reload is refused with "reload disabled". */
  readonly hasSecret: boolean;
  /** The front end whose Origin a reload must carry; `null`: none is asked for. */
  readonly requireOrigin: string | null;
  /** X-Site-Mode on every answer; `null`: not sent. */
  readonly siteMode: string | null;
  readonly buckets: readonly BucketSpec[];
  readonly readsOverridesAtBoot: boolean;
  /** `false`: a reload ignores the overrides in Redis and still says ok, with count 0. */
  readonly readsOverridesAtReload: boolean;
  /** `false`: only the policy endpoint shows overrides; decisions never consult them. */
  readonly enforcesOverrides: boolean;
  /** `true`: answers list the active prefixes and name the one that matched. */
  readonly listsOverrides: boolean;
  /** `true`: the policy endpoint finds the bucket of a route by itself and refuses a bucket that does not exist. */
  readonly mapsRoutesToBuckets: boolean;
  /** `true`: enabled, global shadow, namespace and Redis URL keep their boot values until a restart. */
  readonly switchesBoundAtStart: boolean;
  /** `false`: a reload reads bucket flags from the environment of its own process, which nobody can change. */
  readonly bucketFlagsFromEnvFile: boolean;
  /** Variables written to the env file over the dialect's own ones. */
  readonly environment: Readonly<Record<string, string>>;
  /** RATE_LIMIT_POLICY_OVERRIDES_JSON: overrides that come before those of Redis; `null`: not set. */
  readonly environmentOverrides: string | null;
  /** `true`: labels as a Python server spells them, and the seeded series of a bucket `bootstrap`. */
  readonly pythonCasedLabels: boolean;
  /** `false`: an enforced 429 carries Retry-After and no other rate header. */
  readonly hasRateHeadersOn429: boolean;
  /** `true`: answers under shadow always carry Retry-After, which is then mostly 0. */
  readonly alwaysRetryAfterInShadow: boolean;
  /** `true`: /health/ready answers 200 whatever its body says. */
  readonly readyAlwaysAnswers200: boolean;
  /** A per-address limiter in front of everything but the exempt routes; `null`: none. */
  readonly generalLimiterPerMinute: number | null;
  /** Workers, by index, that answer a reload with ok and keep what they had. */
  readonly staleWorkers: readonly number[];
  /** `true`: a control path with a trailing slash answers 307; `false`: 404. */
  readonly redirectsTrailingSlash: boolean;
  /** An origin that every request is redirected to with 301, as plain http in production is; `null`: none. */
  readonly redirectsTo: string | null;
  /** The shape of error bodies: `{"detail"}`, problem+json, or a proxy's HTML. */
  readonly errorStyle: 'plain' | 'problem' | 'html';
  /** How far the server's clock is ahead, seconds: moves its Date header and its check of timestamps. */
  readonly clockOffsetSeconds: number;
  /** The longest wait for one answer of Redis, milliseconds; past it the limiter fails open. */
  readonly redisTimeoutMs: number;
  /** The seed of the traffic. */
  readonly seed: number;
  /** The worker of the n-th TCP connection (from 0): an index below `workers`. */
  readonly pickWorker: (connection: number, workers: number) => number;
}

export type Dialect = 'documented' | 'deployed';

function bucket(name: string, role: BucketRole | null, ratePerMin: number, burst: number): BucketSpec {
  return { name, role, ratePerMin, burst, flag: `RATE_LIMIT_SHADOW_${(role ?? name).toUpperCase()}` };
}

const documentedBuckets = [
  bucket('auth', 'auth', 100, 20),
  bucket('read', 'read', 60, 10),
  bucket('write', 'write', 20, 3),
  bucket('financial', 'financial', 5, 0),
];

const deployedBuckets = [
  bucket('auth_bootstrap', 'auth', 100, 20),
  ...documentedBuckets.slice(1),
  bucket('conv_msg', null, 60, 10),
];

const documented: Behaviour = {
  basePath: '/internal',
  signing: 'documented',
  hasSecret: true,
  requireOrigin: null,
  siteMode: null,
  buckets: documentedBuckets,
  readsOverridesAtBoot: true,
  readsOverridesAtReload: true,
  enforcesOverrides: true,
  listsOverrides: true,
  mapsRoutesToBuckets: true,
  switchesBoundAtStart: false,
  bucketFlagsFromEnvFile: true,
  environment: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_SHADOW: 'false' },
  environmentOverrides: null,
  pythonCasedLabels: false,
  hasRateHeadersOn429: true,
  alwaysRetryAfterInShadow: false,
  readyAlwaysAnswers200: false,
  generalLimiterPerMinute: null,
  staleWorkers: [],
  redirectsTrailingSlash: true,
  redirectsTo: null,
  errorStyle: 'plain',
  clockOffsetSeconds: 0,
  redisTimeoutMs: 500,
  seed: 1,
  pickWorker: (connection, workers) => connection % workers,
};

// Global shadow is on and reaches none of the four buckets, since each has a flag of its own.
const deployedEnvironment = {
  RATE_LIMIT_ENABLED: 'true',
  RATE_LIMIT_SHADOW: 'true',
  RATE_LIMIT_SHADOW_AUTH: 'false',
  RATE_LIMIT_SHADOW_READ: 'false',
  RATE_LIMIT_SHADOW_WRITE: 'false',
  RATE_LIMIT_SHADOW_FINANCIAL: 'false',
};

const deployed: Behaviour = {
  ...documented,
  basePath: '/api/v1/internal',
  signing: 'empty',
  buckets: deployedBuckets,
  readsOverridesAtBoot: false,
  enforcesOverrides: false,
  listsOverrides: false,
  mapsRoutesToBuckets: false,
  switchesBoundAtStart: true,
  bucketFlagsFromEnvFile: false,
  environment: deployedEnvironment,
  pythonCasedLabels: true,
  hasRateHeadersOn429: false,
  alwaysRetryAfterInShadow: true,
  readyAlwaysAnswers200: true,
};

/** The behaviour of a dialect with some of its traits replaced; variables are added to the dialect's own. */
export function behaviourOf(dialect: Dialect, replaced: Partial<Behaviour> = {}): Behaviour {
  const preset = dialect === 'documented' ? documented : deployed;
  return { ...preset, ...replaced, environment: { ...preset.environment, ...replaced.environment } };
}

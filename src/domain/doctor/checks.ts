/** How bad a finding is. `info` is worth knowing and asks for nothing; it never counts. */
export type Severity = 'error' | 'warning' | 'info';

/** One thing that doctor looks at: help, completion, the README and `--only` read this table and nothing else. */
export interface Check {
  /** `redis.role`: the group, a dot, and what is looked at. */
  readonly id: string;
  /** What holds where nothing is found. */
  readonly title: string;
  /** The severity of what it may find. Any other code is that of a failure that it met, and an error. */
  readonly finds: Readonly<Record<string, Severity>>;
}

/** The groups in the order in which they are shown: each rests on those before it. */
export const checkGroups = [
  'configuration',
  'network',
  'api',
  'redis',
  'document',
  'metrics',
  'server',
  'notify',
  'local',
] as const;

export type CheckGroup = (typeof checkGroups)[number];

export const checks = [
  {
    id: 'configuration.file',
    title: 'a configuration is found',
    finds: { NO_CONFIGURATION: 'warning', CONFIG_MISSING: 'error' },
  },
  {
    id: 'configuration.valid',
    title: 'it parses, knows every key, and the environment resolves',
    finds: { CONFIG_SYNTAX: 'error', CONFIG_INVALID: 'error', ENVIRONMENT_CONTRADICTION: 'error' },
  },
  {
    id: 'configuration.mode',
    title: 'nobody else can write it, nor read a password in it',
    finds: { CONFIG_WRITABLE: 'error', CONFIG_READABLE: 'warning', CONFIG_FOREIGN: 'warning' },
  },
  { id: 'configuration.trust', title: 'a project’s file is trusted', finds: { CONFIG_UNTRUSTED: 'error' } },
  {
    id: 'configuration.secret',
    title: 'the signing secret is there and private',
    finds: { SECRET_FILE_UNSAFE: 'error', SECRET_MISSING: 'error', NO_SECRET: 'warning' },
  },
  {
    id: 'configuration.guards',
    title: 'every guard can apply',
    finds: { GUARD_BUCKET_UNKNOWN: 'warning', GUARD_BUCKET_WITHOUT_ROUTES: 'warning', GUARD_FREEZE_OVER: 'warning' },
  },
  { id: 'network.dns', title: 'every name resolves', finds: { DNS_UNRESOLVED: 'error' } },
  {
    id: 'network.tls',
    title: 'every certificate is valid, for this name, for a month and more',
    finds: {
      TLS_EXPIRED: 'error',
      TLS_EXPIRES_SOON: 'warning',
      TLS_NOT_YET_VALID: 'error',
      TLS_WRONG_NAME: 'error',
      TLS_PRIVATE_CA: 'error',
    },
  },
  {
    id: 'network.plain',
    title: 'nothing secret travels readable',
    finds: { API_INSECURE: 'error', FLEET_PLAIN_HTTP: 'warning', REDIS_PLAINTEXT: 'warning' },
  },
  {
    id: 'api.reachable',
    title: 'every address answers',
    finds: { API_UNREACHABLE: 'error', API_TIMEOUT: 'error', NO_API: 'warning' },
  },
  {
    id: 'api.paths',
    title: 'the internal endpoints stand under a known path',
    finds: { API_WRONG_PATH: 'error', REDIRECTED: 'error', API_PROXY_HTML: 'error', API_SERVER_ERROR: 'error' },
  },
  {
    id: 'api.site-mode',
    title: 'the site is that of the environment',
    finds: {
      WRONG_SITE_MODE: 'error',
      SITE_MODE_SUSPECT: 'warning',
      SITE_MODE_UNSAID: 'warning',
      SITE_MODE_UNCHECKED: 'info',
    },
  },
  {
    id: 'api.limiter',
    title: 'no general limiter is in the way',
    finds: { API_RATE_LIMITED: 'error', LIMITER_CLOSE: 'warning', LIMITER_COUNTS: 'info' },
  },
  { id: 'api.clock', title: 'both clocks agree', finds: { CLOCK_SKEW: 'error', CLOCK_DRIFT: 'warning' } },
  { id: 'api.health', title: 'the health endpoints say healthy', finds: { DEGRADED: 'warning', UNHEALTHY: 'error' } },
  {
    id: 'api.reload',
    title: 'a signed reload is accepted (sent with --reload only)',
    finds: {
      SIGNATURE_REFUSED: 'error',
      RELOAD_DISABLED: 'error',
      ORIGIN_REFUSED: 'error',
      CLOCK_SKEW: 'error',
      LIMITER_OFF: 'error',
    },
  },
  {
    id: 'redis.reachable',
    title: 'Redis answers',
    finds: {
      REDIS_UNREACHABLE: 'error',
      REDIS_SILENT: 'error',
      REDIS_NOAUTH: 'error',
      REDIS_WRONGPASS: 'error',
      NO_REDIS: 'warning',
    },
  },
  { id: 'redis.version', title: 'it knows every command of a write', finds: { REDIS_TOO_OLD: 'error' } },
  {
    id: 'redis.role',
    title: 'it is the primary',
    finds: { REDIS_REPLICA: 'error', REDIS_LOADING: 'error', REDIS_CANNOT_PERSIST: 'error' },
  },
  {
    id: 'redis.persistence',
    title: 'overrides survive a restart of Redis',
    finds: { REDIS_NOT_PERSISTENT: 'warning' },
  },
  {
    id: 'redis.eviction',
    title: 'memory pressure cannot remove the document',
    finds: { REDIS_EVICTS: 'error', REDIS_WOULD_EVICT: 'warning', REDIS_EVICTS_EXPIRING: 'warning' },
  },
  {
    id: 'redis.rights',
    title: 'the user may do what reading and changing need',
    finds: { REDIS_CANNOT_READ: 'error', REDIS_CANNOT_CHANGE: 'warning', REDIS_CANNOT_AUDIT: 'warning' },
  },
  { id: 'redis.types', title: 'document, history and metadata have their types', finds: { REDIS_WRONG_TYPE: 'error' } },
  { id: 'redis.ttl', title: 'the document does not expire', finds: { DOCUMENT_EXPIRES: 'error' } },
  {
    id: 'redis.namespace',
    title: 'the namespace is the one in use',
    finds: { OTHER_NAMESPACE: 'error', OTHER_DATABASE: 'error' },
  },
  {
    id: 'document.readable',
    title: 'the document can be read',
    finds: {
      DOCUMENT_CORRUPT: 'error',
      DOCUMENT_DUPLICATE_KEYS: 'error',
      DOCUMENT_DROPPED: 'error',
      DOCUMENT_GONE: 'error',
      DOCUMENT_TOO_LARGE: 'error',
      METADATA_CORRUPT: 'error',
      STORE_EMPTIED: 'error',
    },
  },
  {
    id: 'document.entries',
    title: 'the server uses every entry',
    finds: {
      ENTRY_SKIPPED: 'warning',
      ENTRY_VANISHES: 'warning',
      ENTRY_WITHOUT_SLASH: 'warning',
      ENTRY_TAKES_ALL: 'warning',
    },
  },
  { id: 'document.order', title: 'every entry can win', finds: { ENTRY_HIDDEN: 'warning' } },
  { id: 'document.values', title: 'every value is read as it is written', finds: { VALUE_COERCED: 'warning' } },
  {
    id: 'document.boundaries',
    title: 'no entry catches a configured route by half a segment',
    finds: { HALF_SEGMENT: 'warning' },
  },
  {
    id: 'document.history',
    title: 'the history holds the changes that are known',
    finds: { HISTORY_GONE: 'error' },
  },
  {
    id: 'document.ends',
    title: 'what was set for a while ends, and no shadow is forgotten',
    finds: { OVERRIDE_OVERDUE: 'error', ENDS_UNATTENDED: 'warning', SHADOW_FORGOTTEN: 'warning' },
  },
  {
    id: 'document.in-force',
    title: 'the servers hold what is stored, and what is stored was reloaded',
    finds: {
      OVERRIDES_DIFFER: 'error',
      PROOF_CONTRADICTED: 'error',
      NOT_KNOWN_IN_FORCE: 'warning',
      STALE: 'error',
      SPLIT: 'error',
      DIFFERS: 'warning',
      REFUSING: 'warning',
    },
  },
  {
    id: 'metrics.reachable',
    title: 'the metrics can be read',
    finds: { PROMETHEUS_UNREACHABLE: 'error', METRICS_UNREACHABLE: 'error' },
  },
  {
    id: 'metrics.targets',
    title: 'every target that has the limiter’s metrics is up',
    finds: { TARGET_DOWN: 'error' },
  },
  {
    id: 'metrics.series',
    title: 'the limiter’s series are there',
    finds: { NO_SERIES: 'error' },
  },
  {
    id: 'metrics.labels',
    title: 'the labels are spelled in one known way',
    finds: { LABELS_UNKNOWN: 'warning', LABELS_MIXED: 'warning', LABELS_DEPLOYED: 'info' },
  },
  { id: 'metrics.age', title: 'the newest sample is fresh', finds: { METRICS_STALE: 'warning' } },
  {
    id: 'metrics.alerts',
    title: 'every alert on the limiter can fire',
    finds: { ALERT_NEVER_FIRES: 'error', ALERT_BROKEN: 'error' },
  },
  {
    id: 'server.enabled',
    title: 'when last reloaded from here, its limiter was on',
    finds: { LIMITER_OFF: 'error' },
  },
  {
    id: 'server.overrides',
    title: 'when last seen, it read overrides from Redis and enforced them',
    finds: { OVERRIDES_NOT_READ: 'warning', OVERRIDES_NOT_ENFORCED: 'warning' },
  },
  { id: 'server.flags', title: 'when last seen, its flags moved at run time', finds: { FLAGS_FIXED: 'warning' } },
  {
    id: 'server.workers',
    title: 'no more processes were seen than workers says',
    finds: { WORKERS_MORE: 'warning' },
  },
  {
    id: 'notify.secrets',
    title: 'the secret of every receiver of events is there and private',
    finds: { SECRET_FILE_UNSAFE: 'error', SECRET_MISSING: 'warning', SECRET_FORMAT: 'warning' },
  },
  {
    id: 'notify.reachable',
    title: 'the address of every receiver answers (no event is sent)',
    finds: {
      NOTIFY_ADDRESS: 'warning',
      NOTIFY_UNREACHABLE: 'warning',
      NOTIFY_TIMEOUT: 'warning',
      NOTIFY_REFUSED: 'warning',
      NOTIFY_REDIRECT: 'warning',
      NOTIFY_SERVER_ERROR: 'warning',
      NOTIFY_NOT_ITS_OWN: 'warning',
      NOTIFY_GONE: 'warning',
    },
  },
  { id: 'local.node', title: 'this Node.js is supported', finds: { NODE_TOO_OLD: 'error' } },
  {
    id: 'local.state',
    title: 'rlctl’s own state can be kept, and is private',
    finds: { STATE_UNWRITABLE: 'warning', STATE_OPEN: 'warning' },
  },
  { id: 'local.completion', title: 'completion is installed (only said, never missed)', finds: {} },
] as const satisfies readonly Check[];

export type CheckId = (typeof checks)[number]['id'];

/** The group of a check. */
export function groupOf(id: CheckId): CheckGroup {
  return checkGroups.find((group) => id.startsWith(`${group}.`)) ?? 'local';
}

/** How bad a finding of a check is; what is not its own is a failure that it met. */
export function severityOf(id: CheckId, code: string): Severity {
  const check: Check | undefined = checks.find((each) => each.id === id);
  return check?.finds[code] ?? 'error';
}

/** Why no reload was tried. */
export const onlyAsked = 'sent with --reload only';

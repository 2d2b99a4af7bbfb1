/** One setting of an environment: where it may come from, and what it means. Help and `env show` read this table. */
export interface Setting {
  /** Its key under `environments.<name>` in rlctl.yaml. */
  readonly key: string;
  /** The `RLCTL_*` variable that overrides the file; `null`: only the file may set it. */
  readonly variable: string | null;
  /** The limiter's own variable, which only fills a gap; `null`: none. */
  readonly limiterVariable: string | null;
  readonly meaning: string;
  /** What holds where nothing sets it, in words. */
  readonly fallback: string;
  readonly isSecret: boolean;
}

const open = { limiterVariable: null, isSecret: false } as const;

export const environmentSettings = [
  { ...open, key: 'protected', variable: null, fallback: 'false', meaning: 'changes ask for the environment’s name' },
  {
    ...open,
    key: 'api',
    variable: 'RLCTL_API',
    fallback: 'none',
    meaning: 'address of the API, or a list of instances',
  },
  {
    ...open,
    key: 'basePath',
    variable: 'RLCTL_BASE_PATH',
    fallback: '/internal, then /api/v1/internal',
    meaning: 'path of the internal endpoints',
  },
  {
    ...open,
    key: 'origin',
    variable: 'RLCTL_ORIGIN',
    fallback: 'not sent',
    meaning: 'Origin header that the server wants',
  },
  {
    ...open,
    key: 'siteMode',
    variable: 'RLCTL_SITE_MODE',
    fallback: 'not checked',
    meaning: 'refuse to write where X-Site-Mode says otherwise',
  },
  {
    ...open,
    key: 'namespace',
    variable: 'RLCTL_NAMESPACE',
    limiterVariable: 'RATE_LIMIT_NAMESPACE',
    fallback: 'none',
    meaning: 'prefix of the limiter’s keys in Redis',
  },
  {
    key: 'redis',
    variable: 'RLCTL_REDIS_URL',
    limiterVariable: 'RATE_LIMIT_REDIS_URL',
    fallback: 'none',
    isSecret: true,
    meaning: 'address of Redis: redis:, rediss:, unix:, redis+sentinel:, redis+cluster:',
  },
  {
    ...open,
    key: 'redisTls',
    variable: null,
    fallback: 'the system’s authorities, the address’s host, no certificate of ours',
    meaning:
      'TLS to Redis: {ca, cert, key, serverName}; PEM files, and the name that the server’s certificate must carry',
  },
  {
    key: 'secret',
    variable: 'RLCTL_SECRET_FILE',
    limiterVariable: 'CONFIG_RELOAD_SECRET',
    fallback: 'none',
    isSecret: true,
    meaning: 'where the signing secret comes from: {file}, {env} or {command}; the variable names a file',
  },
  {
    ...open,
    key: 'signing',
    variable: 'RLCTL_SIGNING',
    fallback: 'auto',
    meaning: 'signing profile: a name, or its data',
  },
  {
    ...open,
    key: 'workers',
    variable: 'RLCTL_WORKERS',
    fallback: 'not known',
    meaning: 'processes behind the address; decides how many reads prove a change',
  },
  {
    ...open,
    key: 'probe',
    variable: 'RLCTL_PROBE',
    fallback: 'none',
    meaning: 'addresses whose answers show what is enforced: [{url, bucket}]',
  },
  {
    ...open,
    key: 'buckets',
    variable: null,
    fallback: 'none',
    meaning: 'which routes a bucket guards: {name: {routes, alias}}',
  },
  {
    ...open,
    key: 'require',
    variable: null,
    fallback: '[reason, end] where protected, else []',
    meaning: 'what a change must carry: reason, ticket, end (--for, --until or --permanent)',
  },
  {
    ...open,
    key: 'guards',
    variable: null,
    fallback: 'none',
    meaning: 'rules that refuse changes: bounds, factors, freezes and more; see "rlctl help guards"',
  },
  {
    ...open,
    key: 'prometheus',
    variable: 'RLCTL_PROMETHEUS',
    fallback: 'none',
    meaning:
      'address of Prometheus; or {url, labels, bearer} or {url, labels, basic: {username, password}}, secrets written like `secret`',
  },
  {
    ...open,
    key: 'metrics',
    variable: 'RLCTL_METRICS',
    fallback: 'none',
    meaning: 'address of /metrics, where there is no Prometheus; the same forms, without labels',
  },
  {
    ...open,
    key: 'shadowDriver',
    variable: null,
    fallback: 'overrides',
    meaning: 'how a bucket’s shadow flag is flipped: overrides, {env-file} or {exec}',
  },
  {
    ...open,
    key: 'killSwitch',
    variable: null,
    fallback: 'none',
    meaning:
      'how the limiter’s master switch is set on the platform, for "panic global": {exec: [PROGRAM, "{variable}={value}"]}, or {steps: [TEXT]} for people',
  },
  {
    ...open,
    key: 'fleet',
    variable: null,
    fallback: 'the addresses of api',
    meaning:
      'where the instances are listed: {dns, nameServer}, {file}, {command: [argv]} or {prometheus: JOB}; metrics: the path of each one’s metrics; plainHttp: true permits http:// at private addresses, where whoever reads a signature can repeat it',
  },
  {
    ...open,
    key: 'notify',
    variable: null,
    fallback: 'nobody is told',
    meaning:
      'who is told of changes: a list of {webhook: URL, secret} and {grafana: URL, token}; their other keys: rlctl notify test --help',
  },
  {
    ...open,
    key: 'history',
    variable: null,
    fallback: '10,000 entries of any age',
    meaning:
      'how much of the history each change leaves: {entries: 10000, age: 90d}; what undo and replay need stays in any case',
  },
] as const satisfies readonly Setting[];

export type SettingKey = (typeof environmentSettings)[number]['key'];

/** One setting of the program itself. */
export interface ProgramSetting {
  readonly variable: string;
  /** The flag it stands for; `null`: there is none. */
  readonly flag: string | null;
  readonly meaning: string;
}

export const programSettings = [
  {
    variable: 'RLCTL_CONFIG',
    flag: '--config',
    meaning: 'configuration file to use instead of the nearest rlctl.yaml',
  },
  { variable: 'RLCTL_ENV', flag: '--env', meaning: 'environment to work on' },
  { variable: 'RLCTL_OUTPUT', flag: '--output', meaning: 'table, json, yaml or ndjson' },
  { variable: 'RLCTL_COLOR', flag: '--color', meaning: 'auto, always or never' },
  { variable: 'RLCTL_TIMEOUT', flag: '--timeout', meaning: 'total deadline of a command, at least 2s' },
  { variable: 'RLCTL_READ_ONLY', flag: '--read-only', meaning: 'true: refuse everything that changes anything' },
  { variable: 'RLCTL_NO_INPUT', flag: '--no-input', meaning: 'true: never ask' },
  { variable: 'RLCTL_ACTOR', flag: null, meaning: 'who is written into the history, instead of user@host' },
  { variable: 'VISUAL', flag: null, meaning: 'editor of "override edit"; EDITOR where it is not set, else vi' },
  { variable: 'NO_COLOR', flag: '--color never', meaning: 'any value: no colour' },
  {
    variable: 'NODE_EXTRA_CA_CERTS',
    flag: null,
    meaning: 'file of further certificate authorities, where a server has a certificate of a private one',
  },
  { variable: 'XDG_CONFIG_HOME', flag: null, meaning: 'folder of rlctl/config.yaml, ~/.config by default' },
  { variable: 'XDG_CACHE_HOME', flag: null, meaning: 'folder of rlctl’s compiled code, ~/.cache by default' },
  { variable: 'RLCTL_CODE_CACHE', flag: null, meaning: 'anything but on: keep and use no compiled code' },
  { variable: 'XDG_STATE_HOME', flag: null, meaning: 'folder of rlctl’s own state, ~/.local/state by default' },
] as const satisfies readonly ProgramSetting[];

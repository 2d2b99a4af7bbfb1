/** A way in which servers of this family answer 200 without the effect. */
export type TrapId =
  | 'overridesNotRead'
  | 'overridesNotEnforced'
  | 'staleWorkers'
  | 'documentDropped'
  | 'otherNamespaceOrRedisUnreachable'
  | 'environmentOverridesInFront'
  | 'flagNeedsRestart'
  | 'notLoaded'
  | 'otherEnvironment';

/** A known lie: what is the case, and what to do. Each a half sentence. */
export interface Trap {
  readonly meaning: string;
  readonly cure: string;
}

/** The traps as deployed servers were seen to set them; help and diagnosis read this table. */
export const traps: Readonly<Record<TrapId, Trap>> = {
  overridesNotRead: {
    meaning:
      'the server answers 200 but holds no override: this generation ignores the ones in Redis, unless it reads another Redis or namespace or could not reach Redis',
    cure: 'set the limit in the environment of the server and restart it, after ruling out the latter: compare namespace and redis in rlctl env show with its own',
  },
  overridesNotEnforced: {
    meaning: 'this server shows overrides but does not enforce them',
    cure: "change the bucket's own limit in the server's environment and restart it; no override can do it here",
  },
  staleWorkers: {
    meaning:
      'some workers do not hold what is stored: a reload reaches one process, and a new or restarted one holds nothing before its own',
    cure: 'run rlctl reload with the number of workers set (workers: in rlctl.yaml), or restart the worker that stays behind',
  },
  documentDropped: {
    meaning: 'the server cannot read the stored document, and then answers 200 and drops every override',
    cure: 'run: rlctl override repair',
  },
  otherNamespaceOrRedisUnreachable: {
    meaning:
      'the server knows overrides, but does not hold the ones stored here: it reads another namespace or another Redis, or its Redis did not answer when it reloaded',
    cure: "compare namespace and redis with the server's own (RATE_LIMIT_NAMESPACE, RATE_LIMIT_REDIS_URL), then run: rlctl reload",
  },
  environmentOverridesInFront: {
    meaning: "overrides in the server's own environment stand before the ones in Redis and win",
    cure: 'remove them from RATE_LIMIT_POLICY_OVERRIDES_JSON on the server, restart it, then run: rlctl reload',
  },
  flagNeedsRestart: {
    meaning:
      'the server accepted the reload, but the flag did not change: it takes its flags from the environment that its processes were started with, which nobody can change from outside',
    cure: "set the variable in the server's environment and restart it",
  },
  notLoaded: {
    meaning:
      'the server does not hold what is stored: it had no reload since that was stored or since it started, or it does not read this Redis',
    cure: 'run: rlctl reload; what it then counts tells the two apart',
  },
  otherEnvironment: {
    meaning: 'the server says that it is another environment, so what it shows proves nothing about this one',
    cure: 'compare api and siteMode in rlctl env show with the address you mean',
  },
};

import type { ErrorKind } from '../../domain/errors.js';
import type { NetworkCause } from './failure.js';

/** What the operator reads about a failure. `{server}`, `{detail}`, `{command}`, `{key}` and `{user}` are filled in. */
export interface Explanation {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** What to do with a failure: give up at once, or try again after a pause. */
export type Disposition = 'permanent' | 'wait' | 'redirect' | 'retry';

/** The text for each way a connection can fail. */
export const networkExplanations: Readonly<Record<NetworkCause, Explanation>> = {
  refused: {
    kind: 'unreachable',
    code: 'REDIS_UNREACHABLE',
    message: 'Redis at {server} refused the connection',
    hint: 'Check that Redis is running there and that host and port are right; see: rlctl env show',
  },
  hostUnknown: {
    kind: 'unreachable',
    code: 'REDIS_HOST_UNKNOWN',
    message: 'the name of the Redis server {server} cannot be resolved ({detail})',
    hint: 'Check the host in the Redis URL, and the DNS or VPN of this machine.',
  },
  noRoute: {
    kind: 'unreachable',
    code: 'REDIS_UNREACHABLE',
    message: 'there is no route to Redis at {server} ({detail})',
    hint: 'Check the network or VPN, and the address in the Redis URL.',
  },
  socketFile: {
    kind: 'unreachable',
    code: 'REDIS_UNREACHABLE',
    message: 'the Redis socket {server} cannot be opened ({detail})',
    hint: 'Check the path in unix:///path/to/redis.sock, that Redis is running, and that this user may use the socket.',
  },
  reset: {
    kind: 'unreachable',
    code: 'REDIS_CONNECTION_LOST',
    message: 'the connection to Redis at {server} was lost ({detail})',
    hint: 'Run the command again; if it stays so, look at the server’s log, and whether the port wants TLS (rediss://).',
  },
  closed: {
    kind: 'unreachable',
    code: 'REDIS_CONNECTION_LOST',
    message: 'Redis at {server} closed the connection before it had answered',
    hint: 'Run the command again; if it stays so, check that the port is Redis’s, and whether it wants TLS (rediss://).',
  },
  silent: {
    kind: 'unreachable',
    code: 'REDIS_SILENT',
    message: 'Redis at {server} did not answer in time',
    hint: 'Check whether the server hangs or a firewall drops packets; --timeout gives it more time.',
  },
  tls: {
    kind: 'unreachable',
    code: 'REDIS_TLS',
    message: 'no TLS connection to Redis at {server} could be made ({detail})',
    hint: 'Use redis:// where the port is plain; else check the certificate: its authority (redisTls: {ca}), its name (serverName), and whether it asks for one of ours (cert, key).',
  },
  handshake: {
    kind: 'unreachable',
    code: 'REDIS_TLS',
    message: 'Redis at {server} did not answer the start of a TLS connection',
    hint: 'Use redis:// if that port is plain; else check whether the server hangs.',
  },
  protocol: {
    kind: 'refused',
    code: 'REDIS_NOT_REDIS',
    message: 'what answers at {server} does not speak Redis’s protocol (first byte {detail})',
    hint: 'Check the port in the Redis URL: this looks like another service.',
  },
  maxClients: {
    kind: 'unreachable',
    code: 'REDIS_MAX_CLIENTS',
    message: 'Redis at {server} has no connection left (maxclients)',
    hint: 'Close idle clients or raise maxclients on the server, then run the command again.',
  },
  protectedMode: {
    kind: 'refused',
    code: 'REDIS_PROTECTED_MODE',
    message: 'Redis at {server} is in protected mode and takes connections from its own machine only',
    hint: 'Set a password on the server, or use it from that machine itself.',
  },
  noMaster: {
    kind: 'unreachable',
    code: 'REDIS_NO_MASTER',
    message: 'no sentinel knows a master named "{detail}"',
    hint: 'Check the master name at the end of the redis+sentinel:// URL; SENTINEL MASTERS lists them.',
  },
  aborted: {
    kind: 'unreachable',
    code: 'REDIS_SILENT',
    message: 'Redis at {server} did not answer before the deadline',
    hint: 'Give it more time with --timeout, or check the server.',
  },
};

/** A plain TLS alert or handshake record (first bytes 0x15, 0x16) betrays a TLS port that was spoken to in plain text. */
export const tlsPort: Explanation = {
  kind: 'unreachable',
  code: 'REDIS_TLS',
  message: 'Redis at {server} wants TLS, and the URL asks for a plain connection',
  hint: 'Write rediss:// instead of redis://.',
};

export type ReplyRow = readonly [pattern: RegExp, disposition: Disposition, explanation: Explanation];

function row(
  pattern: RegExp,
  disposition: Disposition,
  kind: ErrorKind,
  code: string,
  message: string,
  hint: string,
): ReplyRow {
  return [pattern, disposition, { kind, code, message, hint }];
}

/** Redis's own errors; the first pattern that fits wins. */
export const replyRows: readonly ReplyRow[] = [
  row(
    /^NOAUTH|^ERR operation not permitted|unauthenticated (multi)?bulk length/,
    'permanent',
    'refused',
    'REDIS_NOAUTH',
    'Redis at {server} wants a password and the URL has none',
    'Put it into the Redis URL: redis://user:password@host:port.',
  ),
  row(
    /^WRONGPASS|^ERR invalid password|^ERR (AUTH|wrong number of arguments for 'auth')/i,
    'permanent',
    'refused',
    'REDIS_WRONGPASS',
    'Redis at {server} refused the user name or password',
    'Check user and password in the Redis URL, and that the user is on: ACL GETUSER {user}.',
  ),
  row(
    /^(NOPERM|ERR) .*(one of the keys|at least one of the keys|access the '.*' key)/,
    'permanent',
    'refused',
    'REDIS_NOPERM',
    'the Redis user "{user}" may not use {command} on the key "{key}"',
    'Grant the key and its siblings to that user (ACL SETUSER {user} ~pattern); rlctl help keys lists them.',
  ),
  row(
    /^NOPERM|^ERR .*can't run this command/,
    'permanent',
    'refused',
    'REDIS_NOPERM',
    'the Redis user "{user}" may not run {command} (key "{key}")',
    'Grant the command to that user (ACL SETUSER {user} +{command}); rlctl help keys lists what is needed.',
  ),
  row(
    /^READONLY/,
    'permanent',
    'refused',
    'REDIS_READONLY',
    'Redis at {server} is a read-only replica',
    'Point the Redis URL at the master, or use redis+sentinel:// or redis+cluster:// to have it found.',
  ),
  row(
    /^MOVED/,
    'redirect',
    'unreachable',
    'REDIS_MOVED',
    'Redis at {server} is a cluster node and keeps sending us elsewhere for the key "{key}"',
    'Use redis+cluster://host:port,host:port, and check CLUSTER NODES.',
  ),
  row(
    /^CLUSTERDOWN/,
    'wait',
    'unreachable',
    'REDIS_CLUSTERDOWN',
    'the Redis cluster at {server} is down',
    'Check CLUSTER INFO; it serves nothing until all slots are covered.',
  ),
  row(
    /^MASTERDOWN|^NOMASTERLINK/,
    'wait',
    'unreachable',
    'REDIS_MASTERDOWN',
    'Redis at {server} is a replica that has lost its master',
    'Check the master, or wait for the failover and run the command again.',
  ),
  row(
    /^LOADING/,
    'wait',
    'unreachable',
    'REDIS_LOADING',
    'Redis at {server} is still loading its data',
    'Wait until it has started (INFO persistence, loading:0) and run the command again.',
  ),
  row(
    /^BUSY\b/,
    'wait',
    'unreachable',
    'REDIS_BUSY',
    'Redis at {server} is busy with somebody’s script',
    'Wait for it, or end it with SCRIPT KILL, and run the command again.',
  ),
  row(
    /^(TRYAGAIN|ASK)\b/,
    'wait',
    'unreachable',
    'REDIS_TRYAGAIN',
    'the cluster is moving the slot of the key "{key}"',
    'Run the command again when the migration is done.',
  ),
  row(
    /^OOM/,
    'permanent',
    'refused',
    'REDIS_OOM',
    'Redis at {server} is out of memory (maxmemory) and refused the write',
    'Free memory or raise maxmemory on the server.',
  ),
  row(
    /^MISCONF/,
    'permanent',
    'refused',
    'REDIS_MISCONF',
    'Redis at {server} cannot save to disk and refuses writes (stop-writes-on-bgsave-error)',
    'Look at the server’s log for the failed BGSAVE; the disk may be full.',
  ),
  row(
    /^NOREPLICAS/,
    'permanent',
    'refused',
    'REDIS_NOREPLICAS',
    'Redis at {server} has fewer good replicas than min-replicas-to-write and refuses writes',
    'Bring the replicas back (INFO replication) and run the command again.',
  ),
  row(
    /^WRONGTYPE/,
    'permanent',
    'guard',
    'REDIS_WRONG_TYPE',
    'the Redis key "{key}" holds another type than it should',
    "rlctl never overwrites it. See what it is: redis-cli TYPE '{key}', and move it away: redis-cli RENAME '{key}' '{key}:old'.",
  ),
  row(
    /^ERR (DB index|invalid DB|SELECT)/i,
    'permanent',
    'refused',
    'REDIS_DATABASE',
    'Redis at {server} does not have the database that the URL names',
    'Correct the number at the end of the Redis URL.',
  ),
  row(
    /^ERR (unknown|This Redis command is not allowed)/i,
    'permanent',
    'refused',
    'REDIS_COMMAND',
    'Redis at {server} does not know or allow the command {command}',
    'rlctl needs Redis 6.2 or later with this command enabled.',
  ),
  row(
    /script/i,
    'permanent',
    'unexpected',
    'REDIS_SCRIPT',
    'the write script failed on Redis at {server}: {detail}',
    'Nothing was written. This is a fault of ours or an unsupported server: please report it.',
  ),
];

export const unknownReply: Explanation = {
  kind: 'unexpected',
  code: 'REDIS_ERROR',
  message: 'Redis at {server} answered {command} with an error: {detail}',
  hint: 'Look at the server; please report it if rlctl should have understood this.',
};

import type { KeySeen } from '../domain/dialect/key-layout.js';
import type { Deadline } from './deadline.js';

/** What the server says of one key. */
export interface KeyFacts {
  readonly key: string;
  /** What the key holds here: `document`, `history`, `metadata`. */
  readonly what: 'document' | 'history' | 'metadata';
  /** `none`: it does not exist; `null`: this user may not ask. */
  readonly type: string | null;
  /** Milliseconds; `null`: none, or it may not be asked. */
  readonly ttlMs: number | null;
}

/** Whether the user may run one command on the keys it is needed for. */
export interface RightFacts {
  /** `XADD` */
  readonly command: string;
  /** The key it may not touch; `null`: it is about the command itself, or allowed. */
  readonly key: string | null;
  readonly isAllowed: boolean;
}

/** Everything one look at a Redis server tells. Every `null` is something that it does not say or this user may not ask. */
export interface RedisFacts {
  /** `host:port`, as it was reached. */
  readonly server: string;
  readonly isTls: boolean;
  readonly isLocal: boolean;
  readonly hasPassword: boolean;
  /** The version of Redis that it is, or is compatible with: `7.0.15`. */
  readonly version: string | null;
  readonly role: 'primary' | 'replica' | null;
  /** A replica's primary, `host:port`. */
  readonly primary: string | null;
  /** True while it reads its data from disk. */
  readonly isLoading: boolean;
  readonly hasAppendOnlyFile: boolean | null;
  /** True: it saves snapshots by itself; false: never. */
  readonly hasSnapshots: boolean | null;
  /** The last attempt to save failed: with the usual settings every write is refused then. */
  readonly hasSaveFailed: boolean;
  /** `noeviction`, `allkeys-lru` … */
  readonly evictionPolicy: string | null;
  /** Bytes; 0: no limit. */
  readonly maxMemoryBytes: number | null;
  /** False: it was started without a configuration file, and cannot write its settings into one. */
  readonly hasConfigFile: boolean | null;
  readonly user: string;
  readonly keys: readonly KeyFacts[];
  /** `null`: this user may not ask what it may do. */
  readonly rights: readonly RightFacts[] | null;
  /** How the rights were found out: `ACL DRYRUN`. */
  readonly rightsSource: string | null;
  /** Commands of a read that were refused just now, for want of rights. */
  readonly refusedReads: readonly RightFacts[];
  /** Keys of override documents in this database, whatever their namespace; a sample of a large one. `null`: SCAN is not allowed. */
  readonly documents: readonly string[] | null;
  /** Some keys of the namespace, whatever they hold. `null`: SCAN is not allowed. */
  readonly neighbours: readonly KeySeen[] | null;
  readonly database: number;
  /** How many keys there are in each database; `null`: not known. */
  readonly databases: ReadonlyMap<number, number> | null;
}

/** Looks at a Redis server without changing anything, in one attempt. */
export interface RedisInspector {
  /** The addresses that are spoken to in TLS, as `rediss://host:port`; empty: none. */
  readonly tlsAddresses: readonly string[];
  /** Throws an RlctlError where it cannot be reached or refuses the login. */
  inspect(deadline: Deadline): Promise<RedisFacts>;
  /** Drops every connection at once. */
  close(): void;
}

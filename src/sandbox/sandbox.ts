import { createApplication } from './application.js';
import { behaviourOf, type Behaviour, type Dialect } from './behaviour.js';
import { usageError } from '../domain/errors.js';
import { environmentText, parseEnvironment, readEnvironment } from './environment.js';
import { prepareFolder, writePrivate } from './folder.js';
import { openGateway } from './gateway.js';
import { checkRedisUrl, loadRedisLinks } from './redis-link.js';
import { obtainRedis, type RedisKind } from './redis-process.js';
import { startTraffic, type Traffic } from './traffic.js';
import { viewOf, Worker, type WorkerView } from './worker-state.js';

export interface SandboxOptions {
  readonly dialect: Dialect;
  /** Independent states behind the one port, at least 1. */
  readonly workers: number;
  /** Requests per second of its own traffic; 0: none. */
  readonly trafficPerSecond: number;
  /** `null`: one of its own, redis-server where it is on PATH, else embedded. */
  readonly redisUrl: string | null;
  /** 0: any free one. */
  readonly port: number;
  readonly namespace: string;
  /** Where the env file and the secret file live; made with mode 0700 where it does not exist. */
  readonly folder: string;
  /** A private file that holds the secret, by absolute path: it is read, and stays. Absent: one of its own. */
  readonly secretFile?: string | null;
  /** The traps one by one, over the dialect's own. */
  readonly behaviour?: Partial<Behaviour>;
}

/** A running reference limiter and control plane. */
export interface Sandbox {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly basePath: string;
  readonly redisUrl: string;
  readonly namespace: string;
  readonly secretFile: string;
  /** The limiter's variables: edit it, then reload. */
  readonly envFile: string;
  readonly redisKind: RedisKind;
  /** The process id of its own redis-server; `null`: it has none. */
  readonly redisPid: number | null;
  readonly behaviour: Behaviour;
  /** What each worker holds and has counted at this moment. */
  workers(): readonly WorkerView[];
  /** Requests that its own traffic has sent. */
  trafficSent(): number;
  /** Ends everything it started and removes every file it wrote. May be called twice. */
  stop(): Promise<void>;
}

type Undo = () => void | Promise<void>;

/**
 * Starts a sandbox and resolves when it answers. Throws an RlctlError: `unreachable` where Redis cannot be used, `usage` where the port is taken or an option makes no sense; nothing is left behind then.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  checkOptions(options);
  const undos: Undo[] = [];
  const stop = once(async () => {
    const failures: unknown[] = [];
    for (const undo of undos.reverse()) {
      await Promise.resolve()
        .then(undo)
        .catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  });
  try {
    return await start(options, undos, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function checkOptions({ workers, trafficPerSecond, namespace, redisUrl }: SandboxOptions): void {
  if (redisUrl !== null) checkRedisUrl(redisUrl);
  if (!Number.isInteger(workers) || workers < 1 || workers > 64) {
    throw usageError(`A sandbox cannot have ${workers} workers.`, 'Give a whole number from 1 to 64.');
  }
  if (!Number.isFinite(trafficPerSecond) || trafficPerSecond < 0 || trafficPerSecond > 5000) {
    throw usageError(`A sandbox cannot send ${trafficPerSecond} requests a second.`, 'Give a number from 0 to 5000.');
  }
  if (!/^[\w:.{}-]+$/.test(namespace)) {
    throw usageError(`"${namespace}" is not a namespace.`, 'Use letters, digits and _ - : . { } only.');
  }
}

async function start(options: SandboxOptions, undos: Undo[], stop: () => Promise<void>): Promise<Sandbox> {
  const behaviour = behaviourOf(options.dialect, options.behaviour);
  const files = await prepareFolder(options.folder, options.secretFile ?? null);
  undos.push(() => files.remove());
  // The client library loads while Redis starts; its failure is met where it is awaited.
  const loading = loadRedisLinks(behaviour.redisTimeoutMs);
  loading.catch(() => {});
  const redis = await obtainRedis({ url: options.redisUrl, folder: options.folder });
  undos.push(() => redis.stop());
  const openRedis = await loading;
  const environment = environmentText(behaviour, options.namespace, redis.url);
  await writePrivate(files.envFile, environment);
  const setup = {
    behaviour,
    bootEnvironment: parseEnvironment(environment),
    readEnvironment: () => readEnvironment(files.envFile),
    openRedis,
  };
  const workers = Array.from({ length: options.workers }, (_, index) => new Worker(index, setup));
  undos.push(() => workers.forEach((worker) => worker.close()));
  await Promise.all(workers.map((worker) => worker.boot()));
  const health = { folder: options.folder, startedMs: Date.now() };
  const application = createApplication({ behaviour, secret: files.secret, ...health });
  const gateway = await openGateway({ port: options.port, behaviour, workers, application });
  undos.push(() => gateway.close());
  const traffic = trafficOf(options, behaviour, gateway.origin);
  if (traffic !== null) undos.push(() => traffic.stop());
  return {
    origin: gateway.origin,
    basePath: behaviour.basePath,
    redisUrl: redis.url,
    namespace: options.namespace,
    secretFile: files.secretFile,
    envFile: files.envFile,
    redisKind: redis.kind,
    redisPid: redis.pid,
    behaviour,
    workers: () => workers.map(viewOf),
    trafficSent: () => traffic?.sent ?? 0,
    stop,
  };
}

function trafficOf(options: SandboxOptions, behaviour: Behaviour, origin: string): Traffic | null {
  if (options.trafficPerSecond <= 0) return null;
  const connections = Math.max(8, 2 * options.workers);
  return startTraffic({ origin, perSecond: options.trafficPerSecond, seed: behaviour.seed, connections });
}

function once(run: () => Promise<void>): () => Promise<void> {
  const state: { ended: Promise<void> | null } = { ended: null };
  return () => (state.ended ??= run());
}

import { join } from 'node:path';
import type { Behaviour, Dialect } from '../../src/sandbox/behaviour.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js';
import { startRedis, type RunningRedis } from './redis-server.js';
import { openWorld, type JsonObject, type World } from './world.js';

export interface LabOptions {
  readonly dialect?: Dialect;
  readonly workers?: number;
  readonly behaviour?: Partial<Behaviour>;
}

/** A control plane, its Redis, and a world whose configuration `rlctl.yaml` names it `lab`. */
export interface Lab {
  readonly sandbox: Sandbox;
  readonly redis: RunningRedis;
  readonly world: World;
  /** The environment's entry in the configuration. */
  readonly environment: JsonObject;
  /** The override document as stored; `null`: no key. */
  document(): Promise<string | null>;
  /** Stores a document past rlctl. */
  store(text: string): Promise<void>;
  /** The same for bytes that are no text. */
  storeBytes(bytes: Buffer): Promise<void>;
  /** Empties Redis, and lets every worker forget. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const labNamespace = 'lab';
export const labKey = `${labNamespace}:rl:overrides`;
export const labHistoryKey = `{${labKey}}:history`;
export const labMetadataKey = `{${labKey}}:meta`;

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const redis = await startRedis();
  const world = await openWorld();
  const workers = options.workers ?? 1;
  const sandbox = await startSandbox({
    dialect: options.dialect ?? 'documented',
    workers,
    trafficPerSecond: 0,
    redisUrl: redis.url,
    port: 0,
    namespace: labNamespace,
    folder: join(world.root, 'sandbox'),
    // Generous: other tests may keep the machine busy, and a time-out would let requests pass.
    behaviour: { redisTimeoutMs: 5000, ...options.behaviour },
  });
  const environment = {
    api: sandbox.origin,
    namespace: labNamespace,
    redis: redis.url,
    secret: { file: sandbox.secretFile },
    workers,
    buckets: { read: { routes: ['/api'] }, financial: { routes: ['/api/payments'], alias: ['pay'] } },
  };
  const path = await world.config('lab.yaml', { environments: { lab: environment } });
  const named = { RLCTL_CONFIG: path };
  const inLab: World = {
    ...world,
    env: { ...world.env, ...named },
    main: (args, more = {}) => world.main(args, { ...more, env: { ...named, ...more.env } }),
  };
  return {
    sandbox,
    redis,
    world: inLab,
    environment,
    document: async () => ((await redis.cli('EXISTS', labKey)) === '0' ? null : redis.cli('GET', labKey)),
    store: async (text) => void (await redis.cli('SET', labKey, text)),
    storeBytes: async (bytes) => {
      // redis-cli takes no NUL in an argument, but Lua spells every byte.
      const spelled = [...bytes].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('');
      await redis.cli('EVAL', `return redis.call('SET', KEYS[1], '${spelled}')`, '1', labKey);
    },
    reset: async () => {
      await redis.cli('FLUSHALL');
      const ran = await inLab.main(['reload', '--no-verify']);
      if (ran.code !== 0) throw new Error(`the lab could not be reset: ${ran.err}`);
    },
    stop: async () => {
      await sandbox.stop();
      await redis.stop();
      await world.remove();
    },
  };
}

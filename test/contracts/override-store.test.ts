import { describeOverrideStore, type ContractHost, type ContractSubject } from './override-store.contract.js';
import { storeAt } from './override-store.kit.js';
import type { HistoryLimits } from '../../src/domain/override/history.js';
import type { OverrideStore } from '../../src/ports/override-store.js';
import { metadataKey, overridesKey } from '../../src/domain/redis-keys.js';
import { startEmbedded, startEmbeddedWithoutScripts, type TestRedis } from '../support/embedded-redis.js';
import { createFakeOverrides } from '../support/fake-override-store.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { startRedis } from '../support/redis-server.js';

describeOverrideStore('in memory', async () => ({
  usesTransaction: false,
  stop: async () => undefined,
  subject: async () => {
    const fake = createFakeOverrides();
    return {
      store: (limits) => fake.store(limits),
      foreignSet: async (text) => fake.foreignSet(text),
      foreignMetadata: async (text) => {
        fake.state.metadata = text;
      },
      makeList: async () => {
        fake.state.type = 'list';
      },
      setTtl: async (ms) => {
        fake.state.ttlMs = ms;
      },
      loseContact: async () => {
        fake.faults.write = 'loseAnswer';
      },
      stored: async () => (fake.state.bytes === null ? null : Buffer.from(fake.state.bytes).toString('utf8')),
    };
  },
}));

interface Door {
  readonly redis: TestRedis;
  /** `user:password@` of the ACL user to log in as, or nothing. */
  readonly login: string;
  readonly usesTransaction: boolean;
  readonly hasDump: boolean;
}

async function startReal(user: string | null): Promise<Door> {
  const redis = await startRedis();
  await redis.cli('ACL', 'SETUSER', 'noeval', 'on', '>pw', '~*', '+@all', '-eval', '-evalsha', '-@scripting');
  return { redis, login: user === null ? '' : `${user}:pw@`, usesTransaction: user !== null, hasDump: true };
}

async function startEmbeddedDoor(usesTransaction: boolean): Promise<Door> {
  const redis = await (usesTransaction ? startEmbeddedWithoutScripts() : startEmbedded());
  return { redis, login: '', usesTransaction, hasDump: false };
}

/** A server behind a proxy. */
async function startBehindProxy({ redis, login, usesTransaction, hasDump }: Door): Promise<ContractHost> {
  const opened: { stores: OverrideStore[]; proxies: FaultProxy[] } = { stores: [], proxies: [] };
  const subject = async (): Promise<ContractSubject> => {
    const proxy = await startFaultProxy(redis.port);
    opened.proxies.push(proxy);
    const namespace = `c${opened.proxies.length}`;
    const key = overridesKey(namespace);
    const storeOn = (port: number, limits?: HistoryLimits): OverrideStore => {
      const url = `redis://${login}127.0.0.1:${port}/0`;
      const store = storeAt(url, { namespace, ...(limits && { limits }) });
      opened.stores.push(store);
      return store;
    };
    const state = { isFirst: true };
    return {
      // The first client stands behind the proxy, the others see the server as it is.
      store: (limits) => {
        const port = state.isFirst ? proxy.port : redis.port;
        state.isFirst = false;
        return storeOn(port, limits);
      },
      foreignSet: async (text) =>
        void (text === null ? await redis.cli('DEL', key) : await redis.cli('SET', key, text)),
      foreignMetadata: async (text) => void (await redis.cli('SET', metadataKey(key), text)),
      makeList: async () => void (await redis.cli('RPUSH', key, 'x')),
      setTtl: async (ms) => void (await redis.cli('PEXPIRE', key, String(ms))),
      loseContact: async () => {
        proxy.inject({ at: 'reply', containing: usesTransaction ? 'EXEC' : 'EVAL', action: 'silence' });
        proxy.inject({ at: 'connect', action: 'silence', times: Infinity });
      },
      stored: async () => ((await redis.cli('EXISTS', key)) === '1' ? redis.cli('GET', key) : null),
    };
  };
  return {
    usesTransaction,
    hasDump,
    subject,
    stop: async () => {
      for (const store of opened.stores) store.close();
      for (const proxy of opened.proxies) await proxy.stop();
      await redis.stop();
    },
  };
}

const hosts: readonly (readonly [string, () => Promise<Door>])[] = [
  ['redis-server, by EVAL', () => startReal(null)],
  ['redis-server, by WATCH and MULTI where EVAL is denied', () => startReal('noeval')],
  ['embedded, by EVAL', () => startEmbeddedDoor(false)],
  ['embedded, by WATCH and MULTI where EVAL is unknown', () => startEmbeddedDoor(true)],
];
for (const [name, start] of hosts) describeOverrideStore(name, async () => startBehindProxy(await start()));

import { createOperationStore } from '../../src/adapters/redis/operation-store.js';
import { RlctlError } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';
import type { OperationStore } from '../../src/ports/operation-store.js';
import { startEmbedded, type TestRedis } from '../support/embedded-redis.js';
import { createFakeOperations } from '../support/fake-operation-store.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { startRedis } from '../support/redis-server.js';
import { describeOperationStore, type OperationHost } from './operation-store.contract.js';
import { ports } from './override-store.kit.js';

describeOperationStore('in memory', async () => {
  const fake = createFakeOperations();
  return {
    store: async (isCutOnce) => {
      if (isCutOnce) fake.fault.loseAnswer = new RlctlError('unreachable', 'lost', { code: 'LOST', hint: 'again' });
      return fake.store();
    },
    stop: async () => undefined,
  };
});

async function hostOn(redis: TestRedis): Promise<OperationHost> {
  const opened: { close(): void | Promise<void> }[] = [];
  const storeOn = (port: number): OperationStore => {
    const url = new Secret(`redis://127.0.0.1:${port}/0`);
    const store = createOperationStore({ url, namespace: 'test' }, ports);
    opened.push(store);
    return store;
  };
  return {
    store: async (isCutOnce = false) => {
      if (!isCutOnce) return storeOn(redis.port);
      const proxy = await startFaultProxy(redis.port);
      opened.push({ close: () => proxy.stop() });
      proxy.inject({ at: 'reply', containing: 'EVAL', action: 'reset' });
      return storeOn(proxy.port);
    },
    stop: async () => {
      for (const each of opened) await each.close();
      await redis.stop();
    },
  };
}

describeOperationStore('redis-server', async () => hostOn(await startRedis()));
describeOperationStore('embedded Redis', async () => hostOn(await startEmbedded()));

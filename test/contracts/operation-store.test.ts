import { createOperationStore } from '../../src/adapters/redis/operation-store.js';
import { RlctlError } from '../../src/domain/errors.js';
import { operationsKey, overridesKey } from '../../src/domain/redis-keys.js';
import { Secret } from '../../src/domain/secret.js';
import type { OperationStore } from '../../src/ports/operation-store.js';
import { createFakeOperations } from '../support/fake-operation-store.js';
import { describeOperationStore, type OperationHost } from './operation-store.contract.js';
import { ports } from './override-store.kit.js';
import { redisDoors, type DoorKind } from './redis-doors.js';

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

async function hostOn({ start }: DoorKind): Promise<OperationHost> {
  const door = await start();
  const namespace = 'test';
  const opened: OperationStore[] = [];
  return {
    store: async (isCutOnce = false) => {
      const { url, inject } = await door.way(operationsKey(overridesKey(namespace)));
      if (isCutOnce) inject({ at: 'reply', containing: 'EVAL', action: 'reset' });
      const store = createOperationStore({ url: new Secret(url), namespace }, ports);
      opened.push(store);
      return store;
    },
    stop: async () => {
      for (const store of opened) store.close();
      await door.stop();
    },
  };
}

// Operations are kept by scripts alone.
for (const kind of redisDoors)
  if (!kind.usesTransaction) describeOperationStore(kind.name, () => hostOn(kind), kind.whyNot);

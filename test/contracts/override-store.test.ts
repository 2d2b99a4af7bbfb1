import { describeOverrideStore, type ContractHost, type ContractSubject } from './override-store.contract.js';
import { storeAt } from './override-store.kit.js';
import { redisDoors, type DoorKind } from './redis-doors.js';
import type { OverrideStore } from '../../src/ports/override-store.js';
import { metadataKey, overridesKey } from '../../src/domain/redis-keys.js';
import { createFakeOverrides } from '../support/fake-override-store.js';

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

async function hostOn({ start, usesTransaction = false }: DoorKind): Promise<ContractHost> {
  const door = await start();
  const opened: OverrideStore[] = [];
  const count = { subjects: 0 };
  const subject = async (): Promise<ContractSubject> => {
    count.subjects += 1;
    const namespace = `c${count.subjects}`;
    const key = overridesKey(namespace);
    const { url, straightUrl, cli, inject } = await door.way(key);
    const state = { isFirst: true };
    return {
      // The first client comes as people do, and can lose contact; the others see the server as it is.
      store: (limits) => {
        const store = storeAt(state.isFirst ? url : straightUrl, { namespace, ...(limits && { limits }) });
        state.isFirst = false;
        opened.push(store);
        return store;
      },
      foreignSet: async (text) => void (text === null ? await cli('DEL', key) : await cli('SET', key, text)),
      foreignMetadata: async (text) => void (await cli('SET', metadataKey(key), text)),
      makeList: async () => void (await cli('RPUSH', key, 'x')),
      setTtl: async (ms) => void (await cli('PEXPIRE', key, String(ms))),
      loseContact: async () => {
        inject({ at: 'reply', containing: usesTransaction ? 'EXEC' : 'EVAL', action: 'silence' });
        inject({ at: 'connect', action: 'silence', times: Infinity });
      },
      stored: async () => ((await cli('EXISTS', key)) === '1' ? cli('GET', key) : null),
    };
  };
  const { hasDump, replicas } = door;
  return {
    usesTransaction,
    hasDump,
    replicas,
    subject,
    stop: async () => {
      for (const store of opened) store.close();
      await door.stop();
    },
  };
}

for (const kind of redisDoors) describeOverrideStore(kind.name, () => hostOn(kind), kind.whyNot);

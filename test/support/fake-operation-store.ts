import type { OperationLease, OperationStore, StoredOperation } from '../../src/ports/operation-store.js';

/** The operations of a Redis that exists in memory only. */
export interface FakeOperations {
  readonly texts: Map<string, string>;
  readonly leases: Map<string, OperationLease>;
  /** What the next call throws in place of its work; `null`: nothing. `loseAnswer`: a write happens and nobody hears. */
  readonly fault: { next: Error | null; loseAnswer: Error | null };
  /** Another client of the same server. */
  store(): OperationStore;
}

/** An operation store without a server; it passes the same contract as the real one. */
export function createFakeOperations(nowMs: () => number = () => Date.now()): FakeOperations {
  const fake: FakeOperations = {
    texts: new Map(),
    leases: new Map(),
    fault: { next: null, loseAnswer: null },
    store: () => storeOf(fake, nowMs),
  };
  return fake;
}

function storeOf(fake: FakeOperations, nowMs: () => number): OperationStore {
  const { texts, leases, fault } = fake;
  const stateOf = (name: string): StoredOperation => {
    const lease = leases.get(name) ?? null;
    const isOver = lease !== null && lease.untilMs <= nowMs();
    const text = texts.get(name) ?? null;
    return { text, lease: isOver ? null : lease, lapsed: isOver ? lease : null, serverTimeMs: nowMs() };
  };
  const fail = (): void => {
    const { next } = fault;
    fault.next = null;
    if (next !== null) throw next;
  };
  const lose = (): void => {
    const { loseAnswer } = fault;
    fault.loseAnswer = null;
    if (loseAnswer !== null) throw loseAnswer;
  };
  return {
    read: async (name) => {
      fail();
      return Promise.resolve(stateOf(name));
    },
    names: async (prefix) => {
      fail();
      return Promise.resolve([...texts.keys()].filter((name) => name.startsWith(prefix)).toSorted());
    },
    write: async (name, { expected, next, token }) => {
      await Promise.resolve();
      fail();
      const current = stateOf(name);
      if (token !== null && current.lease?.token !== token) return { kind: 'lost', current };
      if (current.text === next) return { kind: 'written' };
      if (current.text !== expected) return { kind: 'conflict', current };
      if (next === null) texts.delete(name);
      else texts.set(name, next);
      lose();
      return { kind: 'written' };
    },
    lease: async (name, { holder, token, ttlMs, isForced }) => {
      await Promise.resolve();
      fail();
      const { lease: by } = stateOf(name);
      if (by !== null && by.token !== token && !isForced) return { kind: 'taken', by };
      const lease = { holder, token, untilMs: nowMs() + ttlMs };
      leases.set(name, lease);
      lose();
      return { kind: 'held', lease };
    },
    release: async (name, token) => {
      fail();
      if (leases.get(name)?.token === token) leases.delete(name);
      await Promise.resolve();
    },
    close: () => undefined,
  };
}

import { RlctlError } from '../../domain/errors.js';
import type { OperationLease, OperationStore, StoredOperation } from '../../ports/operation-store.js';
import type { ProcessTraces } from '../../ports/process-traces.js';

/**
 * A store whose leases leave a trace on this machine. What a process of it took that was killed holds nobody up: it reads as
 * run out, and is given back, by its token, to whoever takes it next. Where no trace can be kept, it runs out by itself.
 */
export function leavingTraces(store: OperationStore, traces: ProcessTraces): OperationStore {
  const known = new Set<string>();
  const isLeft = async ({ token }: OperationLease): Promise<boolean> =>
    !known.has(token) && (await traces.isLeft(token).catch(otherwise(false)));
  const forget = async (token: string): Promise<void> => {
    known.delete(token);
    await traces.remove(token).catch(otherwise(undefined));
  };
  return {
    read: async (name, deadline): Promise<StoredOperation> => {
      const stored = await store.read(name, deadline);
      const { lease, serverTimeMs } = stored;
      if (lease === null || !(await isLeft(lease))) return stored;
      return { ...stored, lease: null, lapsed: { ...lease, untilMs: Math.min(lease.untilMs, serverTimeMs) } };
    },
    lease: async (name, wanted, deadline) => {
      if (!known.has(wanted.token)) {
        known.add(wanted.token);
        // Before it is taken: whoever is killed right after has left it, too.
        await traces.leave(wanted.token).catch(otherwise(undefined));
      }
      const first = await store.lease(name, wanted, deadline);
      const left = first.kind === 'taken' && (await isLeft(first.by)) ? first.by : null;
      if (left !== null) {
        await store.release(name, left.token, deadline);
        await forget(left.token);
      }
      const taken = left === null ? first : await store.lease(name, wanted, deadline);
      if (taken.kind === 'taken') await forget(wanted.token);
      return taken;
    },
    release: async (name, token, deadline) => {
      await store.release(name, token, deadline);
      await forget(token);
    },
    names: (prefix, deadline) => store.names(prefix, deadline),
    write: (name, change, deadline) => store.write(name, change, deadline),
    close: () => store.close(),
  };
}

/** A state folder that cannot be read or written is no reason to hold up anybody. */
function otherwise<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof RlctlError) return value;
    throw error;
  };
}

import { join } from 'node:path';
import { stateFolder } from '../config.js';
import type { Context } from '../context.js';
import type { Environment } from '../domain/config/environment.js';
import { leavingTraces } from '../procedures/operation/lease-traces.js';
import { isProcessAlive } from './living-process.js';

/** What is kept of operations, with leases that a killed process of this machine does not go on holding. */
export async function tracedOperations(context: Context, environment: Environment) {
  return leavingTraces(await context.operationStore(environment), localTraces(context));
}

/** One file for each lease or lock that is held, named by its token: it holds the process and the machine. */
export function localTraces(context: Pick<Context, 'host' | 'files' | 'hostName'>) {
  const { host, files } = context;
  const pathOf = (token: string): string =>
    join(stateFolder(host.env), 'leases', `${Buffer.from(token).toString('hex')}.pid`);
  return {
    isLeft: async (token: string) => {
      const [pid = '', name] = (await files.readText(pathOf(token)))?.trim().split(' ') ?? [];
      // A folder that machines share tells nothing of the processes of the others.
      return /^\d+$/.test(pid) && name === (await context.hostName()) && !isProcessAlive(Number(pid));
    },
    leave: async (token: string) => files.writePrivate(pathOf(token), `${process.pid} ${await context.hostName()}\n`),
    remove: (token: string) => files.remove(pathOf(token)),
  };
}

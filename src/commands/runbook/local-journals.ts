import { join } from 'node:path';
import { stateFolder } from '../../config.js';
import type { Context } from '../../context.js';
import { isRecord } from '../../domain/json.js';
import type { LocalJournals } from '../../procedures/runbook/keeper.js';
import { isProcessAlive } from '../living-process.js';

/** The folder of the runs that this machine knows. */
function runsFolder({ host }: Pick<Context, 'host'>): string {
  return join(stateFolder(host.env), 'runs');
}

/** The journals of this machine, in files that only their owner reads. */
export function localJournals(context: Pick<Context, 'host' | 'files'>): LocalJournals {
  const { files } = context;
  const pathOf = (id: string, kind: string): string => join(runsFolder(context), `${id}.${kind}.json`);
  return {
    read: (id) => files.readText(pathOf(id, 'journal')),
    write: (id, text) => files.writePrivate(pathOf(id, 'journal'), text),
    driver: async (id) => {
      const stored = objectIn(await files.readText(pathOf(id, 'driver')));
      const { token, pid } = stored;
      return typeof token === 'string' && typeof pid === 'number' ? { token, isAlive: isAlive(pid) } : null;
    },
    setDriver: (id, token) =>
      token === null
        ? files.remove(pathOf(id, 'driver'))
        : files.writePrivate(pathOf(id, 'driver'), `${JSON.stringify({ token, pid: process.pid })}\n`),
  };
}

/** The ids of the runs that this machine knows, the newest first. */
export async function localRunIds(context: Pick<Context, 'host' | 'files'>): Promise<readonly string[]> {
  const names = (await context.files.names(runsFolder(context))) ?? [];
  return names.flatMap((name) => /^(.+)\.journal\.json$/.exec(name)?.[1] ?? []).toReversed();
}

function objectIn(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** A process that is this one drives no other run. */
function isAlive(pid: number): boolean {
  return pid !== process.pid && isProcessAlive(pid);
}

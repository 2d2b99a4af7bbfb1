import { runIdPattern, runName, type RunJournal } from '../../domain/runbook/journal.js';
import type { Deadline } from '../../ports/deadline.js';
import type { OperationLease, OperationStore } from '../../ports/operation-store.js';
import { mostAtOnce } from '../ask-each.js';
import { inParallel } from '../reload/in-parallel.js';
import { newest, type LocalJournals } from './keeper.js';

/** One run: where it is known, and who drives it. */
export interface ListedRun {
  readonly journal: RunJournal;
  readonly lease: OperationLease | null;
}

export interface RunsPorts {
  /** `null`: the environment has no Redis; runs are then known to this machine alone. */
  readonly store: OperationStore | null;
  readonly local: Pick<LocalJournals, 'read' | 'driver'>;
  /** The ids of the runs that this machine knows. */
  readonly localIds: () => Promise<readonly string[]>;
  readonly deadline: Deadline;
}

/** One run, the newest of what Redis and this machine know of it; `null`: neither knows one that can be read. */
export async function readRun(
  { store, local, deadline }: Omit<RunsPorts, 'localIds'>,
  id: string,
): Promise<ListedRun | null> {
  const stored = store === null ? null : await store.read(runName(id), deadline);
  const journal = newest([stored?.text ?? null, await local.read(id)]);
  if (journal === null) return null;
  const driver = await local.driver(id);
  // Its lease outlives a driver that was killed, and drives nothing.
  const isGone = driver !== null && !driver.isAlive && stored?.lease?.token === driver.token;
  return { journal, lease: isGone ? null : (stored?.lease ?? null) };
}

/** The newest runs of an environment, at most `limit`, the newest first. Throws what the store throws. */
export async function readRuns(ports: RunsPorts, environment: string, limit: number): Promise<readonly ListedRun[]> {
  const names = (await ports.store?.names(runName(''), ports.deadline)) ?? [];
  const prefix = runName('').length;
  const ids = new Set([...names.map((name) => name.slice(prefix)), ...(await ports.localIds())]);
  const left = [...ids]
    .filter((id) => runIdPattern.test(id))
    .toSorted()
    .toReversed();
  const runs: ListedRun[] = [];
  while (left.length > 0 && runs.length < limit) {
    const read = await inParallel(left.splice(0, limit - runs.length), mostAtOnce, (id) => readRun(ports, id));
    runs.push(...read.filter((run) => run?.journal.environment === environment).filter((run) => run !== null));
  }
  // The name of a run tells its second only.
  return runs.toSorted((a, b) => b.journal.startedAtMs - a.journal.startedAtMs);
}

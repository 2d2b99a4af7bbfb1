import type { Context } from '../../context.js';
import type { Environment } from '../../domain/config/environment.js';
import { RlctlError } from '../../domain/errors.js';
import { parseJournal, runName } from '../../domain/runbook/journal.js';
import { ownDeadline } from '../../procedures/runbook/own-deadline.js';
import { optionalStore } from '../optional-store.js';

/** So many runs are kept beside the document; of more, those that came to their end go, the oldest first. */
const mostRuns = 200;
const mostAtOnce = 20;

/** Keeps the number of runs in Redis within bounds. What cannot be dropped now is dropped by a later run. */
export async function dropOldRuns(context: Context, environment: Environment): Promise<void> {
  if ((await optionalStore(context, environment)) === null) return;
  const store = await context.operationStore(environment);
  const deadline = ownDeadline(context.clock, context.options.timeoutMs);
  const names = await store.names(runName(''), deadline);
  const old = names.slice(0, Math.min(mostAtOnce, Math.max(0, names.length - mostRuns)));
  for (const name of old) {
    const { text, lease } = await store.read(name, deadline);
    const journal = text === null ? null : parseJournal(text);
    const isOver = journal === null || journal.state === 'done' || journal.state === 'undone';
    if (text === null || lease !== null || !isOver) continue;
    await store.write(name, { expected: text, next: null, token: null }, deadline).catch((error: unknown) => {
      if (!(error instanceof RlctlError)) throw error;
    });
  }
}

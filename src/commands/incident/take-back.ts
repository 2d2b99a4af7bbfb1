import { RlctlError } from '../../domain/errors.js';
import { partlyBack } from '../../procedures/incident/refusals.js';
import type { FlagResult } from '../../procedures/shadow/change-flags.js';
import type { FlagChangeMade } from '../shadow/flags.js';
import { agreedToAll, type ToTakeBack } from './agree.js';
import { asEnd, takeDocumentBack, takeFlagsBack, type WentBack } from './way-back.js';

/** Takes back all that an incident changed, once all of it is agreed to. What was done before it was cut off is said. */
export async function takeBack(ended: ToTakeBack): Promise<WentBack> {
  const { context, environment, incident, seen } = ended;
  const isInDocument = seen.story.timeline.some(({ kind }) => kind === 'change' || kind === 'foreign');
  const parts = (isInDocument ? 1 : 0) + new Set(seen.flags.map(({ isOn }) => isOn)).size;
  // One part is asked about where it is made; of several, nothing is written before all of them are agreed to.
  const mutation = parts > 1 ? await agreedToAll(ended) : ended.mutation;
  const made = isInDocument ? await takeDocumentBack(context, incident, mutation) : null;
  const document = made?.kind === 'made' ? made.result : null;
  const results: FlagResult[] = [];
  const onMade = (each: FlagChangeMade): void => void (each.kind === 'made' && results.push(each.result));
  await takeFlagsBack(context, environment, { ...seen, incident }, asEnd(mutation, incident), onMade).catch(
    (error: unknown) => {
      const changeId = document?.written?.changeId ?? null;
      if (!(error instanceof RlctlError) || (changeId === null && results.length === 0)) throw error;
      const done = results.flatMap(({ plan }) => plan.flags.map(({ bucket }) => bucket.name));
      const left = seen.flags.map(({ bucket }) => bucket).filter((bucket) => !done.includes(bucket));
      throw partlyBack({ changeId, done, left }, error);
    },
  );
  const isDone = (document?.exit ?? 'ok') === 'ok' && results.every(({ exit }) => exit === 'ok');
  return { document, flags: results, isDone };
}

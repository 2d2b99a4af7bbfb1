import { RlctlError } from '../../domain/errors.js';
import { scanDocument } from '../../domain/override/document.js';
import type { Edit } from '../../domain/override/edit.js';
import { noEdit } from '../../domain/override/entry-edit.js';
import { outOfShadow } from '../../domain/panic/taken-out.js';
import { editInSequence } from '../../domain/override/batch.js';
import { isPartOf, type OperationRef } from '../../domain/operation/reference.js';
import type { FlagBefore, RolloutState } from '../../domain/rollout/state.js';
import { holdsTrue } from '../../domain/shadow/env-file.js';
import { setShadow } from '../../domain/shadow/route-shadow.js';
import type { ChangeIntent, StorePorts } from '../override/plan.js';
import { undoOperationIntent } from '../override/undo-operation.js';

/** What of a rollout is to be taken back. */
export interface TakenBack {
  readonly command: 'rollout abort' | 'rollout undo';
  /** The rollout's id, with the stage's name where only that one is meant. */
  readonly reference: OperationRef;
  /** The routes that are in shadow when it is taken back, whoever took them out; empty: only what it wrote is undone. */
  readonly intoShadow: readonly string[];
  /** What of them goes on being refused all the same, in the document that this leaves; `null`: nothing. */
  readonly objection: NonNullable<ChangeIntent['objection']>;
  /** Throws where one of these prefixes must not be taken out of shadow. */
  readonly assertFree: (outOfShadow: readonly string[]) => Promise<void>;
}

/** What an abort or an undo is recorded as a part of: no stage has the name of its step. */
export function takingBackOf({ kind, id }: OperationRef): OperationRef {
  return { kind, id, step: 'take back' };
}

/**
 * Takes back what a rollout, or one stage of it, wrote and what still stands of that, and puts back into shadow what the
 * stages below left there: a stage that found its routes enforced wrote nothing, and its end would leave them so. Where
 * nothing is to be changed, nothing is written, and what is stored is reloaded and proven all the same: an earlier attempt may
 * have come that far.
 */
export function takeBackIntent(ports: StorePorts, wanted: TakenBack): ChangeIntent {
  const { command, reference, intoShadow, objection, assertFree } = wanted;
  const { id, step } = reference;
  const takingBack = takingBackOf(reference);
  const intent = undoOperationIntent(ports, {
    command,
    belongs: ({ body }) => isPartOf(body?.partOf, reference) && !isPartOf(body?.partOf, takingBack),
    ifRevision: null,
    what: step === undefined ? `the rollout ${id}` : `${step} of the rollout ${id}`,
    partOf: [takingBack],
  });
  const found: { remarks: readonly string[] } = { remarks: [] };
  const undone = async (...[document, stored]: Parameters<ChangeIntent['edit']>): Promise<Edit> => {
    try {
      return await intent.edit(document, stored);
    } catch (error) {
      if (!(error instanceof RlctlError) || error.code !== 'NOTHING_TO_UNDO') throw error;
      found.remarks = ['nothing that it wrote still stands'];
      return noEdit(document ?? scanDocument(null));
    }
  };
  return {
    ...intent,
    routes: intoShadow,
    remarks: () => found.remarks,
    objection,
    edit: async (document, stored) => {
      found.remarks = [];
      const back = await undone(document, stored);
      const put = setShadow(scanDocument(back.next), intoShadow, true);
      found.remarks = [...found.remarks, ...foundEnforcedText(put.changes.map(({ route }) => JSON.stringify(route)))];
      const edit = editInSequence(document ?? scanDocument(null), [() => back, () => put]);
      await assertFree(outOfShadow(edit.changes));
      return edit;
    },
  };
}

/** What the stage found enforced and the stages below had left in shadow, in one sentence; of nothing: none. */
export function foundEnforcedText(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const [were, they, go, them] = names.length === 1 ? ['was', 'it', 'goes', 'it'] : ['were', 'they', 'go', 'them'];
  return [
    `${names.join(', ')} ${were} enforced before the stage already: ${they} ${go} into shadow, as the stages below left ${them}`,
  ];
}

/**
 * The flags to restore for one stage, or for all of them (`null`): what stood before the first and what the last one wrote.
 * `intoShadow`: the buckets that come back in shadow, as the stages below left them, whatever the stage found.
 */
export function flagsBefore(
  { stages }: RolloutState,
  only: number | null,
  intoShadow: readonly string[] = [],
): readonly FlagBefore[] {
  const records = only === null ? stages : [stages[only]];
  const found = new Map<string, FlagBefore>();
  for (const record of records) {
    if (record === undefined || record.outcome === 'aborted') continue;
    for (const flag of record.flags) {
      const first = found.get(flag.bucket);
      found.set(flag.bucket, first === undefined ? flag : { ...first, wrote: flag.wrote });
    }
  }
  const isMeant = ({ bucket, before }: FlagBefore): boolean => !intoShadow.includes(bucket) || holdsTrue(before);
  return [...found.values()].map((flag) => (isMeant(flag) ? flag : { ...flag, before: 'true' }));
}

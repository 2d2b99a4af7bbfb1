import { RlctlError } from '../../domain/errors.js';
import { scanDocument } from '../../domain/override/document.js';
import { noEdit } from '../../domain/override/entry-edit.js';
import { outOfShadow } from '../../domain/panic/taken-out.js';
import { isPartOf, type OperationRef } from '../../domain/operation/reference.js';
import type { FlagBefore, RolloutState } from '../../domain/rollout/state.js';
import type { ChangeIntent, StorePorts } from '../override/plan.js';
import { undoOperationIntent } from '../override/undo-operation.js';

/** What of a rollout is to be taken back. */
export interface TakenBack {
  readonly command: 'rollout abort' | 'rollout undo';
  /** The rollout's id, with the stage's name where only that one is meant. */
  readonly reference: OperationRef;
  /** Throws where one of these prefixes must not be taken out of shadow. */
  readonly assertFree: (outOfShadow: readonly string[]) => Promise<void>;
}

/** What an abort or an undo is recorded as a part of: no stage has the name of its step. */
export function takingBackOf({ kind, id }: OperationRef): OperationRef {
  return { kind, id, step: 'take back' };
}

/**
 * Takes back what a rollout, or one stage of it, wrote and what still stands of that. Where nothing stands, nothing is
 * written, and what is stored is reloaded and proven all the same: an earlier attempt may have come that far.
 */
export function takeBackIntent(ports: StorePorts, { command, reference, assertFree }: TakenBack): ChangeIntent {
  const { id, step } = reference;
  const intent = undoOperationIntent(ports, {
    command,
    belongs: ({ body }) => isPartOf(body?.partOf, reference),
    ifRevision: null,
    what: step === undefined ? `the rollout ${id}` : `${step} of the rollout ${id}`,
    partOf: [takingBackOf(reference)],
  });
  const found = { isNothing: false };
  return {
    ...intent,
    remarks: () => (found.isNothing ? ['nothing that it wrote still stands'] : []),
    edit: async (document, stored) => {
      try {
        const edit = await intent.edit(document, stored);
        await assertFree(outOfShadow(edit.changes));
        return edit;
      } catch (error) {
        if (!(error instanceof RlctlError) || error.code !== 'NOTHING_TO_UNDO') throw error;
        found.isNothing = true;
        return noEdit(document ?? scanDocument(null));
      }
    },
  };
}

/** The flags to restore for one stage, or for all of them: what stood before the first and what the last one wrote. */
export function flagsBefore({ stages }: RolloutState, only: number | null): readonly FlagBefore[] {
  const records = only === null ? stages : [stages[only]];
  const found = new Map<string, FlagBefore>();
  for (const record of records) {
    if (record === undefined || record.outcome === 'aborted') continue;
    for (const flag of record.flags) {
      const first = found.get(flag.bucket);
      found.set(flag.bucket, first === undefined ? flag : { ...first, wrote: flag.wrote });
    }
  }
  return [...found.values()];
}

/** What a change can be a part of. */
export type OperationKind = 'panic' | 'rollout' | 'incident' | 'runbook';

/** Names the longer operation that a change belongs to, as the history records it. */
export interface OperationRef {
  readonly kind: OperationKind;
  /** The operation's own id. */
  readonly id: string;
  /** The stage of a rollout or the step of a runbook; absent: it has no parts. */
  readonly step?: string;
}

/** True where one of the references names this operation; `step`: and this part of it. */
export function isPartOf(references: readonly OperationRef[] | undefined, { kind, id, step }: OperationRef): boolean {
  return (references ?? []).some(
    (each) => each.kind === kind && each.id === id && (step === undefined || each.step === step),
  );
}

/** How one step of a procedure ended. Partial work is a state of the Result, never a lost detail. */
export type StepState = 'done' | 'skipped' | 'failed' | 'unverified';

export interface Step {
  /** `read`, `plan`, `write`, `replicate`, `reload`, `verify` */
  readonly name: string;
  readonly state: StepState;
  /** One line about it, for people; may hold outside text. */
  readonly detail: string;
  readonly tookMs: number;
}

/** Hears what a procedure is about to do, in words, so that somebody who waits knows for what. */
export type OnStep = (text: string) => void;

/** A command a user would type, and the exit code that tells that it did what it should. */
export interface CommandStep {
  readonly title: string;
  readonly args: readonly string[];
  readonly expected: number;
  /** What the exit code means here, said after the output. */
  readonly remark: string;
}

/** A look at what the system itself says meanwhile. */
export interface LookStep {
  readonly title: string;
  /** Resolves to what was seen, in one line, and whether it is as it should be. */
  look(this: void, signal: AbortSignal): Promise<{ readonly text: string; readonly isRight: boolean }>;
}

/** One step of the demo. */
export type DemoStep = CommandStep | LookStep;

import type { FieldCheck } from './judge.js';
import type { PolicyTest } from './policy-test.js';

/** Who was asked: the stored document (or a file in its place), by the model of the server; or the server itself. */
export type TestedSide = 'document' | 'server';

/** What one side says to a test. */
export interface SideJudgement {
  readonly side: TestedSide;
  readonly checks: readonly FieldCheck[];
  /** Why the side said nothing, or not everything; `null`: it did. */
  readonly failure: string | null;
  /** Answers that this rests on; of a document 1. */
  readonly reads: number;
  /** Those of them that contradict the expectation: fewer than all where processes do not hold the same. */
  readonly contradicting: number;
}

/** `error`: nothing speaks against the expectation, but a side could not be asked, or the field not be known. */
export type TestState = 'passed' | 'failed' | 'error';

/** One test with its outcome. */
export interface PolicyTestResult {
  readonly test: PolicyTest;
  /** The bucket it was tested with; `null`: none is known. */
  readonly bucket: string | null;
  readonly state: TestState;
  readonly sides: readonly SideJudgement[];
  /** Why it is as it is, in sentences; empty: it passed. */
  readonly because: readonly string[];
}

/** How many tests ended how. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
}

/** The state that follows from what the sides say: every side has to agree in everything. */
export function stateOf(sides: readonly SideJudgement[]): TestState {
  if (sides.some(isContradicted)) return 'failed';
  const isOpen = ({ failure, checks }: SideJudgement): boolean =>
    failure !== null || checks.some(({ state }) => state === 'unknown');
  return sides.some(isOpen) ? 'error' : 'passed';
}

/** True where a side says something else than was expected. */
export function isContradicted({ contradicting }: SideJudgement): boolean {
  return contradicting > 0;
}

export function countTests(results: readonly PolicyTestResult[]): TestCounts {
  const count = (wanted: TestState): number => results.filter(({ state }) => state === wanted).length;
  return { passed: count('passed'), failed: count('failed'), errors: count('error') };
}

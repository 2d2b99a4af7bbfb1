// One line of safety each, taken away: the named test must fail then, or it is not what keeps the promise.

export interface Mutation {
  /** What is lost with the line. */
  readonly name: string;
  /** The file of the line, under src. */
  readonly file: string;
  /** The text that stands there exactly once. */
  readonly from: string;
  readonly to: string;
  /** The file under test, and the words in the name of the test. */
  readonly test: readonly [file: string, name: string];
}

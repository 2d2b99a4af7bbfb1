/** Randomness as the program sees it. */
export interface Randomness {
  /** A new change id: unique, URL-safe, sorted by time within a machine. */
  changeId(): string;
  /** Uniform in [0, 1): for jitter and sampling. */
  fraction(): number;
  /** `count` random bytes as lowercase hex: for nonces. */
  hex(count: number): string;
}

/**
 * A hint, and what comes after it: `then` as a clause without a capital. A command at the end of a hint gets no full stop,
 * because it is copied; there the clause goes on. An empty hint leaves the clause alone.
 */
export function followedBy(hint: string | null | undefined, then: string): string {
  const whole = `${then.slice(0, 1).toUpperCase()}${then.slice(1)}`;
  if (hint === null || hint === undefined || hint === '') return whole;
  return /[.?!…]$/.test(hint) ? `${hint} ${whole}` : `${hint}; ${then}`;
}

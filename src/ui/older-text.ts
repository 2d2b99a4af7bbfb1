/** The largest limit that is taken. */
const mostShown = 999_999;

/** That a limit cut older ones off, and how to see more of them. */
export function olderText(what: 'changes' | 'entries', shown: number): string {
  return `… there are older ${what}; to see more: --limit ${Math.min(mostShown, shown * 5)}`;
}

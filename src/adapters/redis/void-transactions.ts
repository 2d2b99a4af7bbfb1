import type { DocumentKeys } from './attempt.js';
import type { Budget } from './budget.js';
import { LinkFailure } from './failure.js';
import type { RedisLink } from './link.js';
import type { CommandWords } from './link-types.js';
import { valueOf } from './read-state.js';

/**
 * Touches the metadata key without changing it. Every transaction that watches it and whose EXEC is still on its way is
 * void from then on: what the history does not show after this will never be applied.
 */
export async function voidTransactions(link: RedisLink, keys: DocumentKeys, budget: Budget): Promise<void> {
  const { metadata } = keys;
  for (;;) {
    const [, reply] = (
      await link.run(
        [
          ['WATCH', metadata],
          ['GET', metadata],
        ],
        budget,
      )
    ).map(valueOf);
    // Absent: a value that is gone after a millisecond. DEL is a command that this user need not have.
    const touch: CommandWords = Buffer.isBuffer(reply)
      ? ['SET', metadata, reply, 'KEEPTTL']
      : ['SET', metadata, '', 'PX', '1'];
    const replies = await link.run([['MULTI'], touch, ['EXEC']], budget);
    for (const each of replies.slice(0, -1)) valueOf(each);
    if (valueOf(replies.at(-1)) !== null) return;
    if (budget.leftMs() <= 0) throw new LinkFailure('aborted', '', link.server);
  }
}

import { placedError } from '../../domain/redis-cli.js';
import { budgetOf, type Budget } from './budget.js';
import type { RedisLink } from './link.js';
import type { Patience } from './patience.js';

/** Runs work that may be done twice, again and again where that helps, until the deadline. Throws the error for the operator. */
export async function patiently<T>(
  patience: Patience,
  work: (link: RedisLink, budget: Budget) => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await once(patience, work);
    } catch (thrown) {
      await patience.after(thrown).catch((error: unknown) => {
        throw placedError(error, patience.connection.place);
      });
    }
  }
}

async function once<T>(
  { connection, deadline }: Patience,
  work: (link: RedisLink, budget: Budget) => Promise<T>,
): Promise<T> {
  const budget = budgetOf(deadline);
  const link = await connection.take(budget);
  try {
    const result = await work(link, budget);
    connection.giveBack(link);
    return result;
  } catch (thrown) {
    connection.discard(link);
    throw thrown;
  }
}

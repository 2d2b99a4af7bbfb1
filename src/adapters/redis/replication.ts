import type { Budget } from './budget.js';
import type { RedisLink } from './link.js';
import { asFailure } from './patience.js';

/** The longest wait for replicas in all, and in one command: the server's waiting must not be mistaken for silence. */
const longestMs = 2000;
const sliceMs = 500;

/** WAIT. That no answer came is no doubt about the write, only about its copies: they count as not acknowledged. */
export async function awaitReplicas(
  link: RedisLink,
  required: number,
  budget: Budget,
): Promise<{ required: number; acknowledged: number }> {
  if (required <= 0) return { required: 0, acknowledged: 0 };
  const end = budget.leftMs() - Math.min(longestMs, budget.leftMs() / 2);
  const state = { acknowledged: 0 };
  try {
    while (state.acknowledged < required && budget.leftMs() - end >= 1) {
      const slice = Math.floor(Math.min(sliceMs, budget.leftMs() - end));
      const [reply] = await link.run([['WAIT', String(required), String(slice)]], budget);
      if (reply?.kind !== 'value') break;
      state.acknowledged = Number(reply.value);
    }
  } catch (thrown) {
    asFailure(thrown);
  }
  return { required, acknowledged: state.acknowledged };
}

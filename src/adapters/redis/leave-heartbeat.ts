import { parseHeartbeat, serialiseHeartbeat, type Heartbeat } from '../../domain/override/heartbeat.js';
import type { Budget } from './budget.js';
import type { RedisLink } from './link.js';
import type { CommandWords, Reply } from './link-types.js';
import { valueOf } from './read-state.js';
import { isScriptDenied } from './script-attempt.js';

/** Stores ARGV[2] where the key still holds ARGV[1]; what is no string counts as nothing. */
const replaceScript = `
local stored = redis.pcall('GETRANGE', KEYS[1], 0, 4095)
if (type(stored) == 'string' and stored or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`;

/** Stores what `next` makes of what is stored, and makes it anew where somebody else was faster. */
export async function leaveHeartbeat(
  link: RedisLink,
  key: string,
  next: (stored: Heartbeat | null) => Heartbeat,
  budget: Budget,
): Promise<void> {
  const read: CommandWords = ['GETRANGE', key, '0', '4095'];
  for (;;) {
    const stored = storedBytes((await link.run([read], budget, { key }))[0]);
    const text = serialiseHeartbeat(next(parseHeartbeat(stored.toString())));
    const [reply] = await link.run([['EVAL', replaceScript, '1', key, stored, text]], budget, { key });
    const isDenied = reply?.kind === 'error' && isScriptDenied(reply.failure);
    const isLeft = isDenied ? await replaceWatched(link, key, { read, stored, text }, budget) : valueOf(reply) === 1;
    if (isLeft) return;
  }
}

/** The script's steps for users who may not run it. */
async function replaceWatched(
  link: RedisLink,
  key: string,
  { read, stored, text }: { readonly read: CommandWords; readonly stored: Buffer; readonly text: string },
  budget: Budget,
): Promise<boolean> {
  const [watched, now] = await link.run([['WATCH', key], read], budget, { key });
  valueOf(watched);
  // What was watched in vain is watched until the next EXEC, which then does nothing and is tried again.
  if (!storedBytes(now).equals(stored)) return false;
  const [, queued, done] = await link.run([['MULTI'], ['SET', key, text], ['EXEC']], budget, { key });
  valueOf(queued);
  return valueOf(done) !== null;
}

/** Nothing where it cannot be read: whoever may not write either is refused when writing. */
function storedBytes(reply: Reply | undefined): Buffer {
  return reply?.kind === 'value' && Buffer.isBuffer(reply.value) ? reply.value : Buffer.alloc(0);
}

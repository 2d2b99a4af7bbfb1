import { Redis } from 'ioredis';
import type { RunningRedis } from './redis-server.js';

/** An entry of a stream, byte for byte; the fields may be changed. */
export interface StreamEntry {
  readonly entryId: string;
  fields: Record<string, Buffer>;
}

async function withClient<Result>(redis: RunningRedis, act: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(redis.url);
  try {
    return await act(client);
  } finally {
    client.disconnect();
  }
}

/** Every entry of a stream, oldest first. */
export async function streamOf(redis: RunningRedis, key: string): Promise<StreamEntry[]> {
  const entries = await withClient(redis, (client) => client.xrangeBuffer(key, '-', '+'));
  return entries.map(([id, flat]) => {
    const pairs = flat.flatMap((name, index) => (index % 2 === 0 ? [[name.toString(), flat[index + 1]] as const] : []));
    return { entryId: id.toString(), fields: Object.fromEntries(pairs) as Record<string, Buffer> };
  });
}

/** Writes a stream anew, as somebody would who tampers with it: the same ids and fields but for what `change` does. */
export async function rewriteStream(
  redis: RunningRedis,
  key: string,
  change: (entries: StreamEntry[]) => StreamEntry[],
): Promise<void> {
  const entries = change(await streamOf(redis, key));
  await withClient(redis, async (client) => {
    await client.del(key);
    for (const { entryId, fields } of entries)
      await client.call('XADD', key, entryId, ...Object.entries(fields).flat());
  });
}

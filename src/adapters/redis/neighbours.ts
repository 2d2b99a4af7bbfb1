import type { KeySeen } from '../../domain/dialect/key-layout.js';
import type { Budget } from './budget.js';
import type { RedisLink } from './link.js';
import type { CommandWords } from './link-types.js';

/** A sample: a large keyspace is not walked through. */
const rounds = 10;
const pageSize = '200';
const mostKeys = 40;

/** Some keys of a namespace, with their types; `null`: this user may not SCAN. Reads names and types, and no value. */
export async function neighboursIn(
  link: RedisLink,
  namespace: string,
  budget: Budget,
): Promise<readonly KeySeen[] | null> {
  const pattern = `${namespace.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}:*`;
  const found = new Set<string>();
  let cursor = '0';
  for (let round = 0; round < rounds && found.size < mostKeys; round += 1) {
    const [reply] = await link.run([['SCAN', cursor, 'MATCH', pattern, 'COUNT', pageSize]], budget);
    if (reply?.kind !== 'value' || !Array.isArray(reply.value)) return null;
    const [next, page] = reply.value as unknown as readonly [Buffer, readonly Buffer[]];
    for (const key of page) found.add(String(key));
    cursor = String(next);
    if (cursor === '0') break;
  }
  const keys = [...found].slice(0, mostKeys);
  if (keys.length === 0) return [];
  const types = await link.run(
    keys.map((key): CommandWords => ['TYPE', key]),
    budget,
  );
  return keys.map((key, index) => {
    const type = types[index];
    return { key, type: type?.kind === 'value' ? String(type.value) : null };
  });
}

import { createHash } from 'node:crypto';
import type { Environment } from './environment.js';
import { redisDatabase } from './redis-place.js';

/** The document that an environment keeps its overrides in, as far as its settings tell; no part of them can be read from it. */
export function documentName({ redis, namespace }: Pick<Environment, 'redis' | 'namespace'>): string {
  if (redis === null || namespace === null) return 'none';
  const place = JSON.stringify([redisDatabase(redis), namespace]);
  return createHash('sha256').update(place).digest('hex').slice(0, 16);
}

/**
 * What is remembered of a server is remembered under its address and the document that it is taken to read, whatever name
 * an environment gives it; where only a list tells addresses, under the name of that.
 */
export function serverName(environment: Pick<Environment, 'name' | 'api' | 'redis' | 'namespace'>): string {
  const { name, api } = environment;
  return `${api[0] ?? `list of ${name}`} ${documentName(environment)}`;
}

import { createHash } from 'node:crypto';

/**
 * One GCRA decision, atomic in Redis and on Redis's clock. KEYS[1] the cell, ARGV[1] the emission interval in
 * milliseconds, ARGV[2] the burst. Returns {allowed, remaining, retry after in ms, theoretical arrival time in epoch ms}.
 * An interval of 0 blocks everything, as deployed.
 */
export const gcraScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local interval = tonumber(ARGV[1])
local limit = tonumber(ARGV[2]) + 1
local tat = tonumber(redis.call('GET', KEYS[1]) or '') or 0
if tat < now then tat = now end
if interval <= 0 then return {0, 0, 0, tat} end
local arrival = tat + interval
local allowed_at = arrival - limit * interval
if allowed_at > now then return {0, 0, allowed_at - now, tat} end
redis.call('SET', KEYS[1], string.format('%.0f', arrival))
return {1, math.floor((now - allowed_at) / interval), 0, arrival}
`;

/** The script's digest, as EVALSHA wants it. */
export const gcraDigest = createHash('sha1').update(gcraScript).digest('hex');

/** What the script answered for one request. */
export interface CellVerdict {
  readonly isAllowed: boolean;
  readonly remaining: number;
  readonly retryAfterMs: number;
  readonly theoreticalArrivalTimeMs: number;
}

/** The script's reply as a verdict; throws on anything that the script does not return. */
export function verdictOf(reply: unknown): CellVerdict {
  const numbers = Array.isArray(reply) ? reply.map(Number) : [];
  const [allowed, remaining, retryAfterMs, theoreticalArrivalTimeMs] = numbers;
  if (allowed === undefined || remaining === undefined) throw new TypeError('not a reply of the GCRA script');
  if (retryAfterMs === undefined || theoreticalArrivalTimeMs === undefined) throw new TypeError('reply too short');
  return { isAllowed: allowed === 1, remaining, retryAfterMs, theoreticalArrivalTimeMs };
}

// Each script gets the hash as KEYS[1], the operation's name as ARGV[1], and the server time after which nothing may happen
// any more as ARGV[2], 0 for never. Texts are compared as bytes; they are never parsed here.
// A lease is kept as "<until ms> <token> <holder>" in the field of the operation with this in front. No name begins so.
export const leasePrefix = 'lease ';

const common = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local name = ARGV[1]
local fence = tonumber(ARGV[2])
if fence > 0 and now > fence then return {'expired'} end
local text = redis.call('HGET', KEYS[1], name)
local lease = redis.call('HGET', KEYS[1], '${leasePrefix}' .. name)
local untilMs, token = nil, nil
if lease then
  untilMs, token = string.match(lease, '^(%d+) (%S+) ')
  untilMs = tonumber(untilMs) or 0
end
local function state(word) return {word, text, lease, string.format('%.0f', now)} end
`;

export const readOperation = `${common}
return state('ok')
`;

/** ARGV 3: token or empty; 4 and 5: whether a text is expected, and it; 6 and 7: whether one is to be kept, and it. */
export const writeOperation = `${common}
if ARGV[3] ~= '' and (token ~= ARGV[3] or untilMs <= now) then return state('lost') end
local expected = ARGV[4] == '1' and ARGV[5]
local wanted = ARGV[6] == '1' and ARGV[7]
if text == wanted then return state('ok') end
if text ~= expected then return state('conflict') end
if wanted then redis.call('HSET', KEYS[1], name, wanted) else redis.call('HDEL', KEYS[1], name) end
text = wanted
return state('ok')
`;

/** ARGV 3: token; 4: holder; 5: length in ms; 6: 1 takes it from somebody else too. */
export const leaseOperation = `${common}
if lease and token ~= ARGV[3] and untilMs > now and ARGV[6] ~= '1' then return state('taken') end
lease = string.format('%.0f', now + tonumber(ARGV[5])) .. ' ' .. ARGV[3] .. ' ' .. ARGV[4]
redis.call('HSET', KEYS[1], '${leasePrefix}' .. name, lease)
return state('ok')
`;

/** ARGV 3: token. */
export const releaseOperation = `${common}
if token == ARGV[3] then redis.call('HDEL', KEYS[1], '${leasePrefix}' .. name) end
return state('ok')
`;

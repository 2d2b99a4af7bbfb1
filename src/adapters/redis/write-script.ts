/**
 * The write, as one script: constant text, data only in KEYS and ARGV. It compares and stores bytes and never decodes
 * the document, because Lua's JSON would reorder keys, round numbers and turn `[]` into `{}`.
 *
 * KEYS: document, history, metadata. ARGV: the fields of `scriptArguments`, in its order.
 * Answers: `ok` entry-id why · `duplicate` entry-id · `expired` · `conflict` state… · `wrongType` key type ·
 * `tooLarge` bytes · `corrupt` entry-id · `failed` command key error (nothing was written).
 */
export const writeScript = `
local document, history, metadata = KEYS[1], KEYS[2], KEYS[3]
local changeId, sinceMs, fenceMs, maxBytes = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local expectsDocument, expected = ARGV[5] == '1', ARGV[6]
local expectsMetadata, expectedMetadata = ARGV[7] == '1', ARGV[8]
local nextDocument, writesMetadata, nextMetadata = ARGV[9], ARGV[10] == '1', ARGV[11]
local prevRevision, nextRevision, body = ARGV[12], ARGV[13], ARGV[14]
local carriesDocument, replacesWrongType = ARGV[15] == '1', ARGV[16] == '1'
local maxEntries, snapshotEvery, maxAgeMs = tonumber(ARGV[17]), tonumber(ARGV[18]), tonumber(ARGV[19])

local failure
local added = {}

local function run(command, ...)
  local reply = redis.pcall(command, ...)
  if type(reply) == 'table' and reply.err then
    failure = {'failed', command, (...) or '', reply.err}
    error('stopped')
  end
  return reply
end

local function typeOf(key)
  return run('TYPE', key).ok
end

local function fieldsOf(entry)
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  return fields
end

local function findChange()
  local from = '+'
  while from do
    local page = run('XREVRANGE', history, from, sinceMs, 'COUNT', 100)
    for _, entry in ipairs(page) do
      local fields = fieldsOf(entry)
      if fields.id == changeId and fields.kind == 'change' then return entry[1] end
    end
    from = #page == 100 and '(' .. page[100][1] or nil
  end
end

local function nextAfter(entry)
  return run('XRANGE', history, '(' .. entry[1], '+', 'COUNT', 1)[1]
end

local function countCut(first, excess)
  local cut
  if excess <= snapshotEvery then return cut end
  for _ = 1, math.min(excess, 2 * snapshotEvery) do cut = nextAfter(cut or first) or cut end
  return cut
end

local function ageCut(first, nowMs)
  local oldestMs = maxAgeMs and nowMs - maxAgeMs
  if not oldestMs or tonumber(string.match(first[1], '^%d+')) >= oldestMs then return end
  return run('XREVRANGE', history, string.format('%.0f', oldestMs - 1), '-', 'COUNT', 1)[1]
end

-- What XADD is to drop: everything before the newest snapshot that is not newer than the cut.
local function trimming(sequence, nowMs)
  local trim = {}
  local oldest = redis.pcall('XRANGE', history, '-', '+', 'COUNT', 1)
  if oldest.err then return {'MAXLEN', '~', string.format('%.0f', maxEntries)} end
  local first = oldest[1]
  local firstSequence = first and tonumber(fieldsOf(first).seq)
  if not firstSequence then return trim end
  for _, cut in ipairs({ageCut(first, nowMs) or false, countCut(first, sequence - firstSequence + 1 - maxEntries) or false}) do
    local fields = cut and fieldsOf(cut) or {}
    local number, since = tonumber(fields.seq), tonumber(fields.since)
    if number and since and number - since > firstSequence then
      local page = run('XREVRANGE', history, cut[1], '-', 'COUNT', since + 1)
      local base = fieldsOf(page[#page])
      if base.kind == 'snapshot' and tonumber(base.seq) == number - since then
        firstSequence = number - since
        trim = {'MINID', page[#page][1]}
      end
    end
  end
  return trim
end

local function main()
  local kind, historyKind, metadataKind = typeOf(document), typeOf(history), typeOf(metadata)
  if historyKind ~= 'stream' and historyKind ~= 'none' then return {'wrongType', history, historyKind} end
  local duplicate = findChange()
  if duplicate then return {'duplicate', duplicate} end

  local time = run('TIME')
  local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
  if nowMs > fenceMs then return {'expired'} end

  if metadataKind ~= 'string' and metadataKind ~= 'none' then return {'wrongType', metadata, metadataKind} end
  local isWrong = kind ~= 'string' and kind ~= 'none'
  if isWrong and not replacesWrongType then return {'wrongType', document, kind} end

  local length = kind == 'string' and run('STRLEN', document) or 0
  if length > maxBytes then return {'tooLarge', length} end
  local current = kind == 'string' and run('GET', document)
  local currentMetadata = metadataKind == 'string' and run('GET', metadata)
  local last = run('XREVRANGE', history, '+', '-', 'COUNT', 1)[1]
  local isSame = (current and true or false) == expectsDocument and (not current or current == expected)
  local isSameMetadata = (currentMetadata and true or false) == expectsMetadata
    and (not currentMetadata or currentMetadata == expectedMetadata)
  if not isSame or not isSameMetadata then
    return {'conflict', kind, current, run('PTTL', document), currentMetadata, last or false, string.format('%.0f', nowMs)}
  end

  local sequence, chain, since, why = 0, '', 0, ''
  if last then
    local fields = fieldsOf(last)
    sequence, chain, since = tonumber(fields.seq), fields.chain, tonumber(fields.since)
    if not sequence or not chain or not since then return {'corrupt', last[1]} end
    if fields.next ~= prevRevision then why = 'foreign' elseif since >= snapshotEvery then why = 'periodic' end
  elseif current then
    why = 'first'
  end
  if isWrong then why = 'wrongType' end
  local trim = trimming(sequence, nowMs)

  local function append(entryKind, prev, nextOne, text, ...)
    sequence = sequence + 1
    local number = string.format('%.0f', sequence)
    chain = redis.sha1hex(table.concat({chain, entryKind, changeId, number, prev, nextOne, text}, '\\n'))
    local words = {unpack(trim)}
    for _, word in ipairs({'*', 'kind', entryKind, 'id', changeId, 'seq', number, 'prev', prev, 'next', nextOne,
      'chain', chain, 'since', string.format('%.0f', since), ...}) do words[#words + 1] = word end
    added[#added + 1] = run('XADD', history, unpack(words))
  end

  if why ~= '' then
    since = 0
    if isWrong then
      append('snapshot', prevRevision, prevRevision, '', 'why', why, 'dump', run('DUMP', document))
    elseif current then
      append('snapshot', prevRevision, prevRevision, '', 'why', why, 'doc', current)
    else
      append('snapshot', prevRevision, prevRevision, '', 'why', why)
    end
  end
  since = since + 1
  if carriesDocument then
    append('change', prevRevision, nextRevision, body, 'body', body, 'doc', nextDocument)
  else
    append('change', prevRevision, nextRevision, body, 'body', body)
  end

  if writesMetadata then run('SET', metadata, nextMetadata, 'KEEPTTL') end
  local stored = redis.pcall('SET', document, nextDocument, 'KEEPTTL')
  if type(stored) == 'table' and stored.err then
    if writesMetadata and currentMetadata then redis.pcall('SET', metadata, currentMetadata, 'KEEPTTL') end
    if writesMetadata and not currentMetadata then redis.pcall('SET', metadata, '', 'PX', 1) end
    failure = {'failed', 'SET', document, stored.err}
    error('stopped')
  end
  return {'ok', added[#added], why}
end

local isDone, answer = pcall(main)
if isDone then return answer end
for _, id in ipairs(added) do redis.pcall('XDEL', history, id) end
return failure or redis.error_reply('ERR script: ' .. tostring(answer))
`;

/** A snapshot of the whole document stands in the history at least every so many changes. */
export const snapshotEvery = 200;

/**
 * How many history entries to keep, at least: as many as wanted, and fewer for large documents so that the snapshots among
 * them take some 64 MiB at most, but then never fewer than two snapshots' worth.
 */
export function historyLimit(documentBytes: number, wanted: number): number {
  const snapshots = Math.floor((64 * 1024 * 1024) / Math.max(1, documentBytes));
  return Math.min(wanted, Math.max(2, snapshots) * snapshotEvery);
}

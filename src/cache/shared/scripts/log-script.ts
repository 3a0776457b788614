/** An isolate that has missed more tags than this is told of a gap, which costs it less than to drop them one by one. */
const MAX_NEWS = 500;
/** The log has this many members at most, about 1 MB. */
const MAX_LOG = 10_000;
/** An isolate that has not asked for longer than this is told of a gap. */
const LOG_LIFE_MS = 300_000;

/**
 * The log of invalidated tags: a sorted set beside the clock. Each tag stands at the time of its last invalidation. With each
 * invalidation stands a mark, which a tag cannot be because of its line break: its time and a random id. A cursor is a mark that an
 * isolate has seen. Parts of the log are lost from its lower end, where it is cut, or with a server that fails, which loses the
 * upper end: while the mark is there, everything above it is, too. A line break sorts before every tag, so that the mark is the first
 * of its time. `news` answers {time of the clock, 'news' or 'gap', newest mark, tags}, with '' for what is not known.
 */
export const LOG = `
local LOG = string.gsub(KEYS[1], 'clock$', 'log')

local function begin_log()
  redis.pcall('DEL', LOG)
end

local function cut_log(n)
  local low = n - ${LOG_LIFE_MS} * 1000
  local excess = redis.call('ZCARD', LOG) - ${MAX_LOG}
  if excess > 0 then low = math.max(low, tonumber(redis.call('ZRANGE', LOG, excess, excess, 'WITHSCORES')[2])) end
  if low > 0 then redis.call('ZREMRANGEBYSCORE', LOG, '-inf', '(' .. digits(low)) end
end

local function append_log(n, tags)
  local members = { digits(n), '\\n' .. digits(n) .. ':' .. EPOCH }
  for _, tag in ipairs(tags) do
    members[#members + 1] = digits(n)
    members[#members + 1] = tag
  end
  if failed(redis.pcall('ZADD', LOG, unpack(members))) then
    begin_log()
    if failed(redis.pcall('ZADD', LOG, unpack(members))) then return false end
  end
  cut_log(n)
  return true
end

local function newest_mark()
  local top = redis.pcall('ZREVRANGE', LOG, 0, 0, 'WITHSCORES')
  local score = not failed(top) and top[2] and tonumber(top[2])
  if not score or score > MAX_N then return nil end
  local first = redis.call('ZRANGEBYSCORE', LOG, digits(score), digits(score), 'LIMIT', 0, 1)[1]
  return string.match(first or '', '^\\n(%d+:%x+)$')
end

local function news_since(epoch, cursor)
  local since, at, id = string.match(cursor, '^(%x+):(%d+):(%x+)$')
  if since ~= epoch or not redis.call('ZSCORE', LOG, '\\n' .. at .. ':' .. id) then return nil end
  if redis.call('ZCOUNT', LOG, '(' .. at, '+inf') > ${2 * MAX_NEWS} then return nil end
  local tags = {}
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', LOG, '(' .. at, '+inf')) do
    if string.sub(member, 1, 1) ~= '\\n' then tags[#tags + 1] = member end
  end
  return #tags <= ${MAX_NEWS} and tags or nil
end

local function news(cursor)
  local epoch, n = logical(get(KEYS[1]))
  if not epoch then return { '', 'gap', '', {} } end
  local mark = newest_mark()
  if not mark then
    begin_log()
    if append_log(n, {}) then mark = newest_mark() end
  end
  local tags = mark and news_since(epoch, cursor)
  return { stamp(epoch, n), tags and 'news' or 'gap', mark or '', tags or {} }
end
`;

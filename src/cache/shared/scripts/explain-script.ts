import { makeScript } from './script.ts';
import { READING } from './reading-script.ts';

/**
 * KEYS clock, entry, lease. ARGV epoch, tag prefix, tag life, further tags one a line. The script only reads, and leaves even
 * garbage as it is. Answers {µs of the server's clock, {clock's state, time}, {entry's state, as-of, born, fresh ms,
 * life ms, tags, payload}, ms left of the lease, {{tag, state, time of its last invalidation}…}, what was lost, and when}.
 */
const EXPLAIN = `${READING}
local function time_at(key)
  local reply = redis.pcall('GET', key)
  if failed(reply) then return 'unreadable', '' end
  if not reply then return 'none', '' end
  local epoch, n = logical(reply)
  if not epoch then return 'unreadable', '' end
  return 'known', stamp(epoch, n), n
end

local function clock(now)
  local state, time, n = time_at(KEYS[1])
  if n and is_spent(n, now) then state = 'spent' end
  return { state, time }
end

local function entry()
  if redis.call('EXISTS', KEYS[2]) == 0 then return { 'none' } end
  local fields = redis.pcall('HMGET', KEYS[2], 'asof', 'born', 'fresh', 'life', 'tags', 'payload')
  if failed(fields) then return { 'unreadable' } end
  local epoch, asof = logical(fields[1])
  local born, fresh, life = whole(fields[2]), whole(fields[3]), whole(fields[4])
  local tags, payload = fields[5], fields[6]
  if not (epoch and born and fresh and life and tags and payload) then return { 'unreadable' } end
  if not tag_keys(tags) then return { 'unreadable' } end
  return { 'known', stamp(epoch, asof), digits(born), digits(fresh), digits(life), tags, payload }
end

local described, seen = {}, {}
local function describe(tags)
  for _, key in ipairs(tag_keys(tags) or {}) do
    if not seen[key] then
      local state, time = time_at(key)
      described[#described + 1] = { string.sub(key, #PREFIX + 1), state, time }
      seen[key] = true
    end
  end
end

local now, found = micros(), entry()
describe(found[6] or '')
describe(ARGV[4])
local forgot = redis.pcall('GET', (string.gsub(KEYS[1], 'clock$', 'forgot')))
if failed(forgot) or not forgot then forgot = '' end
return { digits(now), clock(now), found, digits(redis.call('PTTL', KEYS[3])), described, forgot }
`;

export const explainScript = makeScript(EXPLAIN);

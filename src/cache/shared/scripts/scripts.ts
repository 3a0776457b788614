import { COUNTS_SCRIPT } from './counts-script.ts';
import { DRAINS, NOTE_DRAIN } from './drain-script.ts';
import { FORGET } from './forget-script.ts';
import { LOG } from './log-script.ts';
import { READING } from './reading-script.ts';
import { makeScript } from './script.ts';

// The scripts that write share these functions. A value that another program wrote under our keys is a miss and is replaced.
// `FORGOT` is a note beside the clock, for as long as an entry from before may live: what was found to be lost, and when.
// `tick` deletes a lost clock that a full Redis does not let begin anew: what is not known to be valid is a miss.
// `has_lost_time`: an epoch begins at the time of the server, so that one which is behind what was seen is an earlier one, unless
// the server was set back. `untouched_since`: MGET answers nil for a key of another type, and EXISTS tells it from a missing one.
// `lease` answers nil when Redis is full.
const PRELUDE = `${READING}
local function get(key)
  local reply = redis.pcall('GET', key)
  if not failed(reply) then return reply end
  redis.pcall('DEL', key)
  return false
end
${LOG}
local FORGOT = string.gsub(KEYS[1], 'clock$', 'forgot')

local function tick(is_lost)
  local epoch, n = logical(get(KEYS[1]))
  local now = micros()
  if is_lost then redis.pcall('SET', FORGOT, is_lost .. ':' .. digits(now), 'PX', TAG_LIFE_MS) end
  local is_new = not epoch or is_lost or is_spent(n, now)
  if is_new then epoch, n = EPOCH, 0 end
  n = math.max(n + 1, now)
  if not failed(redis.pcall('SET', KEYS[1], stamp(epoch, n))) then
    if is_new then begin_log() end
    return epoch, n
  end
  if is_lost then redis.pcall('DEL', KEYS[1]) end
  return nil
end

local function has_lost_time(newest)
  local seen_epoch, seen = logical(newest)
  if not seen_epoch then return false end
  local epoch, n = logical(get(KEYS[1]))
  if not epoch then return true end
  return n < seen and (epoch == seen_epoch or not is_spent(seen, micros()))
end

local function condemn(key)
  redis.pcall('DEL', key)
  local epoch, n = tick()
  if not epoch then return end
  append_log(n, { string.sub(key, #PREFIX + 1) })
  redis.pcall('SET', key, stamp(epoch, n), 'PX', TAG_LIFE_MS)
end

local function untouched_since(tags, epoch, asof, last)
  local keys, absent, untouched = tag_keys(tags), {}, true
  if not keys then return false end
  local values = redis.call('MGET', unpack(keys))
  for i, key in ipairs(keys) do
    local e, n = logical(values[i])
    if not values[i] then absent[#absent + 1] = key
    elseif not e or (e == epoch and n > last) then condemn(key); untouched = false
    elseif e == epoch and n >= asof then untouched = false end
  end
  if #absent == 0 or redis.call('EXISTS', unpack(absent)) == 0 then return untouched end
  for _, key in ipairs(absent) do
    if redis.call('EXISTS', key) == 1 then condemn(key) end
  end
  return false
end

local function lease(key, owner, ms)
  local reply = redis.pcall('SET', key, owner, 'PX', ms, 'NX')
  if failed(reply) then return nil end
  if reply then return true end
  local ttl = redis.call('PTTL', key)
  if ttl >= 0 and ttl <= ms then return false end
  return not failed(redis.pcall('SET', key, owner, 'PX', ms)) or nil
end
${DRAINS}`;

/**
 * KEYS clock, then entry and lease of every read. ARGV epoch for a new clock, tag prefix, tag life, lease ms, then for every read
 * the owner of the lease, the mode (`any`; `none`: a new as-of whatever is stored; `drop`: the same, and the entry is deleted) and
 * the least as-of or ''; then the newest time that the isolate has seen, or ''; its cursor in the log, or '' for no news; the ms
 * after which a drain is due again, or '' for never; last what it has counted, or ''. A clock that is missing or behind that newest
 * time has been lost. Answers for every read {hit | load | busy, as-of for the load or time of the clock, as-of of the entry,
 * payload, tags, fresh ms left, fresh ms : life ms : seal of a sealed entry, 'time' if that was lost}; then, each if it was asked
 * for, the news of the log, and the lease of a drain that is due or ''. There may be no read at all.
 *
 * The seal of an entry covers its as-of, and so its birth. The expiry of its key ends an entry before its life does, unless somebody
 * has taken that away. The news are taken before the one tick of all loads, so that the loads begin after what the news tell of. The
 * counts come last: with its first write a script gets leave to grow, even from a full Redis.
 */
const READ = `${PRELUDE}${COUNTS_SCRIPT}
local LEASE_MS = tonumber(ARGV[4])
local READS = (#KEYS - 1) / 2

local CURSOR, DRAIN_EVERY_MS, COUNTS = ARGV[6 + 3 * READS], ARGV[7 + 3 * READS], ARGV[8 + 3 * READS]

local lost = has_lost_time(ARGV[5 + 3 * READS]) and 'time' or ''
if lost ~= '' then tick(lost) end

local function entry(key, mode, least)
  if mode == 'none' then return nil end
  if mode == 'drop' then redis.pcall('DEL', key) return nil end
  local epoch, last = logical(get(KEYS[1]))
  local fields = redis.pcall('HMGET', key, 'asof', 'born', 'fresh', 'life', 'tags', 'payload', 'seal')
  if failed(fields) then redis.pcall('DEL', key) return nil end
  local e, asof = logical(fields[1])
  local born, fresh, life = whole(fields[2]), whole(fields[3]), whole(fields[4])
  local tags, payload, seal = fields[5], fields[6], fields[7]
  if not epoch or e ~= epoch or asof > last then return nil end
  if not born or not fresh or not life or not tags or not payload then return nil end
  if seal and born ~= asof then return nil end
  if least ~= '' then
    local le, ln = logical(least)
    if le ~= epoch or asof < ln then return nil end
  end
  if not untouched_since(tags, epoch, asof, last) then return nil end
  local age = math.max(0, micros() - born) / 1000
  if age >= life then return nil end
  local sealed = seal and (fields[3] .. ':' .. fields[4] .. ':' .. seal) or ''
  return { asof = fields[1], tags = tags, payload = payload, left = fresh - age, seal = sealed, clock = stamp(epoch, last) }
end

local replies, loads = {}, {}
for i = 1, READS do
  local owner, mode, least = ARGV[2 + 3 * i], ARGV[3 + 3 * i], ARGV[4 + 3 * i]
  local found = entry(KEYS[2 * i], mode, least)
  if found and found.left > 0 then
    replies[i] = { 'hit', found.clock, found.asof, found.payload, found.tags, digits(found.left), found.seal, lost }
  else
    local status = lease(KEYS[2 * i + 1], owner, LEASE_MS) == false and 'busy' or 'load'
    loads[#loads + 1] = { at = i, status = status, found = found }
  end
end
if CURSOR ~= '' then replies[READS + 1] = news(CURSOR) end
if DRAIN_EVERY_MS ~= '' then replies[READS + (CURSOR ~= '' and 2 or 1)] = take_drain(DRAIN_EVERY_MS) end

local function answer_loads()
  local epoch, n = tick()
  if CURSOR ~= '' and replies[READS + 1][1] == '' then replies[READS + 1] = news(CURSOR) end
  local asof = epoch and stamp(epoch, n) or ''
  for _, load in ipairs(loads) do
    local found = load.found
    if found and (not epoch or epoch == logical(found.asof)) then
      replies[load.at] = { load.status, asof, found.asof, found.payload, found.tags, digits(found.left), found.seal, lost }
    else
      replies[load.at] = { load.status, asof, '', '', '', '0', '', lost }
    end
  end
end

if #loads > 0 then answer_loads() end
if COUNTS and COUNTS ~= '' then pcall(add_counts, COUNTS) end
return replies
`;

/**
 * KEYS clock, entry, lease. ARGV epoch, tag prefix, tag life, lease owner, as-of, payload, tags, fresh ms, life ms,
 * greatest age of an as-of in ms, seal or ''. Answers 'stored', or the reason against it. An empty payload only gives the lease
 * back.
 *
 * With a clock that is ahead, tags may have died that would end the entry: the next tick begins a new epoch, but a hit makes none. A
 * seal covers the birth, of which the isolate that sealed the entry knew only the as-of.
 */
const FILL = `${PRELUDE}
local OWNER, ASOF, PAYLOAD, TAGS = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local FRESH_MS, LIFE_MS, MAX_AGE_MS = ARGV[8], ARGV[9], tonumber(ARGV[10])
local SEAL = ARGV[11]

local function fill()
  if PAYLOAD == '' then return 'released' end
  local epoch, last = logical(get(KEYS[1]))
  local e, asof = logical(ASOF)
  if not epoch or e ~= epoch then return 'epoch' end
  if asof > last then return 'ahead' end
  local now = micros()
  if last - now > MAX_STEP_BACK then return 'ahead' end
  if now - asof > MAX_AGE_MS * 1000 then return 'late' end
  local stored = redis.pcall('HGET', KEYS[2], 'asof')
  if failed(stored) then redis.pcall('DEL', KEYS[2]) end
  local se, sn = logical(stored)
  if se == epoch and sn <= last and sn > asof then return 'older' end
  if not untouched_since(TAGS, epoch, asof, last) then return 'invalidated' end
  local born = math.min(now, asof)
  if SEAL ~= '' then born = asof end
  local sealed = SEAL ~= '' and { 'seal', SEAL } or {}
  local reply = redis.pcall('HSET', KEYS[2], 'asof', ASOF, 'born', string.format('%.0f', born),
    'fresh', FRESH_MS, 'life', LIFE_MS, 'tags', TAGS, 'payload', PAYLOAD, unpack(sealed))
  if failed(reply) then redis.pcall('DEL', KEYS[2]) return 'full' end
  redis.call('PEXPIRE', KEYS[2], string.format('%.0f', math.max(1, tonumber(LIFE_MS) - (now - born) / 1000)))
  return 'stored'
end

local status = fill()
if get(KEYS[3]) == OWNER then redis.call('DEL', KEYS[3]) end
return status
`;

/**
 * KEYS clock, tags that must be there… ARGV epoch, tag prefix, tag life, the newest time that the isolate has seen or '', tags….
 * If one of those tags is missing, or the clock is behind, Redis has lost data and may have lost more: a new epoch begins.
 * Answers the logical time of the invalidation, after a loss in a list with its kind, 'tags' or 'time'. Answers '' if Redis is
 * full: the script has then deleted the clock, which a full Redis allows, and so ended every entry. The log is told before the
 * tags are set.
 */
const INVALIDATE = `${PRELUDE}
local expected = {}
for i = 2, #KEYS do expected[#expected + 1] = KEYS[i] end
local has_lost = #expected > 0 and redis.call('EXISTS', unpack(expected)) < #expected
local lost = has_lost and 'tags' or (has_lost_time(ARGV[4]) and 'time')
local epoch, n = tick(lost)
local tags = { unpack(ARGV, 5) }
local full = epoch == nil or not append_log(n, tags)
for _, tag in ipairs(tags) do
  if not full then
    full = failed(redis.pcall('SET', PREFIX .. tag, stamp(epoch, n), 'PX', TAG_LIFE_MS))
  end
end
if not full and lost then return { stamp(epoch, n), lost } end
if not full then return stamp(epoch, n) end
redis.call('DEL', KEYS[1])
begin_log()
return ''
`;

export const scripts = {
  read: makeScript(READ),
  fill: makeScript(FILL),
  invalidate: makeScript(INVALIDATE),
  forget: makeScript(PRELUDE + FORGET),
  noteDrain: makeScript(PRELUDE + NOTE_DRAIN),
};

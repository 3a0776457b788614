/** A drain that takes longer is taken for dead, and another may begin. */
const DRAIN_LEASE_MS = 10_000;

/**
 * The time of the last drain of the outbox by the server's clock, in µs, and the lease of the drain under way stand beside the clock
 * of invalidations. A time that is missing, unreadable or ahead says nothing, so that a drain is due. A full Redis gives no lease.
 */
export const DRAINS = `
local DRAINED = string.gsub(KEYS[1], 'clock$', 'drained')
local DRAIN_LEASE = string.gsub(KEYS[1], 'clock$', 'draining')

local function drained_at(now)
  local at = whole(get(DRAINED))
  return at and at <= now and at
end

local function take_drain(every_ms)
  local now = micros()
  local at = drained_at(now)
  if at and now - at < every_ms * 1000 then return '' end
  return lease(DRAIN_LEASE, EPOCH, ${DRAIN_LEASE_MS}) and EPOCH or ''
end
`;

/**
 * KEYS clock. ARGV epoch, tag prefix, tag life, the owner of the lease or '' for a drain without one, ms since the drain began.
 * Notes nothing if the lease is another's by now, or nobody's. In a full Redis the lease stays until its end.
 */
export const NOTE_DRAIN = `
local OWNER = ARGV[4]
local now = micros()
local began = now - tonumber(ARGV[5]) * 1000
local is_mine = get(DRAIN_LEASE) == OWNER
if OWNER ~= '' and not is_mine then return end
if began > (drained_at(now) or -1) and failed(redis.pcall('SET', DRAINED, digits(began), 'PX', TAG_LIFE_MS)) then return end
if is_mine then redis.call('DEL', DRAIN_LEASE) end
`;

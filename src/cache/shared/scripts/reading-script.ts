import { MAX_ENTRY_TAGS } from '../entry-bounds.ts';

// All scripts share these functions, which only read. They raise no error on values that other programs wrote under our keys.
// Numbers leave Lua through %.0f only: %d and tostring lose digits above 2^31 or 10^14 on some engines. tonumber alone would take
// inf, nan and 0x1p9 for numbers. Keys expire by the server's clock: where that was set back further than tags outlive entries
// (`is_spent`), a new epoch begins.
export const READING = `
local EPOCH, PREFIX, TAG_LIFE_MS = ARGV[1], ARGV[2], ARGV[3]
local MAX_N, MAX_STEP_BACK = 9007199254740000, 30 * 1000000
local MAX_TAGS = ${MAX_ENTRY_TAGS}

local function failed(reply) return type(reply) == 'table' and reply.err ~= nil end

local function digits(x) return string.format('%.0f', x) end

local function stamp(epoch, n) return epoch .. ':' .. digits(n) end

local function logical(text)
  if type(text) ~= 'string' then return nil end
  local epoch, digits = string.match(text, '^([0-9a-f]+):(%d+)$')
  if not epoch or #epoch ~= 16 or #digits > 16 then return nil end
  local n = tonumber(digits)
  if n > MAX_N then return nil end
  return epoch, n
end

local function whole(text)
  if type(text) ~= 'string' or #text > 16 or not string.match(text, '^%d+$') then return nil end
  return tonumber(text)
end

local function micros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function is_spent(n, now) return n >= MAX_N - 1 or n - now > MAX_STEP_BACK end

local function tag_keys(tags)
  local keys = { PREFIX .. 'everything' }
  for tag in string.gmatch(tags, '[^\\n]+') do
    keys[#keys + 1] = PREFIX .. tag
    if #keys > MAX_TAGS + 1 then return nil end
  end
  return keys
end
`;

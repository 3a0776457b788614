/** Keys that one call looks at. If each had a hundred tags, others would wait for 50 ms. */
const KEYS_LOOKED_AT = 1_000;
/** Nothing that a tag could end comes later, and its drain is over. */
const SPENT_TAG_MS = 300_000;

/**
 * KEYS clock. ARGV epoch, tag prefix, tag life, the cursor of the call before or '0', tags, spent tags. Deletes the entries of every
 * deployment that have one of the tags, some keys at a time, and answers the next cursor, '0' at the end, and how many it deleted. On a
 * spent tag nothing depends any more but these entries: its name goes soon after them.
 */
export const FORGET = `
local ENTRIES = string.gsub(string.gsub(KEYS[1], 'clock$', 'entry:'), '[%[%]*?\\\\]', '\\\\%0') .. '*'
local wanted = {}
for tag in string.gmatch(ARGV[5], '[^\\n]+') do wanted[tag] = true end

local function is_wanted(key)
  local tags = redis.pcall('HGET', key, 'tags')
  if failed(tags) or not tags then return false end
  for tag in string.gmatch(tags, '[^\\n]+') do
    if wanted[tag] then return true end
  end
  return false
end

local found = redis.call('SCAN', ARGV[4], 'MATCH', ENTRIES, 'COUNT', ${KEYS_LOOKED_AT})
local deleted = 0
for _, key in ipairs(found[2]) do
  if is_wanted(key) then deleted = deleted + redis.call('DEL', key) end
end
if found[1] ~= '0' then return { found[1], deleted } end
for tag in string.gmatch(ARGV[6], '[^\\n]+') do
  if redis.call('PTTL', PREFIX .. tag) > ${SPENT_TAG_MS} then redis.call('PEXPIRE', PREFIX .. tag, ${SPENT_TAG_MS}) end
end
local _, n = logical(get(KEYS[1]))
if n then cut_log(n) end
return { '0', deleted }
`;

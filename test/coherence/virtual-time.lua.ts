/**
 * Lua before a script of the product: the last argument says what time it is, whether Redis is full and which keys have
 * a time to die. Expiry is done here, by that time; what the script changes in it goes back beside its reply.
 */
const PRELUDE = `
local engine, due, changes, is_dirty = redis, {}, {}, false
local now_ms, full, dues = string.match(table.remove(ARGV), '^(%d+) (%d)\\n(.*)$')
now_ms = tonumber(now_ms)

local function set_due(key, ms)
  due[key] = ms and now_ms + ms
  changes[#changes + 1] = key
  changes[#changes + 1] = ms and string.format('%.0f', now_ms + ms) or ''
end

for ms, key in string.gmatch(dues, '(%d+) ([^\\n]+)\\n') do
  due[key] = tonumber(ms)
  if due[key] <= now_ms then engine.call('DEL', key); set_due(key, nil) end
end

local function set_value(run, key, value, ...)
  local options, kept, life_ms, i = { ... }, {}, nil, 1
  while i <= #options do
    if options[i] == 'PX' then life_ms = tonumber(options[i + 1]); i = i + 1
    else kept[#kept + 1] = options[i] end
    i = i + 1
  end
  local reply = run('SET', key, value, unpack(kept))
  if type(reply) == 'table' and reply.ok then set_due(key, life_ms) end
  return reply
end

-- As Redis does: nothing that may grow is allowed as a script's first write.
local GROWS = { SET = true, HSET = true, ZADD = true }
local WRITES = { SET = true, HSET = true, ZADD = true, DEL = true, PEXPIRE = true, ZREMRANGEBYSCORE = true }

local function answer(run, name, key, ...)
  if full == '1' and GROWS[name] and not is_dirty then
    return run == engine.pcall and { err = 'OOM command not allowed' } or error('OOM command not allowed')
  end
  is_dirty = is_dirty or WRITES[name]
  if name == 'TIME' then
    return { string.format('%.0f', math.floor(now_ms / 1000)), string.format('%.0f', now_ms % 1000 * 1000) }
  end
  if name == 'SET' then return set_value(run, key, ...) end
  if name == 'PEXPIRE' then set_due(key, tonumber((...))) return 1 end
  if name == 'PTTL' and due[key] then return due[key] - now_ms end
  if name == 'DEL' then set_due(key, nil) end
  return run(name, key, ...)
end

local redis = {
  call = function(...) return answer(engine.call, ...) end,
  pcall = function(...) return answer(engine.pcall, ...) end,
}
`;

/** The script under virtual time; it answers its reply, the changes of times to die, and its first key as it found it. */
export function underVirtualTime(script: string): string {
  return `${PRELUDE}
local first = engine.pcall('GET', KEYS[1])
local function main()
${script}
end
local reply = main()
return { reply, changes, type(first) == 'string' and first or '' }`;
}

import { MAX_AGE_MINUTES } from '../../counts/counts.ts';
import { MAX_COUNTERS } from '../../counts/counters.ts';
import { READING } from './reading-script.ts';
import { makeScript } from './script.ts';

/** A minute stays for so long after it was counted in last. */
const KEPT_MS = 26 * 3_600_000;

/** Room for every counter, with a count of 16 digits. What is longer was written by another program. */
const MAX_MINUTE_LENGTH = MAX_COUNTERS * 21;

/**
 * A minute is one string, `counter:count` parted by commas: as a hash, a day would take Redis ten times as long to read, and hold up
 * all others meanwhile. A key of another type is as good as none.
 */
const MINUTES = `
local function minute_key(minute)
  return (string.gsub(KEYS[1], 'clock$', 'stats:' .. digits(minute)))
end

local function minute_text(key)
  local text = redis.pcall('GETRANGE', key, 0, ${MAX_MINUTE_LENGTH - 1})
  return failed(text) and '' or text
end
`;

/**
 * Adds the report of an isolate to its minutes. The age of a minute is by the clock of the isolate, and the minute to which it is
 * added by that of the server, so that it does not matter by how much they differ. If that fails, the counts are
 * dropped.
 */
export const COUNTS_SCRIPT = `${MINUTES}
local function add_to_minute(key, counts)
  local sums, parts = {}, {}
  for counter, count in string.gmatch(minute_text(key) .. ',' .. counts, '(%d+):(%d+)') do
    counter, count = tonumber(counter), whole(count)
    if count then sums[counter] = (sums[counter] or 0) + count end
  end
  for counter = 0, ${MAX_COUNTERS - 1} do
    if sums[counter] then parts[#parts + 1] = digits(counter) .. ':' .. digits(sums[counter]) end
  end
  redis.call('SET', key, table.concat(parts, ','), 'PX', ${KEPT_MS})
end

local function add_counts(report)
  local now = math.floor(micros() / 60000000)
  for age, counts in string.gmatch(report, '(%d+),([^;]+)') do
    if tonumber(age) < ${MAX_AGE_MINUTES} then add_to_minute(minute_key(now - tonumber(age)), counts) end
  end
end
`;

/**
 * KEYS clock. ARGV epoch, tag prefix, tag life, number of minutes. Answers {µs of the server's clock, the text of each minute}; the
 * last minute is the present one.
 */
const STATS = `${READING}${MINUTES}
local now, minutes = micros(), {}
local last = math.floor(now / 60000000)
for minute = last - tonumber(ARGV[4]) + 1, last do minutes[#minutes + 1] = minute_text(minute_key(minute)) end
return { digits(now), minutes }
`;

export const statsScript = makeScript(STATS);

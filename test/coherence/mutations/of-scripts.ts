import type { Mutation } from './mutation.ts';

const scripts = 'src/cache/shared/scripts/scripts.ts';
const readingScript = 'src/cache/shared/scripts/reading-script.ts';
const logicalTime = 'src/cache/logical-time.ts';
const newestTime = 'src/cache/shared/newest-time.ts';

/** Mutations of logical time and of the scripts. */
export const scriptsMutations: readonly Mutation[] = [
  {
    name: 'logical time may stand still',
    edits: [{ file: scripts, find: 'n = math.max(n + 1, now)', replace: 'n = math.max(n, now)' }],
  },
  {
    name: 'there is no epoch',
    edits: [{ file: scripts, find: 'epoch, n = EPOCH, 0', replace: `epoch, n = '0000000000000000', 0` }],
  },
  {
    name: 'a clock of Redis that steps far back begins no new epoch',
    edits: [{ file: readingScript, find: ' or n - now > MAX_STEP_BACK', replace: '' }],
  },
  {
    name: 'an as-of without a logical time satisfies every token',
    edits: [
      {
        file: logicalTime,
        find: 'return asOf !== null && isLogical',
        replace: 'return asOf === null || isLogical',
      },
    ],
  },
  {
    name: 'tokens are compared without their epoch',
    edits: [{ file: logicalTime, find: ' && asOf.epoch === token.epoch', replace: '' }],
  },
  {
    name: 'the read script ignores tags',
    edits: [
      {
        file: scripts,
        find: `  if not untouched_since(tags, epoch, asof, last) then return nil end
  local age`,
        replace: '  local age',
      },
    ],
  },
  {
    name: 'the read script takes entries of other epochs',
    edits: [
      {
        file: scripts,
        find: 'if not epoch or e ~= epoch or asof > last then return nil end',
        replace: 'if not epoch or not e or asof > last then return nil end',
      },
    ],
  },
  {
    name: 'the reads of one call are all answered by the entry of the first',
    edits: [
      {
        file: scripts,
        find: 'local found = entry(KEYS[2 * i], mode, least)',
        replace: 'local found = entry(KEYS[2], mode, least)',
      },
    ],
  },
  {
    name: 'the read script checks the first tag only',
    edits: [
      {
        file: readingScript,
        find: `    keys[#keys + 1] = PREFIX .. tag
`,
        replace: `    if #keys < 2 then keys[#keys + 1] = PREFIX .. tag end
`,
      },
    ],
  },
  {
    name: `\`everything\` is not a tag of every answer`,
    edits: [
      { file: readingScript, find: `local keys = { PREFIX .. 'everything' }`, replace: 'local keys = {}' },
    ],
  },
  {
    name: 'a tag that is garbage counts as none',
    edits: [
      {
        file: scripts,
        find: '    elseif not e or (e == epoch and n > last)',
        replace: '    elseif e and (e == epoch and n > last)',
      },
    ],
  },
  {
    name: 'a tag that is garbage is deleted, not condemned',
    edits: [
      {
        file: scripts,
        find: `  local epoch, n = tick()
  if not epoch then return end
  append_log(n, { string.sub(key, #PREFIX + 1) })
  redis.pcall('SET', key, stamp(epoch, n), 'PX', TAG_LIFE_MS)
end`,
        replace: 'end',
      },
      { file: scripts, find: 'condemn(key); untouched = false', replace: 'condemn(key)' },
    ],
  },
  {
    name: 'the read script does not compare the epoch of a token',
    edits: [{ file: scripts, find: 'if le ~= epoch or asof < ln then', replace: 'if asof < ln then' }],
  },
  {
    name: 'a late fill is accepted, and its life counted from then',
    edits: [
      {
        file: scripts,
        find: `  if now - asof > MAX_AGE_MS * 1000 then return 'late' end
`,
        replace: '',
      },
      { file: scripts, find: 'local born = math.min(now, asof)', replace: 'local born = now' },
    ],
  },
  {
    name: 'tags live for five seconds',
    edits: [
      {
        file: 'src/cache/shared/names.ts',
        find: `\`\${LONGEST_LIFE_MS + TAG_MARGIN_MS}\``,
        replace: `'5000'`,
      },
    ],
  },
  {
    name: 'an older fill replaces a newer entry',
    edits: [
      {
        file: scripts,
        find: `  if se == epoch and sn <= last and sn > asof then return 'older' end
`,
        replace: '',
      },
    ],
  },
  {
    name: 'a fill of another epoch is stored with an as-of of this one',
    edits: [
      {
        file: scripts,
        find: `  if not epoch or e ~= epoch then return 'epoch' end
  if asof > last then return 'ahead' end
`,
        replace: `  if not epoch then return 'epoch' end
  if e ~= epoch then asof = last ASOF = stamp(epoch, last) end
`,
      },
    ],
  },
  {
    name: 'the life of an entry is counted from its fill',
    edits: [{ file: scripts, find: 'local born = math.min(now, asof)', replace: 'local born = now' }],
  },
  {
    name: 'an invalidation that a full Redis refuses leaves the clock',
    edits: [
      {
        file: scripts,
        find: `redis.call('DEL', KEYS[1])
begin_log()
return ''`,
        replace: `return ''`,
      },
    ],
  },
  {
    name: 'an invalidation sets the first tag only',
    edits: [
      {
        file: scripts,
        find: 'for _, tag in ipairs(tags) do',
        replace: 'for _, tag in ipairs({ tags[1] }) do',
      },
    ],
  },
  {
    name: 'a tag that is gone at the second pass of the drain begins no new epoch',
    edits: [
      {
        file: scripts,
        find: 'local is_new = not epoch or is_lost or is_spent',
        replace: 'local is_new = not epoch or is_spent',
      },
    ],
  },
  {
    name: 'reads and invalidations do not carry the newest time that their isolate has seen',
    edits: [
      {
        file: newestTime,
        find: `return newest?.time ? formatLogicalTime(newest.time) : '';`,
        replace: `return newest ? '' : '';`,
      },
    ],
  },
  {
    name: 'the newest time is the first that the isolate has seen',
    edits: [
      { file: newestTime, find: 'if (newest && time && !isOlder)', replace: 'if (newest && !newest.time)' },
    ],
  },
  {
    name: 'the read script does not look whether the clock is behind what was seen',
    edits: [
      {
        file: scripts,
        find: `local lost = has_lost_time(ARGV[5 + 3 * READS]) and 'time' or ''`,
        replace: `local lost = ''`,
      },
    ],
  },
  {
    name: 'the invalidate script does not look whether the clock is behind what was seen',
    edits: [{ file: scripts, find: ` or (has_lost_time(ARGV[4]) and 'time')`, replace: '' }],
  },
  {
    name: 'a clock of an earlier epoch is not found to be behind',
    edits: [
      {
        file: scripts,
        find: '(epoch == seen_epoch or not is_spent(seen, micros()))',
        replace: 'epoch == seen_epoch',
      },
    ],
  },
  {
    name: 'a clock that is behind, and that a full Redis does not let begin anew, is left',
    edits: [
      {
        file: scripts,
        find: `  if is_lost then redis.pcall('DEL', KEYS[1]) end
  return nil`,
        replace: '  return nil',
      },
    ],
  },
];

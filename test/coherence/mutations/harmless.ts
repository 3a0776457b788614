import type { HarmlessMutation } from './mutation.ts';

const scripts = 'src/cache/shared/scripts/scripts.ts';
const log = 'src/cache/shared/scripts/log-script.ts';
const loads = 'src/cache/loads/loads.ts';
const memory = 'src/cache/memory/memory.ts';

/** Changes that the property cannot tell from the code, each with the reason. */
export const harmless: readonly HarmlessMutation[] = [
  {
    name: 'a fill ignores tags',
    why: 'the read script asks the same of every entry, and no entry outlives the tags that condemn it.',
    edits: [
      {
        file: scripts,
        find: `  if not untouched_since(TAGS, epoch, asof, last) then return 'invalidated' end
`,
        replace: '',
      },
    ],
  },
  {
    name: 'a late fill is accepted',
    why: 'the life of an entry is counted from its as-of, and so it is over before that of the tags.',
    edits: [
      {
        file: scripts,
        find: `  if now - asof > MAX_AGE_MS * 1000 then return 'late' end
`,
        replace: '',
      },
    ],
  },
  {
    name: 'a fill of another epoch is accepted',
    why: 'the read script takes no entry of another epoch.',
    edits: [
      {
        file: scripts,
        find: `  if not epoch or e ~= epoch then return 'epoch' end
`,
        replace: `  if not epoch or not e then return 'epoch' end
`,
      },
    ],
  },
  {
    name: 'a fill that is ahead of the clock is accepted',
    why: 'the read script takes no entry that is, and logical time is never behind the clock of Redis.',
    edits: [
      {
        file: scripts,
        find: `  if asof > last then return 'ahead' end
`,
        replace: '',
      },
    ],
  },
  {
    name: 'a load with too old an as-of is joined',
    why: 'its answer is compared with the token when it arrives, and then the read starts a load of its own.',
    edits: [
      {
        file: loads,
        find: 'isYoungEnough(sentAtMs, nowMs, demands) && mayIncludeWrite(load, demands)',
        replace: 'isYoungEnough(sentAtMs, nowMs, demands)',
      },
    ],
  },
  {
    name: 'a lease can be given back by a stranger',
    why: 'leases only save loads.',
    edits: [{ file: scripts, find: 'if get(KEYS[3]) == OWNER then', replace: 'if get(KEYS[3]) then' }],
  },
  {
    name: 'the first news of an epoch cover what was read before them',
    why: 'each read brings news, so that nothing of the epoch was read before.',
    edits: [
      {
        file: 'src/cache/memory/validation.ts',
        find: 'sinceN: through.n,',
        replace: 'sinceN: 0,',
      },
    ],
  },
  {
    name: 'a cursor of the log is only a time',
    why: 'a failover takes longer than the clocks of two servers differ, by assumption, so that no time is given twice.',
    edits: [
      {
        file: log,
        find: `not redis.call('ZSCORE', LOG, '\\\\n' .. at .. ':' .. id)`,
        replace: `redis.call('ZCOUNT', LOG, '-inf', at) == 0`,
      },
    ],
  },
  {
    name: 'everybody gets the lease',
    why: 'leases only save loads.',
    edits: [
      {
        file: scripts,
        find: `if reply then return true end
  local ttl`,
        replace: `if true then return true end
  local ttl`,
      },
    ],
  },
  {
    name: 'own invalidations are not checked on set',
    why: `every \`get\` checks them against the same order, for as long as an entry can live.`,
    edits: [
      {
        file: memory,
        find: 'isOutdated || findFault(entry, nowMs) !== null ||',
        replace: 'isOutdated || nowMs >= entry.sentAtMs + ttlMs ||',
      },
    ],
  },
];

import type { Mutation } from '../mutations/mutation.ts';

const script = 'src/cache/shared/scripts/drain-script.ts';
const scripts = 'src/cache/shared/scripts/scripts.ts';
const drain = 'src/cache/drain.ts';
const readAll = 'src/cache/shared/read-all.ts';

const of = (name: string, file: string, find: string, replace: string): Mutation => ({
  name,
  edits: [{ file, find, replace }],
});

/** Changes by which the fleet drains too often, or not when it must. */
export const drainMutations: readonly Mutation[] = [
  of(
    'the lease is not compared when the time is noted',
    script,
    "if OWNER ~= '' and not is_mine then return end",
    '',
  ),
  of("another's lease is given back", script, 'if is_mine then', 'if true then'),
  of(
    'no lease is taken',
    script,
    "return lease(DRAIN_LEASE, EPOCH, ${DRAIN_LEASE_MS}) and EPOCH or ''",
    'return EPOCH',
  ),
  of('the lease never ends', script, 'EPOCH, ${DRAIN_LEASE_MS})', 'EPOCH, 3600000)'),
  of('the lease is not given back', script, "if is_mine then redis.call('DEL', DRAIN_LEASE) end", ''),
  of(
    'a drain that failed notes its time',
    drain,
    "log.error('drain_failed', { error: describeError(error) });\n    return;",
    "log.error('drain_failed', { error: describeError(error) });",
  ),
  of(
    'the cron notes no time',
    drain,
    "await askShared(cache, 'note_drain'",
    "if (lease) await askShared(cache, 'note_drain'",
  ),
  of(
    'the time of the end is noted',
    script,
    'local began = now - tonumber(ARGV[5]) * 1000',
    'local began = now',
  ),
  of('an earlier drain takes the place of a later one', script, 'began > (drained_at(now) or -1)', 'true'),
  of('a time ahead of the clock is believed', script, 'return at and at <= now and at', 'return at'),
  of(
    'a time that cannot be read is believed',
    script,
    'local at = whole(get(DRAINED))',
    'local at = whole(get(DRAINED)) or get(DRAINED) and micros()',
  ),
  of('a drain is always due', script, "if at and now - at < every_ms * 1000 then return '' end", ''),
  of('the interval counts in µs', script, 'every_ms * 1000', 'every_ms'),
  of(
    'a full Redis gives everybody the lease',
    scripts,
    "redis.pcall('SET', key, owner, 'PX', ms, 'NX')\n  if failed(reply) then return nil end",
    "redis.pcall('SET', key, owner, 'PX', ms, 'NX')\n  if failed(reply) then return true end",
  ),
  of('a lease without an end is believed', scripts, 'if ttl >= 0 and ttl <= ms then', 'if ttl <= ms then'),
  of(
    'a lease that a clock has prolonged is believed',
    scripts,
    'if ttl >= 0 and ttl <= ms then',
    'if ttl >= 0 then',
  ),
  of(
    'a poll asks for no drain',
    readAll,
    'toDrainArg(drains), report',
    'reads.length > 0 ? toDrainArg(drains) : NO_DRAIN, report',
  ),
];

import type { Mutation } from './mutation.ts';

const loadEntry = 'src/cache/loads/load-entry.ts';
const loads = 'src/cache/loads/loads.ts';
const logicalTime = 'src/cache/logical-time.ts';
const readThrough = 'src/cache/read-through.ts';
const sharedTier = 'src/cache/shared/guarded-store.ts';

/** Mutations of reads and loads. */
export const readsMutations: readonly Mutation[] = [
  {
    name: 'the as-of is taken after the load',
    edits: [
      {
        file: loadEntry,
        find: `  share(context, loaded, payload, asOf);
  const { freshMs } = lifeOf(context, loaded.value);
  const kept = { tags: loaded.tags, asOf, validAtN: asOf?.n ?? 0, freshMs };`,
        replace: `  const { reply: later } = await askWhileBusy(context, 'none');
  const lateAsOf = later && later.status !== 'hit' ? later.asOf : null;
  share(context, loaded, payload, lateAsOf);
  const { freshMs } = lifeOf(context, loaded.value);
  const kept = { tags: loaded.tags, asOf: lateAsOf, validAtN: lateAsOf?.n ?? 0, freshMs };`,
      },
    ],
  },
  {
    name: 'the token is not passed to the read script',
    edits: [
      {
        file: loadEntry,
        find: 'const least = token && isLogical(token) ? token : null;',
        replace: 'const least = null;',
      },
    ],
  },
  {
    name: 'the token of an invalidation that failed demands nothing',
    edits: [
      {
        file: loadEntry,
        find: `return token && !isLogical(token) ? 'none' : 'any';`,
        replace: `return 'any';`,
      },
      {
        file: logicalTime,
        find: 'return asOf !== null && isLogical(token) &&',
        replace: `if (!isLogical(token)) return true;
  return asOf !== null &&`,
      },
    ],
  },
  {
    name: 'the token of an invalidation that failed lets Redis answer',
    edits: [
      {
        file: loadEntry,
        find: `return token && !isLogical(token) ? 'none' : 'any';`,
        replace: `return 'any';`,
      },
    ],
  },
  {
    name: 'the token of an invalidation that failed is outlived after a minute',
    edits: [
      {
        file: readThrough,
        find: 'token.unsharedSinceMs + LONGEST_LIFE_MS + memory.ttlMs',
        replace: 'token.unsharedSinceMs + 60_000',
      },
    ],
  },
  {
    name: 'memory slides',
    edits: [
      {
        file: readThrough,
        find: 'if (trace) trace.memory = { hit: true,',
        replace: `Object.assign(entry, { sentAtMs: nowMs });
  if (trace) trace.memory = { hit: true,`,
      },
    ],
  },
  {
    name: 'a hit in memory is held against no demand',
    edits: [
      {
        file: readThrough,
        find: 'const entry = findInMemory(cache, key, demands, nowMs);',
        replace: 'const entry = findInMemory(cache, key, { trace: demands.trace }, nowMs);',
      },
    ],
  },
  {
    name: 'own invalidations are held against when an answer arrived, not when its read began',
    edits: [
      {
        file: loadEntry,
        find: 'const { sentAtMs, order } = start;',
        replace: `const { sentAtMs } = start;
  const order = context.cache.memory.invalidations.nextOrder();`,
      },
      {
        file: loadEntry,
        find: `function toMemoryEntry<T>(
  { start }: LoadContext<T>,`,
        replace: `function toMemoryEntry<T>(
  context: LoadContext<T>,`,
      },
      {
        file: loadEntry,
        find: `  start.asOf = asOf;
  const { sentAtMs`,
        replace: `  const { start } = context;
  start.asOf = asOf;
  const { sentAtMs`,
      },
    ],
  },
  {
    name: 'memory does not keep the tags of what Redis answered',
    edits: [
      {
        file: loadEntry,
        find: 'toKept(hit.entry, read.reply.validAt.n)',
        replace: 'toKept({ ...hit.entry, tags: [] }, read.reply.validAt.n)',
      },
    ],
  },
  {
    name: 'memory answers whatever the token',
    edits: [{ file: readThrough, find: ' && includesWrite(entry.asOf, demands.token);', replace: ';' }],
  },
  {
    name: 'memory answers whatever the max-age',
    edits: [
      {
        file: readThrough,
        find: 'isYoungEnough(entry.sentAtMs, nowMs, demands) && includesWrite',
        replace: 'includesWrite',
      },
    ],
  },
  {
    name: 'a stale answer enters memory',
    edits: [
      {
        file: loadEntry,
        find: '  return { ...toMemoryEntry(context, stale.value, payload.length, kept), staleMsLeft: freshMsLeft };',
        replace:
          '  return { ...keep(context, stale.value, payload.length, kept), staleMsLeft: freshMsLeft };',
      },
    ],
  },
  {
    name: 'a joined load answers whatever the token',
    edits: [
      {
        file: loads,
        find: 'return (isQueued(load) && isLoaded === true) || includesWrite(asOf, token);',
        replace: 'return !isQueued(load) || isLoaded === true || includesWrite(asOf, token);',
      },
    ],
  },
  {
    name: 'loads from before an own invalidation are joined',
    edits: [
      {
        file: loads,
        find: 'return isUsable && order > cache.memory.invalidations.last() ? load',
        replace: 'return isUsable && order > 0 ? load',
      },
    ],
  },
  {
    name: 'loads are joined whatever the max-age',
    edits: [
      {
        file: loads,
        find: 'const isUsable = isYoungEnough(sentAtMs, nowMs, demands) && mayIncludeWrite',
        replace: 'const isUsable = mayIncludeWrite',
      },
    ],
  },
  {
    name: `\`no-cache\` joins a load`,
    edits: [
      {
        file: loads,
        find: 'demands.reload ? undefined : findYoung(cache, key)',
        replace: 'findYoung(cache, key)',
      },
    ],
  },
  {
    name: `\`no-cache\` takes what Redis holds`,
    edits: [{ file: loadEntry, find: `if (reload) return 'drop';`, replace: `if (reload) return 'any';` }],
  },
  {
    name: 'reads that join a load have no deadline',
    edits: [
      {
        file: loads,
        find: 'return withDeadline(clock, dueByMs(cache, load) + GRACE_MS - clock.now(), load.answer);',
        replace: 'return load.answer;',
      },
    ],
  },
  {
    name: 'reads in the queue are given the answer of the load before theirs',
    edits: [
      {
        file: loads,
        find: 'return startLoad(cache, lookUp, next.demands, true).answer;',
        replace: 'return current.answer;',
      },
    ],
  },
  {
    name: 'the queued load begins with the demands of its first read',
    edits: [
      {
        file: loads,
        find: 'queued.demands = strictest(queued.demands, demands, cache.clock.now());',
        replace: 'strictest(queued.demands, demands, cache.clock.now());',
      },
    ],
  },
  {
    name: 'Redis has no deadline',
    edits: [
      {
        file: sharedTier,
        find: 'await withDeadline(clock, settings.redisDeadlineMs, ask(shared))',
        replace: 'await ask(shared)',
      },
    ],
  },
  {
    name: 'the origin has no deadline',
    edits: [
      {
        file: 'src/cache/guarded-origin.ts',
        find: 'await withDeadline(clock, deadlineMs, ask())',
        replace: 'await ask()',
      },
    ],
  },
  {
    name: 'an outage of the origin is an absent answer',
    edits: [
      {
        file: loadEntry,
        find: 'if (!stale) throw failure;',
        replace: `if (!stale)
    return toMemoryEntry(context, null as T, 'null', { tags: [], asOf: null, validAtN: 0, freshMs: 0 });`,
      },
    ],
  },
  {
    name: 'an absent answer carries no tag',
    edits: [
      {
        file: loadEntry,
        find: 'const fill = { asOf, payload, tags, ...lifeOf(context, value) };',
        replace:
          'const fill = { asOf, payload, tags: saysAbsent(lookUp, value) ? [] : tags, ...lifeOf(context, value) };',
      },
    ],
  },
];

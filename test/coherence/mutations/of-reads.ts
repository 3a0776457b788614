import type { Mutation } from './mutation.ts';

const fetchEntry = 'src/cache/loads/load-entry.ts';
const logicalTime = 'src/cache/logical-time.ts';
const readThrough = 'src/cache/read-through.ts';
const sharedTier = 'src/cache/shared/guarded-store.ts';

/** Of a read on its way to an answer. */
export const readsMutations: readonly Mutation[] = [
  {
    name: 'the as-of is taken after the load',
    edits: [
      {
        file: fetchEntry,
        find: `  share(fetch, loaded, payload, asOf);
  return { ...keep(fetch, loaded.value, payload, loaded.tags, asOf),`,
        replace: `  const { reply: later } = await askWhileBusy(fetch, 'none');
  const lateAsOf = later && later.status !== 'hit' ? later.asOf : null;
  share(fetch, loaded, payload, lateAsOf);
  return { ...keep(fetch, loaded.value, payload, loaded.tags, lateAsOf),`,
      },
    ],
  },
  {
    name: 'the token is not passed to the read script',
    edits: [
      {
        file: fetchEntry,
        find: 'const least = token && isLogical(token) ? token : null;',
        replace: 'const least = null;',
      },
    ],
  },
  {
    name: 'the token of an invalidation that failed demands nothing',
    edits: [
      {
        file: fetchEntry,
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
        file: fetchEntry,
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
        file: fetchEntry,
        find: 'const { sentAtMs, order } = departure;',
        replace: `const { sentAtMs } = departure;
  const order = fetch.cache.memory.invalidations.nextOrder();`,
      },
      {
        file: fetchEntry,
        find: `function toMemoryEntry<T>(
  { departure }: Fetch<T>,`,
        replace: `function toMemoryEntry<T>(
  fetch: Fetch<T>,`,
      },
      {
        file: fetchEntry,
        find: `  departure.asOf = asOf;
  const { sentAtMs`,
        replace: `  const { departure } = fetch;
  departure.asOf = asOf;
  const { sentAtMs`,
      },
    ],
  },
  {
    name: 'memory does not keep the tags of what Redis answered',
    edits: [
      {
        file: fetchEntry,
        find: 'return keep(fetch, hit.value, hit.entry.payload, hit.entry.tags, hit.entry.asOf);',
        replace: 'return keep(fetch, hit.value, hit.entry.payload, [], hit.entry.asOf);',
      },
    ],
  },
  {
    name: 'memory answers whatever the token',
    edits: [{ file: readThrough, find: ' && hasAsOf(entry.asOf, demands.token);', replace: ';' }],
  },
  {
    name: 'memory answers whatever the max-age',
    edits: [
      {
        file: readThrough,
        find: 'isNewEnough = isYoungEnough(entry.sentAtMs, nowMs, demands) && ',
        replace: 'isNewEnough = ',
      },
    ],
  },
  {
    name: 'a stale answer enters memory',
    edits: [
      {
        file: fetchEntry,
        find: '  return { ...toMemoryEntry(fetch, stale.value, payload, tags, asOf), staleMsLeft: freshMsLeft };',
        replace: '  return { ...keep(fetch, stale.value, payload, tags, asOf), staleMsLeft: freshMsLeft };',
      },
    ],
  },
  {
    name: 'the answer of a flight is not held against the token',
    edits: [
      {
        file: readThrough,
        find: `    if (!hasAsOf(entry.asOf, demands.token)) return setOut(cache, lookUp, demands);
`,
        replace: '',
      },
    ],
  },
  {
    name: 'flights from before an own invalidation are joined',
    edits: [
      {
        file: readThrough,
        find: 'return isUsable && order > cache.memory.invalidations.last() ? flight',
        replace: 'return isUsable && order > 0 ? flight',
      },
    ],
  },
  {
    name: 'flights are joined whatever the max-age',
    edits: [
      {
        file: readThrough,
        find: 'const isUsable = isYoungEnough(sentAtMs, nowMs, demands) && mayHaveAsOf',
        replace: 'const isUsable = mayHaveAsOf',
      },
    ],
  },
  {
    name: `\`no-cache\` joins a flight`,
    edits: [
      {
        file: readThrough,
        find: 'demands.reload ? undefined : cache.flights.get(key)',
        replace: 'cache.flights.get(key)',
      },
    ],
  },
  {
    name: `\`no-cache\` takes what Redis holds`,
    edits: [{ file: fetchEntry, find: `if (reload) return 'drop';`, replace: `if (reload) return 'any';` }],
  },
  {
    name: 'those who wait on a load have no deadline',
    edits: [
      {
        file: readThrough,
        find: `    const entry = await withDeadline(
      cache.clock,
      landsByMs(cache, flight) + GRACE_MS - askedMs,
      flight.answer,
    );`,
        replace: '    const entry = await flight.answer;',
      },
    ],
  },
  {
    name: 'who waits for the next flight is given the answer of the one before',
    edits: [
      {
        file: 'src/cache/loads/set-out.ts',
        find: 'return startFlight(cache, lookUp, passengers.demands, true).answer;',
        replace: 'return current.answer;',
      },
    ],
  },
  {
    name: 'the next flight sets out with the demands of its first passenger',
    edits: [
      {
        file: 'src/cache/loads/set-out.ts',
        find: 'passengers.demands = strictest(passengers.demands, demands, cache.clock.now());',
        replace: 'strictest(passengers.demands, demands, cache.clock.now());',
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
        file: fetchEntry,
        find: 'if (!stale) throw failure;',
        replace: `if (!stale) return toMemoryEntry(fetch, null as T, 'null', [], null);`,
      },
    ],
  },
  {
    name: 'an absent answer carries no tag',
    edits: [
      {
        file: fetchEntry,
        find: 'const fill = { asOf, payload, tags, ...life };',
        replace: 'const fill = { asOf, payload, tags: isAbsent ? [] : tags, ...life };',
      },
    ],
  },
];

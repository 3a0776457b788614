/** A change of the code that must break the property. */
export interface Mutation {
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** The text occurs once in the file. */
interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const fetchEntry = 'src/cache/fetch-entry.ts';
const readThrough = 'src/cache/read-through.ts';
const memory = 'src/cache/memory.ts';
const scripts = 'src/cache/scripts.ts';
const invalidate = 'src/cache/invalidate.ts';
const invalidations = 'src/cache/invalidations.ts';
const drain = 'src/cache/drain.ts';
const logicalTime = 'src/cache/logical-time.ts';
const sharedStore = 'src/cache/shared-store.ts';
const lookUps = 'test/coherence/look-ups.ts';
const database = 'test/coherence/model-database.ts';
const sharedTier = 'src/cache/shared-tier.ts';

export const mutations: readonly Mutation[] = [
  {
    name: 'the as-of is taken after the load',
    edits: [
      {
        file: fetchEntry,
        find: `  share(fetch, loaded, payload, asOf);
  return keep(fetch, loaded.value, payload, loaded.tags, asOf);`,
        replace: `  const { reply: later } = await askWhileBusy(fetch, 'none');
  const lateAsOf = later && later.status !== 'hit' ? later.asOf : null;
  share(fetch, loaded, payload, lateAsOf);
  return keep(fetch, loaded.value, payload, loaded.tags, lateAsOf);`,
      },
    ],
  },
  {
    name: 'logical time may stand still',
    edits: [{ file: scripts, find: 'n = math.max(n + 1, now)', replace: 'n = math.max(n, now)' }],
  },
  {
    name: 'there is no epoch',
    edits: [
      { file: scripts, find: 'epoch, n = EPOCH, 0 end', replace: `epoch, n = '0000000000000000', 0 end` },
    ],
  },
  {
    name: 'a clock of Redis that steps far back begins no new epoch',
    edits: [{ file: scripts, find: ' or n - now > MAX_STEP_BACK', replace: '' }],
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
    name: 'the read script checks the first tag only',
    edits: [
      {
        file: scripts,
        find: `    keys[#keys + 1] = PREFIX .. tag
`,
        replace: `    if #keys < 2 then keys[#keys + 1] = PREFIX .. tag end
`,
      },
    ],
  },
  {
    name: `\`everything\` is not a tag of every answer`,
    edits: [{ file: scripts, find: `local keys = { PREFIX .. 'everything' }`, replace: 'local keys = {}' }],
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
  if epoch then redis.pcall('SET', key, stamp(epoch, n), 'PX', TAG_LIFE_MS) end
end`,
        replace: 'end',
      },
      { file: scripts, find: 'condemn(key); untouched = false', replace: 'condemn(key)' },
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
    edits: [{ file: sharedStore, find: `\`\${LONGEST_LIFE_MS + TAG_MARGIN_MS}\``, replace: `'5000'` }],
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
return ''`,
        replace: `return ''`,
      },
    ],
  },
  {
    name: 'an invalidation sets the first tag only',
    edits: [{ file: scripts, find: 'for i = 4, #ARGV do', replace: 'for i = 4, 4 do' }],
  },
  {
    name: 'no invalidation is sent while the breaker is open',
    edits: [
      {
        file: invalidate,
        find: `  try {
    const time = await withDeadline`,
        replace: `  if (!breaker.allows(clock.now())) return null;
  try {
    const time = await withDeadline`,
      },
    ],
  },
  {
    name: 'an invalidation that failed hands out the token of the one before',
    edits: [
      {
        file: invalidate,
        find: `    const time = await invalidateOrThrow(cache, tags);
`,
        replace: `    const time = await invalidateOrThrow(cache, tags);
    Object.assign(cache.memory, { latest: time });
`,
      },
      {
        file: invalidate,
        find: `    cache.waitUntil(invalidateOrThrow(cache, tags).catch(() => {}));
    return {`,
        replace: `    cache.waitUntil(invalidateOrThrow(cache, tags).catch(() => {}));
    if ('latest' in cache.memory && cache.memory.latest) return cache.memory.latest;
    return {`,
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
    name: 'the isolate does not remember its own invalidations',
    edits: [
      {
        file: invalidate,
        find: `    cache.memory.invalidations.add(tags, cache.clock.now());
`,
        replace: '',
      },
    ],
  },
  {
    name: 'own invalidations are remembered when they are sent, not when they are confirmed',
    edits: [
      {
        file: invalidate,
        find: `  try {
    let latest`,
        replace: `  cache.memory.invalidations.add(tags, cache.clock.now());
  try {
    let latest`,
      },
      {
        file: invalidate,
        find: `    cache.memory.invalidations.add(tags, cache.clock.now());
  }
`,
        replace: `  }
`,
      },
    ],
  },
  {
    name: 'memory is counted from insertion',
    edits: [
      {
        file: memory,
        find: 'entries.set(key, entry, { size });',
        replace: 'entries.set(key, { ...entry, sentAtMs: nowMs }, { size });',
      },
    ],
  },
  {
    name: 'memory slides',
    edits: [
      {
        file: readThrough,
        find: `  entry.hits += 1;
`,
        replace: `  entry.hits += 1;
  Object.assign(entry, { sentAtMs: nowMs });
`,
      },
    ],
  },
  {
    name: 'an old flight overwrites memory',
    edits: [
      { file: memory, find: 'isOutdated || !isUsable(entry, nowMs)', replace: '!isUsable(entry, nowMs)' },
    ],
  },
  {
    name: 'own invalidations are not checked on get',
    edits: [
      {
        file: memory,
        find: 'if (!entry || isUsable(entry, nowMs)) return entry;',
        replace: 'if (!entry || nowMs < entry.sentAtMs + ttlMs) return entry;',
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
    name: `own invalidations of \`everything\` are forgotten`,
    edits: [{ file: invalidations, find: 'return [EVERYTHING, ...tags].some', replace: 'return tags.some' }],
  },
  {
    name: 'memory answers whatever the token',
    edits: [{ file: readThrough, find: ' || !hasAsOf(entry.asOf, demands)) {', replace: ') {' }],
  },
  {
    name: 'memory answers whatever the max-age',
    edits: [
      {
        file: readThrough,
        find: 'demands.reload || !isYoungEnough(entry.sentAtMs, nowMs, demands) ||',
        replace: 'demands.reload ||',
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
        find: `    if (!hasAsOf(entry.asOf, demands)) return fromFlight(cache, lookUp, demands, joinsLeft - 1);
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
    name: 'Redis has no deadline',
    edits: [
      {
        file: sharedTier,
        find: 'await withDeadline(clock, settings.redisDeadlineMs, ask(cache.shared))',
        replace: 'await ask(cache.shared)',
      },
    ],
  },
  {
    name: 'the origin has no deadline',
    edits: [
      {
        file: fetchEntry,
        find: 'await withDeadline(cache.clock, leftMs, lookUp.load())',
        replace: 'await lookUp.load()',
      },
    ],
  },
  {
    name: 'an outage of the origin is an absent answer',
    edits: [
      {
        file: fetchEntry,
        find: `if (!stale) throw new OriginUnavailable('the origin did not answer');`,
        replace: `if (!stale) return toMemoryEntry(fetch, null as T, 'null', [], null);`,
      },
    ],
  },
  {
    name: 'tags of only the new row',
    edits: [
      {
        file: database,
        find: 'const versions = [before.rows.get(change.id), after.rows.get(change.id)];',
        replace: 'const versions = [after.rows.get(change.id)];',
      },
    ],
  },
  {
    name: 'tags of only the old row',
    edits: [
      {
        file: database,
        find: 'const versions = [before.rows.get(change.id), after.rows.get(change.id)];',
        replace: 'const versions = [before.rows.get(change.id)];',
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
  {
    name: 'an answer is not tagged with the row found',
    edits: [{ file: lookUps, find: `tags: ['chosen', \`id:\${chosen}\`]`, replace: `tags: ['chosen']` }],
  },
  {
    name: 'an answer is tagged only with the row found',
    edits: [
      { file: lookUps, find: `tags: ['chosen', \`id:\${chosen}\`]`, replace: `tags: [\`id:\${chosen}\`]` },
    ],
  },
  {
    name: 'the drain deletes a range of ids',
    edits: [
      {
        file: drain,
        find: 'await outbox.delete(confirmed.map(({ id }) => id))',
        replace:
          'await outbox.delete(Array.from({ length: Math.max(...confirmed.map(({ id }) => id)) }, (_, i) => i + 1))',
      },
    ],
  },
  {
    name: 'the drain deletes after the first pass',
    edits: [
      {
        file: drain,
        find: 'if (confirmed.length > 0) await outbox.delete(confirmed.map(({ id }) => id));',
        replace: 'await outbox.delete(rows.map(({ id }) => id));',
      },
    ],
  },
  {
    name: 'the drain invalidates only the first time',
    edits: [
      {
        file: drain,
        find: 'rows.flatMap((row) => row.tags)',
        replace: 'rows.filter(isFresh).flatMap((row) => row.tags)',
      },
    ],
  },
  {
    name: 'the drain marks before it invalidates',
    edits: [
      {
        file: drain,
        find: `  await invalidateOrThrow(cache, tags);
  const [fresh, confirmed]`,
        replace: `  await outbox.markInvalidated(rows.map(({ id }) => id));
  await invalidateOrThrow(cache, tags);
  const [fresh, confirmed]`,
      },
    ],
  },
  {
    name: 'the drain deletes before it invalidates',
    edits: [
      {
        file: drain,
        find: `  await invalidateOrThrow(cache, tags);
  const [fresh, confirmed]`,
        replace: `  await outbox.delete(rows.filter((row) => !isFresh(row)).map(({ id }) => id));
  await invalidateOrThrow(cache, tags);
  const [fresh, confirmed]`,
      },
    ],
  },
  {
    name: 'the drain takes an invalidation that fails for done',
    edits: [
      {
        file: drain,
        find: 'await invalidateOrThrow(cache, tags);',
        replace: 'await invalidateOrThrow(cache, tags).catch(() => {});',
      },
    ],
  },
];

/** Changes that the property cannot tell from the code, each with the reason. */
export const harmless: readonly (Mutation & { readonly why: string })[] = [
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
    name: 'a flight with too old an as-of is joined',
    why: 'its answer is held against the token when it is there, and then the read makes its own.',
    edits: [
      {
        file: readThrough,
        find: 'isYoungEnough(sentAtMs, nowMs, demands) && mayHaveAsOf(asOf, demands)',
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
        find: 'isOutdated || !isUsable(entry, nowMs) ||',
        replace: 'isOutdated || nowMs >= entry.sentAtMs + ttlMs ||',
      },
    ],
  },
];

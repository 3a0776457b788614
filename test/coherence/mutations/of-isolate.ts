import type { Mutation } from './mutation.ts';

const invalidate = 'src/cache/invalidate.ts';
const memory = 'src/cache/memory.ts';
const invalidations = 'src/cache/invalidations.ts';

/** Mutations of isolate memory and of its invalidations. */
export const isolateMutations: readonly Mutation[] = [
  {
    name: 'no invalidation is sent while the breaker is open',
    edits: [
      {
        file: invalidate,
        find: `  try {
    const time = await withDeadline`,
        replace: `  if (breaker.next(clock.now()) !== 'closed') return null;
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
    name: 'an old load overwrites memory',
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
    name: `own invalidations of \`everything\` are forgotten`,
    edits: [{ file: invalidations, find: 'return [EVERYTHING, ...tags].find', replace: 'return tags.find' }],
  },
];
